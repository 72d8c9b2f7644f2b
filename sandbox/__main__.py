"""``python -m sandbox``: the stand-in platforms and a server of one's own on loopback, until
stopped."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import Callable
from multiprocessing.connection import Connection
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


async def serve(app: web.Application, port: int, **options: Any) -> tuple[web.AppRunner, int]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2, **options)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    return runner, runner.addresses[0][1]


def control_app(clock: Clock, parties: dict[str, Party], token: str) -> web.Application:
    """``POST /call {"party", "method", "args"}`` → {"ok": result} or {"error": text};
    ``POST /clock {"advance": seconds}`` → {"now": seconds}. For who knows the token only."""

    async def call(request: web.Request) -> web.Response:
        try:
            body = await request.json()
            method = getattr(parties.get(body["party"]), body["method"], None)
            if method is None or not getattr(method, "__control__", False):
                error = f"no control method {body['method']}"
                return web.json_response({"error": error}, status=404)
            return web.json_response({"ok": await method(**body.get("args", {}))})
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


def printed(ready: dict[str, Any]) -> None:
    print(json.dumps(ready), flush=True)


async def main(
    options: argparse.Namespace, announce: Callable[[dict[str, Any]], object] = printed
) -> None:
    """Serve until SIGTERM or SIGINT. ``announce`` is told the ports, the folder of the instances
    and the token of the control server once all of them can be called."""
    clock = Clock()
    with tempfile.TemporaryDirectory(prefix="sandbox-") as scratch:
        folder = Path(options.folder or scratch)
        parties: dict[str, Party] = {
            "dingtalk": DingTalk(clock),
            "lark": Lark(clock),
            "aliyun": Aliyun(clock, folder),
            "sink": Sink(clock),
            "console": Console(clock),
        }
        runners = []
        ports = {}
        for name, party in parties.items():
            port = getattr(options, name)
            runner, ports[name] = await serve(party.app, port, max_line_size=party.max_line_size)
            party.base_url = f"http://127.0.0.1:{ports[name]}"
            runners.append(runner)
        token = secrets.token_urlsafe(32)
        control = control_app(clock, parties, token)
        runner, ports["control"] = await serve(control, options.control)
        runners.append(runner)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        announce({"ready": True, "ports": ports, "folder": str(folder), "token": token})
        await stop.wait()
        for party in parties.values():
            await party.close()
        for runner in runners:
            await runner.cleanup()


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    for name, port in world.PORTS.items():
        parser.add_argument(f"--{name}", type=int, default=port, help="port (0: any free one)")
    parser.add_argument("--folder", default="", help="where the instances keep their files")
    return parser.parse_args(argv)


def child(argv: list[str], apart: bool, ready: Connection) -> None:
    """The stand-ins as a process of their own, for ``sandbox.client``."""
    if apart:
        os.setsid()
    asyncio.run(main(arguments(argv), ready.send))


if __name__ == "__main__":
    asyncio.run(main(arguments(sys.argv[1:])))
