"""One operation at a time on an instance or a resource: who waits, who is refused, who is told."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot import model
from tests.bot.run_stage import RunStage
from tests.bot.stage import cards, said, words
from tests.bot.test_authority import change
from tests.bot.test_humans import approve, edit
from tests.bot.test_moment_of_start import with_rule
from tests.bot.test_openings import YEAR_END, reloaded, starts

State = model.State


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[RunStage]:
    made = RunStage(tmp_path)
    yield made
    made.close()


def locks(stage: RunStage) -> dict[tuple[str, int], str]:
    """What is held and waited for, by name and request."""
    rows = stage.read(
        lambda reader: reader.connection.execute(
            "SELECT name, request, state FROM locks"
        ).fetchall()
    )
    return {(name, number): state for name, number, state in rows}


def approved(stage: RunStage, text: str, who: str = "alice") -> model.Request:
    """A request that was just approved, with all that followed at once."""
    request = stage.planned(who, text)
    approve(stage, "bob", request.id)
    stage.work()
    return stage.request(request.id)


def ended(stage: RunStage, number: int) -> None:
    """Its run ends, and whatever became due by that happens."""
    stage.observe(number)
    stage.work()
    stage.tick(0)


def test_who_waits_for_an_instance_starts_when_it_is_let_go_in_the_order_of_approval(
    stage: RunStage,
) -> None:
    with_rule("restart", lock="queue")(stage)
    first = approved(stage, "restart web-01 reason=one")
    assert first.state is State.RUNNING
    assert locks(stage) == {("instance:i-00000001", 1): "held"}
    second, third = (stage.planned("alice", f"restart web-01 reason={one}") for one in "bc")
    stage.clock.advance(1)
    toast = approve(stage, "bob", third.id)
    assert "#1 has to be done with web-01 first" in toast, toast
    stage.clock.advance(1)
    approve(stage, "bob", second.id)
    done = stage.work()
    assert starts(done) == []
    assert [text for text in said(done) if "#3" in text and "#1 has to be done with web-01" in text]
    assert stage.request(3).word == "queued"
    assert stage.request(2).lock_wait == model.LockWait(1, "web-01")
    ended(stage, 1)
    assert [one.request for one in starts(stage.work())] == [3], "it was approved before the other"
    assert stage.request(2).lock_wait == model.LockWait(3, "web-01")
    ended(stage, 3)
    assert [one.request for one in starts(stage.work())] == [2]
    ended(stage, 2)
    assert locks(stage) == {}
    told = [one for one in said(stage.work()) if "is approved" in one]
    assert told == [], "the thread is told of it once"


def test_all_that_a_request_needs_is_taken_at_once_or_nothing(stage: RunStage) -> None:
    """No order of two operations that need the same two instances keeps them waiting for ever."""
    with_rule("restart", lock="queue")(stage)
    approved(stage, "restart web-01 reason=a")
    approved(stage, "restart web-02,web-01 reason=b")
    approved(stage, "restart web-02 reason=c")
    assert stage.request(2).scheduled
    assert stage.request(3).lock_wait == model.LockWait(2, "web-02"), "nobody overtakes"
    assert locks(stage)[("instance:i-00000002", 2)] == "waiting"
    ended(stage, 1)
    stage.work()
    assert stage.request(2).state is State.RUNNING
    ended(stage, 2)
    stage.work()
    assert stage.request(3).state is State.RUNNING


def test_what_is_refused_is_refused_with_the_number_of_the_other(stage: RunStage) -> None:
    with_rule("restart", lock="refuse")(stage)
    stage.planned("alice", "restart web-01 reason=late")
    approved(stage, "restart web-01 reason=first")
    assert stage.request(2).state is State.RUNNING
    told = stage.planned_or_said("alice", "restart web-01 reason=more")
    assert isinstance(told, str)
    assert "#2 has web-01" in told
    approve(stage, "bob", 1)
    assert any("#2 has web-01" in text for text in said(stage.work()))
    assert stage.request(1).state is State.NOT_STARTED
    assert stage.planned("alice", "restart web-02 reason=other")


def test_usually_a_card_says_who_else_is_at_work_there_and_nothing_waits(stage: RunStage) -> None:
    approved(stage, "restart web-01 reason=one")
    stage.ask("alice", "restart web-01 reason=two")
    shown = words(cards(stage.work())[-1])
    assert "web-01 by #1 since" in shown
    assert "waits" not in shown
    approve(stage, "bob", 2)
    assert starts(stage.work())
    with_rule("restart", lock="off")(stage)
    stage.ask("alice", "restart web-01 reason=three")
    assert "by #1 since" not in words(cards(stage.work())[-1])


def test_resources_stand_for_what_no_instance_tells(stage: RunStage) -> None:
    rules = dict(stage.deployment.book.commands)
    rules["restart"] = dataclasses.replace(rules["restart"], resources=("{reason}-db",))
    rules["provision"] = dataclasses.replace(rules["provision"], resources=("payments-DB",))
    edit(stage, commands=rules)
    approved(stage, "restart web-01 reason=Payments")
    approved(stage, "restart web-02 reason=orders")
    assert stage.request(2).state is State.RUNNING
    stage.ask("alice", "provision E1 role=devops")
    shown = words(cards(stage.work())[-1])
    assert "Payments-db by #1 since" in shown
    assert "waits for its end" in shown
    approve(stage, "bob", 3)
    assert stage.request(3).lock_wait == model.LockWait(1, "Payments-db")
    ended(stage, 1)
    assert starts(stage.work())


@pytest.mark.parametrize("way", ["cancel", "stop", "recalled", "held", "revoked"])
def test_who_leaves_the_queue_lets_the_next_one_go_on(stage: RunStage, way: str) -> None:
    with_rule("restart", lock="queue")(stage)
    approved(stage, "restart web-01,web-02 reason=a")
    approved(stage, "restart web-01,web-03 reason=b")
    approved(stage, "restart web-03 reason=c")
    assert stage.request(3).lock_wait == model.LockWait(2, "web-03")
    if way in ("cancel", "stop"):
        stage.ask("alice", f"{way} 2")
    elif way == "recalled":
        message = stage.request(2).place.message
        stage.submit(
            model.MessageRecalled("gone", stage.clock.now(), "chat", "corp", message, "author")
        )
    elif way == "held":
        change(stage, 2, hold="restored")
    else:
        edit(stage, commands={**stage.deployment.book.commands})
        with_rule("restart", allowed_targets=("web-03",))(stage)
        reloaded(stage)
    stage.tick(0)
    assert starts(stage.work())
    assert stage.request(3).state is State.RUNNING
    assert not [key for key in locks(stage) if key[1] == 2]


def test_a_freeze_takes_what_waits_out_of_the_queue_and_its_place_is_kept(stage: RunStage) -> None:
    with_rule("restart", lock="queue")(stage)
    approved(stage, "restart web-01 reason=a")
    approved(stage, "restart web-01 reason=b")
    stage.clock.advance(1)
    approved(stage, "restart web-01 reason=c")
    edit(stage, freezes=(dataclasses.replace(YEAR_END),))
    reloaded(stage)
    assert stage.request(2).opening is not None
    assert locks(stage) == {("instance:i-00000001", 1): "held"}
    edit(stage, freezes=())
    reloaded(stage)
    assert {stage.request(2).lock_wait, stage.request(3).lock_wait} == {model.LockWait(1, "web-01")}
    ended(stage, 1)
    assert [one.request for one in starts(stage.work())] == [2]


def test_the_time_to_run_counts_from_when_the_lock_was_let_go(stage: RunStage) -> None:
    with_rule("restart", lock="queue")(stage)
    approved(stage, "restart web-01 reason=a")
    approved(stage, "restart web-01 reason=b")
    stage.clock.advance(3 * 3600)
    stage.observe(1)
    stage.tick(120)
    assert starts(stage.work())
    request = stage.request(2)
    assert request.state is State.RUNNING
    assert request.opened_at == stage.clock.now() - timedelta(seconds=120)


def test_what_waits_too_long_after_that_is_put_to_the_vote_again(stage: RunStage) -> None:
    with_rule("restart", lock="queue")(stage)
    approved(stage, "restart web-01 reason=a")
    approved(stage, "restart web-01 reason=b")
    stage.observe(1)
    stage.tick(2 * 3600)  # the bot was away meanwhile
    assert stage.request(2).state is State.NOT_STARTED
    assert locks(stage) == {}


def test_a_call_that_was_refused_at_its_claim_by_a_freeze_gives_its_locks_back(
    stage: RunStage,
) -> None:
    with_rule("restart", lock="queue")(stage)
    stage.planned("alice", "restart web-01 reason=a")
    approve(stage, "bob")
    assert locks(stage)
    edit(stage, freezes=(YEAR_END,))
    assert starts(stage.work()) == []
    assert stage.request(1).scheduled
    assert locks(stage) == {}


def test_instances_that_a_run_finds_are_locked_by_the_call_that_touches_them(
    stage: RunStage,
) -> None:
    with_rule("fleet", lock="queue")(stage)
    with_rule("restart", lock="queue")(stage)
    approved(stage, "restart web-02 reason=a")
    stage.planned("alice", "fleet targets=web-01")
    real, held = stage.call, list[object]()

    def call(body: model.RunCall) -> model.Outcome:
        if isinstance(body.what, model.calls.SelectTargets):
            ids = [{"InstanceId": one} for one in ("i-00000003", "i-00000002")]
            return model.Done(data={"document": {"Instances": {"Instance": ids}}})
        held.append((body.what.parameters["InstanceId"], set(locks(stage))))
        return real(body)

    stage.call = call  # type: ignore[method-assign]
    approve(stage, "bob", 2)
    stage.work()
    both = {("instance:i-00000002", 1), ("instance:i-00000001", 2), ("instance:i-00000003", 2)}
    assert held == [("i-00000003", both)], "the other call was not made"
    entries = stage.read(lambda reader: list(reader.chain()))
    (refused,) = [row for row in entries if row.action == "call.refused"]
    assert "which #1 has" in refused.facts["why"]


def test_locks_survive_a_restart_of_the_bot(tmp_path: Path) -> None:
    """The row of the lock, and that of the timer which its end makes due, hold over a SIGKILL
    between the end of one run and the start of the next."""
    stage = RunStage(tmp_path)
    with_rule("restart", lock="queue")(stage)
    approved(stage, "restart web-01 reason=a")
    approved(stage, "restart web-01 reason=b")
    stage.observe(1)
    book = stage.deployment.book
    stage.close()
    again = RunStage(tmp_path, book)
    assert locks(again) == {("instance:i-00000001", 2): "waiting"}
    again.tick(0)
    assert [one.request for one in starts(again.work())] == [2]
    assert locks(again) == {("instance:i-00000001", 2): "held"}
    again.close()


def test_no_two_runs_have_an_instance_whatever_is_asked_and_ends_in_which_order(
    stage: RunStage,
) -> None:
    """Every pair out of three instances, approved in two orders: the runs of mode queue never meet,
    and all of them come to their end."""
    with_rule("restart", lock="queue")(stage)
    pairs = [*itertools.permutations(("web-01", "web-02", "web-03"), 2)]
    for first, second in pairs:
        stage.planned("alice", f"restart {first},{second} reason=pair")
    for number in (4, 2, 6, 1, 5, 3):
        approve(stage, "bob", number)
        stage.clock.advance(1)
    stage.work()
    order = []
    for _ in pairs:
        running = [n for n in range(1, 7) if stage.request(n).state is State.RUNNING]
        assert len(running) == 1, "each two of them have an instance in common"
        order += running
        ended(stage, running[0])
        stage.work()
    assert order == [4, 2, 6, 1, 5, 3]
    assert locks(stage) == {}
