"""Calls that one poll of 1,000 open invocations makes, as the ECS stand-in counts them.

The real poller on a real store asks through the real adapter and the official SDK; the invocations
are runs of the stand-in, one instance each.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters import aliyun
from bench import figures, pending, processes
from bench.suite import Suite
from bot import model, store
from bot.core import run_script
from bot.runtime import clock, engine, poller
from sandbox import world
from sandbox.client import Sandbox

COUNT = 1_000
MACHINE = world.MACHINES[0]


async def measure(suite: Suite) -> None:
    count = COUNT // 4 if suite.quick else COUNT
    folder = processes.FOLDER / "polls"
    shutil.rmtree(folder, ignore_errors=True)
    async with Sandbox() as sandbox:
        executor = aliyun.Aliyun(
            aliyun.Settings(
                region=world.ALIYUN_REGION,
                endpoint=sandbox.url("aliyun"),
                credentials=aliyun.Credentials("key", world.ALIYUN_KEY_ID, world.ALIYUN_KEY_SECRET),
            ),
            clock.Steady(clock.MachineClock()),
        )
        with store.Store(folder / "countersign.db") as opened:
            assert opened.writer is not None
            steps = await _run(executor, opened.writer.installation, count)
            calls, seconds, told = await _poll(sandbox, executor, opened, steps)
        await executor.close()
    per_thousand = calls * 1000 / count
    suite.figures.keep("poll.calls_per_1000", per_thousand)
    suite.figures.keep("poll.ms_per_1000", seconds * 1e6 / count)
    figures.rows(
        suite.console,
        f"One poll of {count:,} open invocations",
        ("", "calls", "per 1,000", "milliseconds", "results told"),
        [("DescribeInvocationResults", calls, per_thousand, seconds * 1000, told)],
    )


async def _run(executor: aliyun.Aliyun, installation: str, count: int) -> list[model.Step]:
    """Start ``count`` runs and return their steps, as the store would hold them."""
    together = asyncio.Semaphore(16)
    plan = model.ScriptPlan(
        "run",
        "1",
        (model.Instance(MACHINE.id, MACHINE.name, MACHINE.region),),
        MACHINE.region,
        script="echo done",
    )
    digest = model.digest(plan)

    async def one(number: int) -> model.Step:
        batch = run_script.batch_of(installation, number, 1, model.EPOCH)
        token = f"bench-{installation}-{number}"
        step = model.Step(number, 0, token, batch, MACHINE.region, (MACHINE.id,))
        tags = {
            aliyun.STEP_TAG: token,
            aliyun.BATCH_TAG: batch,
            aliyun.AT_TAG: str(int(time.time())),
        }
        effect = model.StartRun(number, plan, digest, step, f"bench #{number}", tags)
        async with together:
            outcome = await executor.perform(effect, model.Attempt())
        if not isinstance(outcome, model.Done):
            raise RuntimeError(f"run {number} did not start: {outcome}")
        return model.Step(
            number, 0, token, batch, MACHINE.region, (MACHINE.id,), outcome.ref, "running"
        )

    return list(await asyncio.gather(*(one(number) for number in range(1, count + 1))))


async def _poll(
    sandbox: Sandbox, executor: aliyun.Aliyun, opened: store.Store, steps: list[model.Step]
) -> tuple[int, float, int]:
    """Poll once: calls made, seconds taken, events told."""
    now = datetime.now(UTC)
    told: list[model.Event] = []

    def write(writer: store.Writer) -> None:
        for step in steps:
            request = pending.pending(step.request, now - timedelta(minutes=1))
            view = model.View(next_request=step.request, audit_seq=0, installation="bench")
            writer.apply(view, model.Decision(request=request, steps=(step,)), now)

    def read(event: model.Event) -> model.Reading:
        told.append(event)
        return model.Reading(model.Needs(), lambda view, at: model.Decision())

    door = engine.Engine(opened, read, clock.Steady(clock.MachineClock()))
    door.start()
    try:
        await door.write(write)
        watcher = poller.Poller(door, lambda engine: executor, clock.Steady(clock.MachineClock()))
        before = await _counted(sandbox)
        began = time.perf_counter()
        await watcher.poll(now)
        return await _counted(sandbox) - before, time.perf_counter() - began, len(told)
    finally:
        await door.close()


async def _counted(sandbox: Sandbox) -> int:
    calls: list[dict[str, Any]] = await sandbox.call("aliyun", "calls")
    return sum(call["api"].startswith("Describe") for call in calls)
