"""A browser without a screen: it opens the page's address, follows the feed, and acts."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import aiohttp

from sandbox.page.server import Server

Rows = list[tuple[str, str, Any]]


class Visitor:
    """``async with Visitor(server) as visitor``: has entered, unless ``enter`` is False."""

    def __init__(self, server: Server, enter: bool = True) -> None:
        self.server, self._enter = server, enter
        self.base = server.address.partition("/?")[0]
        self.seen: dict[tuple[str, str], Any] = {}
        self.mark = ""
        self.events: list[str] = []

    async def __aenter__(self) -> Visitor:
        jar = aiohttp.CookieJar(unsafe=True)
        self.http = aiohttp.ClientSession(cookie_jar=jar, trust_env=False)
        if self._enter:
            async with self.http.get(self.server.address) as answer:
                assert answer.status == 200
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    async def act(self, action: str, /, **body: Any) -> Any:
        """The result of an action; AssertionError with what was said, if it was refused."""
        status, answer = await self.post(action, body)
        assert status == 200, answer
        return answer["ok"]

    async def refused(self, action: str, /, **body: Any) -> dict[str, str]:
        """Why an action was refused, in both languages."""
        status, answer = await self.post(action, body)
        assert status == 400, (status, answer)
        return dict(answer["error"])

    async def post(self, action: str, body: Any) -> tuple[int, Any]:
        headers = {"Origin": self.base}
        url = f"{self.base}/api/{action}"
        async with self.http.post(url, json=body, headers=headers) as answer:
            assert answer.content_type == "application/json"
            return answer.status, await answer.json()

    async def read(self, done: Callable[[Visitor], Any], patience: float = 20.0) -> Any:
        """Follow the feed, from where it was left, until something is seen; what that was."""
        if self.seen and (found := done(self)):
            return found
        headers = {"Last-Event-ID": self.mark} if self.mark else {}
        timeout = aiohttp.ClientTimeout(total=None, sock_read=patience)
        deadline = time.monotonic() + patience
        async with self.http.get(f"{self.base}/feed", headers=headers, timeout=timeout) as answer:
            assert answer.content_type == "text/event-stream"
            left = b""
            while True:
                async with asyncio.timeout(max(0.1, deadline - time.monotonic())):
                    left += await answer.content.readany()
                *blocks, left = left.split(b"\n\n")
                for block in blocks:
                    self._take(block.decode())
                if blocks and (found := done(self)):
                    return found

    def _take(self, block: str) -> None:
        fields = dict(line.split(": ", 1) for line in block.strip().split("\n") if line[0] != ":")
        if not fields:
            return
        self.mark = fields["id"]
        self.events.append(fields["event"])
        if fields["event"] == "snapshot":
            self.seen.clear()
        for collection, key, value in json.loads(fields["data"]):
            if value is None:
                self.seen.pop((collection, key), None)
            else:
                self.seen[collection, key] = value

    def all(self, collection: str) -> list[Any]:
        return [value for (kind, _), value in self.seen.items() if kind == collection]

    def card(self, platform: str, text: str) -> Any:
        """The newest card on a platform that holds a text; None: there is none."""
        for message in reversed(self.all("messages")):
            if (message["platform"], message["kind"]) == (platform, "card") and text in json.dumps(
                message["payload"], ensure_ascii=False
            ):
                return message
        return None
