"""The verbs of ``python -m bot`` over PostgreSQL, while a bot runs and while none does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from bot import model, store
from bot.store import codec, highwater, transfers
from bot.store.sqlite import schema as schemas
from tests import postgres as servers
from tests.bot import run_stage
from tests.bot.configured import SMALL
from tests.bot.test_cli import leave
from tests.upgrade import make_store

pytestmark = pytest.mark.sqlite("both databases are there, whichever the stage is on")
NOW = datetime.now(UTC)
VERBS = {
    "audit export": ("audit", "export"),
    "audit verify": ("audit", "verify"),
    "events dead": ("events", "dead"),
    "events dead N": ("events", "dead", "95"),
    "events list": ("events", "list", "--json"),
    "events list of a type": ("events", "list", "--type", "shift.ended", "--since", "1h"),
    "events show": ("events", "show", "1"),
    "requests": ("requests", "--csv"),
    "requests N": ("requests", "8"),
    "requests on": ("requests", "--on", "WEB-0*", "--json"),
    "requests of": ("requests", "--person", "alice", "--approver", "bob", "--state", "succeeded"),
    "status": ("status", "--json"),
    "store check": ("store", "check"),
}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with requests in every state, and two dead letters."""
    folder = tmp_path_factory.mktemp("whole")
    scene = run_stage.RunStage(folder)
    make_store.play(scene)
    scene.close()
    with store.Store(folder / "stage.db") as opened:
        dead_letters(opened)
    return folder / "stage.db"


def dead_letters(opened: store.sql.store.Store) -> None:
    writer = opened.writer
    assert writer is not None
    writer.begin()
    event = model.CloudEvent("e1", "hr", "shift.ended", NOW, data={"text": "重启"})
    named = {"source": "hr", "id": "e1", "type": "shift.ended"}
    bodies = [
        model.Deliver("notify", target, model.ToWebhook("robot:ops"), {"n": 1}, named)
        for target in range(2)
    ]
    effects = tuple(model.NewEffect(body.key, body.key, body) for body in bodies)
    decision = model.Decision(published=(event,), effects=effects)
    writer.apply(writer.view(model.Needs(), NOW), decision, NOW)
    for number in letters(opened, "queued"):
        writer.settle(number, model.Refused("HTTP 404"), codec.ms(NOW))
    writer.commit()


def letters(opened: store.sql.store.Store, state: str) -> list[int]:
    assert opened.writer is not None
    query = "SELECT id FROM outbox WHERE kind = 'deliver' AND state = ? ORDER BY id"
    return [number for (number,) in opened.writer.connection.execute(query, (state,))]


@pytest.fixture
def whole(file: Path, postgres: servers.Server, tmp_path: Path) -> Iterator[str]:
    """The same in a database."""

    def prepare(url: str) -> None:
        path = tmp_path / "source.db"
        path.write_bytes(file.read_bytes())
        transfers.transfer(transfers.Place(path), transfers.Place(url), NOW, 10)

    postgres.template("tools", prepare)
    with postgres.database("tools") as url:
        yield url


@pytest.fixture
def place(whole: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration with the database as its store."""
    monkeypatch.setenv("SECRET", "s3cr3t-Value")
    monkeypatch.setenv("STORE", whole)
    path = tmp_path / "bot.toml"
    path.write_text(SMALL + '[bot]\ndata = "data"\nstore = { env = "STORE" }\n')
    return path


def test_what_is_read_is_what_is_read_of_the_file(
    place: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every verb says the same of the database as of the file that it was copied from."""
    other = place.with_name("file.toml")
    other.write_text(SMALL + '[bot]\ndata = "file"\n')
    (place.parent / "file").mkdir()
    (place.parent / "file" / "countersign.db").write_bytes(file.read_bytes())
    for name, words in VERBS.items():
        with_file = leave(*words, "--config", str(other))
        with_database = leave(*words, "--config", str(place))
        assert with_database.exit_code == with_file.exit_code == 0, (name, with_database.output)
        assert same(with_database.stdout) == same(with_file.stdout), name


def test_the_schema_of_a_database_is_said(place: Path, whole: str) -> None:
    said = leave("store", "--config", str(place))
    assert said.exit_code == 0
    assert said.stdout.startswith(f"store    {whole}, ")
    assert f"schema   {schemas.names()[-1]}; written by" in said.stdout
    with psycopg.connect(whole) as writing:
        writing.execute("UPDATE meta SET value = 'm999' WHERE name = 'schema.oldest'")
    said = leave("store", "--config", str(place))
    assert (said.exit_code, "a newer release" in said.stderr) == (1, True)


def same(text: str) -> object:
    """In whatever order the keys of an object are, and without the counts of tables."""
    return json.loads(text) if text.startswith("{\n") else text.partition("; 20 requests")[0]


def test_replicas_are_listed_with_what_they_do(place: Path, whole: str) -> None:
    columns = "(name, release, schema, state, joined_at, seen_at)"
    moment = 1_795_903_200_000
    with psycopg.connect(whole) as writing:
        for name, state in (("web-1", "dead"), ("web-2", "living"), ("web-3", "living")):
            values = (name, "0.9.0", "m016", state, moment, moment + 5000)
            writing.execute(
                f"INSERT INTO replicas {columns} VALUES (%s, %s, %s, %s, %s, %s)".encode(), values
            )
        lack = "UPDATE replicas SET unreached = %s WHERE id IN (1, 3)"
        writing.execute(lack, (f'{{"lark": {moment - 60_000}}}',))
    said = leave("status", "--config", str(place)).stdout
    assert (
        "replica web-2 (2): living, leads, Countersign 0.9.0, since 2026-11-29 06:00:00, last seen "
        "2026-11-29 06:00:05\n"
    ) in said
    assert "replica web-1 (1): dead, Countersign" in said
    alone = said.split("replica web-3 (3): ")[1]
    assert alone.endswith(
        "last seen 2026-11-29 06:00:05, lark not reached since 2026-11-29 05:59:00\n"
    )
    assert said.count("not reached") == 1, "of one that is dead nothing is known"
    listed = json.loads(leave("status", "--json", "--config", str(place)).stdout)["replicas"]
    assert [(one["name"], one["state"], one["leads"]) for one in listed] == [
        ("web-1", "dead", False),
        ("web-2", "living", True),
        ("web-3", "living", False),
    ]
    assert [list(one["unreached"]) for one in listed] == [[], [], ["lark"]]


def test_dead_letters_are_queued_while_bots_run(place: Path, whole: str) -> None:
    own = ("--config", str(place))
    said = leave("events", "redrive", "95", "7", *own)
    assert said.stdout == "95 is sent once more when the bot starts\n"
    assert (said.exit_code, "7: there is no such letter" in said.stderr) == (1, True)
    with store.opened(whole) as bot:
        said = leave("events", "redrive", "96", *own)
        assert (said.exit_code, said.stdout) == (0, "96 is sent once more now\n")
        assert letters(bot, "queued") == [95, 96]
        with bot.reading() as reader:
            assert not reader.verify_audit()


def test_a_person_is_forgotten_only_while_no_bot_runs(place: Path, whole: str) -> None:
    own = ("--config", str(place))
    assert leave("store", "forget", "dan", "--dry-run", *own).exit_code == 0
    with store.opened(whole):
        said = leave("store", "forget", "dan", *own)
        assert (said.exit_code, "the bot is running: stop it first" in said.stderr) == (1, True)
    said = leave("store", "forget", "alice", *own)
    assert said.exit_code == 1
    assert "has a part in" in said.stderr
    with psycopg.connect(whole) as writing:
        writing.execute("UPDATE outbox SET state = 'dropped', settled_at = 1 WHERE state <> 'done'")


def test_what_is_about_a_file_names_what_does_it_for_a_database(place: Path) -> None:
    for words, means in (
        (("backup", "copy.db"), "pg_dump"),
        (("restore", "copy.db"), "`restore` without a file"),
        (("store", "compact"), "autovacuum"),
    ):
        said = leave(*words, "--config", str(place))
        assert said.exit_code == 1
        assert said.stderr.startswith("the store is a database of PostgreSQL: ")
        assert means in said.stderr


def test_a_database_that_was_put_back_is_taken_up_as_a_copy(
    place: Path, whole: str, tmp_path: Path
) -> None:
    """Replicas whose marks name what it lacks find that done, however late they come."""
    own = ("--config", str(place))
    marks = [tmp_path / "one", tmp_path / "other"]
    for mark in marks:
        with store.opened(whole, mark=mark) as bot:
            store.recognise(bot, NOW)
    newest = highwater.read(marks[0])
    assert newest is not None
    for number, mark in enumerate(marks, 1):
        lost = replace(newest, seq=newest.seq + number, hash="0" * 64)
        highwater.write(mark, lost)
    with store.opened(whole):
        said = leave("restore", *own)
        assert (said.exit_code, "stop them first" in said.stderr) == (1, True)
    said = leave("restore", *own)
    assert (said.exit_code, said.stderr) == (0, "")
    assert said.stdout.startswith(f"ok: the store is now the copy as of audit entry {newest.seq}:")
    assert f"the next request is #{newest.last_request + 1001}; " in said.stdout
    for mark in marks:
        with store.opened(whole, mark=mark) as bot:
            assert store.recognise(bot, NOW) is None
            with bot.reading() as reader:
                assert reader.restored() is not None
    later = highwater.read(marks[0])
    assert later is not None
    assert later.seq == newest.seq + 1
    highwater.write(marks[1], replace(later, seq=later.seq + 5, hash="1" * 64))
    with store.opened(whole, mark=marks[1]) as bot:
        assert store.recognise(bot, NOW) is not None, "that was lost after the restore"


def test_a_database_that_is_empty_or_away_is_a_sentence_without_the_password(
    place: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    verbs = (*VERBS.values(), ("store",), ("events", "redrive", "1"), ("store", "forget", "dan"))
    for address, sentence in (
        (database, "the bot has never run here"),
        ("postgresql://bot:sesame@127.0.0.1:1/x", "cannot be re"),
    ):
        monkeypatch.setenv("STORE", address)
        for words in verbs:
            said = leave(*words, "--config", str(place))
            assert said.exit_code in (1, 2), words
            assert sentence in said.stderr, (words, said.stderr)
            assert "sesame" not in said.output
    with psycopg.connect(database) as reading:
        query = "SELECT COUNT(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        assert reading.execute(query).fetchone() == (0,), "nothing was made"


# ----------------------------------------------------------------------------- the examination

DAMAGE = {
    "a table is gone": ("schema", "table results: is not there", "DROP TABLE results"),
    "an index is gone": ("schema", "outbox.outbox_in_flight: is", "DROP INDEX outbox_in_flight"),
    "an index is another": (
        "schema",
        "index timers.timers_due: is CREATE INDEX timers_due ON timers USING btree (kind), and",
        "DROP INDEX timers_due; CREATE INDEX timers_due ON timers (kind)",
    ),
    "a trigger was added": (
        "schema",
        "trigger votes.sly: should not be there",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER sly BEFORE INSERT ON votes EXECUTE FUNCTION f()",
    ),
    "a rule was added": (
        "schema",
        "rule votes.sly: should not be there",
        "CREATE RULE sly AS ON DELETE TO votes DO INSTEAD NOTHING",
    ),
    "texts are compared otherwise": (
        "schema",
        "column asks.person: is text not null collate",
        'ALTER TABLE asks ALTER person TYPE TEXT COLLATE "default"',
    ),
    "a table is lost at a crash": (
        "schema",
        "table usage: is lost at a crash",
        "ALTER TABLE usage SET UNLOGGED",
    ),
    "a reference is not held": (
        "reference",
        "votes: names request 1000, which is not there",
        "ALTER TABLE votes DROP CONSTRAINT votes_request_fkey;"
        "INSERT INTO votes SELECT 1000, digest, person, at, body FROM votes LIMIT 1",
    ),
    "an index is not finished": (
        "index",
        "index bus.bus_at: was not finished",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'bus_at'::regclass",
    ),
    "numbers go back": (
        "counter",
        "outbox: numbers go on from 3, and 96 is there",
        "SELECT setval('outbox_id_seq', 3)",
    ),
    "a body is no JSON": (
        "body",
        "request 5: cannot",
        "UPDATE requests SET body = '{' WHERE id = 5",
    ),
    "an entry was changed": ("audit", "entry 9", "UPDATE audit SET actor = 'eve' WHERE seq = 9"),
    "entries were cut off": ("audit", "entry", "DELETE FROM audit WHERE seq > 80"),
    "a vote was added": (
        "vote",
        "vote of erin on request 14",
        "INSERT INTO votes SELECT request, digest, 'erin', at, replace(body, '\"carol\"',"
        " '\"erin\"') FROM votes WHERE request = 14",
    ),
    "a call is gone": ("end", "request 17", "DELETE FROM outbox WHERE request = 17"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_named(name: str, whole: str) -> None:
    kind, words, script = DAMAGE[name]
    with psycopg.connect(whole) as writing:
        writing.execute(script.encode())
    findings = store.check(whole).findings
    assert [
        one for one in findings if one.kind == kind and words in f"{one.where}: {one.detail}"
    ], findings
    assert all(one.advice for one in findings)


def test_a_store_is_examined_while_replicas_write(whole: str) -> None:
    with store.opened(whole) as bot:
        assert bot.writer is not None
        bot.writer.begin()
        bot.writer.note_time(NOW)
        report = store.check(whole)
        bot.writer.rollback()
    assert not report.findings
    assert report.rows["requests"] == 20


def test_rows_are_examined_a_page_at_a_time(whole: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.store.postgres.connection.PAGE", 2)
    assert not store.check(whole).findings
