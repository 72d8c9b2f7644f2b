"""The sandbox's process serves the sink and the buses, and plays EventBridge's way out."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time

import aiohttp

from sandbox.client import Sandbox


def signed(secret: str, body: bytes, at: float, nonce: str = "nonce-1") -> dict[str, str]:
    stamp = str(int(at))
    text = f"{stamp}.{nonce}.".encode() + body
    return {
        "X-Countersign-Timestamp": stamp,
        "X-Countersign-Nonce": nonce,
        "X-Countersign-Signature": hmac.new(secret.encode(), text, hashlib.sha256).hexdigest(),
        "Content-Type": "application/json",
    }


async def test_the_sink_takes_what_is_signed() -> None:
    body = b'{"a": 1}'
    async with Sandbox() as sandbox, aiohttp.ClientSession() as http:
        url = f"{sandbox.url('sink')}/in"
        await sandbox.call("sink", "expect", path="/in", secret="s")

        async def post(headers: dict[str, str]) -> int:
            async with http.post(url, data=body, headers=headers) as response:
                return response.status

        right = signed("s", body, time.time())
        assert await post(right) == 202
        wrong = [
            right,
            {},
            signed("x", body, time.time(), "n2"),
            signed("s", b"{}", time.time(), "n3"),
            signed("s", body, time.time() - 1000, "n4"),
        ]
        assert [await post(headers) for headers in wrong] == [401] * 5
        codes = [call["code"] for call in await sandbox.call("sink", "calls")]
        assert codes == ["", "replayed", "unsigned", "forged", "forged", "stale"]
        event = {"specversion": "1.0", "id": "1", "source": "s", "type": "t"}
        free = f"{sandbox.url('sink')}/free"
        told = await sandbox.call("aliyun", "deliver", url=free, event=event, token="t")
        assert told["status"] == 202
        [first, second] = await sandbox.call("sink", "received")
        assert (first["path"], second["path"], second["body"]) == ("/in", "/free", event)
        assert await sandbox.call("aliyun", "bus_events") == []
        await sandbox.call("sink", "fault", api="/free", do="slow", seconds=1000)
        slow = asyncio.create_task(http.post(free, json={}))
        while len(await sandbox.call("sink", "received", path="/free")) < 2:
            assert not slow.done()
        await sandbox.advance(1000)
        assert (await slow).status == 202
