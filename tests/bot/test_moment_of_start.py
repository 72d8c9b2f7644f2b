"""Approved is not enough: when it starts, the file of that moment must still allow it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot import model, policy
from tests.bot import run_stage
from tests.bot.run_stage import RunStage
from tests.bot.stage import actions, cards, said
from tests.bot.test_authority import change, changing
from tests.bot.test_humans import approve, edit
from tests.bot.test_runs_safely import elsewhere, sight, started, words_told

State = model.State
Change = Callable[[RunStage], None]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[RunStage]:
    made = RunStage(tmp_path)
    yield made
    made.close()


def without_person(name: str) -> Change:
    def take(stage: RunStage) -> None:
        people = {who: one for who, one in stage.deployment.book.people.items() if who != name}
        edit(stage, people=people)

    return take


def without_command(name: str) -> Change:
    def take(stage: RunStage) -> None:
        rules = {key: rule for key, rule in stage.deployment.book.commands.items() if key != name}
        edit(stage, commands=rules)

    return take


def with_rule(name: str, **changes: object) -> Change:
    def put(stage: RunStage) -> None:
        rules = dict(stage.deployment.book.commands)
        rules[name] = dataclasses.replace(rules[name], **changes)  # type: ignore[arg-type]
        edit(stage, commands=rules)

    return put


def with_policy(name: str, **changes: object) -> Change:
    def put(stage: RunStage) -> None:
        policies = dict(stage.deployment.book.policies)
        policies[name] = dataclasses.replace(policies[name], **changes)  # type: ignore[arg-type]
        edit(stage, policies=policies)

    return put


def without_role(stage: RunStage) -> None:
    roles = {**stage.deployment.book.roles, "dev": policy.Role("dev", frozenset())}
    edit(stage, roles=roles)


def later(stage: RunStage) -> None:
    stage.clock.advance(3601)


def with_pattern(action: str, named: str = "") -> Change:
    """A pattern about what both commands do, put into the file after the vote."""
    where = frozenset({"script"})
    pattern = policy.Pattern(re.compile("Touch|systemctl"), where, action, "a freeze", named)  # type: ignore[arg-type]

    def put(stage: RunStage) -> None:
        edit(stage, patterns=(pattern,))

    return put


def with_requirement(stage: RunStage) -> None:
    required = policy.Pattern(re.compile("set -u -x"), frozenset({"script"}), "require", "tracing")
    edit(stage, patterns=(required,))


CHANGES = {
    "a pattern forbids it": (with_pattern("refuse"), "forbids #1 now: a freeze"),
    "a pattern asks for more": (with_pattern("escalate", "two"), "no longer suffice"),
    "a pattern asks for something": (with_requirement, "missing from #1: tracing"),
    "the approver is gone": (without_person("bob"), "no longer suffice"),
    "the approver may not approve": (with_policy("any", approvers=("carol",)), "no longer suffice"),
    "the policy asks for more": (with_policy("any", mode="count", count=2), "no longer suffice"),
    "the requester is gone": (without_person("alice"), "no longer in bot.toml"),
    "the requester has no right": (without_role, "may no longer ask"),
    "the command is gone": (without_command, "no longer enabled"),
    "the target is not allowed": (with_rule, "web-01"),
    "it is too late": (later, "holds for 1 h"),
}


def made(change: Change, command: str) -> Change:
    """The change, for a command where it is about one."""
    if change is without_command:
        return without_command(command)
    if change is with_rule:
        return with_rule(command, allowed_targets=("db-*",))
    return change


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_approved_is_not_started_where_it_may_not_any_more(
    stage: RunStage, name: str
) -> None:
    change_, why = CHANGES[name]
    stage.planned("alice", "restart web-01 reason=why")
    approve(stage, "bob")
    made(change_, "restart")(stage)  # type: ignore[arg-type]
    done = stage.work()
    assert not [effect for effect in done if isinstance(effect, model.StartRun)]
    request = stage.request(1)
    assert request.state is State.NOT_STARTED
    assert why in request.note
    [told] = [text for text in said(done) if "was not started" in text]
    assert "revote 1" in told
    assert request.code in told
    assert actions(stage).count("request.not_started") == 1


@pytest.mark.parametrize("name", [name for name in CHANGES if name != "it is too late"])
def test_a_loop_starts_nothing_more_where_it_may_not_any_more(stage: RunStage, name: str) -> None:
    change_, why = CHANGES[name]
    stage.planned("alice", "fleet web-01 web-02 web-03")
    approve(stage, "bob")
    first, second = changing(stage)
    made(change_, "fleet")(stage)  # type: ignore[arg-type]
    for claimed in (first, second):
        stage.settle(claimed, stage.answer(claimed))
    done = stage.work()
    assert len(stage.made("TouchInstance")) == 2
    ballot = stage.request(1).ballot
    assert ballot is not None
    assert ballot.kind == "held"
    assert any(why in text for text in said(done))
    stage.click("carol", 1, "stop", ballot.code, stage.request(1).card)
    stage.work()
    assert stage.request(1).state.final


def test_three_days_of_a_throttled_cloud_start_nothing(stage: RunStage) -> None:
    stage.planned("alice", "restart web-01 reason=why")
    approve(stage, "bob")
    claims = [one for one in stage.claim() if isinstance(one.effect.body, model.StartRun)]
    [claimed] = claims
    stage.settle(claimed, model.NotSent("Throttling", retry_after=600.0))
    without_person("bob")(stage)
    without_command("restart")(stage)
    stage.tick(3 * 86400)
    done = stage.work()
    assert not [effect for effect in done if isinstance(effect, model.StartRun)]
    assert stage.request(1).state is State.NOT_STARTED


def test_how_long_an_approval_holds_is_the_policys(stage: RunStage) -> None:
    with_policy("any", run_within=timedelta(hours=5))(stage)
    stage.planned("alice", "restart web-01 reason=why")
    approve(stage, "bob")
    stage.clock.advance(4 * 3600)
    stage.work()
    assert stage.request(1).state is State.RUNNING


@pytest.mark.parametrize(
    ("change_", "why"),
    [
        (without_command("restart"), "no longer enabled"),
        (without_person("alice"), "no longer in bot.toml"),
    ],
)
def test_a_vote_on_what_can_no_longer_run_is_refused_with_the_reason(
    stage: RunStage, change_: Change, why: str
) -> None:
    stage.planned("alice", "restart web-01 reason=why")
    change_(stage)
    assert why in approve(stage, "bob")
    assert stage.request(1).state is State.PENDING
    assert not stage.read(lambda reader: reader.votes(1))


def test_the_votes_must_satisfy_the_policy_that_was_voted_on_as_well(stage: RunStage) -> None:
    stage.planned("alice", "run web-01 -- uptime")
    with_policy("two", mode="any", count=1)(stage)
    approve(stage, "bob")
    assert stage.request(1).state is State.PENDING
    approve(stage, "carol")
    stage.work()
    assert stage.request(1).state is State.RUNNING


def test_clean_up_goes_on_where_nothing_else_may(tmp_path: Path) -> None:
    template = """
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: act
    Action: ACS::ExecuteAPI
    OnError: tidy
    OnSuccess: ACS::END
    Properties: {Service: ECS, API: ActNow}
  - Name: tidy
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: TidyUp}
"""
    book = run_stage.book()
    rules = {**book.commands, "care": policy.CommandRule("any", "high")}
    made_ = RunStage(tmp_path, dataclasses.replace(book, commands=rules), {"care": template})
    try:
        made_.planned("alice", "care")
        approve(made_, "bob")
        [claimed] = changing(made_)
        without_command("care")(made_)
        made_.settle(claimed, model.Refused("no", "Nope"))
        made_.work()
        assert len(made_.made("TidyUp")) == 1
        assert made_.request(1).state is State.SUCCEEDED
    finally:
        made_.close()


# ----------------------------------------------------------------------------- who goes on


def test_an_approvers_pause_is_not_undone_by_the_requester(stage: RunStage) -> None:
    stage.planned("alice", "fleet web-01 web-02 web-03")
    approve(stage, "bob")
    flying = changing(stage)
    stage.click("erin", 1, "pause", stage.request(1).code, stage.request(1).card)
    for claimed in flying:
        stage.settle(claimed, stage.answer(claimed))
    stage.work()
    code, card = stage.request(1).code, stage.request(1).card
    assert "may" in stage.click("alice", 1, "resume", code, card).toast
    stage.work()
    assert stage.request(1).state is State.WAITING
    stage.click("carol", 1, "resume", code, card)
    stage.work()
    assert stage.request(1).state is State.SUCCEEDED


def test_the_requester_undoes_their_own_pause(stage: RunStage) -> None:
    stage.planned("alice", "fleet web-01 web-02 web-03")
    approve(stage, "bob")
    flying = changing(stage)
    stage.click("alice", 1, "pause", stage.request(1).code, stage.request(1).card)
    for claimed in flying:
        stage.settle(claimed, stage.answer(claimed))
    stage.work()
    stage.click("alice", 1, "resume", stage.request(1).code, stage.request(1).card)
    stage.work()
    assert stage.request(1).state is State.SUCCEEDED


# ----------------------------------------------------------------------------- once more


def refused(stage: RunStage) -> None:
    """A request that was approved, and not started."""
    stage.planned("alice", "restart web-01 web-02 reason=why")
    approve(stage, "bob")
    later(stage)
    stage.work()
    assert stage.request(1).state is State.NOT_STARTED


def test_what_was_not_started_is_voted_on_anew_and_runs_once(stage: RunStage) -> None:
    refused(stage)
    stage.ask("carol", "revote 1")
    done = stage.work()
    again = stage.request(2)
    assert (again.person, again.command, again.state) == ("alice", "restart", State.PENDING)
    assert again.plan is not None
    assert [one.name for one in again.plan.instances] == ["web-01", "web-02"]
    assert again.code != stage.request(1).code
    assert any("voted on anew as #2" in text for text in said(done))
    assert any("as #2" in text and "no longer count" in text for text in said(done))
    assert "own" in approve(stage, "alice", 2)
    assert "because of you" in approve(stage, "carol", 2), "who asked for it caused it, too"
    approve(stage, "erin", 2)
    started = [one for one in stage.work() if isinstance(one, model.StartRun)]
    assert [one.request for one in started] == [2]
    stage.ask("bob", "重新提交 1")
    assert any("already" in text for text in said(stage.work()))


def test_the_card_of_what_was_not_started_has_the_button(stage: RunStage) -> None:
    stage.planned("alice", "restart web-01 reason=why")
    approve(stage, "bob")
    later(stage)
    card = cards(stage.work())[-1]
    assert [button.action for button in card.buttons] == ["revote"]
    receipt = stage.click("alice", 1, "revote", card.code, stage.request(1).card)
    assert "#2" in receipt.toast
    assert receipt.card is not None
    assert receipt.card.request == 1
    assert not receipt.card.buttons
    stage.work()
    assert stage.request(2).state is State.PENDING


def test_only_who_may_ask_for_it_puts_it_to_the_vote_again(stage: RunStage) -> None:
    refused(stage)
    stage.ask("dave", "revote 1")
    assert any("may use restart" in text for text in said(stage.work()))
    assert len(stage.read(lambda reader: reader.recent_requests(9))) == 1


def test_what_ran_or_waits_is_not_put_to_the_vote_again(stage: RunStage) -> None:
    stage.planned("alice", "restart web-01 reason=why")
    stage.ask("alice", "revote 1")
    assert any("only what was not started" in text for text in said(stage.work()))
    approve(stage, "bob")
    stage.work()
    stage.observe(1)
    stage.ask("alice", "revote 1")
    assert any("only what was not started" in text for text in said(stage.work()))
    assert len(stage.read(lambda reader: reader.recent_requests(9))) == 1


def test_a_hidden_value_is_used_again_and_shown_nowhere(stage: RunStage) -> None:
    stage.planned("alice", "gate password=hunter2hunter2")
    approve(stage, "bob")
    change(stage, 1, hold="restored")
    stage.work()
    change(stage, 1, state=State.NOT_STARTED)
    stage.ask("alice", "revote 1")
    stage.work()
    again = stage.request(2)
    assert again.plan is not None
    assert again.plan.parameters["password"] == "hunter2hunter2"
    assert "hunter2" not in str(again.args) + again.text


def test_a_request_put_to_the_vote_again_is_not_said_to_be_asked_for_twice(
    stage: RunStage,
) -> None:
    stage.planned("alice", "restart web-01 reason=why")
    change(stage, 1, hold="restored")
    stage.ask("alice", "revote 1")
    stage.work()
    assert stage.request(1).state is State.CANCELLED
    assert stage.request(2).alike == 0


def test_votes_on_a_held_request_do_not_count_and_say_why(stage: RunStage) -> None:
    stage.planned("alice", "restart web-01 reason=why")
    change(stage, 1, hold="restored")
    assert "restored backup" in approve(stage, "bob")
    change(stage, 1, hold="revoking")
    assert "being revoked" in approve(stage, "bob")
    assert not stage.read(lambda reader: reader.votes(1))
    change(stage, 1, hold="restored")
    stage.ask("alice", "revote 1")
    stage.work()
    assert stage.request(1).state is State.CANCELLED
    assert stage.request(2).state is State.PENDING
    approve(stage, "bob", 2)
    stage.work()
    assert stage.request(2).state is State.RUNNING


# ----------------------------------------------------------------------------- on another engine


def test_an_execution_elsewhere_is_not_told_to_go_on_where_it_may_not(tmp_path: Path) -> None:
    made_ = elsewhere(tmp_path)
    try:
        started(made_)
        waiting = model.Waiting("confirm", "touch", id="t1")
        sight(made_, "Waiting", waiting)
        made_.work()
        approve(made_, "carol")
        policies = {**made_.deployment.book.policies, "any": policy.Policy("any", ("bob", "erin"))}
        edit(made_, policies=policies)
        done = made_.work()
        assert not words_told(done)
        assert any("was not told to go on" in text for text in said(done))
        sight(made_, "Waiting", waiting)
        made_.work()
        assert made_.request(1).state is State.WAITING
        approve(made_, "erin")
        assert words_told(made_.work()) == ["confirm"]
    finally:
        made_.close()


def test_a_template_elsewhere_is_not_started_where_it_may_not(tmp_path: Path) -> None:
    made_ = elsewhere(tmp_path)
    try:
        made_.planned("alice", "fleet targets=web-01,web-02")
        approve(made_, "bob")
        without_command("fleet")(made_)
        assert not [one for one in made_.work() if isinstance(one, model.StartRun)]
        assert made_.request(1).state is State.NOT_STARTED
    finally:
        made_.close()


# ----------------------------------------------------------------------------- values


NOTE = """
FormatVersion: OOS-2019-06-01
Parameters:
  note: {Type: String}
Tasks:
  - Name: act
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: ActNow, Parameters: {Note: '{{ note }}'}}
"""
VALUES = {
    "restart web-01 service=nginx": ("restart", {"service": ("redis",)}, "nginx"),
    "restart web-01 web-02 service=nginx": ("restart", {"targets": ("web-01",)}, "web-02"),
    "note note=hi": ("note", {"Note": ("hello",)}, "hi"),
    "fleet web-01 web-02": ("fleet", {"targets": ("web-01",)}, "web-02"),
}


@pytest.mark.parametrize("engine", ["", "oos"])
@pytest.mark.parametrize("voted", [True, False])
@pytest.mark.parametrize("text", VALUES)
def test_a_value_that_is_not_allowed_any_more_starts_nothing(
    tmp_path: Path, text: str, voted: bool, engine: str
) -> None:
    name, allowed, value = VALUES[text]
    rules = {**run_stage.book().commands, "note": policy.CommandRule("any", "high")}
    rule = dataclasses.replace(rules[name], engine="" if name == "restart" else engine)  # type: ignore[arg-type]
    book = run_stage.book(commands={**rules, name: rule})
    stage = RunStage(tmp_path, book, {**run_stage.TEMPLATES, "note": NOTE})
    stage.planned("alice", text)
    if voted:
        approve(stage, "bob")
    with_rule(name, allowed_values=allowed)(stage)
    if not voted:
        assert f"may not be “{value}”" in approve(stage, "bob")
    done = stage.work()
    assert not [one for one in done if isinstance(one, model.StartRun | model.RunCall)]
    assert stage.request(1).state is (State.NOT_STARTED if voted else State.PENDING)
    assert any(f"may not be “{value}”" in one for one in said(done)) is voted
    stage.close()


def test_values_that_are_allowed_still_are_no_reason_to_refuse(stage: RunStage) -> None:
    stage.planned("alice", "fleet web-01 web-02")
    approve(stage, "bob")
    with_rule("fleet", allowed_values={"targets": ("web-01", "web-02")})(stage)
    edit(stage, patterns=(policy.Pattern(re.compile("x{9}"), frozenset({"value"}), "refuse", "x"),))
    stage.work()
    assert len(stage.made("TouchInstance")) == 2
    assert stage.request(1).state is State.SUCCEEDED


@pytest.mark.parametrize("voted", [True, False])
def test_a_run_on_oos_starts_only_where_calls_may_go_unjudged_still(
    tmp_path: Path, voted: bool
) -> None:
    rules = run_stage.book().commands
    rule = dataclasses.replace(rules["fleet"], engine="oos")
    stage = RunStage(tmp_path, run_stage.book(commands={**rules, "fleet": rule}))
    stage.planned("alice", "fleet web-01")
    if voted:
        approve(stage, "bob")
    with_rule("fleet", allowed_targets=("web-*",))(stage)
    if not voted:
        assert "cannot be judged one by one" in approve(stage, "bob")
    done = stage.work()
    assert not [one for one in done if isinstance(one, model.StartRun)]
    assert stage.request(1).state is (State.NOT_STARTED if voted else State.PENDING)
    stage.close()


def test_what_has_become_hidden_is_not_shown_when_it_is_voted_on_again(tmp_path: Path) -> None:
    text = """
FormatVersion: OOS-2019-06-01
Parameters:
  note: {Type: String, Default: hello}
Tasks:
  - Name: act
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: ActNow, Parameters: {Password: '{{ note }}'}}
"""
    shy = text.replace("Default: hello", "Default: hello, NoEcho: true")
    stage = RunStage(tmp_path / "open", run_stage.book(), {"gate": text})
    other = RunStage(tmp_path / "hidden", run_stage.book(), {"gate": shy})
    request = stage.planned("alice", "gate note=TOPSECRET")
    stage.clock.advance(10)
    stage.click("bob", 1, "approve", request.code, request.card)
    stage.clock.advance(3700)
    stage.work()
    assert stage.request(1).state is model.State.NOT_STARTED
    stage.deployment = other.deployment
    stage.ask("alice", "revote 1")
    [card] = [one for one in stage.work() if isinstance(one, model.ShowCard)]
    assert "TOPSECRET" not in repr(card)
    again = stage.request(2)
    assert again.text == "gate note=***"
    assert "TOPSECRET" not in repr(again.args)
    other.close()
    stage.close()
