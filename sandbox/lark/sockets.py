"""The long connection's front half: tickets, websockets, pings.

https://open.feishu.cn/document/server-docs/event-subscription-guide/event-subscription-configure-/choose-a-subscription-mode/request-url-configuration-case
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from sandbox import base, world
from sandbox.lark import frames, gate, sdk

CONNECTION_LIMIT = 50
SERVICE = 33554678
CLIENT_CONFIG = {
    "ReconnectCount": -1,
    "ReconnectInterval": 90,
    "ReconnectNonce": 25,
    "PingInterval": 90,
}


@dataclass
class Connection:
    id: str
    since: float
    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    open: bool = True
    pings: int = 0
    ponged: asyncio.Event = field(default_factory=asyncio.Event)

    def as_dict(self) -> dict[str, Any]:
        port = base.port_of(self.transport)
        found = {"id": self.id, "open": self.open, "since": self.since, "pings": self.pings}
        return {**found, "port": port}


class Sockets:
    """``on_data(connection, frame)`` is called for each data frame that a client sends,
    ``on_gone(connection)`` when a connection has ended."""

    path = "/ws/v2"

    def __init__(
        self,
        party: base.Party,
        on_data: Callable[[Connection, Any], None],
        on_gone: Callable[[Connection], None],
    ) -> None:
        self.party = party
        self.on_data = on_data
        self.on_gone = on_gone
        self.connections: list[Connection] = []
        self.config: dict[str, Any] | None = dict(CLIENT_CONFIG)
        self.next_pong: dict[str, Any] | None = None
        self.zombie = False
        self.limit = CONNECTION_LIMIT
        self._tickets: dict[str, str] = {}
        party.app.router.add_get(self.path, self.serve)

    def open(self) -> list[Connection]:
        return [c for c in self.connections if c.open]

    def pick(self) -> Connection | None:
        """One open connection at random: each push goes to one client, not to all."""
        choices = self.open()
        return random.choice(choices) if choices else None

    # ---- bootstrap

    async def endpoint(self, ask: gate.Ask) -> dict[str, Any]:
        """``POST /callback/ws/endpoint``: refusals come with HTTP 200 and a code."""
        app, secret = ask.body.get("AppID"), ask.body.get("AppSecret")
        if not app or not (secret or ask.body.get("ClientAssertion")):
            return {"code": 1000040344, "msg": "no credential"}
        if app != world.LARK_APP_ID:
            return {"code": 1000040346, "msg": "app_id is invalid"}
        if secret != world.LARK_APP_SECRET:
            return {"code": 514, "msg": "auth failed"}
        if len(self.open()) >= self.limit:
            return {"code": 1000040350, "msg": "the number of connections exceeded the limit"}
        ticket, device = secrets.token_hex(16), str(random.randrange(10**18, 10**19))
        self._tickets[ticket] = device
        host = self.party.base_url.replace("http", "ws", 1)
        url = (
            f"{host}{self.path}?fpid=493&aid=552564&device_id={device}"
            f"&access_key={secrets.token_hex(8)}&service_id={SERVICE}&ticket={ticket}"
        )
        body: dict[str, Any] = {"URL": url}
        if self.config is not None:
            body["ClientConfig"] = self.config
        return {"code": 0, "msg": "", "data": body}

    # ---- the websocket

    def _refused(self, call: base.Call, status: int, msg: str, code: int) -> web.Response:
        call.status, call.code = 403, str(code)
        headers = {
            "Handshake-Status": str(status),
            "Handshake-Msg": msg,
            "Handshake-Autherrcode": str(code),
        }
        return web.Response(status=403, headers=headers)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        device = request.query.get("device_id", "")
        call = self.party.record("ws", {"device_id": device})
        if fault := self.party.faults.take("ws", "error", "hang_up"):
            if fault.do == "hang_up" and request.transport is not None:
                request.transport.abort()
            status, code = int(fault.args.get("status", 403)), int(fault.args.get("code", 403))
            return self._refused(call, status, str(fault.args.get("message", "refused")), code)
        ticket = request.query.get("ticket", "")
        if self._tickets.get(ticket) != device:
            return self._refused(call, 514, "auth failed: ticket unknown or used", 1000040343)
        if len(self.open()) >= self.limit:
            return self._refused(call, 514, "exceed connection limit", 1000040350)
        del self._tickets[ticket]
        socket = web.WebSocketResponse(timeout=1.0, max_msg_size=4 << 20, autoping=False)
        await socket.prepare(request)
        call.status, call.code = 101, "0"
        connection = Connection(device, self.party.clock.now(), socket, request.transport)
        self.connections.append(connection)
        try:
            await self._read(connection)
        finally:
            connection.open = False
            self.on_gone(connection)
        return socket

    async def _read(self, connection: Connection) -> None:
        socket = connection.socket
        async for message in socket:
            if message.type == WSMsgType.BINARY:
                await self._take(connection, message.data)
            elif message.type == WSMsgType.PING:
                await socket.pong(message.data)
            elif message.type == WSMsgType.PONG:
                connection.ponged.set()
            else:
                call = self.party.record("ws.frame", str(message.data)[:200])
                call.code = "not_binary"

    async def _take(self, connection: Connection, raw: bytes) -> None:
        frame = sdk.Frame()
        try:
            frame.ParseFromString(raw)
        except (sdk.DecodeError, ValueError, IndexError, RuntimeError) as error:
            self.party.record("ws.frame", raw[:200].hex()).code = f"undecodable: {error}"
            return
        if not frame.IsInitialized():
            self.party.record("ws.frame", raw[:200].hex()).code = "a required field is missing"
            return
        if frame.method == frames.DATA:
            if not self.zombie:
                self.on_data(connection, frame)
            return
        kind = frames.headers(frame).get("type", "")
        call = self.party.record("ws.ping", {"service": frame.service, "type": kind})
        if kind != "ping" or frame.service != SERVICE:
            call.code = "bad_ping"
            return
        connection.pings += 1
        if self.party.faults.take("ws.ping", "no_push") is None:
            config, self.next_pong = self.next_pong, None
            await connection.socket.send_bytes(frames.pong(frame.service, config))
        call.code = "0"

    # ---- what tests do to connections

    async def ping(self, timeout: float = 2.0) -> int:
        """Send a websocket ping to every client; how many answered in time."""

        async def one(connection: Connection) -> bool:
            connection.ponged.clear()
            await connection.socket.ping()
            try:
                await asyncio.wait_for(connection.ponged.wait(), timeout)
            except TimeoutError:
                return False
            return True

        return sum(await asyncio.gather(*(one(c) for c in self.open())))

    async def close_all(self) -> int:
        """Close every connection with a close frame, as the platform does when it moves them."""
        closing = self.open()
        for connection in closing:
            connection.open = False
        await asyncio.gather(
            *(c.socket.close(code=WSCloseCode.GOING_AWAY, message=b"moved") for c in closing)
        )
        return len(closing)

    def cut(self, connection: Connection) -> None:
        """End a connection without a word."""
        connection.open = False
        if connection.transport is not None:
            connection.transport.abort()
