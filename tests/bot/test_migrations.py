"""Migrations expand: the release before still reads and writes what this one has migrated. A kill
in the middle of one leaves a store that the next start brings up to date, whatever it was."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlite_utils

from bot import release, store
from bot.store.sqlite import schema
from tests.bot.test_retention import deaths

pytestmark = pytest.mark.sqlite("migrations of the file")

STORES = Path(__file__).parents[1] / "payloads" / "stores"
NAMES = schema.names()
FIRST_RELEASED = "m003_bus"


class Column(NamedTuple):
    name: str
    type: str
    needed: bool
    default: str | None
    key: int


class Table(NamedTuple):
    columns: dict[str, Column]
    unique: set[tuple[str, ...]]
    indexes: set[str]


def tables(connection: sqlite3.Connection) -> dict[str, Table]:
    """The tables with all that a statement may rely on."""
    made = {}
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%sqlite%'"
    for (table,) in connection.execute(query).fetchall():
        rows = connection.execute(f"PRAGMA table_info({table})").fetchall()
        columns = {row[1]: Column(row[1], row[2], bool(row[3]), row[4], row[5]) for row in rows}
        unique, indexes = set(), set()
        for _, index, is_unique, _, partial in connection.execute(f"PRAGMA index_list({table})"):
            parts = connection.execute(f"PRAGMA index_info({index})").fetchall()
            if is_unique and not partial:
                unique.add(tuple(part[2] for part in parts))
            elif is_unique:
                indexes.add(index)
        made[table] = Table(columns, unique, indexes)
    return made


def losses(before: dict[str, Table], after: dict[str, Table]) -> list[str]:
    """What statements of before can no longer rely on."""
    lost = []
    for name, old in before.items():
        new = after.get(name)
        if new is None:
            lost.append(f"the table {name} is gone")
            continue
        lost += [
            f"{name}.{column} was changed"
            for column, shape in old.columns.items()
            if new.columns.get(column) != shape
        ]
        lost += [
            f"{name}.{column} is needed and has no default"
            for column, shape in new.columns.items()
            if column not in old.columns and shape.needed and shape.default is None
        ]
        lost += [f"{name} is unique otherwise"] if new.unique != old.unique else []
        lost += [f"{name} has other unique indexes"] if new.indexes != old.indexes else []
    return lost


def test_a_migration_only_expands_unless_it_is_declared() -> None:
    """What takes something away comes a release after the code that does without it."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        db = sqlite_utils.Database(connection)
        before, takes = tables(connection), {}
        for name, after_it in zip(NAMES, (*NAMES[1:], None), strict=True):
            schema.migrations.apply(db, stop_before=after_it)
            after = tables(connection)
            if lost := losses(before, after):
                takes[name] = lost
            before = after
    assert takes.keys() == schema.CONTRACTS.keys(), takes
    for name, since in schema.CONTRACTS.items():
        older = [tuple(map(int, text.split("."))) for text in (since, release.version())]
        assert older[0] < older[1], f"{name} comes a release after {since}, at the earliest"
        assert NAMES.index(name) <= NAMES.index(schema.OLDEST), f"older code cannot use {name}"


def test_the_rule_sees_what_a_migration_takes_away() -> None:
    script = "CREATE TABLE t (a TEXT, b TEXT NOT NULL DEFAULT '', UNIQUE (a))"
    for change, lost in {
        "DROP TABLE t": "the table t is gone",
        "ALTER TABLE t DROP COLUMN b": "t.b was changed",
        "ALTER TABLE t RENAME COLUMN b TO c": "t.b was changed",
        "CREATE UNIQUE INDEX one ON t (b)": "t is unique otherwise",
        "CREATE UNIQUE INDEX one ON t (b) WHERE b <> ''": "t has other unique indexes",
        "ALTER TABLE t ADD COLUMN c TEXT NOT NULL DEFAULT ''": "",
        "CREATE INDEX one ON t (b)": "",
        "CREATE TABLE u (a TEXT NOT NULL)": "",
    }.items():
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute(script)
            before = tables(connection)
            connection.execute(change)
            assert losses(before, tables(connection)) == ([lost] if lost else []), change


STATEMENTS = sorted(STORES.glob("statements-*.json"))


@pytest.mark.parametrize("page", STATEMENTS, ids=lambda path: path.stem)
def test_statements_of_earlier_code_still_fit(page: Path, tmp_path: Path) -> None:
    """Every statement of the code of a schema that may still write the store."""
    with store.Store(tmp_path / "new.db") as opened:
        assert opened.writer is not None
        for name, query in json.loads(page.read_text("utf-8")).items():
            values = dict.fromkeys(re.findall(r":(\w+)", query), 0)
            numbered = max((int(word) for word in re.findall(r"\?(\d+)", query)), default=0)
            places = [0] * (numbered or query.count("?"))
            explained = opened.writer.connection.execute(f"EXPLAIN {query}", values or places)
            assert explained.fetchall(), name


@pytest.mark.parametrize("schema_", NAMES[NAMES.index(FIRST_RELEASED) :])
def test_a_store_of_every_schema_is_opened_and_whole(schema_: str, tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    later = (*NAMES, None)[NAMES.index(schema_) + 1]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript((STORES / "0.1.0.sql").read_text("utf-8"))
        schema.migrations.apply(sqlite_utils.Database(connection), stop_before=later)
    report = store.check(path)
    assert not report.findings
    assert report.versions.applied[-1] == schema_
    store.Store(path).close()
    report = store.check(path)
    assert not report.findings
    assert (report.versions.applied, report.rows["requests"]) == (NAMES, 19)


@pytest.mark.parametrize("step", [29, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("dump", sorted(STORES.glob("*.sql")), ids=lambda path: path.stem)
def test_a_kill_at_any_statement_of_a_migration_is_made_good(
    dump: Path, step: int, tmp_path: Path
) -> None:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(dump.read_text("utf-8"))
    assert deaths("migrate", path, step) > 60 / step
