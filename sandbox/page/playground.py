"""The playground as a whole: the stand-ins, the bot, the board that shows them, and the page."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

from sandbox.aliyun import parameters
from sandbox.page import (
    acts,
    catalog,
    faults,
    form_kinds,
    forms,
    people,
    records,
    watch_chats,
    watch_machines,
    watch_wire,
)
from sandbox.page.board import Board
from sandbox.page.server import Server
from sandbox.page.watch_bot import Bot
from sandbox.standins import StandIns

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def open_page(
    folder: Path, locale: str, port: int = 0, launch: bool = True
) -> AsyncIterator[Server]:
    """The page, served; ``address`` is what to open. The bot is launched, unless that is left to
    who looks at the page. OSError: the port is taken."""
    board = Board()
    server = Server(board, locale)
    playground = Playground(board, server, folder, locale)
    async with contextlib.AsyncExitStack() as opened:
        opened.push_async_callback(server.close)
        await server.start(port)
        opened.push_async_callback(playground.close)
        await playground.open(launch)
        yield server


class Playground:
    """The world behind the page, which can be made anew while the page stays open."""

    def __init__(self, board: Board, server: Server, folder: Path, locale: str) -> None:
        self._board, self._server = board, server
        self._folder, self._locale = folder, locale
        self._opened = contextlib.AsyncExitStack()
        self._busy = asyncio.Lock()

    async def open(self, launch: bool = True) -> None:
        world = _world(self._board, self._folder, self._locale, launch, self.anew)
        self._server.world = await self._opened.enter_async_context(world)

    async def close(self) -> None:
        self._server.world = None
        await self._opened.aclose()

    async def anew(self) -> None:
        """Other stand-ins, another bot, and none of what happened before."""
        async with self._busy:
            if (world := self._server.world) is not None:
                self._locale = world.bot.locale
                await self.close()
            self._board.clear()
            await self.open()


@contextlib.asynccontextmanager
async def _world(
    board: Board, folder: Path, locale: str, launch: bool, anew: acts.Anew
) -> AsyncIterator[acts.World]:
    async with StandIns() as company:
        await company.call("dingtalk", "configure", session_per_minute=0)
        await company.call("lark", "lift_rates")
        bot = Bot(folder, company, locale, board)
        people.show(board)
        faults.show(board)
        form_kinds.show(board)
        wire = watch_wire.Wire(board, company)
        watchers: list[Watcher] = [
            watch_chats.DingTalkChats(board, company.dingtalk),
            watch_chats.LarkChats(board, company.lark),
            watch_machines.Machines(board, company.aliyun),
            forms.Forms(board, company.dingtalk, company.lark),
            wire,
            faults.Waiting(board, company),
            records.Records(board, folder / "data" / "countersign.db"),
            bot,
        ]
        # The SDK's models take a second to import: not while somebody waits for the first answer.
        models = asyncio.to_thread(parameters.API.load)
        works = (catalog.show(board, bot.commands), models, *(_kept_up(each) for each in watchers))
        tasks = [asyncio.create_task(each) for each in works]
        world = acts.World(company, bot, board, wire, anew)
        try:
            if launch:
                await bot.launch()
            yield world
        finally:
            await world.tour.leave()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await bot.stop(1.0)


class Watcher(Protocol):
    """Puts something on the board, until cancelled."""

    async def run(self) -> None: ...


async def _kept_up(watcher: Watcher) -> None:
    """What a watcher fails at is not shown; it goes on with what comes next."""
    while True:
        try:
            await watcher.run()
        except Exception:
            log.exception("%s failed", type(watcher).__name__)
