"""The file itself, and its tables as the migrations make them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

import sqlite_utils

from bot.store.sql.check import statements
from bot.store.sql.check.finding import Finding
from bot.store.sqlite import pragmas, schema, versions


def integrity(connection: sqlite3.Connection) -> Iterator[Finding]:
    """What SQLite itself finds wrong with pages, indexes and constraints."""
    for (said,) in connection.execute(pragmas.INTEGRITY):
        if said != "ok":
            yield Finding("integrity", "file", said)


def references(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Rows of requests that are not there."""
    for table, row, parent, _ in connection.execute(pragmas.REFERENCES):
        number = "" if row is None else f" row {row}"
        yield Finding("reference", f"{table}{number}", f"names a row of {parent} that is not there")


def schema_differences(connection: sqlite3.Connection) -> Iterator[Finding]:
    """What differs from the tables and indexes that the store's migrations make. Those that a newer
    release added are its own."""
    state = versions.state(connection)
    known = [name for name in state.known if name in state.applied]
    if known != list(state.known[: len(known)]):
        yield Finding("schema", "migrations", f"are not in order: {', '.join(state.applied)}")
        return
    newer = len(state.applied) > len(known)
    has, wanted = shapes(connection), made(state.pending[0] if state.pending else None)
    for name, shape in wanted.items():
        if name not in has:
            yield Finding("schema", name, "is not there")
        elif has[name] != shape and not newer:
            yield Finding("schema", name, f"is {has[name]}, and should be {shape}")
    for name in has.keys() - wanted.keys() if not newer else ():
        yield Finding("schema", name, "should not be there")


def made(stop_before: str | None) -> dict[str, str]:
    """The tables and indexes as the migrations make them, up to one."""
    fresh = sqlite3.connect(":memory:", isolation_level=None)
    try:
        schema.migrations.apply(sqlite_utils.Database(fresh), stop_before=stop_before)
        return shapes(fresh)
    finally:
        fresh.close()


def shapes(connection: sqlite3.Connection) -> dict[str, str]:
    """Tables, indexes, triggers and views by their names, each as its statement reads, whatever its
    quotes and spaces."""
    return {
        name: re.sub(r"\s+|[\"'`\[\]]", "", sql).lower()
        for name, sql in connection.execute(pragmas.SHAPES)
    }


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How many rows each table of this release has; one that cannot be counted is left out."""
    rows = {}
    for table, query in statements.COUNTS.items():
        try:
            rows[table] = connection.execute(query).fetchone()[0]
        except sqlite3.DatabaseError:
            continue
    return rows
