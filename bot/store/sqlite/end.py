"""An SQLite file as one end of a copy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bot.store import port
from bot.store.sqlite import pragmas
from bot.store.sqlite.files import Store
from bot.store.sqlite.writer import Writer


class End:
    """``opened`` holds the lock of the file, so no bot runs on it."""

    own_names = ()

    def __init__(self, opened: Store) -> None:
        assert opened.writer is not None
        self.writer: Writer = opened.writer
        self.connection = opened.writer.connection
        self.shown = str(opened.path)

    def begin(self) -> None:
        self.writer.take_lock(port.for_a_minute)

    def applied(self) -> tuple[str, ...]:
        return tuple(name for (name,) in self.connection.execute(pragmas.MIGRATED))

    def columns(self, table: str) -> tuple[str, ...]:
        return tuple(name for (name,) in self.connection.execute(pragmas.COLUMNS, (table,)))

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        yield from self.connection.execute(f"SELECT {', '.join(columns)} FROM {table}")

    def fill(self, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        names, places = ", ".join(columns), ", ".join("?" * len(columns))
        self.connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", rows)

    def last_number(self, table: str) -> int:
        row = self.connection.execute(pragmas.SEQUENCE, (table,)).fetchone()
        return int(row[0]) if row else 0

    def go_on_from(self, table: str, last: int) -> None:
        if self.connection.execute(pragmas.SEQUENCE_SET, (last, table)).rowcount == 0 and last:
            self.connection.execute(pragmas.SEQUENCE_PUT, (table, last))

    def finish(self) -> None:
        """Nothing."""
