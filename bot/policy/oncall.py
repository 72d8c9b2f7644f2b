"""Who is on call: people who take turns by the calendar of a time zone, and overrides of that."""

from __future__ import annotations

import functools
import heapq
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot import model
from bot.policy.calendar import HORIZON, moments

Calendars = Callable[[], Iterable[model.Calendar]]
"""Reads what is kept of the calendars of rotas."""
WORD = "oncall:"
"""Before the name of a rota, where it stands among approvers."""
DAY = timedelta(days=1)
STALE = timedelta(hours=24)
"""So long a calendar counts that could not be read any more."""
_SEPARATORS = re.compile(r"[,;/|:&+、，；：]|\s-\s")
"""What stands between names in the title of an event."""


@dataclass(frozen=True, slots=True)
class Override:
    """One person is on call from ``begin`` to ``end``, in place of anybody else: local times of
    the rota's zone."""

    person: str
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Rota:
    """``people`` take turns of ``days`` days each; the first turn begins at ``since``, a local
    time of ``zone``, and each later one when the clock there shows that time of the day."""

    name: str
    zone: str
    people: tuple[str, ...]
    since: datetime
    days: int
    overrides: tuple[Override, ...] = ()

    @property
    def everybody(self) -> tuple[str, ...]:
        """All who are on call at some time."""
        return tuple(dict.fromkeys((*self.people, *(one.person for one in self.overrides))))

    def on_call(self, at: datetime) -> tuple[str, ...]:
        """The people who are on call at a moment; none before the first turn."""
        person = _instead(self, at)
        if person:
            return (person,)
        number = self._turn(at)
        return (self.people[number % len(self.people)],) if number >= 0 else ()

    def edges(self, after: datetime) -> Iterator[datetime]:
        """The moments after one, within a year, at which others may be on call, in order."""
        following = max(self._turn(after) + 1, 0)
        several = len(set(self.people)) > 1
        numbers = itertools.count(following) if several else range(following, 1)
        begins = map(self._begin, numbers)
        ends = sorted(moment for moment in _bounds(self) if moment > after)
        yield from heapq.merge(ends, itertools.takewhile(lambda at: at <= after + HORIZON, begins))

    def _turn(self, at: datetime) -> int:
        """The number of the turn at a moment; negative before the first one."""
        day = at.astimezone(ZoneInfo(self.zone)).date()
        number = (day - self.since.date()).days // self.days + 1
        while self._begin(number) > at:
            number -= 1
        return number

    def _begin(self, number: int) -> datetime:
        return _moment(self.since + number * self.days * DAY, self.zone)


@dataclass(frozen=True, slots=True)
class CalendarRota:
    """Those are on call of whom a calendar says so, as long as it was read within ``STALE``; of
    them only these ``people`` count. ``names``: who is meant, by id, by what the calendar calls
    people, in lower case; ``calendar``: what is kept of it (None: nothing)."""

    name: str
    zone: str
    people: tuple[str, ...]
    names: Mapping[str, str]
    overrides: tuple[Override, ...] = ()
    calendar: model.Calendar | None = None

    @property
    def everybody(self) -> tuple[str, ...]:
        """All who may be on call at some time."""
        return tuple(dict.fromkeys((*self.people, *(one.person for one in self.overrides))))

    def on_call(self, at: datetime) -> tuple[str, ...]:
        """The people who are on call at a moment; none where the calendar is not known well enough
        any more."""
        person, calendar = _instead(self, at), self.calendar
        if person:
            return (person,)
        if calendar is None or calendar.read_at is None or at >= calendar.read_at + STALE:
            return ()
        people = (one.person for one in calendar.shifts if one.begin <= at < one.end)
        return tuple(dict.fromkeys(who for who in people if who in self.people))

    def edges(self, after: datetime) -> Iterator[datetime]:
        """The moments after one at which others may be on call, in order."""
        moments = set(_bounds(self))
        if self.calendar is not None and self.calendar.read_at is not None:
            moments.add(self.calendar.read_at + STALE)
            moments.update(at for one in self.calendar.shifts for at in (one.begin, one.end))
        yield from sorted(moment for moment in moments if moment > after)

    def meant(self, event: model.CalendarEvent) -> tuple[str, ...]:
        """The people whom an event names: in its title, or else among those who take part."""
        for texts in (_SEPARATORS.split(event.summary), event.attendees):
            words = (" ".join(text.split()).casefold() for text in (*texts,))
            people = dict.fromkeys(self.names[word] for word in words if word in self.names)
            if people:
                return tuple(people)
        return ()


def _moment(local: datetime, zone: str) -> datetime:
    """When the clock of a zone shows a time, for the first time."""
    return moments(local, ZoneInfo(zone))[0]


def _instead(rota: Rota | CalendarRota, at: datetime) -> str:
    """Who is on call at a moment by an override of a rota; "": nobody."""
    for one in rota.overrides:
        if _moment(one.begin, rota.zone) <= at < _moment(one.end, rota.zone):
            return one.person
    return ""


def _bounds(rota: Rota | CalendarRota) -> Iterator[datetime]:
    """When overrides of a rota begin and end."""
    for one in rota.overrides:
        yield from (_moment(one.begin, rota.zone), _moment(one.end, rota.zone))


@dataclass(frozen=True, slots=True)
class Turn:
    """``people`` are on call until ``end``; None: for longer than a year."""

    people: tuple[str, ...]
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Roster:
    """All rotas by name, and the moment ``at`` which somebody is on call "now"."""

    rotas: Mapping[str, Rota | CalendarRota] = field(default_factory=dict)
    at: datetime | None = None

    def as_of(
        self, now: datetime, calendars: Callable[[], Iterable[model.Calendar]] | None
    ) -> Roster:
        """The same at another moment: see ``Book.as_of``."""
        rotas = self.rotas
        if calendars is not None and any(isinstance(one, CalendarRota) for one in rotas.values()):
            kept = {one.rota: one for one in calendars()}
            rotas = {
                name: replace(rota, calendar=kept.get(name))
                if isinstance(rota, CalendarRota)
                else rota
                for name, rota in rotas.items()
            }
        return replace(self, rotas=rotas, at=now)

    def on_call(self, name: str, at: datetime | None = None) -> tuple[str, ...]:
        """The people who are on call by a rota at a moment, or now. Nobody is by one that there is
        not."""
        rota, at = self.rotas.get(name), at or self.at
        if rota is None:
            return ()
        if at is None:
            raise ValueError("nobody said at which moment")
        return rota.on_call(at)

    def everybody(self, name: str) -> tuple[str, ...]:
        """All who are on call by a rota at some time."""
        return self.rotas[name].everybody if name in self.rotas else ()

    def turn(self, name: str, at: datetime) -> Turn:
        """Who is on call by a rota at a moment, and until when."""
        people, rota = self.on_call(name, at), self.rotas.get(name)
        edges = rota.edges(at) if rota is not None else ()
        return Turn(people, next((one for one in edges if self.on_call(name, one) != people), None))

    def resolved(self, approvers: Iterable[str], at: datetime | None = None) -> tuple[str, ...]:
        """Approvers, with the people who are on call at a moment, or now, in place of rotas."""
        return _each_once(approvers, functools.partial(self.on_call, at=at))

    def potential(self, approvers: Iterable[str]) -> tuple[str, ...]:
        """Approvers, with all who are on call at some time in place of rotas."""
        return _each_once(approvers, self.everybody)

    def next_change(self, rotas: Iterable[str], at: datetime) -> datetime | None:
        """When others than at a moment are next on call by one of these rotas; None: not within a
        year."""
        ends = (self.turn(name, at).end for name in rotas)
        return min((end for end in ends if end is not None), default=None)


def names(approvers: Iterable[str]) -> tuple[str, ...]:
    """The rotas among approvers."""
    return tuple(who.removeprefix(WORD) for who in approvers if who.startswith(WORD))


def _each_once(
    approvers: Iterable[str], people: Callable[[str], tuple[str, ...]]
) -> tuple[str, ...]:
    each = (people(who.removeprefix(WORD)) if who.startswith(WORD) else (who,) for who in approvers)
    return tuple(dict.fromkeys(who for some in each for who in some))
