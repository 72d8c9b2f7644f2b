"""A store that is copied from SQLite to PostgreSQL and back is the same, row by row. A copy that is
cut off leaves the target empty or whole, and the source as it was or marked."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from bot import __main__ as cli
from bot import store
from bot.store import highwater, transfers
from bot.store.postgres.connection import Connection
from bot.store.postgres.writer import Writer
from bot.store.sql import transfer
from tests import postgres as servers
from tests.bot import run_stage
from tests.bot.configured import SMALL
from tests.upgrade import make_store

pytestmark = pytest.mark.sqlite("both databases are there, whichever the stage is on")
NOW = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)
STORES = sorted((Path(__file__).parents[1] / "payloads" / "stores").glob("*.sql"))
LEASE = 10.0
Place = transfers.Place


def copy(source: Path | str, target: Path | str) -> transfer.Transferred:
    return transfers.transfer(Place(source), Place(target), NOW, LEASE)


def contents(path: Path) -> dict[str, object]:
    """Everything in a file, row by row, but for what says that it was copied."""
    own = ("moved", "schema.oldest", "release.oldest")
    with closing(sqlite3.connect(path)) as connection:
        found: dict[str, object] = {}
        for table in transfer.TABLES:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            query = f"SELECT {', '.join(sorted(columns))} FROM {table}"
            rows = sorted(connection.execute(query).fetchall())
            found[table] = [row for row in rows if table != "meta" or row[0] not in own]
        query = "SELECT name, seq FROM sqlite_sequence WHERE seq > 0 AND name IN ('audit', 'bus')"
        found["numbers"] = sorted(connection.execute(query).fetchall())
        return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with requests in every state."""
    folder = tmp_path_factory.mktemp("whole")
    scene = run_stage.RunStage(folder)
    make_store.play(scene)
    scene.close()
    return folder / "stage.db"


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    (tmp_path / "store.db").write_bytes(whole.read_bytes())
    return tmp_path / "store.db"


def test_there_and_back_is_the_same_row_by_row(path: Path, tmp_path: Path, database: str) -> None:
    before, back = contents(path), tmp_path / "back.db"
    done = copy(path, database)
    assert done.rows["requests"] == 20
    assert not done.again
    copy(database, back)
    after = contents(back)
    for table, rows in before.items():
        assert after[table] == rows, table
    assert not store.check(back, highwater.place(back)).findings


HOSTILE = (
    "\\N", "\\.", "\\", "a\tb\nc\rd\be\x0b", "%s %(x)s %%", "'; DROP TABLE votes; --", '"', "{}",
    "会签 🚀", "\u202e\u200b\ufeff", "\uffff\U0010ffff", "e\u0301", " both ends ", "$1 :name ?1",
)  # fmt: skip


def test_hostile_texts_and_numbers_come_through(path: Path, tmp_path: Path, database: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for number, text in enumerate(HOSTILE):
            largest = (1 << 63) - 1 - number
            connection.execute("INSERT INTO events VALUES (?, ?, ?, ?)", (text, text, largest, ""))
            connection.execute("INSERT INTO asks VALUES (?, ?, ?)", (text, -largest, text))
            values = (f"hostile:{number}", 0, text * 100_000)
            connection.execute("INSERT INTO sources VALUES (?, ?, ?)", values)
            connection.execute("INSERT INTO meta VALUES (?, ?)", (f"x{text}", text))
        connection.execute("UPDATE sqlite_sequence SET seq = 12345 WHERE name = 'bus'")
        connection.commit()
    before, back = contents(path), tmp_path / "back.db"
    copy(path, database)
    copy(database, back)
    assert contents(back) == before


@pytest.mark.parametrize("name", ["a\x00b", "".join(map(chr, range(0x4E00, 0x6000)))])
def test_an_odd_name_is_stored_as_the_bot_would_store_it(
    path: Path, database: str, name: str
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO events VALUES (?, '', 0, '')", (name,))
        connection.commit()
    copy(path, database)
    with store.opened(database, readonly=True) as opened, opened.reading() as reader:
        assert reader.knows_event(name)
        assert not reader.knows_event("a\ufffdb")


@pytest.mark.parametrize("dump", STORES, ids=lambda path: path.stem)
def test_a_store_of_an_earlier_release_is_migrated_and_copied(
    dump: Path, tmp_path: Path, database: str
) -> None:
    path, back = tmp_path / "old.db", tmp_path / "back.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(dump.read_text("utf-8"))
    copy(path, database)
    copy(database, back)
    assert contents(back) == contents(path)
    assert not store.check(back).findings


# ----------------------------------------------------------------------------- what is refused


def test_every_table_is_copied(path: Path) -> None:
    query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%sqlite_%'"
    assert sorted(name for (name,) in rows_of(path, query)) == sorted(transfer.TABLES)


def test_numbers_go_on_where_they_were(path: Path, database: str) -> None:
    last = max(row[0] for row in rows_of(path, "SELECT id FROM outbox"))
    copy(path, database)
    with psycopg.connect(database) as writing:
        query = "INSERT INTO outbox (key, lane, request, kind, bucket, state, due_at, created_at,"
        values = "'k', 'l', 0, 'say', 'b', 'queued', 0, 0, '{}', '{}'"
        query = f"{query} context, body) VALUES ({values}) RETURNING id"
        assert writing.execute(query.encode()).fetchone() == (last + 1,)


def rows_of(path: Path, query: str) -> list[tuple[Any]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_a_store_that_was_copied_is_not_written_any_more(
    path: Path, tmp_path: Path, database: str
) -> None:
    """Neither by a bot that is started on it, nor by a replica that was frozen meanwhile, nor by a
    release that knows of no copying."""
    copy(path, database)
    with pytest.raises(store.Unusable, match=r"copied to postgresql://.*store reopen"):
        store.opened(path)
    with pytest.raises(store.Unusable, match="copied to"):
        copy(path, database)
    with closing(Connection(database, "stopped")) as connection:
        frozen = Writer(connection)
        copy(database, tmp_path / "back.db")
        with pytest.raises(store.StoreFault, match=r"copied to .*back\.db"):
            frozen.begin()
    with pytest.raises(store.Unusable, match="copied to"):
        store.opened(database)
    assert not store.check(path).findings


@pytest.mark.parametrize("to_database", [True, False], ids=["file", "database"])
def test_it_is_taken_back_on_purpose_as_an_old_one(
    path: Path, tmp_path: Path, database: str, to_database: bool
) -> None:
    copy(path, database)
    left: Path | str = path
    if not to_database:
        copy(database, tmp_path / "back.db")
        left = database
    done = transfers.reopen(Place(left), "console:ops", NOW, LEASE)
    assert done.held > 0
    assert done.first > 1000
    with store.opened(left) as opened, opened.reading() as reader:
        assert not reader.verify_audit()
        entry = list(reader.chain())[-1]
        assert (entry.action, entry.facts["by"]) == ("store.restored", "reopen")
    with pytest.raises(store.TransferFailed, match="was not copied elsewhere"):
        transfers.reopen(Place(left), "console:ops", NOW, LEASE)


def test_nothing_is_copied_while_a_bot_runs(path: Path, tmp_path: Path, database: str) -> None:
    with store.opened(path), pytest.raises(store.Locked):
        copy(path, database)
    copy(path, database)
    now = "EXTRACT(epoch FROM clock_timestamp()) * 1000"
    with psycopg.connect(database) as writing:
        writing.execute(
            "INSERT INTO replicas (name, release, schema, state, joined_at, seen_at) VALUES"
            f" ('web:7', '', '', 'living', {now}, {now} - 5000)".encode()
        )
    with pytest.raises(store.TransferFailed, match=r"bots run on .* \(web:7\): stop them"):
        copy(database, tmp_path / "back.db")
    transfers.transfer(Place(database), Place(tmp_path / "back.db"), NOW, lease=3)


def test_a_store_in_use_is_not_written_over(path: Path, tmp_path: Path, database: str) -> None:
    other = tmp_path / "other.db"
    other.write_bytes(path.read_bytes())
    copy(path, database)
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("INSERT INTO events VALUES ('more', '', 0, '')")
        connection.commit()
    with pytest.raises(store.TransferFailed, match=r"holds a store already \(20 requests\)"):
        copy(other, database)
    store.opened(other).close()


def test_a_damaged_or_older_store_is_not_copied(path: Path, database: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE audit SET actor = 'mallory' WHERE seq = 3")
        connection.commit()
    with pytest.raises(store.TransferFailed, match=r"not whole: entry 3: .*store check"):
        copy(path, database)


def test_a_store_that_lacks_what_its_mark_names_is_not_copied(path: Path, database: str) -> None:
    highwater.write(highwater.place(path), highwater.Mark("x", 9999, "f" * 64, 99))
    with pytest.raises(store.TransferFailed, match="older than the store that was here"):
        copy(path, database)


def test_nothing_is_made_where_there_is_nothing(tmp_path: Path, database: str) -> None:
    with pytest.raises(FileNotFoundError):
        copy(tmp_path / "none.db", database)
    with pytest.raises(FileNotFoundError):
        copy(database, tmp_path / "none.db")
    with pytest.raises(store.TransferFailed, match="pg_dump"):
        copy(database, database)
    assert not (tmp_path / "none.db").exists()


# ----------------------------------------------------------------------------- cut off


def dying(work: Callable[[], object], monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    """Do work in a child that SIGKILL ends at a point."""
    child = os.fork()
    if not child:
        try:
            name, _, moment = point.partition(" ")
            usual = getattr(transfer, name)

            def changed(*args: object) -> None:
                if moment != "done":
                    os.kill(os.getpid(), signal.SIGKILL)
                usual(*args)
                if len(args) < 3 or args[2] == "outbox" or name != "fill":
                    os.kill(os.getpid(), signal.SIGKILL)

            monkeypatch.setattr(transfer, name, changed)
            work()
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)


POINTS = ("fill", "fill done", "refuse_difference done", "leave", "leave done")


@pytest.mark.parametrize("point", POINTS)
def test_a_copy_that_is_killed_leaves_the_target_empty_or_whole(
    path: Path,
    tmp_path: Path,
    postgres: servers.Server,
    monkeypatch: pytest.MonkeyPatch,
    point: str,
) -> None:
    """And the next one finishes it; there and back."""
    before, back = contents(path), tmp_path / "back.db"
    with postgres.database() as database:
        for source, target in ((path, database), (database, back)):
            dying(lambda: copy(source, target), monkeypatch, point)  # noqa: B023
            store.opened(source).close()  # it can still be gone on with
            assert copy(source, target).again == point.startswith("leave")
    assert contents(back) == before


# ----------------------------------------------------------------------------- the verb


def leave(*words: str) -> Result:
    return CliRunner().invoke(cli.main, list(words), catch_exceptions=False)


def test_the_verb_says_what_was_copied_and_what_to_configure(
    whole: Path, tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "s" * 40)
    monkeypatch.setenv("THE_STORE", database)
    config = tmp_path / "bot.toml"
    config.write_text(f'[bot]\ndata = "data"\n{SMALL}')
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "countersign.db"
    own = ("--config", str(config))
    assert leave("store", "copy", *own).exit_code == 2
    said = leave("store", "copy", database, *own)
    assert said.exit_code == 1
    assert f"there is no store at {file}" in said.stderr
    file.write_bytes(whole.read_bytes())
    said = leave("store", "copy", database, *own)
    assert said.exit_code == 0, said.output
    assert f"ok: {database} holds 20 requests, " in said.stdout
    assert f'no bot starts on it; let [bot] store be "{database}"' in said.stdout
    assert leave("store", *own).exit_code == 1
    assert "copied to postgresql://" in leave("store", *own).stderr
    config.write_text(config.read_text().replace("[bot]\n", '[bot]\nstore = {env="THE_STORE"}\n'))
    said = leave("store", "copy", str(tmp_path / "back.db"), *own)
    assert said.exit_code == 0, said.output
    assert (
        "; rename the file to countersign.db, leave [bot] store out, and let [bot] data be "
        f"{tmp_path}\n"
    ) in said.stdout
    said = leave("store", "reopen", *own)
    assert (said.exit_code, "undecided wait for people" in said.stdout) == (0, True)
    (tmp_path / "back").mkdir()
    said = leave("store", "copy", str(tmp_path / "back" / "countersign.db"), *own)
    assert f"; leave [bot] store out, and let [bot] data be {tmp_path / 'back'}\n" in said.stdout
    for address in ("postgresql://host", "postgresql://user:sesame word@host/x"):
        said = leave("store", "copy", "--from", address, *own)
        assert said.exit_code == 1
        assert "sesame" not in said.stderr
