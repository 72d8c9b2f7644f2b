"""A PostgreSQL database as one end of a copy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bot.source.database import shown
from bot.store import port
from bot.store.postgres import health, schema
from bot.store.postgres.connection import Connection
from bot.store.postgres.server import Store
from bot.store.postgres.writer import Writer
from bot.store.sql import queries, transfer
from bot.store.sql.transfer import TABLES, TransferFailed

LASTING = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0"
"""A large store takes minutes, in which this connection waits for the other end."""
COLUMNS = """
SELECT column_name, data_type FROM information_schema.columns
WHERE table_schema = current_schema() AND table_name = ? ORDER BY ordinal_position
"""
AUDIT_SEQUENCE = "audit.sequence"
"""Name in meta: the number of the newest entry of the audit log that there was."""
LAST_NUMBER = "SELECT pg_sequence_last_value(pg_get_serial_sequence(?, ?)::regclass)"
SET_NUMBER = "SELECT setval(pg_get_serial_sequence(?, ?)::regclass, CAST(? AS BIGINT), ? = 1)"
TYPES = {"bigint": "int8", "text": "text"}


class End:
    """``lease``: seconds after which a replica that gave no sign of life is dead."""

    own_names = (AUDIT_SEQUENCE,)

    def __init__(self, opened: Store, lease: float) -> None:
        assert opened.writer is not None
        assert isinstance(opened.writer.connection, Connection)
        self.writer: Writer = opened.writer
        self.connection = opened.writer.connection
        self.shown = shown(opened.url)
        self._lease = lease

    def begin(self) -> None:
        self.connection.script(LASTING)
        self.writer.take_lock(port.for_a_minute)
        names = health.living(self.connection, self._lease)
        if names:
            raise TransferFailed(f"bots run on {self.shown} ({', '.join(names)}): stop them first")

    def applied(self) -> tuple[str, ...]:
        return schema.applied(self.connection)

    def columns(self, table: str) -> tuple[str, ...]:
        return tuple(name for name, _ in self.connection.execute(COLUMNS, (table,)))

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        kinds = dict(self.connection.execute(COLUMNS, (table,)).fetchall())
        types = [TYPES[kinds[column]] for column in columns]
        yield from self.connection.rows(f"SELECT {', '.join(columns)} FROM {table}", types)

    def fill(self, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        self.connection.fill(table, ", ".join(columns), rows)

    def last_number(self, table: str) -> int:
        if table == "audit":
            row = self.connection.execute(queries.AUDIT_SEQUENCE).fetchone()
            return row[0] if row else 0
        row = self.connection.execute(LAST_NUMBER, (table, transfer.NUMBERED[table])).fetchone()
        return row[0] or 0

    def go_on_from(self, table: str, last: int) -> None:
        if table == "audit":
            self.connection.execute(queries.META_PUT, (AUDIT_SEQUENCE, str(last)))
            return
        values = (table, transfer.NUMBERED[table], max(last, 1), last > 0)
        self.connection.execute(SET_NUMBER, values)

    def finish(self) -> None:
        """Let the planner know how many rows there are now."""
        self.connection.script(f"ANALYZE {', '.join(TABLES)}")
