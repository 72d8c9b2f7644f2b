"""Wakes up what is due. Due times are rows of the store, so they survive restarts and catch up;
APScheduler only ticks: it sleeps until the earliest of them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot import model
from bot.model import ports
from bot.runtime import engine, usage
from bot.store import codec, port

log = logging.getLogger(__name__)

Work = Callable[[datetime], Awaitable[datetime | None]]
"""Does what is due at a time and says when it wants to be called next (None: when woken)."""

T = TypeVar("T")
LONGEST_SLEEP = timedelta(seconds=30)
AFTER_FAILURE = timedelta(seconds=5)
AFTER_LOSS = timedelta(seconds=1)
TEXTS = 50
"""Requests that lose their texts in one commit."""
PAGES = 200
"""Pages that the file becomes smaller by in one commit; so many free ones may stay."""
LEAP = timedelta(days=1)
"""A clock that was set ahead by more is not trusted for as long: what is removed stays so."""
REST = 4
"""So many times as long as a bite took nothing more is removed: events pass in between."""
BREATH = 0.06
"""Seconds that it rests at least, in which the log of the store is copied back."""
JOURNALS = 20
"""Journals that are forgotten in one commit."""
AGAIN = timedelta(milliseconds=20)
"""Timers that stay due, whatever the reason, must not keep the loop busy."""


class Ticker:
    """Calls each job when it wants to be called, at least every 30 s, never twice at once.

    APScheduler sleeps until a moment of the machine's clock; how long that is, the event loop's
    time says. So whoever notices that the clock was set (``runtime.clock``) calls ``wake_all``:
    every job is then planned anew.

    ``leads``: does this process do what only one of those that share the store does? Where it does
    not, only jobs of ``everywhere`` are called.
    """

    def __init__(self, clock: ports.Clock, leads: Callable[[], bool] = lambda: True) -> None:
        self._clock, self.leads = clock, leads
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            # two, for a job plans its next call while APScheduler still counts it as running
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 2},
        )
        self._jobs: dict[str, Work] = {}
        self._next: dict[str, float] = {}
        self._running: set[str] = set()
        self._everywhere: set[str] = set()

    def add(self, name: str, work: Work, *, everywhere: bool = False) -> None:
        """Call ``work`` once at the start, and then as it asks for."""
        self._jobs[name] = work
        if everywhere:
            self._everywhere.add(name)

    def start(self) -> None:
        """Begin ticking. Needs a running loop."""
        self._scheduler.start()
        self.wake_all()

    def stop(self) -> None:
        """Stop ticking. Jobs under way are cancelled; what they submitted is taken all the same."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def wake(self, name: str, at: datetime | None = None) -> None:
        """Call a job at a time (now), unless it is called before that anyway."""
        if not self._scheduler.running:
            return
        loop = asyncio.get_running_loop()
        moment = loop.time() + (0.0 if at is None else self._seconds_until(at))
        known = self._next.get(name)
        if known is not None and loop.time() < known <= moment:
            return
        self._next[name] = moment
        if name not in self._running:
            self._schedule(name)

    def wake_all(self) -> None:
        """Call every job now."""
        for name in self._jobs:
            self.wake(name)

    def _seconds_until(self, at: datetime) -> float:
        return min(max(timedelta(), at - self._clock.now()), LONGEST_SLEEP).total_seconds()

    def _schedule(self, name: str) -> None:
        wait = max(0.0, self._next[name] - asyncio.get_running_loop().time())
        self._scheduler.add_job(
            self._run,
            trigger="date",
            run_date=datetime.now(UTC) + timedelta(seconds=wait),
            args=(name,),
            id=name,
            replace_existing=True,
        )

    async def _run(self, name: str) -> None:
        if name in self._running:
            return
        self._running.add(name)
        self._next.pop(name, None)
        wait = LONGEST_SLEEP.total_seconds()
        try:
            here = name in self._everywhere or self.leads()
            wanted = await self._jobs[name](self._clock.now()) if here else None
            wait = wait if wanted is None else self._seconds_until(wanted)
        except (ports.Closed, asyncio.CancelledError):
            log.debug("the job %s ends with the bot", name)
            return
        except port.Lost as fault:
            log.warning("the job %s waits for the database: %s", name, fault)
            wait = AFTER_LOSS.total_seconds()
        except Exception:
            log.exception("the job %s failed, it is tried again", name)
            wait = AFTER_FAILURE.total_seconds()
        finally:
            self._running.discard(name)
        if self._scheduler.running:
            at = asyncio.get_running_loop().time() + wait
            self._next[name] = min(at, self._next.get(name, at))
            self._schedule(name)


class Timer:
    """Turns due-time rows into events."""

    NAME = "timer"

    def __init__(self, engine: engine.Engine, clock: ports.Clock, ticker: Ticker) -> None:
        self._engine = engine
        self._clock = clock
        self._ticker = ticker
        ticker.add(self.NAME, self.fire)
        engine.watch(self._on_commit)

    async def fire(self, now: datetime) -> datetime | None:
        """Submit everything that is due at ``now``; returns when the next timer is due."""
        due = await self._engine.read(lambda reader: list(reader.timers_due(now)))
        events = [
            model.TimerDue(
                id=f"timer:{timer.request}:{timer.kind}:{codec.ms(timer.due_at)}",
                at=now,
                request=timer.request,
                timer=timer.kind,
            )
            for timer in due
        ]
        for future in [self._engine.submit(event) for event in events]:
            await future
        coming = await self._engine.read(lambda reader: reader.next_timer())
        return now + AGAIN if coming is not None and coming <= now else coming

    def _on_commit(self, changes: port.Changes) -> None:
        if changes.timer is not None:
            self._ticker.wake(self.NAME, codec.at(changes.timer))


class UsageKeeper:
    """Writes what was counted down where no other transaction has done so."""

    NAME = "usage"
    EVERY = timedelta(seconds=10)

    def __init__(
        self, engine: engine.Engine, clock: ports.Clock, ticker: Ticker, used: usage.Counter
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._used = used
        ticker.add(self.NAME, self.write, everywhere=True)

    async def write(self, now: datetime) -> datetime | None:
        """Let a transaction take the counts along; returns when to look again."""
        if self._used.pending:
            await self._engine.write(lambda writer: None)
        return self._clock.now() + self.EVERY


class Janitor:
    """Forgets what nobody needs: events too old to come again or to be replayed, and effects of
    ended requests; and, where the configuration says so, texts of what ended long ago (``texts``:
    after how long; None: they are kept)."""

    NAME = "janitor"
    EVERY = timedelta(hours=1)

    def __init__(
        self,
        engine: engine.Engine,
        clock: ports.Clock,
        ticker: Ticker,
        keep: timedelta = timedelta(days=30),
        keep_dead: timedelta = timedelta(days=90),
        bite: int = 500,
        remember: timedelta | None = None,
        texts: timedelta | None = None,
    ) -> None:
        self._engine = engine
        self._keep = keep
        self._keep_dead = keep_dead
        self._remember = keep if remember is None else remember
        self._texts = texts
        self._bite = bite
        self._clock = clock
        self._due = clock.monotonic()
        ticker.add(self.NAME, self.tidy)

    async def tidy(self, now: datetime) -> datetime | None:
        """Delete what is older than ``keep`` (letters that could not be delivered: ``keep_dead``;
        the names by which events from outside are known again: ``remember``),
        each bite in a commit of its own so that events pass in between; returns when to come
        again."""
        seconds = self._due - self._clock.monotonic()
        if seconds > 0:
            return now + timedelta(seconds=seconds)
        self._due = self._clock.monotonic() + self.EVERY.total_seconds()
        before, dead, place = codec.ms(now - self._keep), codec.ms(now - self._keep_dead), 0
        outside = codec.ms(now - self._remember)
        while True:
            start = place
            gone, place = await self._engine.write(
                lambda writer, start=start: writer.prune(  # type: ignore[misc]
                    before, dead, start, self._bite, outside
                )
            )
            if gone:
                log.debug("forgot %d old events and effects", gone)
            if place == 0:
                break
        while await self._engine.write(lambda writer: writer.prune_journals(before, JOURNALS)):
            log.debug("forgot journals of runs that ended long ago")
        while await self._engine.write(lambda writer: writer.prune_bus(before, self._bite)):
            log.debug("forgot old events of the bus")
        if self._texts is not None:
            await self._remove_texts(now, self._texts)
        return now + self.EVERY

    async def _remove_texts(self, now: datetime, age: timedelta) -> None:
        """Remove what people typed, values and outputs of what ended longer ago than ``age``, and
        let the file shrink; it may be broken off at any time, and goes on at the next call."""
        history = await self._engine.read(lambda reader: reader.clock())
        if any(size > LEAP and now - was - size < LEAP for was, size in history.steps):
            log.warning("the clock was set far ahead within a day: no texts are removed now")
            return
        before, why, total = codec.ms(now - age), f"{age.days}d", 0
        place: port.Kept | None = (0, 0)
        while place is not None:
            count, place = await self._slowly(
                lambda writer, at=place: writer.remove_texts(before, why, at, TEXTS, now)  # type: ignore[misc]
            )
            total += count
        entry: int | None = 0
        while entry is not None:
            count, entry = await self._slowly(
                lambda writer, at=entry: writer.remove_refusals(before, why, at, self._bite, now)  # type: ignore[misc]
            )
            total += count
        while total and await self._slowly(lambda writer: writer.give_back(PAGES)) > PAGES:
            log.debug("the store becomes smaller")
        if total:
            log.info("texts of %d requests and refusals from before %s removed", total, now - age)

    async def _slowly(self, call: Callable[[port.Writer], T]) -> T:
        begun = self._clock.monotonic()
        result = await self._engine.write(call)
        await asyncio.sleep(max(BREATH, REST * (self._clock.monotonic() - begun)))
        return result
