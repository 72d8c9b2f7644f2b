"""The page's server: the page, its files, the feed of changes, and the actions."""

from __future__ import annotations

import asyncio
import contextlib
import json
import mimetypes
import re
from pathlib import Path

import jinja2
from aiohttp import web

from sandbox.page import acts, acts_bot, acts_people, acts_platforms, acts_tour, entrance
from sandbox.page.board import Board

FOLDER = Path(__file__).resolve().parent
STATIC = FOLDER / "static"
_FILE = re.compile(r"(?:[a-z0-9_-]{1,60}/)*[a-z0-9_-]{1,60}\.[a-z0-9]{1,10}")
"""A name that leads nowhere else."""
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
MOST_BYTES = 256 * 1024
HEARTBEAT = 10.0
BATCH = 0.05
"""Seconds between two batches of changes."""
ACTS = {**acts_people.ACTS, **acts_bot.ACTS, **acts_platforms.ACTS, **acts_tour.ACTS}


class Server:
    """``await start()``, then ``address`` is what to open; ``world`` is what actions act on."""

    def __init__(self, board: Board, locale: str) -> None:
        self._board, self._locale = board, locale
        self.world: acts.World | None = None
        self._entrance = entrance.Entrance()
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
        )
        app = web.Application(
            client_max_size=MOST_BYTES, middlewares=[entrance.middleware(self._entrance)]
        )
        app.on_response_prepare.append(entrance.dressed)
        app.router.add_get("/", self._index)
        app.router.add_get("/static/{path:.+}", self._static)
        app.router.add_get("/feed", self._feed)
        app.router.add_post("/api/{name}", self._act)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)

    @property
    def address(self) -> str:
        return self._entrance.address

    async def start(self, port: int = 0) -> None:
        """Serve on loopback. OSError: the port is taken."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self._entrance.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        await self._runner.cleanup()

    async def _index(self, request: web.Request) -> web.StreamResponse:
        entered = self._entrance.enter(request)
        if entered is not None:
            return entered
        self._entrance.admit(request)
        page = self._templates.get_template("index.html").render(locale=self._locale)
        return web.Response(text=page, content_type="text/html")

    async def _static(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["path"]
        path = STATIC / name
        if not _FILE.fullmatch(name) or not path.is_file():
            raise web.HTTPNotFound
        kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
        return web.Response(
            body=path.read_bytes(), content_type=kind or "text/plain", charset="utf-8"
        )

    async def _feed(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: a snapshot or the changes since ``Last-Event-ID``, then changes."""
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await answer.prepare(request)
        with contextlib.suppress(ConnectionResetError):  # the page was closed
            await self._tell(answer, request.headers.get("Last-Event-ID", ""))
        return answer

    async def _tell(self, answer: web.StreamResponse, mark: str) -> None:
        """Write what is new to somebody who has read up to a mark, until nobody reads."""
        while True:
            if await self._board.newer(mark, HEARTBEAT):
                whole, rows = self._board.since(mark)
                mark = self._board.mark
                event = "snapshot" if whole else "changes"
                text = f"id: {mark}\nevent: {event}\ndata: {rows}\n\n"
                await answer.write(text.encode("utf-8", "replace"))
                await asyncio.sleep(BATCH)
            else:
                await answer.write(b": heartbeat\n\n")

    async def _act(self, request: web.Request) -> web.StreamResponse:
        try:
            body = json.loads(await request.read())
        except (ValueError, RecursionError):
            return _refusal(acts.Refused("请求不是 JSON。", "The body is not JSON."))
        if self.world is None:
            return _refusal(acts.Refused("还在启动，请稍候。", "It is still starting."), 503)
        try:
            result = await acts.perform(ACTS, self.world, request.match_info["name"], body)
        except acts.Refused as refused:
            return _refusal(refused)
        return web.json_response({"ok": result})


def _refusal(refused: acts.Refused, status: int = 400) -> web.Response:
    return web.json_response({"error": refused.said}, status=status)
