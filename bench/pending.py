"""A store with 100,000 requests that wait for votes, against an empty one: acks, start, memory."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import figures, frames, processes
from bench.suite import Suite
from bot import model, store
from bot.store import codec

COUNT = 100_000
TOGETHER = 2_000
STARTS = 3
_SCRIPT = "#!/bin/bash\nset -eu\nsystemctl restart nginx\nsystemctl is-active nginx\n" * 8


async def measure(suite: Suite) -> None:
    config = processes.configuration(processes.FOLDER / "pending", suite.far.url)
    began = time.monotonic()
    fill(config.parent / "data" / "countersign.db", COUNT)
    filled = time.monotonic() - began
    empty = processes.configuration(processes.FOLDER / "empty", suite.far.url)
    ready: dict[Path, list[float]] = {empty: [], config: []}
    for _ in range(STARTS):
        for one in ready:
            async with processes.bot(suite.far, one) as bot:
                ready[one].append(bot.ready)
    suite.figures.keep("ready.seconds", figures.median(ready[empty]))
    suite.figures.keep("ready.seconds_100k_pending", figures.median(ready[config]))
    rates, memory = await _alternate(suite, empty, config)
    slower = figures.ratio(rates[empty], rates[config])
    suite.figures.keep("ack.pending_100k_ratio", slower)
    suite.figures.keep("memory.mb_100k_pending", memory[config])
    figures.rows(
        suite.console,
        f"{COUNT:,} requests pending (put into the store in {filled:.0f} s)",
        ("", "ready after s", "acks/s, 64 in flight", "memory MB"),
        [
            ("empty", figures.median(ready[empty]), figures.median(rates[empty]), memory[empty]),
            (
                "pending",
                figures.median(ready[config]),
                figures.median(rates[config]),
                memory[config],
            ),
            ("ratio", *_ratios(ready, empty, config), slower, ""),
        ],
    )
    shutil.rmtree(config.parent)


def _ratios(ready: dict[Path, list[float]], empty: Path, config: Path) -> tuple[float]:
    return (figures.median(ready[config]) / figures.median(ready[empty]),)


async def _alternate(
    suite: Suite, *configs: Path
) -> tuple[dict[Path, list[float]], dict[Path, float]]:
    """Acks per second of each, in turn, with only the measured bot running."""
    rates: dict[Path, list[float]] = {one: [] for one in configs}
    memory = {}
    for _ in range(suite.rounds):
        for one in configs:
            async with processes.bot(suite.far, one) as bot:
                await suite.far.load("bot@dingtalk", 64, 0.5)
                said = await suite.far.load("bot@dingtalk", 64, suite.seconds)
                rates[one].append(said["rate"])
                memory[one] = bot.weigh().memory
    return rates, memory


def fill(path: Path, count: int) -> None:
    """Put ``count`` pending requests into a new store, by the store's own writer: each with its
    plan, its card (shown), its timers, its event and its audit entries."""
    now = datetime.now(UTC)
    with store.Store(path) as opened:
        writer = opened.writer
        assert writer is not None
        for first in range(1, count + 1, TOGETHER):
            writer.begin()
            for number in range(first, min(first + TOGETHER, count + 1)):
                _pending(writer, number, now)
            writer.commit()
            writer.upkeep(idle=True)


def _pending(writer: store.Writer, number: int, now: datetime) -> None:
    request = pending(number, now)
    card = model.Card(number, request.code, "restart", "orange", "pending", ())
    key = f"card:bench:{number}"
    show = model.NewEffect(key, f"chat:{number}", model.ShowCard(request.place, card, key), number)
    entries = (
        model.AuditEntry(request.person, "request.asked", number, {"command": "restart"}),
        model.AuditEntry("countersign", "request.planned", number, {"digest": request.digest}),
    )
    timers = (
        model.Timer(number, "remind", now + timedelta(hours=4)),
        model.Timer(number, "expire", request.expires_at),
    )
    view = model.View(next_request=number, audit_seq=0, installation=writer.installation)
    decision = model.Decision(request=request, effects=(show,), timers=timers, audit=entries)
    moment = codec.ms(now)
    writer.apply(view, decision, now)
    writer.settle(number, model.Done(request.card), moment)
    writer.record(f"dingtalk:msg:old-{number}", "Asked", moment, model.Receipt())


def pending(number: int, now: datetime) -> model.Request:
    """A request as it stands in the store while it waits for votes."""
    asker = model.Account(
        "dingtalk", frames.CORP, frames.person("dingtalk", number % frames.PEOPLE), "张三"
    )
    machine = model.Instance("i-bench0web01", "web-01", "cn-hangzhou")
    plan = model.ScriptPlan("restart", "1", (machine,), "cn-hangzhou", script=_SCRIPT)
    place = model.Place("dingtalk", frames.CORP, frames.CHAT, f"old-{number}")
    request = model.Request(
        id=number,
        state=model.State.PENDING,
        version=1,
        command="restart",
        args={"targets": ["web-01"], "service": "nginx", "reason": f"leak {number}"},
        person=f"p{number % frames.PEOPLE}",
        account=asker,
        place=place,
        locale="en",
        text=f'restart web-01 reason="leak {number}"',
        policy="one",
        risk="medium",
        created_at=now,
        expires_at=now + timedelta(hours=12),
        card=f"cs-{number:032d}",
        plan=plan,
    )
    return replace(request, digest=model.digest(plan))
