"""``store check``: a store with requests in every state is whole, and whatever is changed in a copy
by hand is named, with what to do."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot import __main__ as cli
from bot import store
from bot.store import highwater
from bot.store.sql.check import statements
from bot.store.sql.check.finding import ADVICE
from tests.bot import run_stage
from tests.bot.configured import SMALL
from tests.upgrade import make_store

pytestmark = pytest.mark.sqlite("damages the file")

STORES = sorted((Path(__file__).parents[1] / "payloads" / "stores").glob("*.sql"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with requests in every state, as one file, and its mark beside it."""
    folder = tmp_path_factory.mktemp("whole")
    scene = run_stage.RunStage(folder)
    make_store.play(scene)
    assert not store.check(scene.store.path).findings, "the bot is running meanwhile"
    scene.close()
    return folder / "stage.db"


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    path = tmp_path / "copy.db"
    path.write_bytes(whole.read_bytes())
    return path


def change(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def test_what_the_bot_writes_is_whole(whole: Path) -> None:
    report = store.check(whole, highwater.place(whole))
    assert not report.findings
    assert report.rows["requests"] == 20
    assert report.versions.pending == ()


@pytest.mark.parametrize("dump", STORES, ids=lambda path: path.stem)
def test_a_store_of_an_earlier_release_is_whole_and_stays_as_it_is(
    dump: Path, tmp_path: Path
) -> None:
    path = tmp_path / "old.db"
    change(path, dump.read_text("utf-8"))
    before = path.read_bytes()
    report = store.check(path)
    assert not report.findings
    assert report.versions.pending[-1] == report.versions.known[-1]
    assert path.read_bytes() == before


OPEN_CALL = "kind IN ('start_run', 'run_call')"
SET_BODY = "UPDATE requests SET body = json_set(body, "
DAMAGE = {
    "a table is gone": ("schema", "results", "DROP TABLE results"),
    "an index is gone": ("schema", "outbox_in_flight", "DROP INDEX outbox_in_flight"),
    "a trigger was added": (
        "schema",
        "sly",
        "CREATE TRIGGER sly AFTER INSERT ON votes BEGIN DELETE FROM timers; END",
    ),
    "a migration is not recorded": (
        "schema",
        "migrations",
        "DELETE FROM _sqlite_migrations WHERE name = 'm004_not_started'",
    ),
    "a request is gone": ("lost", "request 13", "DELETE FROM requests WHERE id = 13"),
    "its votes are left": ("reference", "votes", "DELETE FROM requests WHERE id = 1"),
    "a request was made by hand": (
        "unrecorded",
        "request 99",
        "INSERT INTO requests (id, state, version, person, platform, chat, message, form_platform,"
        " form_instance, card, created_at, expires_at, body) SELECT 99, state, version, person,"
        " platform, chat, 'm99', form_platform, form_instance, card, created_at, expires_at,"
        " json_set(body, '$.id', 99) FROM requests WHERE id = 3",
    ),
    "a body is no JSON": ("body", "request 5", "UPDATE requests SET body = '{' WHERE id = 5"),
    "a body lacks a field": (
        "body",
        "request 5",
        "UPDATE requests SET body = json_remove(body, '$.command') WHERE id = 5",
    ),
    "an effect cannot be read": ("body", "effect 3", "UPDATE outbox SET body = '{}' WHERE id = 3"),
    "a state was set in the column": (
        "column",
        "request 13",
        "UPDATE requests SET state = 'approved' WHERE id = 13",
    ),
    "a state was set everywhere": (
        "approval",
        "request 13",
        f"{SET_BODY}'$.state', 'approved', '$.approved_at', '2026-01-05T09:00:00Z'),"
        " state = 'approved' WHERE id = 13",
    ),
    "the plan was changed": (
        "digest",
        "request 13",
        f"{SET_BODY}'$.plan.script', 'rm -rf /') WHERE id = 13",
    ),
    "a template was changed": ("digest", "template", "UPDATE sources SET text = text || ' '"),
    "an entry was changed": ("audit", "entry 9", "UPDATE audit SET actor = 'eve' WHERE seq = 9"),
    "entries were cut off": ("audit", "entry", "DELETE FROM audit WHERE seq > 80"),
    "a vote was added": (
        "vote",
        "vote of erin on request 14",
        "INSERT INTO votes SELECT request, digest, 'erin', at,"
        " json_set(body, '$.person', 'erin') FROM votes WHERE request = 14",
    ),
    "a vote was taken away": (
        "vote",
        "vote of bob on request 1",
        "DELETE FROM votes WHERE request = 1",
    ),
    "a vote was turned": (
        "vote",
        "vote of bob on request 3",
        "UPDATE votes SET body = json_set(body, '$.approve', json('true')) WHERE request = 3",
    ),
    "a call in flight was not claimed": (
        "effect",
        "is in flight, and nobody claimed it",
        "UPDATE outbox SET claimed_at = 0 WHERE state = 'in_flight'",
    ),
    "an effect has an odd state": (
        "effect",
        "effect 2",
        "UPDATE outbox SET state = 'sent' WHERE id = 2",
    ),
    "an effect ended without an outcome": (
        "effect",
        "without an outcome",
        "UPDATE outbox SET outcome = '' WHERE id = 2",
    ),
    "an effect is nobody's": (
        "effect",
        "request 77, which is not there",
        "UPDATE outbox SET request = 77 WHERE id = 2",
    ),
    "two of a lane are under way": (
        "lane",
        "2 effects are in flight",
        "DROP INDEX outbox_in_flight; UPDATE outbox SET lane = 'x', state = 'in_flight',"
        " claimed_at = 1, attempts = 1 WHERE id IN (SELECT id FROM outbox LIMIT 2)",
    ),
    "a call was queued by hand": (
        "approval",
        "request 13",
        "INSERT INTO outbox (key, lane, request, kind, bucket, state, due_at, created_at, context,"
        " body) SELECT 'start:sly', 'run:13:0', 13, kind, bucket, 'queued', 1, 1, context, body"
        " FROM outbox WHERE kind = 'start_run' LIMIT 1",
    ),
    "a text was left by its entry": (
        "reference",
        "texts of entry 9000",
        "INSERT INTO audit_texts VALUES (9000, 'salt', '{}')",
    ),
    "a text was given to another entry": (
        "audit",
        "entry 2",
        'UPDATE audit_texts SET facts = \'{"text":"sly"}\' WHERE seq = 2;'
        "INSERT OR IGNORE INTO audit_texts VALUES (2, 'salt', '{\"text\":\"sly\"}')",
    ),
    "the texts of an entry were taken away": (
        "audit",
        "text: its texts are gone, and no entry says that they were removed",
        "DELETE FROM audit_texts WHERE seq = (SELECT MAX(seq) FROM audit_texts)",
    ),
    "the facts of an entry cannot be read": (
        "audit",
        "entry 1",
        "UPDATE audit SET facts = 'x' WHERE seq = 1",
    ),
    "a fact was put in before the one that is hashed": (
        "audit",
        "hash",
        "UPDATE audit SET facts = '{\"approve\":false,' || substr(facts, 2)"
        " WHERE action = 'vote.cast'",
    ),
    "the texts of an entry cannot be read": (
        "audit",
        "entry 1",
        "UPDATE audit_texts SET facts = '[1]' WHERE seq = 1",
    ),
    "an entry was moved to the end of time": (
        "audit",
        "entry 1",
        "UPDATE audit SET at = 9999999999999999 WHERE seq = 1",
    ),
    "an entry was given bytes for a person": (
        "audit",
        "entry 1",
        "UPDATE audit SET actor = x'ff' WHERE seq = 1",
    ),
    "a plan was emptied as if its texts had been removed": (
        "unrecorded",
        "request 3",
        "UPDATE requests SET removed_at = 1, body = json_set(body, '$.removed', '400d',"
        " '$.plan.script', 'harmless') WHERE id = 3",
    ),
    "a request is said to be without texts": (
        "column",
        "removed_at",
        "UPDATE requests SET removed_at = 1 WHERE id = 3",
    ),
    "an entry of a journal is gone": (
        "journal",
        "journal of request",
        "DELETE FROM journal WHERE seq = 1",
    ),
    "a lock was left by its run": (
        "lock",
        "is held by request 3, which is",
        "INSERT INTO locks VALUES ('instance:i-1', 'web', 3, 1, 1, 'held', 0)",
    ),
    "nothing starts what waits": (
        "lock",
        "is waited for by request 17, which nothing starts",
        "INSERT INTO locks VALUES ('instance:i-1', 'web', 17, 1, 1, 'waiting', 0)",
    ),
    "two runs have the same": (
        "lock",
        "is held exclusively by 2 requests",
        "DROP INDEX locks_exclusive;"
        "INSERT INTO locks SELECT 'instance:i-1', 'web', id, 1, 1, 'held', 0 FROM requests LIMIT 2",
    ),
    "a timer is gone": ("end", "request 13", "DELETE FROM timers WHERE request = 13"),
    "a call is gone": ("end", "request 17", "DELETE FROM outbox WHERE request = 17"),
    "a counter was turned back": (
        "counter",
        "audit",
        "UPDATE sqlite_sequence SET seq = 3 WHERE name = 'audit'",
    ),
    "the installation is gone": (
        "counter",
        "meta installation",
        "DELETE FROM meta WHERE name = 'installation'",
    ),
    "it is of a newer release": (
        "newer",
        "use Countersign 9.1.0 or later",
        "UPDATE meta SET value = 'm999_later' WHERE name = 'schema.oldest';"
        "UPDATE meta SET value = '9.1.0' WHERE name = 'release.oldest'",
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_named_with_what_to_do(name: str, copy: Path) -> None:
    kind, words, script = DAMAGE[name]
    change(copy, script)
    findings = store.check(copy).findings
    matches = [
        one for one in findings if one.kind == kind and words in f"{one.where}: {one.detail}"
    ]
    assert matches, findings
    assert matches[0].advice == ADVICE[kind]


def test_no_row_is_held_against_a_whole_table(whole: Path) -> None:
    """A store of a hundred thousand requests is examined in less than a minute."""
    values = [value for name, value in vars(statements).items() if name.isupper()]
    queries = [
        query
        for value in values
        for query in (value.values() if isinstance(value, dict) else [value])
        if str(query).strip().startswith("SELECT")
    ]
    assert len(queries) > 20
    with closing(sqlite3.connect(whole)) as connection:
        for query in queries:
            rows = connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
            inner = {row[0] for row in rows if row[3].startswith("CORRELATED")}
            scans = [row[3] for row in rows if row[1] in inner and row[3].startswith("SCAN")]
            assert not [scan for scan in scans if "INDEX" not in scan], query


def test_damaged_pages_and_files_that_are_no_store_are_named(copy: Path, tmp_path: Path) -> None:
    content = bytearray(copy.read_bytes())
    page = len(content) // 4096 // 2 * 4096
    content[page : page + 2048] = b"\xff" * 2048
    copy.write_bytes(content)
    assert {one.kind for one in store.check(copy).findings} >= {"integrity"}
    copy.write_bytes(content[: len(content) // 2])
    assert store.check(copy).findings
    other = tmp_path / "other"
    for content in (bytearray(), bytearray(b"something else " * 500)):
        other.write_bytes(content)
        assert [one.kind for one in store.check(other).findings] == ["file"]
    with pytest.raises(FileNotFoundError):
        store.check(tmp_path / "nowhere")


def test_an_older_store_in_place_of_a_newer_one_is_named(whole: Path, copy: Path) -> None:
    assert not store.check(copy, highwater.place(whole)).findings
    change(copy, "DELETE FROM audit WHERE seq > 60; UPDATE sqlite_sequence SET seq = 60")
    assert "mark" in {one.kind for one in store.check(copy, highwater.place(whole)).findings}


# ----------------------------------------------------------------------------- the command line


@pytest.fixture
def config(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SECRET", "s3cr3t-Value")
    path = tmp_path / "bot.toml"
    path.write_text(SMALL + '[bot]\ndata = "data"\n')
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "countersign.db").write_bytes(whole.read_bytes())
    return str(path)


def test_the_command_line_says_what_is_wrong_and_leaves_so(
    config: str, copy: Path, tmp_path: Path
) -> None:
    run = CliRunner().invoke
    good = run(cli.main, ["store", "check", "--config", config])
    assert (good.exit_code, good.stdout[:22]) == (0, "ok: the store is whole")
    change(copy, "UPDATE audit SET actor = 'eve' WHERE seq = 9")
    bad = run(cli.main, ["store", "check", "--config", config, str(copy)])
    assert bad.exit_code == 1
    assert "audit: entry 9: hash: is" in bad.stdout
    assert f"  what to do: {ADVICE['audit']}" in bad.stdout
    report = json.loads(run(cli.main, ["store", "check", "--json", "--config", config]).stdout)
    assert (report["ok"], report["findings"], report["rows"]["requests"]) == (True, [], 20)
    (tmp_path / "data" / "countersign.db").unlink()
    none = run(cli.main, ["store", "check", "--config", config])
    assert (none.exit_code, none.stdout) == (2, "")
    assert "has never run here" in none.stderr


def test_the_schemas_of_store_and_program_are_said(config: str, tmp_path: Path) -> None:
    database = tmp_path / "data" / "countersign.db"
    said = CliRunner().invoke(cli.main, ["store", "--config", config])
    assert said.exit_code == 0
    schemas = [line.split()[1:] for line in said.stdout.splitlines() if line.startswith("schema")]
    assert schemas[0][0].rstrip(";") in said.stdout.splitlines()[2]
    database.unlink()
    change(database, STORES[-1].read_text("utf-8"))
    said = CliRunner().invoke(cli.main, ["store", "--config", config])
    assert "the next start applies them; back up first" in said.stdout
    change(database, "INSERT INTO meta VALUES ('schema.oldest', 'm999_later')")
    said = CliRunner().invoke(cli.main, ["store", "--config", config])
    assert said.exit_code == 1
    assert "written by a newer release" in said.stderr


def test_the_page_names_every_kind_of_finding() -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/upgrade.md").read_text("utf-8")
    assert [kind for kind in ADVICE if f"`{kind}`" not in page] == []
