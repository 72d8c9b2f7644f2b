"""Standing approvals, each with the request by which it was asked for and the votes on that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from bot import model
from bot.store import codec
from bot.store.sql import lookups, queries
from bot.store.sql.connection import Connection


def put(connection: Connection, approval: model.StandingApproval | None) -> None:
    """Write one that is new, or how often it was used and who revoked it; None: nothing."""
    if approval is None:
        return
    bounds = approval.bounds
    values = (approval.number, bounds.command, codec.ms(approval.until))
    rest = (approval.uses, approval.most, approval.revoked_by, codec.encode(bounds))
    connection.execute(lookups.STANDING_PUT, (*values, *rest))


def of(connection: Connection, number: int) -> model.StandingApproval | None:
    rows = connection.execute(lookups.STANDING, (number,)).fetchall()
    return next(_approvals(connection, rows), None)


def of_command(
    connection: Connection, command: str, now: datetime
) -> tuple[model.StandingApproval, ...]:
    """Those for a command that are in force."""
    rows = connection.execute(lookups.STANDING_OF_COMMAND, (command, codec.ms(now))).fetchall()
    return tuple(_approvals(connection, rows))


def in_force(
    connection: Connection, now: datetime, limit: int
) -> tuple[model.StandingApproval, ...]:
    """Those that are in force, newest first."""
    rows = connection.execute(lookups.STANDING_IN_FORCE, (codec.ms(now), limit)).fetchall()
    return tuple(_approvals(connection, rows))


def _approvals(
    connection: Connection, rows: Iterable[tuple[Any, ...]]
) -> Iterator[model.StandingApproval]:
    for until, uses, most, revoked_by, bounds, body in rows:
        request = codec.decode(codec.request, body)
        votes = connection.execute(queries.VOTES, (request.id,)).fetchall()
        yield model.StandingApproval(
            codec.decode(codec.standing, bounds),
            codec.at(until),
            most,
            request,
            tuple(codec.decode(codec.vote, vote) for (vote,) in votes),
            uses,
            revoked_by,
        )
