"""The one connection that writes to the file."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime

from bot.store import port
from bot.store.sql import queries, writer
from bot.store.sqlite import foreign, pragmas, schema

IDLE = 0.05
JOBS_PER_CHECKPOINT = 4000
COMMIT_WEIGHS = 3
"""What a commit writes whatever it holds, counted in jobs. So the write-ahead log stays at some
seventy megabytes, however many jobs share a commit."""


class Writer(writer.Writer):
    newest = schema.names()[-1]
    integrity = sqlite3.IntegrityError

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self.close = connection.close
        self._uncopied = 0
        self._file: str = connection.execute(pragmas.FILE).fetchone()[2]

    def take_lock(self, goes_on: port.GoesOn) -> None:
        foreign.when_free(lambda: self.connection.execute(queries.BEGIN), goes_on, self._file)

    def commit(self) -> None:
        super().commit()
        self._uncopied += COMMIT_WEIGHS + self.jobs

    def time(self) -> datetime:
        return datetime.now(UTC)

    def renew(self) -> bool:
        """A file is not lost."""
        return False

    def is_broken(self, fault: BaseException) -> bool:
        of_event = sqlite3.IntegrityError | sqlite3.DataError | sqlite3.ProgrammingError
        return isinstance(fault, sqlite3.DatabaseError) and not isinstance(fault, of_event)

    def upkeep(self, idle: bool) -> float | None:
        """Copy what is committed from the write-ahead log into the database file, so that no commit
        does it; then let the mark follow."""
        if self._uncopied >= (1 if idle else JOBS_PER_CHECKPOINT):
            self.connection.execute(pragmas.CHECKPOINT).fetchall()
            self._uncopied = 0
        elif idle:
            self.finish()
        if self._uncopied:
            return IDLE
        return None if self.keeper is None else self.keeper.wait()

    @contextlib.contextmanager
    def overwriting(self) -> Iterator[None]:
        """Otherwise it stays in the file until its place is used again."""
        self.connection.execute(pragmas.OVERWRITE)
        try:
            yield
        finally:
            self.connection.execute(pragmas.OVERWRITE_NOT)

    def give_back(self, pages: int) -> int:
        if not self.connection.execute(pragmas.GIVES_BACK).fetchone()[0]:
            return 0
        for _ in range(min(pages, self.connection.execute(pragmas.FREE_PAGES).fetchone()[0])):
            self.connection.execute(pragmas.GIVE_BACK)
        free: int = self.connection.execute(pragmas.FREE_PAGES).fetchone()[0]
        return free
