"""The playground as a whole: the stand-ins, the bots, the board that shows them, and the page."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

from sandbox.aliyun import parameters
from sandbox.bots import Database, alone
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
from sandbox.page.watch_bot import Bots
from sandbox.standins import StandIns

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def open_page(
    folder: Path,
    locale: str,
    port: int = 0,
    launch: bool = True,
    *,
    bots: int = 1,
    database: Database = alone,
) -> AsyncIterator[Server]:
    """The page, served; ``address`` is what to open. The bots are launched, unless that is left to
    who looks at the page; several share the ``database``. OSError: the port is taken."""
    board = Board()
    server = Server(board, locale)
    playground = Playground(board, server, folder, locale, bots, database)
    async with contextlib.AsyncExitStack() as opened:
        opened.push_async_callback(server.close)
        await server.start(port)
        opened.push_async_callback(playground.close)
        await playground.open(launch)
        yield server


class Playground:
    """The world behind the page, which can be made anew while the page stays open."""

    def __init__(
        self,
        board: Board,
        server: Server,
        folder: Path,
        locale: str,
        bots: int,
        database: Database,
    ) -> None:
        self._board, self._server = board, server
        self._folder, self._locale = folder, locale
        self._bots, self._database = bots, database
        self._opened = contextlib.AsyncExitStack()
        self._busy = asyncio.Lock()

    async def open(self, launch: bool = True) -> None:
        enter = self._opened.enter_async_context
        database = self._opened.enter_context(self._database())
        company = await enter(StandIns(bots=self._bots))
        bots = Bots(self._folder, company, self._locale, self._board, database)
        self._server.world = await enter(_world(self._board, company, bots, launch, self.anew))

    async def close(self) -> None:
        self._server.world = None
        await self._opened.aclose()

    async def anew(self) -> None:
        """Other stand-ins, other bots, and none of what happened before."""
        async with self._busy:
            if (world := self._server.world) is not None:
                self._locale = world.bots.locale
                await self.close()
            self._board.clear()
            await self.open()


@contextlib.asynccontextmanager
async def _world(
    board: Board, company: StandIns, bots: Bots, launch: bool, anew: acts.Anew
) -> AsyncIterator[acts.World]:
    await company.call("dingtalk", "configure", session_per_minute=0)
    await company.call("lark", "lift_rates")
    people.show(board)
    faults.show(board)
    form_kinds.show(board)
    wire = watch_wire.Wire(board, company)
    watchers: list[Watcher] = [
        watch_chats.DingTalkChats(board, company),
        watch_chats.LarkChats(board, company),
        watch_machines.Machines(board, company.aliyun),
        forms.Forms(board, company.dingtalk, company.lark),
        wire,
        faults.Waiting(board, company),
        records.Records(board, bots.database or bots.folder / "data" / "countersign.db"),
        bots,
    ]
    # The SDK's models take a second to import: not while somebody waits for the first answer.
    models = asyncio.to_thread(parameters.API.load)
    works = (catalog.show(board, bots.commands), models, *(_kept_up(each) for each in watchers))
    tasks = [asyncio.create_task(each) for each in works]
    world = acts.World(company, bots, board, wire, anew)
    try:
        if launch:
            await bots.launch()
        yield world
    finally:
        await world.tour.leave()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await bots.stop(1.0)


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
