"""The connection of a replica that writes.

One replica writes at a time: a transaction begins by taking a lock of the whole database that its
end lets go of. So what SQLite promises about the order of numbers, lanes and audit entries holds.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator

from bot.store import port
from bot.store.postgres import connection
from bot.store.sql import queries, writer

log = logging.getLogger(__name__)

LOCK = 0x436F756E74657273
"""The key of the advisory lock: "Counters" in ASCII."""
TAKE_LOCK = f"BEGIN; SELECT pg_advisory_xact_lock({LOCK})"
WAIT = "2s"
"""So long one try to take the lock lasts."""
EVERY = 10.0
"""Seconds after which the log tells again that the lock is held."""


class Writer(writer.Writer):
    integrity = connection.Integrity

    def __init__(self, opened: connection.Connection) -> None:
        super().__init__(opened)
        self._opened = opened

    def take_lock(self, goes_on: port.GoesOn) -> None:
        begun = warned = time.monotonic()
        while True:
            try:
                self._opened.script(TAKE_LOCK)
                return
            except connection.Lost:
                raise
            except connection.Fault as fault:
                self._opened.execute(queries.ROLLBACK)
                now = time.monotonic()
                if "lock timeout" not in str(fault) or not goes_on(now - begun):
                    raise
                if now - warned >= EVERY:
                    log.warning("another replica has been writing for %d s", now - begun)
                    warned = now

    def commit(self) -> None:
        if self.changes:
            self._opened.execute(connection.NOTIFY, (wake(self.changes),))
        super().commit()

    def is_broken(self, fault: BaseException) -> bool:
        of_event = connection.Integrity | connection.OfStatement
        return isinstance(fault, port.StoreFault) and not isinstance(fault, of_event)

    def renew(self) -> None:
        """Connect anew, and forget what was worked out of the transaction that was lost."""
        self._opened.renew()
        self._forget()

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

    def close(self) -> None:
        self._opened.close()


def wake(changes: port.Changes) -> str:
    """What other replicas are told of a commit: "e" effects were queued, "s" steps moved, "t" and
    milliseconds: a timer was put in."""
    words = ["e"] * changes.effects + ["s"] * changes.steps
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
        elif word[:1] == "t" and word[1:].isdecimal():
            changes.timer = int(word[1:])
    return changes
