"""The server's own part: connections that stay within bounds, answers that say one line."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
from aiohttp import web

from adapters.inlet import refusal
from bot.model import traffic

log = logging.getLogger(__name__)

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
ONCE = ("ce-", "x-countersign-", "x-eventbridge-", "x-lark-", "x-ddpaas-", "content-", "auth")
"""How the names of headers begin that may not be there twice."""
BROKEN = (web.RequestPayloadError, aiohttp.ClientError, ConnectionError)
"""What reading a body raises when the other side is gone, or sends what is no HTTP."""


def answer(
    status: int, body: Mapping[str, object], headers: Mapping[str, str] | None = None
) -> web.Response:
    """A line of JSON."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")) + "\n"
    sent = {"Server": "countersign", **(headers or {})}
    return web.Response(status=status, text=text, content_type="application/json", headers=sent)


def refused(fault: refusal.Refusal) -> web.Response:
    """No, and why; the connection ends with it, so that no unread body is waited for."""
    response = answer(fault.status, {"error": fault.text}, fault.headers)
    response.force_close()
    return response


def exchange(
    request: web.BaseRequest, response: web.StreamResponse, name: str, body: object
) -> traffic.Exchange:
    """A request that was answered, for a capture; ``name``: of its sender."""
    text = response.text if isinstance(response, web.Response) else None
    return traffic.Exchange(
        "http",
        request.method,
        str(request.rel_url),
        dict(request.headers),
        body,
        response.status,
        text or "",
        action=name,
        way="in",
    )


class Line(web.RequestHandler):
    """One connection. What is no HTTP is answered with a line, and not logged with a traceback.

    ``heard`` is when something came last, ``since`` when the wait for a request or for the rest of
    one began; ``working``: a request is there whole, and is being decided."""

    __slots__ = ("heard", "since", "working")

    def __init__(self, manager: web.Server, **options: Any) -> None:
        super().__init__(manager, **options)
        self.working = False
        self.since = self.heard = self._loop.time()

    def data_received(self, data: bytes) -> None:
        self.heard = self._loop.time()
        super().data_received(data)

    def waits(self) -> None:
        """It is the other side's turn."""
        self.working = False
        self.since = self.heard = self._loop.time()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status >= 500:
            log.error("a request failed", exc_info=exc)
        fault = refusal.Refusal(status, "unreadable", "this is no HTTP request that is understood")
        return refused(fault)


class Server(web.Server):
    """Knows its connections. Where more than three of four of ``most`` are there, none is kept for
    a next request. ``freed`` is set whenever one ends."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        most: int,
        **options: Any,
    ) -> None:
        super().__init__(self._handle, **options)
        self._most = most
        self._answer = handler
        self.lines: set[Line] = set()
        self.freed = asyncio.Event()

    def __call__(self) -> web.RequestHandler:
        return Line(self, loop=self._loop, **self._kwargs)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        if isinstance(handler, Line):
            self.lines.add(handler)

    def connection_lost(
        self, handler: web.RequestHandler, exc: BaseException | None = None
    ) -> None:
        super().connection_lost(handler, exc)
        if isinstance(handler, Line):
            self.lines.discard(handler)
        self.freed.set()

    def stalest(self, now: float, patience: float) -> Line | None:
        """The connection that has kept the server waiting longest: it said nothing for as long as
        ``patience``, or has not come to an end with its request in five times that."""
        idle = [
            line
            for line in self.lines
            if not line.working
            and line.transport is not None
            and (now - line.heard >= patience or now - line.since >= 5 * patience)
        ]
        return min(idle, key=lambda line: line.since, default=None)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            response = await self._answer(request)
        finally:
            if isinstance(request.protocol, Line):
                request.protocol.waits()
        if 4 * len(self.lines) > 3 * self._most:
            response.force_close()
        return response


def headers_of(request: web.BaseRequest) -> dict[str, str]:
    """The headers by their names in small letters. Raises Refusal where one that matters is there
    twice: the next to read it might take the other."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        lower = name.lower()
        if lower in headers and lower.startswith(ONCE):
            raise refusal.unreadable(f"{lower} is there twice")
        headers[lower] = f"{headers[lower]}, {value}" if lower in headers else value
    return headers


async def body_of(request: web.BaseRequest, most: int, seconds: float) -> bytes:
    """A request's body, as it was sent. Raises Refusal; more than ``most`` bytes are not read."""
    too_large = refusal.Refusal(413, "too large", f"the body may have {most} bytes")
    if (request.content_length or 0) > most:
        raise too_large
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport:
        request.transport.write(CONTINUE)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > most:
                    raise too_large
    except TimeoutError:
        raise refusal.Refusal(408, "slow", "the body took too long") from None
    except BROKEN:
        raise refusal.Refusal(400, "unreadable", "the body broke off") from None
    if isinstance(request.protocol, Line):
        request.protocol.working = True
    return bytes(body)
