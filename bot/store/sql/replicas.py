"""Who works on the store, and with which configuration, as rows tell it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from bot import model
from bot.store import codec, shared
from bot.store.sql import effects, limits, queries
from bot.store.sql.connection import Connection

KEPT = timedelta(days=1)
"""So long it is remembered that a replica was there."""


def join(
    connection: Connection, name: str, release: str, schema: str, digest: str, now: int
) -> int:
    row = connection.execute(queries.REPLICA_JOIN, (name, release, schema, digest, now, now))
    number: int = row.fetchone()[0]
    return number


def beat(
    connection: Connection,
    number: int,
    digest: str,
    unreached: Mapping[str, datetime],
    lease: timedelta,
    now: int,
) -> shared.Beat | None:
    """A sign of life; None: this replica is dead."""
    lacks = {name: codec.ms(since) for name, since in unreached.items()}
    text = json.dumps(lacks) if lacks else ""
    if connection.execute(queries.REPLICA_SEEN, (now, digest, text, number)).rowcount != 1:
        return None
    span = codec.ms(codec.at(now) + lease) - now
    silent = connection.execute(queries.REPLICAS_SILENT, (now - span, now + span)).fetchall()
    kept = now - KEPT // timedelta(milliseconds=1)
    connection.execute(queries.REPLICAS_FORGET, (kept,))
    connection.execute(queries.COMMITS_FORGET, (str(kept),))
    doubtful = connection.execute(queries.EFFECTS_ORPHANED).rowcount
    first, oldest = connection.execute(queries.REPLICAS_LIVING, (number,)).fetchone()
    names = tuple(name for (name,) in silent)
    lapses = None if oldest is None else codec.at(oldest + span)
    return shared.Beat(codec.at(now), first == number, names, doubtful, lapses)


def leave(connection: Connection, number: int, now: int) -> int:
    """It ends; returns how many effects it had in flight."""
    connection.execute(queries.REPLICA_LEAVES, (now, number))
    return connection.execute(queries.EFFECTS_ORPHANED).rowcount


def check(connection: Connection, number: int) -> None:
    """Raises Fenced, if this replica is not among the living."""
    if connection.execute(queries.REPLICA_LIVES, (number,)).fetchone() is None:
        raise shared.Fenced(f"replica {number} was taken for dead")


def calls_of_others(connection: Connection, number: int, since: int, now: int) -> list[shared.Call]:
    """What the others have claimed of late, or have under way."""
    rows = connection.execute(limits.EFFECTS_OF_OTHERS, {"own": number, "since": since})
    return [_call(now, *row) for row in rows]


def _call(
    now: int,
    effect: int,
    attempt: int,
    part: int,
    bucket: str,
    state: str,
    claimed: int,
    settled: int,
    doubt: int,
    due: int,
    outcome: str,
) -> shared.Call:
    rate_key = effects.rate_key_from(bucket)
    if state == "in_flight":
        return shared.Call(effect, attempt, part, rate_key, None)
    paused = 0
    if state == "queued" and outcome:
        last = codec.decode(codec.outcome, outcome)
        paused = due if isinstance(last, model.NotSent) and last.retry_after > 0 else 0
    ended = effects.ended_at(now, claimed, settled, doubt)
    return shared.Call(effect, attempt, part, rate_key, ended, paused)


def configuration(connection: Connection) -> str:
    """What was noted of the configuration that is in use; "": nothing yet."""
    noted = connection.execute(queries.CONFIGURATION).fetchone()
    return "" if noted is None else str(noted[0])


def all_of(connection: Connection) -> tuple[shared.Replica, ...]:
    """Everyone that is remembered, in the order in which they came."""
    rows = connection.execute(queries.REPLICAS).fetchall()
    first = min((row[0] for row in rows if row[5] == "living"), default=0)
    return tuple(
        shared.Replica(
            number,
            name,
            release,
            schema,
            digest,
            state,
            codec.at(joined_at),
            codec.at(seen_at),
            leads=number == first,
            unreached=_moments(unreached) if state == "living" else {},
        )
        for number, name, release, schema, digest, state, joined_at, seen_at, unreached in rows
    )


def _moments(text: str) -> dict[str, datetime]:
    return {name: codec.at(since) for name, since in json.loads(text or "{}").items()}
