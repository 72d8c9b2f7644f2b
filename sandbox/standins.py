"""The stand-in platforms in the event loop of whoever starts them, on loopback."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox import world
from sandbox.aliyun import Aliyun
from sandbox.base import Clock, Party
from sandbox.console import Console
from sandbox.dingtalk import DingTalk
from sandbox.door import at_home, locked
from sandbox.lark import Lark
from sandbox.sink import Sink

REACHED = ("dingtalk", "lark", "aliyun", "sink")
"""Whom each of several bots reaches at a port of its own."""


async def serve(
    app: web.Application, asked: Sequence[int], **options: Any
) -> tuple[web.AppRunner, list[int]]:
    """Serve on loopback; the ports are those asked for, or with 0 ones that were free."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2, **options)
    await runner.setup()
    for port in asked:
        await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner, [address[1] for address in runner.addresses]


class NoMethod(Exception):
    """A party has no control method of that name."""


async def called(parties: Mapping[str, Party], party: str, method: str, args: Any) -> Any:
    """The result of a control method. Raises NoMethod, and whatever the method raises."""
    found = getattr(parties.get(party), method, None)
    if found is None or not getattr(found, "__control__", False):
        raise NoMethod(f"no control method {method}")
    return await found(**args)


def control_app(clock: Clock, parties: Mapping[str, Party], token: str) -> web.Application:
    """``POST /call {"party", "method", "args"}`` → {"ok": result} or {"error": text};
    ``POST /clock {"advance": seconds}`` → {"now": seconds}. For who knows the token only."""

    async def call(request: web.Request) -> web.Response:
        try:
            body = await request.json()
            result = await called(parties, body["party"], body["method"], body.get("args", {}))
            return web.json_response({"ok": result})
        except NoMethod as error:
            return web.json_response({"error": str(error)}, status=404)
        except Exception as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)

    async def move(request: web.Request) -> web.Response:
        try:
            clock.advance(float((await request.json()).get("advance", 0)))
        except (ValueError, TypeError, AttributeError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
        return web.json_response({"now": clock.now()})

    app = web.Application(client_max_size=16 << 20, middlewares=[at_home, locked(token)])
    app.router.add_post("/call", call)
    app.router.add_post("/clock", move)
    return app


class StandIns:
    """``async with StandIns(ports) as company: await company.call("lark", "say", user=…, text=…)``.

    Ports are free ones unless given; ``ports`` tells where the servers are. ``folder`` is where the
    instances keep their files: one of its own, which is removed at the end, if none is given.
    ``token`` opens the control server. Each of several bots reaches them at ports of its own:
    ``ports_of_bots``, by which a call tells who made it; the first has ``ports``.
    """

    def __init__(
        self, ports: Mapping[str, int] | None = None, folder: str = "", bots: int = 1
    ) -> None:
        self._asked = ports or dict.fromkeys(world.PORTS, 0)
        self.ports: dict[str, int] = {}
        self.ports_of_bots: list[dict[str, int]] = [{} for _ in range(bots)]
        self.folder = folder
        self.token = secrets.token_urlsafe(32)
        self.clock = Clock()
        self._close = contextlib.AsyncExitStack()

    async def __aenter__(self) -> StandIns:
        async with contextlib.AsyncExitStack() as opened:
            if not self.folder:
                scratch = tempfile.TemporaryDirectory(prefix="sandbox-")
                self.folder = opened.enter_context(scratch)
            clock = self.clock
            self.dingtalk, self.lark = DingTalk(clock), Lark(clock)
            self.aliyun, self.sink = Aliyun(clock, Path(self.folder)), Sink(clock)
            found = (self.dingtalk, self.lark, self.aliyun, self.sink, Console(clock))
            self.parties: dict[str, Party] = {party.name: party for party in found}
            apps = [
                (name, party.app, {"max_line_size": party.max_line_size})
                for name, party in self.parties.items()
            ]
            control = control_app(clock, self.parties, self.token)
            for name, app, options in (*apps, ("control", control, {})):
                others = len(self.ports_of_bots) - 1 if name in REACHED else 0
                asked = [self._asked[name], *[0] * others]
                runner, (self.ports[name], *more) = await serve(app, asked, **options)
                opened.push_async_callback(runner.cleanup)
                for bot, port in zip(self.ports_of_bots, [self.ports[name], *more], strict=False):
                    bot[name] = port
            for name, party in self.parties.items():
                party.base_url = f"http://127.0.0.1:{self.ports[name]}"
                opened.push_async_callback(party.close)
            self._close = opened.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close.aclose()

    def bot_at(self, port: int) -> str:
        """The name of the one of several bots that comes in at a port; "": nobody knows."""
        if len(self.ports_of_bots) == 1:
            return ""
        numbers = (n for n, own in enumerate(self.ports_of_bots, 1) if port in own.values())
        return next(map(world.name_of_bot, numbers), "")

    async def call(self, party: str, method: str, **args: Any) -> Any:
        """Call a control method of one stand-in; RuntimeError says what went wrong."""
        try:
            return await called(self.parties, party, method, args)
        except Exception as error:
            raise RuntimeError(f"{type(error).__name__}: {error}") from error

    async def advance(self, seconds: float) -> float:
        """Move the clock of the stand-ins; returns its time."""
        self.clock.advance(seconds)
        return self.clock.now()
