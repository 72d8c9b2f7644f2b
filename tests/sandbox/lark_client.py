"""A stranger's bot for the tests of the Lark stand-in: plain aiohttp and the SDK's frame codec."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web

from sandbox import base, world
from sandbox.lark import Lark, sdk

IM = "/open-apis/im/v1/messages"


@asynccontextmanager
async def served(party: Lark) -> AsyncIterator[Lark]:
    runner = web.AppRunner(party.app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    party.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield party
    finally:
        await party.close()
        await runner.cleanup()


@asynccontextmanager
async def playing() -> AsyncIterator[tuple[Lark, Bot]]:
    async with served(Lark(base.Clock())) as lark, aiohttp.ClientSession() as http:
        bot = Bot(lark.base_url, http)
        try:
            yield lark, bot
        finally:
            await bot.leave()


async def until(condition: Callable[[], Any], seconds: float = 15.0) -> Any:
    """Wait for a condition to become true; its value."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not (value := condition()):
        assert loop.time() < end, "waited in vain"
        await asyncio.sleep(0.005)
    return value


def encoded(answer: Any) -> str:
    return base64.b64encode(json.dumps(answer).encode()).decode()


class Bot:
    """``answer`` decides the ack of each payload: a dict to send, or None to keep silent."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url = url
        self.http = http
        self.token = ""
        self.got: list[dict[str, Any]] = []
        self.frames: list[Any] = []
        self.sockets: list[aiohttp.ClientWebSocketResponse] = []
        self._readers: list[asyncio.Task[None]] = []
        self._parts: dict[str, dict[int, bytes]] = {}
        self.answer: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda _: {"code": 200}
        self.spoil: Callable[[Any], None] = lambda _: None

    async def post(self, path: str, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
        async with self.http.post(self.url + path, json=body, headers=headers) as response:
            return response.status, await response.json()

    async def endpoint(self, secret: str = world.LARK_APP_SECRET) -> dict[str, Any]:
        body = {"AppID": world.LARK_APP_ID, "AppSecret": secret}
        return (await self.post("/callback/ws/endpoint", body))[1]

    async def join(self) -> aiohttp.ClientWebSocketResponse:
        url = (await self.endpoint())["data"]["URL"]
        socket = await self.http.ws_connect(url)
        self.sockets.append(socket)
        self._readers.append(asyncio.create_task(self._read(socket)))
        return socket

    async def leave(self) -> None:
        for socket in self.sockets:
            await socket.close()
        await asyncio.gather(*self._readers)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.BINARY:
                continue
            frame = sdk.Frame()
            frame.ParseFromString(message.data)
            self.frames.append(frame)
            if frame.method == 1:
                await self._take(socket, frame)

    async def _take(self, socket: aiohttp.ClientWebSocketResponse, frame: Any) -> None:
        headers = {header.key: header.value for header in frame.headers}
        parts = self._parts.setdefault(headers["message_id"], {})
        parts[int(headers["seq"])] = frame.payload
        if len(parts) < int(headers["sum"]):
            return
        payload = json.loads(b"".join(parts[seq] for seq in sorted(parts)))
        self.got.append(payload)
        answer = self.answer(payload)
        if answer is None:
            return
        if answer.get("code") == 200:
            took = frame.headers.add()
            took.key, took.value = "biz_rt", "1"
        frame.payload = json.dumps(answer).encode()
        self.spoil(frame)
        await socket.send_bytes(frame.SerializeToString())

    async def login(self) -> str:
        body = {"app_id": world.LARK_APP_ID, "app_secret": world.LARK_APP_SECRET}
        path = "/open-apis/auth/v3/tenant_access_token/internal"
        self.token = (await self.post(path, body))[1]["tenant_access_token"]
        return self.token

    async def call(
        self, method: str, path: str, body: Any = None
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        if not self.token:
            await self.login()
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.http.request(
            method, self.url + path, json=body, headers=headers
        ) as response:
            return response.status, await response.json(), dict(response.headers)

    async def send(self, content: Any, kind: str = "text", **more: Any) -> dict[str, Any]:
        """``content`` to the ops group (or, with ``reply``, as an answer); the decoded answer."""
        text = content if isinstance(content, str) else json.dumps(content)
        body = {"msg_type": kind, "content": text}
        if reply := more.pop("reply", ""):
            return (await self.call("POST", f"{IM}/{reply}/reply", {**body, **more}))[1]
        body |= {"receive_id": more.pop("to", "oc_ops"), **more}
        return (await self.call("POST", f"{IM}?receive_id_type=chat_id", body))[1]

    async def patch(self, message: str, card: Any) -> dict[str, Any]:
        return (await self.call("PATCH", f"{IM}/{message}", {"content": json.dumps(card)}))[1]


def card(*elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "schema": "2.0",
        "config": {"update_multi": True},
        "header": {"title": {"tag": "plain_text", "content": "Title"}},
        "body": {"elements": list(elements)},
        **more,
    }


def button(action: str, **more: Any) -> dict[str, Any]:
    return {
        "tag": "button",
        "text": {"tag": "plain_text", "content": action.title()},
        "behaviors": [{"type": "callback", "value": {"action": action, "request": 7}}],
        **more,
    }


def markdown(content: str) -> dict[str, Any]:
    return {"tag": "markdown", "content": content}


def decision(*extra: dict[str, Any]) -> dict[str, Any]:
    """A form with a reason and two submit buttons."""
    reason = {"tag": "input", "name": "reason", "max_length": 20}
    buttons = [
        button(name, name=f"btn_{name}", form_action_type="submit")
        for name in ("approve", "reject")
    ]
    columns = [{"tag": "column", "elements": [one]} for one in buttons]
    row = {"tag": "column_set", "columns": columns}
    return {"tag": "form", "name": "f_decide", "elements": [reason, row, *extra]}
