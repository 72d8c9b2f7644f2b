"""A copy of the store that is put back by other means than ``restore`` is recognised at the start:
what was undecided in it is neither approved nor run once more without people being asked."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import model, store
from bot.store import highwater
from tests.bot import run_stage, stage

pytestmark = pytest.mark.sqlite("a file that is older than the mark beside it")

State = model.State


class Place:
    """A stage that is stopped, put back by a plain copy, and started as the bot is."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.kept = folder / "data", folder / "kept"
        self.folder.mkdir()
        self.kept.mkdir()
        self.scene = run_stage.RunStage(self.folder)
        self.runs = True

    @property
    def path(self) -> Path:
        return self.folder / "stage.db"

    def copy(self) -> None:
        """As ``cp`` does it, or a snapshot of the disk."""
        for path in self.folder.glob("stage.db*"):
            shutil.copy(path, self.kept / path.name)

    def put_back(self) -> None:
        for path in self.folder.glob("stage.db*"):
            path.unlink()
        for path in self.kept.iterdir():
            shutil.copy(path, self.folder / path.name)

    def stopped(self) -> None:
        self.scene.close()
        self.runs = False

    def start(self) -> store.Restored | None:
        """What the start finds out."""
        now = self.scene.clock.now()
        opened = store.Store(self.path)
        found = store.recognise(opened, now)
        opened.close()
        self.scene, self.runs = run_stage.RunStage(self.folder), True
        self.scene.count = 100
        when = self.scene.read(lambda reader: reader.restored())
        numbers = self.scene.read(lambda reader: reader.open_numbers())
        for number in numbers if when is not None else ():
            self.scene.submit(model.Restored(f"restored:{number}", now, number))
        self.scene.loop.run_until_complete(self.scene.engine.write(lambda w: w.recover()))
        return found

    def mark(self) -> highwater.Mark:
        found = highwater.read(highwater.place(self.path))
        assert found is not None
        return found


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path)
    yield found
    if found.runs:
        found.stopped()


# ----------------------------------------------------------------------------- what is recognised


@pytest.mark.parametrize("text", ["restart web-01", "fleet targets=web-01"])
def test_what_was_pending_in_a_copy_does_not_run_a_second_time(place: Place, text: str) -> None:
    request = place.scene.planned("alice", text)
    place.copy()
    place.scene.approve("bob", request.id)
    place.scene.work()
    place.stopped()
    place.put_back()
    done = place.start()
    assert done is not None
    assert done.held == 1
    held = place.scene.request(request.id)
    assert (held.state, held.hold) == (State.PENDING, "restored")
    place.scene.click("bob", request.id, "approve", request.code, held.card)
    effects = place.scene.work()
    assert any(f"revote {request.id}" in text for text in stage.said(effects))
    assert not [one for one in effects if isinstance(one, model.StartRun | model.RunCall)]
    [entry] = [
        row
        for row in place.scene.read(lambda reader: list(reader.chain()))
        if row.action == "store.restored"
    ]
    assert (entry.actor, entry.facts["by"], entry.facts["held"]) == ("countersign", "mark", 1)
    assert place.scene.read(lambda reader: reader.verify_audit()) == []


def test_a_copy_is_recognised_however_soon_after_the_call_the_machine_dies(place: Place) -> None:
    """The mark is on disk before the call is let out: here nothing at all is written after it."""
    request = place.scene.planned("alice", "restart web-01")
    place.copy()
    place.scene.approve("bob", request.id)
    assert any(isinstance(one.effect.body, model.StartRun) for one in place.scene.claim())
    mark = place.folder / "stage.high-water"
    left = mark.read_bytes()
    place.stopped()
    mark.write_bytes(left)
    place.put_back()
    assert place.start() is not None


def test_numbers_go_on_far_from_those_that_were_lost(place: Place) -> None:
    place.scene.planned("alice", "restart web-01")
    place.copy()
    for _ in range(3):
        place.scene.planned("alice", "restart web-02")
    place.stopped()
    place.put_back()
    done = place.start()
    assert done is not None
    assert done.first == 4 + store.sql.takeover.JUMP + 1
    assert place.scene.planned("alice", "restart web-03").id == done.first


def test_a_copy_that_went_its_own_way_is_recognised_by_the_hash(place: Place) -> None:
    """Put back and written to (by ``redrive``, say) until it is as long as what it replaced."""
    place.scene.planned("alice", "restart web-01")
    place.copy()
    place.scene.ask("alice", "restart web-02")
    place.stopped()
    seq = place.mark().seq
    place.put_back()
    opened = store.Store(place.path)
    assert opened.writer is not None
    opened.writer.begin()
    for _ in range(seq):
        opened.writer.append(model.AuditEntry("console", "letter.redriven", facts={}), 0)
    opened.writer.commit()
    opened.close()
    assert place.start() is not None


def test_the_store_of_another_installation_is_no_newest_one(place: Place, tmp_path: Path) -> None:
    """Nobody knows what became of its requests since it was copied."""
    place.scene.planned("alice", "restart web-01")
    place.stopped()
    other = tmp_path / "other"
    other.mkdir()
    there = run_stage.RunStage(other)
    there.planned("alice", "restart web-02")
    there.close()
    for path in other.glob("stage.db*"):
        shutil.copy(path, place.folder / path.name)
    done = place.start()
    assert done is not None
    assert done.held == 1


def test_a_mark_on_another_disk_tells_of_a_snapshot_of_this_one(
    place: Place, tmp_path: Path
) -> None:
    place.scene.planned("alice", "restart web-01")
    place.stopped()
    shutil.copytree(place.folder, tmp_path / "snapshot")
    mark, now = tmp_path / "elsewhere", place.scene.clock.now()
    for held in (None, None, 1):
        if held:
            shutil.rmtree(place.folder)
            shutil.copytree(tmp_path / "snapshot", place.folder)
        opened = store.Store(place.path, mark=mark)
        done = store.recognise(opened, now)
        assert (done.held if done is not None else None) == held
        assert opened.writer is not None
        opened.writer.begin()
        opened.writer.append(model.AuditEntry("countersign", "bot.started", facts={}), 0)
        opened.writer.commit()
        opened.writer.finish()
        opened.close()


# ----------------------------------------------------------------------------- what is not


def test_an_ordinary_start_holds_nothing(place: Place) -> None:
    request = place.scene.planned("alice", "restart web-01")
    for _ in range(2):
        place.stopped()
        assert place.start() is None
    assert place.scene.request(request.id).hold == ""


def test_a_store_that_is_ahead_of_its_mark_is_no_old_one(place: Place) -> None:
    """The machine died within the second in which the mark may be behind."""
    place.scene.planned("alice", "restart web-01")
    place.stopped()
    left = (place.folder / "stage.high-water").read_bytes()
    place.scene, place.runs = run_stage.RunStage(place.folder), True
    place.scene.count = 50
    place.scene.planned("alice", "restart web-02")
    place.stopped()
    (place.folder / "stage.high-water").write_bytes(left)
    assert place.start() is None


@pytest.mark.parametrize("content", [None, b"", b"\xff\x00", b"text\n" * 400])
def test_a_mark_that_is_missing_or_damaged_stops_no_start(
    place: Place, content: bytes | None
) -> None:
    """As after the upgrade from a release that wrote none: the store is taken as it is."""
    place.scene.planned("alice", "restart web-01")
    place.stopped()
    path = place.folder / "stage.high-water"
    path.unlink() if content is None else path.write_bytes(content)
    assert place.start() is None
    place.stopped()
    assert place.mark().last_request == 1
    assert place.start() is None


def test_a_store_that_is_new_is_taken_as_it_is(place: Place) -> None:
    place.scene.planned("alice", "restart web-01")
    place.stopped()
    place.put_back()
    assert place.start() is None


def test_what_restore_put_back_is_not_held_once_more(place: Place) -> None:
    place.scene.planned("alice", "restart web-01")
    copy = place.kept.parent / "copy.db"
    store.backup(place.path, copy)
    place.scene.planned("alice", "restart web-02")
    now = place.scene.clock.now()
    place.stopped()
    store.restore(copy, place.path, "console:ops", now)
    assert place.start() is None
    assert stage.actions(place.scene).count("store.restored") == 1


# ----------------------------------------------------------------------------- the file


def test_one_line_is_whole_wherever_writing_the_other_stops(tmp_path: Path) -> None:
    path = tmp_path / "a.high-water"
    marks = [highwater.Mark("abc", seq, "f" * 64, seq) for seq in (1, 2, 3)]
    for mark in marks:
        highwater.write(path, mark)
        assert highwater.read(path) == mark
    whole = path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    for at in range(highwater.LINE, 2 * highwater.LINE, 37):
        path.write_bytes(whole[:at] + b"\0" * (len(whole) - at))
        assert highwater.read(path) in (marks[1], marks[2])


class Source:
    """What the mark is made of."""

    def __init__(self) -> None:
        self.seq, self.decided, self.starting = 0, False, False

    def mark(self) -> highwater.Mark:
        return highwater.Mark("abc", self.seq, "0" * 64, 0)


def test_it_is_written_once_a_second_and_before_the_first_call_after_a_decision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, now, written = Source(), [100.0], list[int]()
    monkeypatch.setattr(highwater, "write", lambda path, mark: written.append(mark.seq))
    keeper = highwater.Keeper(tmp_path / "a.high-water", source, lambda: now[0])
    for source.seq in range(1, 31):  # three seconds of work without a decision
        source.starting = True
        keeper.committed()
        now[0] += 0.1
    assert len(written) == 2
    source.seq, source.decided, source.starting = 40, True, False
    keeper.committed()
    assert 40 not in written
    source.starting = True
    keeper.committed()
    assert written[-1] == 40
    assert keeper.wait() is None


def test_a_mark_that_cannot_be_written_is_said_once_and_stops_nothing(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    path = place.folder / "stage.high-water"
    path.unlink(missing_ok=True)
    path.mkdir()
    with caplog.at_level(logging.ERROR):
        for name in ("web-01", "web-02"):
            request = place.scene.planned("alice", f"restart {name}")
            place.scene.approve("bob", request.id)
            place.scene.work()
    assert len([line for line in caplog.messages if "high-water" in line]) == 1
    assert place.scene.request(2).state is State.RUNNING
    path.rmdir()


def test_the_copies_of_sqlite_leave_it_where_it_is(place: Place) -> None:
    place.scene.planned("alice", "restart web-01")
    place.copy()
    place.stopped()
    assert not [path for path in place.kept.iterdir() if "high-water" in path.name]
    with sqlite3.connect(place.path) as connection:
        assert connection.execute("SELECT COUNT(*) FROM requests").fetchone() == (1,)
