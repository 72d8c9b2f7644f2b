"""The peer of the door for events: a plain aiohttp server that answers a POST with its own body.

``python -m bench.echo`` listens on loopback, tells its ``port`` in one line of JSON, and serves
until it is ended. It reads nothing, checks nothing and stores nothing.
"""

from __future__ import annotations

import asyncio
import json

from aiohttp import web


async def _echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read(), content_type="application/json")


async def main() -> None:
    application = web.Application()
    application.router.add_post("/{path:.*}", _echo)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
