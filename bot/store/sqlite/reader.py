"""Reads of the file: a reader of a write-ahead log sees the last commit before it began."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bot.store.sql import queries, reader
from bot.store.sqlite import pragmas


class Reader(reader.Reader):
    snapshot = queries.BEGIN_READING

    def sizes(self) -> Mapping[str, int]:
        database = Path(self.connection.execute(pragmas.FILE).fetchone()[2])
        log = database.with_name(database.name + "-wal")
        return {
            name: file.stat().st_size if file.exists() else 0
            for name, file in (("database", database), ("log", log))
        }
