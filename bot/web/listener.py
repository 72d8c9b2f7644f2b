"""A listener of its own for those who operate the bot: it answers GET and HEAD of a few paths.

It takes nothing in, so it needs no secret; what it serves holds none either. On loopback a browser
that was led here by another name (DNS rebinding) is refused.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from bot.model import ports
from bot.source import values

log = logging.getLogger(__name__)
MUTE = logging.Logger(f"{__name__}.mute")
"""For aiohttp, which writes a traceback and the line for each request that it can't read."""
MUTE.disabled = True

MOST = 32
"""Connections at once; where one more comes, the oldest is closed."""
KEEP = 15.0
"""Seconds that an idle connection is kept."""


@dataclass(frozen=True, slots=True)
class Page:
    """What is answered."""

    status: int
    text: str
    kind: str = "application/json; charset=utf-8"


Pages = Mapping[str, Callable[[], Awaitable[Page]]]
"""By their path."""


def of_json(status: int, value: object) -> Page:
    """A line of JSON."""
    return Page(status, json.dumps(value, ensure_ascii=False) + "\n")


class Listener:
    """Serves pages on an address, as ``host:port``. ``name`` is the setting that says so, and
    ``port`` the one that it listens on, once it does."""

    def __init__(self, address: str, name: str, pages: Pages) -> None:
        host, _, port = address.rpartition(":")
        self._host, self.port = host.strip("[]"), int(port)
        self._name = name
        self._pages = pages

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until cancelled. Raises ports.CannotListen."""
        manager = web.Server(self._answer, access_log=None, logger=MUTE, keepalive_timeout=KEEP)

        def accept() -> asyncio.Protocol:
            connections = manager.connections
            if len(connections) >= MOST:
                connections[0].force_close()
                if connections[0].transport is not None:
                    connections[0].transport.abort()
            return manager()

        try:
            server = await asyncio.get_running_loop().create_server(accept, self._host, self.port)
        except OSError as fault:
            where, why = f"{self._host}:{self.port}", fault.strerror or fault
            message = f"can't listen on {where} ({why}): see {self._name}"
            raise ports.CannotListen(message) from None
        self.port = server.sockets[0].getsockname()[1]
        log.info("listening on %s:%d for %s", self._host, self.port, ", ".join(self._pages))
        try:
            ready()
            await asyncio.Event().wait()
        finally:
            server.close()
            await manager.shutdown(1.0)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        page = await self._page(request)
        headers = {"Content-Type": page.kind, "Cache-Control": "no-store"}
        headers |= {"Server": "countersign", "X-Content-Type-Options": "nosniff"}
        if page.status == 405:
            headers["Allow"] = "GET, HEAD"
        response = web.Response(status=page.status, body=page.text.encode(), headers=headers)
        if request.method not in ("GET", "HEAD") or request.can_read_body:
            response.force_close()  # no body is read here
        return response

    async def _page(self, request: web.BaseRequest) -> Page:
        if values.of_this_machine(self._host) and not _of_this_machine(request.host):
            return of_json(403, {"error": "this is served to this machine, by its own name"})
        make = self._pages.get(request.rel_url.raw_path)
        if make is None:
            return of_json(404, {"error": "nothing is here", "pages": list(self._pages)})
        if request.method not in ("GET", "HEAD"):
            return of_json(405, {"error": "only GET and HEAD"})
        try:
            return await make()
        except Exception:
            log.exception("%s could not be answered", request.rel_url.raw_path)
            return of_json(500, {"error": "this went wrong here; the log says more"})


def _of_this_machine(host: str) -> bool:
    """Does a Host header name this machine?"""
    try:
        return values.of_this_machine(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return False
