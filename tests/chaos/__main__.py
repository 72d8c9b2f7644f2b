"""``make chaos``: seeded histories, on each kind of store. Status 0: everything was kept; 1: not
everything was.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import sys
import time
from collections.abc import Sequence

from tests import postgres
from tests.chaos import disk, fleet, history, minimiser, takeover


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="how many (default: 3)")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="this one alone, and print what happens in it")
    parser.add_argument("--only", help="of that seed, these parts: c0,d1 (see --seed)")
    parser.add_argument(
        "--minimise", action="store_true", help="shrink that seed to what makes it fail"
    )
    parser.add_argument(
        "--replicas",
        type=int,
        action="append",
        help="so many on one database; 0: one bot on SQLite; may be repeated (default: 0, 1, 3)",
    )
    parser.add_argument(
        "--takeover", type=int, metavar="TIMES", help="measure it so many times, and play nothing"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at once")
    return parser.parse_args()


def tell(result: history.Result) -> None:
    """One line for each history; for one with faults, all there is to say."""
    plan = result.plan
    mark = "✗" if result.faults else "✓"
    amount = ", ".join(f"{n} {what}" for what, n in result.looked_at.items())
    print(
        f"{mark} seed {plan.seed:>4} on {plan.replicas}: {len(plan.disturbances)} disturbances, "
        f"{result.starts} starts, {amount}, {result.seconds:.1f} s",
        flush=True,
    )
    if result.faults:
        for line in (*plan.lines(), *result.faults, plan.replay, str(result.folder)):
            print(f"      {line}", flush=True)


async def play(plans: Sequence[history.Plan], jobs: int) -> list[history.Result]:
    """Play histories, so many at once, each of which has a server of its own."""
    waiting = iter(plans)
    results: list[history.Result] = []
    shared = any(plan.replicas for plan in plans)

    async def work() -> None:
        with postgres.private() if shared else contextlib.nullcontext() as server:
            for plan in waiting:
                result = await history.played(plan, server if plan.replicas else None)
                results.append(result)
                tell(result)

    await asyncio.gather(*(work() for _ in range(min(jobs, len(plans)))))
    return results


async def minimise(plan: history.Plan) -> int:
    """Print the shortest history that still fails, and the command that plays it."""
    with postgres.private() if plan.replicas else contextlib.nullcontext() as server:

        async def once(shorter: history.Plan) -> history.Result:
            return await history.played(shorter, server)

        try:
            least = await minimiser.shrunk(plan, once, lambda line: print(line, flush=True))
        except ValueError as fault:
            print(fault)
            return 1
    for line in (*least.lines(), least.replay):
        print(line)
    return 0


def table(results: Sequence[history.Result]) -> list[str]:
    """A line for each kind of store and number of processes."""
    lines = []
    for replicas in sorted({result.plan.replicas for result in results}):
        mine = [result for result in results if result.plan.replicas == replicas]
        failed = sum(bool(result.faults) for result in mine)
        acts = sum(len(result.plan.disturbances) for result in mine)
        asked = sum(result.looked_at.get("requests", 0) for result in mine)
        ran = sum(result.looked_at.get("runs", 0) for result in mine)
        middle = statistics.median(result.seconds for result in mine)
        where = f"PostgreSQL, {replicas} processes" if replicas else "SQLite, 1 process"
        lines.append(
            f"{where}: {len(mine)} histories, {acts} disturbances, {asked} requests, {ran} runs, "
            f"median {middle:.0f} s: {len(mine) - failed} passed, {failed} failed"
        )
    return lines


async def main(options: argparse.Namespace) -> int:
    began = time.monotonic()
    stores = options.replicas or [0, 1, 3]
    if options.takeover:
        seconds = await takeover.measured(options.takeover, stores[-1])
        print(
            f"{len(seconds)} calls were taken over after {statistics.median(seconds):.2f} s "
            f"(median), {max(seconds):.2f} s at worst; the lease is {fleet.LEASE} s"
        )
        return 0
    seeds = range(options.first, options.first + options.seeds)
    if options.seed is not None:
        seeds = range(options.seed, options.seed + 1)
    plans = [history.Plan.of(seed, replicas) for seed in seeds for replicas in stores]
    if options.only:
        plans = [plan.only(options.only.split(",")) for plan in plans]
    if options.minimise:
        return await minimise(plans[0])
    if options.seed is not None:
        for plan in plans:
            for name, part in plan.parts.items():
                if plan.kept is None or name in plan.kept:
                    print(f"      {name}: {part}")
    if disk.library() is None and 0 in stores:
        print("There is no C compiler here (cc): no disk fails in these histories.")
    results = await play(plans, options.jobs)
    for result in results:
        if result.faults:
            print(result.plan.replay)
    for line in table(results):
        print(line)
    print(f"{len(results)} histories in {time.monotonic() - began:.0f} s")
    return 1 if any(result.faults for result in results) else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(arguments())))
