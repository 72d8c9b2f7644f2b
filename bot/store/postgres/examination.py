"""Is a database whole? Everything that must hold in it, read as of one moment, without a write."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from bot.source.database import shown
from bot.store import highwater
from bot.store.postgres import schema, server
from bot.store.postgres.connection import Connection, Fault, Lost, OfStatement, Streaming
from bot.store.postgres.reader import Reader
from bot.store.sql import queries, transfer
from bot.store.sql.check import bodies, chain, freezes, invariants
from bot.store.sql.check.finding import Finding, Report
from bot.store.sql.versions import State

Check = Callable[[Connection], Iterator[Finding]]
LASTING = (("statement_timeout", "0"), ("idle_in_transaction_session_timeout", "0"))
OF_REQUESTS = ("votes", "steps", "results", "journal", "timers")
ORPHANS = """
SELECT DISTINCT request FROM {0} WHERE NOT EXISTS
    (SELECT 1 FROM requests WHERE requests.id = {0}.request)
"""
SHAPES = """
SELECT 'table ' || c.relname,
    CASE c.relpersistence WHEN 'u' THEN 'lost at a crash' ELSE 'logged' END
FROM pg_class AS c
WHERE c.relnamespace = {0} AND c.relkind = 'r'
UNION ALL
SELECT 'column ' || c.relname || '.' || a.attname,
    format_type(a.atttypid, a.atttypmod)
    || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
    || CASE a.attidentity WHEN '' THEN '' ELSE ' identity ' || a.attidentity::text END
    || COALESCE(' collate ' || (SELECT collname FROM pg_collation WHERE oid = a.attcollation), '')
    || COALESCE(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relnamespace = {0} AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'index ' || c.relname || '.' || i.relname,
    replace(pg_get_indexdef(i.oid), quote_ident(n.nspname) || '.', '')
FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid
JOIN pg_class AS c ON c.oid = x.indrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relnamespace = {0}
UNION ALL
SELECT 'constraint ' || c.relname || '.' || k.conname,
    replace(pg_get_constraintdef(k.oid), quote_ident(n.nspname) || '.', '')
FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relnamespace = {0} AND k.contype <> 'n'
UNION ALL
SELECT 'trigger ' || c.relname || '.' || t.tgname, pg_get_triggerdef(t.oid)
FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
WHERE c.relnamespace = {0} AND NOT t.tgisinternal
UNION ALL
SELECT 'rule ' || tablename || '.' || rulename, definition FROM pg_rules
WHERE schemaname = (SELECT nspname FROM pg_namespace WHERE oid = {0})
"""
"""Everything that the tables of a schema consist of."""
HERE, TEMPORARY = "current_schema()::regnamespace", "pg_my_temp_schema()"
MAKE = "BEGIN; SET LOCAL search_path TO pg_temp, public"
INVALID = """
SELECT c.relname, i.relname FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid
JOIN pg_class AS c ON c.oid = x.indrelid
WHERE c.relnamespace = current_schema()::regnamespace AND NOT (x.indisvalid AND x.indisready)
"""
LAST_NUMBER = "SELECT pg_sequence_last_value(pg_get_serial_sequence(?, ?)::regclass)"
PLACE = "SELECT to_regclass(?)"
ENCODING = "SELECT current_setting('server_encoding')"


def state(url: str) -> State:
    """The schemas of a store and of this program. Raises FileNotFoundError, and Fault where the
    database cannot be read."""
    with reading(url, Connection) as connection:
        if not schema.applied(connection):
            raise FileNotFoundError(f"there is no store in {shown(url)}")
        return server.state(connection)


def size(url: str) -> int:
    """The bytes that a database takes up."""
    with reading(url, Connection) as connection:
        return Reader(connection).sizes()["database"]


@contextlib.contextmanager
def reading(url: str, kind: type[Connection]) -> Iterator[Connection]:
    """A database for reading, as of one moment."""
    connection = kind(url, f"{server.NAME} reader", (*server.READING, *LASTING))
    with contextlib.closing(connection):
        connection.execute(Reader.snapshot)
        yield connection


def check(url: str, mark: Path | None = None) -> Report:
    """Examine a store, on which replicas may be working. ``mark``: the file of the high-water mark
    (None: it is not looked at). Raises FileNotFoundError, and Fault where it cannot be reached."""
    noted = highwater.read(mark) if mark is not None else None  # before the moment that is read
    with reading(url, Streaming) as connection:
        if not schema.applied(connection):
            raise FileNotFoundError(f"there is no store in {shown(url)}")
        schemas_ = server.state(connection)
        if schemas_.newer:
            return Report(schemas_, {}, (Finding("newer", "schema", schemas_.newer),))
        wanted = made(url, schemas_)
        parts: tuple[Check, ...] = (
            encoding,
            lambda each: differences(each, wanted, schemas_),
            invalid_indexes,
            orphans,
            *bodies.PARTS,
            chain.findings,
            freezes.findings,
            *invariants.PARTS,
            numbers,
            lambda each: chain.of_mark(each, noted),
        )
        pending = bool(schemas_.pending)
        findings = [each for part in parts for each in said(part, connection, pending)]
        return Report(schemas_, counts(connection), tuple(findings))


def said(part: Check, connection: Connection, pending: bool) -> Iterator[Finding]:
    """What one check says; a table that cannot be read is a finding, too. Where migrations are
    ``pending``, what reads the tables and columns that they bring says nothing: of those that
    should be there ``differences`` tells."""
    connection.script(queries.SAVEPOINT)
    try:
        yield from part(connection)
        connection.script(queries.RELEASE)
    except Lost:
        raise
    except Fault as fault:
        connection.script(queries.ROLLBACK_TO)
        if pending and isinstance(fault, OfStatement):
            return
        yield Finding("integrity", "database", str(fault))


def encoding(connection: Connection) -> Iterator[Finding]:
    name = connection.execute(ENCODING).fetchone()[0]
    if name != "UTF8":
        yield Finding("schema", "database", f"its encoding is {name}, and should be UTF8")


def made(url: str, state_: State) -> dict[str, str] | None:
    """What the migrations of a store make: they are made once more, in temporary tables that are
    gone at once. None: this user may not make any, or the database is a standby."""
    connection = Connection(url, f"{server.NAME} reader", LASTING)
    with contextlib.closing(connection):
        try:
            connection.script(MAKE)
            schema.make(connection, state_.applied)
        except Lost:
            raise
        except Fault:
            return None
        return shapes(connection, TEMPORARY)


def shapes(connection: Connection, namespace: str) -> dict[str, str]:
    rows = connection.execute(SHAPES.format(namespace).strip())
    return {name: shape.replace("pg_temp.", "") for name, shape in rows}


def differences(
    connection: Connection, wanted: dict[str, str] | None, state_: State
) -> Iterator[Finding]:
    """What differs from the tables and indexes that the store's migrations make. Those that a newer
    release added are its own, and so are tables of others in the same database."""
    known = [name for name in state_.known if name in state_.applied]
    if known != list(state_.known[: len(known)]):
        yield Finding("schema", "migrations", f"are not in order: {', '.join(state_.applied)}")
        return
    if wanted is None:
        return
    newer = len(state_.applied) > len(known)
    has = shapes(connection, HERE)
    tables = {name.removeprefix("table ") for name in wanted if name.startswith("table ")}
    for name, shape in wanted.items():
        if name not in has:
            yield Finding("schema", name, "is not there")
        elif has[name] != shape and not newer:
            yield Finding("schema", name, f"is {has[name]}, and should be {shape}")
    for name in has.keys() - wanted.keys() if not newer else ():
        if name.partition(" ")[2].partition(".")[0] in tables:
            yield Finding("schema", name, "should not be there")


def invalid_indexes(connection: Connection) -> Iterator[Finding]:
    for table, index in connection.execute(INVALID):
        detail = "was not finished, and nothing is found by it"
        yield Finding("index", f"index {table}.{index}", detail)


def orphans(connection: Connection) -> Iterator[Finding]:
    """Rows of requests that are not there."""
    for table in OF_REQUESTS:
        for (number,) in connection.execute(ORPHANS.format(table).strip()):
            detail = f"names request {number}, which is not there"
            yield Finding("reference", table, detail)


def numbers(connection: Connection) -> Iterator[Finding]:
    """A number that was given out is not given out again; ``invariants`` looks at the others."""
    for table, column in transfer.NUMBERED.items():
        there = connection.execute(PLACE, (table,)).fetchone()[0] is not None
        if table in ("audit", "bus") or not there:
            continue
        highest = connection.execute(transfer.HIGHEST.format(column, table)).fetchone()[0]
        last = connection.execute(LAST_NUMBER, (table, column)).fetchone()[0] or 0
        if highest > last:
            detail = f"numbers go on from {last}, and {highest} is there"
            yield Finding("counter", table, detail)


def counts(connection: Connection) -> dict[str, int]:
    """How many rows each table has; one that cannot be counted is left out."""
    rows = {}
    for table in transfer.TABLES:
        connection.script(queries.SAVEPOINT)
        try:
            rows[table] = connection.execute(transfer.COUNT.format(table)).fetchone()[0]
            connection.script(queries.RELEASE)
        except Fault:
            connection.script(queries.ROLLBACK_TO)
    return rows
