"""What one process knows of the store stands in it: another one takes over at any commit."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot import model
from bot.runtime import scheduler, watcher
from bot.store.sql.writer import Writer
from tests import stores
from tests.bot import rig, run_stage


def ask(writer: Writer, number: int) -> model.View:
    """Take an ask in a transaction of its own; what ``decide`` saw of the store."""
    event = rig.asked(number)
    writer.begin()
    view = writer.view(rig.needs(event), rig.START)
    writer.apply(view, rig.decide(event, view, rig.START), rig.START)
    writer.record_ask(event.account.id, event.id, rig.START)
    writer.commit()
    return view


def test_two_processes_in_turn_go_on_from_each_other(tmp_path: Path) -> None:
    """Numbers, the audit chain, how often somebody asked, and the clock's steps."""
    path = tmp_path / "store.db"
    with stores.opened(path) as opened, stores.beside(path) as other:
        first = opened.writer
        assert first is not None
        views = [ask(writer, number) for number, writer in enumerate((first, other) * 2, 1)]
        assert [view.next_request for view in views] == [1, 2, 3, 4]
        assert [view.audit_seq for view in views] == [0, 1, 2, 3]
        assert [view.recent_asks for view in views] == [0, 1, 2, 3]
        size = timedelta(hours=-1)
        other.begin()
        other.move_clock(rig.START, size, rig.START + size)
        other.commit()
        first.begin()
        seen = first.view(rig.needs(rig.asked(5)), rig.START + size)
        assert (seen.shift, seen.recent_asks) == (size, 4)
        first.rollback()
        with opened.reading() as reader:
            assert reader.verify_audit() == []
            assert [request.id for request in reader.open_requests()] == [1, 2, 3, 4]


async def test_asks_count_over_a_restart_and_for_a_minute(tmp_path: Path) -> None:
    clock, counts = rig.Clock(), []

    def decide(event: model.Event, view: model.View, now: object) -> model.Decision:
        counts.append(view.recent_asks)
        return rig.decide(event, view, rig.START)

    for number in range(3):
        async with rig.running(tmp_path / "store.db", decide, clock) as r:
            await r.engine.submit(rig.asked(number))
            clock.advance(seconds=25)
    clock.advance(seconds=60)
    async with rig.running(tmp_path / "store.db", decide, clock) as r:
        await r.engine.submit(rig.asked(9))
        assert r.rows("SELECT COUNT(*) FROM asks") == [(1,)], "older ones are forgotten"
    assert counts == [0, 1, 2, 0]


def test_a_transaction_that_was_undone_leaves_no_run_behind(tmp_path: Path) -> None:
    """A run that took in what was then undone is made anew from its journal: another process may
    have written other entries in their place."""
    made = run_stage.RunStage(tmp_path)
    made.planned("alice", "nap")
    made.approve()
    made.work()
    writer = made.store.writer
    assert writer is not None
    assert set(writer.archive.cache) == {1}
    writer.begin()
    writer.rollback()
    assert not writer.archive.cache
    made.tick(3601)
    made.work()
    assert made.request(1).state is model.State.WAITING
    made.close()


class Cloud:
    """One execution that somebody started elsewhere, and that waits."""

    name = "oos"

    async def waiting(self, region: str) -> list[model.Execution]:
        waits = model.Waiting("approval", "approve")
        return [model.Execution("exec-1", "Waiting", waiting=waits)]


@pytest.mark.parametrize("known", ["by its event", "by its step"])
async def test_what_was_found_is_not_submitted_by_the_next_process(
    tmp_path: Path, known: str
) -> None:
    """Not even once its event is forgotten, as long as it is followed."""
    found = []

    def decide(event: model.Event, view: model.View, now: object) -> model.Decision:
        found.append(event.id)
        request = rig.new_request(view, rig.asked(1), rig.START)
        step = model.Step(1, 0, "t", "found", "here", (), "exec-1", "running")
        return model.Decision(request=request, steps=(step,))

    for _ in range(2):
        async with rig.running(tmp_path / "store.db", decide) as r:
            ticker = scheduler.Ticker(r.clock)
            await watcher.Watcher(r.engine, Cloud(), "here", r.clock, ticker).look(rig.START)
        if known == "by its step":
            with stores.altering(tmp_path / "store.db") as connection:
                connection.execute("DELETE FROM events")
    assert found == ["found:oos:exec-1"]
