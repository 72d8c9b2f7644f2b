"""Templates' runs through the durable engine: steps per second, and what an item of a loop costs.

Every step is a call: written as started before it is made, claimed, carried out by an outside that
answers at once, and its answer judged, written and synced to disk. The peers do less on purpose:
the interpreter alone keeps everything in memory, and the disk alone writes a row a commit and knows
of no runs.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path

from bench import durable, figures, processes
from bench.suite import Suite
from bot import model
from bot.oos.engine import calls, interpreter, journal
from bot.oos.template import parse

TASKS = 25
TOGETHER = 16
FEW, MANY = 10, 1000
_TASK = """
- Name: step{number}
  Action: ACS::ExecuteAPI
  Properties:
    Service: ECS
    API: ModifyInstanceAttribute
    Parameters: {{InstanceId: i-bench, Description: 'step {number}'}}
  Outputs:
    id: {{Type: String, ValueSelector: .RequestId}}
"""
STEPS = "FormatVersion: OOS-2019-06-01\nTasks:" + "".join(
    _TASK.format(number=number) for number in range(TASKS)
)
_LOOP = """
FormatVersion: OOS-2019-06-01
Tasks:
- Name: find
  Action: ACS::ExecuteAPI
  Properties: {{Service: ECS, API: DescribeInstances, Parameters: {{MaxResults: 100}}}}
  Outputs:
    ids: {{Type: List, ValueSelector: '.Ids[:{items}][]'}}
- Name: act
  Action: ACS::ExecuteAPI
  Properties:
    Service: ECS
    API: ModifyInstanceAttribute
    Parameters: {{InstanceId: '{{{{ ACS::TaskLoopItem }}}}', Description: bench}}
  Loop:
    Items: '{{{{ find.ids }}}}'
    RateControl: {{Mode: Concurrency, Concurrency: {together}, MaxErrors: 0}}
"""
TEMPLATES = {
    "steps": STEPS,
    "few": _LOOP.format(items=FEW, together=FEW),
    "many": _LOOP.format(items=MANY, together=50),
    "all": _LOOP.format(items=MANY, together=MANY),
}
ANSWERS = {
    "DescribeInstances": {"Ids": [f"i-bench{number:08}" for number in range(MANY)]},
    "ModifyInstanceAttribute": {"RequestId": "00000000-0000-0000-0000-000000000000"},
}


async def measure(suite: Suite) -> None:
    folder = processes.FOLDER / "runs"
    path = durable.configuration(folder, suite.far.url, TEMPLATES)
    async with durable.opened(path, ANSWERS) as bot:
        await _once(bot, "steps", 1)
        await _steps(suite, bot)
        await _loops(suite, bot)
    shutil.rmtree(folder)


async def _steps(suite: Suite, bot: durable.Durable) -> None:
    taken: dict[str, list[float]] = {"one": [], "several": [], "memory": [], "disk": []}
    for _ in range(suite.rounds):
        taken["one"].append(TASKS / await _once(bot, "steps", 1))
        taken["several"].append(TOGETHER * TASKS / await _once(bot, "steps", TOGETHER))
        taken["memory"].append(TASKS / in_memory("steps", STEPS))
        taken["disk"].append(TASKS / on_disk(processes.FOLDER / "disk.db", TASKS))
    for name, rates in taken.items():
        suite.figures.keep(f"runs.steps_per_second_{name}", figures.median(rates))
    for name in ("one", "several"):
        for peer in ("memory", "disk"):
            value = figures.ratio(taken[name], taken[peer])
            suite.figures.keep(f"runs.steps_{name}_ratio_to_{peer}", value)
    figures.rows(
        suite.console,
        f"Steps per second through the durable engine, runs of {TASKS} calls",
        ("", "steps/s", "to the bare interpreter", "to one commit a step"),
        [
            (
                label,
                figures.median(taken[name]),
                figures.ratio(taken[name], taken["memory"]),
                figures.ratio(taken[name], taken["disk"]),
            )
            for label, name in (
                ("one run", "one"),
                (f"{TOGETHER} runs at once", "several"),
                ("the interpreter in memory", "memory"),
                ("one commit a step", "disk"),
            )
        ],
    )


async def _loops(suite: Suite, bot: durable.Durable) -> None:
    """Seconds per item; those of few items also pay for the planning and the end of a run."""
    taken: dict[str, list[float]] = {"few": [], "many": [], "all": [], "memory": [], "disk": []}
    for _ in range(suite.rounds):
        taken["few"].append(await _once(bot, "few", 1) / FEW)
        taken["many"].append(await _once(bot, "many", 1) / MANY)
        taken["all"].append(await _once(bot, "all", 1) / MANY)
        taken["memory"].append(in_memory("many", TEMPLATES["many"]) / MANY)
        taken["disk"].append(on_disk(processes.FOLDER / "disk.db", 100) / 100)
    for name, seconds in taken.items():
        suite.figures.keep(f"runs.item_us_{name}", figures.median(seconds) * 1e6)
    for peer in ("few", "memory", "disk"):
        value = figures.ratio(taken["many"], taken[peer])
        suite.figures.keep(f"runs.item_of_1000_ratio_to_{peer}", value)
    figures.rows(
        suite.console,
        "What an item of a loop costs",
        ("", "µs an item", "1,000 items to it"),
        [
            (label, figures.median(taken[name]) * 1e6, figures.ratio(taken["many"], taken[name]))
            for label, name in (
                (f"{FEW} items, all at once", "few"),
                (f"{MANY:,} items, 50 at a time", "many"),
                (f"{MANY:,} items, all at once", "all"),
                ("the interpreter in memory", "memory"),
                ("one commit an item", "disk"),
            )
        ],
    )


async def _once(bot: durable.Durable, name: str, runs: int) -> float:
    """Seconds that so many runs of a template take, approved and at once."""
    ready = await bot.ask(name, runs)
    began = time.perf_counter()
    await bot.begin(ready)
    await bot.until(ready, model.State.SUCCEEDED)
    return time.perf_counter() - began


def in_memory(name: str, text: str) -> float:
    """Seconds that the interpreter alone takes for a run, every call answered as it is made."""
    template = parse.parse(text, name, name)
    now = datetime.now(UTC)
    run = interpreter.Run("bench", now, "cn-hangzhou", "bench")
    began = time.perf_counter()
    state = interpreter.State(template, {}, {name: template}, run)
    while isinstance(following := state.next(now), interpreter.Calls):
        for call in following.calls:
            assert isinstance(call, calls.Call)
            assert isinstance(call.what, calls.Api)
            state.apply(journal.Started(call.key, now))
            state.apply(journal.Finished(call.key, now, journal.Done(ANSWERS[call.what.api])))
    seconds = time.perf_counter() - began
    if not isinstance(following, interpreter.Done) or following.status != "Success":
        raise RuntimeError(f"the run in memory ended as {following}")
    return seconds


def on_disk(path: Path, count: int) -> float:
    """Seconds that so many commits take, each of one row of an answer, synced as the store's."""
    for stale in path.parent.glob(path.name + "*"):
        stale.unlink()
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE steps (id INTEGER PRIMARY KEY, body TEXT)")
        began = time.perf_counter()
        for number in range(count):
            connection.execute("INSERT INTO steps VALUES (?, ?)", (number, "x" * 400))
        return time.perf_counter() - began
    finally:
        connection.close()
