"""Who calls out: one side of one platform in a process of its own, at most sixteen calls at once.

``python -m bench.callers ours|theirs dingtalk|lark|ecs URL CA`` reads how many seconds to call
for, one order per line, and answers each with one line: the effects carried out and the processor
seconds. ``ours`` are the bot's adapters. ``theirs`` are dingtalk-stream's ``reply_text``,
lark-oapi's ``areply``, and the asynchronous client of the ECS SDK.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from bench import frames
from bot import model
from bot.model import ports

AT_ONCE = 16
Call = Callable[[int], Awaitable[None]]
"""Makes one call, told its number. Raises RuntimeError when it was not answered well."""


class Clock(ports.Clock):
    def now(self) -> datetime:
        return datetime.now(UTC)


def say(platform: str, number: int, webhook: str = "") -> model.Say:
    place = model.Place(
        platform,
        frames.CORP,
        frames.CHAT,
        "om_question",
        webhook=webhook,
        webhook_until=datetime(2100, 1, 1, tzinfo=UTC),
    )
    block = model.Block("para", spans=(model.Span("restart web-01: done, exit code 0"),))
    return model.Say(place, model.Message("restart", (block,)), f"say:{number}")


def done(outcome: object) -> None:
    if not isinstance(outcome, model.Done):
        raise RuntimeError(f"not done: {outcome}")


def our_dingtalk(url: str, ca: str) -> Call:
    from adapters import dingtalk
    from adapters.dingtalk.chat import DingTalk

    settings = dingtalk.Settings("bench", "secret", endpoint=url, webhook_hosts=(url,), ca_file=ca)
    chat = DingTalk(settings, Clock())

    async def call(number: int) -> None:
        webhook = f"{url}/robot/sendBySession?session=1"
        done(await chat.perform(say("dingtalk", number, webhook), model.Attempt()))

    return call


def our_lark(url: str, ca: str) -> Call:
    from adapters import lark
    from adapters.lark.chat import Lark

    chat = Lark(lark.Settings("bench", "secret", domain=url, ca_file=ca), Clock())

    async def call(number: int) -> None:
        done(await chat.perform(say("lark", number), model.Attempt()))

    return call


def our_ecs(url: str, ca: str) -> Call:
    from adapters import aliyun

    keys = aliyun.Credentials("key", "LTAIbench", "secret")
    settings = aliyun.Settings("cn-hangzhou", url, credentials=keys, ca_file=ca)
    executor = aliyun.Aliyun(settings, Clock())

    async def call(number: int) -> None:
        done(
            await executor.perform(
                model.ResolveTargets(("web-01",), "cn-hangzhou"), model.Attempt()
            )
        )

    return call


def their_dingtalk(url: str, ca: str) -> Call:
    import dingtalk_stream as sdk

    handler = sdk.ChatbotHandler()
    handler.logger = logging.getLogger("bench")
    incoming = sdk.ChatbotMessage()
    incoming.session_webhook = f"{url}/robot/sendBySession?session=1"
    incoming.sender_staff_id = "u"

    async def call(number: int) -> None:
        if handler.reply_text("restart web-01: done, exit code 0", incoming) is None:
            raise RuntimeError("reply_text failed")

    return call


def their_lark(url: str, ca: str) -> Call:
    import lark_oapi as sdk
    from lark_oapi.api.im.v1 import ReplyMessageRequest, ReplyMessageRequestBody

    client = sdk.Client.builder().app_id("bench").app_secret("secret").domain(url).build()
    text = json.dumps({"text": "restart web-01: done, exit code 0"})

    async def call(number: int) -> None:
        body = ReplyMessageRequestBody.builder().msg_type("text").content(text)
        request = ReplyMessageRequest.builder().message_id("om_question")
        asked = request.request_body(body.uuid(str(number)).build()).build()
        answer = await client.im.v1.message.areply(asked)
        if not answer.success():
            raise RuntimeError(f"areply: {answer.code}")

    return call


def their_ecs(url: str, ca: str) -> Call:
    from alibabacloud_ecs20140526 import client, models
    from alibabacloud_tea_openapi import utils_models

    config = utils_models.Config(
        access_key_id="LTAIbench",
        access_key_secret="secret",
        endpoint=url.partition("://")[2],
        protocol="HTTPS",
        region_id="cn-hangzhou",
        ca=ca,
    )
    made = client.Client(config)
    request = models.DescribeInstancesRequest(region_id="cn-hangzhou", instance_name="web-01")

    async def call(number: int) -> None:
        answer = await made.describe_instances_async(request)
        if not answer.body.request_id:
            raise RuntimeError("no request id")

    return call


SIDES: dict[tuple[str, str], Callable[[str, str], Call]] = {
    ("ours", "dingtalk"): our_dingtalk,
    ("ours", "lark"): our_lark,
    ("ours", "ecs"): our_ecs,
    ("theirs", "dingtalk"): their_dingtalk,
    ("theirs", "lark"): their_lark,
    ("theirs", "ecs"): their_ecs,
}


async def round_of(call: Call, seconds: float, first: int) -> dict[str, float]:
    """Call for so many seconds; the calls begun then are finished and counted, as is their time."""
    loop = asyncio.get_running_loop()
    began, cpu, made = loop.time(), time.process_time(), 0

    async def worker() -> None:
        nonlocal made
        while loop.time() < began + seconds:
            made += 1
            await call(first + made)

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return {
        "effects": made,
        "seconds": loop.time() - began,
        "cpu": time.process_time() - cpu,
    }


async def main(side: str, platform: str, url: str, ca: str) -> None:
    call = SIDES[side, platform](url, ca)
    first = 0
    await call(first)
    print(json.dumps({"ready": True}), flush=True)
    loop = asyncio.get_running_loop()
    orders: Any = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        said = await round_of(call, float(line), first + 1)
        first += int(said["effects"]) + 1
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
