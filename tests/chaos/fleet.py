"""The bot as so many processes of one configuration, each of which can be disturbed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

from bot import store
from sandbox import process, stories
from sandbox.client import Sandbox
from tests import settings
from tests.chaos.disk import Disk
from tests.crash import crew, runbooks
from tests.postgres_proxy import Proxy

LEASE = 6
"""Seconds: twice the least that can be set, as a busy machine lets a process wait for longer."""
BUDGETS = """
[[budget]]
platform = "dingtalk"
kinds = ["say", "card", "lookup"]
per = "app"
count = 12
per_seconds = 2

[[budget]]
platform = "lark"
kinds = ["say", "card"]
per = "app"
count = 12
per_seconds = 2
"""
POLICIES = """
[policy.sre-and-owner]
stages = [{ approvers = ["role:sre"] }, { approvers = ["dave"] }]

[[policy.when]]
policy = "sre-and-owner"
reason = "two groups"
commands = ["restart"]
regex = "both teams"
where = ["text"]

[command.freeze]
policy = "one-sre"

[command.unfreeze]
policy = "one-sre"
"""
SHARED = """store = { env = "HISTORY_STORE" }
replica = { env = "HISTORY_REPLICA" }
"""
UNREACHED = ("cannot be reached", "the store failed: connection failed")
"""What a process says that ends because it was started while there was no database."""
DISK_FAILED = ("database or disk is full", "disk I/O error", "attempt to write a readonly database")
"""What SQLite says of a disk that fails."""
LEADER = "SELECT name FROM replicas WHERE state = 'living' ORDER BY id LIMIT 1"


@dataclass(slots=True)
class Orders:
    """What a process is told; see ``tests.chaos.child``."""

    offset: float = 0.0
    cut: tuple[int, ...] = ()
    at: str = ""


def is_of_disk(log: str) -> bool:
    """Does what a process wrote say that its disk failed?"""
    return any(why in log for why in DISK_FAILED)


class Replica:
    """One process, and the next ones in its place. ``proxy``: its way to the database."""

    def __init__(self, fleet: Fleet, number: int, proxy: Proxy | None) -> None:
        self.fleet, self.name, self.proxy = fleet, f"replica-{number}", proxy
        self.folder = fleet.folder / self.name
        self.orders = Orders()
        self.disk = Disk(self.folder / "disk")
        self.ends: list[str] = []
        """How its processes ended that were not meant to."""
        self.starts = 0
        self.restarts = True
        """Is it started again after it was killed at a checkpoint?"""
        self._ending = True
        self._starting = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it, unless it runs."""
        async with self._starting:
            if not self.alive:
                await self._start()

    async def _start(self) -> None:
        self._tell()
        environment = os.environ | {
            "HISTORY_STORE": self.proxy.url(self.fleet.url) if self.proxy else "",
            "HISTORY_REPLICA": self.name,
            **self.disk.environment,
        }
        config = str(self.folder / "bot.toml")
        self.starts += 1
        with self._unheard(), self.log.open("ab") as out:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.chaos.child", str(self._file)),
                *("run", "--config", config),
                cwd=process.ROOT,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        self._ending = False
        self._watch = asyncio.create_task(self._follow(self._process))

    async def _follow(self, process: asyncio.subprocess.Process) -> None:
        """Note an end that nobody ordered, and start it again, as a supervisor does."""
        code = await process.wait()
        if self._ending:
            return
        if not (code == -signal.SIGKILL and self.orders.at) and not self._excused:
            self.ends.append(f"{self.name} ended with status {code}")
        self.orders.at = ""
        await self.disk.works.wait()
        if self.restarts and not self._ending:
            await self.start()

    async def kill(self) -> None:
        """SIGKILL."""
        async with self._starting:  # after a death it is the next process that is meant
            self._ending = True
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def end(self) -> None:
        """SIGTERM; notes a status that is none of a clean end."""
        async with self._starting:  # after a death it is the next process that is meant
            self._ending = True
        assert self._process is not None
        self.thaw()
        code = await process.stop_bot(self._process, 30.0)
        if code not in (0, -signal.SIGTERM) and not self._excused:  # SIGTERM: not listening yet
            self.ends.append(f"{self.name} was told to end, and did with status {code}")

    def freeze(self) -> None:
        """SIGSTOP."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def order(self, **orders: object) -> None:
        """Disturb it from now on."""
        for name, value in orders.items():
            setattr(self.orders, name, value)
        self._tell()
        self._signal(signal.SIGUSR1)

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> Path:
        """What its newest process writes into."""
        return self.folder / f"bot-{self.starts}.log"

    @property
    def _excused(self) -> bool:
        """Did its newest process end because it could not begin without a database, or because its
        disk failed?"""
        text = self.log.read_text("utf-8", "replace")
        if is_of_disk(text):
            return True
        return "ready after" not in text and any(why in text for why in UNREACHED)

    @property
    def broke(self) -> bool:
        """Did one of its processes write a traceback that no failing disk explains?"""
        logs = [path.read_text("utf-8", "replace") for path in self.folder.glob("bot-*.log")]
        return any("Traceback" in text and not is_of_disk(text) for text in logs)

    @property
    def http(self) -> int:
        """The port on which it takes events; 0: none yet."""
        text = self.log.read_text("utf-8", "replace") if self.alive else ""
        ports = re.findall(r"listening on 127\.0\.0\.1:(\d+)", text)
        return int(ports[-1]) if ports else 0

    @property
    def _file(self) -> Path:
        return self.folder / "orders"

    def _tell(self) -> None:
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps(asdict(self.orders)), "utf-8")
        draft.rename(self._file)

    @staticmethod
    @contextlib.contextmanager
    def _unheard() -> Iterator[None]:
        """What is started within hears of no order until it obeys them."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _signal(self, number: signal.Signals) -> None:
        if self.alive:
            assert self._process is not None
            self._process.send_signal(number)


class Fleet:
    """All replicas of a bot against one sandbox. ``url``: their database; "": one bot on SQLite."""

    def __init__(self, sandbox: Sandbox, folder: Path, url: str, proxies: Sequence[Proxy]) -> None:
        self.sandbox, self.folder, self.url = sandbox, folder, url
        self.disturbances, self.calm_since = 0, time.monotonic()
        self._first = self._configure(folder / "replica-0")
        self.replicas = [
            Replica(self, number, proxy) for number, proxy in enumerate(proxies or (None,))
        ]
        for replica in self.replicas[1:]:
            self._copy(replica.folder)

    def _configure(self, folder: Path) -> Path:
        setting = settings.Setting(
            files=dict(runbooks.OWN.files),
            changes={**runbooks.OWN.changes, "asks_per_minute = 20 ": "asks_per_minute = 200 "},
            more=runbooks.OWN.more,
        )
        path = settings.furnish(folder, self.sandbox, setting)
        rules = stories.rules(folder, self.sandbox.ports)
        rules = rules[rules.index("[http]") :]
        text = path.read_text("utf-8").replace(process.IMPATIENT.split("[policy")[0], "") + rules
        text = text.replace(f'data = "{folder}/data"', 'data = "data"')
        (folder / "secrets" / "installation-key").write_text("k" * 40, "utf-8")
        key = f'key = {{ file = "{folder}/secrets/installation-key" }}\n'
        shared = f"{SHARED}lease = {LEASE}\n" if self.url else ""
        text = text.replace("[bot]\n", f"[bot]\n{key}{shared}", 1)
        path.write_text(text + POLICIES + BUDGETS, "utf-8")
        return path

    def _copy(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        shutil.copy(self._first, folder / "bot.toml")

    @property
    def config(self) -> Path:
        """The configuration of all."""
        return self._first

    @property
    def location(self) -> store.Location:
        """Where the store is, past every proxy."""
        return self.url or self.folder / "replica-0" / "data" / "countersign.db"

    async def up(self) -> None:
        """Wait until somebody is connected to both platforms."""
        deadline = time.monotonic() + crew.PATIENCE
        while not await self.is_up():
            if time.monotonic() > deadline:
                raise crew.Fault("nobody is connected")
            await asyncio.sleep(crew.LOOK)

    async def is_up(self, least: int = 1) -> bool:
        """Are so many connected to each platform?"""
        for name in process.PLATFORMS:
            found = await self.sandbox.call(name, "connections")
            if sum(one["open"] for one in found) < least:
                return False
        return True

    async def is_well(self) -> bool:
        """Is everybody connected, and has nothing been disturbed for a while? A platform gives up
        after so many tries."""
        calm = not self.disturbances and time.monotonic() - self.calm_since > LEASE
        return calm and await self.is_up(len(self.replicas))

    @contextlib.contextmanager
    def disturbed(self) -> Iterator[None]:
        """Something is disturbed meanwhile."""
        self.disturbances += 1
        try:
            yield
        finally:
            self.disturbances -= 1
            self.calm_since = time.monotonic()

    async def leader(self) -> Replica:
        """Whoever leads now, as far as the database can be asked."""

        def ask() -> str:
            with psycopg.connect(self.url, connect_timeout=2) as connection:
                row = connection.execute(LEADER).fetchone()
                return str(row[0]) if row else ""

        name = ""
        with contextlib.suppress(psycopg.Error):
            name = await asyncio.to_thread(ask)
        return next((one for one in self.replicas if one.name == name), self.replicas[0])

    async def mend(self) -> None:
        """End every disturbance, and wait until all are connected."""
        for replica in self.replicas:
            if replica.proxy is not None:
                replica.proxy.mend()
            replica.thaw()
            replica.disk.order("")
            replica.order(offset=0.0, cut=(), at="")
            if not replica.alive:
                await replica.start()
        deadline = time.monotonic() + crew.PATIENCE
        while not await self.is_up(len(self.replicas)):
            if time.monotonic() > deadline:
                raise crew.Fault("not every replica came back")
            await asyncio.sleep(crew.LOOK)


@contextlib.asynccontextmanager
async def running(fleet: Fleet) -> AsyncIterator[None]:
    """All replicas, until the block ends; then none."""
    try:
        for replica in fleet.replicas:
            await replica.start()
        yield
    finally:
        for replica in fleet.replicas:
            if replica.alive:
                await replica.kill()
