"""Where the card does not hold the whole plan, who agrees has been sent it before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot import model, policy
from bot.store import codec
from tests.bot import run_stage
from tests.bot.stage import PLATFORM, TENANT, Stage, actions, book, words

FIRST, COMING = "Not counted yet: the card does not hold", "still on its way to you"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Two of three must agree, and no card holds more than its first words."""
    made = Stage(tmp_path, with_policy())
    hold(made, lambda card: False)
    yield made
    made.close()


def with_policy(**keys: object) -> policy.Book:
    company = book()
    one = replace(company.policies["any"], mode="count", count=2, **keys)
    return replace(company, policies={**company.policies, "any": one}, locale="en")


def hold(stage: Stage, holds: Callable[[model.Card], bool]) -> None:
    stage.deployment = replace(stage.deployment, holds=lambda platform, card: holds(card))


def people(stage: Stage) -> list[str]:
    votes = stage.read(lambda reader: reader.votes(1))
    return [vote.person for vote in votes]


def plans(effects: list[model.Effect]) -> list[model.Message]:
    said = [effect.message for effect in effects if isinstance(effect, model.Say)]
    return [message for message in said if "This is the whole plan of" in words(message)]


def facts(stage: Stage, action: str) -> list[dict[str, object]]:
    rows = stage.read(lambda reader: list(reader.chain()))
    return [dict(row.facts) for row in rows if row.action == action]


def test_the_first_approval_brings_the_plan_and_the_next_one_counts(stage: Stage) -> None:
    request = stage.planned("alice", "restart web-01 web-02")
    first = stage.click("bob", 1, "approve", request.code)
    assert (first.tone, FIRST in first.toast, people(stage)) == ("warning", True, [])
    at_once = stage.click("bob", 1, "approve", request.code)
    assert (COMING in at_once.toast, people(stage)) == (True, [])
    effects = stage.work()
    (plan,) = plans(effects)
    (place,) = [one.place for one in effects if isinstance(one, model.Say)]
    assert place == model.Place(PLATFORM, TENANT, "u-bob", direct=True)
    assert request.plan is not None
    for part in (request.plan.script, "i-00000001", "web-02", request.code):
        assert part in words(plan)
    (delivered,) = facts(stage, "plan.delivered")
    assert (delivered["to"], delivered["digest"]) == ("bob", request.digest)
    stage.clock.advance(42.7)
    stage.click("bob", 1, "approve", request.code)
    assert people(stage) == ["bob"]
    (cast,) = facts(stage, "vote.cast")
    assert cast["read"] == 42
    assert plans(stage.work()) == []


def test_each_reads_it_for_themselves(stage: Stage) -> None:
    request = stage.planned("alice", "restart web-01")
    for who in ("bob", "carol"):
        assert FIRST in stage.click(who, 1, "approve", request.code).toast
        stage.work()
        stage.click(who, 1, "approve", request.code)
    assert people(stage) == ["bob", "carol"]
    stage.work()
    assert stage.request(1).state is model.State.RUNNING


def test_words_are_no_way_around_it(stage: Stage) -> None:
    request = stage.planned("alice", "restart web-01")
    stage.ask("bob", f"approve 1 {request.code}")
    assert (len(plans(stage.work())), people(stage)) == (1, [])
    stage.ask("bob", f"approve 1 {request.code}")
    assert people(stage) == ["bob"]


def test_a_rejection_counts_at_once(stage: Stage) -> None:
    request = stage.planned("alice", "restart web-01")
    stage.click("bob", 1, "reject", request.code)
    assert stage.request(1).state is model.State.REJECTED
    assert plans(stage.work()) == []


@pytest.mark.parametrize("outcome", [model.Refused("no"), model.Unknown("lost")])
def test_a_plan_that_does_not_arrive_goes_to_the_thread(
    stage: Stage, outcome: model.Outcome
) -> None:
    request = stage.planned("alice", "restart web-01")
    for place in (model.Place(PLATFORM, TENANT, "u-bob", direct=True), request.place):
        stage.click("bob", 1, "approve", request.code)
        (claimed,) = [one for one in stage.claim() if isinstance(one.effect.body, model.Say)]
        assert claimed.effect.body.place == place
        assert people(stage) == []
        stage.settle(claimed, outcome)
    assert FIRST in stage.click("bob", 1, "approve", request.code).toast
    (claimed,) = [one for one in stage.claim() if isinstance(one.effect.body, model.Say)]
    stage.settle(claimed, outcome)
    (plan,) = plans(stage.work())
    assert (plan.mentions, people(stage)) == ((stage.account("bob"),), [])
    stage.click("bob", 1, "approve", request.code)
    assert people(stage) == ["bob"]
    assert actions(stage).count("plan.delivered") == 1


def test_of_another_plan_nothing_has_been_read(stage: Stage) -> None:
    request = stage.planned("alice", "restart web-01")
    stage.click("bob", 1, "approve", request.code)
    stage.work()
    other = stage.planned("alice", "restart web-02")
    assert FIRST in stage.click("bob", 2, "approve", other.code).toast
    assert stage.read(lambda reader: reader.votes(2)) == ()


def test_a_card_that_holds_it_asks_for_one_click(stage: Stage) -> None:
    hold(stage, lambda card: True)
    request = stage.planned("alice", "restart web-01")
    stage.click("bob", 1, "approve", request.code)
    assert people(stage) == ["bob"]
    assert "read" not in facts(stage, "vote.cast")[0]


def test_a_policy_may_do_without(tmp_path: Path) -> None:
    stage = Stage(tmp_path, with_policy(read_first=False))
    hold(stage, lambda card: False)
    request = stage.planned("alice", "restart web-01")
    stage.click("bob", 1, "approve", request.code)
    assert people(stage) == ["bob"]
    stage.close()


def test_what_was_delivered_outlives_the_process(stage: Stage) -> None:
    request = stage.planned("alice", "restart web-01")
    stage.click("bob", 1, "approve", request.code)
    stage.work()
    stored = stage.request(1)
    (delivery,) = stored.deliveries
    assert delivery.at == stage.clock.now()
    encoded = codec.encode(stored)
    assert codec.decode(codec.request, encoded) == stored
    assert "deliveries" not in codec.encode(replace(stored, deliveries=()))


def test_a_question_in_the_middle_of_a_run_is_read_for_itself(tmp_path: Path) -> None:
    stage = run_stage.RunStage(tmp_path, run_stage.book(locale="en"))
    hold(stage, lambda card: True)
    request = stage.planned("alice", "gate")
    stage.click("bob", 1, "approve", request.code)
    stage.work()
    hold(stage, lambda card: False)
    ballot = stage.request(1).ballot
    assert ballot is not None
    for who, votes in (("bob", 2), ("carol", 3)):
        assert FIRST in stage.click(who, 1, "approve", ballot.code).toast
        (plan,) = plans(stage.work())
        assert "Notify: hello?" in words(plan)
        stage.click(who, 1, "approve", ballot.code)
        assert len(people(stage)) == votes
    stage.work()
    assert "ActNow" in [getattr(call.what, "api", "") for call in stage.calls]
    stage.close()
