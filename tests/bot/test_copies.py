"""Copies of the store: made while it is in use, verified, and put back so that nothing untrue is
told and nothing is run that was not voted on since."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from bot import model, store
from tests.bot import run_stage, stage
from tests.bot.test_humans import edit
from tests.bot.test_openings import frozen

pytestmark = pytest.mark.sqlite("copies of the file")

State = model.State


class Place:
    """A stage that can be stopped, put back and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "data"
        self.folder.mkdir()
        self.copy = folder / "copy.db"
        self.scene = run_stage.RunStage(self.folder)

    @property
    def path(self) -> Path:
        return self.folder / "stage.db"

    def backup(self) -> store.sql.takeover.Contents:
        return store.backup(self.path, self.copy)

    def restore(self) -> store.Restored:
        now = self.scene.clock.now()
        self.scene.close()
        return store.restore(self.copy, self.path, "console:ops", now)

    def restored(self) -> tuple[store.Restored, list[model.Effect]]:
        """Stop, put back, start; what the outside is given then."""
        done = self.restore()
        self.scene = run_stage.RunStage(self.folder)
        self.scene.count = 100
        now = self.scene.clock.now()
        for number in self.scene.read(lambda reader: reader.open_numbers()):
            self.scene.submit(model.Restored(f"restored:{number}", now, number))
        self.scene.loop.run_until_complete(self.scene.engine.write(lambda w: w.recover()))
        return done, self.scene.work()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path)
    yield found
    found.scene.close()


# ----------------------------------------------------------------------------- making one


def test_a_copy_is_made_while_the_store_is_in_use(place: Place) -> None:
    place.scene.planned("alice", "restart web-01")
    found = place.backup()
    assert (found.last_request, found.stamp) == (1, place.scene.read(newest))
    assert stat.S_IMODE(place.copy.stat().st_mode) == 0o600
    assert {path.name for path in place.copy.parent.iterdir()} == {"copy.db", "data"}
    with sqlite3.connect(place.copy) as copy:
        assert copy.execute("SELECT COUNT(*) FROM requests").fetchone() == (1,)


def newest(reader: store.Reader) -> str:
    row = list(reader.chain())[-1]
    return f"{row.seq}:{row.hash}"


def test_nothing_is_overwritten(place: Place) -> None:
    place.copy.write_text("precious")
    with pytest.raises(store.CopyFailed, match="is there already"):
        place.backup()
    assert place.copy.read_text() == "precious"


def test_a_place_that_cannot_be_looked_at_is_a_sentence(place: Place) -> None:
    with pytest.raises(store.CopyFailed, match=r"can't be written: File name too long"):
        store.backup(place.path, place.copy.with_name("x" * 300))


def test_a_copy_of_a_log_that_was_changed_is_not_made(place: Place) -> None:
    place.scene.planned("alice", "restart web-01")
    with sqlite3.connect(place.path) as connection:
        connection.execute("UPDATE audit SET actor = 'mallory' WHERE seq = 1")
    with pytest.raises(store.CopyFailed, match="not whole"):
        place.backup()
    assert not place.copy.exists()
    assert not list(place.copy.parent.glob("*.part*"))


# ----------------------------------------------------------------------------- what is refused


def test_what_is_no_copy_or_is_damaged_is_not_put_back(place: Place) -> None:
    place.scene.planned("alice", "restart web-01")
    place.backup()
    good = place.copy.read_bytes()
    place.scene.close()
    now = datetime.fromisoformat("2026-01-05T09:00:00+00:00")
    before = place.path.read_bytes()
    for bad in (b"", b"text\n" * 2000, good[: len(good) // 2], good.replace(b"alice", b"mallo")):
        place.copy.write_bytes(bad)
        with pytest.raises(store.CopyFailed):
            store.restore(place.copy, place.path, "console", now)
        assert place.path.read_bytes() == before
    with pytest.raises(store.CopyFailed, match="the store itself"):
        store.restore(place.path, place.path, "console", now)
    place.scene = run_stage.RunStage(place.folder)


def test_it_is_not_put_back_under_a_running_bot(place: Place) -> None:
    place.backup()
    with pytest.raises(store.Locked):
        store.restore(place.copy, place.path, "console", place.scene.clock.now())


def test_a_copy_of_a_newer_release_is_not_put_back(place: Place) -> None:
    place.backup()
    with sqlite3.connect(place.copy) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations VALUES (99, 'countersign', 'm999_later', '2030-01-01')"
        )
        connection.execute("UPDATE meta SET value = 'm999_later' WHERE name = 'schema.oldest'")
    with pytest.raises(store.CopyFailed, match="newer release"):
        place.restore()
    place.scene = run_stage.RunStage(place.folder)


# ----------------------------------------------------------------------------- what becomes of it


def test_numbers_jump_and_the_replaced_store_is_kept(place: Place) -> None:
    place.scene.planned("alice", "restart web-01")
    place.backup()
    for _ in range(3):
        place.scene.planned("alice", "restart web-02")
    lost = place.scene.read(newest)
    done, _ = place.restored()
    assert done.first == 4 + store.sql.takeover.JUMP + 1
    assert place.scene.planned("alice", "restart web-03").id == done.first
    assert done.kept is not None
    with sqlite3.connect(done.kept) as kept:
        assert kept.execute("SELECT MAX(id) FROM requests").fetchone() == (4,)
    chain = place.scene.read(lambda reader: list(reader.chain()))
    [entry] = [row for row in chain if row.action == "store.restored"]
    assert (entry.actor, entry.facts["replaced"], entry.facts["held"]) == ("console:ops", lost, 1)
    assert place.scene.read(lambda reader: reader.verify_audit()) == []


def test_what_was_undecided_is_held_and_told(place: Place) -> None:
    """In the time that was lost it may have been approved and run."""
    request = place.scene.planned("alice", "restart web-01")
    place.backup()
    _, effects = place.restored()
    held = place.scene.request(request.id)
    assert (held.state, held.hold) == (State.PENDING, "restored")
    assert any("restored from a backup" in text for text in stage.said(effects))
    place.scene.click("bob", request.id, "approve", request.code, held.card)
    done = place.scene.work()
    assert not [one for one in done if isinstance(one, model.StartRun) and not one.lookup]


def test_what_is_held_is_not_told_as_expired(place: Place) -> None:
    """It may have been approved and run before its time ran out."""
    request = place.scene.planned("alice", "restart web-01")
    place.backup()
    place.restored()
    place.scene.tick(24 * 3600)
    assert place.scene.request(request.id).state is State.PENDING
    assert not any("expired" in text for text in stage.said(place.scene.work()))
    place.scene.ask("alice", f"cancel {request.id}")
    assert place.scene.request(request.id).state is State.CANCELLED


@pytest.mark.parametrize("queued", [False, True], ids=["waiting", "put back"])
def test_what_waited_for_its_time_is_held_and_does_not_start_by_itself(
    place: Place, queued: bool
) -> None:
    """The time may have come after the copy was made, and then it has run."""
    scene = place.scene
    if queued:
        request = scene.planned("alice", "restart web-01")
        scene.click("bob", request.id, "approve", request.code, request.card)
        edit(scene, freezes=(frozen(-1, 5),))
    else:
        request = scene.planned("alice", "restart web-01 in=10m")
        scene.click("bob", request.id, "approve", request.code, request.card)
    scene.work()
    assert scene.request(request.id).scheduled
    place.backup()
    _, effects = place.restored()
    scene = place.scene
    held = scene.request(request.id)
    assert (held.state, held.hold) == (State.APPROVED, "restored")
    assert any("does not start by itself" in text for text in stage.said(effects))
    assert [button.action for button in stage.cards(effects)[-1].buttons] == ["revote", "stop"]
    scene.tick(6 * 3600)
    assert not [one for one in scene.work() if isinstance(one, model.StartRun)]
    scene.ask("alice", f"revote {request.id}")
    scene.work()
    assert scene.request(request.id).renewed


@pytest.mark.parametrize("claimed", [False, True], ids=["queued", "in flight"])
@pytest.mark.parametrize("found", [False, True], ids=["no trace", "it ran"])
def test_what_was_about_to_start_is_looked_up_and_never_started_again(
    place: Place, claimed: bool, found: bool
) -> None:
    request = place.scene.planned("alice", "restart web-01")
    place.scene.click("bob", request.id, "approve", request.code)
    if claimed:
        assert any(isinstance(one.effect.body, model.StartRun) for one in place.scene.claim())
    place.backup()
    place.restore()
    place.scene = run_stage.RunStage(place.folder)
    scene = place.scene
    scene.submit(model.Restored("restored:1", scene.clock.now(), 1))
    scene.loop.run_until_complete(scene.engine.write(lambda writer: writer.recover()))
    said: list[str] = []
    for _ in range(12):
        for one in scene.claim():
            body = one.effect.body
            outcome = scene.answer(one)
            if isinstance(body, model.StartRun):
                assert body.lookup
                assert one.attempt.uncertain
                outcome = model.Done(ref="t-1") if found else model.Unknown("no trace", "token")
            said += stage.said([body])
            scene.settle(one, outcome)
        scene.clock.advance(61)
    if found:
        assert scene.request(1).state is State.RUNNING
        scene.observe(1)
        assert scene.request(1).state is State.SUCCEEDED
    else:
        assert scene.request(1).state is State.UNKNOWN
    assert any("It is not started again" in text for text in said)


@pytest.mark.parametrize("claimed", [False, True], ids=["queued", "in flight"])
def test_a_run_in_the_middle_is_ended_as_unknown(place: Place, claimed: bool) -> None:
    """How far it went after the copy was made, this store cannot know: it could be done twice."""
    request = place.scene.planned("alice", "fleet targets=web-01,web-02")
    place.scene.approve("bob", request.id)
    [look] = place.scene.held()
    place.scene.settle(look, place.scene.answer(look))
    if claimed:
        assert any(isinstance(one.effect.body, model.RunCall) for one in place.scene.claim())
    place.backup()
    _, effects = place.restored()
    assert place.scene.made("TouchInstance") == []
    assert place.scene.request(request.id).state is State.UNKNOWN
    assert any("not on record here" in text for text in stage.said(effects))
    assert place.scene.read(lambda reader: reader.verify_audit()) == []


@pytest.mark.parametrize("text", ["restart web-01", "fleet targets=web-01"])
def test_every_state_is_told_and_nothing_is_started(place: Place, text: str) -> None:
    """Whatever was open: after the restore nothing starts by itself."""
    place.scene.ask("alice", text)
    place.scene.ask("alice", "restart web-02")
    place.scene.work()
    place.scene.ask("alice", text)
    place.scene.approve("bob", 1)
    place.scene.claim()
    place.backup()
    _, effects = place.restored()
    told = "\n".join(stage.said(effects))
    for number in (1, 2, 3):
        assert f"#{number}" in told
    assert place.scene.made("TouchInstance") == []
    starts = [one for one in effects if isinstance(one, model.StartRun)]
    assert all(one.lookup for one in starts)
