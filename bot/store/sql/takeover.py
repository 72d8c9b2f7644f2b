"""A store that is older than what was here before it is taken up and gone on with.

What happened since is unknown to it. So request numbers go on far from those that were given out in
the time that was lost, what was open is held, and calls that were to be made are only looked up.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bot import model
from bot.store import codec, highwater
from bot.store.sql import locks, lookups, queries, views
from bot.store.sql.connection import Connection
from bot.store.sql.store import Store
from bot.store.sql.writer import Writer

JUMP = 1000
"""So far ahead the numbers go on."""
HOLD = "restored"
HELD = (model.State.PLANNING, model.State.PENDING)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a store holds: the newest request's number, and the newest audit entry."""

    last_request: int
    seq: int
    hash: str

    @property
    def stamp(self) -> str:
        return f"{self.seq}:{self.hash}" if self.seq else "0"


def contents_of(connection: Connection) -> Contents:
    last = connection.execute(queries.REQUEST_LAST).fetchone()[0]
    floor = connection.execute(queries.META, (queries.REQUEST_FLOOR,)).fetchone()
    seq, hash_ = connection.execute(queries.AUDIT_LAST).fetchone() or (0, "")
    return Contents(max(last, int(floor[0]) if floor else 0), seq, hash_)


@dataclass(frozen=True, slots=True)
class Restored:
    """``contents`` is what was put back, ``kept`` where the replaced store is now (None: there was
    none), ``held`` how many requests wait for people, ``first`` the next request's number."""

    contents: Contents
    kept: Path | None
    held: int
    first: int


def take_up(
    writer: Writer, contents: Contents, before: Contents | None, actor: str, by: str, now: datetime
) -> tuple[int, int]:
    """Within a transaction: let a store that is older than what was before it be gone on with.
    ``by``: how that is known. Returns as ``prepare``."""
    last = max(contents.last_request, before.last_request if before else 0) + JUMP
    writer.number_from(last)
    held = hold(writer, now)
    look_up(writer.connection, codec.ms(now))
    writer.connection.execute(lookups.STANDING_REVOKE, ("countersign",))
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


def recognise(opened: Store, now: datetime) -> Restored | None:
    """Call before the store is used: is it older than what was here before, in whatever way it
    came back? Then it is taken up as ``restore`` would have done. None: it is the newest, or nobody
    can tell."""
    writer = opened.writer
    assert writer is not None
    assert writer.keeper is not None
    mark = highwater.read(writer.keeper.path)
    done = None
    if mark is not None and is_older(writer, mark):
        writer.begin()  # another replica that finds the same waits, and then finds it done
        contents = contents_of(writer.connection)
        if contents.seq and not is_known(writer.connection, mark):
            before = Contents(mark.last_request, mark.seq, mark.hash)
            held, first = take_up(writer, contents, before, "countersign", "mark", now)
            done = Restored(contents, None, held, first)
        writer.commit()
    writer.finish()
    return done


def take_for_old(opened: Store, now: datetime) -> Restored:
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


def is_known(connection: Connection, mark: highwater.Mark) -> bool:
    """Was a store that lacks what a mark names taken up as an older one since? Each replica has a
    mark, and one may have been away for long. What comes after a restore has higher numbers of
    requests."""
    row = connection.execute(queries.AUDIT_RESTORED).fetchone()
    if row is None:
        return False
    facts = json.loads(row[0])
    copied = int(facts["copy"].partition(":")[0])
    return copied < mark.seq and mark.last_request < facts["first"] - 1


def hold(writer: Writer, now: datetime) -> int:
    """Hold every request that was not decided yet, or that waited for its time; returns how
    many."""
    count = 0
    for request in views.all_open(writer.connection):
        waits = request.state in HELD or request.scheduled
        if waits and request.hold != HOLD:
            fresh = replace(request, hold=HOLD, version=request.version + 1)
            writer.put(request, fresh)
            locks.release(writer.connection, request.id, codec.ms(now), waiting=True)
            count += 1
    return count


def look_up(connection: Connection, now: int) -> None:
    """Let no start be sent that was to be: it may have been sent after the copy was made. What
    became of it is only looked up."""
    for id_, body in connection.execute(queries.STARTS_OPEN).fetchall():
        effect = codec.decode(codec.effect, body)
        assert isinstance(effect, model.StartRun)
        text = codec.encode(replace(effect, lookup=True))
        connection.execute(queries.START_IN_DOUBT, (text, now, now, id_))
