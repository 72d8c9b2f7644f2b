"""Opening a database: one connection that writes, and as many readers as are wanted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from bot.source.database import shown
from bot.store import highwater, port, shared
from bot.store.port import Unusable
from bot.store.postgres import listening, schema
from bot.store.postgres.connection import Connection, Fault, Lost
from bot.store.postgres.reader import Reader
from bot.store.postgres.writer import WAIT, Writer, begin
from bot.store.sql import queries, versions
from bot.store.sqlite import schema as schemas

NAME = "countersign"
"""How the connections are called in ``pg_stat_activity``."""
FROZEN_AFTER = 5.0
"""Seconds after which the server ends a transaction whose client says nothing: a replica that was
stopped does not keep the others from writing."""
STATEMENT = "60s"
READING = (("default_transaction_read_only", "on"), ("statement_timeout", "300s"))
OLDEST = 140000
"""The oldest server, as ``server_version_num`` has it: 14."""
CANNOT_ENCODE = "the database's encoding is {}, and must be UTF8: create it with ENCODING 'UTF8'"


class Store:
    """One database. ``Store(url)`` creates and migrates the tables; ``Store(url, readonly=True)``
    only reads. ``mark``: the file of the high-water mark (None: none is kept). ``moved``: write it
    even if it was copied elsewhere."""

    def __init__(
        self, url: str, readonly: bool = False, mark: Path | None = None, moved: bool = False
    ) -> None:
        self.url, self._moved = url, moved
        self._free: list[Connection] = []
        self._guard = threading.Lock()
        self.writer: Writer | None = None
        try:
            if readonly:
                self._check_reading()
            else:
                self.writer = self._open_writer()
        except Lost as fault:
            raise Unusable(
                f"the database {shown(url)} cannot be reached: {fault}. Check [bot] store, the "
                "password, and that the server runs and lets this machine in"
            ) from fault
        except Fault as fault:
            raise Unusable(f"the database {shown(url)} cannot be used: {fault}") from fault
        if self.writer is not None and mark is not None:
            self.writer.keeper = highwater.Keeper(mark, self.writer)

    def _open_writer(self) -> Writer:
        settings = (
            ("lock_timeout", WAIT),
            ("statement_timeout", STATEMENT),
            ("idle_in_transaction_session_timeout", f"{FROZEN_AFTER:g}s"),
        )
        connection = Connection(self.url, NAME, settings)
        try:
            self._check(connection)
            begin(connection, port.for_a_minute)
            schemas_ = state(connection)
            why = schemas_.newer if self._moved else schemas_.refusal
            if why:
                raise Unusable(f"the store {shown(self.url)} cannot be used: {why}")
            schema.migrate(connection)
            versions.note_oldest(connection, schemas.names(), schemas.OLDEST)
            connection.execute(queries.COMMIT)
            return Writer(connection)
        except BaseException:
            connection.close()
            raise

    def _check(self, connection: Connection) -> None:
        version, encoding, sync = connection.execute(
            "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),"
            " current_setting('synchronous_commit')"
        ).fetchone()
        if version < OLDEST:
            raise Unusable(f"the server is of version {version // 10000}: use 14 or later")
        if encoding != "UTF8":
            raise Unusable(CANNOT_ENCODE.format(encoding))
        if sync == "off":  # what is committed must be on disk
            connection.execute("SET synchronous_commit = on")

    def _check_reading(self) -> None:
        with self.reading() as reader:
            empty = not schema.applied(reader.connection)
        if empty:
            self.close()
            raise FileNotFoundError(f"there is no store in {shown(self.url)}")

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """A reader of this store, on a connection that nobody else uses meanwhile."""
        with self._guard:
            connection = self._free.pop() if self._free else None
        if connection is None or connection.lost:
            connection = Connection(self.url, f"{NAME} reader", READING)
        try:
            yield Reader(connection)
        except BaseException:
            connection.close()
            if connection.lost:
                self._close_free()
            raise
        with self._guard:
            self._free.append(connection)

    def listen(self, listener: shared.Listener) -> AbstractContextManager[None]:
        assert self.writer is not None
        return listening.Listening(self.url, self.writer, listener)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _close_free(self) -> None:
        """End the connections that wait for a reader: what one met, the others will."""
        with self._guard:
            while self._free:
                self._free.pop().close()

    def close(self) -> None:
        self._close_free()
        if self.writer is not None:
            self.writer.close()
            self.writer = None


def state(connection: Connection) -> versions.State:
    """What a database says of its schema."""
    applied = schema.applied(connection)
    if not applied:
        return versions.State(schemas.names())
    return versions.state(connection, schemas.names(), applied)
