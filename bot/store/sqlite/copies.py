"""A copy of a running store, and a store put back from one.

A copy is one file, whole as of one moment, and verified before it gets its name. Putting one back
turns the clock back: what happened since is unknown to it. So request numbers go on far from those
that were given out in the time that was lost, what was open is held, and calls that were to be made
are only looked up.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from bot import audit
from bot.store import highwater
from bot.store.sql import takeover
from bot.store.sql.takeover import Contents, Restored
from bot.store.sqlite import files, pragmas, versions
from bot.store.sqlite.reader import Reader
from bot.store.sqlite.writer import Writer

SIDES = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file."""


class CopyFailed(Exception):
    """The copy cannot be made or put back; the message says why and what to do."""


# ----------------------------------------------------------------------------- making one


def backup(source: Path, target: Path) -> Contents:
    """Copy a store, which may be in use, to a new file. Raises CopyFailed."""
    if not source.is_file():
        raise CopyFailed(f"there is no store at {source} yet: the bot has never run here")
    try:
        if target.exists() or target.is_symlink():
            raise CopyFailed(f"{target} is there already: name a file that is not")
        if not target.parent.is_dir():
            raise CopyFailed(f"there is no folder {target.parent}")
    except OSError as fault:
        raise CopyFailed(f"{target} can't be written: {fault.strerror}") from fault
    part = target.with_name(target.name + ".part")
    try:
        copy(source, part, used=True)
        contents = verified(part)
        sync(part)
        os.link(part, target)
        sync(target.parent)
        return contents
    except FileExistsError:
        raise CopyFailed(f"{target} is there already: name a file that is not") from None
    except (OSError, sqlite3.Error) as fault:
        raise CopyFailed(f"the store could not be copied to {target}: {fault}") from fault
    finally:
        erase(part)


def copy(source: Path, target: Path, used: bool = False) -> None:
    """Copy one database to another, as of one moment, into a file without any beside it. ``used``:
    a bot may be writing it."""
    erase(target)
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with opened(source, used) as old, contextlib.closing(sqlite3.connect(target)) as new:
        old.backup(new)
        new.execute(pragmas.ONE_FILE).fetchall()


@contextlib.contextmanager
def opened(path: Path, used: bool = False) -> Iterator[sqlite3.Connection]:
    """A database for reading. One that nobody uses, and that has no log beside it, is left
    untouched."""
    alone = not used and not path.with_name(path.name + "-wal").exists()
    mode = "mode=ro&immutable=1" if alone else "mode=ro"
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True)
    with contextlib.closing(connection):
        yield connection


def verified(path: Path) -> Contents:
    """What a copy holds. Raises CopyFailed where it is damaged, or its audit log is not whole."""
    with opened(path) as connection:
        try:
            said = [row[0] for row in connection.execute(pragmas.INTEGRITY).fetchmany(3)]
            if said != ["ok"]:
                raise CopyFailed(f"{path} is damaged: {'; '.join(map(str, said))}")
            faults = audit.verify(Reader(connection).chain(), Reader(connection).audit_head())
            if faults:
                one = faults[0]
                raise CopyFailed(
                    f"the audit log in {path} is not whole: entry {one.seq}: {one.kind}: "
                    f"{one.detail}"
                )
            return takeover.contents_of(connection)
        except sqlite3.Error as fault:
            raise CopyFailed(f"{path} is no store of this bot: {fault}") from fault


# ----------------------------------------------------------------------------- putting one back


def restore(
    source: Path, target: Path, actor: str, now: datetime, mark: Path | None = None
) -> Restored:
    """Put a copy in the place of a store that nobody uses. ``mark``: the file of its high-water
    mark (None: beside it). Raises CopyFailed, Locked."""
    if not source.is_file():
        raise CopyFailed(f"there is no file {source}")
    if target.exists() and source.samefile(target):
        raise CopyFailed(f"{source} is the store itself: name the copy that is to be put back")
    target.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(files.lock(target)):
        work = target.with_name(target.name + ".restoring")
        try:
            copy(source, work)
            contents = verified(work)
            known(work)
            before = contents_before(target)
            held, first = prepare(work, contents, before, actor, now)
            sync(work)
            kept = swap(work, target, now)
            mark_anew(target, mark or highwater.place(target))
            return Restored(contents, kept, held, first)
        except (OSError, sqlite3.Error, LookupError, ValueError) as fault:
            raise CopyFailed(f"{source} could not be put back: {fault}") from fault
        finally:
            erase(work)


def known(path: Path) -> None:
    """Raises CopyFailed for a store that a newer release wrote."""
    with opened(path) as connection:
        why = versions.state(connection).refusal
    if why:
        raise CopyFailed(f"{path} cannot be put back: {why}")


def contents_before(target: Path) -> Contents | None:
    """What the store holds that is replaced, as far as it can still be read."""
    try:
        with opened(target) as connection:
            return takeover.contents_of(connection)
    except sqlite3.Error:
        return None


def prepare(
    path: Path, contents: Contents, before: Contents | None, actor: str, now: datetime
) -> tuple[int, int]:
    """Make a copy fit to be gone on with. Returns how many requests are held, and the number that
    the next one gets."""
    connection = sqlite3.connect(path, isolation_level=None)
    with contextlib.closing(connection):
        versions.migrate(connection)
        writer = Writer(connection)
        writer.begin()
        held, first = takeover.take_up(writer, contents, before, actor, "restore", now)
        writer.commit()
        connection.execute(pragmas.ONE_FILE).fetchall()
    return held, first


def mark_anew(target: Path, path: Path) -> None:
    """Let the high-water mark name what is newest in the store that was put back. Where it cannot,
    the next start takes the store for an old one once more, and holds what is held already."""
    with opened(target) as connection:
        mark = Writer(connection).mark()
    with contextlib.suppress(OSError):
        highwater.write(path, mark)


def swap(work: Path, target: Path, now: datetime) -> Path | None:
    """Put the new file in the old one's place, which is kept beside it under another name."""
    kept = None
    if target.exists():
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(target)) as old:
            old.execute(pragmas.CHECKPOINT_ALL).fetchall()
        kept = free(target.with_name(f"{target.name}.replaced-{now:%Y%m%dT%H%M%S}"))
        os.link(target, kept)
        for side in SIDES:
            beside = target.with_name(target.name + side)
            if beside.exists():
                os.rename(beside, kept.with_name(kept.name + side))
    os.replace(work, target)
    sync(target.parent)
    return kept


def free(path: Path) -> Path:
    """A name like this one that nobody has."""
    number, candidate = 1, path
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.name}-{number}")
    return candidate


def sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def erase(path: Path) -> None:
    for side in ("", *SIDES):
        path.with_name(path.name + side).unlink(missing_ok=True)
