"""When operations may run: freezes, in which none starts, and windows, outside which none does.

All of it goes by the clock of a time zone. "02:00-03:00" is whenever that clock shows such a time:
twice where it is set back over it, and not at all where it is set ahead over it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Literal
from zoneinfo import ZoneInfo

from bot import model
from bot.source.hours import WHOLE_DAY, Hours

HORIZON = timedelta(days=366)
"""So far ahead it is looked for the next moment at which something may run."""
LONGEST_REASON = 100
"""Characters of the reason of a freeze that what waits for its end says."""
_DAY, _CHUNK = timedelta(days=1), timedelta(days=7)
_MINUTE, _SECOND = timedelta(minutes=1), timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Times:
    """From ``begin`` to ``end``, by the clock of ``zone`` (None: without bound; where it shows such
    a time twice, from the first one to the second one), and of that the ``hours`` and the public
    holidays of a country, or of a part of it ("DE-BY"), if there are any."""

    zone: str
    begin: datetime | None = None
    end: datetime | None = None
    hours: tuple[Hours, ...] = ()
    holidays: str = ""

    def holds(self, at: datetime) -> bool:
        """Do these times hold a moment? ``at`` is aware."""
        if any(at < first for first in self._first()) or any(at >= last for last in self._last()):
            return False
        if not self.hours and not self.holidays:
            return True
        local = at.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        if self.holidays and local.date() in public_holidays(self.holidays, local.year):
            return True
        return any(_in(one, local) for one in self.hours)

    def edges(self, begin: datetime, end: datetime) -> Iterator[datetime]:
        """All moments between two at which it may begin or cease to hold, in UTC and in no order;
        some of them are none."""
        yield from (*self._first(), *self._last())
        if not self.hours and not self.holidays:
            return
        zone = ZoneInfo(self.zone)
        minutes = {0, *(minute for one in self.hours for minute in (one.start, one.end))}
        day = begin.astimezone(zone).date() - _DAY
        while day <= end.astimezone(zone).date() + _DAY:
            midnight = datetime(day.year, day.month, day.day)
            for minute in minutes:
                yield from moments(midnight + minute * _MINUTE, zone)
            yield from _changes(midnight, zone)
            day += _DAY

    def _first(self) -> tuple[datetime, ...]:
        return () if self.begin is None else (moments(self.begin, ZoneInfo(self.zone))[0],)

    def _last(self) -> tuple[datetime, ...]:
        return () if self.end is None else (moments(self.end, ZoneInfo(self.zone))[1],)


@dataclass(frozen=True, slots=True)
class Period:
    """Times that matter to some operations: ``commands`` are patterns of names, ``groups`` names of
    groups (none: all), ``risks`` likewise. What was asked in no group that is known any more
    belongs to each.
    ``reason`` may have its Chinese with it (``texts.Bilingual``)."""

    name: str
    times: Times
    reason: str
    commands: tuple[str, ...] = ("*",)
    groups: frozenset[str] = frozenset()
    risks: frozenset[str] = frozenset()

    def concerns(self, command: str, group: str, risk: str) -> bool:
        """Does it matter to an operation? ``group`` is where it was asked ("": in none)."""
        return (
            any(fnmatchcase(command, pattern) for pattern in self.commands)
            and (not self.groups or not group or group in self.groups)
            and (not self.risks or risk in self.risks)
        )


@dataclass(frozen=True, slots=True)
class Closure:
    """Why an operation may not start: within a freeze, or outside the windows that concern it, of
    which ``period`` is the next; or before the time that was asked for. ``opens``: when it may;
    None: not within ``HORIZON``."""

    kind: Literal["freeze", "window", "time"]
    period: Period
    opens: datetime | None


def periods(freezes: Sequence[model.Freeze]) -> tuple[Period, ...]:
    """The freezes of people as those of the configuration: what was asked for in one of their
    groups, and what one of their patterns names."""
    return tuple(
        period
        for freeze in freezes
        for period in (
            *(_period(freeze, groups=frozenset((group,))) for group in freeze.groups),
            *(_period(freeze, commands=(pattern,)) for pattern in freeze.commands),
        )
    )


def _period(
    freeze: model.Freeze, commands: tuple[str, ...] = ("*",), groups: frozenset[str] = frozenset()
) -> Period:
    end = freeze.until.astimezone(UTC).replace(tzinfo=None)
    reason = freeze.reason or ", ".join(freeze.scope)
    if len(reason) > LONGEST_REASON:
        reason = reason[: LONGEST_REASON - 1] + "…"
    return Period(freeze.name, Times("UTC", end=end), reason, commands, groups)


def closure(
    freezes: Sequence[Period],
    windows: Sequence[Period],
    at: datetime,
    begin: datetime | None = None,
) -> Closure | None:
    """Why something that these freezes and windows concern may not start at a moment; None: it
    may. ``begin``: it is not to start before."""
    if begin is not None and at < begin:
        then = closure(freezes, windows, begin)
        return then or Closure("time", Period("", Times("UTC"), ""), begin)
    kind, period = _closed(freezes, windows, at)
    if period is None:
        return None
    edges = _edges((*freezes, *windows), at)
    opens = next((edge for edge in edges if _closed(freezes, windows, edge)[1] is None), None)
    if kind == "window" and opens is not None:
        period = next(window for window in windows if window.times.holds(opens))
    return Closure(kind, period, opens)


def after(written: datetime, hour: int, minute: int, zone: str) -> datetime:
    """When the clock of a zone shows a time next, after a moment."""
    local, place = written.astimezone(ZoneInfo(zone)), ZoneInfo(zone)
    midnight = datetime(local.year, local.month, local.day, hour, minute)
    days = (midnight + number * _DAY for number in range(3))
    return next(at for day in days for at in moments(day, place) if at > written)


def shown(at: datetime, zone: str) -> str:
    """A moment with its date and its zone."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})"


@functools.lru_cache(maxsize=256)
def public_holidays(place: str, year: int) -> frozenset[date]:
    """The public holidays of a country, or of a part of it, in a year. NotImplementedError: nobody
    knows those of such a place."""
    import holidays  # takes a while, and only those who name a country need it

    country, _, part = place.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year))


def _closed(
    freezes: Sequence[Period], windows: Sequence[Period], at: datetime
) -> tuple[Literal["freeze", "window"], Period | None]:
    for freeze in freezes:
        if freeze.times.holds(at):
            return "freeze", freeze
    if not windows or any(window.times.holds(at) for window in windows):
        return "window", None
    return "window", windows[0]


def _edges(periods: Sequence[Period], at: datetime) -> Iterator[datetime]:
    """The moments after one at which any of these may begin or cease to hold, in order."""
    begin, end = at, at + HORIZON
    while begin < end:
        until = min(begin + _CHUNK, end)
        edges = {edge for period in periods for edge in period.times.edges(begin, until)}
        yield from sorted(edge for edge in edges if begin < edge <= until)
        begin = until


def _in(hours: Hours, local: datetime) -> bool:
    """Does a clock show such a time?"""
    minute, day = local.hour * 60 + local.minute, local.weekday()
    if hours.start < hours.end:
        return day in hours.days and hours.start <= minute < hours.end
    return (day in hours.days and minute >= hours.start) or (
        (day - 1) % 7 in hours.days and minute < hours.end % WHOLE_DAY
    )


def moments(local: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When a clock shows a time, the first and the second time. Of one that it never shows, as it
    is set ahead over it: when it is."""
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first > second:
        first = second = _change(second, first, zone)
    return first, second


def _changes(midnight: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """When the clock is set within a day."""
    begin = midnight.replace(tzinfo=zone).astimezone(UTC)
    for part in range(4):
        low, high = begin + part * _DAY / 4, begin + (part + 1) * _DAY / 4
        if _offset(low, zone) != _offset(high, zone):
            yield _change(low, high, zone)


def _change(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The first second between two moments at which the clock is set as it is at the later one."""
    after = _offset(high, zone)
    while high - low > _SECOND:
        middle = low + (high - low) // _SECOND // 2 * _SECOND
        low, high = (low, middle) if _offset(middle, zone) == after else (middle, high)
    return high


def _offset(at: datetime, zone: ZoneInfo) -> timedelta | None:
    return at.astimezone(zone).utcoffset()
