"""The unmodified dingtalk-stream SDK works against the stand-in, and its known faults show."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sandbox import world
from tests.sandbox import dingtalk_party as dt


class Bot:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def said(self, kind: str) -> Any:
        assert self.process.stdout is not None
        while line := await asyncio.wait_for(self.process.stdout.readline(), 20):
            if not line.startswith(b"{"):
                continue
            got = json.loads(line)
            if got["kind"] == kind:
                return got["value"]
        raise AssertionError("the SDK's process ended")


@asynccontextmanager
async def sdk(client: dt.Client, mode: str) -> AsyncIterator[Bot]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.sandbox.dingtalk_sdk_bot",
        world.DINGTALK_CLIENT_ID,
        world.DINGTALK_CLIENT_SECRET,
        mode,
        env=os.environ
        | {"DINGTALK_OPENAPI_ENDPOINT": client.party.base_url, "NO_PROXY": "127.0.0.1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await dt.until(lambda: any(c.open for c in client.party.gateway.connections), 20)
        yield Bot(process)
    finally:
        process.kill()
        await process.wait()


async def test_chat_card_click_and_event_through_the_sdk() -> None:
    async with dt.served() as client, sdk(client, "fixed") as bot:
        await client.party.say("alice", "restart web-01")
        heard = await bot.said("chat")
        track = await bot.said("card")
        await dt.until(lambda: client.party.gateway.deliveries[0].acked)
        before = await client.party.transcript("ops")
        clicked = await client.party.click("bob", track, "approve")
        seen = await bot.said("click")
        bobs = (await client.party.cards("ops", viewer="bob"))[0]["text"]
        alices = (await client.party.cards("ops", viewer="alice"))[0]["text"]
        await client.party.form("alice", {"emp_id": "E123"})
        event = await bot.said("event")
        count = len(client.party.gateway.deliveries)
        await dt.until(lambda: all(d.acked for d in client.party.gateway.deliveries))
        pinged = await client.party.ping()
        bad = [c for c in client.party.journal if c.code]

    assert heard == {"text": " restart web-01", "by": "u-alice"}
    assert [e["text"].split("\n")[0] for e in before] == [
        "@Countersign restart web-01",
        "heard",
        "Restart",
    ]
    assert before[1]["mentions"] == ["alice"]
    assert before[2]["buttons"] == [{"action": "approve", "label": "Approve"}]
    assert clicked["acked"] is True
    assert clicked["latency"] < 2
    assert seen["by"] == "u-bob"
    assert seen["content"]["cardPrivateData"]["actionIds"] == ["approve"]
    assert bobs.endswith("working")
    assert alices.endswith("waiting")
    assert event["type"] in ("bpms_instance_change", "bpms_task_change")
    assert count == 6
    assert [p["answered"] for p in pinged] == [True]
    assert bad == []


async def test_the_sdks_own_event_ack_is_not_taken() -> None:
    async with dt.served() as client, sdk(client, "plain") as bot:
        await client.party.push_event("bpms_task_change", {"type": "start"})
        await bot.said("event")
        problems = client.party.gateway.deliveries[0].problems
        await dt.until(lambda: problems)
        assert client.party.gateway.deliveries[0].acked is False
    assert problems == ["status is neither SUCCESS nor LATER"]
