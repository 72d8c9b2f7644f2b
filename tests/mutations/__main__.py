"""``python -m tests.mutations``: change one thing after the vote, many times.

Prints a table by kind: how often it was tried, how often the start was refused. Status 1: what
matters was let through, or what does not was refused; each such case is printed with its seed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from tests.mutations import trial


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutations")
    parser.add_argument("--count", type=int, default=100_000, help="how many changes to try")
    parser.add_argument("--seed", type=int, default=0, help="the first of them")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        starts = trial.starts(Path(folder))
    tried, refused = Counter[str](), Counter[str]()
    faults = 0
    for seed in range(options.seed, options.seed + options.count):
        outcome = trial.tried(Random(seed), starts)
        tried[outcome.kind] += 1
        refused[outcome.kind] += bool(outcome.reason)
        if outcome.fault:
            faults += 1
            print(f"seed {seed}: {outcome.world}: {outcome.kind}: {outcome.fault}")
    for title, kinds in trial.KINDS.items():
        print(f"\n{title}")
        for kind in kinds:
            print(f"  {tried[kind]:7,} tried {refused[kind]:7,} refused  {kind}")
    seconds = time.monotonic() - began
    print(f"\n{options.count:,} changes in {seconds:.0f} s, {faults} not as they must be")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
