"""What must stay cheap: runs that wait are rows and nothing else, and files are read once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import model, source
from bot.commands import loader
from bot.core import live_runs
from bot.oos.template import parse
from bot.store import codec as store_codec
from bot.store.sql import queries
from tests.bot import run_stage, stage


@pytest.fixture
def made(tmp_path: Path) -> Iterator[run_stage.RunStage]:
    found = run_stage.RunStage(tmp_path)
    yield found
    found.close()


def known(of: run_stage.RunStage) -> set[int]:
    """The runs of this store that are kept in memory."""
    return set(of.store.writer.archive.cache)


def test_runs_that_wait_are_read_again_only_when_they_go_on(
    made: run_stage.RunStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_runs, "MOST", 2)
    for number in range(1, 6):
        made.planned("alice", "nap" if number % 2 else "gate")
        made.approve(number=number)
        made.work()
    states = [made.request(number).state for number in range(1, 6)]
    waiting, running = model.State.WAITING, model.State.RUNNING
    assert states == [running, waiting, running, waiting, running]
    assert len(known(made)) == 2
    made.forget_runs()  # as after a restart
    made.tick(60)
    made.work()
    assert known(made) == set()
    made.approve(number=4)
    made.work()
    assert known(made) == set(), "a vote that decides nothing is a row"
    made.approve("carol", number=4)
    made.work()
    assert made.request(4).state is model.State.SUCCEEDED
    assert known(made) == set()


def test_a_call_that_came_back_does_not_look_up_all_that_are_queued(
    made: run_stage.RunStage,
) -> None:
    made.planned("alice", "fleet targets=web-01,web-02,web-03 rateControl=3")
    made.approve()
    [found] = made.held()
    made.settle(found, made.answer(found))
    queued = made.read(lambda reader: reader.status()).effects["queued"]
    assert queued >= 3
    effect = made.read(
        lambda reader: reader.connection.execute(
            "SELECT id FROM outbox WHERE kind = 'run_call' AND state = 'queued'"
        ).fetchone()[0]
    )
    writer = made.store.writer
    assert writer is not None
    assert writer.view(model.Needs(effect=effect), made.clock.now()).unsent == frozenset()
    assert len(writer.view(model.Needs(request=1), made.clock.now()).unsent) == 3


def test_journals_of_runs_that_ended_long_ago_go_without_a_look_at_all_requests(
    made: run_stage.RunStage,
) -> None:
    for number, text in enumerate(("fleet targets=web-01", "gate", "fleet targets=web-02"), 1):
        made.planned("alice", text)
        made.approve(number=number)
        made.work()
    made.clock.advance(31 * 86400)
    made.planned("alice", "fleet targets=web-03")
    made.approve(number=4)
    made.work()
    before = store_codec.ms(made.clock.now()) - 30 * 86_400_000
    assert journals(made) == {1, 2, 3, 4}
    writer = made.store.writer
    assert writer is not None
    assert [writer.prune_journals(before, 1) for _ in range(3)] == [1, 1, 0]
    assert journals(made) == {2, 4}


@pytest.mark.sqlite("reads a plan of SQLite's")
def test_old_journals_are_looked_for_by_an_index(made: run_stage.RunStage) -> None:
    writer = made.store.writer
    assert writer is not None
    plan = writer.connection.execute(f"EXPLAIN QUERY PLAN {queries.JOURNALS_OLD}", (1, 1))
    scans = [row[3] for row in plan.fetchall() if row[3].startswith("SCAN")]
    assert scans
    assert all("each" in scan for scan in scans)


def journals(of: run_stage.RunStage) -> set[int]:
    """The requests that have one."""
    return {
        number
        for (number,) in of.read(
            lambda reader: reader.connection.execute("SELECT request FROM journal").fetchall()
        )
    }


def test_templates_are_read_once_and_again_when_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "commands"
    shutil.copytree(stage.COMMANDS, folder)
    (folder / "fleet.yml").write_text(run_stage.FLEET)
    read: list[str] = []
    recovered = parse.recovered

    def counted(text: str | bytes, name: str, file: str) -> object:
        read.append(name)
        return recovered(text, name, file)

    first = loader.load(folder)
    monkeypatch.setattr(parse, "recovered", counted)
    again = loader.load(folder)
    assert read == []
    assert [one.version for one in again] == [one.version for one in first]
    (folder / "fleet.yml").write_text(run_stage.FLEET.replace("fleet", "fleets"))
    changed = loader.load(folder).find("fleet")
    before = first.find("fleet")
    assert read == ["fleet"]
    assert changed is not None
    assert before is not None
    assert changed.version != before.version


def test_a_fault_of_a_template_is_told_each_time(tmp_path: Path) -> None:
    (tmp_path / "broken.yml").write_text("FormatVersion: OOS-2019-06-01\nTaks: []\n")
    told = []
    for _ in range(2):
        with pytest.raises(source.Invalid) as fault:
            loader.load(tmp_path)
        told.append(str(fault.value))
    assert told[0] == told[1]
    assert "Taks" in told[0]
