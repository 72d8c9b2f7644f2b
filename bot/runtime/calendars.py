"""Reads the calendars of those who are on call, and submits what they say."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bot import model
from bot.model import ports
from bot.runtime import engine, scheduler
from bot.store import codec

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=10)
AHEAD = timedelta(days=35)
"""Of so much of the time to come the events are kept."""


class Reader:
    """Asks for every calendar every ten minutes. ``sources`` are those of the configuration in
    use."""

    NAME = "calendars"

    def __init__(
        self,
        door: engine.Engine,
        calendars: ports.Calendars,
        sources: Callable[[], Sequence[model.CalendarSource]],
        clock: ports.Clock,
        ticker: scheduler.Ticker,
    ) -> None:
        self._door, self._calendars, self._sources = door, calendars, sources
        self._clock = clock
        self._last: dict[model.CalendarSource, float] = {}
        ticker.add(self.NAME, self.look)

    async def look(self, now: datetime) -> datetime | None:
        """Read what is due; returns when to look again. What is new in the configuration is read
        at once."""
        sources = tuple(self._sources())
        self._last = {one: at for one, at in self._last.items() if one in sources}
        for source in sources:
            since = self._clock.monotonic() - self._last.get(source, float("-inf"))
            if since >= EVERY.total_seconds():
                self._last[source] = self._clock.monotonic()
                await self._read(source)
        return None

    async def _read(self, source: model.CalendarSource) -> None:
        now = self._clock.now()
        name = f"calendar:{source.rota}:{codec.ms(now)}"
        said = functools.partial(model.CalendarRead, name, now, source.rota)
        try:
            event = said(
                await self._calendars.events(source.address, source.zone, now, now + AHEAD)
            )
        except ports.PollFailed as fault:
            log.warning("the calendar of %s could not be read: %s", source.rota, fault)
            event = said(fault=str(fault))
        await self._door.submit(event)
