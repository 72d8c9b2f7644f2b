"""Freezes and change windows, held against a clock that is looked at minute by minute."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.policy import calendar
from bot.policy.calendar import Period, Times
from bot.source import hours
from tests.properties import examples

MINUTE = timedelta(minutes=1)
BERLIN, SHANGHAI = "Europe/Berlin", "Asia/Shanghai"
ZONES = (BERLIN, SHANGHAI, "America/New_York", "Australia/Lord_Howe", "UTC")
NIGHTS_OF_CHANGE = (
    datetime(2026, 3, 29, tzinfo=UTC),
    datetime(2026, 10, 25, tzinfo=UTC),
    datetime(2026, 3, 8, 6, tzinfo=UTC),
    datetime(2026, 11, 1, 5, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 10, 3, 15, tzinfo=UTC),
    datetime(2026, 2, 16, tzinfo=UTC),
)


def period(times: Times) -> Period:
    return Period("freeze", times, "why")


def weekly(*texts: str, zone: str = "UTC", **more: object) -> Times:
    return Times(zone, hours=tuple(map(hours.parse, texts)), **more)  # type: ignore[arg-type]


# ----------------------------------------------------------------------------- the words


@pytest.mark.parametrize(
    ("text", "days", "start", "end"),
    [
        ("Sat-Sun", {5, 6}, 0, 1440),
        ("Fri 18:00-24:00", {4}, 1080, 1440),
        ("fri-mon 9:30-10:00", {4, 5, 6, 0}, 570, 600),
        ("22:00-06:00", set(range(7)), 1320, 360),
        ("Mon", {0}, 0, 1440),
    ],
)
def test_hours_are_read(text: str, days: set[int], start: int, end: int) -> None:
    assert hours.parse(text) == hours.Hours(frozenset(days), start, end)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "weekend", "Mon,Tue", "Fri 18:00", "18:00-18:00", "24:00-06:00", "25:00-26:00"),
        *("10:60-11:00", "Sat-", "Mon 9-17", "Sam 10:00-11:00"),
    ],
)
def test_what_says_no_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        hours.parse(text)


# ----------------------------------------------------------------------------- the clock


def local(*parts: int, zone: str = BERLIN, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)  # type: ignore[misc, arg-type]


def test_an_hour_that_the_clock_skips_holds_nothing_and_one_that_it_repeats_twice_as_long() -> None:
    night = weekly("02:00-03:00", zone=BERLIN)
    assert not any(night.holds(local(2026, 3, 29) + n * MINUTE) for n in range(6 * 60))
    twice = [n for n in range(6 * 60) if night.holds(local(2026, 10, 25) + n * MINUTE)]
    assert twice == list(range(120, 240))


def test_a_window_that_begins_within_a_skipped_hour_opens_when_the_clock_is_set() -> None:
    window = period(weekly("Sun 02:30-04:00", zone=BERLIN))
    closed = calendar.closure((), (window,), local(2026, 3, 28, 12))
    assert closed is not None
    assert closed.opens == datetime(2026, 3, 29, 1, tzinfo=UTC)
    begin = datetime(2026, 3, 29, 2, 30)
    assert calendar.closure((), (period(Times(BERLIN, begin)),), local(2026, 3, 28)).opens == (  # type: ignore[union-attr]
        datetime(2026, 3, 29, 1, tzinfo=UTC)
    )


def test_an_end_that_the_clock_shows_twice_is_the_second_one() -> None:
    freeze = period(Times(BERLIN, end=datetime(2026, 10, 25, 2, 30)))
    closed = calendar.closure((freeze,), (), local(2026, 10, 24))
    assert closed is not None
    assert closed.opens == local(2026, 10, 25, 2, 30, fold=1)


def test_public_holidays_are_whole_days_of_the_zone() -> None:
    freeze = period(weekly("Sat-Sun", zone=SHANGHAI, holidays="CN"))
    eve = local(2026, 9, 30, 23, 59, zone=SHANGHAI)
    assert calendar.closure((freeze,), (), eve) is None
    closed = calendar.closure((freeze,), (), eve + MINUTE)
    assert closed is not None
    assert closed.opens is not None
    assert closed.opens.astimezone(ZoneInfo(SHANGHAI)).month == 10
    assert closed.opens.astimezone(ZoneInfo(SHANGHAI)).day >= 6
    assert Times("Europe/Berlin", holidays="DE-BY").holds(local(2026, 1, 6, 12))  # of one part
    assert not Times("Europe/Berlin", holidays="DE").holds(local(2026, 1, 6, 12))


def test_what_never_opens_says_so() -> None:
    freeze = period(Times("UTC", begin=datetime(2026, 1, 1)))
    assert calendar.closure((freeze,), (), local(2026, 5, 1)) == calendar.Closure(
        "freeze", freeze, None
    )
    night, day = period(weekly("22:00-06:00")), period(weekly("09:00-17:00"))
    closed = calendar.closure((period(weekly("00:00-24:00")),), (night, day), local(2026, 5, 1))
    assert closed is not None
    assert closed.opens is None


def test_a_freeze_holds_in_a_window_and_one_window_of_several_is_enough() -> None:
    freeze = period(weekly("Sat-Sun"))
    windows = (period(weekly("02:00-03:00")), period(weekly("Mon-Sun 22:00-23:00")))
    saturday = datetime(2026, 11, 28, 2, 30, tzinfo=UTC)
    closed = calendar.closure((freeze,), windows, saturday)
    assert closed == calendar.Closure("freeze", freeze, datetime(2026, 11, 30, 2, tzinfo=UTC))
    monday = datetime(2026, 11, 30, 22, 30, tzinfo=UTC)
    assert calendar.closure((freeze,), windows, monday) is None


def test_of_several_windows_the_one_that_opens_next_is_named() -> None:
    windows = (period(weekly("Sat")), replace(period(weekly("22:00-23:00")), name="nights"))
    closed = calendar.closure((), windows, datetime(2026, 11, 30, 12, tzinfo=UTC))
    assert closed == calendar.Closure("window", windows[1], datetime(2026, 11, 30, 22, tzinfo=UTC))


@pytest.mark.parametrize(
    ("commands", "groups", "risks", "concerned"),
    [
        (("*",), (), (), True),
        (("rest*",), ("ops",), ("medium",), True),
        (("run*", "restart"), (), (), True),
        (("run*",), (), (), False),
        (("*",), ("dev",), (), False),
        (("*",), (), ("high", "critical"), False),
    ],
)
def test_a_period_concerns_commands_groups_and_risks(
    commands: tuple[str, ...], groups: tuple[str, ...], risks: tuple[str, ...], concerned: bool
) -> None:
    one = Period("p", Times("UTC"), "", commands, frozenset(groups), frozenset(risks))
    assert one.concerns("restart", "ops", "medium") is concerned
    stray = one.concerns("restart", "", "medium")
    assert stray is (concerned or groups == ("dev",)), "no way around it by a group that is gone"


# ----------------------------------------------------------------------------- a naive model

DAY_WORDS = [day.capitalize() for day in hours.DAYS]


@st.composite
def texts(draw: st.DrawFn) -> str:
    first, last = draw(st.sampled_from(DAY_WORDS)), draw(st.sampled_from(DAY_WORDS))
    days = draw(st.sampled_from(["", first, f"{first}-{last}"]))
    start, end = draw(st.integers(0, 95)) * 15, draw(st.integers(1, 96)) * 15
    if start == end or (days and draw(st.booleans())):
        return days or "Sun"
    return f"{days} {start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}".strip()


@st.composite
def times(draw: st.DrawFn, near: datetime) -> Times:
    zone = draw(st.sampled_from(ZONES))
    around = near.replace(tzinfo=None)
    bounds = st.none() | st.integers(-40, 40).map(lambda n: around + n * 30 * MINUTE)
    begin, end = draw(bounds), draw(bounds)
    parts = draw(st.lists(texts(), max_size=2))
    return Times(
        zone, begin, end, tuple(map(hours.parse, parts)), draw(st.sampled_from(["", "CN"]))
    )


def naive_hours(text: hours.Hours, wall: datetime) -> bool:
    """Walk from the beginning of each day that counts to its end, a minute at a time."""
    for back in (0, 1):
        day = (wall - back * timedelta(days=1)).date()
        if day.weekday() not in text.days:
            continue
        minutes = (text.end - text.start) % 1440 or 1440
        start = datetime(day.year, day.month, day.day) + text.start * MINUTE
        if start <= wall < start + minutes * MINUTE:
            return True
    return False


def naive(one: Times, at: datetime) -> bool:
    """By what a clock on the wall shows, and has shown before."""
    zone = ZoneInfo(one.zone)
    span = [at + n * 15 * MINUTE for n in range(-12, 13)]

    def wall(moment: datetime) -> datetime:
        return moment.astimezone(zone).replace(tzinfo=None)

    before = [wall(m) for m in span if m <= at]
    after = [wall(m) for m in span if m > at]
    if one.begin is not None and max(before) < one.begin:
        return False  # not shown yet, not even before the clock was set back
    if one.end is not None and min([wall(at), *after]) >= one.end:
        return False  # shown, and never again
    if not one.hours and not one.holidays:
        return True
    if one.holidays and wall(at).date() in calendar.public_holidays(one.holidays, wall(at).year):
        return True
    return any(naive_hours(part, wall(at)) for part in one.hours)


@given(st.data())
@settings(max_examples=examples(300), deadline=None)
def test_it_is_closed_and_opens_as_a_clock_shows_it(data: st.DataObject) -> None:
    near = data.draw(st.sampled_from(NIGHTS_OF_CHANGE))
    freezes = [period(one) for one in data.draw(st.lists(times(near), max_size=2))]
    windows = [period(one) for one in data.draw(st.lists(times(near), max_size=2))]
    begin = near + data.draw(st.integers(-100, 100)) * 15 * MINUTE

    def may(at: datetime) -> bool:
        inside = not windows or any(naive(one.times, at) for one in windows)
        return inside and not any(naive(one.times, at) for one in freezes)

    closed = calendar.closure(freezes, windows, begin)
    assert (closed is None) == may(begin)
    if closed is None:
        return
    quarters = (begin + n * 15 * MINUTE for n in range(1, 5 * 96))
    first = next((at for at in quarters if may(at)), None)
    if first is not None:
        assert closed.opens == first
    else:
        assert closed.opens is None or closed.opens > begin + timedelta(days=4)
