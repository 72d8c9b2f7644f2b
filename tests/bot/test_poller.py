"""What runs is looked at until it has ended, in few calls, and only news is told."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot import model
from bot.model import ports
from bot.runtime import poller, scheduler
from tests.bot import rig


def step(
    request: int, index: int = 0, region: str = "cn-hangzhou", batch: str = "b1"
) -> model.Step:
    return model.Step(
        request, index, f"t-{request}-{index}", batch, region, (f"i-{index}",),
        invocation=f"inv-{request}-{index}", state="running",
    )  # fmt: skip


def result(status: str, instance: str = "i-0", output: str = "") -> model.InstanceResult:
    return model.InstanceResult(instance, status, output=output)


class Far:
    """An executor whose invocations a test sets."""

    name = "ecs"

    def __init__(self) -> None:
        self.results: dict[str, tuple[model.InstanceResult, ...]] = {}
        self.calls: list[tuple[str, str, tuple[str, ...]]] = []
        self.fault: Exception | None = None

    async def perform(self, effect: object, attempt: model.Attempt) -> model.Outcome:
        return model.Done()

    async def poll(
        self, region: str, batch: str, invocations: Sequence[str]
    ) -> dict[str, tuple[model.InstanceResult, ...]]:
        self.calls.append((region, batch, tuple(invocations)))
        if self.fault is not None:
            raise self.fault
        return {name: self.results[name] for name in invocations if name in self.results}

    async def close(self) -> None:
        return None


ENDED = {"Success", "Failed"}


def decide(event: model.Event, view: model.View, now: datetime) -> model.Decision:
    """Asked "1,2" starts steps in the batches named; a result that is final ends its step."""
    if isinstance(event, model.MessageReceived):
        request = replace(rig.new_request(view, event, now), state=model.State.RUNNING)
        steps = tuple(
            step(request.id, index, *name.split("/"))
            for index, name in enumerate(event.text.split(","))
        )
        return model.Decision(request=request, steps=steps)
    assert isinstance(event, model.InvocationPolled)
    (mine,) = [one for one in view.steps if one.invocation == event.invocation]
    ended = event.missing or any(one.status in ENDED for one in event.results)
    assert view.request is not None
    return model.Decision(
        request=replace(view.request, version=view.request.version + 1),
        steps=(replace(mine, state="unknown" if event.missing else "finished"),) if ended else (),
        results=event.results,
    )


class Scene:
    def __init__(self, r: rig.Rig, far: Far, polls: poller.Poller) -> None:
        self.rig = r
        self.far = far
        self.poller = polls

    async def start(self, number: int, text: str = "cn-hangzhou/b1") -> None:
        receipt = await self.rig.engine.submit(rig.asked(number, text))
        assert receipt.tone == "info"

    async def poll(self, **after: float) -> datetime | None:
        self.rig.clock.advance(**after)
        return await self.poller.poll(self.rig.clock.now())

    def told(self) -> list[model.InvocationPolled]:
        return [event for event in self.rig.seen if isinstance(event, model.InvocationPolled)]


@contextlib.asynccontextmanager
async def scene(path: Path) -> AsyncIterator[Scene]:
    async with rig.running(path, decide) as r:
        far = Far()
        yield Scene(r, far, poller.Poller(r.engine, lambda engine: far, r.clock))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


async def test_only_news_is_told_and_what_has_ended_is_left_alone(path: Path) -> None:
    async with scene(path) as s:
        assert await s.poll() is None
        await s.start(1)
        for status in ("Pending", "Pending", "Running", "Running", "Success", "Success"):
            s.far.results["inv-1-0"] = (result(status),)
            await s.poll(seconds=1)
        assert [event.results[0].status for event in s.told()] == ["Pending", "Running", "Success"]
        assert len(s.far.calls) == 5
        assert len({event.id for event in s.told()}) == 3
        assert all(event.id.startswith("observed:1:inv-1-0:") for event in s.told())
        assert await s.poll(seconds=60) is None


async def test_one_call_reads_all_runs_of_a_batch(path: Path) -> None:
    async with scene(path) as s:
        for number in range(1, 41):
            await s.start(number)
        await s.start(41, "cn-beijing/b1,cn-hangzhou/b2")
        await s.poll()
        assert sorted((region, batch, len(names)) for region, batch, names in s.far.calls) == [
            ("cn-beijing", "b1", 1),
            ("cn-hangzhou", "b1", 40),
            ("cn-hangzhou", "b2", 1),
        ]


async def test_an_old_run_is_looked_at_less_often_and_a_young_one_at_once(path: Path) -> None:
    async with scene(path) as s:
        await s.start(1)
        s.far.results["inv-1-0"] = (result("Running"),)
        start, times = s.rig.clock.now(), []
        due = await s.poll()
        while due is not None and due - start < timedelta(minutes=10):
            times.append((due - start).total_seconds())
            s.rig.clock.time = due
            due = await s.poll()
        gaps = [round(b - a, 2) for a, b in itertools.pairwise(times)]
        assert gaps[:9] == [1.0] * 9
        assert gaps == sorted(gaps)
        assert gaps[-1] == 30.0
        assert len(times) < 60
        before = len(s.far.calls)
        await s.start(2)
        s.far.results["inv-2-0"] = (result("Success"),)
        await s.poll(seconds=1)
        assert len(s.far.calls) == before + 1
        assert s.told()[-1].request == 2


async def test_a_restart_polls_everything_at_once(path: Path) -> None:
    async with scene(path) as s:
        await s.start(1)
    async with scene(path) as s:
        s.far.results["inv-1-0"] = (result("Success"),)
        await s.poll()
        assert [event.request for event in s.told()] == [1]


async def test_a_poll_that_failed_backs_off_and_says_nothing(path: Path) -> None:
    async with scene(path) as s:
        await s.start(1)
        s.far.fault = ports.PollFailed("throttled")
        now, waits = s.rig.clock.now(), []
        for _ in range(9):
            due = await s.poll()
            assert due is not None
            waits.append((due - now).total_seconds())
            now = s.rig.clock.time = due
        assert waits == [2, 4, 8, 16, 32, 64, 120, 120, 120]
        s.far.fault = ports.PollFailed("throttled", retry_after=300.0)
        assert await s.poll() == now + timedelta(seconds=300)
        calls = len(s.far.calls)
        await s.poll(seconds=299)
        assert len(s.far.calls) == calls
        assert s.told() == []
        s.far.fault = None
        s.far.results["inv-1-0"] = (result("Success"),)
        await s.poll(seconds=1)
        assert [event.missing for event in s.told()] == [False]


async def test_a_bug_in_one_batch_harms_no_other(path: Path) -> None:
    class Broken(Far):
        async def poll(
            self, region: str, batch: str, invocations: Sequence[str]
        ) -> dict[str, tuple[model.InstanceResult, ...]]:
            found = await super().poll(region, batch, invocations)
            if batch == "b1" and len(self.calls) <= 2:
                raise KeyError("bug")
            return found

    async with scene(path) as s:
        far = Broken()
        s.poller = poller.Poller(s.rig.engine, lambda engine: far, s.rig.clock)
        await s.start(1, "cn-hangzhou/b1")
        await s.start(2, "cn-hangzhou/b2")
        far.results = {"inv-1-0": (result("Success"),), "inv-2-0": (result("Success"),)}
        await s.poll()
        assert [event.request for event in s.told()] == [2]
        await s.poll(seconds=3)
        assert [event.request for event in s.told()] == [2, 1]


async def test_an_invocation_is_missing_only_after_a_minute_of_absence(path: Path) -> None:
    async with scene(path) as s:
        await s.start(1)
        for _ in range(60):
            await s.poll(seconds=1)
        assert s.told() == []
        s.far.results["inv-1-0"] = (result("Running"),)
        await s.poll(seconds=7)
        s.far.results.clear()
        await s.poll(seconds=10)
        await s.poll(seconds=59)
        assert [event.missing for event in s.told()] == [False]
        await s.poll(seconds=30)
        assert [event.missing for event in s.told()] == [False, True]
        assert await s.poll(seconds=30) is None


async def test_the_ticker_polls_when_a_run_starts(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poller, "FASTEST", timedelta(milliseconds=10))

    class RealClock(rig.Clock):
        def now(self) -> datetime:
            return datetime.now(rig.UTC)

    async with rig.running(path, decide, RealClock()) as r:
        far = Far()
        ticker = scheduler.Ticker(r.clock)
        poller.Poller(r.engine, lambda engine: far, r.clock, ticker)
        ticker.start()
        far.results["inv-1-0"] = (result("Success"),)
        await r.engine.submit(rig.asked(1, "cn-hangzhou/b1"))
        await rig.until(lambda: r.rows("SELECT state FROM steps") == [("finished",)])
        ticker.stop()
