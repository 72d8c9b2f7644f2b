"""What was approved waits for the end of a freeze, or for a change window, and starts once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot import model, texts
from bot.core import openings
from bot.policy import calendar
from bot.policy.calendar import Period, Times
from bot.source import hours
from tests.bot.run_stage import RunStage
from tests.bot.stage import START, actions, cards, said, words
from tests.bot.test_authority import changing
from tests.bot.test_humans import approve, edit
from tests.bot.test_moment_of_start import with_policy, without_person

State = model.State
HOUR = timedelta(hours=1)


def naive(at: datetime) -> datetime:
    return at.replace(tzinfo=None)


def frozen(*between: int, name: str = "year-end", **more: object) -> Period:
    """A freeze from and to so many hours after the beginning."""
    first, last = (naive(START + hour * HOUR) for hour in between)
    reason = texts.Bilingual("the books are closed", "关账")
    return Period(name, Times("UTC", first, last), reason, **more)  # type: ignore[arg-type]


YEAR_END = frozen(-1, 5)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[RunStage]:
    made = RunStage(tmp_path)
    yield made
    made.close()


def starts(effects: list[model.Effect]) -> list[model.Effect]:
    return [one for one in effects if isinstance(one, model.StartRun | model.RunCall)]


def reloaded(stage: RunStage) -> None:
    """The file was read anew; what waits is judged by it at once."""
    name = f"configuration:{stage.number()}"
    stage.submit(model.ConfigurationRead(name, stage.clock.now(), "cli", "command", "d"))
    stage.tick(0)


def waits(stage: RunStage, period: Period = YEAR_END) -> model.Request:
    """A request that was approved in a freeze."""
    edit(stage, freezes=(period,))
    stage.planned("alice", "restart web-01 reason=why")
    assert "starts by itself" in approve(stage, "bob")
    assert starts(stage.work()) == []
    request = stage.request(1)
    assert request.scheduled
    assert request.opening is not None
    return request


def test_what_is_approved_in_a_freeze_waits_for_its_end_and_starts_once(stage: RunStage) -> None:
    edit(stage, freezes=(YEAR_END,))
    stage.ask("alice", "restart web-01 reason=why")
    done = stage.work()
    until = f"{START + 5 * HOUR:%Y-%m-%d %H:%M} (UTC)"
    assert until in words(cards(done)[-1]), "whoever votes is told"
    assert "the books are closed" in words(cards(done)[-1])
    approve(stage, "bob")
    done = stage.work()
    assert starts(done) == []
    (told,) = [text for text in said(done) if until in text]
    assert "cancel 1" in told
    assert cards(done)[-1].tag == "approved, waits for its time"
    stage.tick(5 * 3600 - 1)
    assert starts(stage.work()) == []
    stage.tick(1)
    done = stage.work()
    assert len(starts(done)) == 1
    assert stage.request(1).state is State.RUNNING
    assert stage.request(1).opened_at == START + 5 * HOUR
    assert until not in words(cards(done)[-1])
    stage.tick(3600)
    stage.observe(1)
    assert starts(stage.work()) == []
    assert stage.request(1).state is State.SUCCEEDED
    assert actions(stage).count("request.scheduled") == 1


def test_the_card_counts_down_to_it(stage: RunStage) -> None:
    waits(stage)
    texts_ = []
    for _ in range(60):
        stage.tick(300)
        texts_ += [words(card) for card in cards(stage.work()) if " left, as of " in words(card)]
    left = [re.findall(r"([\w ]+) left, as of ([\d: -]+)\.", text)[0] for text in texts_]
    assert [(span.strip(), time[-5:]) for span, time in left][:6] == [
        ("4 h", "10:00"),
        ("3 h", "11:00"),
        ("2 h", "12:00"),
        ("1 h 45 min", "12:15"),
        ("1 h 30 min", "12:30"),
        ("1 h 15 min", "12:45"),
    ]
    assert len(left) == 3 + 6 + 5
    assert stage.request(1).state is State.RUNNING
    assert stage.request(1).counted_at is None


@pytest.mark.parametrize(
    ("minutes", "after"),
    [(5, None), (6, 1), (30, 5), (31, 1), (45, 15), (120, 15), (121, 1), (2880, 60), (2881, 1)],
)
def test_it_is_said_at_whole_spans(minutes: int, after: int | None) -> None:
    minute = timedelta(minutes=1)
    due = openings.next_count(START + minutes * minute, START)
    assert due == (None if after is None else START + after * minute)


def test_it_says_so_in_pending_and_in_status(stage: RunStage) -> None:
    waits(stage)
    stage.ask("alice", "why 1")
    told = said(stage.work())[-1]
    assert "any" in told
    assert "year-end" in told
    for question in ("pending", "status 1"):
        stage.ask("alice", question)
        told = said(stage.work())[-1]
        assert "approved, waits for its time" in told, question
        assert "year-end" in told, question


def test_a_freeze_that_is_lifted_early_lets_it_start_at_once(stage: RunStage) -> None:
    waits(stage)
    stage.tick(3600)
    edit(stage, freezes=())
    reloaded(stage)
    assert len(starts(stage.work())) == 1
    assert stage.request(1).opened_at == START + HOUR


def test_a_freeze_that_becomes_longer_is_told_and_kept(stage: RunStage) -> None:
    waits(stage)
    edit(stage, freezes=(frozen(-1, 7),))
    reloaded(stage)
    until = f"{START + 7 * HOUR:%H:%M} (UTC)"
    assert len([text for text in said(stage.work()) if until in text]) == 1
    reloaded(stage)
    assert said(stage.work()) == [], "once"
    stage.tick(6 * 3600)
    assert starts(stage.work()) == []
    stage.tick(3600)
    assert len(starts(stage.work())) == 1


def test_time_counts_from_the_opening_on(stage: RunStage) -> None:
    waits(stage)
    stage.tick(5 * 3600 + 3599)
    assert len(starts(stage.work())) == 1


def test_long_after_the_opening_it_is_voted_on_again(stage: RunStage) -> None:
    waits(stage)
    stage.tick(5 * 3600 + 3601)  # nobody was there
    assert starts(stage.work()) == []
    assert stage.request(1).state is State.NOT_STARTED


def test_everything_is_judged_anew_at_the_opening(stage: RunStage) -> None:
    waits(stage)
    without_person("bob")(stage)
    stage.tick(5 * 3600)
    done = stage.work()
    assert starts(done) == []
    assert stage.request(1).state is State.NOT_STARTED
    assert any("no longer suffice" in text for text in said(done))


@pytest.mark.parametrize("words", ["cancel 1", "stop 1"])
def test_it_may_be_taken_back_while_it_waits(stage: RunStage, words: str) -> None:
    waits(stage)
    stage.ask("alice", words)
    stage.work()
    request = stage.request(1)
    assert (request.state, request.opening) == (State.CANCELLED, None)
    stage.tick(6 * 3600)
    assert starts(stage.work()) == []


def test_nobody_else_cancels_it(stage: RunStage) -> None:
    waits(stage)
    stage.ask("carol", "cancel 1")
    stage.work()
    assert stage.request(1).scheduled


def test_a_freeze_that_begins_before_the_call_leaves_lets_nothing_run(stage: RunStage) -> None:
    stage.planned("alice", "restart web-01 reason=why")
    approve(stage, "bob")
    edit(stage, freezes=(YEAR_END,))
    assert starts(stage.work()) == []
    request = stage.request(1)
    assert request.scheduled
    assert [step.state for step in stage.read(lambda reader: reader.steps(1))] == ["held"]
    assert stage.read(lambda reader: reader.status().effects) == {}
    stage.tick(5 * 3600)
    (call,) = starts(stage.work())
    assert isinstance(call, model.StartRun)
    assert request.nonce in call.step.token
    stage.observe(1)
    assert stage.request(1).state is State.SUCCEEDED


def test_it_is_cancelled_cleanly_where_its_call_was_put_back(stage: RunStage) -> None:
    stage.planned("alice", "restart web-01 reason=why")
    approve(stage, "bob")
    edit(stage, freezes=(YEAR_END,))
    stage.work()
    stage.ask("alice", "stop 1")
    stage.work()
    assert stage.request(1).state is State.CANCELLED
    stage.tick(6 * 3600)
    assert starts(stage.work()) == []


def test_a_window_is_waited_for_and_missed_windows_are_not_made_up(stage: RunStage) -> None:
    window = Period("night", Times("UTC", hours=(hours.parse("02:00-02:30"),)), "load")
    edit(stage, windows=(window,))
    with_policy("any", run_within=timedelta(minutes=30))(stage)
    stage.planned("alice", "restart web-01 reason=why")
    approve(stage, "bob")
    request = stage.request(1)
    assert request.opening is not None
    assert request.opening.kind == "window"
    left = (request.opening.at - START).total_seconds()
    stage.tick(left)
    assert len(starts(stage.work())) == 1
    stage.planned("alice", "restart web-02 reason=why")
    assert stage.request(2).opening is None
    approve(stage, "bob", 2)
    assert len(starts(stage.work())) == 1, "it is open now"


def test_a_command_that_no_period_names_starts_at_once(stage: RunStage) -> None:
    edit(
        stage,
        freezes=(replace(YEAR_END, commands=("run*",)), replace(YEAR_END, groups=frozenset({"x"}))),
    )
    stage.planned("alice", "restart web-01 reason=why")
    approve(stage, "bob")
    assert len(starts(stage.work())) == 1


def test_a_run_that_has_begun_is_held_by_a_freeze_and_people_say_when_it_goes_on(
    stage: RunStage,
) -> None:
    stage.fleet = ["web-01", "web-02", "web-03"]
    stage.planned("alice", "fleet targets=tag:env=prod")
    approve(stage, "bob")
    first = changing(stage)
    edit(stage, freezes=(YEAR_END,))
    for one in first:
        stage.settle(one, stage.answer(one))
    done = stage.work()
    assert len(first) == 2, "they go on to their end"
    assert starts(done) == []
    request = stage.request(1)
    assert request.ballot is not None
    assert (request.state, request.ballot.kind) == (State.WAITING, "held")
    assert "year-end" in request.ballot.shown
    stage.ask("bob", "resume 1")
    assert any("may not run before" in text for text in said(stage.work()))
    stage.tick(5 * 3600)
    assert starts(stage.work()) == []
    stage.ask("bob", "resume 1")
    assert len(starts(stage.work())) == 1
    assert stage.request(1).state is State.SUCCEEDED


def test_a_template_that_has_changed_nothing_goes_on_by_itself(stage: RunStage) -> None:
    stage.fleet = ["web-01"]
    stage.planned("alice", "fleet targets=tag:env=prod")
    approve(stage, "bob")
    calls = changing(stage)
    assert calls
    for one in calls:  # the cloud was busy
        stage.settle(one, model.NotSent("Throttling", retry_after=60.0))
    edit(stage, freezes=(YEAR_END,))
    stage.clock.advance(60)
    stage.work()
    request = stage.request(1)
    assert request.ballot is not None
    assert (request.ballot.kind, stage.made("TouchInstance")) == ("held", [])
    stage.tick(5 * 3600)
    stage.work()
    assert stage.request(1).state is State.SUCCEEDED
    assert len(stage.made("TouchInstance")) == 1


def test_what_is_still_voted_on_shows_a_freeze_only_while_there_is_one(stage: RunStage) -> None:
    edit(stage, freezes=(frozen(-1, 0.2),))  # type: ignore[arg-type]
    request = stage.planned("alice", "restart web-01 reason=why")
    assert request.opening is not None
    stage.tick(12 * 60)
    assert "year-end" not in words(cards(stage.work())[-1])
    assert stage.request(1).opening is None
    approve(stage, "bob")
    assert len(starts(stage.work())) == 1


def test_what_never_opens_is_not_started_and_says_why(stage: RunStage) -> None:
    edit(stage, freezes=(Period("for good", Times("UTC", naive(START - HOUR)), "it is over"),))
    stage.planned("alice", "restart web-01 reason=why")
    approve(stage, "bob")
    done = stage.work()
    assert stage.request(1).state is State.NOT_STARTED
    assert any("at no time within a year" in text for text in said(done))


def test_a_clock_that_is_set_ahead_makes_it_start_no_later(stage: RunStage) -> None:
    waits(stage)
    before, size = stage.clock.now(), 2 * HOUR
    stage.clock.advance(size.total_seconds())
    stage.loop.run_until_complete(
        stage.engine.write(lambda writer: writer.move_clock(before, size, stage.clock.now()))
    )
    stage.tick(3 * 3600)
    assert len(starts(stage.work())) == 1


def test_a_moment_is_shown_with_its_zone() -> None:
    at = datetime.fromisoformat("2026-12-31T16:30:00+00:00")
    assert calendar.shown(at, "Asia/Shanghai") == "2027-01-01 00:30 (Asia/Shanghai)"
