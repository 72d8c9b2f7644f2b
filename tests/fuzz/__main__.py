"""``python -m tests.fuzz --minutes N``: try many plans, then attack the two long connections until
the time is over.

``--examples`` is how many generated plans each property test tries (0: none of them).

Every round has a seed of its own; a round that fails names it, and ``--seed`` plays it again.
Leaves with status 1 if any round failed.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests import properties as examples
from tests.fuzz import frames
from tests.fuzz import house as houses

ROUND = 1000
PROPERTIES = (
    "tests/bot/test_shown_properties.py",
    "tests/bot/test_authority_properties.py",
    "tests/bot/test_bounds_properties.py",
)
"""Modules that try as many examples as ``tests.properties`` says."""


async def one_round(house: houses.House, seed: int) -> None:
    """Bent frames, now and then followed by something that breaks the websocket."""
    chance = random.Random(seed)
    await frames.attack(house, frames.wire_of(house), chance, ROUND)
    if chance.random() < 0.2:
        await frames.broken(house, *chance.choice(frames.BREAKING))


async def attack(seconds: float, first: int) -> int:
    """Rounds on both platforms in turn; returns how many failed."""
    failed, seed, end = 0, first, time.monotonic() + seconds
    while time.monotonic() < end:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            async with houses.opened(Path(folder)) as house:
                for platform in houses.PLATFORMS:
                    await frames.record_samples(house.on(platform))
                for _ in range(20):
                    if time.monotonic() >= end:
                        break
                    platform = houses.PLATFORMS[seed % len(houses.PLATFORMS)]
                    try:
                        await one_round(house.on(platform), seed)
                    except (AssertionError, RuntimeError) as fault:
                        failed += 1
                        print(f"seed {seed} on {platform}: {fault}", flush=True)
                        break
                    finally:
                        seed += 1
        print(f"{seed - first} rounds of {ROUND} frames, {failed} failed", flush=True)
    return failed


def properties(count: int) -> bool:
    """The property tests over so many generated plans each; returns whether any failed."""
    environ = {**os.environ, examples.VARIABLE: str(count)}
    command = [sys.executable, "-m", "pytest", "-n", "0", "-q", *PROPERTIES]
    return subprocess.run(command, env=environ, check=False).returncode != 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--examples", type=int, default=10_000)
    options = parser.parse_args()
    logging.lastResort = None
    failed = bool(options.examples) and properties(options.examples)
    rounds = asyncio.run(attack(options.minutes * 60, options.seed))
    sys.exit(1 if failed or rounds else 0)
