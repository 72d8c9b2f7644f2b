"""``python -m sandbox``: the stand-in platforms and a server of one's own on loopback, until
stopped."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from sandbox import world
from sandbox.standins import StandIns


def printed(ready: dict[str, Any]) -> None:
    print(json.dumps(ready), flush=True)


async def main(
    options: argparse.Namespace, announce: Callable[[dict[str, Any]], object] = printed
) -> None:
    """Serve until SIGTERM or SIGINT. ``announce`` is told the ports, the folder of the instances
    and the token of the control server once all of them can be called."""
    asked = {name: getattr(options, name) for name in world.PORTS}
    async with StandIns(asked, options.folder, options.bots) as company:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        announce(
            {
                "ready": True,
                "ports": company.ports,
                "ports_of_bots": company.ports_of_bots,
                "folder": company.folder,
                "token": company.token,
            }
        )
        await stop.wait()


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    for name, port in world.PORTS.items():
        parser.add_argument(f"--{name}", type=int, default=port, help="port (0: any free one)")
    parser.add_argument("--folder", default="", help="where the instances keep their files")
    parser.add_argument("--bots", type=int, default=1, help="so many have ports of their own")
    return parser.parse_args(argv)


def child(argv: list[str], apart: bool, ready: Connection) -> None:
    """The stand-ins as a process of their own, for ``sandbox.client``."""
    if apart:
        os.setsid()
    asyncio.run(main(arguments(argv), ready.send))


if __name__ == "__main__":
    asyncio.run(main(arguments(sys.argv[1:])))
