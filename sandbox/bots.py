"""The bots of the demo, handled as one: a single one on a file, or several on one database."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from sandbox.client import Company
from sandbox.process import BotProcess, demo_configuration

B = TypeVar("B", bound=BotProcess)
Database = Callable[[], contextlib.AbstractContextManager[str]]
"""Makes the database that the bots of one world share, which is dropped at the end; "": a single
one has a file."""
Make = Callable[[int], B]
"""Makes the bot of a number: from 1 where there are several, else 0."""


def alone() -> contextlib.AbstractContextManager[str]:
    """There is no database: a bot has a file."""
    return contextlib.nullcontext("")


class Bots(Generic[B]):
    """``await start()``; then those that ``run``. They are as many as have ports of their own with
    the company. ``database``: the URL of the one that they share; "": a single one has a file.
    ``leader``: the name of the one that leads, as far as somebody knows."""

    def __init__(
        self, folder: Path, company: Company, locale: str, make: Make[B], database: str = ""
    ) -> None:
        self.folder, self.company, self.database = folder, company, database
        self.commands, self.offset = folder / "commands", folder / "clock"
        numbers = range(1, len(company.ports_of_bots) + 1) if database else (0,)
        self.bots = [make(number) for number in numbers]
        self.by_name = {bot.name: bot for bot in self.bots}
        self.leader = ""
        self.configure(locale)
        self.offset.write_text("0", "utf-8")
        if database:
            for name, text in (("database", database), ("key", secrets.token_hex(32))):
                (folder / "secrets" / name).write_text(text, "utf-8")

    def configure(self, locale: str) -> None:
        """Write the configuration; it holds from the next start."""
        shared = demo_configuration(self.folder, self.company.ports, locale)
        for bot in self.bots:
            bot.configure(shared)

    @property
    def running(self) -> list[B]:
        return [bot for bot in self.bots if bot.runs]

    @property
    def first(self) -> B:
        """The one that leads, else the first that works, else the first."""
        working = [bot for bot in self.running if not bot.frozen]
        leading = [bot for bot in working if bot.name == self.leader]
        return [*leading, *working, *self.bots][0]

    @property
    def http(self) -> int:
        """The port on which one of them takes events; RuntimeError: none does yet."""
        return self.first.http

    @property
    def log(self) -> Path:
        """The log of the one that ended otherwise than well, else of the first."""
        ended = (bot for bot in self.bots if bot.process is not None and bot.process.returncode)
        return next(ended, self.first).log

    async def start(self) -> None:
        """Start those that do not run, and wait until they are connected to both platforms."""
        for bot in self.bots:
            if not bot.runs:
                await bot.launch()
        await asyncio.gather(*(bot.connected() for bot in self.bots))

    async def kill(self) -> None:
        """SIGKILL for the one that leads, which is the single one."""
        await self.first.kill()

    async def set_clock(self, seconds: float) -> None:
        """From now on the clock of their machine differs by so much from the real one."""
        self.offset.write_text(f"{seconds}", "utf-8")
        for bot in self.running:
            bot.hear_clock()

    async def stop(self, patience: float = 15.0) -> int:
        """Stop them as an operator does; the status of the one that ended worst."""
        return max(await asyncio.gather(*(bot.stop(patience) for bot in self.bots)), key=abs)

    async def ended(self) -> None:
        """Return once none of them runs any more."""
        processes = [bot.process for bot in self.bots if bot.process is not None]
        await asyncio.gather(*(process.wait() for process in processes))
