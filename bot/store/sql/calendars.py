"""What is kept of the calendars of those who are on call."""

from __future__ import annotations

from collections.abc import Iterable

from bot import model
from bot.store import codec
from bot.store.sql.connection import Connection

CALENDARS = "SELECT body FROM calendars ORDER BY rota"
CALENDAR_PUT = """
INSERT INTO calendars (rota, body) VALUES (?, ?)
ON CONFLICT (rota) DO UPDATE SET body = excluded.body
"""


def kept(connection: Connection) -> tuple[model.Calendar, ...]:
    rows = connection.execute(CALENDARS)
    return tuple(codec.decode(codec.calendar, body) for (body,) in rows)


def put(connection: Connection, calendars: Iterable[model.Calendar]) -> None:
    """Keep this of calendars, in place of what was kept of them."""
    for calendar in calendars:
        connection.execute(CALENDAR_PUT, (calendar.rota, codec.encode(calendar)))
