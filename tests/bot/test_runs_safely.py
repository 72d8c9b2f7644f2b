"""What must never happen to a run: what was not approved, twice, lost, or told wrongly."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import model, policy, regexes
from bot.commands import registry
from bot.core import live_runs
from bot.policy import identity
from tests.bot import run_stage
from tests.bot.run_stage import RunStage
from tests.bot.stage import cards, words

State = model.State


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[RunStage]:
    made = RunStage(tmp_path)
    yield made
    made.close()


def said(effects: list[model.Effect]) -> str:
    return "\n".join(words(each.message) for each in effects if isinstance(each, model.Say))


# ----------------------------------------------------------------------------- targets


def test_each_parameter_of_instances_is_frozen_to_its_own(stage: RunStage) -> None:
    request = stage.planned("alice", "swap first=web-02 second=web-03,web-01")
    assert request.plan is not None
    values = request.plan.parameters
    assert values["first"]["ResourceIds"] == ["i-00000002"]
    assert [each["ResourceIds"] for each in values["second"]] == [["i-00000003", "i-00000001"]]
    stage.approve()
    stage.work()
    assert stage.request(1).state is State.SUCCEEDED
    assert stage.made("SwapNow")[0]["From"] == values["first"]


def drifting(folder: Path, drift: Any, **fields: Any) -> RunStage:
    usual = run_stage.book()
    rule = dataclasses.replace(usual.commands["fleet"], drift=drift, **fields)
    return RunStage(folder, run_stage.book(commands={**usual.commands, "fleet": rule}))


def test_targets_that_drift_away_and_back_still_run_once(tmp_path: Path) -> None:
    made = drifting(tmp_path, "ask")
    try:
        made.fleet = ["web-01"]
        first = made.planned("alice", "fleet targets=tag:env=prod")
        made.fleet = ["web-02"]
        made.approve("bob")
        made.work()
        assert made.request(1).state is State.PENDING
        made.fleet = ["web-01"]
        made.approve("bob")
        made.work()
        request = made.request(1)
        assert request.digest == first.digest
        assert request.state is State.SUCCEEDED
        touched = [each["InstanceId"] for each in made.made("TouchInstance")]
        assert touched == ["i-00000001"]
    finally:
        made.close()


def test_words_meant_for_the_plan_before_the_drift_do_not_count_for_the_new_one(
    tmp_path: Path,
) -> None:
    made = drifting(tmp_path, "ask")
    try:
        made.fleet = ["web-01"]
        first = made.planned("alice", "fleet targets=tag:env=prod")
        made.fleet = ["web-02"]
        made.approve("bob")
        made.work()
        made.ask("carol", "approve 1", quoted=first.card)
        assert "send the code on it" in said(made.work())
        assert made.request(1).state is State.PENDING
        made.ask("carol", f"approve 1 {made.request(1).code}")
        made.work()
        assert made.request(1).state is State.SUCCEEDED
    finally:
        made.close()


def test_a_parameter_left_without_any_instance_is_not_run(tmp_path: Path) -> None:
    """What it would then select is for the template to say: it could be everything."""
    usual = run_stage.book()
    rule = dataclasses.replace(usual.commands["swap"], drift="intersect")
    made = RunStage(tmp_path, run_stage.book(commands={**usual.commands, "swap": rule}))
    try:
        made.planned("alice", "swap first=web-01 second=web-02")
        made.fleet = ["web-02"]
        made.approve("bob")
        effects = made.work()
        assert made.request(1).state is State.FAILED
        assert "was not started" in said(effects)
        assert not made.calls
    finally:
        made.close()


def test_an_approved_run_does_not_begin_hours_later(stage: RunStage) -> None:
    stage.planned("alice", "fleet targets=web-01")
    stage.approve()
    claims = stage.claim()
    [look] = [one for one in claims if isinstance(one.effect.body, model.ResolveTargets)]
    for other in claims:
        if other is not look:
            stage.settle(other, stage.answer(other))
    stage.clock.advance(3600)
    stage.settle(look, model.NotSent("the cloud cannot be reached"))
    effects = stage.work()
    assert stage.request(1).state is State.FAILED
    assert "was not started" in said(effects)


# ----------------------------------------------------------------------------- people


def canaries(folder: Path, mode: Any, approvers: tuple[str, ...]) -> RunStage:
    usual = run_stage.book()
    careful = policy.Policy("any", approvers, mode=mode, canary=1)
    return RunStage(folder, run_stage.book(policies={**usual.policies, "any": careful}))


def repoliced(made: RunStage, **fields: Any) -> None:
    """The configuration changes while the bot runs."""
    book = made.deployment.book
    rule = dataclasses.replace(book.policies["any"], **fields)
    changed = dataclasses.replace(book, policies={**book.policies, "any": rule})
    made.deployment = dataclasses.replace(made.deployment, book=changed)


def test_a_run_waits_where_its_policy_asks_for_more_behind_its_canary(tmp_path: Path) -> None:
    made = canaries(tmp_path, "any", ("bob", "carol"))
    try:
        made.planned("alice", "fleet targets=web-01,web-02,web-03 rateControl=1")
        made.approve("bob")
        made.work()
        assert "goes on" in made.approve("carol").toast
        [second] = made.held()
        repoliced(made, mode="all")
        made.forget_runs()
        made.settle(second, made.answer(second))
        made.work()
        assert len(made.made("TouchInstance")) == 2
        ballot = made.request(1).ballot
        assert ballot is not None
        assert ballot.kind == "held"
        assert "no longer suffice" in made.click("bob", 1, "resume", ballot.code).toast
        repoliced(made, mode="any")
        made.click("bob", 1, "resume", ballot.code)
        made.work()
        assert made.request(1).state is State.SUCCEEDED
        assert len(made.made("TouchInstance")) == 3
    finally:
        made.close()


@pytest.mark.parametrize("restart", [False, True])
def test_a_policy_that_changes_while_a_canary_waits_holds_at_once(
    tmp_path: Path, restart: bool
) -> None:
    made = canaries(tmp_path, "any", ("bob", "carol", "erin"))
    try:
        made.planned("alice", "fleet targets=web-01,web-02")
        made.approve("bob")
        made.work()
        repoliced(made, mode="count", count=2)
        if restart:
            made.forget_runs()
        assert "1 of 2" in made.approve("bob").toast
        made.work()
        assert len(made.made("TouchInstance")) == 1
        repoliced(made, approvers=("carol", "erin"))
        assert "1 of 2" in made.approve("carol").toast
        made.work()
        assert len(made.made("TouchInstance")) == 1
        assert "goes on" in made.approve("erin").toast
        made.work()
        assert made.request(1).state is State.SUCCEEDED
    finally:
        made.close()


def test_the_vote_of_somebody_who_was_removed_does_not_count_any_more(stage: RunStage) -> None:
    stage.planned("alice", "gate")
    stage.approve("bob")
    stage.work()
    assert "1 of 2" in stage.approve("bob").toast
    book = stage.deployment.book
    people = {name: person for name, person in book.people.items() if name != "bob"}
    fewer = dataclasses.replace(book, people=people, index=identity.index_accounts(people))
    stage.deployment = dataclasses.replace(stage.deployment, book=fewer)
    assert "not an approver" in stage.approve("erin").toast
    assert "1 of 2" in stage.approve("carol").toast
    stage.work()
    assert not stage.made("ActNow")
    assert stage.request(1).state is State.WAITING


# ----------------------------------------------------------------------------- lost or twice


def test_a_run_that_breaks_makes_no_call_that_was_decided_with_it(
    stage: RunStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.planned("alice", "fleet targets=web-01,web-02")
    stage.approve()
    [find] = stage.held()
    real, shown = live_runs.write, []

    def write(*given: Any) -> None:
        shown.append(given)
        if len(shown) == 3:
            raise RuntimeError("broken")
        real(*given)

    monkeypatch.setattr(live_runs, "write", write)
    stage.settle(find, stage.answer(find))
    effects = stage.work()
    assert stage.request(1).state is State.UNKNOWN
    assert "cannot go on" in said(effects)
    assert not stage.made("TouchInstance")


def test_a_template_that_cannot_be_read_any_more_is_told(stage: RunStage) -> None:
    stage.planned("alice", "nap")
    stage.approve()
    stage.work()
    known = {command.name: command for command in stage.deployment.catalog}
    stage.deployment = dataclasses.replace(stage.deployment, catalog=registry.Catalog(known))
    stage.forget_runs()
    connection = stage.store.writer.connection  # type: ignore[union-attr]
    connection.execute("UPDATE sources SET text = 'FormatVersion: OOS-1066-10-14'")
    stage.tick(3601)
    effects = stage.work()
    assert stage.request(1).state is State.UNKNOWN
    assert "cannot go on" in said(effects)


# ----------------------------------------------------------------------------- on another engine


def elsewhere(folder: Path, **fields: Any) -> RunStage:
    """A stage whose template ``fleet`` runs on OOS."""
    return drifting(folder, fields.pop("drift", "ask"), engine="oos", **fields)


def test_on_another_engine_fewer_are_asked_for_again(tmp_path: Path) -> None:
    """What runs there is the plan as it stands: nobody may be told that some were left out."""
    made = elsewhere(tmp_path, drift="intersect")
    try:
        made.fleet = ["web-01", "web-02"]
        made.planned("alice", "fleet targets=tag:env=prod")
        made.fleet = ["web-02"]
        made.approve("bob")
        effects = made.work()
        assert made.request(1).state is State.PENDING
        assert not any(isinstance(each, model.StartRun) for each in effects)
        made.approve("bob")
        [start] = [each for each in made.work() if isinstance(each, model.StartRun)]
        assert start.plan.parameters["targets"]["ResourceIds"] == ["i-00000002"]
    finally:
        made.close()


def sight(made: RunStage, status: Any, waiting: model.Waiting | None = None, **fields: Any) -> None:
    """The execution of the first request is looked at."""
    [step] = made.read(lambda reader: reader.steps(1))
    execution = model.Execution(step.invocation, status, waiting=waiting, **fields)
    made.submit(model.ExecutionPolled(f"seen:{made.number()}", made.clock.now(), 1, execution))


def words_told(effects: list[model.Effect]) -> list[str]:
    return [each.word for each in effects if isinstance(each, model.SignalRun)]


def started(made: RunStage) -> None:
    made.planned("alice", "fleet targets=web-01,web-02")
    made.approve("bob")
    made.work()
    assert made.request(1).state is State.RUNNING


def test_every_pause_of_a_loop_there_is_told_of_and_passed_by_itself(tmp_path: Path) -> None:
    made = elsewhere(tmp_path)
    try:
        started(made)
        for done in (1, 2):
            so_far = model.RunStatus(done=done)
            sight(made, "Waiting", model.Waiting("pause", "touch"), progress=so_far)
            assert "is paused at touch" in said(made.work())
            made.click("alice", 1, "resume", made.request(1).code)
            assert words_told(made.work()) == ["resume"]
    finally:
        made.close()


def test_two_approvals_of_one_name_there_are_two_questions(tmp_path: Path) -> None:
    """As in a loop over a template that has an approval."""
    made = elsewhere(tmp_path)
    try:
        started(made)
        codes = set()
        for id in ("task-1", "task-2"):
            sight(made, "Waiting", model.Waiting("approval", "each/gate", id=id))
            made.work()
            request = made.request(1)
            assert request.state is State.WAITING
            codes.add(request.code)
            made.approve("carol")
            [told] = [each for each in made.work() if isinstance(each, model.SignalRun)]
            assert (told.word, told.task) == ("approve", id)
        assert len(codes) == 2
    finally:
        made.close()


def test_a_stop_that_was_refused_can_be_said_again(tmp_path: Path) -> None:
    made = elsewhere(tmp_path)
    try:
        started(made)
        refusals: list[model.Outcome] = [model.Refused("not now", "Forbidden")]
        real = made.answer

        def answer(claimed: Any) -> model.Outcome:
            stop = isinstance(claimed.effect.body, model.StopRun)
            return refusals.pop() if stop and refusals else real(claimed)

        made.answer = answer  # type: ignore[method-assign]
        made.ask("alice", "stop 1")
        assert "not now" in said(made.work())
        made.ask("alice", "stop 1")
        assert any(isinstance(each, model.StopRun) for each in made.work())
    finally:
        made.close()


# ----------------------------------------------------------------------------- executions of others


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[RunStage]:
    watch = policy.Watch("any", "chat", "ops")
    made = RunStage(tmp_path, run_stage.book(watch=watch))
    yield made
    made.close()


def found(made: RunStage, by: str, template: str = "theirs") -> model.Request:
    waits = model.Waiting("approval", "gate", shown="theirs")
    execution = model.Execution("exec-9", "Waiting", waiting=waits, template=template, by=by)
    made.submit(model.ExecutionFound("found:9", made.clock.now(), "oos", "here", execution))
    made.work()
    return made.request(1)


def test_who_started_an_execution_there_does_not_approve_it_here(watching: RunStage) -> None:
    assert found(watching, "ram-bob").person == "bob"
    assert "you cannot decide" in watching.approve("bob").toast.casefold()
    assert "goes on" in watching.approve("carol").toast
    assert words_told(watching.work()) == ["approve"]


def test_the_name_of_a_stranger_is_nobodys_here(watching: RunStage) -> None:
    """A RAM user who is called like one of our people is not that person."""
    assert found(watching, "bob").person not in watching.deployment.book.people


@pytest.mark.parametrize(
    "by", ["root", "ops-role/bob", "ram-bob:laptop", "ops/alice@123", "", "ram-bob/x(77)"]
)
def test_of_an_execution_that_nobody_knows_the_starter_of_two_people_decide(
    watching: RunStage, by: str
) -> None:
    found(watching, by)
    assert "goes on" not in watching.approve("bob").toast
    card = cards(watching.work())[-1]
    assert "two people must agree" in words(card)
    assert words_told(watching.work()) == []
    assert "goes on" not in watching.approve("bob").toast
    assert "goes on" in watching.approve("carol").toast
    assert words_told(watching.work()) == ["approve"]


def test_a_session_that_only_one_person_can_start_is_theirs(tmp_path: Path) -> None:
    people = dict(run_stage.book().people)
    people["bob"] = dataclasses.replace(people["bob"], ram_sessions=("bob.sso",))
    book = run_stage.book(watch=policy.Watch("any", "chat", "ops"), people=people)
    made = RunStage(tmp_path, book)
    assert found(made, "ops-role/bob.sso").person == "bob"
    assert "you cannot decide" in made.approve("bob").toast.casefold()
    assert "goes on" in made.approve("carol").toast
    made.close()


def test_an_execution_of_others_is_never_rejected_by_the_clock(watching: RunStage) -> None:
    found(watching, "somebody", template="fleet")
    watching.tick(3 * 3600)
    assert words_told(watching.work()) == []
    assert watching.request(1).state is State.WAITING


# ----------------------------------------------------------------------------- what is not shown

SECRET = "s3cr3t-w0rd"

LOUD = """
FormatVersion: OOS-2019-06-01
Parameters:
  password: {Type: String, NoEcho: true}
  robot: {Type: String, Default: ''}
Tasks:
  - Name: act
    Action: ACS::ExecuteAPI
    OnError: ask
    Properties: {Service: ECS, API: ActNow, Parameters: {Password: '{{ password }}'}}
    Outputs: {answer: {Type: String, ValueSelector: .Answer}}
  - Name: ask
    Action: ACS::Approve
    Properties:
      NotifyType: WebHook
      WebHook:
        URI: '{{ robot }}'
        Content: {msgtype: text, text: {content: 'Set it?'}}
Outputs:
  answer: {Type: String, Value: '{{ act.answer }}'}
"""


@pytest.fixture
def loud(tmp_path: Path) -> Iterator[RunStage]:
    rules = run_stage.book().commands | {"loud": policy.CommandRule("any", "high")}
    book = run_stage.book(
        commands=rules,
        patterns=(
            policy.Pattern(
                regexes.compiled("cr3t-x"), frozenset({"value", "text"}), "refuse", "weak"
            ),
        ),
    )
    made = RunStage(tmp_path, book, {"loud": LOUD})
    yield made
    made.close()


def everything_seen(made: RunStage, effects: list[model.Effect]) -> str:
    """All that leaves for people, and all that is kept of it for them."""
    shown = [words(e.card) for e in effects if isinstance(e, model.ShowCard | model.UpdateCard)]
    quotes = [each.message.quote for each in effects if isinstance(each, model.Say)]
    kept = [model.canonical(row.facts) for row in made.read(lambda reader: list(reader.chain()))]
    for request in made.read(lambda reader: reader.recent_requests(9)):
        kept += [request.text, request.note, model.canonical(request.args), str(request.progress)]
        kept.append(str(request.ballot))
    return "\n".join([said(effects), *shown, *quotes, *kept])


@pytest.mark.parametrize("outcome", ["refused", "unknown", "done"])
def test_a_hidden_value_is_not_told_whatever_the_far_end_says(loud: RunStage, outcome: str) -> None:
    echo = f"the value {SECRET} is too weak"
    loud.apis["ActNow"] = lambda given: {
        "refused": model.Refused(echo, "Weak"),
        "unknown": model.Unknown(echo),
        "done": {"Answer": f"set to {SECRET}"},
    }[outcome]
    loud.ask("alice", f"loud password={SECRET}")
    effects = loud.work()
    loud.approve("bob")
    effects += loud.work()
    assert loud.request(1).state is State.WAITING
    loud.approve("carol")
    effects += loud.work()
    seen = everything_seen(loud, effects)
    assert loud.made("ActNow") == [{"Password": SECRET}]
    assert SECRET not in seen
    assert "too weak" in seen or "set to ••••••" in seen


@pytest.mark.parametrize(
    "text",
    [
        "loud password=s3cr3t-xyz",
        "loud password='s3cr3t-xyz and more' speed=3",
        "loud password=s3cr3t-xyz targets=web-01",
        "nonsense password: s3cr3t-xyz",
    ],
)
def test_a_refusal_does_not_repeat_what_is_hidden(loud: RunStage, text: str) -> None:
    loud.ask("alice", text)
    effects = loud.work()
    assert not loud.read(lambda reader: reader.recent_requests(9))
    assert "cr3t" not in everything_seen(loud, effects)


def test_the_token_of_a_robot_that_was_typed_is_not_shown(loud: RunStage) -> None:
    robot = "https://oapi.dingtalk.com/robot/send?access_token=0123456789abcdef"
    loud.ask("alice", f"loud password={SECRET} robot={robot}")
    effects = loud.work()
    assert loud.request(1).state is State.PENDING
    assert "0123456789" not in everything_seen(loud, effects)
    loud.apis["ActNow"] = lambda given: model.Refused("no", "No")
    loud.approve("bob")
    loud.work()
    assert loud.calls[-1].what.notice.uri == robot


# ----------------------------------------------------------------------------- what is allowed

CHOOSY = """
FormatVersion: OOS-2019-06-01
Parameters:
  Service: {Type: String, Default: nginx}
  hosts: {Type: List, Default: []}
Tasks:
  - Name: act
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: ActNow, Parameters: {S: '{{ Service }}', H: '{{ hosts }}'}}
"""


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("choosy", True),
        ("choosy Service=redis", True),
        ("choosy service=redis", True),
        ("choosy service=mysql", False),
        ('choosy service=""', False),
        ("choosy hosts=a", True),
        ("choosy hosts=a,c", False),
    ],
)
def test_only_values_that_are_allowed_and_the_default_are_taken(
    tmp_path: Path, text: str, allowed: bool
) -> None:
    values = {"Service": ("nginx", "redis"), "hosts": ("a", "b")}
    rule = policy.CommandRule("any", "high", allowed_values=values)
    rules = run_stage.book().commands | {"choosy": rule}
    made = RunStage(tmp_path, run_stage.book(commands=rules), {"choosy": CHOOSY})
    try:
        made.ask("alice", text)
        made.work()
        assert bool(made.read(lambda reader: reader.recent_requests(1))) is allowed
    finally:
        made.close()


EITHER = """
FormatVersion: OOS-2019-06-01
Parameters:
  targets: {Type: Json, AssociationProperty: Targets}
  other: {Type: String, Default: ''}
Tasks:
  - Name: act
    Action: ACS::ExecuteAPI
    Properties:
      Service: ECS
      API: ActNow
      Parameters: {Id: '{{ other }}', InstanceId: '{{ targets }}'}
"""


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("either targets=web-01", True),
        ("either targets=web-02", False),
        ("either targets=web-01 other=i-00000002", False),
        ("either targets=web-01 other='[\"i-00000002\"]'", False),
        ("either targets=web-01 other=multi-000000022", True),
    ],
)
def test_no_other_parameter_leads_to_instances_that_are_not_allowed(
    tmp_path: Path, text: str, allowed: bool
) -> None:
    rule = policy.CommandRule("any", "high", allowed_targets=("web-01",))
    rules = run_stage.book().commands | {"either": rule}
    made = RunStage(tmp_path, run_stage.book(commands=rules), {"either": EITHER})
    try:
        made.ask("alice", text)
        made.work()
        recent = made.read(lambda reader: reader.recent_requests(1))
        assert (bool(recent) and recent[0].state is State.PENDING) is allowed
    finally:
        made.close()


SHELL = """
FormatVersion: OOS-2019-06-01
Parameters:
  service: {Type: String}
Tasks:
  - Name: act
    Action: ACS::ExecuteAPI
    Properties:
      Service: ECS
      API: RunCommand
      Parameters: {Type: RunShellScript, CommandContent: 'systemctl restart {{ service }}'}
"""


@pytest.mark.parametrize(("value", "warned"), [("nginx", False), ("'nginx; reboot'", True)])
def test_a_value_that_a_shell_reads_as_code_is_pointed_out_before_the_vote(
    tmp_path: Path, value: str, warned: bool
) -> None:
    rules = run_stage.book().commands | {"shell": policy.CommandRule("any", "high")}
    made = RunStage(tmp_path, run_stage.book(commands=rules), {"shell": SHELL})
    try:
        made.ask("alice", f"shell service={value}")
        effects = made.work()
        [card] = [each.card for each in effects if isinstance(each, model.ShowCard)]
        assert ("the shell reads it as code" in words(card)) is warned
    finally:
        made.close()
