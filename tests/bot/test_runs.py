"""Templates as operations: planned, voted on, run call by call, and told, on the real store."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import model, policy
from bot.core import run_control
from tests.bot import run_stage
from tests.bot.run_stage import RunStage
from tests.bot.stage import actions, cards, said, words

State = model.State


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[RunStage]:
    made = RunStage(tmp_path)
    yield made
    made.close()


def buttons(card: model.Card) -> list[str]:
    return [button.action for button in card.buttons]


# ----------------------------------------------------------------------------- the plan


def test_the_card_tells_what_will_be_done_in_order_and_the_digest_covers_it(
    stage: RunStage,
) -> None:
    request = stage.planned("alice", "fleet targets=web-01,web-02 rateControl=1")
    plan = request.plan
    assert plan is not None
    assert plan.template == "fleet"
    assert plan.parameters["targets"]["ResourceIds"] == ["i-00000001", "i-00000002"]
    assert plan.preview.index("1. find") < plan.preview.index("2. touch")
    assert "i-00000002" in plan.preview
    for change in (
        {"templates": {"fleet": "0" * 64}},
        {"parameters": {**plan.parameters, "rateControl": {"Concurrency": 2}}},
        {"instances": plan.instances[:1]},
        {"canary": 1},
    ):
        assert model.digest(dataclasses.replace(plan, **change)) != request.digest


def test_approved_it_runs_and_tells_its_outputs(stage: RunStage) -> None:
    stage.planned("alice", "fleet targets=web-01,web-02")
    assert not stage.calls
    stage.approve()
    effects = stage.work()
    request = stage.request(1)
    assert request.state is State.SUCCEEDED
    assert [each["InstanceId"] for each in stage.made("TouchInstance")] == [
        "i-00000001",
        "i-00000002",
    ]
    outcome = said(effects)[-1]
    assert "succeeded" in outcome
    assert '["i-00000001","i-00000002"]' in outcome
    assert "№" in outcome
    assert actions(stage).count("call.made") == 2
    last = words(cards(effects)[-1])
    assert "2/2 done" in last
    assert "✅ 1. find done" in last


def test_values_that_do_not_fit_and_targets_that_are_not_there_are_refused(
    stage: RunStage,
) -> None:
    for text in ("fleet", "fleet targets=nowhere", "fleet targets=web-01 speed=3"):
        stage.ask("alice", text)
        stage.work()
    requests = stage.read(lambda reader: reader.recent_requests(10))
    assert all(request.state is State.REFUSED for request in requests)
    assert not stage.calls


def test_a_hidden_value_reaches_the_call_and_nothing_else(stage: RunStage) -> None:
    stage.ask("alice", "gate password=s3cr3t-w0rd note=hi")
    effects = stage.work()
    request = stage.request(1)
    stage.approve()
    for who in ("bob", "carol"):
        effects += stage.work()
        stage.approve(who)
    effects += stage.work()
    assert stage.request(1).state is State.SUCCEEDED
    assert stage.made("ActNow")[0]["Password"] == "s3cr3t-w0rd"
    assert "s3cr3t" not in "".join(said(effects)) + "".join(words(card) for card in cards(effects))
    assert "s3cr3t" not in request.text + model.canonical(request.args)
    for row in stage.read(lambda reader: list(reader.chain())):
        assert "s3cr3t" not in model.canonical(row.facts)


def test_what_a_run_sends_to_a_robot_calls_nobody_by_a_value(stage: RunStage) -> None:
    stage.planned("alice", """gate note='<at user_id="all">x</at>'""")
    stage.approve()
    stage.work()
    [call] = stage.calls
    text = call.what.notice.content["text"]["content"]
    assert text == 'Notify: ＜at user_id="all">x＜/at>?'


# ----------------------------------------------------------------------------- approvals within


def waiting(stage: RunStage) -> tuple[model.Request, list[model.Effect]]:
    stage.planned("alice", "gate")
    stage.approve()
    effects = stage.work()
    request = stage.request(1)
    assert request.state is State.WAITING
    return request, effects


def test_an_approval_within_is_asked_on_the_card_and_in_the_thread(stage: RunStage) -> None:
    request, effects = waiting(stage)
    assert [type(call.what) for call in stage.calls] == [model.calls.Approve]
    card = cards(effects)[-1]
    assert buttons(card) == ["approve", "reject", "stop"]
    assert card.code == request.code != model.short(request.digest)
    assert "Notify: hello?" in words(card)
    asks = said(effects)[-1]
    assert f"approve 1 {request.code}" in asks
    assert {account.id for account in card.mentions} == {"u-bob", "u-carol"}


def test_it_needs_as_many_as_the_template_says_of_those_it_names(stage: RunStage) -> None:
    request, _ = waiting(stage)
    assert "not an approver" in stage.approve("erin").toast
    assert "1 of 2" in stage.approve("bob").toast
    assert "already" in stage.approve("bob").toast
    assert not stage.made("ActNow")
    assert "goes on" in stage.approve("carol").toast
    stage.work()
    assert stage.request(1).state is State.SUCCEEDED
    assert len(stage.made("ActNow")) == 1
    votes = stage.read(lambda reader: reader.votes(1))
    assert sorted((vote.person, model.short(vote.digest) == request.code) for vote in votes) == [
        ("bob", False),
        ("bob", True),
        ("carol", True),
    ]


def test_a_rejection_within_cancels_and_nothing_runs(stage: RunStage) -> None:
    request, _ = waiting(stage)
    stage.approve("bob")
    stage.click("carol", 1, "reject", request.code, reason="not today")
    effects = stage.work()
    ended = stage.request(1)
    assert ended.state is State.CANCELLED
    assert "Carol" in ended.note
    assert "rejected midway" in said(effects)[-1]
    assert "not today" in said(effects)[-1]
    assert not stage.made("ActNow")


def test_a_click_on_the_card_of_the_plan_never_counts_for_an_approval_within(
    stage: RunStage,
) -> None:
    first = stage.planned("alice", "gate")
    stage.approve("bob")
    stage.work()
    receipt = stage.click("carol", 1, "approve", first.code, first.card)
    assert "outdated" in receipt.toast
    stage.ask("carol", "approve 1")
    assert "that approval's code" in said(stage.work())[-1]
    stage.ask("carol", f"approve 1 {first.code}")
    assert "not that of" in said(stage.work())[-1]
    assert len(stage.read(lambda reader: reader.votes(1))) == 1
    stage.ask("carol", f"approve 1 {stage.request(1).code}")
    assert "counted" in said(stage.work())[-1]


def test_an_approval_within_that_nobody_decides_is_reminded_and_cancelled(
    stage: RunStage,
) -> None:
    waiting(stage)
    stage.tick(601)
    assert "still waits" in said(stage.work())[-1]
    stage.tick(1200)
    effects = stage.work()
    assert stage.request(1).state is State.CANCELLED
    assert "nobody decided in time" in "".join(said(effects))
    assert not stage.made("ActNow")


# ----------------------------------------------------------------------------- loops


def test_more_failures_than_allowed_stop_starting_more_and_it_says_so(stage: RunStage) -> None:
    stage.apis["TouchInstance"] = lambda given: model.Refused("no such machine", "NotFound")
    stage.planned("alice", "fleet targets=web-01,web-02,web-03 rateControl=1")
    stage.approve()
    effects = stage.work()
    request = stage.request(1)
    assert request.state is State.FAILED
    assert len(stage.made("TouchInstance")) == 1
    assert "2 were not started" in request.note
    assert "no such machine" in said(effects)[-1]
    assert "0/3 done, 1 failed" in words(cards(effects)[-1])


def test_a_canary_is_voted_on_again_with_its_results_shown(tmp_path: Path) -> None:
    usual = run_stage.book()
    careful = dataclasses.replace(usual.policies["any"], canary=1)
    made = RunStage(tmp_path, run_stage.book(policies={**usual.policies, "any": careful}))
    try:
        made.planned("alice", "fleet targets=web-01,web-02,web-03")
        made.approve("bob")
        effects = made.work()
        request = made.request(1)
        assert request.state is State.WAITING
        assert len(made.made("TouchInstance")) == 1
        assert "web-01: Success" in words(cards(effects)[-1])
        assert "you cannot decide" in made.approve("alice").toast.casefold()
        assert "goes on" in made.approve("carol").toast
        made.work()
        assert made.request(1).state is State.SUCCEEDED
        assert len(made.made("TouchInstance")) == 3
    finally:
        made.close()


def test_it_can_be_paused_resumed_and_stopped(stage: RunStage) -> None:
    stage.planned("alice", "fleet targets=web-01,web-02,web-03 rateControl=1")
    stage.approve()
    [call] = stage.held()
    assert "paused" in stage.click("alice", 1, "pause", stage.request(1).code).toast
    assert stage.request(1).state is State.WAITING
    stage.settle(call, stage.answer(call))
    effects = stage.work()
    assert not stage.made("TouchInstance")
    assert buttons(cards(effects)[-1]) == ["resume", "stop"]
    assert "may not" in stage.click("dave", 1, "resume", stage.request(1).code).toast
    assert "goes on" in stage.click("bob", 1, "resume", stage.request(1).code).toast
    [first] = stage.held()
    stage.ask("alice", "stop 1")
    stage.settle(first, stage.answer(first))
    effects = stage.work()
    assert stage.request(1).state is State.CANCELLED
    assert len(stage.made("TouchInstance")) == 1
    assert "Alice" in stage.request(1).note


def test_what_is_queued_but_not_sent_is_dropped_by_a_stop(stage: RunStage) -> None:
    stage.planned("alice", "fleet targets=web-01")
    stage.approve()
    [find] = stage.held()
    stage.settle(find, stage.answer(find))
    stage.ask("alice", "stop 1")
    stage.work()
    assert stage.request(1).state is State.CANCELLED
    assert not stage.made("TouchInstance")


# ----------------------------------------------------------------------------- waits and doubts


def test_waits_are_rows_and_pauses_are_answered(stage: RunStage) -> None:
    stage.planned("alice", "nap")
    stage.approve()
    stage.work()
    timers = stage.read(lambda reader: reader.next_timer())
    assert timers == stage.clock.time.replace(hour=10)
    stage.tick(3599)
    assert stage.request(1).state is State.RUNNING
    stage.tick(2)
    assert stage.request(1).state is State.WAITING
    stage.ask("alice", "resume 1")
    stage.work()
    assert stage.request(1).state is State.SUCCEEDED


def test_a_restart_goes_on_from_the_journal_even_if_the_template_has_changed(
    tmp_path: Path,
) -> None:
    made = RunStage(tmp_path)
    made.planned("alice", "gate")
    made.approve()
    made.work()
    made.close()
    text = run_stage.GATE.replace("ActNow", "ActOtherwise")
    (tmp_path / "commands" / "gate.yml").write_text(text)
    again = RunStage(tmp_path)
    try:
        again.clock.advance(60)
        again.count = made.count
        again.approve("bob")
        again.approve("carol")
        again.work()
        assert again.request(1).state is State.SUCCEEDED
        assert len(again.made("ActNow")) == 1
        assert not again.made("ActOtherwise")
    finally:
        again.close()


@pytest.mark.parametrize("truth", ["happened", "not made", "nobody knows"])
def test_a_doubt_is_looked_up_and_in_the_end_a_person_is_asked(stage: RunStage, truth: str) -> None:
    outcomes: dict[str, model.Outcome] = {
        "happened": model.Done(data={"document": {"Answer": "found"}}),
        "not made": model.Refused("it is not there", "not_made"),
        "nobody knows": model.Unknown("no trace"),
    }
    tries: list[model.Outcome] = [model.Unknown("the connection broke")]
    stage.apis["ActNow"] = lambda given: tries.pop(0) if tries else {"Answer": "second"}
    real = stage.call

    def call(body: model.RunCall) -> model.Outcome:
        if not body.lookup:
            return real(body)
        stage.calls.append(body)
        return outcomes[truth]

    stage.call = call  # type: ignore[method-assign]
    waiting(stage)
    stage.approve("bob")
    stage.approve("carol")
    effects = stage.work()
    lookups = [call for call in stage.calls if call.lookup]
    assert len(lookups) == 1
    made = [
        call
        for call in stage.calls
        if getattr(call.what, "api", "") == "ActNow" and not call.lookup
    ]
    assert lookups[0].token == made[0].token
    request = stage.request(1)
    if truth == "happened":
        assert len(made) == 1
        assert request.progress is not None
        assert request.progress.outputs == {"answer": "found"}
    elif truth == "not made":
        assert len(made) == 2
        assert made[0].token != made[1].token
    else:
        assert len(made) == 1
        assert request.state is State.WAITING
        assert buttons(cards(effects)[-1]) == ["retry", "skip", "stop"]
        assert "ECS ActNow" in words(cards(effects)[-1])
        assert "Note: hello" in words(cards(effects)[-1])
        assert "may not" in stage.click("alice", 1, "retry", request.code).toast
        stage.click("carol", 1, "retry", request.code)
        stage.work()
        assert len(stage.made("ActNow")) == 2
    assert stage.request(1).state is State.SUCCEEDED


def test_a_run_that_cannot_go_on_ends_as_unknown_and_is_told(stage: RunStage) -> None:
    waiting(stage)
    stage.forget_runs()
    connection = stage.store.writer.connection  # type: ignore[union-attr]
    connection.execute("UPDATE journal SET body = replace(body, 'gate#0', 'gone#0')")
    stage.approve("bob")
    stage.approve("carol")
    effects = stage.work()
    assert stage.request(1).state is State.UNKNOWN
    assert "cannot go on" in said(effects)[-1]
    assert "run.broken" in actions(stage)


# ----------------------------------------------------------------------------- drift


def drifting(folder: Path, drift: Any) -> RunStage:
    usual = run_stage.book()
    rule = dataclasses.replace(usual.commands["fleet"], drift=drift)
    return RunStage(folder, run_stage.book(commands={**usual.commands, "fleet": rule}))


@pytest.mark.parametrize("drift", ["ask", "intersect"])
def test_targets_that_drift_are_asked_again_or_left_out(tmp_path: Path, drift: str) -> None:
    made = drifting(tmp_path, drift)
    try:
        made.fleet = ["web-01", "web-02"]
        first = made.planned("alice", "fleet targets=tag:env=prod")
        made.fleet = ["web-02", "web-03"]
        made.approve("bob")
        effects = made.work()
        request = made.request(1)
        touched = [each["InstanceId"] for each in made.made("TouchInstance")]
        if drift == "intersect":
            assert request.state is State.SUCCEEDED
            assert touched == ["i-00000002"]
            assert "web-01" in "".join(said(effects))
            return
        assert request.state is State.PENDING
        assert request.digest != first.digest
        assert not touched
        told = said(effects)[-1]
        assert "web-01" in told
        assert "web-03" in told
        assert "outdated" in made.click("carol", 1, "approve", first.code, request.card).toast
        made.approve("bob")
        made.work()
        assert made.request(1).state is State.SUCCEEDED
        touched = [each["InstanceId"] for each in made.made("TouchInstance")]
        assert touched == ["i-00000002", "i-00000003"]
    finally:
        made.close()


def test_targets_of_which_none_is_left_are_not_run(tmp_path: Path) -> None:
    made = drifting(tmp_path, "intersect")
    try:
        made.planned("alice", "fleet targets=web-01")
        made.fleet = ["web-02"]
        made.approve("bob")
        effects = made.work()
        assert made.request(1).state is State.FAILED
        assert "was not started" in said(effects)[-1]
        assert not made.calls
    finally:
        made.close()


def test_a_policy_with_several_people_counts_each_question_anew(tmp_path: Path) -> None:
    usual = run_stage.book()
    rule = policy.CommandRule("two", "critical")
    made = RunStage(tmp_path, run_stage.book(commands={**usual.commands, "nap": rule}))
    try:
        made.planned("alice", "nap")
        made.approve("bob")
        assert made.request(1).state is State.PENDING
        made.approve("carol")
        made.work()
        assert made.request(1).state is State.RUNNING
    finally:
        made.close()


def test_every_kind_of_plan_has_a_way_to_run() -> None:
    union = typing.get_args(model.Plan)[0]
    kinds = {typing.get_args(tagged)[0] for tagged in typing.get_args(union)}
    assert set(run_control.RUNNERS) == kinds
    assert len(kinds) == 5
