"""The two databases have the same tables, and every statement is understood by both and quick in
both."""

from __future__ import annotations

import dataclasses
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bot import store
from bot.store.postgres import dialect
from bot.store.sql import limits, locks, lookups, queries, reports, statements
from bot.store.sql.check import statements as checks
from tests import postgres as servers
from tests.bot import test_retention, test_store

pytestmark = pytest.mark.sqlite("brings both stores along")

OWN = ("_sqlite_migrations", "sqlite_sequence", "migrations")
"""Tables in which each of them notes its own."""
COLUMNS = """
SELECT a.attname, upper(format_type(a.atttypid, a.atttypmod)), a.attnotnull,
    pg_get_expr(d.adbin, d.adrelid), a.attidentity <> '', c.collname
FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
    LEFT JOIN pg_collation AS c ON c.oid = a.attcollation
WHERE a.attrelid = %s::regclass AND a.attnum > 0
"""
KEYS = """
SELECT contype, array(SELECT attname FROM unnest(conkey) WITH ORDINALITY AS k (n, o)
    JOIN pg_attribute ON attrelid = conrelid AND attnum = n ORDER BY o)
FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('p', 'u', 'f')
"""
INDEXES = """
SELECT c.relname, replace(pg_get_indexdef(c.oid), ' ' || c.relname || ' ', ' ')
FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE i.indrelid = %s::regclass
    AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = i.indexrelid)
"""
Driver = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def server(postgres: servers.Server) -> Iterator[Driver]:
    """A database with the tables, in which nothing is committed."""
    with postgres.database() as url:
        store.opened(url).close()
        with psycopg.connect(url) as driver:
            yield driver
            driver.rollback()


@pytest.fixture
def driver(server: Driver) -> Iterator[Driver]:
    with server.transaction(force_rollback=True):
        yield server


@pytest.fixture
def file(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    store.Store(tmp_path / "store.db").close()
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        yield connection


def tables(file: sqlite3.Connection) -> list[str]:
    rows = file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return sorted(name for (name,) in rows if name not in OWN)


# ----------------------------------------------------------------------------- the tables


def test_the_tables_have_the_same_names(file: sqlite3.Connection, driver: Driver) -> None:
    query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    rows = driver.execute(query).fetchall()
    assert sorted(name for (name,) in rows if name not in OWN) == tables(file)


def test_the_columns_are_the_same(file: sqlite3.Connection, driver: Driver) -> None:
    for table in tables(file):
        expected, actual = {}, {}
        for _, name, kind, needed, default, key in file.execute(f"PRAGMA table_info({table})"):
            type_ = {"INTEGER": "BIGINT"}.get(kind, kind)
            expected[name] = (type_, bool(needed or key), default)
        for name, type_, needed, default, numbered, collation in driver.execute(COLUMNS, [table]):
            actual[name] = (type_, needed, default and default.removesuffix("::text"))
            assert collation == ("C" if type_ == "TEXT" else None), (table, name)
            if numbered:  # SQLite numbers the rows of every such table
                assert expected[name][0] == "BIGINT"
        assert actual == expected, table


def test_the_keys_are_the_same(file: sqlite3.Connection, driver: Driver) -> None:
    for table in tables(file):
        rows = file.execute(f"PRAGMA table_info({table})").fetchall()
        key = sorted((row[5], row[1]) for row in rows if row[5])
        expected = {("p", tuple(name for _, name in key))} if key else set()
        for _, index, unique, origin, _ in file.execute(f"PRAGMA index_list({table})").fetchall():
            if unique and origin == "u":
                parts = file.execute(f"PRAGMA index_info({index})").fetchall()
                expected.add(("u", tuple(part[2] for part in parts)))
        for row in file.execute(f"PRAGMA foreign_key_list({table})"):
            expected.add(("f", (row[3],)))
        actual = {(kind, tuple(names)) for kind, names in driver.execute(KEYS, [table])}
        assert actual == expected, table


def test_the_indexes_are_the_same(file: sqlite3.Connection, driver: Driver) -> None:
    """PostgreSQL is given those of SQLite, too, and tells of either in its own words."""
    for table in tables(file):
        actual = dict(driver.execute(INDEXES, [table]).fetchall())
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ?"
        made = file.execute(f"{query} AND sql IS NOT NULL", (table,)).fetchall()
        assert sorted(actual) == sorted(name for name, _ in made), table
        for name, text in made:
            text = dialect.statement(text.replace(name, "twin", 1)).text
            driver.execute(text.replace(dialect.APPROVE, f"({dialect.APPROVE})").replace("%%", "%"))
            assert dict(driver.execute(INDEXES, [table]).fetchall())["twin"] == actual[name], name
            driver.execute("DROP INDEX twin")


# ----------------------------------------------------------------------------- the statements


def named() -> dict[str, str]:
    """All statements, by the names they have."""
    texts: dict[str, object] = {}
    for module in (queries, limits, lookups, statements, checks):
        for name, value in vars(module).items():
            where = f"{module.__name__.removeprefix('bot.store.sql.')}.{name}"
            if isinstance(value, dict):
                texts |= {f"{where} {key}": text for key, text in value.items()}
            elif dataclasses.is_dataclass(value) and not isinstance(value, type):
                texts |= {f"{where} {key}": text for key, text in vars_of(value).items()}
            else:
                texts[where] = value
    begins = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH) ")
    return {key: one for key, one in texts.items() if isinstance(one, str) and begins.match(one)}


def vars_of(value: Any) -> dict[str, object]:
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def numbered(sql: str) -> str:
    """A statement as PostgreSQL itself reads it, its values by their numbers."""
    order: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        name = match[1] or str(len(order))
        if name not in order:
            order.append(name)
        return f"${order.index(name) + 1}"

    text = re.sub(r"%%|%s|%\((\w+)\)s", number, dialect.statement(sql).text)
    return text.replace("GREATEST($1,", "GREATEST($1::bigint,")  # as its value is one


def test_both_understand_every_statement(file: sqlite3.Connection, driver: Driver) -> None:
    """And give as many columns."""
    wrong = {}
    for name, sql in named().items():
        names = dict.fromkeys(re.findall(r":([a-z]\w*)", sql), 0)
        most = max((int(word) for word in re.findall(r"\?(\d+)", sql)), default=sql.count("?"))
        selected = file.execute(sql, names or [0] * most).description
        with driver.transaction(force_rollback=True):
            prepared = driver.pgconn.prepare(b"", numbered(sql).encode())
            columns = driver.pgconn.describe_prepared(b"").nfields
            if prepared.error_message or columns != len(selected or ()):
                wrong[name] = prepared.error_message or f"{columns} columns"
    assert not wrong


# ----------------------------------------------------------------------------- how they are found

ROWS = 10_000
FEW = "CASE WHEN n % 100 = 0 THEN {} ELSE {} END"
FILLED = {
    "requests": {"id": "n", "state": FEW.format("'pending'", "'succeeded'"), "created_at": "n",
                 "person": "'p' || n % 50", "command": "'c' || n % 9", "message": "'m' || n",
                 "card": "'card' || n", "form_instance": "''", "card_alias": "''"},
    "events": {"id": "'e' || n", "at": "n"},
    "asks": {"person": "'p' || n % 50", "at": "n", "event": "'e' || n"},
    "votes": {"request": "n", "person": "'p' || n % 50", "body": "'{\"approve\": true}'"},
    "steps": {"request": "n", "state": FEW.format("'running'", "'ended'"),
              "invocation": "'i' || n"},
    "results": {"request": "n", "instance": "'i'"},
    "journal": {"request": "n / 4 + 1", "seq": "n % 4", "key": "n"},
    "outbox": {"id": "n", "key": "'deliver:' || n", "lane": "'l' || n", "request": "n",
               "state": FEW.format("'queued'", "'done'"), "bucket": "'b' || n % 3", "due_at": "n",
               "kind": "'deliver'", "claimed_at": "n", "parts": "''"},
    "timers": {"request": "n", "due_at": "n"},
    "bus": {"seq": "n", "source": "'s'", "id": "n", "mark": "''", "at": "n"},
    "audit": {"seq": "n", "request": "n", "at": "n"},
    "audit_texts": {"seq": "n"},
    "request_instances": {"instance": "'web-' || n", "request": "n"},
    "form_links": {"original": "n"},
    "freezes": {"request": "n", "until": "n", "scope": "'[]'"},
    "standing": {"request": "n", "command": "'c' || n % 9", "until": "n",
                 "revoked_by": FEW.format("''", "'p'")},
}  # fmt: skip
NO_VALUE = {"BIGINT": "0", "TEXT": "'x'"}


def fill(driver: Driver) -> None:
    """Rows as of a store that has been used for a while."""
    for table, given in FILLED.items():
        columns = {row[0]: NO_VALUE[row[1]] for row in driver.execute(COLUMNS, [table])} | given
        values = ", ".join(columns.values())
        driver.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) "
            f"SELECT {values} FROM generate_series(1, {ROWS}) AS n".encode()
        )
        driver.execute(f"ANALYZE {table}".encode())


def nodes(plan: dict[str, Any], limited: bool = False) -> Iterator[tuple[dict[str, Any], bool]]:
    """The nodes of a plan, and whether a limit is above."""
    yield plan, limited
    for below in plan.get("Plans", ()):
        yield from nodes(below, limited or plan["Node Type"] == "Limit")


def test_no_statement_of_the_daily_work_reads_a_whole_table(driver: Driver) -> None:
    """Whatever the values are, as a plan may be made once for all; what limits is small."""
    if driver.info.server_version < 160000:
        pytest.skip("the server cannot explain a plan without values")
    fill(driver)
    driver.execute("SET LOCAL enable_seqscan = off")
    partial = "SELECT relname FROM pg_index JOIN pg_class ON oid = indexrelid WHERE indpred NOTNULL"
    partials = {row[0] for row in driver.execute(partial)}
    wrong = {}
    for name in sorted({*test_store.INDEXED, *test_retention.INDEXED}):
        places = (queries, limits, lookups, reports, statements, locks)
        (module,) = [one for one in places if hasattr(one, name)]
        statement = re.sub(r"LIMIT \$\d+", "LIMIT 50", numbered(getattr(module, name)))
        query = f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {statement}"
        result = driver.pgconn.exec_(query.encode())
        assert not result.error_message, (name, result.error_message)
        content = result.get_value(0, 0)
        assert content is not None
        for node, limited in nodes(json.loads(content)[0]["Plan"]):
            whole = "Index Name" in node and node["Index Name"] not in partials
            whole = whole and not limited and "Index Cond" not in node
            if whole or node["Node Type"] == "Seq Scan":
                wrong[name] = node
    assert not wrong
