"""What counts as asking and as a vote in words: how old, how often, from where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot import model, store
from bot.store import codec
from tests.bot.stage import CHAT, PLATFORM, TENANT, Stage, actions, book, cards, said, words

State = model.State


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.close()


def write(
    stage: Stage,
    who: str,
    text: str,
    age: float = 0.0,
    chat: str = CHAT,
    thread: str = "",
    quoted: str = "",
) -> str:
    """Somebody writes, ``age`` seconds before it arrives; returns what the bot answers."""
    number = stage.number()
    at = stage.clock.now() - timedelta(seconds=age)
    place = model.Place(PLATFORM, TENANT, chat, f"m{number}", thread, direct=chat != CHAT)
    stage.submit(
        model.MessageReceived(f"msg:{number}", at, stage.account(who), place, text, quoted=quoted)
    )
    return "\n".join(said(stage.work()))


# ----------------------------------------------------------------------------- age


def test_a_request_written_an_hour_before_it_arrived_starts_nothing(stage: Stage) -> None:
    told = write(stage, "alice", "restart web-01", age=7 * 3600)
    assert "7 h" in told
    assert not stage.read(lambda reader: reader.recent_requests())


def test_a_request_that_was_under_way_for_minutes_says_so_on_its_card(stage: Stage) -> None:
    stage.submit(
        model.MessageReceived(
            "old",
            stage.clock.now() - timedelta(minutes=12),
            stage.account("alice"),
            stage.place("m"),
            "restart web-01",
        )
    )
    assert "12 min after it was written" in words(cards(stage.work())[-1])


def test_a_vote_that_was_written_before_the_card_was_there_does_not_count(stage: Stage) -> None:
    stage.planned("alice", "restart web-01")
    stage.clock.advance(30)
    told = write(stage, "bob", "approve 1", age=40)
    assert "before the card of #1" in told
    assert stage.request(1).state is State.PENDING
    write(stage, "bob", "approve 1")
    assert stage.request(1).state is not State.PENDING


def test_a_vote_written_hours_ago_does_not_count_whatever_it_carries(stage: Stage) -> None:
    request = stage.planned("alice", "restart web-01")
    write(stage, "bob", f"approve 1 {request.code}", age=7 * 3600)
    assert stage.request(1).state is State.PENDING


def test_a_question_is_answered_however_old_it_is(stage: Stage) -> None:
    assert "restart" in write(stage, "alice", "help", age=7 * 3600)


@pytest.mark.parametrize("word", ["reject", "cancel"])
def test_taking_back_counts_however_late_it_arrives(stage: Stage, word: str) -> None:
    stage.planned("alice", "restart web-01")
    stage.clock.advance(3 * 3600 - 10)
    write(stage, "alice" if word == "cancel" else "bob", f"{word} 1", age=2 * 3600)
    assert stage.request(1).state is not State.PENDING


# ----------------------------------------------------------------------------- from where


def test_approving_from_another_chat_needs_the_code_of_the_card(stage: Stage) -> None:
    request = stage.planned("alice", "restart web-01")
    stage.clock.advance(5)
    told = write(stage, "bob", "approve 1", chat="u-bob")
    assert "stands in another chat" in told
    assert request.code not in told
    assert stage.request(1).state is State.PENDING
    write(stage, "bob", f"approve 1 {request.code}", chat="u-bob")
    assert stage.request(1).state is not State.PENDING


WORDS = (
    *("approve", "reject", "cancel", "stop", "pause", "resume", "retry", "skip", "revote"),
    *("status", "plan", "output"),
)


@pytest.mark.parametrize("word", WORDS)
def test_of_a_request_that_they_may_not_see_nobody_learns_more_than_of_none(
    stage: Stage, word: str
) -> None:
    stage.planned("alice", "restart web-01")
    stage.clock.advance(5)
    seen = write(stage, "dave", f"{word} 1", chat="u-dave")
    assert seen.replace("1", "7") == write(stage, "dave", f"{word} 7", chat="u-dave")
    assert stage.request(1).state is State.PENDING
    if word not in ("status", "plan", "output"):
        assert "no such request" in seen


def test_approving_beside_the_topic_of_the_card_needs_the_code(stage: Stage) -> None:
    stage.ask("alice", "restart web-01")
    while taken := stage.claim():
        for claimed in taken:
            outcome = stage.answer(claimed)
            if isinstance(claimed.effect.body, model.ShowCard):
                outcome = model.Done("card-1", {"thread": "topic-1"})
            stage.settle(claimed, outcome)
    stage.clock.advance(5)
    assert "stands in another chat" in write(stage, "bob", "approve 1")
    assert stage.request(1).state is State.PENDING
    write(stage, "bob", "approve 1", thread="topic-1")
    assert stage.request(1).state is not State.PENDING


def test_a_click_without_a_card_counts_only_in_the_chat_of_the_card(stage: Stage) -> None:
    request = stage.planned("alice", "restart web-01")
    foreign = model.CardAction(
        "click:foreign",
        stage.clock.now(),
        stage.account("bob"),
        model.Place(PLATFORM, TENANT, "elsewhere"),
        "",
        "approve",
        1,
        request.code,
    )
    assert stage.submit(foreign).tone == "warning"
    assert stage.request(1).state is State.PENDING
    stage.submit(replace(foreign, id="click:here", place=stage.place()))
    assert stage.request(1).state is not State.PENDING


# ----------------------------------------------------------------------------- how often


def test_a_stop_is_carried_out_however_much_was_written_before(tmp_path: Path) -> None:
    stage = Stage(tmp_path, book(asks_per_minute=3))
    request = stage.planned("alice", "restart web-01")
    stage.click("bob", 1, "approve", request.code)
    stage.work()
    assert stage.request(1).state is State.RUNNING
    for _ in range(6):
        write(stage, "alice", "help")
    assert "#1" in write(stage, "alice", "stop 1")
    assert stage.request(1).stopping
    before = len(actions(stage))
    assert write(stage, "alice", "stop 1") == ""
    assert write(stage, "mallory", "stop 1") != ""
    assert len(actions(stage)) <= before + 1
    stage.close()


def test_a_rejection_counts_however_much_was_written_before(tmp_path: Path) -> None:
    stage = Stage(tmp_path, book(asks_per_minute=2))
    stage.planned("alice", "restart web-01")
    for _ in range(4):
        write(stage, "bob", "help")
    write(stage, "bob", "reject 1")
    assert stage.request(1).state is State.REJECTED
    stage.close()


def test_a_flood_leaves_no_more_in_the_audit_log_than_in_the_chat(tmp_path: Path) -> None:
    stage = Stage(tmp_path, book(asks_per_minute=2))
    for _ in range(50):
        write(stage, "alice", "stop 1")
        write(stage, "alice", "help")
    assert len(actions(stage)) <= 4
    stage.close()


def test_one_person_can_hold_only_so_many_requests_open(tmp_path: Path) -> None:
    stage = Stage(tmp_path, book(most_open_per_person=3))
    for number in range(3):
        stage.planned("alice", f"restart web-01 reason=n{number}")
    told = write(stage, "alice", "restart web-02")
    assert "3 open requests" in told
    assert "#1, #2, #3" in told
    assert len(stage.read(lambda reader: reader.recent_requests())) == 3
    write(stage, "alice", "cancel 2")
    stage.planned("alice", "restart web-02")
    stage.planned("bob", "restart web-02")
    stage.close()


def test_one_command_can_have_only_so_many_requests_open(tmp_path: Path) -> None:
    stage = Stage(tmp_path, book(most_open_per_command=2))
    stage.planned("alice", "restart web-01")
    stage.planned("bob", "restart web-02")
    assert "2 requests for restart" in write(stage, "carol", "restart web-03")
    stage.planned("alice", "provision emp_id=E1 role=dev")
    stage.close()


def test_the_same_request_while_the_first_is_open_names_the_first(stage: Stage) -> None:
    stage.planned("alice", "restart web-01 reason=dup")
    stage.ask("alice", "restart web-01 reason=dup")
    assert "#1 asks for the same" in words(cards(stage.work())[-1])
    write(stage, "alice", "cancel 1")
    write(stage, "alice", "cancel 2")
    stage.ask("alice", "restart web-01 reason=dup")
    assert "asks for the same" not in words(cards(stage.work())[-1])
    stage.ask("alice", "restart web-02 reason=dup")
    assert "asks for the same" not in words(cards(stage.work())[-1])


class LateRoom:
    """A quota that has no room when it is asked first, and some right after."""

    def __init__(self) -> None:
        self.asked = 0

    def room(self, rate_key: store.RateKey) -> store.Allowance:
        self.asked += 1
        return store.Allowance(0 if self.asked == 1 else 5)

    def take(self, rate_key: store.RateKey) -> None:
        """Nothing is counted."""


def test_what_may_be_sent_a_moment_later_is_not_left_until_something_else_happens(
    stage: Stage,
) -> None:
    stage.ask("alice", "help")
    now = stage.clock.now()
    claims = stage.loop.run_until_complete(
        stage.engine.write(lambda writer: writer.claim(now, LateRoom()))
    )
    assert not claims.effects
    assert claims.next_due == codec.ms(now)
