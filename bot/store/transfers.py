"""Copying a store between SQLite and PostgreSQL, and going on with one that was copied away."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.store import highwater, port
from bot.store.sql import takeover
from bot.store.sql import transfer as transfers
from bot.store.sql.transfer import TransferFailed, Transferred
from bot.store.sqlite import end as sqlite_end
from bot.store.sqlite import schema
from bot.store.sqlite.files import Store


@dataclass(frozen=True, slots=True)
class Place:
    """Where a store is, and the file of its high-water mark (None: beside the file of SQLite; none
    for a database)."""

    location: Path | str
    mark: Path | None = None


def transfer(source: Place, target: Place, now: datetime, lease: float) -> Transferred:
    """Copy a store from SQLite to PostgreSQL or back, into an empty place, while no bot runs on
    either. ``lease``: seconds after which a replica that gave no sign of life is dead. The source
    stays, and no bot starts on it any more. Raises TransferFailed, Locked, Unusable,
    FileNotFoundError where there is no source."""
    if isinstance(source.location, Path) == isinstance(target.location, Path):
        other = "`backup` and `restore` copy a file" if isinstance(source.location, Path) else ""
        raise TransferFailed(
            "this copies between SQLite and PostgreSQL: "
            f"{other or '`pg_dump` and `pg_restore` copy a database'}"
        )
    store_at(source.location)
    try:
        with end_of(source, lease) as old, end_of(target, lease) as new:
            done = transfers.transfer(old, new, now, schema.names())
            if new.writer.keeper is not None:
                with contextlib.suppress(OSError):  # the bot that starts on it writes it, too
                    highwater.write(new.writer.keeper.path, transfers.mark_of(new.connection))
            return done
    except (sqlite3.Error, port.StoreFault, OSError) as fault:
        raise TransferFailed(
            f"the copy was cut off, and is whole or not there: {fault}. Once that is mended, do it "
            "again"
        ) from fault


def store_at(location: Path | str) -> None:
    """Raises FileNotFoundError where there is no store."""
    if isinstance(location, Path):
        Store(location, readonly=True).close()
        return
    from bot.store.postgres import server

    server.Store(location, readonly=True).close()


def reopen(place: Place, actor: str, now: datetime, lease: float) -> takeover.Restored:
    """Let the bot go on with a store that was copied elsewhere, as with one that was restored: what
    is undecided is held, and nothing is started that was about to be. Raises TransferFailed where
    it was not copied or is in use, Locked, Unusable, FileNotFoundError."""
    store_at(place.location)
    try:
        with end_of(place, lease, moved=True) as end:
            end.begin()
            if not transfers.is_moved(end.connection):
                raise TransferFailed(f"{end.shown} was not copied elsewhere: the bot may use it")
            done = transfers.come_back(end.writer, actor, now, schema.names(), schema.OLDEST)
            end.writer.commit()
            return done
    except (sqlite3.Error, port.StoreFault) as fault:
        raise TransferFailed(f"the store could not be taken back: {fault}") from fault


def put_back(place: Place, actor: str, now: datetime, lease: float) -> takeover.Restored:
    """Let the bot go on with a database that was put back from a copy, as with a file that was
    restored. Raises TransferFailed where it is in use, Unusable, FileNotFoundError."""
    store_at(place.location)
    mark = highwater.read(place.mark) if place.mark is not None else None
    try:
        with end_of(place, lease) as end:
            end.begin()
            contents = takeover.contents_of(end.connection)
            before = takeover.Contents(mark.last_request, mark.seq, mark.hash) if mark else None
            held, first = takeover.take_up(end.writer, contents, before, actor, "restore", now)
            end.writer.commit()
            return takeover.Restored(contents, None, held, first)
    except (sqlite3.Error, port.StoreFault) as fault:
        raise TransferFailed(f"the store could not be taken up: {fault}") from fault


@contextlib.contextmanager
def end_of(place: Place, lease: float, moved: bool = False) -> Iterator[transfers.End]:
    """An end of a copy, on a store that is opened for that alone."""
    if isinstance(place.location, Path):
        with Store(place.location, mark=place.mark, moved=moved) as file:
            yield sqlite_end.End(file)
        return
    from bot.store.postgres import end, server

    with server.Store(place.location, mark=place.mark, moved=moved) as database:
        yield end.End(database, lease)
