"""Decisions on a file of SQLite, and on a database of PostgreSQL that one, two or three replicas
share, in one run: how many a second, and how long each takes. The server's data are on disk."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from bench import figures, processes
from bench.suite import Suite
from bot import store
from tests import postgres

IN_FLIGHT = (1, 16, 64)
STORES = {"SQLite": 1, "PostgreSQL, 1": 1, "PostgreSQL, 2": 2, "PostgreSQL, 3": 3}
"""What is compared, and with how many replicas."""


async def measure(suite: Suite) -> None:
    """Every store with every load. The chain of each is verified at the end."""
    rows = []
    with postgres.private(disk=True) as server:
        for name, count in STORES.items():
            with contextlib.ExitStack() as kept:
                url = "" if name == "SQLite" else kept.enter_context(server.database())
                path = configured(f"replicas-{len(rows)}", url, suite)
                async with replicas(path, count) as each:
                    for in_flight in IN_FLIGHT:
                        rows.append((name, in_flight, *await loaded(suite, name, each, in_flight)))
                verify(path, url)
    figures.rows(
        suite.console,
        f"Decisions, medians of {suite.rounds} rounds",
        ("", "in flight, each", "a second", "p50 ms", "p99 ms", "processor µs each, bot"),
        rows,
    )


def configured(name: str, url: str, suite: Suite) -> Path:
    path = processes.configuration(processes.FOLDER / name, suite.far.url)
    if url:
        text = path.read_text("utf-8")
        path.write_text(text.replace("[bot]\n", f'[bot]\nstore = "{url}"\n', 1), "utf-8")
    return path


@contextlib.asynccontextmanager
async def replicas(path: Path, count: int) -> AsyncIterator[list[asyncio.subprocess.Process]]:
    """So many processes on one store, ready."""
    each = []
    try:
        for number in range(count):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.replica", str(path), str(number)),
                cwd=processes.ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=1 << 26,
            )
            each.append(process)
            await said(process)
        yield each
    finally:
        for process in each:
            if process.stdin is not None:
                process.stdin.close()
            await process.wait()


async def said(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise RuntimeError("a replica has ended")
    return line.decode().strip()


async def loaded(
    suite: Suite, name: str, each: list[asyncio.subprocess.Process], in_flight: int
) -> tuple[float, float, float, float]:
    """Decisions a second over all replicas, the median and the 99th percentile of their waits in
    milliseconds, and the bots' processor time for each in microseconds."""
    rounds = []
    for _ in range(suite.rounds + 1):
        for process in each:
            assert process.stdin is not None
            process.stdin.write(f"{in_flight} {suite.seconds}\n".encode())
        rounds.append([json.loads(await said(process)) for process in each])
    taken = [figures_of(one) for one in rounds[1:]]
    rate, p50, p99, cpu = (figures.median(column) for column in zip(*taken, strict=True))
    key = name.lower().replace(", ", "_")
    suite.figures.keep(f"replicas.{key}.per_second_{in_flight}", rate)
    suite.figures.keep(f"replicas.{key}.p50_ms_{in_flight}", p50)
    suite.figures.keep(f"replicas.{key}.p99_ms_{in_flight}", p99)
    return rate, p50, p99, cpu


def figures_of(answers: list[dict[str, Any]]) -> tuple[float, float, float, float]:
    waits = sorted(wait for one in answers for wait in one["waits"])
    rate = sum(len(one["waits"]) / one["seconds"] for one in answers)
    cpu = sum(one["cpu"] for one in answers) / len(waits)
    return rate, 1e3 * waits[len(waits) // 2], 1e3 * waits[len(waits) * 99 // 100], 1e6 * cpu


def verify(path: Path, url: str) -> None:
    """Raises RuntimeError where the audit log is not whole."""
    location: store.Location = url or path.parent / "data" / "countersign.db"
    with store.opened(location, readonly=True) as opened, opened.reading() as reader:
        if faults := reader.verify_audit():
            raise RuntimeError(f"the audit log is not whole: {faults[0]}")
