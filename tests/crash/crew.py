"""Keeps a bot alive that is being killed: starts it, lets it die as planned, starts it again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from bot import store
from sandbox import process
from sandbox.client import Sandbox
from tests import settings
from tests.crash import deaths

PATIENCE = 60.0
REDELIVERY = 61.0
"""Seconds by which the platforms' clock is moved so that what was not acknowledged comes again."""
LOOK = 0.1
OPEN = ("Pending", "Running", "Stopping")
SHORT = 300
"""Seconds that a script may take, for it to be one that time must not be moved under."""


LEASE = 6
"""Seconds after which a process in place of one that was killed takes over what that one did: twice
the least that can be set, as a busy machine lets a process wait for longer."""


class Fault(Exception):
    """The bot did something that no death explains."""


class Platforms:
    """What both platforms wait for of a bot, which ``is_up`` or not. ``step``: so many seconds pass
    at once where they would deliver again."""

    def __init__(
        self,
        sandbox: Sandbox,
        is_up: Callable[[], Awaitable[bool]],
        step: float = REDELIVERY,
    ) -> None:
        self.sandbox, self._is_up, self._step = sandbox, is_up, step

    async def redeliver(self) -> None:
        """For ever: let time pass on the platforms while the bot is there and something that was
        not acknowledged waits to be delivered again; but not while a script runs that it would
        end."""
        waited = 0
        while True:
            await asyncio.sleep(0.3)
            waiting = await self.unacknowledged()
            waited = waited + 1 if waiting and await self._is_up() else 0
            if waited >= 3 and not await self._in_a_hurry():
                await self.sandbox.advance(self._step)
                waited = 0

    async def _in_a_hurry(self) -> bool:
        """Does a script run that has little time?"""
        invocations = await self.sandbox.call("aliyun", "invocations")
        return any(one["status"] in OPEN and one["timeout"] < SHORT for one in invocations)

    async def unacknowledged(self) -> list[dict[str, Any]]:
        """Messages and form events that no acknowledgement came for yet."""
        found = []
        for name in deaths.PLATFORMS:
            for kind in ("push.chat", "push.event"):
                found += await self.sandbox.call(name, "deliveries", kind=kind)
        return [delivery for delivery in found if not delivery["acked"]]


class Bot:
    """A bot in a process of its own, with a supervisor that starts it again whenever it dies.
    ``url``: of the database that has its store ("": a file has it).

    ``deaths`` are the planned ones that came, ``starts`` counts the processes. The checkpoints
    reached are in ``log`` when nothing is to die by the clock.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        folder: Path,
        kills: Sequence[deaths.Kill],
        setting: settings.Setting = settings.AS_SHIPPED,
        url: str = "",
    ) -> None:
        self.sandbox, self.folder = sandbox, folder
        self.platforms = Platforms(sandbox, self.is_up)
        self.config = settings.furnish(folder, sandbox, setting)
        self._url = url
        if url:
            line = f'[bot]\nstore = "{url}"\nlease = {LEASE}\n'
            text = self.config.read_text("utf-8").replace("[bot]\n", line, 1)
            self.config.write_text(text, "utf-8")
        self.log = folder / "checkpoints"
        self.deaths: list[deaths.Kill] = []
        self.starts = 0
        self._left = list(kills)
        self._ending = False
        self._death: deaths.Kill | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._clock_kill: asyncio.Task[None] | None = None
        self._began = asyncio.Event()

    @property
    def location(self) -> store.Location:
        """Where its store is."""
        return self._url or self.folder / "data" / "countersign.db"

    @property
    def output(self) -> str:
        return (self.folder / "bot.log").read_text("utf-8", "replace")

    # ------------------------------------------------------------------ the supervisor

    async def supervise(self) -> None:
        """Start it, and again after each planned death. Raises Fault for any other end."""
        while True:
            death = self._left.pop(0) if self._left else None
            self._death = death
            await self._start(death)
            assert self._process is not None
            code = await self._process.wait()
            if self._clock_kill is not None:
                self._clock_kill.cancel()
            if self._ending:
                return
            if death is None or code not in _ends(death):
                raise Fault(f"the bot ended with status {code}")
            self.deaths.append(death)

    async def _start(self, death: deaths.Kill | None) -> None:
        at = str(death) if death and death.checkpoint else ""
        module = "bot" if death and death.signal else "tests.crash.child"
        environment = os.environ | {"CRASH_AT": at, "CRASH_LOG": str(self.log)}
        with (self.folder / "bot.log").open("ab") as out:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", module, "run", "--config", str(self.config)),
                cwd=process.ROOT,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=asyncio.subprocess.STDOUT,
            )
        self.starts += 1
        if death and death.signal:
            self._clock_kill = asyncio.create_task(self._kill(self._process, death))

    async def _kill(self, process: asyncio.subprocess.Process, death: deaths.Kill) -> None:
        if self.starts == 1:
            await self._began.wait()
        await asyncio.sleep(death.seconds)
        if process.returncode is None and not self._ending:
            process.send_signal(signal.Signals[death.signal])

    # ------------------------------------------------------------------ what people do

    async def up(self) -> None:
        """Wait until it is connected to both platforms."""
        deadline = time.monotonic() + PATIENCE
        while not await self.is_up():
            if time.monotonic() > deadline:
                raise Fault("the bot does not come back")
            await asyncio.sleep(LOOK)

    async def is_up(self) -> bool:
        if self._process is None or self._process.returncode is not None:
            return False
        lists = [await self.sandbox.call(name, "connections") for name in deaths.PLATFORMS]
        return all(any(one["open"] for one in found) for found in lists)

    def began(self) -> None:
        """The story begins now: deaths by the clock count from here."""
        self._began.set()

    async def stop(self) -> int:
        """End it as an operator does; its exit status. Dying as planned while it ends is no
        fault: what is true afterwards is looked at all the same."""
        self._ending = True
        if self._clock_kill is not None:
            self._clock_kill.cancel()
        if self._process is None:
            return 0
        code = await process.stop_bot(self._process)
        return 0 if self._death is not None and code in _ends(self._death) else code


def _ends(death: deaths.Kill) -> tuple[int, ...]:
    """The statuses that this death leaves. A process that has just been started does not listen to
    SIGTERM yet, and is ended by it."""
    return (0, -signal.SIGTERM) if death.signal == "SIGTERM" else (-signal.SIGKILL,)


@contextlib.asynccontextmanager
async def supervised(bot: Bot) -> AsyncIterator[None]:
    """The bot, restarted and redelivered to; what goes wrong with it ends the block."""
    me = asyncio.current_task()
    assert me is not None
    side = [asyncio.create_task(bot.supervise()), asyncio.create_task(bot.platforms.redeliver())]
    faults: list[BaseException] = []

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (fault := task.exception()) is not None:
            faults.append(fault)
            me.cancel()

    for task in side:
        task.add_done_callback(ended)
    try:
        yield
    except asyncio.CancelledError:
        if faults:
            me.uncancel()
            raise Fault(str(faults[0])) from faults[0]
        raise
    finally:
        await bot.stop()
        for task in side:
            task.remove_done_callback(ended)
            task.cancel()
        await asyncio.gather(*side, return_exceptions=True)
