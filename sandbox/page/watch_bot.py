"""The bot's process: what the page does to it, and how it is, on the board."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path

from sandbox.page.board import Board
from sandbox.process import PLATFORMS, BotProcess
from sandbox.standins import StandIns

LINES = 40
EVERY = 0.15
"""Seconds between two looks at the end of its log and at its connections."""


class Bot(BotProcess):
    """The bot's process, told on the board. ``state``: starting, connected (to both platforms),
    running (not connected), killed, stopped, or ended by itself."""

    def __init__(self, folder: Path, company: StandIns, locale: str, board: Board) -> None:
        super().__init__(folder, company, locale)
        self._board = board
        self._stood_in = company
        self._busy = asyncio.Lock()
        self.locale = locale
        self.state, self.since, self.starts = "stopped", time.time(), 0
        self.ahead = 0.0
        self._board.put("clock", "clock", {"offset": self.ahead})

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.returncode is None

    def connections(self) -> dict[str, int]:
        """How many each platform holds open."""
        parties = self._stood_in
        return {
            "dingtalk": sum(each.open for each in parties.dingtalk.gateway.connections),
            "lark": len(parties.lark.sockets.open()),
        }

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

    async def set_clock(self, seconds: float) -> None:
        self.ahead = seconds
        self.offset.write_text(f"{seconds}", "utf-8")
        if self.runs:
            await super().set_clock(seconds)
        self._board.put("clock", "clock", {"offset": seconds})

    async def speak(self, locale: str) -> None:
        """Start it anew in another language."""
        await self.stop()
        self.locale = locale
        self.configure(locale)
        await self.launch()

    async def run(self) -> None:
        """Tell how it is, until cancelled."""
        while True:
            self._look()
            await asyncio.sleep(EVERY)

    def _become(self, state: str) -> None:
        if state != self.state:
            self.state, self.since = state, time.time()
            self.show()

    def _look(self) -> None:
        if self.state in ("starting", "connected", "running"):
            held = self.connections()
            if not self.runs:
                self._become("ended")
            elif all(held[name] for name in PLATFORMS):
                self._become("connected")
            elif self.state == "connected":
                self._become("running")
        self.show()

    def show(self) -> None:
        self._board.put(
            "bot",
            "bot",
            {
                "state": self.state,
                "pid": self.process.pid if self.process is not None and self.runs else None,
                "since": self.since,
                "starts": self.starts,
                "locale": self.locale,
                "connections": self.connections(),
                "log": tail(self.log),
            },
        )


def tail(log: Path) -> list[str]:
    """The last lines of a log."""
    with contextlib.suppress(FileNotFoundError), log.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 16_384))
        return file.read().decode("utf-8", "replace").splitlines()[-LINES:]
    return []
