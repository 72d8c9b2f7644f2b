"""What histories are disturbed by, and shrinking one that fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import base
from tests.chaos import disk, history, minimiser, soak

WRITER = """
import sqlite3, sys
store = sqlite3.connect(sys.argv[1])
store.execute("PRAGMA journal_mode = WAL")
store.execute("PRAGMA synchronous = FULL")
store.execute("CREATE TABLE rows (row)")
for line in sys.stdin:
    try:
        store.execute("INSERT INTO rows VALUES (randomblob(5000))")
        store.commit()
        print("stored", flush=True)
    except sqlite3.OperationalError as error:
        store.rollback()
        print(error, flush=True)
print(*store.execute("PRAGMA integrity_check").fetchone(), flush=True)
"""


@pytest.mark.skipif(disk.library() is None, reason="needs a C compiler")
def test_a_disk_fails_as_it_is_told_and_works_again(tmp_path: Path) -> None:
    made = disk.Disk(tmp_path / "orders")
    words = ["full", "read-only", "unsynced", ""]
    said = []
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "countersign.db")],
        env={**os.environ, **made.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        for trouble in ("", *words):
            made.order(trouble)
            print("write", file=writer.stdin, flush=True)
            said.append(writer.stdout.readline().strip())
        writer.stdin.close()
        said.append(writer.stdout.readline().strip())
    assert said == [
        "stored",
        "database or disk is full",
        "disk I/O error",
        "disk I/O error",
        "stored",
        "ok",
    ]


def test_weather_befalls_its_share_of_the_calls_it_can_befall() -> None:
    faults = base.Faults(base.Changes())
    faults.chance.seed(1)
    faults.weather = {"error": 0.3, "drop_ack": 1.0}
    met = [faults.take("RunCommand", "error", "slow") for _ in range(1000)]
    errors = [fault for fault in met if fault is not None]
    assert {fault.do for fault in errors} == {"error"}
    assert 250 < len(errors) < 350
    faults.weather = {}
    assert faults.take("RunCommand", "error", "drop_ack") is None


def test_a_soak_tells_what_has_grown() -> None:
    flat = [soak.Look(100.0 if n < 40 else 140.0, 40, 0.1, 3) for n in range(100)]
    assert soak.faults(flat) == [], "until the middle it is warming up"
    late = [soak.Look(140.0 + 2 * n, 40 + n, n / 2, 3 + 2 * n) for n in range(100)]
    words = ("memory grew", "open files grew", "s late", "open requests grew")
    for fault, word in zip(soak.faults(late), words, strict=True):
        assert word in fault
    assert "too short" in soak.faults(flat[:9])[0]


async def test_a_history_that_fails_is_shrunk_to_what_it_takes() -> None:
    plan = history.Plan.of(4, 0)
    needed = {"c1", "d0"}

    async def play(shorter: history.Plan) -> history.Result:
        left = set(plan.parts if shorter.kept is None else shorter.kept)
        return history.Result(shorter, ["it ran twice"] if needed <= left else [])

    said: list[str] = []
    least = await minimiser.shrunk(plan, play, said.append)
    assert least.kept == ("c1", "d0")
    assert least.replay.endswith("--only c1,d0'")
    assert len(least.lines()) == 2
    assert len(said) == len(plan.parts) - 2


async def test_a_history_that_does_not_fail_is_not_shrunk() -> None:
    plan = history.Plan.of(4, 0)

    async def play(shorter: history.Plan) -> history.Result:
        return history.Result(shorter)

    with pytest.raises(ValueError, match="did not fail in 3 plays"):
        await minimiser.shrunk(plan, play, print)
