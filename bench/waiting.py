"""10,000 runs that wait, against none: the processor's time, the memory, the start.

Half of them wait for people to approve, half sleep until tomorrow. One of each was asked for,
approved and begun through the real engine; the others are the same run again, put in by the store's
own writer: each with its request, plan, vote, journal, timers, card and audit entries. Then the bot
is started on that store as it is in production.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bench import durable, figures, processes
from bench.suite import Suite
from bot import model, store
from bot.store import codec
from bot.store.sql import views

COUNT = 10_000
TOGETHER = 1_000
STARTS = 3
WATCHED = 62.0
"""Seconds; the bot looks around every thirty, whatever there is."""
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
  Properties:
    Service: ECS
    API: ModifyInstanceAttribute
    Parameters: {InstanceId: i-bench01, InstanceName: '{{ service }}'}
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
  Properties:
    Service: ECS
    API: ModifyInstanceAttribute
    Parameters: {InstanceId: i-bench01, InstanceName: '{{ service }}'}
"""
TEMPLATES = {"agreed": _APPROVAL, "tomorrow": _SLEEP}
ANSWERS = {"DescribeInstances": {"Ids": ["i-bench01", "i-bench02"]}}


async def measure(suite: Suite) -> None:
    count = COUNT // 10 if suite.quick else COUNT
    full = durable.configuration(processes.FOLDER / "waiting", suite.far.url, TEMPLATES)
    began = time.monotonic()
    await fill(full, count)
    filled = time.monotonic() - began
    empty = durable.configuration(processes.FOLDER / "idle", suite.far.url, TEMPLATES)
    ready: dict[Path, list[float]] = {empty: [], full: []}
    busy: dict[Path, list[float]] = {empty: [], full: []}
    memory: dict[Path, list[float]] = {empty: [], full: []}
    for start in range(STARTS):
        for one in ready:
            async with processes.bot(suite.far, one) as bot:
                ready[one].append(bot.ready)
                await asyncio.sleep(1)
                memory[one].append(bot.weigh().memory)
                if start == STARTS - 1:
                    busy[one].append(await _idle(bot, 10 if suite.quick else WATCHED))
    taken = {"ready_seconds": ready, "cpu_seconds_per_minute": busy, "memory_mb": memory}
    for name, values in taken.items():
        suite.figures.keep(f"waiting.{name}", figures.median(values[full]))
        suite.figures.keep(f"waiting.{name}_of_none", figures.median(values[empty]))
    suite.figures.keep("waiting.ready_ratio_to_none", figures.ratio(ready[full], ready[empty]))
    suite.figures.keep("waiting.memory_ratio_to_none", figures.ratio(memory[full], memory[empty]))
    figures.rows(
        suite.console,
        f"{count:,} runs wait (put into the store in {filled:.0f} s)",
        ("", "ready after s", "CPU s a minute", "memory MB"),
        [
            (label, *(figures.median(values[one]) for values in taken.values()))
            for label, one in (("none", empty), (f"{count:,} runs", full))
        ],
    )
    shutil.rmtree(full.parent)


async def _idle(bot: processes.Bot, seconds: float) -> float:
    """Processor seconds a minute that it uses while nothing happens."""
    cpu, at = bot.weigh().cpu, time.monotonic()
    await asyncio.sleep(seconds)
    return (bot.weigh().cpu - cpu) / (time.monotonic() - at) * 60


@dataclass(frozen=True)
class _Run:
    """A run that waits, as it stands in the store."""

    request: model.Request
    votes: tuple[model.Vote, ...]
    journal: tuple[model.JournalRow, ...]
    timers: tuple[tuple[str, datetime], ...]


async def fill(path: Path, count: int) -> None:
    """Have so many runs wait in a new store, as many for people as for the time."""
    async with durable.opened(path, ANSWERS) as bot:
        agreed, tomorrow = [*await bot.ask("agreed"), *await bot.ask("tomorrow")]
        await bot.begin((agreed, tomorrow))
        await bot.until((agreed,), model.State.WAITING)
        await bot.until((tomorrow,), model.State.RUNNING)
        await bot.settled()
        database = bot.app.settings.database
        runs = [
            await bot.engine.read(lambda reader, number=number: _read(reader, number))  # type: ignore[misc]
            for number in (agreed, tomorrow)
        ]
    with store.Store(database) as opened:
        assert opened.writer is not None
        for first in range(tomorrow + 1, count + 1, TOGETHER):
            opened.writer.begin()
            for number in range(first, min(first + TOGETHER, count + 1)):
                _write(opened.writer, runs[number % 2], number)
            opened.writer.commit()
            opened.writer.upkeep(idle=True)


def _read(reader: store.Reader, number: int) -> _Run:
    request = reader.request(number)
    assert request is not None
    timers = reader.connection.execute(
        "SELECT kind, due_at FROM timers WHERE request = ?", (number,)
    ).fetchall()
    return _Run(
        request,
        reader.votes(number),
        views.Archive(reader.connection).entries(number, 0),
        tuple((kind, codec.at(due)) for kind, due in timers),
    )


def _write(writer: store.Writer, run: _Run, number: int) -> None:
    """The same run once more, under another number."""
    now = datetime.now(UTC)
    place = replace(run.request.place, message=f"m{number}")
    request = replace(run.request, id=number, version=1, place=place, card=f"card-{number}")
    card = model.Card(number, request.code, request.command, "orange", request.state.value, ())
    key = f"card:bench:{number}"
    decision = model.Decision(
        request=request,
        votes=tuple(replace(vote, request=number) for vote in run.votes),
        journal=tuple(replace(row, request=number) for row in run.journal),
        timers=tuple(model.Timer(number, kind, due) for kind, due in run.timers),
        effects=(model.NewEffect(key, key, model.ShowCard(place, card, key), number),),
        audit=tuple(
            model.AuditEntry("countersign", action, number, {"digest": request.digest})
            for action in ("request.asked", "request.planned", "run.begun", "run.waiting")
        ),
    )
    view = model.View(next_request=number, audit_seq=0, installation=writer.installation)
    writer.apply(view, decision, now)
    shown = writer.connection.execute("SELECT MAX(id) FROM outbox").fetchone()[0]
    writer.settle(shown, model.Done(request.card), codec.ms(now))
    writer.record(f"ask:{number}", "Asked", codec.ms(now), model.Receipt())
