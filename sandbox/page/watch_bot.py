"""The bots' processes: what the page does to them, and how they are, on the board."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path

from sandbox import bots
from sandbox.base import port_of
from sandbox.page.board import Board
from sandbox.process import PLATFORMS, BotProcess
from sandbox.standins import StandIns

LINES = 40
EVERY = 0.15
"""Seconds between two looks at the ends of logs and at connections."""
UP = ("starting", "connected", "running")


class Bot(BotProcess):
    """A bot's process, told on the board. ``state``: starting, connected (to both platforms),
    running (not connected), frozen, killed, stopped, or ended by itself."""

    def __init__(
        self, folder: Path, company: StandIns, number: int, board: Board, locale: str
    ) -> None:
        super().__init__(folder, company, number)
        self._board, self._stood_in = board, company
        self._busy = asyncio.Lock()
        self.locale = locale
        self.state, self.since, self.starts = "stopped", time.time(), 0

    def connections(self) -> dict[str, int]:
        """How many each platform holds open."""
        parties = self._stood_in
        dingtalk = (each for each in parties.dingtalk.gateway.connections if each.open)
        ports = {
            "dingtalk": [port_of(each.transport) for each in dingtalk],
            "lark": [port_of(each.transport) for each in parties.lark.sockets.open()],
        }
        return {name: found.count(self.ports[name]) for name, found in ports.items()}

    async def launch(self) -> None:
        """Start it; nothing, if it runs."""
        async with self._busy:
            if not self.runs:
                await super().launch()
                self.starts += 1
                self._become("starting")

    async def kill(self) -> None:
        async with self._busy:
            if self.runs:
                self._become("killed")
                await super().kill()

    async def stop(self, patience: float = 15.0) -> int:
        async with self._busy:
            if self.runs:
                self._become("stopped")
            return await super().stop(patience)

    def freeze(self) -> None:
        if self.runs and self.state in UP:
            super().freeze()
            self._become("frozen")

    def wake(self) -> None:
        if self.state == "frozen":
            self._become("starting")
        if self.runs:
            super().wake()

    def look(self) -> None:
        """Note how it is."""
        if self.state in UP or self.state == "frozen":
            held = self.connections()
            if not self.runs:
                self._become("ended")
            elif self.state == "frozen":
                pass
            elif all(held[name] for name in PLATFORMS):
                self._become("connected")
            elif self.state == "connected":
                self._become("running")
        self.show()

    def _become(self, state: str) -> None:
        if state != self.state:
            self.state, self.since = state, time.time()
            self.show()

    def show(self) -> None:
        self._board.put(
            "bot",
            self.name,
            {
                "name": self.name,
                "state": self.state,
                "pid": self.process.pid if self.process is not None and self.runs else None,
                "since": self.since,
                "starts": self.starts,
                "locale": self.locale,
                "connections": self.connections(),
                "log": tail(self.log),
            },
        )


class Bots(bots.Bots[Bot]):
    """The bots, each a row of "bot" on the board, by its name."""

    def __init__(
        self, folder: Path, company: StandIns, locale: str, board: Board, database: str = ""
    ) -> None:
        def made(number: int) -> Bot:
            return Bot(folder, company, number, board, locale)

        super().__init__(folder, company, locale, made, database)
        self._board = board
        self.locale = locale
        self.ahead = 0.0
        self._board.put("clock", "clock", {"offset": self.ahead})

    def chosen(self, name: str) -> list[Bot]:
        """The one of a name; "": all of them. KeyError: there is none."""
        return [self.by_name[name]] if name else list(self.bots)

    async def launch(self) -> None:
        """Start those that do not run, and wait for nothing."""
        for bot in self.bots:
            await bot.launch()

    async def set_clock(self, seconds: float) -> None:
        self.ahead = seconds
        await super().set_clock(seconds)
        self._board.put("clock", "clock", {"offset": seconds})

    async def speak(self, locale: str) -> None:
        """Start them anew in another language."""
        await self.stop()
        self.configure(locale)
        self.locale = locale
        for bot in self.bots:
            bot.locale = locale
        await self.launch()

    async def run(self) -> None:
        """Tell how they are, until cancelled."""
        while True:
            rows = [self._board.value("replicas", bot.name) or {} for bot in self.bots]
            for bot, row in zip(self.bots, rows, strict=True):
                bot.look()
                if row.get("leads"):
                    self.leader = bot.name
            await asyncio.sleep(EVERY)


def tail(log: Path) -> list[str]:
    """The last lines of a log."""
    with contextlib.suppress(FileNotFoundError), log.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 16_384))
        return file.read().decode("utf-8", "replace").splitlines()[-LINES:]
    return []
