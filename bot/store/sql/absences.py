"""Who is away, as rows: one for each person, the newest."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot import model
from bot.store import codec
from bot.store.sql.connection import Connection

KNOWN = "SELECT person, since, until, delegate FROM absences WHERE until > ? ORDER BY person"
PUT = """
INSERT INTO absences (person, since, until, delegate) VALUES (?, ?, ?, ?)
ON CONFLICT (person) DO UPDATE SET
    since = excluded.since, until = excluded.until, delegate = excluded.delegate
"""


def known(connection: Connection, at: datetime) -> tuple[model.Absence, ...]:
    """Who is away at a moment."""
    return tuple(
        model.Absence(person, codec.at(since), codec.at(until), delegate)
        for person, since, until, delegate in connection.execute(KNOWN, (codec.ms(at),))
    )


def put(connection: Connection, absences: Iterable[model.Absence]) -> None:
    """Note each in place of what was known of the same person."""
    for absence in absences:
        times = (codec.ms(absence.since), codec.ms_up(absence.until))
        connection.execute(PUT, (absence.person, *times, absence.delegate))
