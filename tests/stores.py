"""The stores of tests: files of SQLite, or databases of PostgreSQL where ``COUNTERSIGN_TEST_STORE``
is ``postgres``. What a test calls a path is then a name: the same one is the same database."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
from pathlib import Path

from bot import store
from tests import postgres

POSTGRES = os.environ.get("COUNTERSIGN_TEST_STORE", "") == "postgres"


def opened(path: Path, readonly: bool = False) -> store.sql.store.Store:
    """The store that tests know by a path."""
    return store.opened(location(path), readonly)


def location(path: Path) -> store.Location:
    """Where the store is."""
    return database(path) if POSTGRES else path


_session, _test = contextlib.ExitStack(), contextlib.ExitStack()
_databases: dict[Path, str] = {}
atexit.register(_session.close)


@functools.cache
def server() -> postgres.Server:
    """The server of this session."""
    key = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    return _session.enter_context(postgres.shared(key))


def database(path: Path) -> str:
    """The address of the database by a name, which has the tables already."""
    if path not in _databases:
        server().template("store", lambda url: store.opened(url).close())
        _databases[path] = _test.enter_context(server().database("store"))
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
