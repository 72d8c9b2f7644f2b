"""The whole bot in this process, the sandbox in its own, one clock for both, on both platforms."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import app, store
from bot.app import adapters
from sandbox import demo, play
from sandbox.client import Sandbox

PLATFORMS = ("dingtalk", "lark")


class MovedClock:
    """The real time plus what the test moved it by."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


class Scene(play.Play):
    """A play with the bot's insides at hand: its clock, its store, and stopping and starting it."""

    def __init__(self, sandbox: Sandbox, platform: str, path: Path) -> None:
        super().__init__(sandbox, platform, patience=20.0)
        self.clock = MovedClock()
        self.settings = adapters.load(path)
        self.app = app.App(self.settings, self.clock)
        self.stop = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.stop = asyncio.Event()
        self.app = app.App(self.settings, self.clock)
        ready = asyncio.Event()
        self.task = asyncio.create_task(self.app.run(self.stop, ready.set))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({self.task, waiting}, timeout=15, return_when="FIRST_COMPLETED")
        waiting.cancel()
        if self.task.done():
            await self.task
        assert ready.is_set(), "the bot did not get ready"

    async def end(self) -> None:
        """Stop as SIGTERM does."""
        if self.task is not None:
            self.stop.set()
            await asyncio.wait_for(self.task, 15)
            self.task = None

    async def advance(self, seconds: float) -> None:
        """Let time pass, for the platforms and for the bot."""
        await self.sandbox.advance(seconds)
        self.clock.offset += timedelta(seconds=seconds)
        self.app.wake()

    def reader(self) -> Any:
        opened = store.Store(self.settings.data / "countersign.db", readonly=True)
        return opened.reading()

    async def settled(self) -> None:
        """Wait until nothing is queued or in flight any more."""
        for _ in range(500):
            with self.reader() as reader:
                if not reader.status().effects:
                    return
            await asyncio.sleep(0.02)
        raise play.StoryFailed("the outbox did not run dry")

    async def pending(self, text: str, user: str = "alice") -> play.Entry:
        """Ask for something and wait for its card."""
        known = await self.ids()
        await self.say(user, text)
        return await self.new_card(text.split()[0], known)


@asynccontextmanager
async def playing(sandbox: Sandbox, platform: str, path: Path) -> AsyncIterator[Scene]:
    """The bot of this configuration on a platform, from its start to its end."""
    found = Scene(sandbox, platform, path)
    await found.start()
    try:
        yield found
    finally:
        await found.end()


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def scene(platform: str, tmp_path: Path) -> AsyncIterator[Scene]:
    async with Sandbox() as sandbox:
        path = demo.configuration(tmp_path, sandbox.ports)
        async with playing(sandbox, platform, path) as found:
            yield found
