"""Is the bot ready? What is not, in words, with what to do about it.

It says nothing about requests or people: whoever reaches the listener may read it.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from bot import store
from bot.model import ports
from bot.runtime import clock, engine, outbox
from bot.store import port
from bot.web import lasting

GOOD_FOR = 1.0
"""Seconds for which a look at the parts is good, so that asking often costs little."""
GRACE = 10.0
"""Seconds for which a platform may be without a connection: one that breaks is usually replaced
within a few."""
STORE_WITHIN = 2.0
"""Seconds in which the store has to be written."""
LEAST_FREE = 64 << 20
"""Bytes that the disk of the store must have left."""
OVERDUE = 120.0
"""Seconds for which something may be due while no call goes out or comes back."""
REACH = (
    "It is tried again by itself, and nothing is lost: nothing is acknowledged meanwhile. See that "
    "the database runs and is reached from this machine."
)
CLOCKS_APART = 30.0
"""Seconds by which a platform's clock may differ."""
ASLEEP = 3 * outbox.LONGEST_SLEEP
"""Seconds after which the outbox must have looked at its queue again."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What keeps the bot from being ready: a ``part`` of it, what is wrong there, what to do."""

    part: str
    problem: str
    do: str


class Chat(Protocol):
    def connection(self) -> ports.Connection | None: ...


def unreached(chats: Mapping[str, Chat], now: datetime) -> dict[str, datetime]:
    """The platforms that had no connection for longer than one takes to be replaced, and since
    when."""
    connections = ((name, chat.connection()) for name, chat in chats.items())
    return {
        name: now - timedelta(seconds=one.seconds)
        for name, one in connections
        if one is not None and not one.up and one.seconds >= GRACE
    }


@dataclass(frozen=True, slots=True)
class Parts:
    """What is looked at. ``waiting``: set for each door, by name, once it first stood; ``chats``:
    the platforms among them. ``folder`` holds the store."""

    door: engine.Engine
    clock: clock.Steady
    outbox: outbox.Outbox
    waiting: Mapping[str, asyncio.Event]
    chats: Mapping[str, Chat]
    folder: Path


class Health:
    """Looks at the parts of a running bot. Belongs to the loop's thread."""

    def __init__(self, parts: Parts, good_for: float = GOOD_FOR) -> None:
        self._parts = parts
        self._began = parts.clock.monotonic()
        self._probe: asyncio.Future[None] | None = None
        self._looks = lasting.Lasting(self._look, good_for, parts.clock.monotonic)

    async def problems(self) -> list[Problem]:
        """Everything that is not as it has to be; none: the bot is ready."""
        return await self._looks.get()

    async def _look(self) -> list[Problem]:
        platforms = [self._door(name, event) for name, event in self._parts.waiting.items()]
        try:
            rest = await _all((self._store(), self._outbox(), self._clock()))
        except port.StoreFault as fault:
            rest = [self._lost() or Problem("store", f"cannot be read: {fault}", REACH)]
        return [one for one in (*platforms, *rest) if one is not None]

    # ------------------------------------------------------------------------- doors

    def _door(self, name: str, stood: asyncio.Event) -> Problem | None:
        if not stood.is_set():
            ago = self._parts.clock.monotonic() - self._began
            return Problem(
                name,
                f"not there yet, {ago:.0f} s after the start",
                f"If it lasts, the log says why: network, proxy, or what [{name}] says.",
            )
        chat = self._parts.chats.get(name)
        connection = chat.connection() if chat is not None else None
        if connection is None or connection.up or connection.seconds < GRACE:
            return None
        return Problem(
            name,
            f"no connection for {connection.seconds:.0f} s",
            "It is tried again by itself, and what people say meanwhile is delivered later. The "
            f"log says why: network, proxy, certificates, or the app was turned off ([{name}]).",
        )

    # ------------------------------------------------------------------------- the store

    def _lost(self) -> Problem | None:
        """What is to be said while the database is not reached; None: it is."""
        since = self._parts.door.lost_at
        if since is None:
            return None
        ago = self._parts.clock.age(since)
        return Problem("store", f"not reached since {since:%H:%M:%S} UTC ({ago:.0f} s)", REACH)

    async def _store(self) -> Problem | None:
        if (lost := self._lost()) is not None:
            return lost
        room = await asyncio.to_thread(free, self._parts.folder)
        if room is None:
            return Problem("store", "its folder is gone", "Put the disk of [bot] data back.")
        if room < LEAST_FREE:
            return Problem(
                "store",
                f"{room >> 20} MB are left on its disk",
                "Make room under [bot] data: on a full disk the bot stops.",
            )
        if self._probe is None or self._probe.done():  # one that waits still waits for us
            now = self._parts.clock.now()
            self._probe = self._parts.door.write(lambda writer: writer.note_time(now))
        try:
            async with asyncio.timeout(STORE_WITHIN):
                await asyncio.shield(self._probe)
        except TimeoutError:
            return self._lost() or Problem(
                "store",
                f"could not be written within {STORE_WITHIN:.0f} s",
                "Another program holds its write lock (`fuser` on countersign.db names it), or the "
                "disk is slow. Nothing is lost: events are acknowledged once they are on disk.",
            )
        except ports.Closed as closed:
            return Problem("store", str(closed), "The bot ends; the log says why.")
        return None

    # ------------------------------------------------------------------------- the outbox

    async def _outbox(self) -> Problem | None:
        motion, now = self._parts.outbox.motion, self._parts.clock.now()
        if motion.looked > ASLEEP:
            return Problem(
                "outbox",
                f"has not looked at its queue for {motion.looked:.0f} s",
                "Restart the bot, and report this with the log: nothing is lost by it.",
            )
        if motion.in_flight or motion.moved < OVERDUE:
            return None
        queues = await self._parts.door.read(lambda reader: reader.queues())
        overdue = [queue for queue in queues if _late(queue, now) > OVERDUE]
        if not overdue:
            return None
        oldest = max(overdue, key=lambda queue: _late(queue, now))
        return Problem(
            "outbox",
            f"{sum(queue.queued for queue in overdue)} due and none goes out; the oldest "
            f"({oldest.kind} to {oldest.party or 'the cloud'}) waits for "
            f"{_late(oldest, now):.0f} s",
            "A platform that asked for a pause is waited for: the log names it. Otherwise restart "
            "the bot.",
        )

    # ------------------------------------------------------------------------- the clock

    async def _clock(self) -> Problem | None:
        now = self._parts.clock.now()
        off = self._parts.clock.step()
        newest = await self._parts.door.read(lambda reader: reader.last_event())
        if off:
            problem = f"the machine's clock was set by {off.total_seconds():+.0f} s"
        elif newest is not None and newest - now > clock.TOLERANCE:
            ahead = (newest - now).total_seconds()
            problem = f"the newest event in the store is {ahead:.0f} s ahead of the machine's clock"
        elif (difference := self._difference()) is not None:
            problem = difference
        else:
            return None
        return Problem(
            "clock",
            problem,
            "Have the machine's time synchronised (chrony, systemd-timesyncd): platforms refuse "
            "calls that are signed at a wrong time.",
        )

    def _difference(self) -> str | None:
        """Which platform's clock shows something else than this machine's."""
        for name, chat in self._parts.chats.items():
            connection = chat.connection()
            ahead = connection.ahead if connection is not None else None
            if ahead is not None and abs(ahead) > CLOCKS_APART:
                where = "behind" if ahead > 0 else "ahead of"
                return f"the machine's clock is {abs(ahead):.0f} s {where} that of {name}"
        return None


async def _all(checks: tuple[Awaitable[Problem | None], ...]) -> list[Problem | None]:
    return list(await asyncio.gather(*checks))


def free(folder: Path) -> int | None:
    """Bytes that are left on a folder's disk; None: it is not there."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _late(queue: store.Queue, now: datetime) -> float:
    """Seconds for which the oldest of a queue is due."""
    return (now - queue.due) / timedelta(seconds=1) if queue.due is not None else 0.0
