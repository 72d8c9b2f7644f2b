"""What the store knows of the machine's clock: when it was last looked at, and how it was set.

Rows hold moments of that clock. When it is set, those that measure a pace are moved along, so that
nothing comes earlier or later for it; moments that people were told never come later than told.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from bot.store import codec, port
from bot.store.sql import limits, queries
from bot.store.sql.connection import Connection

NEWEST, STEPS, SHIFT = "clock.seen", "clock.steps", "clock.shift"
REMEMBERED = 32
"""Steps that are remembered."""


def known(connection: Connection) -> port.ClockHistory:
    noted = int(_meta(connection, NEWEST) or 0)
    newest = connection.execute(queries.AUDIT_LAST_AT).fetchone()
    newest_moment = max(noted, newest[0] if newest else 0)
    steps = json.loads(_meta(connection, STEPS) or "[]")
    return port.ClockHistory(
        codec.at(newest_moment) if newest_moment else None,
        tuple((codec.at(before), timedelta(milliseconds=size)) for before, size in steps),
    )


def note(connection: Connection, now: datetime) -> None:
    """Remember what the clock shows, unless it showed more already."""
    if codec.ms(now) > int(_meta(connection, NEWEST) or 0):
        connection.execute(queries.META_PUT, (NEWEST, str(codec.ms(now))))


def move(connection: Connection, before: datetime, size: timedelta, now: datetime) -> None:
    """The clock was set by ``size``, from ``before`` to ``now``: move what measures a pace."""
    by = round(size / timedelta(milliseconds=1))
    connection.execute(queries.CLOCK_OUTBOX, (by,))
    connection.execute(limits.CLOCK_CALLS, (by,))
    connection.execute(queries.CLOCK_TIMERS if by < 0 else queries.CLOCK_TIMERS_FORWARD, (by,))
    connection.execute(queries.CLOCK_STEPS, (by,))
    connection.execute(queries.CLOCK_ASKS, (by,))
    steps = json.loads(_meta(connection, STEPS) or "[]")
    steps = [*steps, [codec.ms(before), by]][-REMEMBERED:]
    total = int(_meta(connection, SHIFT) or 0) + by
    connection.execute(queries.META_PUT, (STEPS, json.dumps(steps)))
    connection.execute(queries.META_PUT, (SHIFT, str(total)))
    connection.execute(queries.META_PUT, (NEWEST, str(codec.ms(now))))


def _meta(connection: Connection, name: str) -> str:
    row = connection.execute(queries.META, (name,)).fetchone()
    return row[0] if row else ""
