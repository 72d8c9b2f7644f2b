"""The bot's time: what the machine's clock shows, but steady while that is set.

Rows of the store hold moments of the machine's clock. When it is set by two seconds or more,
``now`` first goes on as if nothing had happened; then one transaction moves the rows that measure a
pace and tells the audit log, and from there on ``now`` is what the machine's clock shows. Whatever
only measures how long something takes uses ``monotonic``.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from bot import model
from bot.model import ports
from bot.runtime import engine
from bot.store import codec, port

log = logging.getLogger(__name__)

TOLERANCE = timedelta(seconds=2)
"""A clock that is off by less is only followed: it is being slewed."""
CONFIRM = 0.2
"""Seconds for which a clock must be off before that counts as a step."""
EVERY = 0.5
"""Seconds between two looks at the clock."""
NOTE_EVERY = 60.0
"""Seconds between two notes of the time, by which the next start knows that it was set back."""


class MachineClock:
    """The machine's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class DatabaseClock:
    """The time of the database that replicas share: what it last showed, and what has passed since
    then. Until that is known, the machine's time."""

    def __init__(self, tick: Callable[[], float] = time.monotonic) -> None:
        self.monotonic = tick
        self._shown = datetime.now(UTC), tick()

    def now(self) -> datetime:
        shown, since = self._shown
        return shown + timedelta(seconds=self.monotonic() - since)

    def set(self, shown: datetime) -> None:
        """It shows this now."""
        self._shown = shown, self.monotonic()


class Steady(ports.Clock):
    """The time of ``wall``, and how it was set. Any thread may ask."""

    def __init__(self, wall: ports.Wall) -> None:
        self._wall = wall
        self._source: Callable[[], float] = getattr(wall, "monotonic", time.monotonic)
        self._lock = threading.Lock()
        self._back: list[tuple[datetime, timedelta]] = []
        self.begin()

    def begin(self) -> None:
        """Go by the wall as it is now; nothing has gone by this clock yet."""
        self._passed = 0.0
        self._anchor = self._wall.now()
        self._since = self._source()
        self._off_since: float | None = None

    def now(self) -> datetime:
        with self._lock:
            return self._now()

    def monotonic(self) -> float:
        with self._lock:
            return self._source() + self._passed

    def age(self, at: datetime) -> float:
        with self._lock:
            age = self._now() - at
            for before, size in self._back:
                age += size if at <= before else timedelta()
        return age.total_seconds()

    def pass_by(self) -> None:
        """Count what the clock is ahead as time that has passed: a test let it pass."""
        with self._lock:
            off = self._wall.now() - self._steady()
            if off > timedelta():
                self._passed += off.total_seconds()
                self._off_since = None

    def step(self) -> timedelta:
        """By how much the clock was set and that was not taken in yet; zero: it was not set."""
        with self._lock:
            off = self._wall.now() - self._steady()
            if abs(off) < TOLERANCE:
                self._off_since = None
                return timedelta()
            now = self._source()
            if self._off_since is None:
                self._off_since = now
            return off if now - self._off_since >= CONFIRM else timedelta()

    def take(self, size: timedelta) -> None:
        """From now on go by the clock as it was set."""
        with self._lock:
            self._remember(self._steady(), size)
            self._anchor += size
            self._off_since = None

    def know(self, steps: Sequence[tuple[datetime, timedelta]]) -> None:
        """Take up the steps of earlier processes, each as (what the clock showed just before, by
        how much it was set): nothing may look younger than it is."""
        with self._lock:
            for before, size in steps:
                self._remember(before, size)

    def _remember(self, before: datetime, size: timedelta) -> None:
        if size < timedelta():
            self._back.append((before, -size))

    def _steady(self) -> datetime:
        return self._anchor + timedelta(seconds=self._source() + self._passed - self._since)

    def _now(self) -> datetime:
        wall, steady = self._wall.now(), self._steady()
        if abs(wall - steady) >= TOLERANCE:
            return steady
        self._anchor += wall - steady
        return wall


class Watch:
    """Notices that the machine's clock was set, and brings the store along. ``moved`` is called
    after that, so that everything that waits for a time looks again. ``leads``: is it this process
    that brings the store along, of those that go by the same clock?"""

    def __init__(
        self,
        door: engine.Engine,
        clock: Steady,
        moved: Callable[[], None],
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        self._door, self._clock, self._moved, self._leads = door, clock, moved, leads

    async def begin(self) -> timedelta:
        """Call once before anything else: by how much the clock was set back while the bot was not
        running (zero: as far as one can know it was not)."""
        now = self._clock.now()
        known = await self._door.read(lambda reader: reader.clock())
        self._clock.know(known.steps)
        if known.newest is None or known.newest - now < TOLERANCE:
            return timedelta()
        size = now - known.newest
        before = known.newest
        await self._door.write(lambda writer: _take_in(writer, before, size, now, stopped=True))
        self._clock.know([(before, size)])
        log.warning("the clock was set back by at least %s while the bot was stopped", -size)
        return size

    async def run(self) -> None:
        """Look until cancelled."""
        noted = self._clock.monotonic()
        while True:
            await asyncio.sleep(EVERY)
            try:
                if self._clock.step():
                    await self._take()
                elif self._clock.monotonic() - noted >= NOTE_EVERY:
                    noted = self._clock.monotonic()
                    await self._door.write(lambda writer: writer.note_time(self._clock.now()))
            except ports.Closed:
                return

    async def _take(self) -> None:
        steps: list[tuple[datetime, timedelta]] = []

        def take(writer: port.Writer) -> None:
            before, size = self._clock.now(), self._clock.step()
            if size and not steps:  # else it was taken by a transaction that was lost
                steps.append((before, size))
                self._clock.take(size)
            if self._leads():
                for before, size in steps:
                    _take_in(writer, before, size, before + size)

        await self._door.write(take)
        for _, size in steps:
            log.warning("the clock was set by %+.1f s; everything due was moved along", _s(size))
            self._moved()


def _s(size: timedelta) -> float:
    return round(size.total_seconds(), 1)


def _take_in(
    writer: port.Writer, before: datetime, size: timedelta, now: datetime, stopped: bool = False
) -> None:
    writer.move_clock(before, size, now)
    entry = model.AuditEntry(
        actor="countersign",
        action="clock.stepped",
        facts={
            "seconds": _s(size),
            "from": before.isoformat(),
            "to": now.isoformat(),
            "stopped": stopped,
        },
    )
    writer.append(entry, codec.ms(now))
