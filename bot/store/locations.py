"""What can be done with a store whichever database it is in, by its location."""

from __future__ import annotations

from pathlib import Path

from bot.store.sql.check.finding import Report
from bot.store.sql.store import Store
from bot.store.sql.versions import State
from bot.store.sqlite import examination, files, health

Location = Path | str
"""Where a store is: the file of SQLite, or the address of a PostgreSQL database."""
LEASE = 10.0


def opened(
    location: Location, readonly: bool = False, mark: Path | None = None, moved: bool = False
) -> Store:
    """Open a store; ``readonly`` is for tools beside a running bot. ``mark``: the file of its
    high-water mark (None: beside the file of SQLite; none is kept for a database). ``moved``: write
    it even if it was copied elsewhere. Raises Locked, Unusable, and FileNotFoundError if there is
    nothing to read."""
    if isinstance(location, Path):
        return files.Store(location, readonly, mark, moved)
    from bot.store.postgres import server

    return server.Store(location, readonly, mark, moved)


def state(location: Location) -> State:
    """The schemas of a store and of this program. Raises FileNotFoundError, Broken."""
    if isinstance(location, Path):
        return examination.state(location)
    from bot.store.postgres import examination as of_database

    return of_database.state(location)


def size(location: Location) -> int:
    """The bytes that a store takes up. Raises FileNotFoundError, Broken."""
    if isinstance(location, Path):
        return location.stat().st_size
    from bot.store.postgres import examination as of_database

    return of_database.size(location)


def check(location: Location, mark: Path | None = None) -> Report:
    """Examine a store, which a bot may be using, or a copy of one. ``mark``: the file of the
    high-water mark (None: it is not looked at, as for a copy). Raises FileNotFoundError, Broken."""
    if isinstance(location, Path):
        return examination.check(location, mark)
    from bot.store.postgres import examination as of_database

    return of_database.check(location, mark)


def in_use(location: Location, lease: float = LEASE) -> bool:
    """Does a bot work on a store? ``lease``: seconds after which a replica that gave no sign of
    life is dead."""
    if isinstance(location, Path):
        return health.in_use(location)
    from bot.store.postgres import health as of_database

    return of_database.in_use(location, lease)
