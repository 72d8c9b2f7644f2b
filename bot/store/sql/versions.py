"""Which code may write a store: each store names the oldest schema whose code still may."""

from __future__ import annotations

from dataclasses import dataclass

from bot import release
from bot.store.sql import queries
from bot.store.sql.connection import Connection


@dataclass(frozen=True, slots=True)
class State:
    """The schemas of a store and of this program. ``known``: the migrations of this program, in
    order; ``applied``: the store's migrations, in order
    (none: it is no store, or an empty one); ``oldest`` and ``release``: the oldest schema whose
    code may write it, and the release that this came with ("": the store does not say); ``moved``:
    when and where it was copied to ("": it was not)."""

    known: tuple[str, ...]
    applied: tuple[str, ...] = ()
    oldest: str = ""
    release: str = ""
    moved: str = ""

    @property
    def pending(self) -> tuple[str, ...]:
        """What the next start of this program applies."""
        return tuple(name for name in self.known if name not in self.applied)

    @property
    def refusal(self) -> str:
        """Why this code must not write the store, and what to do; empty: it may."""
        return moved(self.moved) if self.moved else self.newer

    @property
    def newer(self) -> str:
        """Why this code is too old to write the store, and what to do; empty: it is not."""
        if self.moved:
            return ""
        known = self.known
        if self.oldest in known if self.oldest else set(self.applied) <= set(known):
            return ""
        needed = f"Countersign {self.release} or later" if self.release else "the release"
        needed += "" if self.release else " that wrote it"
        needs = f", with the schema {self.oldest} or later" if self.oldest else ""
        return (
            f"it was written by a newer release: use {needed}{needs}. This is "
            f"{release.version()}, which knows schemas up to {known[-1]} and would damage it. To "
            "go back for good, put back the backup made before the upgrade"
        )


def moved(where: str) -> str:
    """Why a store that was copied elsewhere is not written, and what to do."""
    return (
        f"it was copied to {where}, and what has happened since then is there. Let [bot] store "
        "name that place (leave it out for the SQLite file). To go on with this store on purpose, "
        "without what has happened there: `python -m bot store reopen`"
    )


def state(connection: Connection, known: tuple[str, ...], applied: tuple[str, ...]) -> State:
    """What a store says of its schema, to which the migrations ``applied`` were made."""
    oldest = connection.execute(queries.META, (queries.OLDEST_SCHEMA,)).fetchone()
    release_ = connection.execute(queries.META, (queries.OLDEST_RELEASE,)).fetchone()
    moved_ = connection.execute(queries.META, (queries.MOVED,)).fetchone()
    texts = (row[0] if row else "" for row in (oldest, release_, moved_))
    return State(known, applied, *texts)


def note_oldest(connection: Connection, known: tuple[str, ...], needed: str) -> None:
    """Write down for older code whether it may still write a store that is up to date: the schema
    ``needed`` is the oldest whose code may."""
    oldest = connection.execute(queries.META, (queries.OLDEST_SCHEMA,)).fetchone()
    if oldest is None or (oldest[0] in known and known.index(oldest[0]) < known.index(needed)):
        for name, value in (
            (queries.OLDEST_SCHEMA, needed),
            (queries.OLDEST_RELEASE, release.version()),
        ):
            connection.execute(queries.META_PUT, (name, value))
