"""What the file says of its schema, and bringing it up to date."""

from __future__ import annotations

import sqlite3

from bot.store.sql import versions
from bot.store.sqlite import pragmas, schema


def state(connection: sqlite3.Connection) -> versions.State:
    """What a store says of its schema."""
    try:
        applied = connection.execute(pragmas.MIGRATED).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):  # nothing of ours has been written yet
            return versions.State(schema.names())
        raise
    return versions.state(connection, schema.names(), tuple(name for (name,) in applied))


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a store up to date, and write down for older code whether it may still write it."""
    schema.migrate(connection)
    versions.note_oldest(connection, schema.names(), schema.OLDEST)
