"""Other products than ECS on loopback: a door that checks signatures, and answers set by a test."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from sandbox import world
from sandbox.aliyun.errors import ApiError
from sandbox.aliyun.signature import Door, Incoming, Key


@dataclass
class Asked:
    """One request whose signature was right."""

    method: str
    path: str
    action: str
    version: str
    host: str
    params: dict[str, str]
    body: bytes
    headers: dict[str, str]


Answer = dict[str, Any] | list[Any] | str | None
"""JSON, a text as it is, or None: hang up. {"Code": …} with a "status" is an error."""


@dataclass
class Products:
    """``answers`` are given in turn, the last one for ever; a callable gets the request."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: list[Answer | Callable[[Asked], Answer]] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)

    def __post_init__(self) -> None:
        key = Key(world.ALIYUN_KEY_ID, world.ALIYUN_KEY_SECRET)
        self.door = Door({key.id: key})

    async def serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        form = request.content_type == "application/x-www-form-urlencoded"
        incoming = Incoming(
            request.method,
            request.rel_url.raw_path,
            dict(parse_qsl(request.raw_path.partition("?")[2], keep_blank_values=True)),
            dict(parse_qsl(body.decode(), keep_blank_values=True)) if form else {},
            body,
            {name.lower(): value for name, value in request.headers.items()},
        )
        try:
            self.door.check(incoming)
        except ApiError as error:
            said = {"Code": error.code, "Message": error.message, "RequestId": "R-0"}
            return web.json_response(said, status=error.status)
        self.connections.add(request.transport)
        headers = incoming.headers
        asked = Asked(
            request.method,
            incoming.path,
            headers["x-acs-action"],
            headers["x-acs-version"],
            headers["host"],
            incoming.params,
            body,
            headers,
        )
        self.asked.append(asked)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        said = found(asked) if callable(found) else found
        if said is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if isinstance(said, str):
            return web.Response(text=said)
        status = 200
        if isinstance(said, dict):
            said = dict(said)
            status = said.pop("status", 200)
        return web.Response(text=json.dumps(said), content_type="application/json", status=status)


@asynccontextmanager
async def served(*answers: Any) -> AsyncIterator[Products]:
    products = Products(answers=list(answers))
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", products.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2, max_line_size=65536)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    products.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield products
    finally:
        await asyncio.wait_for(runner.cleanup(), 10)
