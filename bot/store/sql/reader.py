"""Read-only connections: listings, timers, open steps, the audit chain. They never block the
writer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from bot import audit, model
from bot.store import codec, port, shared
from bot.store.sql import (
    absences,
    calendars,
    chains,
    effects,
    freezes,
    letters,
    locks,
    lookups,
    moments,
    queries,
    replicas,
    reports,
    searching,
    usage,
    views,
)
from bot.store.sql.connection import Connection


class Reader(port.Reader):
    """Reads of one connection; each call sees the store as of its own beginning."""

    snapshot: ClassVar[str]
    """Begins a transaction whose reads all see one moment."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def request(self, number: int) -> model.Request | None:
        return views.request(self.connection, number)

    def votes(self, number: int) -> tuple[model.Vote, ...]:
        return views.votes(self.connection, number)

    def steps(self, number: int) -> tuple[model.Step, ...]:
        return views.steps(self.connection, number)

    def results(self, number: int) -> tuple[model.InstanceResult, ...]:
        return views.results(self.connection, number)

    def open_requests(self, limit: int = 1000) -> tuple[model.Request, ...]:
        return views.listing(self.connection, "open", limit)

    def open_numbers(self) -> tuple[int, ...]:
        return tuple(one.id for one in views.all_open(self.connection))

    def knows_start(self, token: str) -> bool:
        keys = (f"start:{token}", f"call:{token}")
        return self.connection.execute(queries.EFFECT_KNOWN, keys).fetchone() is not None

    def recent_requests(self, limit: int = 100) -> tuple[model.Request, ...]:
        return views.listing(self.connection, "recent", limit)

    def chain(self, after: int = 0, page: int = 1000) -> Iterator[model.AuditRow]:
        return chains.entries(self.connection, after, page)

    def configuration(self) -> str:
        return replicas.configuration(self.connection)

    def audit_head(self) -> audit.Head:
        return chains.head(self.connection)

    def verify_audit(self, expected: str | Sequence[str] = "") -> list[audit.Fault]:
        self.connection.execute(self.snapshot)
        try:
            return chains.faults(self.connection, expected)
        finally:
            self.connection.execute(queries.ROLLBACK)

    def restored(self) -> datetime | None:
        noted = self.connection.execute(queries.META, (queries.RESTORED,)).fetchone()
        return None if noted is None else codec.at(int(noted[0]))

    def timers_due(self, now: datetime, page: int = 500) -> Iterator[model.Timer]:
        key = (-1, 0, "")
        while rows := self.connection.execute(
            queries.TIMERS_DUE, (codec.ms(now), *key, page)
        ).fetchall():
            for request, kind, due in rows:
                yield model.Timer(request, kind, codec.at(due))
            request, kind, due = rows[-1]
            key = (due, request, kind)

    def knows_event(self, name: str) -> bool:
        return self.connection.execute(queries.EVENT_ANSWER, (name,)).fetchone() is not None

    def follows(self, invocation: str) -> bool:
        return self.connection.execute(queries.STEP_OPEN, (invocation,)).fetchone() is not None

    def last_event(self) -> datetime | None:
        newest = self.connection.execute(queries.EVENT_LAST).fetchone()[0]
        return None if newest is None else codec.at(newest)

    def replicas(self) -> tuple[shared.Replica, ...]:
        return replicas.all_of(self.connection)

    def clock(self) -> port.ClockHistory:
        return moments.known(self.connection)

    def next_timer(self) -> datetime | None:
        due = self.connection.execute(queries.TIMER_NEXT).fetchone()[0]
        return None if due is None else codec.at(due)

    def open_steps(self, page: int = 1000) -> list[port.OpenStep]:
        steps: list[port.OpenStep] = []
        key = (-1, 0)
        while rows := self.connection.execute(queries.STEPS_OPEN, (*key, page)).fetchall():
            for engine, since, body in rows:
                step = codec.decode(codec.step, body)
                steps.append(port.OpenStep(step, engine, codec.at(since)))
            key = (steps[-1].step.request, steps[-1].step.index)
        return steps

    def bus_events(
        self,
        since: datetime | None = None,
        types: Collection[str] = (),
        after: int = 0,
        page: int = 500,
    ) -> Iterator[tuple[int, model.CloudEvent]]:
        return letters.events(self.connection, since, types, after, page)

    def newest_events(
        self, limit: int = 50, since: datetime | None = None, types: Collection[str] = ()
    ) -> tuple[tuple[int, model.CloudEvent], ...]:
        return letters.newest(self.connection, since, types, limit)

    def bus_event(self, number: int) -> model.CloudEvent | None:
        return letters.event(self.connection, number)

    def letters(self, state: str | None = None, limit: int = 100) -> tuple[model.Letter, ...]:
        return letters.letters(self.connection, state, limit)

    def letter(self, number: int) -> model.Letter | None:
        return letters.letter(self.connection, number)

    def letters_of(self, event: model.CloudEvent, limit: int = 100) -> tuple[model.Letter, ...]:
        return letters.letters_of(self.connection, event, limit)

    def queues(self) -> tuple[port.Queue, ...]:
        rows = self.connection.execute(queries.EFFECT_QUEUES).fetchall()
        return effects.queues(rows)

    def open_runs(self) -> Mapping[tuple[str, str], int]:
        rows = self.connection.execute(queries.STEP_COUNTS_OPEN).fetchall()
        return {(engine, state): count for engine, state, count in rows}

    def search(
        self, search: model.Search, limit: int = 20
    ) -> tuple[tuple[model.Request, ...], int]:
        return searching.matches(self.connection, search, limit)

    def votes_of(self, requests: tuple[model.Request, ...]) -> tuple[model.Vote, ...]:
        return searching.votes(self.connection, requests)

    def source(self, digest: str) -> str | None:
        return views.Archive(self.connection).source(digest)

    def open_effects(self, number: int) -> tuple[port.OpenEffect, ...]:
        return effects.open_of(self.connection, number)

    def timers(self, number: int) -> tuple[model.Timer, ...]:
        rows = self.connection.execute(lookups.TIMERS_OF, (number,))
        return tuple(model.Timer(request, kind, codec.at(due)) for request, kind, due in rows)

    def history(self, since: datetime, now: datetime) -> port.History:
        return effects.history(self.connection, codec.ms(since), codec.ms(now))

    def usage(self) -> tuple[model.Usage, ...]:
        return usage.months(self.connection)

    def absences(self, at: datetime) -> tuple[model.Absence, ...]:
        return absences.known(self.connection, at)

    def freezes(self, at: datetime) -> tuple[model.Freeze, ...]:
        return views.freezes(self.connection, at)

    def locks(self, limit: int = 200) -> tuple[model.Lock, ...]:
        return locks.newest(self.connection, limit)

    def report(self, month: model.Month, now: datetime) -> model.Report:
        return reports.report(self.connection, month, now)

    def freezes_then(self, at: datetime) -> tuple[model.Freeze, ...]:
        return freezes.then(self.connection, at)

    def calendars(self) -> tuple[model.Calendar, ...]:
        return calendars.kept(self.connection)

    def status(self) -> port.Status:
        connection = self.connection
        return port.Status(
            installation=connection.execute(queries.META, ("installation",)).fetchone()[0],
            requests=dict(connection.execute(queries.REQUEST_COUNTS_OPEN).fetchall()),
            effects=dict(connection.execute(queries.EFFECT_COUNTS).fetchall()),
            audit=self.audit_head(),
            next_timer=self.next_timer(),
            events=connection.execute(queries.BUS_COUNT).fetchone()[0],
            dead=dict(connection.execute(queries.LETTER_COUNTS).fetchall()),
        )
