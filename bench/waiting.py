"""10,000 runs that wait, against none: the processor's time, the memory, the start.

Half of them wait for people to approve, half sleep until tomorrow. They were asked for, approved
and begun through the real engine; then the bot is started on that store as it is in production.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path

from bench import durable, figures, processes
from bench.suite import Suite
from bot import model

COUNT = 10_000
TOGETHER = 200
STARTS = 3
_APPROVAL = """
FormatVersion: OOS-2019-06-01
Description: Restarts a service once somebody agrees
Parameters:
  service: {Type: String, Default: nginx}
Tasks:
- Name: look
  Action: ACS::ExecuteAPI
  Properties: {Service: ECS, API: DescribeInstances, Parameters: {MaxResults: 10}}
  Outputs:
    ids: {Type: List, ValueSelector: '.Ids[]'}
- Name: agree
  Action: ACS::Approve
  Properties:
    NotifyType: WebHook
    WebHook:
      URI: 'robot:ops'
      Content: {msgtype: text, text: {content: 'Notify: restart {{ service }}?'}}
- Name: restart
  Action: ACS::ExecuteAPI
  Properties: {Service: ECS, API: ModifyInstanceAttribute, Parameters: {Name: '{{ service }}'}}
"""
_SLEEP = """
FormatVersion: OOS-2019-06-01
Description: Restarts a service tomorrow
Parameters:
  service: {Type: String, Default: nginx}
Tasks:
- Name: look
  Action: ACS::ExecuteAPI
  Properties: {Service: ECS, API: DescribeInstances, Parameters: {MaxResults: 10}}
- Name: tomorrow
  Action: ACS::Sleep
  Properties: {Duration: PT20H}
- Name: restart
  Action: ACS::ExecuteAPI
  Properties: {Service: ECS, API: ModifyInstanceAttribute, Parameters: {Name: '{{ service }}'}}
"""
TEMPLATES = {"agreed": _APPROVAL, "tomorrow": _SLEEP}
ANSWERS = {"DescribeInstances": {"Ids": ["i-bench01", "i-bench02"]}}


async def measure(suite: Suite) -> None:
    count = COUNT // 10 if suite.quick else COUNT
    full = durable.configuration(processes.FOLDER / "waiting", suite.far.url, TEMPLATES)
    began = time.monotonic()
    await _fill(full, count)
    filled = time.monotonic() - began
    empty = durable.configuration(processes.FOLDER / "idle", suite.far.url, TEMPLATES)
    ready: dict[Path, list[float]] = {empty: [], full: []}
    busy: dict[Path, list[float]] = {empty: [], full: []}
    memory: dict[Path, list[float]] = {empty: [], full: []}
    for _ in range(STARTS):
        for one in ready:
            async with processes.bot(suite.far, one) as bot:
                ready[one].append(bot.ready)
                await asyncio.sleep(suite.seconds)
                cpu, at = bot.weigh().cpu, time.monotonic()
                await asyncio.sleep(10 * suite.seconds)
                busy[one].append((bot.weigh().cpu - cpu) / (time.monotonic() - at) * 60)
                memory[one].append(bot.weigh().memory)
    taken = {"ready_seconds": ready, "cpu_seconds_per_minute": busy, "memory_mb": memory}
    for name, values in taken.items():
        suite.figures.keep(f"waiting.{name}", figures.median(values[full]))
        suite.figures.keep(f"waiting.{name}_of_none", figures.median(values[empty]))
    suite.figures.keep("waiting.ready_ratio_to_none", figures.ratio(ready[full], ready[empty]))
    suite.figures.keep("waiting.memory_ratio_to_none", figures.ratio(memory[full], memory[empty]))
    figures.rows(
        suite.console,
        f"{count:,} runs wait (begun through the engine in {filled:.0f} s)",
        ("", "ready after s", "CPU s a minute", "memory MB"),
        [
            (label, *(figures.median(values[one]) for values in taken.values()))
            for label, one in (("none", empty), (f"{count:,} runs", full))
        ],
    )
    shutil.rmtree(full.parent)


async def _fill(path: Path, count: int) -> None:
    """Have so many runs wait in a new store, as many for people as for the time."""
    async with durable.opened(path, ANSWERS) as bot:
        for _ in range(0, count, 2 * TOGETHER):
            for name, state in (("agreed", model.State.WAITING), ("tomorrow", model.State.RUNNING)):
                numbers = await bot.ask(name, TOGETHER)
                await bot.begin(numbers)
                await bot.until(numbers, state)
        await bot.settled()
