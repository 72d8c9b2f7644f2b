"""What happens to the replicas of a history, and to what they need."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sandbox import process
from tests import postgres
from tests.chaos import disk
from tests.chaos.fleet import LEASE, Fleet, Replica

CHECKPOINTS = (
    *("engine.before_commit", "engine.committed", "outbox.claimed", "outbox.part"),
    *(
        f"outbox.{moment}.{kind}"
        for moment in ("before", "after")
        for kind in ("say", "show_card", "update_card", "resolve", "start_run", "run_call")
    ),
    *(f"outbox.{moment}.{kind}" for moment in ("before", "after") for kind in ("deliver",)),
    *(f"aliyun.{moment}.RunCommand" for moment in ("before", "after")),
)
WAITS = 6.0
"""Seconds within which a checkpoint is reached, or is not waited for any more."""


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What begins ``at`` so many seconds of the history, to which replica (-1: the leader, or all),
    and lasts ``seconds``; ``detail``: the checkpoint of a death, or the seconds of a clock."""

    at: float
    kind: str
    replica: int
    seconds: float
    detail: str = ""

    def __str__(self) -> str:
        who = "" if self.replica < 0 else f" r{self.replica}"
        detail = f" {self.detail}" if self.detail else ""
        return f"{self.at:.1f} s: {self.kind}{who}{detail} for {self.seconds:.1f} s"


class Stage:
    """What can be disturbed; one disturbance of a replica at a time."""

    def __init__(self, fleet: Fleet, server: postgres.Server | None) -> None:
        self.fleet, self.server = fleet, server
        self.turns = {replica.name: asyncio.Lock() for replica in fleet.replicas}
        self.database = asyncio.Lock()
        self.platforms: dict[str, asyncio.Lock] = {}

    def replica(self, number: int) -> Replica:
        return self.fleet.replicas[number]


async def _killed(stage: Stage, replica: Replica, one: Disturbance) -> None:
    await replica.kill()
    await asyncio.sleep(one.seconds)
    await replica.start()


async def _killed_there(stage: Stage, replica: Replica, one: Disturbance) -> None:
    starts = replica.starts
    replica.order(at=one.detail)
    for _ in range(int(WAITS / 0.1)):
        if replica.starts > starts:
            return
        await asyncio.sleep(0.1)
    replica.order(at="")


async def _ended(stage: Stage, replica: Replica, one: Disturbance) -> None:
    await replica.end()
    await asyncio.sleep(one.seconds)
    await replica.start()


async def _frozen(stage: Stage, replica: Replica, one: Disturbance) -> None:
    replica.freeze()
    await asyncio.sleep(one.seconds)
    replica.thaw()


async def _wrong_clock(stage: Stage, replica: Replica, one: Disturbance) -> None:
    replica.order(offset=float(one.detail))
    await asyncio.sleep(one.seconds)
    replica.order(offset=0.0)


async def _cut_off(stage: Stage, replica: Replica, one: Disturbance) -> None:
    ports = [stage.fleet.sandbox.ports[name] for name in process.PLATFORMS]
    replica.order(cut=tuple(ports))
    await asyncio.sleep(one.seconds)
    replica.order(cut=())


async def _without_database(stage: Stage, replica: Replica, one: Disturbance) -> None:
    assert replica.proxy is not None
    (replica.proxy.cut if one.detail == "refused" else replica.proxy.freeze)()
    await asyncio.sleep(one.seconds)
    replica.proxy.mend()


async def _bad_disk(stage: Stage, replica: Replica, one: Disturbance) -> None:
    if disk.library() is None:
        return  # without a C compiler no disk can be made to fail
    replica.disk.order(one.detail)
    await asyncio.sleep(one.seconds)
    replica.disk.order("")


OF_REPLICA: dict[str, Callable[[Stage, Replica, Disturbance], Awaitable[None]]] = {
    "SIGKILL": _killed,
    "SIGKILL at": _killed_there,
    "SIGTERM": _ended,
    "SIGSTOP": _frozen,
    "clock": _wrong_clock,
    "no platforms": _cut_off,
    "no database": _without_database,
    "disk": _bad_disk,
}


async def _leader_killed(stage: Stage, one: Disturbance) -> None:
    leader = await stage.fleet.leader()
    async with stage.turns[leader.name]:
        await _killed(stage, leader, one)


async def _nobody_has_a_database(stage: Stage, one: Disturbance) -> None:
    await asyncio.gather(*(_alone(stage, replica, one) for replica in stage.fleet.replicas))


async def _alone(stage: Stage, replica: Replica, one: Disturbance) -> None:
    async with stage.turns[replica.name]:
        await _without_database(stage, replica, one)


async def _database_restarted(stage: Stage, one: Disturbance) -> None:
    assert stage.server is not None
    await asyncio.to_thread(stage.server.stop, immediate=True)
    await asyncio.sleep(one.seconds)
    await asyncio.to_thread(stage.server.start)


async def _rolled(stage: Stage, one: Disturbance) -> None:
    for replica in stage.fleet.replicas:
        async with stage.turns[replica.name]:
            await _ended(stage, replica, one)


OF_ALL: dict[str, Callable[[Stage, Disturbance], Awaitable[None]]] = {
    "leader killed": _leader_killed,
    "no database for all": _nobody_has_a_database,
    "database restarted": _database_restarted,
    "rolling restart": _rolled,
}


async def _weather(stage: Stage, one: Disturbance) -> None:
    """Of all calls to a party, or of its pushes, a share misbehaves."""
    party, do, share = one.detail.split()
    await stage.fleet.sandbox.call(
        party, "weather", do=do, share=float(share), seed=int(one.at * 100)
    )
    await asyncio.sleep(one.seconds)
    await stage.fleet.sandbox.call(party, "weather", do=do, share=0)


async def _connections_cut(stage: Stage, one: Disturbance) -> None:
    await stage.fleet.sandbox.call(one.detail, "kill_sockets")
    await asyncio.sleep(one.seconds)


OF_PLATFORMS: dict[str, Callable[[Stage, Disturbance], Awaitable[None]]] = {
    "weather": _weather,
    "connections cut": _connections_cut,
}
WEATHER = {
    "dingtalk": (
        "error",
        "throttle",
        "slow",
        "hang_up",
        "lose_answer",
        "html",
        "drop_ack",
        "duplicate",
    ),
    "lark": (
        "error",
        "throttle",
        "slow",
        "hang_up",
        "lose_answer",
        "html",
        "drop_ack",
        "duplicate",
    ),
    "aliyun": ("error", "throttle", "slow", "hang_up", "lose_answer", "html"),
}
SHARES = (0.1, 0.3, 0.6, 1.0)
ONLY_SHARED = (
    "no database",
    "no database for all",
    "database restarted",
    "leader killed",
    "rolling restart",
)
ONLY_ON_SQLITE = ("disk",)


def plan(chance: random.Random, replicas: int, shared: bool, length: float) -> list[Disturbance]:
    """Between three and seven disturbances within so many seconds."""
    never = ONLY_ON_SQLITE if shared else ONLY_SHARED
    kinds = [*OF_REPLICA, *OF_ALL, *OF_PLATFORMS]
    kinds += ["SIGKILL", "SIGKILL at", "SIGKILL at", "SIGSTOP", "weather", "weather", "disk"]
    kinds = [kind for kind in kinds if kind not in never]
    found = [
        _one(chance, chance.choice(kinds), replicas, length) for _ in range(chance.randint(3, 7))
    ]
    return sorted(found, key=lambda one: one.at)


def _one(chance: random.Random, kind: str, replicas: int, length: float) -> Disturbance:
    at, who = round(chance.uniform(0.3, length), 2), chance.randrange(replicas)
    seconds, detail = chance.uniform(0.0, 1.5), ""
    if kind in OF_ALL or kind in OF_PLATFORMS:
        who = -1
    if kind == "SIGSTOP":
        seconds = chance.choice((chance.uniform(0.2, 2.5), LEASE + chance.uniform(0.5, 3.0)))
    elif kind in ("no platforms", "clock", "weather"):
        seconds = chance.uniform(1.0, 6.0)
    elif kind.startswith("no database"):
        seconds = chance.choice((chance.uniform(0.2, 2.5), LEASE + chance.uniform(0.5, 3.0)))
        detail = chance.choice(("refused", "frozen"))
    if kind == "clock":
        detail = chance.choice(("600", "-600"))
    elif kind == "SIGKILL at":
        detail = chance.choice(CHECKPOINTS)
    elif kind == "disk":
        seconds, detail = chance.uniform(0.2, 3.0), chance.choice(("full", "read-only", "unsynced"))
    elif kind == "connections cut":
        detail = chance.choice(("dingtalk", "lark"))
    elif kind == "weather":
        party = chance.choice(sorted(WEATHER))
        detail = f"{party} {chance.choice(WEATHER[party])} {chance.choice(SHARES)}"
    return Disturbance(at, kind, who, round(seconds, 2), detail)


async def played(stage: Stage, disturbances: Sequence[Disturbance]) -> None:
    """Let them happen, each at its time or, where one of the same thing lasts, after that."""
    began = asyncio.get_running_loop().time()

    async def one(it: Disturbance) -> None:
        await asyncio.sleep(max(0.0, began + it.at - asyncio.get_running_loop().time()))
        if it.kind in OF_PLATFORMS:
            async with stage.platforms.setdefault(it.detail.rpartition(" ")[0], asyncio.Lock()):
                with stage.fleet.disturbed():
                    await OF_PLATFORMS[it.kind](stage, it)
            return
        if it.kind in OF_ALL:
            async with stage.database:
                with stage.fleet.disturbed():
                    await OF_ALL[it.kind](stage, it)
            return
        replica = stage.replica(it.replica)
        async with stage.turns[replica.name]:
            with stage.fleet.disturbed():
                await OF_REPLICA[it.kind](stage, replica, it)

    await asyncio.gather(*(one(it) for it in disturbances))
