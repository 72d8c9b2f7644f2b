"""Every ending says by whose votes, of which plan, and by which audit entry; and it reaches
somebody, but never somebody it is not for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot import model
from bot.core import delivery
from bot.core.decision import DecisionBuilder
from bot.policy import identity
from tests.bot.stage import CHAT, PLATFORM, TENANT, Stage, actions, book, said, words

GONE = model.Refused("no such message", "231003")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.close()


def rejected(stage: Stage, number: int, code: str) -> None:
    stage.click("bob", number, "reject", code)


def cancelled(stage: Stage, number: int, code: str) -> None:
    stage.ask("alice", f"cancel {number}")


def expired(stage: Stage, number: int, code: str) -> None:
    stage.tick(100_000)


def not_started(stage: Stage, number: int, code: str) -> None:
    stage.click("bob", number, "approve", code)
    for claimed in stage.claim():
        refused = isinstance(claimed.effect.body, model.StartRun)
        stage.settle(claimed, GONE if refused else stage.answer(claimed))


def stopped_before(stage: Stage, number: int, code: str) -> None:
    stage.click("bob", number, "approve", code)
    stage.ask("alice", f"stop {number}")


@pytest.mark.parametrize("end", [rejected, cancelled, expired, not_started, stopped_before])
def test_every_ending_has_the_votes_the_code_and_the_audit_number(
    stage: Stage, end: Callable[[Stage, int, str], None]
) -> None:
    request = stage.planned("alice", "restart web-01")
    end(stage, request.id, request.code)
    effects = stage.work()
    told = [text for text in said(effects) if "№ " in text]
    assert len(told) == 1, said(effects)
    assert request.code in told[0]
    if end in (rejected, not_started, stopped_before):
        assert "Bob" in told[0]
    stamp = told[0].split("№ ")[1].split()[0]
    assert int(stamp.split(":")[0]) <= len(stage.read(lambda reader: list(reader.chain())))


def test_what_never_came_to_a_vote_ends_with_its_audit_number(stage: Stage) -> None:
    stage.ask("alice", "restart web-99")
    assert any("№ " in text for text in said(stage.work()))


# ----------------------------------------------------------------------------- another way


def last_word(stage: Stage) -> model.Request:
    """A request that was rejected, whose last word waits to be sent."""
    request = stage.planned("alice", "restart web-01 reason=secret")
    stage.click("bob", request.id, "reject", request.code, reason="s3cret reason")
    return stage.request(request.id)


def ways(stage: Stage, outcome: model.Outcome = GONE) -> list[model.Say]:
    """Every message that goes out while none is taken."""
    seen: list[model.Say] = []
    while taken := stage.claim():
        for claimed in taken:
            body = claimed.effect.body
            if isinstance(body, model.Say):
                seen.append(body)
            stage.settle(claimed, outcome if isinstance(body, model.Say) else stage.answer(claimed))
    return seen


@pytest.mark.parametrize("outcome", [GONE, model.Unknown("no answer")])
def test_a_last_word_goes_to_the_thread_the_chat_the_requester_and_then_to_the_dead_letters(
    stage: Stage, outcome: model.Outcome
) -> None:
    request = last_word(stage)
    thread, chat, direct = ways(stage, outcome)
    assert thread.place == request.place
    assert thread.fixed
    assert (chat.place.chat, chat.place.message, chat.place.direct) == (CHAT, "", False)
    assert (direct.place.chat, direct.place.direct) == ("u-alice", True)
    for short in (chat, direct):
        text = words(short.message)
        assert request.code in text
        assert "rejected" in text
        assert "№ " in text
        assert "secret" not in text
        assert short.message.quote == ""
    [letter] = stage.read(lambda reader: reader.letters())
    assert letter.request == request.id
    assert "tell.gave_up" in actions(stage)


def test_a_requester_who_is_no_longer_known_is_told_nothing(stage: Stage) -> None:
    last_word(stage)
    people = {who: one for who, one in book().people.items() if who != "alice"}
    index = identity.index_accounts(people)
    changed = dataclasses.replace(book(), people=people, index=index)
    stage.deployment = dataclasses.replace(stage.deployment, book=changed)
    assert [each.place.direct for each in ways(stage)] == [False, False]


def test_nothing_goes_from_a_direct_chat_into_a_group(stage: Stage) -> None:
    request = last_word(stage)
    place = model.Place(PLATFORM, TENANT, "p2p-alice", "m-1", direct=True)
    moved = dataclasses.replace(request, place=place)
    builder = DecisionBuilder(
        stage.deployment, model.View(1, 0, "", request=moved), stage.clock.now()
    )
    found = [delivery.place_of(builder, way) for way in delivery.WAYS[1:]]
    assert all(each is not None and each.direct for each in found)


def test_a_letter_that_is_sent_again_goes_whole_to_where_it_belongs(stage: Stage) -> None:
    request = last_word(stage)
    first = ways(stage)[0]
    [letter] = stage.read(lambda reader: reader.letters())
    stage.ask("bob", f"redrive {letter.number}")
    again = [one for one in stage.work() if isinstance(one, model.Say) and one.fixed]
    assert [one.message for one in again] == [first.message]
    assert again[0].key != first.key, "a platform must not take it for the one that it refused"
    assert again[0].place == request.place
    assert stage.read(lambda reader: reader.letters()) == ()


def test_a_request_that_nobody_can_see_is_told_to_its_requester(stage: Stage) -> None:
    stage.ask("alice", "restart web-01")
    seen: list[model.Say] = []
    while taken := stage.claim():
        for claimed in taken:
            body = claimed.effect.body
            if isinstance(body, model.Say):
                seen.append(body)
            refused = isinstance(body, model.Say | model.ShowCard) and not body.place.direct
            stage.settle(claimed, GONE if refused else stage.answer(claimed))
    assert [one.place.direct for one in seen] == [False, True]
    assert "Nobody was asked about #1" in words(seen[-1].message)
    [letter] = stage.read(lambda reader: reader.letters())
    stage.ask("bob", f"redrive {letter.number}")
    assert [one.kind for one in stage.work() if isinstance(one, model.ShowCard)] == ["show_card"]
    assert stage.request(1).card
