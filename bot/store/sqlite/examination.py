"""Is a store whole? Everything that must hold in it, read as of one moment; nothing is written."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bot.store import highwater
from bot.store.sql import queries
from bot.store.sql.check import bodies, chain, freezes, invariants
from bot.store.sql.check.finding import Finding, Report
from bot.store.sql.versions import State
from bot.store.sqlite import pragmas, schema, tables, versions

__all__ = ["Finding", "Report", "check", "state"]

Check = Callable[[sqlite3.Connection], Iterator[Finding]]
OF_FILE: tuple[Check, ...] = (tables.integrity, tables.references, tables.schema_differences)
OF_CONTENT: tuple[Check, ...] = (
    bodies.findings, chain.findings, freezes.findings, invariants.findings,
)  # fmt: skip


def state(path: Path) -> State:
    """The schemas of a store and of this program. Raises FileNotFoundError, sqlite3.DatabaseError
    (it is no database, or a damaged one)."""
    with opened(path) as connection:
        return versions.state(connection)


def check(path: Path, mark: Path | None = None) -> Report:
    """Examine a store, which a bot may be using, or a copy of one. One that an earlier release
    wrote is brought up to date in a copy of its own for that. ``mark``: the file of the high-water
    mark (None: it is not looked at, as for a copy). Raises FileNotFoundError."""
    noted = highwater.read(mark) if mark is not None else None  # before the moment that is read
    try:
        with opened(path) as connection:
            schemas = versions.state(connection)
            if schemas.newer:
                return Report(schemas, {}, (Finding("newer", "schema", schemas.newer),))
            if not schemas.applied:
                return Report(schemas, {}, (Finding("file", str(path), "is no store of this bot"),))
            findings = [each for one in OF_FILE for each in _said(one, connection)]
            with up_to_date(connection, bool(schemas.pending)) as current:
                findings += [each for one in OF_CONTENT for each in _said(one, current)]
                findings += chain.of_mark(current, noted)
                return Report(schemas, tables.counts(current), tuple(findings))
    except sqlite3.DatabaseError as fault:
        return Report(State(schema.names()), {}, (Finding("file", str(path), str(fault)),))


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A store for reading, as of one moment. Raises FileNotFoundError."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no store at {path}")
    address = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(address, uri=True, isolation_level=None)
    with contextlib.closing(connection):
        for pragma in pragmas.OPEN_READER:
            connection.execute(pragma).fetchall()
        connection.execute(queries.BEGIN_READING)
        yield connection


@contextlib.contextmanager
def up_to_date(connection: sqlite3.Connection, pending: bool) -> Iterator[sqlite3.Connection]:
    """The store itself; or, where migrations are pending, a copy that has them."""
    if not pending:
        yield connection
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = sqlite3.connect(Path(folder) / "copy.db", isolation_level=None)
        with contextlib.closing(copy):
            connection.backup(copy)
            schema.migrate(copy)
            yield copy


def _said(one: Check, connection: sqlite3.Connection) -> Iterator[Finding]:
    """What one check says; a page or a table that cannot be read is a finding, too."""
    try:
        yield from one(connection)
    except sqlite3.DatabaseError as fault:
        yield Finding("integrity", one.__module__.rpartition(".")[2], str(fault))
