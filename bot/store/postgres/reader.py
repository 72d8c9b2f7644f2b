"""Reads of the database."""

from __future__ import annotations

from collections.abc import Mapping

from bot.store.sql import reader


class Reader(reader.Reader):
    snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

    def sizes(self) -> Mapping[str, int]:
        row = self.connection.execute("SELECT pg_database_size(current_database())").fetchone()
        return {"database": row[0], "log": 0}
