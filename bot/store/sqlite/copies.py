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
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bot import audit, model
from bot.store import codec, highwater
from bot.store.sqlite import files, queries, versions, views
from bot.store.sqlite.reader import Reader
from bot.store.sqlite.writer import Writer

JUMP = 1000
"""So far ahead the numbers go on."""
HOLD = "restored"
HELD = (model.State.PLANNING, model.State.PENDING)
SIDES = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file."""


class CopyFailed(Exception):
    """The copy cannot be made or put back; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a store holds: the newest request's number, and the newest audit entry."""

    last_request: int
    seq: int
    hash: str

    @property
    def stamp(self) -> str:
        return f"{self.seq}:{self.hash}" if self.seq else "0"


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
        new.execute(queries.ONE_FILE).fetchall()


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
            said = [row[0] for row in connection.execute(queries.INTEGRITY).fetchmany(3)]
            if said != ["ok"]:
                raise CopyFailed(f"{path} is damaged: {'; '.join(map(str, said))}")
            faults = audit.verify(Reader(connection).chain(), Reader(connection).audit_head())
            if faults:
                one = faults[0]
                raise CopyFailed(
                    f"the audit log in {path} is not whole: entry {one.seq}: {one.kind}: "
                    f"{one.detail}"
                )
            return contents_of(connection)
        except sqlite3.Error as fault:
            raise CopyFailed(f"{path} is no store of this bot: {fault}") from fault


def contents_of(connection: sqlite3.Connection) -> Contents:
    last = connection.execute(queries.REQUEST_LAST).fetchone()[0]
    floor = connection.execute(queries.META, (queries.REQUEST_FLOOR,)).fetchone()
    seq, hash_ = connection.execute(queries.AUDIT_LAST).fetchone() or (0, "")
    return Contents(max(last, int(floor[0]) if floor else 0), seq, hash_)


# ----------------------------------------------------------------------------- putting one back


@dataclass(frozen=True, slots=True)
class Restored:
    """``contents`` is what was put back, ``kept`` where the replaced store is now (None: there was
    none), ``held`` how many requests wait for people, ``first`` the next request's number."""

    contents: Contents
    kept: Path | None
    held: int
    first: int


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
            return contents_of(connection)
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
        held, first = take_up(writer, contents, before, actor, "restore", now)
        writer.commit()
        connection.execute(queries.ONE_FILE).fetchall()
    return held, first


def take_up(
    writer: Writer, contents: Contents, before: Contents | None, actor: str, by: str, now: datetime
) -> tuple[int, int]:
    """Within a transaction: let a store that is older than what was before it be gone on with.
    ``by``: how that is known. Returns as ``prepare``."""
    last = max(contents.last_request, before.last_request if before else 0) + JUMP
    writer.number_from(last)
    held = hold(writer)
    look_up(writer.connection, codec.ms(now))
    facts = {
        "copy": contents.stamp,
        "replaced": before.stamp if before is not None else "",
        "held": held,
        "first": last + 1,
        "by": by,
    }
    entry = model.AuditEntry(actor=actor, action="store.restored", facts=facts)
    writer.append(entry, codec.ms(now))
    writer.connection.execute(queries.META_PUT, (queries.RESTORED, str(codec.ms(now))))
    return held, last + 1


def mark_anew(target: Path, path: Path) -> None:
    """Let the high-water mark name what is newest in the store that was put back. Where it cannot,
    the next start takes the store for an old one once more, and holds what is held already."""
    with opened(target) as connection:
        mark = Writer(connection).mark()
    with contextlib.suppress(OSError):
        highwater.write(path, mark)


# ----------------------------------------------------------------------------- one that came back


def recognise(opened: files.Store, now: datetime) -> Restored | None:
    """Call before the store is used: is it older than what was here before, in whatever way it
    came back? Then it is taken up as ``restore`` would have done. None: it is the newest, or nobody
    can tell."""
    writer = opened.writer
    assert writer is not None
    assert writer.keeper is not None
    mark = highwater.read(writer.keeper.path)
    contents = contents_of(writer.connection)
    done = None
    if mark is not None and contents.seq and is_older(writer, mark):
        before = Contents(mark.last_request, mark.seq, mark.hash)
        writer.begin()
        held, first = take_up(writer, contents, before, "countersign", "mark", now)
        writer.commit()
        done = Restored(contents, None, held, first)
    writer.finish()
    return done


def take_for_old(opened: files.Store, now: datetime) -> Restored:
    """Within a transaction: the cloud shows that more was done than the store knows of."""
    writer = opened.writer
    assert writer is not None
    contents = contents_of(writer.connection)
    held, first = take_up(writer, contents, None, "countersign", "cloud", now)
    return Restored(contents, None, held, first)


def is_older(writer: Writer, mark: highwater.Mark) -> bool:
    """Does a store lack the entry that the mark of its place names?"""
    row = writer.connection.execute(queries.AUDIT_HASH, (mark.seq,)).fetchone()
    return mark.seq > 0 and (row is None or row[0] != mark.hash)


def hold(writer: Writer) -> int:
    """Hold every request that was not decided yet; returns how many."""
    count = 0
    for request in views.all_open(writer.connection):
        if request.state in HELD and request.hold != HOLD:
            writer.put(request, replace(request, hold=HOLD, version=request.version + 1))
            count += 1
    return count


def look_up(connection: sqlite3.Connection, now: int) -> None:
    """Let no start be sent that was to be: it may have been sent after the copy was made. What
    became of it is only looked up."""
    for id_, body in connection.execute(queries.STARTS_OPEN).fetchall():
        effect = codec.decode(codec.effect, body)
        assert isinstance(effect, model.StartRun)
        text = codec.encode(replace(effect, lookup=True))
        connection.execute(queries.START_IN_DOUBT, (text, now, now, id_))


def swap(work: Path, target: Path, now: datetime) -> Path | None:
    """Put the new file in the old one's place, which is kept beside it under another name."""
    kept = None
    if target.exists():
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(target)) as old:
            old.execute(queries.CHECKPOINT_ALL).fetchall()
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
