"""The whole bot, asked how it does while platforms come and go and people work."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.web import health
from sandbox import process
from sandbox.client import Sandbox
from tests.behaviour.conftest import Scene, playing

LISTEN = '\n[web]\noperate = "127.0.0.1:0"\n'
PAGES = re.compile(r"listening on (127\.0\.0\.1:\d+) for /healthz")


class Operator:
    """Asks for the pages of a running bot."""

    def __init__(self, scene: Scene, address: str, session: aiohttp.ClientSession) -> None:
        self.scene, self.address, self._session = scene, address, session

    async def get(self, page: str) -> tuple[int, Any]:
        async with self._session.get(f"http://{self.address}{page}") as answer:
            text = await answer.text()
            json_ = answer.content_type == "application/json"
            return answer.status, await answer.json() if json_ else text

    async def parts(self) -> set[str]:
        """What keeps the bot from being ready."""
        status, answer = await self.get("/readyz")
        parts = {one["part"] for one in answer["problems"]}
        assert status == (503 if parts else 200)
        assert answer["ready"] is not bool(parts)
        return parts

    async def until(self, *parts: str) -> None:
        for _ in range(500):
            known = await self.parts()
            if known == set(parts):
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"not ready are {known}, not {parts}")


@asynccontextmanager
async def operating(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, platform: str = "lark"
) -> AsyncIterator[Operator]:
    caplog.set_level(logging.INFO)
    async with Sandbox() as sandbox:
        path = process.configuration(tmp_path, sandbox.ports, LISTEN)
        async with playing(sandbox, platform, path) as scene, aiohttp.ClientSession() as session:
            (address,) = PAGES.findall(caplog.text)
            yield Operator(scene, address, session)


async def test_a_platform_that_is_away_is_named_until_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "GRACE", 0.0)
    async with operating(tmp_path, caplog) as operator:
        assert (await operator.get("/healthz"))[0] == 200
        assert await operator.parts() == set()
        openings = {"lark": "callback/ws/endpoint", "dingtalk": "/v1.0/gateway/connections/open"}
        for platform, call in openings.items():
            sandbox = operator.scene.sandbox
            await sandbox.call(platform, "fault", api=call, do="hang_up", times=1000)
            await sandbox.call(platform, "kill_sockets")
            await operator.until(platform)
            await sandbox.call(platform, "clear_faults")
            await operator.until()
