"""What the doctor says of a PostgreSQL database: each fault is set up on a real server, and named
with its mend, in both languages."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import click
import psycopg
import pytest

from bot import model, store
from bot.app import adapters
from bot.cli import trial
from bot.doctor import database as checks_of_database
from bot.doctor import groups, report, running
from bot.model import checks
from bot.runtime import clock as clocks
from bot.store import highwater
from bot.store.postgres import look as looks
from tests import postgres as servers
from tests.bot import doctor_stage
from tests.bot.configured import SMALL
from tests.postgres_pooler import Pooler

Lines = dict[str, tuple[str, str, str]]
GOOD = {"database", "tls", "pooler", "connections", "rights", "store"}
ROLE = "doctor"


@pytest.fixture
def config(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SECRET", "s3cr3t-Value")
    monkeypatch.setenv("STORE", database)
    path = tmp_path / "bot.toml"
    path.write_text(SMALL + '[bot]\ndata = "data"\nstore = { env = "STORE" }\n')
    (tmp_path / "data").mkdir()
    return path


async def said(config: Path) -> Lines:
    """State, sentence and mend of each line by its id; the Chinese ones are there, too."""
    settings = adapters.load(config)
    clock = clocks.Steady(clocks.MachineClock())
    group = running.Group(
        "database", groups.title("database"), checks_of_database.of(settings, clock)
    )
    sections = await running.sections([group], 20)
    chinese = report.entries("zh-CN", sections)
    english = report.entries("en", sections)
    for zh, en in zip(chinese, english, strict=True):
        assert zh["sentence"] != en["sentence"] or en["state"] == "problem"
        assert bool(zh["mend"]) == bool(en["mend"]) == (en["state"] != "ok")
    return {each["id"]: (each["state"], each["sentence"], each["mend"]) for each in english}


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def name_of(url: str) -> str:
    return urlsplit(url).path[1:]


async def test_a_good_database_is_all_ok(config: Path, database: str) -> None:
    lines = await said(config)
    assert {one: state for one, (state, _, _) in lines.items()} == dict.fromkeys(GOOD, "ok")
    assert f"There is no store in {database} yet" in lines["store"][1]
    with store.opened(database, mark=config.parent / "data" / "countersign.high-water") as opened:
        writer = opened.writer
        assert writer is not None
        writer.begin()
        writer.append(model.AuditEntry("ann", "asked", 1, {}), 1_700_000_000_000)
        writer.commit()
        writer.finish()
        lines = await said(config)
        assert "0 requests, " in lines["store"][1]
        assert "bots at work: 127.0.0.1, process" in lines["store"][1]
    assert {state for state, _, _ in lines.values()} == {"ok"}
    assert "which answers in" in lines["database"][1]


OF_DATABASE = {
    "synchronous_commit = off": ("durability", "unsure", "synchronous_commit is off", "ALTER ROLE"),
    "default_transaction_read_only = on": ("primary", "problem", "read-only", "ALTER ROLE"),
    "idle_session_timeout = 60000": ("idle", "unsure", "nothing for 60 s", "idle_session_timeout"),
}


@pytest.mark.parametrize("setting", OF_DATABASE)
async def test_settings_of_a_database_are_named(
    config: Path, database: str, postgres: servers.Server, setting: str
) -> None:
    execute(postgres.url, f"ALTER DATABASE {name_of(database)} SET {setting}")
    one, state, sentence, mend = OF_DATABASE[setting]
    line = (await said(config))[one]
    assert line[0] == state
    assert sentence in line[1]
    assert mend in line[2]


async def test_settings_of_a_server_and_a_standby_are_named(
    config: Path, monkeypatch: pytest.MonkeyPatch, private_postgres: servers.Server
) -> None:
    url = private_postgres.url
    monkeypatch.setenv("STORE", url)
    off = [f"ALTER SYSTEM SET {name} = off" for name in ("fsync", "full_page_writes", "autovacuum")]
    execute(url, *off)
    private_postgres.restart()
    with psycopg.connect(url, replication="true", application_name="web-2"):
        lines = await said(config)
    assert lines["durability"][:2] == (
        "problem",
        "full_page_writes is off at the server: when the power fails, what was promised is lost or "
        "damaged",
    )
    assert lines["autovacuum"][:2] == ("unsure", "autovacuum is off: tables grow and become slow")
    assert lines["standby"][0] == "unsure"
    assert "No commit waits for the standby web-2" in lines["standby"][1]
    with psycopg.connect(url) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    private_postgres.stop()
    follow(Path(row[0]))
    private_postgres.start()
    assert (await said(config))["primary"][:2] == (
        "problem",
        "This is a standby: nothing can be written",
    )


def follow(data: Path) -> None:
    """Let a server start as a standby."""
    signal = data / "standby.signal"
    signal.touch()
    owner = data.stat()
    os.chown(signal, owner.st_uid, owner.st_gid)


@contextlib.contextmanager
def role(database: str, limit: int = -1) -> Iterator[str]:
    """The address of a database for a user who owns nothing."""
    name = f"{ROLE}_{name_of(database)}"
    execute(database, f"CREATE ROLE {name} LOGIN CONNECTION LIMIT {limit}")
    try:
        parts = urlsplit(database)
        place = parts.netloc.rpartition("@")[2]
        yield parts._replace(netloc=f"{name}@{place}").geturl()
    finally:
        execute(database, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


async def test_rights_that_are_missing_are_named(
    config: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with role(database) as url:
        monkeypatch.setenv("STORE", url)
        execute(database, "REVOKE CREATE ON SCHEMA public FROM public")
        state, sentence, mend = (await said(config))["rights"]
        assert (state, "may not make tables in the schema public" in sentence) == ("problem", True)
        assert "GRANT CREATE, USAGE ON SCHEMA public TO doctor_" in mend
        store.opened(database).close()
        name = urlsplit(url).username
        execute(database, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
        state, sentence, mend = (await said(config))["rights"]
        assert (state, "The tables are of postgres" in sentence) == ("problem", True)
        assert f"GRANT postgres TO {name}" in mend


async def test_connections_that_are_left_are_counted(
    config: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with role(database, limit=4) as url:
        monkeypatch.setenv("STORE", url)
        state, sentence, mend = (await said(config))["connections"]
        assert (state, "and a replica needs 5" in sentence) == ("problem", True)
        assert "CONNECTION LIMIT" in mend


async def test_a_pooler_that_hands_out_transactions_is_found(
    config: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = urlsplit(database)
    pooler = Pooler((str(parts.hostname), parts.port or 5432))
    with contextlib.closing(pooler):
        monkeypatch.setenv("STORE", database.replace(f":{parts.port}/", f":{pooler.port}/"))
        state, sentence, mend = (await said(config))["pooler"]
    assert (state, "for each transaction" in sentence) == ("problem", True)
    assert "pool_mode = session" in mend


async def test_another_encoding_and_a_server_that_is_away_are_named(
    config: Path, database: str, postgres: servers.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{name_of(database)}_ascii"
    options = "TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'"
    execute(postgres.url, f"CREATE DATABASE {name} {options}")
    try:
        monkeypatch.setenv("STORE", postgres.at(name))
        lines = await said(config)
        assert lines["encoding"][:2] == (
            "problem",
            "The database's encoding is SQL_ASCII, and not UTF8",
        )
        assert "ENCODING 'UTF8'" in lines["encoding"][2]
    finally:
        execute(postgres.url, f"DROP DATABASE {name}")
    for address, why in (
        (postgres.at(name), "does not exist"),
        ("postgresql://bot:sesame@127.0.0.1:1/x", "refused"),
    ):
        monkeypatch.setenv("STORE", address)
        lines = await said(config)
        assert list(lines) == ["database"]
        state, sentence, mend = lines["database"]
        assert (state, why in sentence, "pg_hba.conf" in mend) == ("problem", True, True)
        assert "sesame" not in sentence


async def test_a_store_that_is_older_newer_or_moved_is_named(config: Path, database: str) -> None:
    mark = config.parent / "data" / "countersign.high-water"
    store.opened(database).close()
    highwater.write(mark, highwater.Mark("x", 99, "f" * 64, 9))
    assert "is an older copy" in (await said(config))["mark"][1]
    mark.unlink()
    execute(database, "INSERT INTO meta VALUES ('moved', '/var/x.db, 2026-11-30 10:00 UTC')")
    lines = await said(config)
    assert "it was copied to /var/x.db, 2026-11-30 10:00 UTC" in lines["store"][1]
    execute(database, "DELETE FROM meta WHERE name = 'moved'")
    execute(database, "INSERT INTO meta VALUES ('schema.oldest', 'm999') ON CONFLICT (name)"
            " DO UPDATE SET value = 'm999'")  # fmt: skip
    lines = await said(config)
    assert (lines["store"][0], "newer release" in lines["store"][1]) == ("problem", True)


def test_who_listens_on_a_port_is_not_told_by_replicas_elsewhere(
    config: Path, database: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, store.opened(database):
        address = f"127.0.0.1:{other.getsockname()[1]}"
        config.write_text(config.read_text() + f'[http]\nlisten = "{address}"\n')
        lines = asyncio.run(doctor_stage.machine_lines(config))
    [entry] = [one for one in lines if one["id"] == "listener"]
    assert (entry["state"], "or another one" in entry["sentence"]) == ("unsure", True)
    assert "ss -ltnp" in entry["mend"]
    assert "store" not in {one["id"] for one in lines}, "the file is none of the bot's"


def test_a_test_card_is_sent_only_while_no_bot_is_at_work(config: Path, database: str) -> None:
    settings = adapters.load(config)
    with store.opened(database), pytest.raises(click.exceptions.Exit), trial.alone(settings):
        raise AssertionError("a bot is at work")
    with trial.alone(settings):
        pass


# ----------------------------------------------------------------------------- without a server


@pytest.fixture
def good(database: str) -> looks.Look:
    return looks.look(database, None, 10, lambda: datetime.now(UTC))


Part = Callable[[str, looks.Look], Iterator[checks.Finding]]


def test_what_cannot_be_set_up_here_is_named_too(good: looks.Look) -> None:
    def states(part: Part, look: looks.Look) -> dict[str, str]:
        return {one.id: one.state for one in part("place", look)}

    old = dataclasses.replace(good, server=dataclasses.replace(good.server, version=130011))
    assert states(checks_of_database.server, old)["database"] == "problem"
    distant = dataclasses.replace(good, distant=True)
    assert states(checks_of_database.way, distant)["tls"] == "problem"
    encrypted = dataclasses.replace(distant, encrypted=True, pooler="session")
    assert states(checks_of_database.way, encrypted) == {
        "tls": "ok",
        "pooler": "unsure",
        "connections": "ok",
    }
    standby = looks.Standby("web-2", waited_for=True, lag=0.1)
    followed = dataclasses.replace(good, standbys=(standby,))
    assert states(checks_of_database.server, followed)["standby"] == "ok"
