"""The connection of a replica that writes.

One replica writes at a time: a transaction begins by taking a lock of the whole database that its
end lets go of. So what SQLite promises about the order of numbers, lanes and audit entries holds.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from bot.store import codec, port
from bot.store.postgres import connection
from bot.store.sql import queries, writer
from bot.store.sqlite import schema

log = logging.getLogger(__name__)

LOCK = 0x436F756E74657273
"""The key of the advisory lock: "Counters" in ASCII."""
TAKE_LOCK = f"BEGIN; SELECT pg_advisory_xact_lock({LOCK})"
COMMITTED = "commit:"
"""Names in meta: which transaction of a process was the last to reach the disk."""
WAIT = "2s"
"""So long one try to take the lock lasts."""
EVERY = 10.0
"""Seconds after which the log tells again that the lock is held."""
TIME = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
STUCK_AFTER = 30.0
"""Seconds after which a holder of the lock is ended whose program neither reads nor writes."""
END_STUCK = f"""
SELECT pg_terminate_backend(a.pid) FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.database = (
        SELECT oid FROM pg_database WHERE datname = current_database()
    )
    AND l.classid = {LOCK >> 32} AND l.objid = {LOCK & 0xFFFFFFFF} AND l.objsubid = 1
    AND a.usename = current_user AND a.wait_event_type = 'Client'
    AND clock_timestamp() - a.xact_start > make_interval(secs => ?)
"""


def begin(opened: connection.Connection, goes_on: port.GoesOn) -> None:
    """Begin a transaction with the lock, waiting for it as long as ``goes_on`` says."""
    begun = warned = time.monotonic()
    while True:
        try:
            opened.script(TAKE_LOCK)
            return
        except connection.Busy:
            opened.execute(queries.ROLLBACK)
            now = time.monotonic()
            if not goes_on(now - begun):
                raise
            if now - warned >= EVERY:
                log.warning("another replica has been writing for %d s", now - begun)
                warned = now
            if now - begun >= STUCK_AFTER:
                _end_stuck(opened)


def _end_stuck(opened: connection.Connection) -> None:
    """End the session of a replica that was stopped in the middle of a transaction, where the
    server cannot notice that by itself: it waits for that replica to read."""
    if opened.execute(END_STUCK, (STUCK_AFTER,)).fetchall():
        log.warning("a replica that had stopped in the middle of a transaction was cut off")


class Writer(writer.Writer):
    newest = schema.names()[-1]
    integrity = connection.Integrity

    def __init__(self, opened: connection.Connection) -> None:
        super().__init__(opened)
        self._opened = opened
        self._committed = self._seq, self._hash
        self._name = f"{COMMITTED}{secrets.token_hex(8)}"
        self._transaction = ""
        self._committing = False

    def take_lock(self, goes_on: port.GoesOn) -> None:
        self._committing = self._opened.written = False
        begin(self._opened, goes_on)

    def commit(self) -> None:
        if self.changes:
            self._opened.execute(connection.NOTIFY, (wake(self.changes),))
        if self._opened.written:
            self._note()
        super().commit()
        self._committed = self._seq, self._hash
        self._committing = False

    def _note(self) -> None:
        """Have a row by which this transaction is known again, if nobody answers its commit."""
        self._transaction = f"{codec.ms(datetime.now(UTC))}:{secrets.token_hex(8)}"
        self._opened.execute(queries.META_PUT, (self._name, self._transaction))
        self._committing = True

    def is_broken(self, fault: BaseException) -> bool:
        of_event = connection.Integrity | connection.OfStatement
        return isinstance(fault, port.StoreFault) and not isinstance(fault, of_event)

    def renew(self) -> bool:
        """Connect anew, and forget what was worked out of the transaction that was lost. Raises
        Lost, and Unusable for a database that lacks what was committed: it is an older copy, or a
        standby that had not been told yet."""
        self._opened.renew()
        done = self._committing and self._landed()
        self._head_dirty = False
        self._forget()
        seq, hash_ = self._committed
        row = self._opened.execute(queries.AUDIT_HASH, (seq,)).fetchone()
        if seq and (row is None or row[0] != hash_):
            raise port.Unusable(
                f"the database lacks audit entry {seq}, which it had: it was put back, or a "
                "standby took over without the last commits. The next start takes it up as "
                "`restore` does: what was undecided is held, and people are told"
            )
        self._committing = False
        return done

    def _landed(self) -> bool:
        """Is the transaction whose commit nobody answered in the store? It has ended once its lock
        is free. Raises Lost where it has not."""
        try:
            self._opened.script(TAKE_LOCK)
            row = self._opened.execute(queries.META, (self._name,)).fetchone()
            self._opened.execute(queries.ROLLBACK)
        except connection.Fault as fault:
            raise connection.Lost(
                f"whether the last commit arrived is not known: {fault}"
            ) from fault
        return row is not None and row[0] == self._transaction

    def time(self) -> datetime:
        shown: int = self._opened.execute(TIME).fetchone()[0]
        return codec.at(shown)

    def upkeep(self, idle: bool) -> float | None:
        """The server keeps its files in shape by itself; the mark follows."""
        if idle:
            self.finish()
        return None if self.keeper is None else self.keeper.wait()

    @contextlib.contextmanager
    def overwriting(self) -> Iterator[None]:
        """The server's vacuum frees the room of what was deleted, and it is written over later."""
        yield

    def give_back(self, pages: int) -> int:
        return 0

    @property
    def session(self) -> int:
        """By which number the server knows the connection."""
        return self._opened.session

    def close(self) -> None:
        self._opened.close()


def wake(changes: port.Changes) -> str:
    """What other replicas are told of a commit: "e" effects were queued, "s" steps moved, "c"
    another configuration is in use, "h" something has ended at the far end, "t" and milliseconds: a
    timer was put in."""
    words = ["e"] * changes.effects + ["s"] * changes.steps
    words += ["c"] * changes.configuration + ["h"] * changes.hurry
    if changes.timer is not None:
        words.append(f"t{changes.timer}")
    return " ".join(words)


def changes_of(text: str) -> port.Changes:
    """What ``wake`` told; words of later releases are passed over."""
    changes = port.Changes()
    for word in text.split():
        if word == "e":
            changes.effects = True
        elif word == "s":
            changes.steps = True
        elif word == "c":
            changes.configuration = True
        elif word == "h":
            changes.hurry = True
        elif word[:1] == "t" and word[1:].isdecimal():
            changes.timer = int(word[1:])
    return changes
