"""``make crash-replicas``: seeded histories on replicas that share a database. Status 0: everything
was kept; 1: something was not.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import sys
import time
from collections.abc import Iterator, Sequence

from tests import postgres
from tests.replicas import fleet, history, takeover


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.replicas", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many (default: 200)")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="this one alone, and print what happens in it")
    parser.add_argument("--replicas", type=int, default=3, help="0: one bot on SQLite (default: 3)")
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


async def play(seeds: Sequence[int], replicas: int, jobs: int) -> list[history.Result]:
    """Play histories, so many at once, each of which has a server of its own."""
    waiting: Iterator[int] = iter(seeds)
    results: list[history.Result] = []

    async def work() -> None:
        with postgres.private() if replicas else contextlib.nullcontext() as server:
            for seed in waiting:
                result = await history.played(history.Plan.of(seed, replicas), server)
                results.append(result)
                tell(result)

    await asyncio.gather(*(work() for _ in range(min(jobs, len(seeds)))))
    return results


async def main(options: argparse.Namespace) -> int:
    began = time.monotonic()
    if options.takeover:
        seconds = await takeover.measured(options.takeover, options.replicas)
        print(
            f"{len(seconds)} calls were taken over after {statistics.median(seconds):.2f} s "
            f"(median), {max(seconds):.2f} s at worst; the lease is {fleet.LEASE} s"
        )
        return 0
    seeds = range(options.first, options.first + options.seeds)
    if options.seed is not None:
        seeds = range(options.seed, options.seed + 1)
        for line in history.Plan.of(options.seed, options.replicas).lines():
            print(f"      {line}")
    results = await play(seeds, options.replicas, options.jobs)
    failed = [result for result in results if result.faults]
    for result in failed:
        print(result.plan.replay)
    middle = statistics.median(result.seconds for result in results)
    acts = sum(len(result.plan.disturbances) for result in results)
    print(
        f"{len(results)} histories on {options.replicas} replicas, {acts} disturbances, "
        f"median {middle:.0f} s, in {time.monotonic() - began:.0f} s"
    )
    print(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(arguments())))
