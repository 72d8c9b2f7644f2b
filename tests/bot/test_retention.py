"""Texts, values and outputs of what ended long ago are removed: nothing else is, the audit chain
verifies, and it goes on where a kill broke it off."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from bot import audit, cards, model, store
from bot.store import codec, removal
from bot.store.sql import retention, statements
from tests import stores
from tests.bot import run_stage
from tests.upgrade import make_store

ROOT = Path(__file__).resolve().parents[2]
DAY = 86400


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[run_stage.RunStage]:
    made = run_stage.RunStage(tmp_path)
    yield made
    assert not stores.findings(made.path)
    made.close()


def ended(scene: run_stage.RunStage, text: str = "restart web-01 reason=peculiar") -> int:
    """A request that ran and printed something."""
    request = scene.planned("alice", text)
    scene.click("bob", request.id, "approve", request.code, request.card, "sensible")
    scene.work()
    scene.observe(request.id)
    scene.work()
    assert scene.request(request.id).state is model.State.SUCCEEDED
    return request.id


def test_what_ended_loses_its_texts_and_keeps_who_what_and_when(scene: run_stage.RunStage) -> None:
    number = ended(scene)
    before = scene.request(number)
    assert before.args
    assert scene.read(lambda reader: reader.results(number))[0].output
    scene.clock.advance(29 * DAY)
    scene.remove_texts()
    assert scene.request(number) == before
    scene.clock.advance(2 * DAY)
    scene.remove_texts()
    after = scene.request(number)
    assert (after.text, after.args, after.reason, after.removed) == ("", {}, "", "30d")
    assert after.plan is not None
    assert before.plan is not None
    assert (after.plan.script, after.plan.instances) == ("", before.plan.instances)
    assert (after.person, after.digest, after.state) == ("alice", before.digest, before.state)
    assert after.ended_at == before.ended_at
    (vote,) = scene.read(lambda reader: reader.votes(number))
    (result,) = scene.read(lambda reader: reader.results(number))
    assert (vote.person, vote.reason, result.output) == ("bob", "", "")
    assert (result.status, result.exit_code) == ("Success", 0)
    rows = scene.read(lambda reader: list(reader.chain()))
    (entry,) = [row for row in rows if row.action == "texts.removed"]
    assert entry.facts["requests"] == str(number)
    assert entry.facts["why"] == "30d"


def test_the_chain_verifies_with_the_stamps_of_before(scene: run_stage.RunStage) -> None:
    ended(scene)
    stamps = [audit.stamp(row) for row in scene.read(lambda reader: list(reader.chain()))]
    texts = [row.facts.get("text") for row in scene.read(lambda reader: list(reader.chain()))]
    assert "restart web-01 reason=peculiar" in texts
    scene.clock.advance(31 * DAY)
    scene.remove_texts()
    assert scene.read(lambda reader: reader.verify_audit(stamps)) == []
    rows = scene.read(lambda reader: list(reader.chain()))
    assert not [row for row in rows if {"text", "account"} & row.facts.keys()]
    asked = next(row for row in rows if row.action == "request.asked")
    assert asked.leaves.keys() == {"text", "account"}
    assert asked.facts["command"] == "restart"
    page = StringIO()
    with scene.store.reading() as reader:
        audit.export(reader, page)
    assert "peculiar" not in page.getvalue()
    assert audit.verify_file(page.getvalue().splitlines(), stamps) == []


@pytest.mark.sqlite("looks into the file, which the server of PostgreSQL tidies in its own time")
def test_nothing_that_was_typed_is_left_in_the_file(tmp_path: Path) -> None:
    scene = run_stage.RunStage(tmp_path)
    ended(scene)
    scene.ask("mallory", "restart web-01 reason=nosy")
    scene.work()
    words = (b"peculiar", b"nosy", b"sensible")
    log = scene.store.path.with_name("stage.db-wal").read_bytes()
    content = scene.store.path.read_bytes() + log
    assert all(word in content for word in words)
    scene.clock.advance(31 * DAY)
    scene.ask("bob", "help")  # the newest effect stays, for its number
    scene.work()
    scene.remove_texts()
    scene.close()
    content = scene.store.path.read_bytes()
    assert not [word for word in words if word in content]


def test_what_is_open_or_still_being_said_is_never_touched(scene: run_stage.RunStage) -> None:
    make_store.play(scene)
    requests = scene.read(lambda reader: reader.recent_requests(100))
    open_ones = {request.id: request for request in requests if not request.state.final}
    assert len(open_ones) > 8
    scene.clock.advance(400 * DAY)
    scene.remove_texts()
    for number, request in open_ones.items():
        assert scene.request(number) == request
    gone = {one.id for one in requests if scene.request(one.id).removed}
    assert gone
    assert gone <= {request.id for request in requests if request.state.final}
    scene.work()
    scene.remove_texts()
    assert not [one.id for one in requests if one.state.final and not scene.request(one.id).removed]


def test_people_are_told_why_it_is_gone(scene: run_stage.RunStage) -> None:
    number = ended(scene)
    scene.clock.advance(401 * DAY)
    scene.remove_texts(400)
    for words in (f"status {number}", f"plan {number}", f"output {number}"):
        scene.ask("bob", words)
        said = " ".join(str(effect) for effect in scene.work())
        assert "removed after 400 days, as configured" in said, words


def test_a_clock_that_was_set_far_ahead_removes_nothing_for_a_day(
    scene: run_stage.RunStage,
) -> None:
    number = ended(scene)
    before = scene.clock.now()
    scene.clock.advance(900 * DAY)
    now = scene.clock.now()
    step = scene.engine.write(lambda writer: writer.move_clock(before, now - before, now))
    scene.loop.run_until_complete(step)
    scene.remove_texts()
    assert not scene.request(number).removed
    scene.clock.advance(DAY + 1)
    scene.remove_texts()
    assert scene.request(number).removed


BODIES = Path(__file__).parents[1] / "payloads" / "stores" / "bodies-0.1.0.jsonl"


def test_a_request_of_any_kind_is_drawn_without_its_texts(tmp_path: Path) -> None:
    """Its card may still be clicked."""
    made = run_stage.RunStage(tmp_path)
    kinds = set()
    for line in BODIES.read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["type"] != "request":
            continue
        request = codec.decode(codec.request, row["body"])
        ended_ = replace(request, state=model.State.SUCCEEDED, ended_at=request.created_at)
        gone = removal.stripped(ended_, "400d")
        assert codec.decode(codec.request, codec.encode(gone)) == gone
        assert type(gone.plan) is type(request.plan)
        kinds.add(type(gone.plan))
        if gone.plan is not None:
            cards.request_card(made.deployment, gone, ())
    made.close()
    assert len(kinds) >= 4


def test_a_text_that_was_changed_is_noticed(scene: run_stage.RunStage) -> None:
    ended(scene)

    def forge(writer: store.Writer) -> None:
        writer.connection.execute(  # type: ignore[attr-defined]
            "UPDATE audit_texts SET facts = replace(facts, 'peculiar', 'harmless')"
        )

    scene.loop.run_until_complete(scene.engine.write(forge))
    (fault,) = scene.read(lambda reader: reader.verify_audit())
    assert (fault.kind, fault.detail) == ("hash", "text is not what its digest was made of")
    scene.loop.run_until_complete(
        scene.engine.write(
            lambda writer: writer.connection.execute(  # type: ignore[attr-defined]
                "UPDATE audit_texts SET facts = replace(facts, 'harmless', 'peculiar')"
            )
        )
    )


def test_the_salt_is_not_to_be_found_once_the_text_is_gone(scene: run_stage.RunStage) -> None:
    number = ended(scene)
    rows = [row for row in scene.read(lambda reader: list(reader.chain())) if row.salt]
    salts = {row.salt for row in rows}
    assert len(salts) == len(rows), "each entry has its own"
    scene.clock.advance(31 * DAY)
    scene.remove_texts()
    dump = "\n".join(stores.dump(scene.path).values())
    assert not [salt for salt in salts if salt in dump]
    assert scene.request(number).nonce in dump


@pytest.mark.parametrize("numbers", [[], [7], [1, 2, 3, 5, 9, 10]])
def test_numbers_are_written_short(numbers: list[int]) -> None:
    assert retention.ranges(numbers) == {0: "", 1: "7", 6: "1-3, 5, 9-10"}[len(numbers)]


@pytest.mark.sqlite("kills a process at the statements of SQLite's driver, on copies of the file")
@pytest.mark.parametrize("step", [9, pytest.param(1, marks=pytest.mark.slow)])
def test_a_kill_at_any_statement_leaves_it_whole_and_it_goes_on(step: int, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    made = run_stage.RunStage(tmp_path / "data")
    for text in ("restart web-01 reason=one", "restart web-02 reason=two"):
        ended(made, text)
    made.close()
    assert deaths("retention", made.store.path, step) > 30 / step


def deaths(work: str, path: Path, step: int) -> int:
    """How often the work was killed, at each STEPth of its statements, before it got through; fails
    where a death left damage."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bot.killed", work, str(path), str(step)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return int(json.loads(done.stdout))


@pytest.mark.sqlite("the size of the file")
def test_the_file_becomes_smaller_by_itself_or_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "store.db"

    def fill_and_free(opened: store.Store) -> int:
        writer = opened.writer
        assert writer is not None
        writer.connection.execute("CREATE TABLE ballast (text TEXT)")
        writer.connection.execute("INSERT INTO ballast VALUES (?)", ["x" * 4_000_000])
        writer.connection.execute("DROP TABLE ballast")
        writer.begin()
        free = writer.give_back(900)
        writer.commit()
        return free

    with store.Store(path) as opened:
        free = fill_and_free(opened)
        assert 0 < free < 200
    assert path.stat().st_size < 1_000_000
    old = tmp_path / "old.db"
    with sqlite3.connect(old) as connection:
        connection.execute("PRAGMA auto_vacuum = NONE")
        connection.execute("CREATE TABLE first (text TEXT)")
        connection.execute("DROP TABLE first")
    connection.close()
    with store.Store(old) as opened:
        assert fill_and_free(opened) == 0
    assert old.stat().st_size > 4_000_000
    store.compact(old)
    assert old.stat().st_size < 1_000_000
    with store.Store(old) as opened:
        assert fill_and_free(opened) > 0


INDEXED = {
    "REQUESTS_KEPT": (1, 0, 0, 50),
    "REQUESTS_BUSY": (),
    "LETTERS_DELETE": (1,),
    "TEXTS_PAGE": (0, 500),
    "TEXTS_DELETE_OF_REQUEST": (1,),
}


@pytest.mark.parametrize("name", INDEXED)
def test_no_bite_reads_a_whole_table(name: str, tmp_path: Path) -> None:
    with store.Store(tmp_path / "store.db") as opened:
        assert opened.writer is not None
        query = f"EXPLAIN QUERY PLAN {getattr(statements, name)}"
        plan = [row[3] for row in opened.writer.connection.execute(query, INDEXED[name])]
        assert not [line for line in plan if re.match(r"SCAN (?!.*USING)", line)], plan
        assert not [line for line in plan if "TEMP B-TREE FOR ORDER" in line], plan


def write(scene: run_stage.RunStage, *statements_: str) -> None:
    """What somebody does who can write to the file."""

    def act(writer: store.Writer) -> None:
        for statement in statements_:
            writer.connection.execute(statement)  # type: ignore[attr-defined]

    scene.loop.run_until_complete(scene.engine.write(act))


def faults(scene: run_stage.RunStage) -> set[tuple[int, str]]:
    return {(one.seq, one.kind) for one in scene.read(lambda reader: reader.verify_audit())}


@pytest.mark.parametrize("how", ["DELETE FROM audit_texts", "UPDATE audit_texts SET facts = '{}'"])
def test_texts_that_are_gone_are_missed_unless_an_entry_says_that_they_were_removed(
    how: str, tmp_path: Path
) -> None:
    made = run_stage.RunStage(tmp_path)
    first, second = ended(made), ended(made, "restart web-02 reason=other")
    made.ask("mallory", "restart web-01 reason=nosy")
    made.work()
    of_first = [row for row in made.read(lambda reader: list(reader.chain())) if row.leaves]
    made.clock.advance(31 * DAY)
    made.remove_texts()
    assert {row.request for row in of_first} == {first, second, 0}
    assert faults(made) == set(), "removed as configured"
    third = ended(made, "restart web-03 reason=third")
    write(made, how + f" WHERE seq IN (SELECT seq FROM audit WHERE request = {third})")
    rows = made.read(lambda reader: list(reader.chain()))
    wanted = {(row.seq, "text") for row in rows if row.request == third and row.leaves}
    assert wanted
    assert faults(made) == wanted
    assert "audit" in {finding.kind for finding in stores.findings(made.path)}
    page = StringIO()
    with made.store.reading() as reader:
        audit.export(reader, page)
    assert audit.verify_file(page.getvalue().splitlines()) == [], "an export without any texts"
    ended(made, "restart web-01 reason=fourth")
    with made.store.reading() as reader:
        audit.export(reader, page := StringIO())
    kinds = {(one.seq, one.kind) for one in audit.verify_file(page.getvalue().splitlines())}
    assert kinds == wanted
    made.close()


def test_what_was_typed_about_a_request_that_has_lost_its_texts_goes_in_time(
    scene: run_stage.RunStage,
) -> None:
    number = ended(scene)
    scene.clock.advance(31 * DAY)
    scene.remove_texts()

    def late(writer: store.Writer) -> None:
        facts = {"text": "peculiar", "why": "late"}
        entry = model.AuditEntry("alice", "ask.refused", number, facts, salt="ab" * 16)
        writer.append(entry, codec.ms(scene.clock.now()))  # type: ignore[attr-defined]

    scene.loop.run_until_complete(scene.engine.write(late))
    scene.clock.advance(31 * DAY)
    scene.remove_texts()
    assert not [row for row in scene.read(lambda reader: list(reader.chain())) if row.salt]
    assert faults(scene) == set()


def test_a_fact_that_was_put_in_beside_its_digest_is_noticed(tmp_path: Path) -> None:
    made = run_stage.RunStage(tmp_path)
    ended(made)
    with made.store.reading() as reader:
        audit.export(reader, page := StringIO())
    lines = page.getvalue().splitlines()
    asked = next(index for index, line in enumerate(lines) if '"text#"' in line)
    forged = json.loads(lines[asked])
    forged["facts"]["text"] = "restart web-01 reason=harmless"
    del forged["texts"], forged["salt"]
    lines[asked] = json.dumps(forged)
    assert "hash" in {fault.kind for fault in audit.verify_file(lines)}
    made.close()
