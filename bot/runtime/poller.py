"""Looks at what runs at the far end until it has ended.

Calls grow with batches and pages, never with runs: all open invocations of one region and batch are
read together. A young run is looked at every second, an old one every thirty.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot import model
from bot.model import ports
from bot.runtime import engine, scheduler
from bot.store import codec, port

log = logging.getLogger(__name__)

ExecutorFor = Callable[[str], ports.Executor]
"""The executor that a plan's ``engine`` names."""

Key = tuple[str, str, str]
"""Engine, region, batch: what one ``poll`` covers."""

YOUNG = timedelta(seconds=10)
FASTEST, SLOWEST = timedelta(seconds=1), timedelta(seconds=30)
TELL_AFTER = 8.0
"""Seconds for which results may be unreadable before that is said."""
MISSING_AFTER = timedelta(seconds=60)
FIRST_BACK_OFF, LAST_BACK_OFF = timedelta(seconds=2), timedelta(seconds=120)


def interval(age: timedelta) -> timedelta:
    """How long to wait before looking again at a run of this age."""
    return FASTEST if age <= YOUNG else min(max(age / 10, FASTEST), SLOWEST)


_KEY = secrets.token_bytes(32)
"""Of this process: the marks stand in events' ids, and outputs may hold what nobody should find by
trying values."""


def fingerprint(sight: ports.Sight) -> str:
    """The same for the same results, in whatever order they came."""
    parts = (sight,) if isinstance(sight, model.Execution) else sight
    texts = sorted(codec.encode(part) for part in parts)
    return hashlib.blake2b("\n".join(texts).encode(), key=_KEY, digest_size=8).hexdigest()


def _tell_of_hurry(writer: port.Writer) -> None:
    writer.changes.hurry = True


def _heard(future: asyncio.Future[Any]) -> None:
    """A wait that the end of the process cut short is no error."""
    if not future.cancelled() and (fault := future.exception()) is not None:
        log.debug("that results are waited for could not be told: %s", fault)


@dataclass
class _Group:
    """What is remembered of one (engine, region, batch) between polls, in seconds of the monotonic
    clock. ``not_before`` is set while backing off after a failure. It only saves work: another
    process submits once more what it sees, and what the store has already changes nothing."""

    polled_at: float | None = None
    not_before: float = -math.inf
    failures: int = 0
    absent_since: dict[str, float] = field(default_factory=dict)
    last_seen: dict[str, str] = field(default_factory=dict)
    late: asyncio.TimerHandle | None = None
    fault: str = ""

    def wait(self, steps: Iterable[port.OpenStep], now: datetime, tick: float) -> timedelta:
        """How long to wait before looking again: the youngest run sets the pace. ``tick`` is what
        the monotonic clock shows at ``now``."""
        if self.polled_at is None:
            return timedelta(seconds=max(0.0, self.not_before - tick))
        ago = timedelta(seconds=tick - self.polled_at)
        pace = min(interval(now - ago - one.since) for one in steps)
        return max(pace - ago, timedelta(seconds=max(-1e9, self.not_before - tick)))

    def note_results(
        self, step: model.Step, execution: model.Execution, now: datetime
    ) -> model.ExecutionPolled | None:
        """An execution as it stands now; None: as it stood before."""
        mark = fingerprint(execution)
        if self.last_seen.get(execution.id) == mark:
            return None
        self.last_seen[execution.id] = mark
        name = f"seen:{step.request}:{execution.id}:{codec.ms(now)}:{mark}"
        return model.ExecutionPolled(name, now, step.request, execution)


class Poller:
    """Polls what is due and submits what changed."""

    NAME = "poller"

    def __init__(
        self,
        engine: engine.Engine,
        executor_for: ExecutorFor,
        clock: ports.Clock,
        ticker: scheduler.Ticker | None = None,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        self._engine = engine
        self._executor_for = executor_for
        self._clock = clock
        self._ticker = ticker
        self._leads = leads
        self._groups: dict[Key, _Group] = {}
        self._hurried = -math.inf
        if ticker is not None:
            ticker.add(self.NAME, self.poll)
        engine.watch(self._on_commit)

    def hurry(self) -> None:
        """Something has ended at the far end: look at everything now, at most once a second; or
        have the process do so that leads."""
        tick = self._clock.monotonic()
        if tick - self._hurried < FASTEST.total_seconds() or self._ticker is None:
            return
        self._hurried = tick
        if not self._leads():
            self._engine.write(_tell_of_hurry).add_done_callback(_heard)
            return
        self._look_now()

    def _look_now(self) -> None:
        assert self._ticker is not None
        for group in self._groups.values():
            group.polled_at = None
        self._ticker.wake(self.NAME)

    async def poll(self, now: datetime) -> datetime | None:
        """Look at every group that is due; returns when the next one is. All of them are due when
        the process has just started."""
        groups: dict[Key, list[port.OpenStep]] = {}
        for open_step in await self._engine.read(lambda reader: reader.open_steps()):
            step = open_step.step
            groups.setdefault((open_step.engine, step.region, step.batch), []).append(open_step)
        for gone in self._groups.keys() - groups.keys():
            if (late := self._groups.pop(gone).late) is not None:
                late.cancel()
        tick, none = self._clock.monotonic(), timedelta()
        due = [
            (key, steps)
            for key, steps in groups.items()
            if self._groups.setdefault(key, _Group()).wait(steps, now, tick) <= none
        ]
        await asyncio.gather(*(self._poll_group(key, steps, now, tick) for key, steps in due))
        waits = [self._groups[key].wait(groups[key], now, tick) for key in groups]
        return now + min(waits) if waits else None

    async def _poll_group(
        self, key: Key, steps: list[port.OpenStep], now: datetime, tick: float
    ) -> None:
        group = self._groups[key]
        engine_name, region, batch = key
        group.polled_at = tick
        self._mind(group, key, sorted({one.step.request for one in steps}))
        try:
            executor = self._executor_for(engine_name)
            sights = await executor.poll(region, batch, [one.step.invocation for one in steps])
            self._engine.meter.polls[engine_name, "ok"] += 1
        except ports.PollFailed as fault:
            self._engine.meter.polls[engine_name, "failed"] += 1
            self._back_off(group, tick, fault.retry_after)
            group.fault = str(fault)
            log.warning("results of %s in %s could not be read: %s", batch, region, fault)
            return
        except Exception:
            self._engine.meter.polls[engine_name, "failed"] += 1
            self._back_off(group, tick, 0.0)
            log.exception("results of %s in %s could not be read", batch, region)
            return
        group.failures, group.fault = 0, ""
        if group.late is not None:
            group.late.cancel()
            group.late = None
        numbers = sorted({one.step.request for one in steps})
        known = await self._engine.read(
            lambda reader: {number: reader.results(number) for number in numbers}
        )
        for one in steps:
            event = self._observed(group, one, sights, known[one.step.request], now, tick)
            if event is not None:
                await self._engine.submit(event)

    def _mind(self, group: _Group, key: Key, numbers: list[int]) -> None:
        """Say later that results can't be read, if by then they could not."""
        if group.late is None:
            loop = asyncio.get_running_loop()
            group.late = loop.call_later(TELL_AFTER, self._delayed, group, key, numbers)

    def _delayed(self, group: _Group, key: Key, numbers: list[int]) -> None:
        engine_name, region, _ = key
        where = getattr(self._executor_for(engine_name), "where", None)
        what, now = where(region) if where is not None else engine_name, self._clock.now()
        log.warning("results wait for %s: %s", what, group.fault or "no answer yet")
        for number in numbers:
            name = f"delayed:{number}:{codec.ms(now)}"
            event = model.Delayed(name, now, what, group.fault, request=number)
            self._engine.submit(event).add_done_callback(_heard)

    def _observed(
        self,
        group: _Group,
        one: port.OpenStep,
        sights: Mapping[str, ports.Sight],
        known: tuple[model.InstanceResult, ...],
        now: datetime,
        tick: float,
    ) -> model.InvocationPolled | model.ExecutionPolled | None:
        """What there is to tell about one step; None: nothing new."""
        step = one.step
        results = sights.get(step.invocation)
        if results is None:
            since = group.absent_since.setdefault(step.invocation, tick)
            if tick - since <= MISSING_AFTER.total_seconds():
                return None
            mark = "missing"
        else:
            group.absent_since.pop(step.invocation, None)
            if isinstance(results, model.Execution):
                return group.note_results(step, results, now)
            mine = {result.instance for result in results}
            if set(results) == {result for result in known if result.instance in mine}:
                return None
            mark = fingerprint(results)
        return model.InvocationPolled(
            id=f"observed:{step.request}:{step.invocation}:{mark}",
            at=now,
            request=step.request,
            invocation=step.invocation,
            results=results or (),
            missing=results is None,
        )

    def _back_off(self, group: _Group, tick: float, retry_after: float) -> None:
        usual = min(FIRST_BACK_OFF * 2 ** min(group.failures, 10), LAST_BACK_OFF)
        group.failures += 1
        group.not_before = tick + max(usual.total_seconds(), retry_after)

    def _on_commit(self, changes: port.Changes) -> None:
        if changes.hurry and self._ticker is not None:
            self._look_now()
        elif changes.steps and self._ticker is not None:
            self._ticker.wake(self.NAME, self._clock.now() + FASTEST)
