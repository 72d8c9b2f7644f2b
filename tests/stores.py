"""The stores of tests: files of SQLite, or databases of PostgreSQL where ``COUNTERSIGN_TEST_STORE``
is ``postgres``. What a test calls a path is then a name: the same one is the same database. So many
bots share it as ``COUNTERSIGN_TEST_REPLICAS`` says."""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import functools
import json
import os
import shutil
import sqlite3
import sys
import types
from collections.abc import Iterator
from pathlib import Path

from bot import config, store
from bot.store import sqlite
from bot.store.sql import queries
from bot.store.sql.check import bodies, chain, invariants
from bot.store.sql.connection import Connection
from bot.store.sql.writer import Writer
from tests import postgres

INHERITED = "COUNTERSIGN_TEST_DATABASES"
"""The databases of this test, for the processes that it starts."""
REPLICAS = int(os.environ.get("COUNTERSIGN_TEST_REPLICAS", "1"))
POSTGRES = REPLICAS > 1 or os.environ.get("COUNTERSIGN_TEST_STORE", "") == "postgres"


def opened(path: Path, readonly: bool = False) -> store.sql.store.Store:
    """The store that tests know by a path."""
    return store.opened(location(path), readonly)


def location(path: Path) -> store.Location:
    """Where the store is."""
    return database(path) if in_database(path) else path


def in_database(path: Path) -> bool:
    """Is the store by this name in a database?"""
    return POSTGRES or path in _databases


@contextlib.contextmanager
def placed(path: Path, url: str) -> Iterator[None]:
    """The store by this name is in that database, whichever the tests run on."""
    _databases[path] = url
    try:
        yield
    finally:
        _databases.pop(path, None)


@contextlib.contextmanager
def beside(path: Path) -> Iterator[Writer]:
    """The writer of another process on a store that is open."""
    if POSTGRES:
        with opened(path) as other:
            assert other.writer is not None
            yield other.writer
        return
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as file:
        yield sqlite.writer.Writer(file)


@contextlib.contextmanager
def altering(path: Path) -> Iterator[Connection]:
    """A connection past the bot, for what somebody does who can write to the store. Each statement
    is a transaction of its own."""
    if in_database(path):
        from bot.store.postgres import connection

        with contextlib.closing(connection.Connection(database(path), "test")) as own:
            yield own
        return
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as file:
        yield file


def rows(path: Path, sql: str, *values: object) -> list[tuple[object, ...]]:
    """What a statement selects in a store."""
    with altering(path) as connection:
        return connection.execute(sql, values).fetchall()


def copied(source: Path, target: Path, *, lasting: bool = False) -> None:
    """Make ``target`` the same store as ``source``, which nobody has open where it is a database.
    ``lasting``: it outlives the test."""
    if POSTGRES:
        where, names = (_session, _lasting) if lasting else (_test, _databases)
        names[target] = where.enter_context(server().copy(database(source)))
        return
    with (
        contextlib.closing(sqlite3.connect(source)) as old,
        contextlib.closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)


def dump(path: Path) -> dict[str, str]:
    """All rows, by table."""
    names = (
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        if POSTGRES
        else "SELECT name FROM sqlite_schema WHERE type = 'table'"
    )
    with altering(path) as connection:
        return {
            table: str(sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr))
            for (table,) in connection.execute(names).fetchall()
        }


def findings(path: Path) -> list[store.Finding]:
    """What is wrong with what a store holds."""
    if not POSTGRES:
        return list(store.check(path).findings)
    with opened(path, readonly=True) as store_, store_.reading() as reader:
        reader.connection.execute(reader.snapshot)
        parts = (bodies.findings, chain.findings, invariants.findings)
        found = [each for part in parts for each in part(reader.connection)]
        reader.connection.execute(queries.ROLLBACK)
        return found


@functools.cache
def used_by(module: types.ModuleType) -> bool:
    """Do tests of a module have these stores, by whatever modules of tests it imports?"""
    seen, rest = {module}, [module]
    while rest:
        for value in vars(rest.pop()).values():
            name = getattr(value, "__module__", None) or getattr(value, "__name__", "")
            one = sys.modules.get(name) if isinstance(name, str) else None
            if one is not None and one not in seen and one.__name__.startswith("tests"):
                seen.add(one)
                rest.append(one)
    return sys.modules[__name__] in seen


_session, _test = contextlib.ExitStack(), contextlib.ExitStack()
_databases = {Path(name): url for name, url in json.loads(os.environ.get(INHERITED, "{}")).items()}
_lasting: dict[Path, str] = {}
atexit.register(_session.close)


@functools.cache
def server() -> postgres.Server:
    """The server of this session."""
    key = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    return _session.enter_context(postgres.shared(key))


def database(path: Path) -> str:
    """The address of the database by a name, which has the tables already."""
    if path in _lasting:
        return _lasting[path]
    if path not in _databases:
        server().template("store", lambda url: store.opened(url).close())
        _databases[path] = _test.enter_context(server().database("store"))
        os.environ[INHERITED] = json.dumps({str(name): url for name, url in _databases.items()})
    return _databases[path]


def clear() -> None:
    """A test is over: drop its databases."""
    _databases.clear()
    _test.close()


def share(path: Path) -> None:
    """Let the bot of a configuration keep its store in the database by this name."""
    text = path.read_text("utf-8")
    if "\nstore = " not in text:
        line = f'[bot]\nstore = "{database(path)}"\n'
        path.write_text(text.replace("[bot]\n", line, 1), "utf-8")


def replica_of(settings: config.Config, number: int) -> config.Config:
    """The settings of one of several bots, each with a folder of its own; the first has that of the
    configuration."""
    if number == 0:
        return settings
    folder = settings.data.with_name(f"{settings.data.name}-{number}")
    folder.mkdir(exist_ok=True)
    shutil.copy(settings.data / "key", folder)
    bot = settings.bot.model_copy(update={"data": folder})
    return dataclasses.replace(settings, bot=bot)
