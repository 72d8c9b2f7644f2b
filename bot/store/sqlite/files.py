"""Opening the file: one writer per store, as many readers as wanted."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import IO

from bot.store import highwater, shared
from bot.store.port import Locked, Unusable
from bot.store.sqlite import foreign, pragmas, versions
from bot.store.sqlite.reader import Reader
from bot.store.sqlite.writer import Writer


def lock(path: Path) -> IO[bytes]:
    """Hold the lock file of a store while this process lives; a killed one lets go of it."""
    file = open(path.with_name(path.name + ".lock"), "ab")  # noqa: SIM115
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        file.close()
        raise Locked(f"another bot already runs on {path}") from fault
    return file


class Store:
    """One SQLite file. ``Store(path)`` creates and migrates it and keeps others from writing;
    ``Store(path, readonly=True)`` is for tools beside a running bot. ``mark``: the file of the
    high-water mark (None: beside the store). ``moved``: write it even if it was copied
    elsewhere."""

    def __init__(
        self,
        path: Path | str,
        readonly: bool = False,
        mark: Path | None = None,
        moved: bool = False,
    ) -> None:
        self.path, self._moved = Path(path), moved
        self._lock: IO[bytes] | None = None
        self._free: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self.writer: Writer | None = None
        if readonly:
            if not self.path.exists():
                raise FileNotFoundError(f"there is no store at {self.path}")
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = lock(self.path)
            self.writer = foreign.when_free(self._open_writer, file=str(self.path))
            keeper = highwater.Keeper(mark or highwater.place(self.path), self.writer)
            self.writer.keeper = keeper
        except BaseException as fault:
            if self._lock is not None:
                self._lock.close()
            if isinstance(fault, sqlite3.Error) and foreign.is_busy(fault):
                raise Unusable(
                    f"the store {self.path} cannot be used: another program holds its write lock. "
                    "`fuser` names who has the file open: end that, and start again"
                ) from fault
            if isinstance(fault, OSError | sqlite3.Error):
                raise Unusable(
                    f"the store {self.path} cannot be used: {fault}. Check that [bot] data is a "
                    "folder on a local disk with room, writable by this user, and that the file "
                    "is a database of this bot"
                ) from fault
            raise

    def _open_writer(self) -> Writer:
        descriptor = os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600)
        os.close(descriptor)
        connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        try:
            if not self.path.stat().st_size:
                connection.execute(pragmas.NEW_FILE)
            for pragma in pragmas.OPEN_WRITER:
                connection.execute(pragma).fetchall()
            state = versions.state(connection)
            why = state.newer if self._moved else state.refusal
            if why:
                raise Unusable(f"the store {self.path} cannot be used: {why}")
            versions.migrate(connection)
            return Writer(connection)
        except BaseException:
            connection.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """A reader of this store, on a connection that nobody else uses meanwhile."""
        with self._guard:
            connection = self._free.pop() if self._free else None
        if connection is None:
            connection = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode=ro",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
            )
            for pragma in pragmas.OPEN_READER:
                connection.execute(pragma).fetchall()
        try:
            yield Reader(connection)
        finally:
            with self._guard:
                self._free.append(connection)

    def listen(self, listener: shared.Listener) -> AbstractContextManager[None]:
        """Nobody else writes the file."""
        return nullcontext()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. The write-ahead log is copied back and removed."""
        with self._guard:
            while self._free:
                self._free.pop().close()
        if self.writer is not None:
            self.writer.close()
            self.writer = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def compact(path: Path) -> None:
    """Write a store anew without what nothing uses. Raises Locked, Unusable, Broken."""
    with Store(path) as opened:
        assert opened.writer is not None
        for statement in pragmas.COMPACT:
            opened.writer.connection.execute(statement).fetchall()
