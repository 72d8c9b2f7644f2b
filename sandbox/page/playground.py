"""The playground as a whole: the stand-ins, the bot, the board that shows them, and the page."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from sandbox.page import (
    acts,
    catalog,
    faults,
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


@contextlib.asynccontextmanager
async def open_page(folder: Path, locale: str, port: int = 0) -> AsyncIterator[Server]:
    """The page, served; ``address`` is what to open. The bot starts on its own. OSError: the port
    is taken."""
    board = Board()
    server = Server(board, locale)
    async with contextlib.AsyncExitStack() as opened:
        opened.push_async_callback(server.close)
        await server.start(port)
        server.world = await opened.enter_async_context(_world(board, folder, locale))
        yield server


@contextlib.asynccontextmanager
async def _world(board: Board, folder: Path, locale: str) -> AsyncIterator[acts.World]:
    async with StandIns() as company:
        await company.call("dingtalk", "configure", session_per_minute=0)
        await company.call("lark", "lift_rates")
        bot = Bot(folder, company, locale, board)
        people.show(board)
        faults.show(board)
        forms.show(board)
        wire = watch_wire.Wire(board, company)
        watchers = [
            watch_chats.DingTalkChats(board, company.dingtalk).run(),
            watch_chats.LarkChats(board, company.lark).run(),
            watch_machines.Machines(board, company.aliyun).run(),
            forms.Forms(board, company.dingtalk, company.lark).run(),
            wire.run(),
            faults.Waiting(board, company).run(),
            records.Records(board, folder / "data" / "countersign.db").run(),
            bot.run(),
        ]
        tasks = [asyncio.create_task(each) for each in watchers]
        try:
            await bot.launch()
            await catalog.show(board)
            world = acts.World(company, bot, board, wire)
            yield world
            await world.tour.leave()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await bot.stop(1.0)
