"""``make soak``: a bot under a steady load, while a share of all that it calls fails. Does it stay
as it is?

Events over HTTP, which are delivered to a server, questions, requests, and votes in words, on both
platforms. Every few seconds it is looked at how much memory and how many files the process has,
and how late the oldest thing is that it is to send. At the end the last tenth of these looks is
compared with that in the middle: until then it warms up. Status 0: nothing has grown; 1:
something has, or something was lost.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from bot import model, store
from sandbox import process, stories
from sandbox.client import PROCESSES, Sandbox
from tests import postgres, settings
from tests.chaos import fleet as fleets
from tests.crash import crew
from tests.postgres_proxy import Proxy

PROCESSES.set_forkserver_preload(["sandbox.__main__", "tests.sdk_models"])
SHARE = 0.02
"""Of all calls and pushes, for each way to fail."""
FAILS = ("error", "throttle", "lose_answer", "slow")
PUSHES_FAIL = ("drop_ack", "duplicate")
QUESTIONS = ("whoami", "pending", "status")
ROUND = 30.0
"""Seconds from one question, request and vote to the next on each platform: DingTalk takes 20
messages a minute in a group."""
OTHERS = 3 * len(process.PLATFORMS) / ROUND
"""Events a second that are none over HTTP."""
EVERY = 5.0
"""Seconds between two looks."""
MORE_MEMORY, MORE_FILES, LATE = 1.1, 10, 30.0
"""So many times the memory, so many more files, and so many seconds, are too much."""


@dataclass(frozen=True, slots=True)
class Look:
    """``memory`` in MB, ``files`` open, ``late``: the seconds that the oldest thing is due which is
    to be sent, ``open``: the requests that have not ended."""

    memory: float
    files: int
    late: float
    open: int


class Soak:
    """The load, and what was seen meanwhile. ``sent`` are the events that were taken."""

    def __init__(self, fleet: fleets.Fleet, rate: float) -> None:
        self.fleet, self.rate = fleet, rate
        self.looks: list[Look] = []
        self.sent = 0
        self.refused = 0
        self._numbers = itertools.count(1)

    async def run(self, seconds: float) -> None:
        """Keep the load up for so long."""
        load = [self._events(), *(self._people(name) for name in process.PLATFORMS)]
        tasks = [asyncio.create_task(each) for each in (*load, self._watch())]
        try:
            done, _ = await asyncio.wait(tasks, timeout=seconds, return_when="FIRST_COMPLETED")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _events(self) -> None:
        """Events over HTTP, evenly; one that is refused counts as not sent."""
        headers = {"Authorization": f"Bearer {stories.EVENTS_TOKEN}"}
        pause, due = 1 / (self.rate - OTHERS), time.monotonic()
        async with (
            aiohttp.ClientSession(trust_env=False, headers=headers) as session,
            asyncio.TaskGroup() as group,
        ):
            while True:
                group.create_task(self._event(session, next(self._numbers)))
                due += pause
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _event(self, session: aiohttp.ClientSession, number: int) -> None:
        replica = self.fleet.replicas[number % len(self.fleet.replicas)]
        detail = {"platform": process.PLATFORMS[number % 2], "emp_id": f"E{number}"}
        event = {"source": "hr.system", "detail-type": "Raise", "detail": detail, "id": str(number)}
        try:
            async with session.post(
                f"http://127.0.0.1:{replica.http}/events/hr", json=event
            ) as answer:
                taken = answer.status in (200, 202)
        except aiohttp.ClientError:
            taken = False
        self.sent += taken
        self.refused += not taken

    async def _people(self, platform: str) -> None:
        """Somebody asks something, somebody asks for something, and somebody agrees to it."""
        for turn in itertools.count():
            due = time.monotonic() + ROUND
            for user, text in (
                ("alice", QUESTIONS[turn % len(QUESTIONS)]),
                ("alice", f"restart web-0{turn % 3 + 1} reason={turn}"),
                *(("bob", text) for text in self._votes(platform)),
            ):
                await self.fleet.sandbox.call(platform, "say", user=user, chat="ops", text=text)
                self.sent += 1
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _votes(self, platform: str) -> list[str]:
        """What bob says to agree to all that waits for it on a platform."""
        with store.opened(self.fleet.location, readonly=True) as opened, opened.reading() as reader:
            return [
                f"approve {one.id} {one.code}"
                for one in reader.recent_requests(20)
                if one.state is model.State.PENDING and one.place.platform == platform and one.card
            ]

    async def _watch(self) -> None:
        while True:
            self.looks.append(await asyncio.to_thread(self._look))
            await asyncio.sleep(EVERY)

    def _look(self) -> Look:
        with store.opened(self.fleet.location, readonly=True) as opened, opened.reading() as reader:
            due = [one.due for one in reader.queues() if one.due is not None]
            requests = sum(reader.status().requests.values())
        late = (datetime.now(UTC) - min(due)).total_seconds() if due else 0.0
        pids = [one.pid for one in self.fleet.replicas]
        memory = sum(_memory(pid) for pid in pids)
        files = sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)
        return Look(memory, files, max(0.0, late), requests)


def _memory(pid: int) -> float:
    """The resident memory of a process, in MB."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def middle(looks: Sequence[Look], tenth: int) -> Look:
    """The medians of the looks of a tenth of the time, from 0 to 9."""
    size = len(looks) / 10
    part = looks[int(tenth * size) : max(int((tenth + 1) * size), int(tenth * size) + 1)]
    return Look(
        statistics.median(one.memory for one in part),
        round(statistics.median(one.files for one in part)),
        statistics.median(one.late for one in part),
        round(statistics.median(one.open for one in part)),
    )


def faults(looks: Sequence[Look]) -> list[str]:
    """What has grown."""
    if len(looks) < 10:
        return [f"there were {len(looks)} looks: too short to tell anything"]
    early, last = middle(looks, 4), middle(looks, 9)
    found = []
    if last.memory > early.memory * MORE_MEMORY:
        found.append(f"memory grew from {early.memory:.0f} to {last.memory:.0f} MB")
    if last.files > early.files + MORE_FILES:
        found.append(f"open files grew from {early.files} to {last.files}")
    if last.late > max(early.late, LATE):
        found.append(f"what is to be sent is {last.late:.0f} s late, and was {early.late:.0f} s")
    if last.open > max(2 * early.open, 50):
        found.append(f"open requests grew from {early.open} to {last.open}")
    return found


def table(looks: Sequence[Look]) -> Iterator[str]:
    yield "tenth  memory  files   late  open requests"
    for tenth in range(10):
        one = middle(looks, tenth)
        yield (f"{tenth + 1:5} {one.memory:4.0f} MB {one.files:6} {one.late:4.1f} s {one.open:14}")


async def _weather(sandbox: Sandbox) -> None:
    for party in ("dingtalk", "lark", "aliyun"):
        ways = FAILS if party == "aliyun" else (*FAILS, *PUSHES_FAIL)
        for do in ways:
            await sandbox.call(party, "weather", do=do, share=SHARE)


async def main(options: argparse.Namespace) -> int:
    with (
        tempfile.TemporaryDirectory() as name,
        postgres.private() if options.replicas else contextlib.nullcontext() as server,
        contextlib.ExitStack() as stack,
    ):
        folder, url, proxies = Path(name), "", list[Proxy]()
        if server is not None:
            url = stack.enter_context(server.database())
            proxies = [stack.enter_context(server.proxy()) for _ in range(options.replicas)]
        async with Sandbox() as sandbox:
            fleet = fleets.Fleet(sandbox, folder, url, proxies)
            await settings.prepare(folder, sandbox, settings.AS_SHIPPED)
            await sandbox.call("dingtalk", "configure", session_per_minute=0)
            async with fleets.running(fleet):
                await fleet.mend()
                await _weather(sandbox)
                platforms = crew.Platforms(sandbox, fleet.is_well, 60.0)
                again = asyncio.create_task(platforms.redeliver())
                soak = Soak(fleet, options.rate)
                try:
                    await soak.run(options.minutes * 60)
                finally:
                    again.cancel()
                found = faults(soak.looks) + [end for one in fleet.replicas for end in one.ends]
    for line in table(soak.looks) if len(soak.looks) >= 10 else ():
        print(line)
    seconds = options.minutes * 60
    pace = soak.sent / seconds
    print(f"{soak.sent} events in {seconds:.0f} s, {pace:.0f}/s; {soak.refused} refused")
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak")
    parser.add_argument("--minutes", type=float, default=60.0, help="for so long (default: 60)")
    parser.add_argument("--rate", type=float, default=50.0, help="events a second (default: 50)")
    parser.add_argument("--replicas", type=int, default=0, help="on PostgreSQL; 0: one on SQLite")
    sys.exit(asyncio.run(main(parser.parse_args())))
