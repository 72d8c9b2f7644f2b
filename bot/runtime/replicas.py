"""This process as one of several that share a store: it gives signs of life, takes over from those
that give none, and knows whether it leads.

A replica is known by a number that no other process ever has. Whoever was silent for the lease is
dead: what it had in flight is queued again, in doubt, and nothing is accepted under its number any
more. A process that finds itself dead cancels its calls and joins anew.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from bot.model import ports
from bot.runtime import clock as clocks
from bot.runtime import engine, limits
from bot.store import codec, port, shared

log = logging.getLogger(__name__)

BEATS = 4
"""Signs of life within a lease."""
JUST_AFTER = 0.05
"""So many seconds after another one's lease has lapsed it is taken over."""


class Calls(Protocol):
    """The calls that this process makes."""

    def abandon(self) -> None: ...

    def wake(self) -> None: ...


class Membership:
    """``digest`` is asked for that of the configuration in use; ``led`` is called when this process
    becomes the one that leads. ``wall`` is set to what the database's clock shows. ``tick`` counts
    the seconds of the lease."""

    def __init__(
        self,
        door: engine.Engine,
        clock: ports.Clock,
        name: str,
        release: str,
        lease: timedelta,
        *,
        digest: Callable[[], str] = lambda: "",
        led: Callable[[], None] = lambda: None,
        wall: clocks.DatabaseClock | None = None,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        self._door, self._clock, self._tick = door, clock, tick
        self.name, self._release, self._lease = name, release, lease
        self._digest, self._led, self._wall = digest, led, wall
        self.calls: Calls | None = None
        self.unreached: Callable[[], Mapping[str, datetime]] = dict
        """The platforms to which there is no connection, and since when; asked on the loop."""
        self.number = 0
        self.leads = False
        self._confirmed = -math.inf
        self._next = lease.total_seconds() / BEATS
        self._looked = 0
        self._hurry = asyncio.Event()
        self._renewing = asyncio.Lock()

    # -- what the outbox asks

    def look(self, writer: port.Writer, limiter: limits.RateLimiter) -> None:
        """Count the calls of the others. Raises Fenced."""
        now = codec.ms(self._clock.now())
        since = self._looked or now - limiter.reach
        limiter.learn(writer.calls_of_others(since - limits.OVERLAP, now))
        self._looked = now

    async def may_send(self) -> bool:
        """Nobody takes over what it begins to send before half a lease is over. A sign of life is
        given first, where the last one is too old for that."""
        async with self._renewing:
            if not self._is_fresh():
                try:
                    if not await self.beat():
                        self.fenced()
                except ports.Closed:
                    log.debug("no sign of life: the bot ends")
        return self._is_fresh()

    def _is_fresh(self) -> bool:
        return self.silent < self._lease.total_seconds() / 2

    def fenced(self) -> None:
        """Find out now that it was taken for dead."""
        self._hurry.set()

    def is_leader(self) -> bool:
        """Does this process do what only one of them does?"""
        return self.leads

    @property
    def silent(self) -> float:
        """Seconds since its last sign of life that surely reached the database."""
        return self._tick() - self._confirmed

    # -- signs of life

    async def join(self) -> None:
        """Become one of them, under a new number. Call before anything is claimed."""

        def join(writer: port.Writer) -> int:
            if self.number:
                writer.leave()
            return writer.join(self.name, self._release, self._digest())

        self.number = await self._door.write(join)
        await self.beat()
        log.info("replica %d, %s", self.number, "which leads" if self.leads else "which follows")

    async def beat(self) -> bool:
        """Give a sign of life. False: it was taken for dead before."""

        unreached = self.unreached()

        def beat(writer: port.Writer) -> tuple[float, shared.Beat | None]:
            began = self._tick()
            sign = writer.beat(self._lease, self._digest(), unreached)
            if sign is not None and self._wall is not None:
                self._wall.set(sign.at)
            return began, sign

        began, sign = await self._door.write(beat)
        if sign is None:
            return False
        self._confirmed = began
        self._next = self._lease.total_seconds() / BEATS
        if sign.lapses is not None:
            self._next = min(self._next, (sign.lapses - sign.at).total_seconds() + JUST_AFTER)
        for name in sign.dead:
            log.warning("the replica %s gave no sign of life for %s", name, self._lease)
        if sign.doubtful:
            log.warning("%d calls of other replicas are taken over, in doubt", sign.doubtful)
        became, self.leads = sign.leads and not self.leads, sign.leads
        if became:
            self._led()
        return True

    async def run(self) -> None:
        """Give signs of life until cancelled."""
        while True:
            try:
                async with asyncio.timeout(self._next):
                    await self._hurry.wait()
            except TimeoutError:
                pass
            self._hurry.clear()
            try:
                await self._turn()
            except ports.Closed:
                return

    async def _turn(self) -> None:
        """Give one sign of life. A process whose signs do not arrive, or that was taken for dead,
        ends its calls, which are in the hands of others, and joins anew."""
        beating = asyncio.ensure_future(self.beat())
        rest = self._lease.total_seconds() - self.silent
        done, _ = await asyncio.wait({beating}, timeout=max(0.0, rest))
        if not done:
            log.warning("no sign of life has reached the store for %s", self._lease)
            self._end_calls()
        alive = await beating
        if alive and done:
            return
        log.warning("replica %d may have been taken for dead, and joins anew", self.number)
        self._end_calls()
        await self.join()
        if self.calls is not None:
            self.calls.wake()

    def _end_calls(self) -> None:
        self.leads = False
        if self.calls is not None:
            self.calls.abandon()

    async def leave(self) -> None:
        """Nothing of it is waited for any more. Call once nothing is in flight."""
        await self._door.write(lambda writer: writer.leave())
