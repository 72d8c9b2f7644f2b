"""Who is on call: people who take turns by the calendar of a time zone, and overrides of that."""

from __future__ import annotations

import functools
import heapq
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.policy.calendar import HORIZON, moments

WORD = "oncall:"
"""Before the name of a rota, where it stands among approvers."""
DAY = timedelta(days=1)


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
        for one in self.overrides:
            if self._moment(one.begin) <= at < self._moment(one.end):
                return (one.person,)
        number = self._turn(at)
        return (self.people[number % len(self.people)],) if number >= 0 and self.people else ()

    def edges(self, after: datetime) -> Iterator[datetime]:
        """The moments after one, within a year, at which others may be on call, in order."""
        ends = sorted(
            moment
            for one in self.overrides
            for moment in (self._moment(one.begin), self._moment(one.end))
            if moment > after
        )
        following = max(self._turn(after) + 1, 0)
        several = len(set(self.people)) > 1
        numbers = itertools.count(following) if several else range(following, 1)
        begins = map(self._begin, numbers)
        yield from heapq.merge(ends, itertools.takewhile(lambda at: at <= after + HORIZON, begins))

    def _turn(self, at: datetime) -> int:
        """The number of the turn at a moment; negative before the first one."""
        day = at.astimezone(ZoneInfo(self.zone)).date()
        number = (day - self.since.date()).days // self.days + 1
        while self._begin(number) > at:
            number -= 1
        return number

    def _begin(self, number: int) -> datetime:
        return self._moment(self.since + number * self.days * DAY)

    def _moment(self, local: datetime) -> datetime:
        """When the clock of its zone shows a time, for the first time."""
        return moments(local, ZoneInfo(self.zone))[0]


@dataclass(frozen=True, slots=True)
class Turn:
    """``people`` are on call until ``end``; None: for longer than a year."""

    people: tuple[str, ...]
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Roster:
    """All rotas by name, and the moment ``at`` which somebody is on call "now"."""

    rotas: Mapping[str, Rota] = field(default_factory=dict)
    at: datetime | None = None

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
