"""Read-only connections: listings, timers, open steps, the audit chain. They never block the
writer, for a reader of a write-ahead log sees the last commit before it began."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot import audit, model
from bot.store import codec, queries, views


@dataclass(frozen=True, slots=True)
class OpenStep:
    """A step whose invocation runs at the far end. ``since`` is when we learnt of it."""

    step: model.Step
    engine: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Status:
    """The store in numbers: requests by state (those not final), effects by state (queued and
    in flight), the newest audit entry, the next timer."""

    installation: str
    requests: Mapping[str, int]
    effects: Mapping[str, int]
    audit: audit.Head
    next_timer: datetime | None


class Reader:
    """Reads of one connection; each call sees the store as of its own beginning."""

    def __init__(self, connection: sqlite3.Connection) -> None:
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

    def recent_requests(self, limit: int = 100) -> tuple[model.Request, ...]:
        return views.listing(self.connection, "recent", limit)

    def chain(self, page: int = 1000) -> Iterator[model.AuditRow]:
        """The whole chain, oldest first, read in pages."""
        last = 0
        while rows := self.connection.execute(queries.AUDIT_PAGE, (last, page)).fetchall():
            yield from map(views.audit_row, rows)
            last = rows[-1][0]

    def audit_head(self, expected: str = "") -> audit.Head:
        """What the store knows of the chain's end apart from the entries themselves."""
        sequence = self.connection.execute(queries.AUDIT_SEQUENCE).fetchone()
        noted: str = self.connection.execute(queries.META, ("audit.head",)).fetchone()[0]
        seq, _, hash_ = noted.partition(":")
        return audit.Head(sequence[0] if sequence else 0, int(seq), hash_, expected)

    def verify_audit(self, expected: str = "") -> list[audit.Fault]:
        """Everything wrong with the audit chain, read as of one moment."""
        self.connection.execute("BEGIN")
        try:
            return audit.verify(self.chain(), self.audit_head(expected))
        finally:
            self.connection.execute(queries.ROLLBACK)

    def timers_due(self, now: datetime, page: int = 500) -> Iterator[model.Timer]:
        """Timers that are due, the longest overdue first."""
        key = (-1, 0, "")
        while rows := self.connection.execute(
            queries.TIMERS_DUE, (codec.ms(now), *key, page)
        ).fetchall():
            for request, kind, due in rows:
                yield model.Timer(request, kind, codec.at(due))
            request, kind, due = rows[-1]
            key = (due, request, kind)

    def last_event(self) -> datetime | None:
        """When the newest event was taken; None: none ever was."""
        newest = self.connection.execute(queries.EVENT_LAST).fetchone()[0]
        return None if newest is None else codec.at(newest)

    def next_timer(self) -> datetime | None:
        due = self.connection.execute(queries.TIMER_NEXT).fetchone()[0]
        return None if due is None else codec.at(due)

    def open_steps(self, page: int = 1000) -> list[OpenStep]:
        """Every step with an invocation that has not ended."""
        found: list[OpenStep] = []
        key = (-1, 0)
        while rows := self.connection.execute(queries.STEPS_OPEN, (*key, page)).fetchall():
            for engine, since, body in rows:
                step = codec.decode(codec.step, body)
                found.append(OpenStep(step, engine, codec.at(since)))
            key = (found[-1].step.request, found[-1].step.index)
        return found

    def status(self) -> Status:
        connection = self.connection
        return Status(
            installation=connection.execute(queries.META, ("installation",)).fetchone()[0],
            requests=dict(connection.execute(queries.REQUEST_COUNTS_OPEN).fetchall()),
            effects=dict(connection.execute(queries.EFFECT_COUNTS).fetchall()),
            audit=self.audit_head(),
            next_timer=self.next_timer(),
        )
