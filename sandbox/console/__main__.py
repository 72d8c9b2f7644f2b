"""``python -m sandbox.console``: the example company, with a bot that speaks on the console alone.

Its configuration and its data are in ``var/console``. It runs until Ctrl-C.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys

from sandbox import process, words
from sandbox.client import Sandbox
from sandbox.console import company

FOLDER = process.ROOT / "var" / "console"


async def main() -> int:
    """The status to leave with."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Sandbox(apart=True) as sandbox:
        path = process.configuration(FOLDER, sandbox.ports, locale=words.usual())
        socket = FOLDER / "console.sock"
        company.furnish(path, socket)
        bot = await process.start_bot(path, FOLDER / "bot.log")
        try:
            while bot.returncode is None and not socket.exists():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(bot.wait(), 0.05)
            config = path.relative_to(process.ROOT)
            print("The bot listens. In other terminals, as alice, bob, carol, dave and mallory:\n")
            print(f"  .venv/bin/python -m adapters.console --config {config} --as alice\n")
            ended = asyncio.create_task(bot.wait())
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            status = await process.stop_bot(bot)
        if not stop.is_set():
            print(f"The bot ended with status {status}; its log: {FOLDER / 'bot.log'}")
        return status


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
