"""From an event's being posted to its effect's being queued, in the bot as it is in production.

The answer comes after the commit, and the commit holds the event, what the rules made of it and
the delivery in the queue. A signed CloudEvent is checked, read, deduplicated, matched against a
thousand rules of which one means it, and synced to disk; meanwhile the queue delivers, each event
by a POST to the far end. The peer, aiohttp's plainest server, does none of that.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

from bench import figures, posts, processes, rulesets, runs
from bench.suite import Suite

RULES = 1_000
IN_FLIGHT = 64
COMMITS = 50
_CONFIG = """
[http]
listen = "127.0.0.1:{port}"

[[source]]
name = "bench"
path = "{path}"
kind = "cloudevents"
secret = {{ file = "secret" }}
window = 10
per_minute = 1000000

[[endpoint]]
name = "told"
url = "{url}/told"
"""
_RULE = """
[[rule]]
name = "rule-{number}"
pattern = '{pattern}'
[[rule.target]]
endpoint = "told"
"""


def configuration(folder: Path, url: str, port: int, rules: int = RULES) -> Path:
    """A fresh folder with a ``bot.toml`` that listens on the port, with so many rules."""
    text = _CONFIG.format(port=port, path=posts.PATH, url=url)
    for number in range(rules):
        text += _RULE.format(number=number, pattern=json.dumps(rulesets.pattern("exact", number)))
    return processes.configuration(folder, url, rules=processes.RESTART + text)


async def measure(suite: Suite) -> None:
    port = free_port()
    config = configuration(processes.FOLDER / "inlet", suite.far.url, port)
    ours = posts.Posts(port, 202, RULES)
    async with processes.bot(suite.far, config) as bot, _echo() as other:
        await _listening(port)
        theirs = posts.Posts(other, 200, RULES)
        await _one(suite, ours, theirs)
        await _many(suite, ours, theirs)
    queued = deliveries_in(bot.database)
    if queued != ours.accepted:
        raise RuntimeError(f"{ours.accepted} events were accepted, {queued} deliveries queued")


async def _one(suite: Suite, ours: posts.Posts, theirs: posts.Posts) -> None:
    """One event at a time: what it waits for its answer."""
    taken: dict[str, list[float]] = {"ours": [], "echo": [], "commit": [], "both": []}
    slow: dict[str, list[float]] = {"ours": [], "echo": []}
    for number in range(suite.rounds + 1):
        for name, server in (("ours", ours), ("echo", theirs)):
            waits = await server.round(1, suite.seconds if number else 0.3)
            if number:
                taken[name].append(figures.median(waits))
                slow[name].append(posts.slowest(waits))
        commit = runs.on_disk(processes.FOLDER / "disk.db", COMMITS) / COMMITS
        if number:
            taken["commit"].append(commit)
            taken["both"].append(taken["echo"][-1] + commit)
    for name in ("ours", "echo", "commit"):
        suite.figures.keep(f"inlet.{name}_p50_ms", figures.median(taken[name]) * 1000)
    for name in ("ours", "echo"):
        suite.figures.keep(f"inlet.{name}_p99_ms", figures.median(slow[name]) * 1000)
    to_echo = figures.ratio(taken["ours"], taken["echo"])
    to_both = figures.ratio(taken["ours"], taken["both"])
    suite.figures.keep("inlet.p50_ratio_to_echo", to_echo)
    suite.figures.keep("inlet.p50_ratio_to_echo_and_commit", to_both)
    suite.figures.keep("inlet.p99_ratio_to_echo", figures.ratio(slow["ours"], slow["echo"]))
    figures.rows(
        suite.console,
        f"Posted one at a time, {RULES:,} rules: milliseconds to the answer",
        ("", "p50", "p99", "ours to it"),
        [
            ("accepted, matched and queued", *_ms(taken["ours"], slow["ours"]), ""),
            ("aiohttp's echo", *_ms(taken["echo"], slow["echo"]), to_echo),
            ("the echo and one commit", *_ms(taken["both"]), "", to_both),
        ],
    )


async def _many(suite: Suite, ours: posts.Posts, theirs: posts.Posts) -> None:
    """Many at once: events per second."""
    rates: dict[str, list[float]] = {"ours": [], "echo": []}
    for number in range(suite.rounds + 1):
        for name, server in (("ours", ours), ("echo", theirs)):
            began = time.perf_counter()
            waits = await server.round(IN_FLIGHT, suite.seconds if number else 0.3)
            if number:
                rates[name].append(len(waits) / (time.perf_counter() - began))
    value = figures.ratio(rates["ours"], rates["echo"])
    for name, found in rates.items():
        suite.figures.keep(f"inlet.{name}_per_second_{IN_FLIGHT}", figures.median(found))
    suite.figures.keep(f"inlet.ratio_to_echo_{IN_FLIGHT}", value)
    figures.rows(
        suite.console,
        f"Posted {IN_FLIGHT} at a time: events per second, while the queue delivers",
        ("", "per second", "ours to it"),
        [
            ("accepted, matched and queued", figures.median(rates["ours"]), ""),
            ("aiohttp's echo", figures.median(rates["echo"]), value),
        ],
    )


def _ms(*waits: list[float]) -> list[float]:
    return [figures.median(found) * 1000 for found in waits]


@contextlib.asynccontextmanager
async def _echo() -> AsyncIterator[int]:
    """The peer at work: its port."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.echo"),
        cwd=processes.ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        line = await process.stdout.readline()
        if not line:
            raise RuntimeError("the echo did not start")
        yield json.loads(line)["port"]
    finally:
        await processes.Child(process).end()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def _listening(port: int) -> None:
    """Wait until the port takes connections. RuntimeError: it does not."""
    deadline = time.monotonic() + processes.PATIENCE
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError as fault:
            if time.monotonic() > deadline:
                raise RuntimeError(f"nobody listens on port {port}") from fault
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


def deliveries_in(database: Path) -> int:
    """How many deliveries were ever queued."""
    connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
    try:
        query = "SELECT COUNT(*) FROM outbox WHERE kind = 'deliver'"
        return int(connection.execute(query).fetchone()[0])
    finally:
        connection.close()
