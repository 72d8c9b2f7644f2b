"""The DingTalk stand-in on a real socket, and a plain client for it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web

from sandbox import world
from sandbox.base import Clock
from sandbox.dingtalk import DingTalk

OPEN = "/v1.0/gateway/connections/open"
TOKEN = "/v1.0/oauth2/accessToken"
CARDS = "/v1.0/card/instances"
DELIVER = f"{CARDS}/deliver"
CREATE_DELIVER = f"{CARDS}/createAndDeliver"
GROUP_SEND = "/v1.0/robot/groupMessages/send"
CHAT_TOPIC = "/v1.0/im/bot/messages/get"
CARD_TOPIC = "/v1.0/card/instances/callback"
EVERYTHING = [
    {"type": "EVENT", "topic": "*"},
    {"type": "CALLBACK", "topic": CHAT_TOPIC},
    {"type": "CALLBACK", "topic": CARD_TOPIC},
]
OPS, HR = "cidOPS+/1==", "cidHR+/2=="
BUTTONS = [
    {"text": "Approve", "color": "blue", "id": "approve", "request": True},
    {"text": "Reject", "color": "gray", "id": "reject", "request": True, "params": {"n": "7"}},
]


class Socket:
    """One Stream connection that reads frames and writes acknowledgements by hand."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws

    async def frame(self, timeout: float = 3.0) -> dict[str, Any]:
        return json.loads(await self.ws.receive_str(timeout=timeout))

    async def silent(self) -> bool:
        """True if nothing arrives while pings go there and back, so often that whatever was begun
        before them would have come in between."""
        for _ in range(5):
            await self.ws.ping()
            if (await self.ws.receive(timeout=3.0)).type is not aiohttp.WSMsgType.PONG:
                return False
        return True

    async def ack(self, frame: dict[str, Any], data: Any, code: int = 200, **more: Any) -> None:
        headers = {
            "messageId": frame["headers"]["messageId"],
            "contentType": "application/json",
        }
        body = {"code": code, "message": "OK", "headers": headers, "data": json.dumps(data)}
        await self.ws.send_str(json.dumps(body | more))


class Client:
    """A bot's side of the wire, by hand."""

    def __init__(self, party: DingTalk, http: aiohttp.ClientSession) -> None:
        self.party = party
        self.clock = party.clock
        self.http = http
        self.token = ""

    async def call(
        self, method: str, path: str, body: Any = None, token: str | None = None, **more: Any
    ) -> tuple[int, dict[str, Any]]:
        headers = {"Accept": "application/json"}
        if token is None and path not in (OPEN, TOKEN):
            token = self.token = self.token or await self.login()
        if token:
            headers["x-acs-dingtalk-access-token"] = token
        async with self.http.request(
            method, self.party.base_url + path, json=body, headers=headers, **more
        ) as response:
            return response.status, await response.json()

    async def post(self, path: str, body: Any, **more: Any) -> tuple[int, dict[str, Any]]:
        return await self.call("POST", path, body, **more)

    async def login(self) -> str:
        known = {
            "appKey": world.DINGTALK_CLIENT_ID,
            "appSecret": world.DINGTALK_CLIENT_SECRET,
        }
        status, answer = await self.post(TOKEN, known)
        assert status == 200, answer
        return str(answer["accessToken"])

    async def open(self, subscriptions: Any = EVERYTHING) -> dict[str, Any]:
        status, answer = await self.post(
            OPEN,
            {
                "clientId": world.DINGTALK_CLIENT_ID,
                "clientSecret": world.DINGTALK_CLIENT_SECRET,
                "ua": "test",
                "localIp": "127.0.0.1",
                "subscriptions": subscriptions,
            },
        )
        assert status == 200, answer
        return answer

    async def connect(self, subscriptions: Any = EVERYTHING) -> Socket:
        answer = await self.open(subscriptions)
        known = len(self.party.gateway.connections)
        ws = await self.http.ws_connect(
            answer["endpoint"], params={"ticket": answer["ticket"]}, autoping=False
        )
        await until(lambda: len(self.party.gateway.connections) > known)
        return Socket(ws)

    async def webhook(self, url: str, body: Any, **more: Any) -> dict[str, Any]:
        async with self.http.post(url, json=body, **more) as response:
            assert response.status == 200
            answer: dict[str, Any] = await response.json()
            return answer

    async def card(self, track: str = "t1", **changes: Any) -> dict[str, Any]:
        """Create and deliver a card with two buttons to the ops group."""
        status, answer = await self.post(CREATE_DELIVER, card(track, **changes))
        assert status == 200, answer
        return answer


def card(track: str = "t1", **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "cardTemplateId": world.DINGTALK_CARD_TEMPLATE,
        "outTrackId": track,
        "callbackType": "STREAM",
        "userIdType": 1,
        "cardData": {
            "cardParamMap": {
                "title": "Restart",
                "markdown": "**web-01**",
                "tips": "waiting",
                "sys_full_json_obj": json.dumps({"msgButtons": BUTTONS}),
            }
        },
        "openSpaceId": f"dtv1.card//IM_GROUP.{OPS}",
        "imGroupOpenSpaceModel": {"supportForward": False},
        "imGroupOpenDeliverModel": {"robotCode": world.DINGTALK_ROBOT},
    }
    return body | changes


async def until(true: Callable[[], Any], seconds: float = 3.0) -> Any:
    """Wait for a condition; its value once it holds."""
    end = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < end, "the condition never held"
        await asyncio.sleep(0.005)
    return value


@asynccontextmanager
async def served() -> AsyncIterator[Client]:
    party = DingTalk(Clock())
    runner = web.AppRunner(party.app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    party.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with aiohttp.ClientSession() as http:
            yield Client(party, http)
    finally:
        await party.close()
        await runner.cleanup()
