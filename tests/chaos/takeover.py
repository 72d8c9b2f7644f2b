"""How long it takes from the SIGKILL of the replica that has a call in hand until another one has
made that call."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from pathlib import Path

from sandbox import play
from sandbox.client import Sandbox
from tests import postgres
from tests.chaos import fleet as fleets

LOOK = 0.01
LONGEST = 60.0


async def measured(times: int, replicas: int) -> list[float]:
    """Seconds, of so many deaths."""
    with (
        tempfile.TemporaryDirectory(prefix="takeover-") as folder,
        contextlib.ExitStack() as stack,
    ):
        server = stack.enter_context(postgres.private())
        url = stack.enter_context(server.database())
        proxies = [stack.enter_context(server.proxy()) for _ in range(replicas)]
        async with Sandbox() as sandbox:
            fleet = fleets.Fleet(sandbox, Path(folder), url, proxies)
            async with fleets.running(fleet):
                return [await _once(fleet, number) for number in range(times)]


async def _once(fleet: fleets.Fleet, number: int) -> float:
    """Somebody asks for help; whoever is about to answer is killed."""
    await fleet.mend()
    platform = ("lark", "dingtalk")[number % 2]
    people = play.Play(fleet.sandbox, platform, LONGEST)
    known = await people.ids()
    for replica in fleet.replicas:
        replica.restarts = False
        replica.order(at="outbox.before.say")
    await people.say("alice", "help")
    deadline = time.monotonic() + LONGEST
    while all(replica.alive for replica in fleet.replicas):
        people.check(time.monotonic() < deadline, "nobody was about to answer")
        await asyncio.sleep(LOOK)
    died = time.monotonic()
    for replica in fleet.replicas:
        replica.restarts = True
        if replica.alive:
            replica.order(at="")
    await people.until("the answer", lambda entries: answered(entries, known))
    return time.monotonic() - died


def answered(entries: list[play.Entry], known: list[str]) -> bool:
    return any(entry["from"] == "bot" and entry["id"] not in known for entry in entries)
