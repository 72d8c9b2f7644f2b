"""Which code may write a store: each store names the oldest schema whose code still may."""

from __future__ import annotations

import sqlite3

from bot import release
from bot.store.sqlite import queries, schema


def refusal(connection: sqlite3.Connection) -> str:
    """Why this code must not write a store, and what to do; empty: it may."""
    try:
        applied = {row[0] for row in connection.execute(queries.MIGRATED).fetchall()}
        oldest = connection.execute(queries.META, (queries.OLDEST_SCHEMA,)).fetchone()
        release_ = connection.execute(queries.META, (queries.OLDEST_RELEASE,)).fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):  # nothing of ours has been written yet
            return ""
        raise
    known = schema.names()
    if oldest[0] in known if oldest else applied <= set(known):
        return ""
    needed = f"Countersign {release_[0]} or later" if release_ else "the release that wrote it"
    needs = f", with the schema {oldest[0]} or later" if oldest else ""
    return (
        f"it was written by a newer release: use {needed}{needs}. This is {release.version()}, "
        f"which knows schemas up to {known[-1]} and would damage it. To go back for good, "
        "`restore` the backup made before the upgrade"
    )


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a store up to date, and write down for older code whether it may still write it."""
    schema.migrate(connection)
    known = schema.names()
    oldest = connection.execute(queries.META, (queries.OLDEST_SCHEMA,)).fetchone()
    if oldest is None or (
        oldest[0] in known and known.index(oldest[0]) < known.index(schema.OLDEST)
    ):
        for name, value in (
            (queries.OLDEST_SCHEMA, schema.OLDEST),
            (queries.OLDEST_RELEASE, release.version()),
        ):
            connection.execute(queries.META_PUT, (name, value))
