"""``[[policy.when]]``: a policy that is needed besides the usual one, and for what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot import regexes

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = "(?:" + "|".join(DAYS) + ")"
_DAYS = re.compile(rf"{_DAY}(?:-{_DAY})?(?:,{_DAY}(?:-{_DAY})?)*", re.IGNORECASE)
_SPAN = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")
WHOLE_DAY = 24 * 60


class NoHours(ValueError):
    """A text is no hours; the message says what to write."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of the week by the clock on the wall. ``days``: 0 is Monday; ``start`` and ``end`` are
    minutes of the day, the end not within it. What ends before it begins goes on into the next
    day."""

    days: frozenset[int]
    start: int = 0
    end: int = WHOLE_DAY

    @staticmethod
    def read(text: str) -> Hours:
        """``Mon-Fri 18:00-09:00``, ``Sat,Sun`` or ``22:00-06:00``. Raises NoHours."""
        words = text.split()
        days = words.pop(0) if words and _DAYS.fullmatch(words[0]) else ""
        span = _SPAN.fullmatch(words[0]) if len(words) == 1 else None
        if bool(words) != bool(span) or not (days or span):
            raise NoHours('must be such as "Mon-Fri 18:00-09:00", "Sat,Sun" or "22:00-06:00"')
        first, minute, last, end = map(int, span.groups()) if span else (0, 0, 24, 0)
        hours = Hours(_days_of(days), first * 60 + minute, last * 60 + end)
        if minute > 59 or end > 59 or hours.start >= WHOLE_DAY or hours.end > WHOLE_DAY:
            raise NoHours("has a time that no day has: 00:00 to 24:00")
        if hours.start == hours.end:
            raise NoHours("ends when it begins; the whole day is 00:00-24:00")
        return hours

    def holds(self, at: datetime) -> bool:
        """Is it one of these hours? ``at`` is local time."""
        day, minute = at.weekday(), at.hour * 60 + at.minute
        if self.start < self.end:
            return day in self.days and self.start <= minute < self.end
        begun = day in self.days and minute >= self.start
        return begun or ((day - 1) % 7 in self.days and minute < self.end)


def _days_of(text: str) -> frozenset[int]:
    """``Mon-Wed,Sat``; none are all."""
    days: set[int] = set()
    for part in filter(None, text.lower().split(",")):
        first, _, last = part.partition("-")
        start, end = DAYS.index(first), DAYS.index(last or first)
        days |= {day % 7 for day in range(start, end + 1 if end >= start else end + 8)}
    return frozenset(days or range(7))


@dataclass(frozen=True, slots=True)
class When:
    """``commands`` (globs), ``groups`` (names) and ``roles`` (one of which the requester has)
    narrow it; empty ones do not. Of the conditions that it has, all must hold, or with ``any_of``
    one: ``risk``; ``tags`` (key and glob of the value; a target has one of them);
    ``more_targets_than``; ``on_call``: a rota by which somebody is on call, and ``off_call`` one
    by which nobody is; ``values`` (parameter → globs; one parameter fits); ``regex`` in a text
    of ``where``; ``hours`` in ``zone``. Without conditions it holds. ``reason`` may have its
    Chinese with it (``texts.Bilingual``)."""

    policy: str
    reason: str
    commands: tuple[str, ...] = ()
    groups: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    risk: frozenset[str] = frozenset()
    tags: tuple[tuple[str, str], ...] = ()
    more_targets_than: int | None = None
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    regex: regexes.Regex | None = None
    where: frozenset[Literal["text", "value", "script"]] = frozenset()
    hours: tuple[Hours, ...] = ()
    zone: str = "Asia/Shanghai"
    on_call: str = ""
    off_call: str = ""
    any_of: bool = False
