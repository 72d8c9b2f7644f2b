"""One replica of ``bench.replicas``: decides messages that ask for an operation, as many at a time
as it is told, and nothing else.

Usage: ``python -m bench.replica BOT.TOML NUMBER``. Each line of its input is ``in_flight seconds``,
and is answered by a line of JSON.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from pathlib import Path

from bench import frames
from bot import core, model, store
from bot.app import adapters, reload
from bot.runtime import clock, engine


class Replica:
    """An engine with the core of a configuration on its store."""

    def __init__(self, door: engine.Engine, number: str, at: clock.Steady) -> None:
        self.door, self.number, self.clock = door, number, at
        self.count = itertools.count()

    def message(self) -> model.MessageReceived:
        """One that asks for an operation; no two are alike."""
        n = next(self.count)
        name = f"{self.number}-{n}"
        account = model.Account(
            "dingtalk", frames.CORP, frames.person("dingtalk", n % frames.PEOPLE), "p"
        )
        place = model.Place("dingtalk", frames.CORP, frames.CHAT, f"m-{name}", webhook="")
        text = f'restart web-01 reason="{name}"'
        return model.MessageReceived(f"in-{name}", self.clock.now(), account, place, text)

    async def load(self, in_flight: int, seconds: float) -> dict[str, object]:
        """So many at a time for so long; the waits are in seconds."""
        end = time.monotonic() + seconds
        waits: list[float] = []

        async def one() -> None:
            while (began := time.monotonic()) < end:
                await self.door.submit(self.message())
                waits.append(time.monotonic() - began)

        cpu, began = time.process_time(), time.monotonic()
        await asyncio.gather(*(one() for _ in range(in_flight)))
        took = time.monotonic() - began
        return {"waits": waits, "seconds": took, "cpu": time.process_time() - cpu}


async def main(path: Path, number: str) -> None:
    settings = adapters.load(path)
    deployment = reload.deployment_of(settings)
    at = clock.Steady(clock.MachineClock())
    loop = asyncio.get_running_loop()
    with store.opened(settings.location) as opened:
        door = engine.Engine(opened, lambda event: core.read(deployment, event), at)
        door.start()
        replica = Replica(door, number, at)
        print("ready", flush=True)
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            in_flight, seconds = line.split()
            print(json.dumps(await replica.load(int(in_flight), float(seconds))), flush=True)
        await door.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
