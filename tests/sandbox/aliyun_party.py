"""The ECS stand-in on a free port of this very process, and the official SDK pointed at it."""

from __future__ import annotations

import asyncio
import functools
import importlib
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from aiohttp import web

from sandbox import world
from sandbox.aliyun import Aliyun
from sandbox.base import Clock

REGION = world.ALIYUN_REGION
WEB1, WEB2, DB1 = "i-sandbox0web01", "i-sandbox0web02", "i-sandbox00db01"
NO_AGENT, SWITCHED_OFF = "i-sandbox0old01", "i-sandbox0off01"


@functools.cache
def door() -> socket.socket:
    """One port for every stand-in of this process, one after the other: the SDK keeps what it needs
    for a place, and to load the certificates takes it longer than a whole test."""
    bound = socket.create_server(("127.0.0.1", 0))
    bound.setblocking(False)
    return bound


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Aliyun]:
    party = Aliyun(Clock(), folder)
    runner = web.AppRunner(
        party.app, access_log=None, shutdown_timeout=0.2, max_line_size=party.max_line_size
    )
    await runner.setup()
    await web.SockSite(runner, door().dup()).start()
    party.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    with mock.patch.dict(os.environ):
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            os.environ.pop(name, None)  # the plain SDK would use it for this machine too
        try:
            yield party
        finally:
            await party.close()
            await runner.cleanup()


class Caller:
    """The official synchronous client of a product, the SDK's package of which is ``package``.
    ``call("RunCommand", …wire fields…)`` gives the body, or raises the SDK's exception."""

    package: str

    def __init__(self, party: Aliyun, **config: Any) -> None:
        self.endpoint = party.base_url.removeprefix("http://")
        self.config = {
            "access_key_id": world.ALIYUN_KEY_ID,
            "access_key_secret": world.ALIYUN_KEY_SECRET,
            **config,
        }

    async def call(self, action: str, **fields: Any) -> dict[str, Any]:
        return await asyncio.to_thread(self._call, action, fields)

    async def refusal(self, action: str, **fields: Any) -> tuple[int, str]:
        """The status and code of a call that must be refused."""
        try:
            answer = await self.call(action, **fields)
        except Exception as error:
            return getattr(error, "status_code", 0), str(getattr(error, "code", error))
        raise AssertionError(f"{action} was not refused: {answer}")

    def _call(self, action: str, fields: dict[str, Any]) -> dict[str, Any]:
        from alibabacloud_tea_openapi import utils_models

        client = importlib.import_module(f"{self.package}.client")
        models = importlib.import_module(f"{self.package}.models")
        config = utils_models.Config(
            endpoint=self.endpoint, protocol="http", region_id=REGION, **self.config
        )
        request = getattr(models, f"{action}Request")()
        request.from_map({"RegionId": REGION, **fields})
        method = "".join("_" + c.lower() if c.isupper() else c for c in action).lstrip("_")
        body: dict[str, Any] = getattr(client.Client(config), method)(request).body.to_map()
        return body


class Sdk(Caller):
    """ECS, and any product by the generic client."""

    package = "alibabacloud_ecs20140526"

    async def generic(
        self,
        version: str,
        api: str,
        query: dict[str, Any] | None = None,
        path: str = "/",
        method: str = "POST",
        body: Any = None,
    ) -> dict[str, Any]:
        """A call of any product by the generic client: ROA where a path is given."""
        return await asyncio.to_thread(self._generic, version, api, query, path, method, body)

    def _generic(
        self, version: str, api: str, query: Any, path: str, method: str, body: Any
    ) -> dict[str, Any]:
        from alibabacloud_tea_openapi import client, utils_models
        from alibabacloud_tea_openapi.utils import Utils
        from darabonba.runtime import RuntimeOptions

        config = utils_models.Config(
            endpoint=self.endpoint, protocol="http", region_id=REGION, **self.config
        )
        params = utils_models.Params(
            action=api,
            version=version,
            protocol="HTTP",
            pathname=path,
            method=method,
            auth_type="AK",
            style="RPC" if path == "/" else "ROA",
            req_body_type="json",
            body_type="json",
        )
        request = utils_models.OpenApiRequest(query=Utils.query(query or {}), body=body)
        answer = client.Client(config).call_api(params, request, RuntimeOptions())
        found: dict[str, Any] = answer["body"]
        return found

    async def run(self, script: str, *instances: str, **fields: Any) -> str:
        """RunCommand of a shell script; its invocation id."""
        answer = await self.call(
            "RunCommand",
            **{
                "Type": "RunShellScript",
                "CommandContent": script,
                "InstanceId": list(instances or (WEB1,)),
                **fields,
            },
        )
        return str(answer["InvokeId"])

    async def results(self, **fields: Any) -> list[dict[str, Any]]:
        answer = await self.call(
            "DescribeInvocationResults",
            **{"ContentEncoding": "PlainText", "MaxResults": 50, **fields},
        )
        items: list[dict[str, Any]] = answer["Invocation"]["InvocationResults"]["InvocationResult"]
        return items

    async def result(self, invocation: str) -> dict[str, Any]:
        """The only result of an invocation, once it has ended."""

        async def ended() -> bool:
            (item,) = await self.results(InvokeId=invocation)
            return item["InvocationStatus"] not in ("Pending", "Running", "Stopping")

        await until(ended)
        (item,) = await self.results(InvokeId=invocation)
        return item


async def until(happened: Callable[[], bool | Awaitable[bool]], seconds: float = 15) -> None:
    """Look again and again until it happened; fails after ``seconds``."""
    end = time.monotonic() + seconds
    while True:
        answer = happened()
        if await answer if not isinstance(answer, bool) else answer:
            return
        if time.monotonic() > end:
            raise AssertionError("it did not happen in time")
        await asyncio.sleep(0.01)
