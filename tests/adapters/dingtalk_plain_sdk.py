"""The plain dingtalk-stream SDK against the same gateway: ``python -m`` prints what it does wrong.

One process for all of it, since importing the SDK is slow and its endpoint is read at import. The
gateway runs in a thread of its own: the SDK's blocking calls would stop it otherwise.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import json
import logging
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from tests.adapters.dingtalk_gateway import CARD, CHAT, Gateway, until

FOUND: dict[str, Any] = {}


class Side:
    """The gateway's thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    async def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))


class Memory(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.lines.append(f"{record.levelname} {record.getMessage()}")
        except TypeError as error:
            self.lines.append(f"unloggable: {error}")


def client(gateway: Gateway, log: Memory) -> Any:
    import dingtalk_stream

    dingtalk_stream.DingTalkStreamClient.OPEN_CONNECTION_API = (
        gateway.url + "/v1.0/gateway/connections/open"
    )
    logger = logging.getLogger(f"plain-{id(log)}")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    logger.addHandler(log)
    return dingtalk_stream.DingTalkStreamClient(dingtalk_stream.Credential("a", "b"), logger)


@contextlib.asynccontextmanager
async def running(side: Side, setup: Callable[[Any], None] | None = None) -> AsyncIterator[Any]:
    gateway, log = Gateway(), Memory()
    side.run(gateway.__aenter__())
    made = client(gateway, log)
    if setup:
        setup(made)
    task = asyncio.create_task(made.start())
    try:
        yield gateway, made, task, log
    finally:
        task.cancel()
        side.run(gateway.__aexit__())
        for _ in range(3):
            task.cancel()
            await asyncio.wait([task], timeout=0.02)


async def html_answer(side: Side) -> None:
    """Rows 7 and 8; first, while ``websockets.exceptions`` isn't loaded yet."""
    async with running(side) as (gateway, _, task, _log):
        gateway.answers = [(200, "<html>")] * 3
        await asyncio.wait([task], timeout=1)
        FOUND["html_kills"] = repr(task.exception()) if task.done() else ""


async def frames(side: Side) -> None:
    """Rows 2, 9 to 15, 20."""
    import dingtalk_stream as sdk

    class Fails(sdk.CallbackHandler):  # type: ignore[misc]
        async def process(self, callback: Any) -> Any:
            raise RuntimeError("x")

    class Card(sdk.CallbackHandler):  # type: ignore[misc]
        async def process(self, callback: Any) -> Any:
            sdk.CardCallbackMessage.from_dict(callback.data)
            return 200, "OK"

    class Event(sdk.EventHandler):  # type: ignore[misc]
        async def process(self, event: Any) -> Any:
            return 200, "OK"

    def setup(made: Any) -> None:
        made.register_callback_handler(CHAT, Fails())
        made.register_callback_handler(CARD, Card())
        made.register_all_event_handler(Event())

    async with running(side, setup) as (gateway, _, _task, log):
        socket = await side.wait(gateway.socket(0))
        await side.wait(socket.push("CALLBACK", "fails", {}, CHAT))
        await side.wait(socket.push("CALLBACK", "unknown", {"secret": "PAYLOAD"}, "/unknown"))
        empty = {"extension": "", "content": "", "outTrackId": "t"}
        await side.wait(socket.push("CALLBACK", "empty", empty, CARD))
        await side.wait(socket.push("EVENT", "event", {"echo": 1}, "*", eventType="x"))
        await side.wait(socket.push("SYSTEM", "ping", {"opaque": "OPAQUE"}, "ping"))
        await side.wait(socket.ack("ping"))
        await side.wait(socket.ack("event"))
        FOUND["acked"] = sorted(ack["headers"]["messageId"] for ack in socket.acks)
        FOUND["event_data"] = json.loads((await side.wait(socket.ack("event")))["data"])
        FOUND["logs_ticket"] = any("secret-ticket" in line for line in log.lines)
        FOUND["logs_payload"] = any("PAYLOAD" in line for line in log.lines)
        FOUND["logs_pings"] = any("OPAQUE" in line for line in log.lines)
        before = len(gateway.sockets)
        await side.wait(socket.send("{broken"))
        await side.wait(asyncio.wait_for(socket.closed.wait(), 5))
        FOUND["bad_frame_closes"] = before == 1


async def order_of_disconnect(side: Side) -> None:
    """Rows 4, 5, 9 and 10: closes before it opens, reopens at once, answers on the wrong socket."""
    import dingtalk_stream as sdk

    release = asyncio.Event()

    class Slow(sdk.CallbackHandler):  # type: ignore[misc]
        async def process(self, callback: Any) -> Any:
            await release.wait()
            return 200, "OK"

    def setup(made: Any) -> None:
        made.register_callback_handler(CHAT, Slow())

    async with running(side, setup) as (gateway, _, _task, _log):
        first = await side.wait(gateway.socket(0))
        await side.wait(first.push("CALLBACK", "slow", {}, CHAT))
        await side.wait(
            first.send({"type": "SYSTEM", "headers": {"topic": "disconnect"}, "data": "{}"})
        )
        second = await side.wait(gateway.socket(1))
        FOUND["story"] = [line for line in gateway.story if line in ("closed 0", "connected 1")]
        release.set()
        await side.wait(second.ack("slow"))
        FOUND["ack_on_other_socket"] = not first.acked("slow")
        for number in range(1, 6):
            socket = await side.wait(gateway.socket(number))
            await side.wait(socket.ws.close())
        await side.wait(gateway.socket(6))
        FOUND["reopens_after"] = max(
            b - a for a, b in zip(gateway.times[2:], gateway.times[3:], strict=False)
        )
        FOUND["keepalives_left"] = sum(
            "keepalive" in repr(task.get_coro()) for task in asyncio.all_tasks()
        )


async def cancelling(side: Side) -> None:
    """Row 6."""
    async with running(side) as (gateway, _, task, _log):
        await side.wait(gateway.socket(0))
        task.cancel()
        await asyncio.wait([task], timeout=0.1)
        FOUND["survives_cancel"] = not task.done()


async def opening(side: Side) -> None:
    """Rows 1 and 4: blocks the loop, and asks for ever with wrong credentials."""
    slept: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float, *_: Any) -> None:
        slept.append(seconds)
        await real(0)

    async with running(side) as (gateway, _, task, _log):
        task.cancel()
        await asyncio.wait([task], timeout=0.02)
        gateway.opened.clear()
        gateway.answers = [*[(401, {"code": "authFailed"})] * 4, *[(200, "<html>")] * 4]
        asyncio.sleep = sleep  # type: ignore[assignment]
        log = Memory()
        again = asyncio.create_task(client(gateway, log).start())
        end = time.monotonic() + 5
        while len(gateway.opened) < 8 and time.monotonic() < end:
            await real(0.01)
        asyncio.sleep = real
        again.cancel()
        FOUND["pauses"] = slept[:3]
        FOUND["asks_again_with_bad_credentials"] = len(gateway.opened) >= 4
        FOUND["error_hidden"] = any(line.startswith("unloggable") for line in log.lines)


async def blocking(side: Side) -> None:
    """Row 1: while it waits for the gateway, nothing else runs."""
    gateway = Gateway()
    side.run(gateway.__aenter__())

    async def held() -> None:
        gateway.hold = asyncio.Event()
        asyncio.get_running_loop().call_later(0.3, gateway.hold.set)

    side.run(held())
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.01)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0)
    began = time.monotonic()
    task = asyncio.create_task(client(gateway, Memory()).start())
    await until(lambda: time.monotonic() > began + 0.3)
    FOUND["ticks_while_opening"] = ticks
    ticking.cancel()
    task.cancel()
    side.run(gateway.__aexit__())


def parsing() -> None:
    """Rows 15 and 16."""
    import dingtalk_stream as sdk

    click = {"spaceId": "cid", "value": "{}", "outTrackId": "t"}
    FOUND["click_keeps"] = sorted(
        set(click) & set(sdk.CardCallbackMessage.from_dict(click).to_dict())
    )
    for name, broken in (("no_text", {}), ("odd_text", {"text": 1})):
        try:
            message = sdk.ChatbotMessage.from_dict({"msgtype": "text", **broken})
            FOUND[name] = str(message.text)
        except Exception as error:
            FOUND[name] = type(error).__name__


def sending() -> None:
    """Rows 3, 17, 18, 19 and 21, with the wire taken out of ``requests``."""
    import socket

    import dingtalk_stream as sdk
    import requests

    posted: list[Any] = []

    class Answer:
        status_code = 200
        text = '{"errcode": 310000}'
        ok = True

        def raise_for_status(self) -> None:
            if self.status_code >= 400:
                raise requests.HTTPError("400")

        def json(self) -> Any:
            return json.loads(self.text)

    answer = Answer()

    def post(url: str, **more: Any) -> Answer:
        posted.append((url, more))
        return answer

    real, requests.post = requests.post, post
    log = Memory()
    handler = sdk.ChatbotHandler()
    handler.logger = logging.getLogger("plain-sending")
    handler.logger.propagate = False
    handler.logger.addHandler(log)
    message = sdk.ChatbotMessage.from_dict(
        {
            "msgtype": "text",
            "text": {"content": "x"},
            "senderStaffId": "u1",
            "conversationType": "2",
            "conversationId": "c",
            "sessionWebhook": "http://127.0.0.1:9/robot/sendBySession?session=SESSION",
        }
    )
    result = handler.reply_markdown("t", "text", message)
    body = posted[-1][1].get("json") or json.loads(posted[-1][1].get("data") or "{}")
    FOUND["markdown_mentions"] = "@u1" in body["markdown"]["text"]
    FOUND["errcode_is_noticed"] = result is None
    FOUND["has_timeout"] = "timeout" in posted[-1][1]
    made = sdk.DingTalkStreamClient(sdk.Credential("a", "b"), handler.logger)
    made._access_token = {"accessToken": "t", "expireTime": time.time() + 999}
    handler.dingtalk_client = made
    answer.text = json.dumps({"result": {"deliverResults": [{"success": False}]}})
    replier = sdk.CardReplier(made, message)
    FOUND["undelivered_card_id"] = bool(replier.create_and_deliver_card("tpl", {"a": "b"}))
    answer.status_code, answer.text = 400, '{"code":"InvalidAuthentication"}'
    made.upload_to_dingtalk(b"x")
    FOUND["keeps_refused_token"] = bool(made._access_token)
    requests.post = real
    handler.reply_text("x", message)
    FOUND["logs_session"] = any("SESSION" in line for line in log.lines)

    asked: list[Any] = []

    class Socket:
        def __init__(self, *_: Any) -> None: ...

        def connect(self, address: Any) -> None:
            asked.append(address)

        def getsockname(self) -> tuple[str, int]:
            return "10.0.0.1", 1

        def close(self) -> None: ...

    kept, socket.socket = socket.socket, Socket  # type: ignore[assignment, misc]
    made.get_host_ip()
    socket.socket = kept  # type: ignore[misc]
    FOUND["asks_way_to"] = asked[0][0]


TRIES = 3
"""On a busy machine the SDK may lose a race with itself, and then answers on no socket at all."""


async def main() -> None:
    side = Side()
    for scenario in (html_answer, frames, order_of_disconnect, cancelling, opening, blocking):
        for _ in range(TRIES):
            try:
                await asyncio.wait_for(scenario(side), 15)
            except (TimeoutError, AssertionError, concurrent.futures.TimeoutError) as error:
                FOUND[f"{scenario.__name__} failed"] = repr(error)
            else:
                FOUND.pop(f"{scenario.__name__} failed", None)
                break
    parsing()
    sending()


if __name__ == "__main__":
    try:
        asyncio.run(asyncio.wait_for(main(), 150))
    finally:
        sys.stdout.write(json.dumps(FOUND))
        sys.stdout.flush()
        os._exit(0)  # the SDK's tasks won't be cancelled
