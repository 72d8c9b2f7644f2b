"""A man in the middle: stands between the bot and one platform, passes everything on, notes what
the bot answers, and, when told to, lies to it on either wire.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
from aiohttp import web
from aiohttp.http_websocket import WSMsgType

HOP = frozenset({"connection", "transfer-encoding", "content-length", "content-encoding", "date"})
MOST = 32 << 20


@dataclass(frozen=True)
class Exchange:
    """One call of the bot: what it asked, and what the platform truthfully answered."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    asked: bytes
    status: int
    answered: bytes


Lie = Callable[[Exchange], web.Response | None]


class Between:
    """``async with Between(url) as middle``; ``middle.port`` is where the bot shall connect."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.port = 0
        self.lie: Lie | None = None
        self.said: list[str | bytes] = []
        self.heard: list[str | bytes] = []
        self.met: list[Exchange] = []
        self._bots: list[web.WebSocketResponse] = []
        self._runner: web.AppRunner | None = None
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Between:
        app = web.Application(client_max_size=MOST)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=0.2, max_line_size=1 << 20
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = int(self._runner.addresses[0][1])
        self._http = aiohttp.ClientSession(
            auto_decompress=False, trust_env=False, timeout=aiohttp.ClientTimeout(total=30)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        assert self._http is not None
        await self._http.close()
        await self._runner.cleanup()

    # ------------------------------------------------------------- the long connection

    def bots(self) -> list[web.WebSocketResponse]:
        return [socket for socket in self._bots if not socket.closed]

    async def inject(self, data: str | bytes) -> None:
        """One message to the bot, as the platform would send it."""
        for socket in self.bots():
            with contextlib.suppress(ConnectionError):
                await (socket.send_str(data) if isinstance(data, str) else socket.send_bytes(data))

    async def inject_frame(self, payload: bytes, opcode: WSMsgType) -> None:
        """One websocket frame with whatever is in it, valid or not."""
        for socket in self.bots():
            assert socket._writer is not None
            with contextlib.suppress(ConnectionError):
                await socket._writer.send_frame(payload, opcode)

    async def inject_octets(self, octets: bytes) -> None:
        """Octets below the websocket's own framing."""
        for socket in self.bots():
            assert socket._writer is not None
            socket._writer.transport.write(octets)

    def cut(self) -> None:
        """End every long connection without a word."""
        for socket in self.bots():
            assert socket._writer is not None
            socket._writer.transport.close()

    async def _relay(self, request: web.Request) -> web.StreamResponse:
        assert self._http is not None
        socket = web.WebSocketResponse(max_msg_size=MOST, compress=False)
        url = self.target + request.rel_url.raw_path_qs
        async with self._http.ws_connect(url, max_msg_size=MOST) as far:
            await socket.prepare(request)
            self._bots.append(socket)
            down = asyncio.create_task(self._down(far, socket))
            try:
                async for message in socket:
                    self.said.append(message.data)
                    if message.type is WSMsgType.TEXT:
                        await far.send_str(message.data)
                    elif message.type is WSMsgType.BINARY:
                        await far.send_bytes(message.data)
            finally:
                down.cancel()
        return socket

    async def _down(
        self, far: aiohttp.ClientWebSocketResponse, socket: web.WebSocketResponse
    ) -> None:
        async for message in far:
            self.heard.append(message.data)
            if message.type is WSMsgType.TEXT:
                await socket.send_str(self._here(message.data.encode()).decode())
            elif message.type is WSMsgType.BINARY:
                await socket.send_bytes(message.data)
        await socket.close()

    # ------------------------------------------------------------- calls

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._relay(request)
        assert self._http is not None
        asked = await request.read()
        async with self._http.request(
            request.method,
            self.target + request.rel_url.raw_path_qs,
            data=asked,
            headers={**request.headers},
            allow_redirects=False,
        ) as answer:
            body = self._here(await answer.read())
            status, headers = answer.status, answer.headers
        met = Exchange(
            request.method,
            request.path,
            request.query_string,
            dict(request.headers),
            asked,
            status,
            body,
        )
        self.met.append(met)
        if self.lie is not None and (lied := self.lie(met)) is not None:
            return lied
        kept = {k: v for k, v in headers.items() if k.lower() not in HOP}
        return web.Response(status=status, body=body, headers=kept)

    def _here(self, body: bytes) -> bytes:
        """The platform's own address stands for ours, so that the bot comes back to us."""
        far = self.target.removeprefix("http://").encode()
        return body.replace(far, f"127.0.0.1:{self.port}".encode())


def saying(text: str | bytes, status: int = 200, **headers: str) -> web.Response:
    body = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return web.Response(
        status=status, body=body, headers={"Content-Type": "application/json", **headers}
    )
