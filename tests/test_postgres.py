"""The server of PostgreSQL that tests bring along, and the ways to it that they cut."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from urllib.parse import urlsplit

import psycopg
import pytest

from tests import postgres as servers
from tests.postgres import Server

USER = """
import sys
from tests import postgres
with postgres.shared(sys.argv[1]) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""


def rows(url: str, query: str = "SELECT id FROM note ORDER BY id") -> list[tuple[object, ...]]:
    with psycopg.connect(url, connect_timeout=5) as connection:
        return connection.execute(query).fetchall()


def note(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE note (id integer PRIMARY KEY)")
        connection.execute("INSERT INTO note VALUES (1)")


def databases(server: Server) -> set[str]:
    return {f"/{name}" for (name,) in rows(server.url, "SELECT datname FROM pg_database")}


def test_each_database_is_fresh_and_gone_afterwards(postgres: Server) -> None:
    with postgres.database() as first, postgres.database() as second:
        pair = {urlsplit(url).path for url in (first, second)}
        note(first)
        with pytest.raises(psycopg.errors.UndefinedTable):
            rows(second)
        assert len(pair & databases(postgres)) == 2
    assert not pair & databases(postgres)


def test_a_template_is_prepared_once_and_copied(postgres: Server) -> None:
    calls: list[str] = []
    name = uuid.uuid4().hex

    def prepare(url: str) -> None:
        calls.append(url)
        note(url)

    def broken(url: str) -> None:
        note(url)
        raise ValueError

    with pytest.raises(ValueError):
        postgres.template(name, broken)
    for _ in range(2):
        postgres.template(name, prepare)
        with postgres.database(name) as url:
            rows(url, "INSERT INTO note VALUES (2) RETURNING id")
            assert rows(url) == [(1,), (2,)]
    assert len(calls) == 1


def test_fsync_is_on_and_there_is_room_for_connections(postgres: Server) -> None:
    assert rows(postgres.url, "SHOW fsync") == [("on",)]
    assert int(str(rows(postgres.url, "SHOW max_connections")[0][0])) >= 100


def test_one_way_is_cut_and_frozen_while_another_stays(postgres: Server, database: str) -> None:
    note(database)
    with postgres.proxy() as one, postgres.proxy() as other, ExitStack() as stack:
        mine, theirs = (
            stack.enter_context(psycopg.connect(way.url(database), autocommit=True))
            for way in (one, other)
        )
        assert mine.execute("SELECT id FROM note").fetchall() == [(1,)]
        one.cut()
        with pytest.raises(psycopg.OperationalError):
            mine.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError, match="refused"):
            rows(one.url(database))
        assert theirs.execute("SELECT id FROM note").fetchall() == [(1,)]
        one.mend()
        assert rows(one.url(database)) == [(1,)]

        other.freeze()
        insert = stack.enter_context(ThreadPoolExecutor(1)).submit(
            theirs.execute, "INSERT INTO note VALUES (2)"
        )
        assert rows(one.url(database)) == [(1,)], "what was sent has not arrived"
        assert (insert.done(), other.connections) == (False, 1)
        other.mend()
        assert insert.result(timeout=10).rowcount == 1
        assert rows(one.url(database)) == [(1,), (2,)]


@pytest.fixture
def noted(private_postgres: Server) -> Iterator[str]:
    with private_postgres.database() as url:
        note(url)
        yield url


def test_a_server_of_ones_own_is_stopped_and_restarted(
    private_postgres: Server, noted: str
) -> None:
    with psycopg.connect(noted, autocommit=True) as connection:
        private_postgres.restart(immediate=True)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    assert rows(noted) == [(1,)]
    private_postgres.stop()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        rows(noted)
    private_postgres.start()
    assert rows(noted) == [(1,)]


def test_what_others_use_is_not_stopped(postgres: Server) -> None:
    with pytest.raises(RuntimeError, match=r"postgres\.private"):
        postgres.stop()


@pytest.mark.skipif(bool(servers.lack(own=True)), reason=servers.lack(own=True))
def test_processes_share_a_server_which_ends_after_the_last_was_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(servers.VARIABLE, raising=False)
    key = uuid.uuid4().hex
    command = [sys.executable, "-c", USER, key]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "cwd": servers.ROOT}
    with subprocess.Popen(command, text=True, **pipes) as other:
        with servers.shared(key) as server:
            assert other.stdout.readline().strip() == server.url
        assert rows(server.url, "SELECT 1") == [(1,)], "one of the two is left"
        other.kill()
    folder = servers.place(key)
    servers.end(folder)
    assert not folder.exists()
    assert not list(servers.MEMORY.glob(f"{folder.name}*"))
