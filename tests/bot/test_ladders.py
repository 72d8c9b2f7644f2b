"""Ladders: who is reminded when and how, over quiet hours, clocks that are set, and downtime."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import hypothesis
import pytest
from hypothesis import strategies

from bot import model, policy
from bot.policy import calendar, ladder, oncall
from bot.source import hours
from tests import properties
from tests.bot import stage as stage_
from tests.bot.stage import START, Stage, actions, said
from tests.bot.test_humans import approve

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Step = policy.LadderStep
LADDER = (
    Step(10 * MINUTE),
    Step(20 * MINUTE, "direct"),
    Step(30 * MINUTE, "urgent", ("erin",)),
    Step(40 * MINUTE, "group", group="leads"),
)
LEADS = policy.Group(stage_.PLATFORM, "leads-room", "leads", "en")


def book(**fields: Any) -> policy.Book:
    """What is restarted takes bob and carol, whom a ladder reminds."""
    fields = {"ladder": LADDER, "expires": HOUR} | fields
    policies = {"any": policy.Policy("any", ("bob", "carol"), "count", 2, **fields)}
    usual = stage_.book()
    return replace(usual, policies=policies, groups=(*usual.groups, LEADS))


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Any]:
    """Makes a stage on which web-01 waits for its votes."""
    stages: list[Stage] = []

    def made(**fields: Any) -> Stage:
        stages.append(Stage(tmp_path, book(**fields)))
        stages[-1].planned("alice", "restart web-01 reason=why")
        return stages[-1]

    yield made
    for each in stages:
        each.close()


def says(effects: list[model.Effect]) -> list[model.Say]:
    return [one for one in effects if isinstance(one, model.Say)]


def places(effects: list[model.Effect]) -> list[str]:
    """Where something was said: the id of a person or a chat, or whom a thread mentions."""
    return [
        one.place.chat
        if one.place.direct or one.place.chat != stage_.CHAT
        else "@" + " ".join(account.id for account in one.message.mentions)
        for one in says(effects)
    ]


def passing(stage: Stage, minutes: int) -> list[tuple[int, str]]:
    """What is said within so many minutes, each with the minute since the asking."""
    heard = []
    for _ in range(minutes):
        stage.tick(60)
        minute = round((stage.clock.now() - START) / MINUTE)
        heard += [(minute, place) for place in places(stage.work())]
    return heard


def test_each_step_is_done_at_its_time_and_tells_who_is_missing(staged: Any) -> None:
    stage = staged()
    assert passing(stage, 25) == [(10, "@u-bob u-carol"), (20, "u-bob"), (20, "u-carol")]
    approve(stage, "bob")
    stage.work()
    assert passing(stage, 34) == [(30, "u-erin"), (40, "leads-room")]
    stage.tick(60)
    assert stage.request(1).state is model.State.EXPIRED


def test_the_words_name_who_is_missing_and_where_the_card_is(staged: Any) -> None:
    stage = staged()
    stage.tick(20 * 60)
    [bob, carol] = said(stage.work())
    assert bob == carol
    for part in ("#1 restart", "Alice", "in ops", "Bob or Carol", "40 min left", "card there"):
        assert part in bob, bob
    stage.tick(10 * 60)
    [urgent] = says(stage.work())
    assert urgent.urgent
    assert "Urgent: #1" in said([urgent])[0]
    assert actions(stage)[-1] == "request.not_alerted", "this platform lets no bot alert"
    stage.tick(10 * 60)
    [group] = says(stage.work())
    assert [account.id for account in group.message.mentions] == ["u-bob", "u-carol"]


def test_votes_and_ends_silence_it(staged: Any) -> None:
    stage = staged()
    approve(stage, "bob")
    approve(stage, "carol")
    stage.work()
    assert stage.read(lambda reader: [one.kind for one in reader.timers(1)]) == ["overdue"]
    stage.observe(1)
    stage.planned("alice", "restart web-02 reason=why")
    stage.ask("alice", "cancel 2")
    stage.work()
    assert passing(stage, 50) == []
    assert "request.reminded" not in actions(stage)


def test_after_downtime_only_the_last_step_is_made_up(staged: Any) -> None:
    stage = staged()
    stage.tick(35 * 60)
    assert places(stage.work()) == ["u-erin"]
    assert passing(stage, 10) == [(40, "leads-room")]
    reminded = [one for one in actions(stage) if one == "request.reminded"]
    assert len(reminded) == 2


def test_a_step_repeats_with_longer_and_longer_pauses(staged: Any) -> None:
    steps = (Step(5 * MINUTE, repeat=5 * MINUTE, backoff=2.0, times=4),)
    stage = staged(ladder=steps)
    assert [minute for minute, _ in passing(stage, 59)] == [5, 10, 20, 40]


def test_a_direct_message_that_cannot_be_sent_becomes_a_mention(staged: Any) -> None:
    stage = staged(ladder=(Step(10 * MINUTE, "direct"),))
    stage.tick(600)
    for claimed in stage.claim():
        person = claimed.effect.body.place.chat
        blocked = person == "u-bob"
        stage.settle(claimed, model.Refused("blocked") if blocked else model.Done("m"))
    assert places(stage.work()) == ["@u-bob"]


def test_a_clock_that_is_set_moves_no_reminder(staged: Any) -> None:
    stage = staged()
    stage.tick(5 * 60)
    before = stage.clock.now()
    stage.clock.advance(-3 * 3600)
    now = stage.clock.now()
    move = lambda writer: writer.move_clock(before, -3 * HOUR, now)  # noqa: E731
    stage.loop.run_until_complete(stage.engine.write(move))
    heard = passing(stage, 26)
    assert [minute + 180 for minute, _ in heard] == [10, 20, 20, 30]


def test_policies_without_a_ladder_remind_once_and_only_their_own(tmp_path: Path) -> None:
    """Two policies: the ladder of one is about its people, the reminder of the other about its."""
    usual = book()
    plain = policy.Policy("turn", ("erin",), expires=HOUR, remind=15 * MINUTE)
    stage = Stage(tmp_path, replace(usual, policies={**usual.policies, "turn": plain}))
    try:
        stage.planned("alice", 'restart web-01 reason="in turn"')
        assert passing(stage, 22) == [
            (10, "@u-bob u-carol"), (15, "@u-erin"), (20, "u-bob"), (20, "u-carol"),
        ]  # fmt: skip
    finally:
        stage.close()


def test_whoever_is_on_call_then_is_told(tmp_path: Path) -> None:
    """dave takes over from erin between two steps."""
    rota = oncall.Rota("duty", "UTC", ("erin", "dave"), datetime(2026, 1, 4, 9, 15), 1)
    steps = (Step(10 * MINUTE, who=("oncall:duty",)), Step(20 * MINUTE, who=("oncall:duty",)))
    roster = oncall.Roster({"duty": rota})
    stage = Stage(tmp_path, replace(book(ladder=steps), oncall=roster))
    try:
        stage.planned("alice", "restart web-01 reason=why")
        assert passing(stage, 21) == [(10, "@u-erin"), (20, "@u-dave")]
    finally:
        stage.close()


def test_what_is_reminded_survives_a_restart(tmp_path: Path) -> None:
    """The row of the due time and ``Request.reminders`` make it hold: both are written with the
    step, so that one is neither lost nor done twice."""
    stage = Stage(tmp_path, book())
    stage.planned("alice", "restart web-01 reason=why")
    assert passing(stage, 10) == [(10, "@u-bob u-carol")]
    stage.close()
    again = Stage(tmp_path, book())
    try:
        again.clock.time = START + 12 * MINUTE
        again.tick(0)
        assert places(again.work()) == []
        again.tick(8 * 60)
        assert places(again.work()) == ["u-bob", "u-carol"]
    finally:
        again.close()


# ----------------------------------------------------------------------------- quiet hours

NIGHT = (hours.parse("22:00-08:00"),)
BERLIN = ZoneInfo("Europe/Berlin")


def times_of(steps: tuple[Step, ...], since: datetime, span: timedelta) -> list[datetime]:
    quiet = calendar.Times("Europe/Berlin", hours=NIGHT)
    found = ladder.moments(steps, quiet, since, since + span)
    return sorted(one.at for one in found)


@pytest.mark.parametrize(
    ("asked", "morning"),
    [
        (datetime(2026, 3, 28, 21, 30, tzinfo=BERLIN), datetime(2026, 3, 29, 8, tzinfo=BERLIN)),
        (datetime(2026, 10, 24, 21, 30, tzinfo=BERLIN), datetime(2026, 10, 25, 8, tzinfo=BERLIN)),
        (datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN), datetime(2026, 10, 25, 8, tzinfo=BERLIN)),
    ],
)
def test_a_step_in_quiet_hours_waits_for_their_end_though_the_clock_is_set(
    asked: datetime, morning: datetime
) -> None:
    since = asked.astimezone(UTC)
    assert times_of((Step(HOUR),), since, DAY) == [morning.astimezone(UTC)]


def test_of_what_waited_for_the_morning_only_the_last_is_done(staged: Any) -> None:
    stage = staged(quiet=(hours.parse("09:05-09:35"),))
    assert passing(stage, 45) == [(35, "u-erin"), (40, "leads-room")]


def test_what_is_critical_is_reminded_of_at_night(staged: Any) -> None:
    stage = staged(quiet=(hours.parse("09:05-09:35"),), quiet_except=("medium",))
    assert [minute for minute, _ in passing(stage, 25)] == [10, 20, 20]


@hypothesis.settings(max_examples=properties.examples(100), deadline=None)
@hypothesis.given(
    strategies.integers(0, 4 * 365 * 24 * 60),
    strategies.lists(strategies.integers(1, 3 * 24 * 60), min_size=1, max_size=4),
    strategies.integers(0, 24 * 60 - 1),
    strategies.integers(1, 24 * 60 - 1),
)
def test_no_moment_is_early_late_or_in_quiet_hours(
    start: int, afters: list[int], begin: int, size: int
) -> None:
    """A naive model: from when a step is due, minute by minute, to the first that is not quiet."""
    end = (begin + size) % (24 * 60)
    text = f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"
    quiet = calendar.Times("Europe/Berlin", hours=(hours.parse(text),))
    since = datetime(2025, 1, 1, tzinfo=UTC) + start * MINUTE
    steps = tuple(Step(after * MINUTE) for after in afters)
    until = since + 3 * DAY
    expected = []
    for step in steps:
        at = since + step.after
        while quiet.holds(at):
            at += MINUTE
        if at < until and since + step.after < until:
            expected.append(at)
    assert sorted(one.at for one in ladder.moments(steps, quiet, since, until)) == sorted(expected)
