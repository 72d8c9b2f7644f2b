"""A DingTalk gateway that tests drive frame by frame: what the sandbox won't do on its own."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

CHAT = "/v1.0/im/bot/messages/get"
CARD = "/v1.0/card/instances/callback"
WAIT = 5.0


async def until(condition: Callable[[], Any], seconds: float = WAIT) -> Any:
    """Wait until the condition holds, and return what it gave."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.005)
    return value


class Socket:
    """One web socket of a client."""

    def __init__(self, ws: web.WebSocketResponse, ticket: str) -> None:
        self.ws = ws
        self.ticket = ticket
        self.acks: list[dict[str, Any]] = []
        self.closed = asyncio.Event()

    async def send(self, frame: Any) -> None:
        await self.ws.send_str(frame if isinstance(frame, str) else json.dumps(frame))

    async def push(self, kind: str, id: str, data: Any, topic: str = "", **headers: Any) -> None:
        data = data if isinstance(data, str) else json.dumps(data)
        whole = {"messageId": id, "topic": topic, "contentType": "application/json", **headers}
        whole.setdefault("time", "1769851697756")
        await self.send({"specVersion": "1.0", "type": kind, "headers": whole, "data": data})

    async def chat(self, id: str, text: str = "help", **fields: Any) -> None:
        await self.push("CALLBACK", id, chat(id, text, **fields), CHAT)

    async def ack(self, id: str) -> dict[str, Any]:
        """The acknowledgement of one frame, once it is there."""
        found = await until(lambda: self.acked(id))
        return dict(found[0])

    def acked(self, id: str) -> list[dict[str, Any]]:
        return [ack for ack in self.acks if ack["headers"].get("messageId") == id]


def chat(id: str, text: str = "help", **fields: Any) -> dict[str, Any]:
    data = {
        "conversationId": "cidOPS==",
        "conversationType": "2",
        "chatbotCorpId": "corp",
        "chatbotUserId": "$:bot",
        "msgId": f"msg-{id}",
        "msgtype": "text",
        "text": {"content": f" {text}"},
        "senderStaffId": "u1",
        "senderCorpId": "corp",
        "senderNick": "Li",
        "createAt": 1772376934909,
        "sessionWebhook": "https://oapi.dingtalk.com/robot/sendBySession?session=HEX",
        "sessionWebhookExpiredTime": 1772382335198,
    }
    return data | fields


class Gateway:
    """``async with Gateway() as gateway``. ``answers`` are given to the next openings, in order:
    (status, body); afterwards every opening succeeds. ``story`` tells what happened in order."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = []
        self.opened: list[dict[str, Any]] = []
        self.sockets: list[Socket] = []
        self.story: list[str] = []
        self.times: list[float] = []
        self.hold: asyncio.Event | None = None
        self.refuse_sockets = 0
        self.app = web.Application()
        self.app.router.add_post("/v1.0/gateway/connections/open", self._open)
        self.app.router.add_get("/connect", self._connect)

    async def __aenter__(self) -> Gateway:
        self._runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        for socket in self.sockets:
            await socket.ws.close()
        await self._runner.cleanup()

    async def socket(self, number: int) -> Socket:
        """The n-th connection, once it is there."""
        await until(lambda: len(self.sockets) > number)
        return self.sockets[number]

    async def _open(self, request: web.Request) -> web.Response:
        self.opened.append(await request.json())
        self.story.append("open")
        self.times.append(time.monotonic())
        if self.hold is not None:
            await self.hold.wait()
        if self.answers:
            status, body = self.answers.pop(0)
            text = body if isinstance(body, str) else json.dumps(body)
            return web.Response(status=status, text=text, content_type="application/json")
        ticket = f"secret-ticket-{len(self.opened)}"
        endpoint = self.url.replace("http", "ws", 1) + "/connect"
        return web.json_response({"endpoint": endpoint, "ticket": ticket})

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_sockets:
            self.refuse_sockets -= 1
            return web.Response(status=401, text="ticket")
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        socket = Socket(ws, request.query["ticket"])
        self.sockets.append(socket)
        self.story.append(f"connected {len(self.sockets) - 1}")
        number = len(self.sockets) - 1
        async for message in ws:
            if message.type is WSMsgType.TEXT:
                socket.acks.append(json.loads(message.data))
        self.story.append(f"closed {number}")
        socket.closed.set()
        return ws
