"""Which code may write a store: each store names the oldest schema whose code still may."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from bot import release
from bot.store.sqlite import queries, schema


@dataclass(frozen=True, slots=True)
class State:
    """The schemas of a store and of this program. ``applied``: the store's migrations, in order
    (none: it is no store, or an empty one); ``oldest`` and ``release``: the oldest schema whose
    code may write it, and the release that this came with ("": the store does not say)."""

    applied: tuple[str, ...] = ()
    oldest: str = ""
    release: str = ""

    @property
    def known(self) -> tuple[str, ...]:
        """The migrations of this program."""
        return schema.names()

    @property
    def pending(self) -> tuple[str, ...]:
        """What the next start of this program applies."""
        return tuple(name for name in self.known if name not in self.applied)

    @property
    def refusal(self) -> str:
        """Why this code must not write the store, and what to do; empty: it may."""
        known = self.known
        if self.oldest in known if self.oldest else set(self.applied) <= set(known):
            return ""
        needed = f"Countersign {self.release} or later" if self.release else "the release"
        needed += "" if self.release else " that wrote it"
        needs = f", with the schema {self.oldest} or later" if self.oldest else ""
        return (
            f"it was written by a newer release: use {needed}{needs}. This is "
            f"{release.version()}, which knows schemas up to {known[-1]} and would damage it. To "
            "go back for good, `restore` the backup made before the upgrade"
        )


def state(connection: sqlite3.Connection) -> State:
    """What a store says of its schema."""
    try:
        applied = connection.execute(queries.MIGRATED).fetchall()
        oldest = connection.execute(queries.META, (queries.OLDEST_SCHEMA,)).fetchone()
        release_ = connection.execute(queries.META, (queries.OLDEST_RELEASE,)).fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):  # nothing of ours has been written yet
            return State()
        raise
    names = tuple(name for (name,) in applied)
    return State(names, oldest[0] if oldest else "", release_[0] if release_ else "")


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
