"""``[bot] store``: where the store is, and what is wrong with its address."""

from __future__ import annotations

import importlib.util
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from bot import source
from bot.source import database
from tests.bot.configured import ENVIRON, SMALL, Loader

URL = "postgresql://cs@127.0.0.1:5433/countersign"
WITH = "postgresql://cs:s3cr3t%40Value@db.example.com/countersign?sslmode=verify-full"


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    return Loader(tmp_path)


def stored(store: str, more: str = "") -> str:
    return f"[bot]\nstore = {store}\n{more}\n{SMALL}"


def environ(url: str, **more: str) -> dict[str, Any]:
    return {"environ": {**ENVIRON, "STORE": url, **more}}


def test_without_a_store_it_is_the_file_in_the_data_folder(load: Loader, tmp_path: Path) -> None:
    for text in (SMALL, stored('""')):
        settings = load(text)
        assert settings.location == settings.database == tmp_path / "var" / "countersign.db"
        assert settings.shown_location == str(settings.location)
        assert settings.warnings == ()


def test_a_database_is_named_openly_or_by_a_secret_and_never_shown(load: Loader) -> None:
    settings = load(stored(f'"{URL}"', 'lease = 5\nother_configuration = "refuse"'))
    assert (settings.location, settings.shown_location) == (URL, URL)
    assert (settings.bot.lease, settings.bot.other_configuration) == (5, "refuse")
    assert settings.replica == f"{socket.gethostname()}:{os.getpid()}"

    text = stored('{ env = "STORE" }', 'replica = { env = "POD" }')
    settings = load(text, **environ(WITH, POD="bot-2"))
    assert settings.location == WITH
    assert settings.shown_location == WITH.replace(":s3cr3t%40Value", "")
    assert settings.replica == "bot-2"
    assert load(text, **environ(WITH, POD="b2")).warnings == settings.warnings  # it is no secret
    assert "s3cr3t" not in repr(settings) + str(settings) + settings.bot.model_dump_json()
    assert load(text, secrets=False).bot.lease == 10


@pytest.mark.parametrize(
    ("store", "said"),
    [
        ('"mysql://cs@127.0.0.1/countersign"', "must be the address of a PostgreSQL database"),
        ('"postgresql:countersign"', "must be the address of a PostgreSQL database"),
        ('"host=127.0.0.1 dbname=countersign"', "must be the address of a PostgreSQL database"),
        ('"postgresql://cs:s3cr3t@127.0.0.1/countersign"', "password may not stand here"),
        ('"postgresql://cs@127.0.0.1/db?password=s3cr3t"', "password may not stand here"),
        ('"postgresql://cs@127.0.0.1"', "names no database"),
        ('"postgresql://cs@127.0.0.1:port/countersign"', "not a usable address"),
        ('"postgresql://cs:s3/cr3t@127.0.0.1/countersign"', "not a usable address"),
        ('"postgresql://cs@127.0.0.1/countersign?sslmode=s3cr3t"', "unknown sslmode"),
        ("5", "must be { env"),
        ('{ env = "ABSENT" }', "ABSENT is not set"),
        ('{ env = "SECRET" }', "must be the address of a PostgreSQL database"),
        ('{ env = "STORE" }', "not a usable address"),
    ],
)
def test_an_address_that_leads_nowhere_is_a_fault(load: Loader, store: str, said: str) -> None:
    url = "postgresql://cs:s3cr3t#Value@db.example.com/countersign"
    (fault,) = load.faults(stored(store, "lease = 5"), **environ(url))
    assert (fault.mark.line, fault.mark.path) == (2, "bot.store")
    assert said in fault.message
    assert "s3cr3t" not in fault.message


@pytest.mark.parametrize(
    ("url", "variables", "said"),
    [
        (WITH, {}, ""),
        ("postgresql:///countersign", {}, ""),
        ("postgresql:///countersign?host=/run/postgresql", {}, ""),
        ("postgresql://cs@%2Frun%2Fpostgresql/countersign", {}, ""),
        ("postgres://cs@[::1]:5432/countersign", {}, ""),
        ("postgresql://cs@localhost,127.0.0.1:5433/countersign", {}, ""),
        ("postgresql://cs@db.example.com/countersign", {}, "names no sslmode"),
        ("postgresql://cs@db.example.com/countersign", {"PGSSLMODE": "require"}, ""),
        ("postgresql:///countersign", {"PGHOST": "db.example.com"}, "names no sslmode"),
        ("postgresql://cs@localhost,db.example.com:5433/c", {}, "names no sslmode"),
        ("postgresql://db.example.com/c?sslmode=prefer", {}, "has sslmode=prefer"),
    ],
)
def test_a_way_that_others_may_read_is_warned_of(
    load: Loader, url: str, variables: dict[str, str], said: str
) -> None:
    settings = load(stored('{ env = "STORE" }'), **environ(url, **variables))
    warnings = [warning.message for warning in settings.warnings]
    assert len(warnings) == bool(said)
    assert all(said in warning for warning in warnings)


@pytest.mark.parametrize(
    "more", ["lease = 5", 'other_configuration = "refuse"', 'replica = "bot-2"']
)
def test_what_only_replicas_need_is_a_fault_without_a_store(load: Loader, more: str) -> None:
    (fault,) = load.faults(f"[bot]\n{more}\n{SMALL}")
    assert fault.mark.path == f"bot.{more.partition(' ')[0]}"
    assert "no use without `store`" in fault.message


def test_the_check_says_how_to_get_the_extra(load: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    (fault,) = load.faults(stored(f'"{URL}"'))
    assert 'pip install "countersign[postgres]"' in fault.message


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:s3cr3t@h:1,i:2/d?a=b&password=s3cr3t", "postgresql://u@h:1,i:2/d?a=b"),
        ("postgresql://h/d?sslpassword=s3cr3t", "postgresql://h/d"),
        ("postgresql://u:s3cr3t#x@h/d", "postgresql://…"),
        ("s3cr3t", "postgresql://…"),
    ],
)
def test_what_is_shown_of_an_address_holds_no_password(url: str, shown: str) -> None:
    assert database.shown(url) == shown


def test_libpq_reads_an_address_as_it_is_read_here() -> None:
    conninfo = pytest.importorskip("psycopg.conninfo")
    for url in (
        URL,
        WITH,
        "postgresql://a@h:1,[::1]:2/d?sslmode=require",
        "postgresql:///d?host=/s",
    ):
        theirs, ours = conninfo.conninfo_to_dict(url), database.read(url)
        assert theirs["dbname"] == ours.name
        assert tuple(theirs["host"].split(",")) == ours.hosts
    with pytest.raises(source.Invalid):
        database.read("postgresql://u:s3/cr3t@h/d")
