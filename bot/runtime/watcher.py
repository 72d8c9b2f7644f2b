"""Looks for executions that others started on an engine and that wait for approval."""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot import model
from bot.model import ports
from bot.runtime import engine, scheduler
from bot.store import port

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=15)
LAST_BACK_OFF = timedelta(minutes=5)


class Watcher:
    """Asks the engine every quarter of a minute, and submits what it has not submitted before."""

    NAME = "watcher"

    def __init__(
        self,
        door: engine.Engine,
        executor: ports.Watched,
        region: str,
        clock: ports.Clock,
        ticker: scheduler.Ticker,
    ) -> None:
        self._door, self._executor, self._region, self._clock = door, executor, region, clock
        self._due = clock.monotonic()
        self._failures = 0
        ticker.add(self.NAME, self.look)

    async def look(self, now: datetime) -> datetime | None:
        """Submit every execution that waits and is new; returns when to look again."""
        seconds = self._due - self._clock.monotonic()
        if seconds > 0:
            return now + timedelta(seconds=seconds)
        try:
            waiting = await self._executor.waiting(self._region)
        except ports.PollFailed as fault:
            self._failures += 1
            wait = min(EVERY * 2 ** min(self._failures, 10), LAST_BACK_OFF)
            log.warning("executions in %s could not be read: %s", self._region, fault)
            return self._after(now, max(wait, timedelta(seconds=fault.retry_after)))
        self._failures = 0
        engine_name = self._executor.name
        events = [
            model.ExecutionFound(
                f"found:{engine_name}:{execution.id}", now, engine_name, self._region, execution
            )
            for execution in waiting
        ]
        for event in await self._door.read(functools.partial(_fresh, events)):
            await self._door.submit(event)
        return self._after(now, EVERY)

    def _after(self, now: datetime, wait: timedelta) -> datetime:
        self._due = self._clock.monotonic() + wait.total_seconds()
        return now + wait


def _fresh(
    events: Sequence[model.ExecutionFound], reader: port.Reader
) -> list[model.ExecutionFound]:
    """Those that were not taken before, and whose execution is not followed already."""
    return [
        event
        for event in events
        if not reader.knows_event(event.id) and not reader.follows(event.execution.id)
    ]
