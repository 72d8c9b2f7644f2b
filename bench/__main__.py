"""``python -m bench [NAME…] [--quick]``: measure, print, write ``var/bench.json``.

NAME is one of the subjects; all of them take less than a quarter of an hour on two cores,
``--quick`` about six minutes. Exit status 1 means that something could not be measured; a missed
aim is told, it is no fault.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable

from rich.console import Console

from bench import (
    acks,
    figures,
    inlet,
    outbound,
    paced,
    pending,
    polls,
    processes,
    replicas,
    rules,
    runs,
    templates,
    waiting,
)
from bench.suite import Suite

SUBJECTS: dict[str, Callable[[Suite], Awaitable[None]]] = {
    "acks": acks.measure,
    "paced": paced.measure,
    "pending": pending.measure,
    "outbound": outbound.measure,
    "polls": polls.measure,
    "templates": templates.measure,
    "runs": runs.measure,
    "waiting": waiting.measure,
    "rules": rules.measure,
    "inlet": inlet.measure,
    "replicas": replicas.measure,
}


async def main(options: argparse.Namespace) -> int:
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(f"{os.cpu_count()} processors, Python {sys.version.split()[0]}")
    taken = figures.Figures()
    began = time.monotonic()
    async with processes.far_end() as far:
        rounds, seconds = (3, 0.7) if options.quick else (5, 1.5)
        suite = Suite(console, taken, far, rounds, seconds, options.quick)
        for name in options.name or SUBJECTS:
            await SUBJECTS[name](suite)
    command = "python -m bench " + " ".join([*options.name, *["--quick"] * options.quick])
    taken.show_aims(console, command.strip())
    path = processes.ROOT / "var" / "bench.json"
    taken.write(path)
    for sentence in taken.missed():
        console.print(f"missed: {sentence}", style="red")
    console.print(f"{time.monotonic() - began:.0f} s; all numbers are in {path}")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "name", nargs="*", metavar="NAME", choices=[*SUBJECTS, []], help=", ".join(SUBJECTS)
    )
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    arguments = parser.parse_args()
    try:
        sys.exit(asyncio.run(main(arguments)))
    except RuntimeError as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(1)
