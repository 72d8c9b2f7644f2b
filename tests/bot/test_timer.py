"""Due times survive restarts, catch up, and fire once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from apscheduler.schedulers import base

from bot import model
from bot.model import ports
from bot.runtime import scheduler
from bot.store import port
from tests import stores
from tests.bot import rig
from tests.bot import stage as stage_


class RealClock(rig.Clock):
    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


async def test_what_is_due_fires_once_and_the_next_one_is_named(path: Path) -> None:
    async with rig.running(path) as r:
        timers = scheduler.Timer(r.engine, r.clock, scheduler.Ticker(r.clock))
        assert await timers.fire(r.clock.now()) is None
        await r.engine.submit(rig.asked(1))
        r.clock.advance(minutes=10)
        await r.engine.submit(rig.asked(2))
        first = rig.START + timedelta(minutes=30)
        assert await timers.fire(first - timedelta(milliseconds=1)) == first
        assert await timers.fire(first) == first + timedelta(minutes=10)
        assert await timers.fire(first) == first + timedelta(minutes=10)
        due = [event for event in r.seen if isinstance(event, model.TimerDue)]
        assert [(event.request, event.timer, event.at) for event in due] == [(1, "expire", first)]
        assert due[0].id == f"timer:1:expire:{int(first.timestamp() * 1000)}"


async def test_a_restart_catches_up_with_everything_overdue(path: Path) -> None:
    many = 300 if stores.POSTGRES else 1200
    async with rig.running(path) as r:
        await asyncio.gather(*(r.engine.submit(rig.asked(n)) for n in range(many)))
    async with rig.running(path) as r:
        timers = scheduler.Timer(r.engine, r.clock, scheduler.Ticker(r.clock))
        assert await timers.fire(r.clock.advance(days=3)) is None
        assert len(r.seen) == many
        assert r.rows("SELECT DISTINCT state FROM requests") == [("expired",)]


async def test_firing_twice_at_once_decides_once(path: Path) -> None:
    async with rig.running(path) as r:
        await r.engine.submit(rig.asked(1))
        timers = scheduler.Timer(r.engine, r.clock, scheduler.Ticker(r.clock))
        now = r.clock.advance(hours=1)
        await asyncio.gather(timers.fire(now), timers.fire(now))
        assert len(r.seen) == 2
        assert r.audit_actions() == ["asked", "expired"]


async def test_a_timer_is_never_early_however_finely_its_time_is_given(path: Path) -> None:
    late = rig.START + timedelta(minutes=1, microseconds=1)

    def decide(event: model.Event, view: model.View, now: datetime) -> model.Decision:
        if isinstance(event, model.TimerDue):
            assert event.at >= late
            return rig.decide(event, view, now)
        made = rig.decide(event, view, now)
        return replace(made, timers=(model.Timer(1, "expire", late),))

    async with rig.running(path, decide) as r:
        await r.engine.submit(rig.asked(1))
        timers = scheduler.Timer(r.engine, r.clock, scheduler.Ticker(r.clock))
        due = await timers.fire(rig.START + timedelta(minutes=1, microseconds=500))
        assert due == rig.START + timedelta(minutes=1, milliseconds=1)
        assert await timers.fire(due) is None
        assert r.audit_actions() == ["asked", "expired"]


async def test_a_timer_put_in_again_for_the_very_same_time_is_not_lost(path: Path) -> None:
    """As it is where the clock is set back between the tick and the decision."""
    at = rig.START + timedelta(minutes=1)
    decided: list[datetime] = []

    def decide(event: model.Event, view: model.View, now: datetime) -> model.Decision:
        again = (model.Timer(1, "expire", at),)
        if not isinstance(event, model.TimerDue):
            return replace(rig.decide(event, view, now), timers=again)
        decided.append(event.at)
        if len(decided) == 1:
            return model.Decision(timers=again)
        return rig.decide(event, view, now)

    async with rig.running(path, decide) as r:
        await r.engine.submit(rig.asked(1))
        timers = scheduler.Timer(r.engine, r.clock, scheduler.Ticker(r.clock))
        assert await timers.fire(at) == at + scheduler.AGAIN
        assert await timers.fire(at + scheduler.AGAIN) is None
        assert r.audit_actions() == ["asked", "expired"]


async def test_the_ticker_sleeps_until_the_earliest_and_notices_new_ones(path: Path) -> None:
    clock = RealClock()

    def decide(event: model.Event, view: model.View, now: datetime) -> model.Decision:
        if isinstance(event, model.TimerDue):
            return rig.decide(event, view, now)
        made = rig.decide(event, view, now)
        assert made.request is not None
        due = now + timedelta(seconds=0.05)
        return model.Decision(
            request=made.request, timers=(model.Timer(made.request.id, "expire", due),)
        )

    async with rig.running(path, decide, clock) as r:
        ticker = scheduler.Ticker(clock)
        scheduler.Timer(r.engine, clock, ticker)
        ticker.start()
        await r.engine.submit(rig.asked(1))
        await rig.until(lambda: len(r.seen) == 2)
        await r.engine.submit(rig.asked(2))
        await rig.until(lambda: len(r.seen) == 4)
        await rig.until(lambda: r.rows("SELECT * FROM timers") == [])
        ticker.stop()


class Work:
    """A job that says when it wants to be called, and counts."""

    def __init__(self, answer: Callable[[datetime], Awaitable[datetime | None]]) -> None:
        self.answer = answer
        self.calls = 0
        self.at_once = 0
        self.most = 0

    async def __call__(self, now: datetime) -> datetime | None:
        self.calls += 1
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            return await self.answer(now)
        finally:
            self.at_once -= 1


async def test_a_job_woken_while_it_works_is_called_again_and_never_twice_at_once() -> None:
    gate = asyncio.Event()

    async def answer(now: datetime) -> None:
        await gate.wait()

    work = Work(answer)
    ticker = scheduler.Ticker(RealClock())
    ticker.add("work", work)
    ticker.start()
    await rig.until(lambda: work.calls == 1)
    for _ in range(5):
        ticker.wake("work")
    gate.set()
    await rig.until(lambda: work.calls == 2)
    assert work.most == 1
    ticker.stop()


async def test_a_job_that_fails_is_called_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "AFTER_FAILURE", timedelta(milliseconds=10))

    async def answer(now: datetime) -> None:
        raise OSError("once more")

    work = Work(answer)
    ticker = scheduler.Ticker(RealClock())
    ticker.add("work", work)
    ticker.start()
    await rig.until(lambda: work.calls >= 3)
    ticker.stop()


async def test_a_database_that_is_lost_fills_no_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(scheduler, "AFTER_LOSS", timedelta(milliseconds=10))

    async def answer(now: datetime) -> None:
        raise port.Lost("the server closed the connection")

    work = Work(answer)
    ticker = scheduler.Ticker(RealClock())
    ticker.add("work", work)
    ticker.start()
    await rig.until(lambda: work.calls >= 3)
    ticker.stop()
    assert caplog.records
    assert not any(record.exc_info for record in caplog.records)


async def test_a_job_of_a_closed_engine_ends() -> None:
    async def answer(now: datetime) -> None:
        raise ports.Closed("over")

    work = Work(answer)
    ticker = scheduler.Ticker(RealClock())
    ticker.add("work", work)
    ticker.start()
    await rig.until(lambda: work.calls == 1 and work.at_once == 0)
    ticker.stop()


async def test_a_job_at_an_earlier_time_is_not_called_later_for_it() -> None:
    wanted: list[datetime] = []

    async def answer(now: datetime) -> datetime | None:
        wanted.append(now)
        return now + timedelta(hours=1)

    ticker = scheduler.Ticker(RealClock())
    work = Work(answer)
    ticker.add("work", work)
    ticker.start()
    await rig.until(lambda: work.calls == 1 and work.at_once == 0)
    ticker.wake("work", datetime.now(UTC) + timedelta(seconds=0.03))
    ticker.wake("work", datetime.now(UTC) + timedelta(seconds=20))
    await rig.until(lambda: work.calls == 2)
    assert wanted[1] - wanted[0] < timedelta(seconds=5)
    ticker.stop()


async def test_old_events_and_effects_are_pruned_in_small_bites(path: Path) -> None:
    async with rig.running(path) as r:
        await asyncio.gather(*(r.engine.submit(rig.asked(n)) for n in range(1, 30)))
        claims = await r.engine.claim(stage_.Everything())
        for claimed in claims.effects[:20]:
            await r.engine.submit(claimed.effect.completed(rig.START, model.Refused("no")))
        for number in range(1, 11):
            at = rig.START + timedelta(minutes=30)
            await r.engine.submit(model.TimerDue(f"t{number}", at, number, "expire"))
        r.clock.advance(days=31)
        await r.engine.submit(rig.asked("new"))
        janitor = scheduler.Janitor(r.engine, r.clock, scheduler.Ticker(r.clock), bite=7)
        again = await janitor.tidy(r.clock.now())
        assert again == r.clock.now() + scheduler.Janitor.EVERY
        assert r.rows("SELECT id FROM events") == [("ask-new",)]
        left = [row[0] for row in r.rows("SELECT request FROM outbox ORDER BY id")]
        assert left == [*range(11, 30), 30]
        assert len(r.rows("SELECT id FROM requests")) == 30


async def test_a_job_is_called_in_time_though_the_clock_was_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """APScheduler sleeps by the machine's clock; who notices that it was set wakes every job."""
    offset = timedelta()

    class Moved(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) + offset

    monkeypatch.setattr(base, "datetime", Moved)
    monkeypatch.setattr(scheduler, "datetime", Moved)
    calls: asyncio.Queue[float] = asyncio.Queue()

    async def work(now: datetime) -> datetime:
        calls.put_nowait(asyncio.get_running_loop().time())
        return now + timedelta(milliseconds=50)

    clock = RealClock()
    ticker = scheduler.Ticker(clock)
    ticker.add("work", work)
    ticker.start()
    async with asyncio.timeout(20):
        await calls.get()
        offset = timedelta(minutes=-10)
        ticker.wake_all()
        for _ in range(3):
            await calls.get()
    ticker.stop()
