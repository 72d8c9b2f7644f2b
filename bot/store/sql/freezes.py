"""The freezes of people, and what waits for the end of one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from bot import model
from bot.store import codec
from bot.store.sql import lookups, queries, views
from bot.store.sql.connection import Connection


def put(connection: Connection, freezes: Iterable[model.Freeze]) -> None:
    """Write those that begin, or are lifted."""
    for freeze in freezes:
        scope = json.dumps([freeze.groups, freeze.commands])
        lifted = codec.ms(freeze.lifted_at) if freeze.lifted_at is not None else 0
        values = (freeze.request, codec.ms_up(freeze.until), lifted, scope)
        connection.execute(lookups.FREEZE_PUT, values)


def then(connection: Connection, at: datetime) -> tuple[model.Freeze, ...]:
    """Those that were in force at a moment of the past, oldest first."""
    moment = codec.ms(at)
    rows = connection.execute(lookups.FREEZES_THEN, (moment, moment)).fetchall()
    ended = ((row, views.decoded(row[-1]).ended_at) for row in rows)
    return tuple(views.freeze(row) for row, begun in ended if begun is not None and begun <= at)


def reopen(connection: Connection, now: int) -> bool:
    """Let the opening of all that waits be due, one after the other as they were approved. False:
    nothing waits, or all of it is due already."""
    waiting = [views.decoded(body) for (body,) in connection.execute(queries.OPENINGS)]
    waiting.sort(key=lambda request: (request.approved_at or request.expires_at, request.id))
    due = False
    for place, request in enumerate(waiting, now - len(waiting)):
        values = (place, request.id, place)
        due = bool(connection.execute(queries.OPENING_DUE, values).rowcount) or due
    return due
