"""A very small Lark on loopback, for what the adapter's own tests must control frame by frame."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import deque
from collections.abc import Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
from aiohttp import web

from adapters import lark
from adapters.lark import codec
from adapters.lark.chat import Lark
from bot import model
from bot.model import ports

SECRET = "s3cr3t-of-the-app"
ACCESS_KEY = "AKverysecret"
TICKET = "TKverysecret"
SERVICE = 33554678


class Clock(ports.Clock):
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1767225600.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)


class Loopback:
    """``answers[path]`` are queued answers of the HTTP calls (a dict, a web.Response factory, or
    "hang up" / "never"); ``sockets`` the open websockets; ``frames`` all frames received."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, Any]] = []
        self.answers: dict[str, deque[Any]] = {}
        self.sockets: list[web.WebSocketResponse] = []
        self.opened = 0
        self.frames: list[codec.Frame] = []
        self.pongs = True
        self.pong_payload: bytes | None = None
        self.config: Any = {"ReconnectCount": -1, "ReconnectInterval": 90, "PingInterval": 90}
        self.upgrade_refusals: deque[dict[str, str]] = deque()
        self.base = ""
        self.tokens = 0
        self._news = asyncio.Condition()
        self._messages = 0

    # -- server side

    async def serve(self) -> web.AppRunner:
        app = web.Application(client_max_size=8 << 20)
        app.router.add_get("/ws", self._socket)
        app.router.add_route("*", "/{path:.*}", self._http)
        runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        self.base = f"http://127.0.0.1:{port}"
        return runner

    def queue(self, path: str, *answers: Any) -> None:
        self.answers.setdefault(path, deque()).extend(answers)

    async def _http(self, request: web.Request) -> web.StreamResponse:
        path = "/" + request.match_info["path"]
        text = await request.text()
        body = json.loads(text) if text else None
        self.calls.append((request.method, path, body))
        await self._tell()
        queued = self.answers.get(path)
        if queued:
            answer = queued.popleft()
            if answer == "hang up":
                assert request.transport is not None
                request.transport.close()
                return web.Response()
            if answer == "never":
                await asyncio.Event().wait()
            if callable(answer):
                answer = answer(request)
            return answer if isinstance(answer, web.Response) else web.json_response(answer)
        return web.json_response(self._usual(path, request))

    def _usual(self, path: str, request: web.Request) -> dict[str, Any]:
        if path == "/callback/ws/endpoint":
            address = self.base.replace("http://", "ws://")
            query = f"device_id=7600&access_key={ACCESS_KEY}&service_id={SERVICE}&ticket={TICKET}"
            data = {"URL": f"{address}/ws?fpid=493&{query}", "ClientConfig": self.config}
            return {"code": 0, "msg": "", "data": data}
        if path.endswith("/tenant_access_token/internal"):
            self.tokens += 1
            token = f"t-{self.tokens}"
            return {"code": 0, "msg": "ok", "tenant_access_token": token, "expire": 7200}
        if path.endswith("/bot/v3/info"):
            return {"code": 0, "msg": "ok", "bot": {"open_id": "ou_bot", "app_name": "ops"}}
        if "/im/v1/messages" in path and request.method == "POST":
            self._messages += 1
            return {"code": 0, "msg": "ok", "data": {"message_id": f"om_{self._messages}"}}
        return {"code": 0, "msg": "success", "data": {}}

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if self.upgrade_refusals:
            return web.Response(status=403, headers=self.upgrade_refusals.popleft())
        socket = web.WebSocketResponse(max_msg_size=16 << 20)
        await socket.prepare(request)
        self.sockets.append(socket)
        self.opened += 1
        await self._tell()
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.BINARY:
                continue
            frame = codec.decode(message.data)
            self.frames.append(frame)
            if ("type", "ping") in frame.headers and self.pongs:
                pong = codec.Frame(service=SERVICE, headers=[("type", "pong")])
                pong.payload = self.pong_payload
                await socket.send_bytes(codec.encode(pong))
            await self._tell()
        self.sockets.remove(socket)
        await self._tell()
        return socket

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    # -- test side

    async def until(self, condition: Callable[[], Any], within: float = 5.0) -> Any:
        """Wait for something that a call, a frame or a socket brings about."""
        async with asyncio.timeout(within), self._news:
            await self._news.wait_for(condition)
        return condition()

    async def send(self, data: bytes, on: int = -1) -> None:
        await self.sockets[on].send_bytes(data)

    async def push(self, payload: Any, message: str = "m1", kind: str = "event") -> None:
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        await self.send(codec.encode(data_frame(raw, message, kind)))

    def acks(self, message: str) -> list[codec.Frame]:
        return [f for f in self.frames if ("message_id", message) in f.headers]

    async def ack(self, message: str) -> dict[str, Any]:
        """What the bot answered to this message."""
        frame = (await self.until(lambda: self.acks(message)))[0]
        body: dict[str, Any] = json.loads(frame.payload or b"null")
        return body

    def asked(self, path: str) -> list[Any]:
        """The bodies of the calls of one path."""
        return [body for _, called, body in self.calls if called == path]


def data_frame(
    payload: bytes, message: str = "m1", kind: str = "event", total: int = 1, index: int = 0
) -> codec.Frame:
    return codec.Frame(
        seq_id=7,
        log_id=2**63 + 5,
        service=SERVICE,
        method=codec.DATA,
        headers=[
            ("type", kind),
            ("message_id", message),
            ("sum", str(total)),
            ("seq", str(index)),
            ("trace_id", "trace-1"),
        ],
        payload=payload,
    )


def click_data(ack: dict[str, Any]) -> Any:
    return json.loads(base64.b64decode(ack["data"]))


def message_payload(ref: str = "om_1", text: str = "@_user_1 restart web-01") -> dict[str, Any]:
    return {
        "schema": "2.0",
        "header": {
            "event_id": f"ev-{ref}",
            "event_type": "im.message.receive_v1",
            "create_time": "1767225600123",
            "tenant_key": "tk_demo",
        },
        "event": {
            "sender": {
                "sender_id": {"open_id": "ou_alice"},
                "sender_type": "user",
                "tenant_key": "tk_demo",
            },
            "message": {
                "message_id": ref,
                "create_time": "1767225600001",
                "chat_id": "oc_ops",
                "chat_type": "group",
                "message_type": "text",
                "content": json.dumps({"text": text}),
                "mentions": [
                    {"key": "@_user_1", "id": {"open_id": "ou_bot"}, "name": "ops-bot"},
                    {
                        "key": "@_user_2",
                        "id": {"open_id": "ou_bob"},
                        "name": "Bob",
                        "tenant_key": "tk_demo",
                    },
                ],
            },
        },
    }


def click_payload(**action: Any) -> dict[str, Any]:
    return {
        "schema": "2.0",
        "header": {
            "event_id": "ev-0002",
            "event_type": "card.action.trigger",
            "create_time": "1767225601000000",
            "tenant_key": "tk_demo",
        },
        "event": {
            "operator": {"tenant_key": "tk_demo", "open_id": "ou_bob"},
            "token": "c-0123456789abcdef",
            "action": {"tag": "button", **action},
            "host": "im_message",
            "context": {"open_message_id": "om_card1", "open_chat_id": "oc_ops"},
        },
    }


class Engine:
    """Plays the engine: keeps the events and answers with ``receipt``, or raises ``problem``."""

    def __init__(self) -> None:
        self.events: list[model.Event] = []
        self.receipt = model.Receipt()
        self.problem: Exception | None = None
        self.gate: asyncio.Event | None = None

    async def submit(self, event: model.Event) -> model.Receipt:
        if self.gate is not None:
            await self.gate.wait()
        if self.problem is not None:
            raise self.problem
        self.events.append(event)
        return self.receipt


def settings(platform: Loopback, **others: Any) -> lark.Settings:
    given: dict[str, Any] = {
        "app_id": "cli_demo",
        "app_secret": SECRET,
        "domain": platform.base,
        "backoff_first": 0.02,
        "backoff_most": 0.1,
        "call_timeout": 2.0,
        "connect_timeout": 2.0,
    }
    return lark.Settings(**{**given, **others})


@asynccontextmanager
async def platform() -> Any:
    served = Loopback()
    runner = await served.serve()
    try:
        yield served
    finally:
        await runner.cleanup()


@asynccontextmanager
async def running(served: Loopback, engine: Engine, submit: Any = None, **others: Any) -> Any:
    """The adapter connected to ``served`` and handing events to ``engine``."""
    chat = Lark(settings(served, **others), Clock())
    ready = asyncio.Event()
    task = asyncio.create_task(chat.run(submit or engine.submit, ready.set))
    waiting = asyncio.create_task(ready.wait())
    try:
        async with asyncio.timeout(5):
            await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        yield chat
    finally:
        waiting.cancel()
        task.cancel()
        await asyncio.gather(task, waiting, return_exceptions=True)
        await chat.close()
