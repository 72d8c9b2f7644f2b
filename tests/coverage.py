"""``make coverage``: how much of the rooms that decide the unit tests reach, with a floor for each.

Status 0: every room is above its floor; 1: one is not, or a test failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "var" / "coverage"
FLOORS = {"core": 90, "policy": 98, "store": 96, "runtime": 80}
"""Percent of lines and branches, by the room of ``bot/``."""
TESTS = ("tests/bot", "tests/upgrade")


def run(*words: str) -> bool:
    environ = {**os.environ, "COVERAGE_FILE": str(DATA)}
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode == 0


def main() -> int:
    DATA.parent.mkdir(exist_ok=True)
    rooms = [f"--cov=bot/{room}" for room in FLOORS]
    workers = ("-n", "4", "--dist", "worksteal", "-m", "not slow and not hypothesis")
    measured = ("--cov-branch", "--cov-report=", *rooms)
    passed = run("pytest", *workers, *measured, *sys.argv[1:], *TESTS)
    for room, floor in FLOORS.items():
        print(f"\n==> bot/{room}: at least {floor} %", flush=True)
        limits = (f"--include=bot/{room}/*", f"--fail-under={floor}", "--skip-covered")
        passed &= run("coverage", "report", *limits)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
