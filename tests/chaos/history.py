"""One history: what a seed means, and how it is played."""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import tempfile
import time
import traceback
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sandbox import play, process
from sandbox.client import PROCESSES, Sandbox
from tests import postgres, settings
from tests.chaos import disturbances, scenes, truth
from tests.chaos import fleet as fleets
from tests.crash import crew
from tests.crash import truth as crash_truth
from tests.postgres_proxy import Proxy

PROCESSES.set_forkserver_preload(["sandbox.__main__", "tests.sdk_models"])
LENGTH = 7.0
"""Seconds within which scenes begin and disturbances happen."""
LONGEST = 200.0
SETTLES = 60.0
STEP = 310.0
"""Seconds that pass on the platforms at once: Lark's third try comes after an hour."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a seed means for so many replicas; 0: one bot on SQLite. ``kept``: the parts that are
    left of it, by their names; None: all of them."""

    seed: int
    replicas: int
    cues: tuple[scenes.Cue, ...]
    disturbances: tuple[disturbances.Disturbance, ...]
    kept: tuple[str, ...] | None = None

    @classmethod
    def of(cls, seed: int, replicas: int) -> Plan:
        chance = random.Random(f"{seed} of {replicas}")
        cues = scenes.plan(chance, seed, LENGTH)
        acts = disturbances.plan(chance, max(1, replicas), bool(replicas), LENGTH)
        return cls(seed, replicas, tuple(cues), tuple(acts))

    @property
    def parts(self) -> dict[str, scenes.Cue | disturbances.Disturbance]:
        """All that happens, by name: "c0" is the first scene, "d0" the first disturbance."""
        return {
            **{f"c{number}": one for number, one in enumerate(self.cues)},
            **{f"d{number}": one for number, one in enumerate(self.disturbances)},
        }

    def only(self, names: Sequence[str]) -> Plan:
        """The same history with nothing but these parts."""
        return replace(self, kept=tuple(name for name in self.parts if name in names))

    @property
    def happens(self) -> list[scenes.Cue | disturbances.Disturbance]:
        """What is left of it, in order."""
        parts = self.parts
        left = [one for name, one in parts.items() if self.kept is None or name in self.kept]
        return sorted(left, key=lambda one: one.at)

    @property
    def replay(self) -> str:
        """The command that plays it again."""
        only = f" --only {','.join(self.kept)}" if self.kept is not None else ""
        return f"make chaos ARGS='--seed {self.seed} --replicas {self.replicas}{only}'"

    def lines(self) -> list[str]:
        """What happens, in order."""
        return [str(one) for one in self.happens]


@dataclass(slots=True)
class Result:
    """``faults`` is empty if all was as it must be."""

    plan: Plan
    faults: list[str] = field(default_factory=list)
    starts: int = 0
    seconds: float = 0.0
    folder: Path | None = None
    looked_at: dict[str, int] = field(default_factory=dict)


async def played(plan: Plan, server: postgres.Server | None) -> Result:
    """Play a history. Its folder is kept when something was wrong."""
    folder = Path(tempfile.mkdtemp(prefix=f"history-{plan.seed}-{plan.replicas}-"))
    result = Result(plan, folder=folder)
    began = time.monotonic()
    try:
        async with (
            asyncio.timeout(LONGEST),
            Sandbox() as sandbox,
            _furnished(plan, sandbox, folder, server) as fleet,
        ):
            try:
                await _play(plan, fleet, server, result)
            finally:
                with contextlib.suppress(Exception):
                    (folder / "store.txt").write_text("\n".join(truth.left(fleet)), "utf-8")
                result.starts = sum(one.starts for one in fleet.replicas)
    except BaseExceptionGroup as group:
        result.faults += [_words(fault) for fault in _leaves(group)]
    except Exception as fault:
        result.faults.append(_words(fault))
    result.seconds = time.monotonic() - began
    if not result.faults:
        shutil.rmtree(folder)
        result.folder = None
    return result


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for fault in group.exceptions:
        if isinstance(fault, BaseExceptionGroup):
            yield from _leaves(fault)
        else:
            yield fault


def _words(fault: BaseException) -> str:
    if isinstance(fault, play.StoryFailed | crew.Fault | TimeoutError):
        return f"{type(fault).__name__}: {fault}"
    return "".join(traceback.format_exception(fault))


@contextlib.asynccontextmanager
async def _furnished(
    plan: Plan, sandbox: Sandbox, folder: Path, server: postgres.Server | None
) -> AsyncIterator[fleets.Fleet]:
    with contextlib.ExitStack() as stack:
        url, proxies = "", list[Proxy]()
        if server is not None:
            url = stack.enter_context(server.database())
            proxies = [stack.enter_context(server.proxy()) for _ in range(plan.replicas)]
        fleet = fleets.Fleet(sandbox, folder, url, proxies)
        await settings.prepare(folder, sandbox, settings.AS_SHIPPED)
        # an update waits for the answer to a click that a replica which was stopped has in hand
        await sandbox.call("dingtalk", "configure", session_per_minute=0, callback_grace=3.0)
        async with fleets.running(fleet):
            yield fleet


async def _play(
    plan: Plan, fleet: fleets.Fleet, server: postgres.Server | None, result: Result
) -> None:
    await fleet.mend()
    platforms = crew.Platforms(fleet.sandbox, fleet.is_well, STEP)
    again = asyncio.create_task(platforms.redeliver())
    try:
        stage = disturbances.Stage(fleet, server)
        async with asyncio.TaskGroup() as group:
            cues = [one for one in plan.happens if isinstance(one, scenes.Cue)]
            acts = [one for one in plan.happens if isinstance(one, disturbances.Disturbance)]
            playing = group.create_task(scenes.played(fleet, cues, plan.seed))
            group.create_task(_disturbed(stage, acts))
        await at_rest(fleet, platforms)
        await everything_again(fleet.sandbox)
        await at_rest(fleet, platforms)
    finally:
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)
    for replica in fleet.replicas:
        await replica.end()
        result.faults += replica.ends
        if replica.broke:
            result.faults.append(f"a traceback in {replica.folder}")
    facts = await truth.gather(fleet)
    result.faults += truth.faults(facts, playing.result())
    result.looked_at = dict(truth.summary(facts))


async def _disturbed(stage: disturbances.Stage, acts: Sequence[disturbances.Disturbance]) -> None:
    await disturbances.played(stage, acts)
    await stage.fleet.mend()


async def at_rest(fleet: fleets.Fleet, platforms: crew.Platforms) -> None:
    """Wait until nothing is left to do. Raises StoryFailed if something stays for ever."""
    deadline = time.monotonic() + SETTLES
    while True:
        await fleet.up()
        left = crash_truth.open_ends(fleet.location)
        left = left or ", ".join(one["id"] for one in await platforms.unacknowledged())
        if not left:
            return
        if time.monotonic() > deadline:
            raise play.StoryFailed(f"never done: {left}")
        await asyncio.sleep(crew.LOOK)


async def everything_again(sandbox: Sandbox) -> None:
    """Both platforms deliver once more what they had delivered long ago."""
    for platform in process.PLATFORMS:
        for kind in ("push.chat", "push.event"):
            for delivery in await sandbox.call(platform, "deliveries", kind=kind):
                await sandbox.call(platform, "push_again", delivery=delivery["id"])
