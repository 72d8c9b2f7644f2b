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
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from bench import figures, posts, processes, rulesets, runs
from bench.suite import Suite

RULES = 1_000
IN_FLIGHT = 64
COMMITS = 50
APART = 0.03
"""Seconds between events that are posted apart: the delivery of the last one is over by then."""
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
    """A fresh folder with a ``bot.toml`` that listens on the port, with so many rules; 0: on any
    free one."""
    text = _CONFIG.format(port=port, path=posts.PATH, url=url)
    for number in range(rules):
        text += _RULE.format(number=number, pattern=json.dumps(rulesets.pattern("exact", number)))
    return processes.configuration(folder, url, rules=processes.RESTART + text)


async def measure(suite: Suite) -> None:
    with _held_port() as port:
        await _measure(suite, port)


async def _measure(suite: Suite, port: int) -> None:
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
    """One event at a time, apart and back to back: what each waits for its answer."""
    taken: dict[str, list[float]] = {}
    for number in range(suite.rounds + 1):
        seconds = suite.seconds if number else 0.3
        commit = runs.on_disk(processes.FOLDER / "disk.db", COMMITS) / COMMITS
        for how, pause in (("apart", APART), ("back_to_back", 0.0)):
            for name, server in (("ours", ours), ("echo", theirs)):
                waits = await server.round(1, seconds, pause)
                if number:
                    taken.setdefault(f"{name}_{how}_p50", []).append(figures.median(waits))
                    if not pause:  # else there are too few to tell
                        taken.setdefault(f"{name}_p99", []).append(posts.slowest(waits))
            if number:
                both = taken[f"echo_{how}_p50"][-1] + commit
                taken.setdefault(f"echo_and_commit_{how}_p50", []).append(both)
    body: list[tuple[object, ...]] = []
    for how in ("apart", "back_to_back"):
        peers = [f"echo_{how}_p50", f"echo_and_commit_{how}_p50"]
        mine = taken[f"ours_{how}_p50"]
        ratios = [figures.ratio(mine, taken[peer]) for peer in peers]
        suite.figures.keep(f"inlet.{how}_p50_ratio_to_echo", ratios[0])
        suite.figures.keep(f"inlet.{how}_p50_ratio_to_echo_and_commit", ratios[1])
        waits = [figures.median(found) * 1000 for found in (mine, *(taken[p] for p in peers))]
        body.append((f"{how.replace('_', ' ')}, p50", *waits, *ratios))
    worst = [taken["ours_p99"], taken["echo_p99"]]
    slow = [figures.median(found) * 1000 for found in worst]
    body.append(("back to back, p99", *slow, "", figures.ratio(*worst), ""))
    for name, waits in taken.items():
        suite.figures.keep(f"inlet.{name}_ms", figures.median(waits) * 1000)
    figures.rows(
        suite.console,
        f"Posted one at a time, {RULES:,} rules: milliseconds to the answer",
        ("", "ours", "echo", "echo and a commit", "ours to the echo", "ours to both"),
        body,
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


@contextlib.contextmanager
def _held_port() -> Iterator[int]:
    """A free port that no other program is given meanwhile: it is bound here, and listened on by
    the bot, whose log is too quiet to say which port it took."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


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
