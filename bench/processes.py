"""Everything measured runs in a process of its own; these start, ask, weigh and end them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import frames

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "var" / "bench"
NAME = "bot"
PATIENCE = 60.0
PLATFORM = {"echo": "dingtalk", "reply": "dingtalk", "handler": "lark"}

_CONFIG = """
[bot]
locale = "en"
data = "data"
commands = "{commands}"
log_level = "warning"

[dingtalk]
client_id = "{name}"
client_secret = {{ file = "secret" }}
corps = ["{corp}"]
endpoint = "{url}"
webhook_hosts = ["{url}"]

[lark]
app_id = "{name}"
app_secret = {{ file = "secret" }}
tenants = ["{tenant}"]
domain = "{url}"

[aliyun]
region = "cn-hangzhou"
endpoint = "{url}"
[aliyun.credentials]
type = "key"
key_id = "LTAIbench"
key_secret = {{ file = "secret" }}

[[person]]
id = "approver"
roles = ["sre"]
dingtalk = "u-approver"
lark = "ou_approver"

[role.sre]
commands = ["*"]

[policy.one]
approvers = ["role:sre"]
read_first = false
expires = "12h"
{rules}
[[group]]
platform = "dingtalk"
chat = "{chat}"
name = "dingtalk"
[[group]]
platform = "lark"
chat = "{lark_chat}"
name = "lark"

[security]
asks_per_minute = 10000
most_open_per_person = 10000
most_open_per_command = 100000

[[budget]]
platform = "aliyun"
kinds = ["lookup"]
per = "region"
count = 10
per_seconds = 1
"""
"""Everything as it is by default, but for the people, their allowance, and instances looked up ten
times a second: at once would be another benchmark (``outbound``). The shipped patterns follow."""

RESTART = """
[role.dev]
commands = ["restart"]

[command.restart]
policy = "one"
allowed_targets = ["web-*"]
"""
"""What those who ask may ask for, unless a subject has commands of its own."""

_PERSON = """
[[person]]
id = "p{number}"
roles = ["dev"]
dingtalk = "{dingtalk}"
lark = "{lark}"
"""


def configuration(
    folder: Path, url: str, commands: Path = ROOT / "commands", rules: str = RESTART
) -> Path:
    """A fresh folder with a ``bot.toml`` for the far end at ``url``. ``rules``: what those who ask
    (the role ``dev``) may ask for, as TOML."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    text = _CONFIG.format(
        name=NAME,
        url=url,
        commands=commands,
        rules=rules,
        corp=frames.CORP,
        tenant=frames.TENANT,
        chat=frames.CHAT,
        lark_chat=frames.LARK_CHAT,
    )
    text += "".join(
        _PERSON.format(
            number=n, dingtalk=frames.person("dingtalk", n), lark=frames.person("lark", n)
        )
        for n in range(frames.PEOPLE)
    )
    text += _patterns((ROOT / "bot.toml").read_text("utf-8"))
    (folder / "secret").write_text("bench-secret-0123456789", "utf-8")
    (folder / "bot.toml").write_text(text, "utf-8")
    return folder / "bot.toml"


def _patterns(shipped: str) -> str:
    """The security patterns of the shipped configuration, those that name no policy of its own."""
    parts = shipped.split("[[security.pattern]]")[1:]
    parts[-1] = parts[-1].partition("# ----")[0]
    return "".join(f"[[security.pattern]]{part}" for part in parts if "policy =" not in part)


@dataclass(frozen=True)
class Weight:
    """Processor seconds used so far, and memory now and at most, in MB."""

    cpu: float
    memory: float
    peak: float


class Child:
    """A process that was started for the bench."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid

    def weigh(self) -> Weight:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        sizes = {}
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name in ("VmRSS", "VmHWM"):
                sizes[name] = int(value.split()[0]) / 1024
        return Weight(cpu, sizes["VmRSS"], sizes["VmHWM"])

    async def end(self) -> int:
        """Ask it to stop; kill it if it does not. Returns its status."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), PATIENCE)
            except TimeoutError:
                self._process.kill()
        return await self._process.wait()


class FarEnd(Child):
    """``bench.far_end``, and the orders it takes."""

    url = ""

    async def order(self, **order: Any) -> dict[str, Any]:
        """Have an order carried out. Raises RuntimeError with what went wrong."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        return await self.said()

    async def said(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the far end has ended")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"the far end: {answer['error']}")
        return answer

    async def load(
        self, peer: str, in_flight: int, seconds: float, kind: str = "ask"
    ) -> dict[str, Any]:
        """See ``far_end.Load``; a bad ack is an error. Raises RuntimeError."""
        return self._judged(
            await self.order(do="load", peer=peer, in_flight=in_flight, seconds=seconds, kind=kind)
        )

    async def pace(self, peer: str, rate: float, seconds: float) -> dict[str, Any]:
        """See ``far_end.Pace``. Raises RuntimeError."""
        return self._judged(await self.order(do="pace", peer=peer, rate=rate, seconds=seconds))

    @staticmethod
    def _judged(said: dict[str, Any]) -> dict[str, Any]:
        if said["bad"]:
            raise RuntimeError(f"{said['bad']} acks were no good ones")
        return said


@contextlib.asynccontextmanager
async def far_end(tls: Path | None = None) -> AsyncIterator[FarEnd]:
    flags = ["--tls", str(tls)] if tls else []
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.far_end", *flags),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    child = FarEnd(process)
    try:
        child.url = (await child.said())["url"]
        yield child
    finally:
        await child.end()


@contextlib.asynccontextmanager
async def peer(far: FarEnd, kind: str) -> AsyncIterator[Child]:
    """An unmodified SDK, connected as ``kind@platform``; see ``bench.peers``."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.peers", kind, kind, far.url),
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    child = Child(process)
    try:
        await far.order(do="wait", peer=f"{kind}@{PLATFORM[kind]}", seconds=PATIENCE)
        yield child
    finally:
        await child.end()


class Bot(Child):
    """``python -m bot run``, connected. ``ready`` is how many seconds that took."""

    ready = 0.0
    database = Path()


@contextlib.asynccontextmanager
async def bot(far: FarEnd, config: Path) -> AsyncIterator[Bot]:
    """The bot as it is run in production, connected to both platforms."""
    log = config.with_name("bot.log")
    began = time.monotonic()
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run", "--config", str(config)),
            cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=asyncio.subprocess.STDOUT,
        )
    child = Bot(process)
    child.database = config.parent / "data" / "countersign.db"
    try:
        stood = [
            (await far.order(do="wait", peer=f"{NAME}@{platform}", seconds=PATIENCE))["since"]
            for platform in ("dingtalk", "lark")
        ]
        child.ready = max(stood) - began
        yield child
    except BaseException:
        print(log.read_text("utf-8", "replace")[-2000:], file=sys.stderr)
        raise
    finally:
        await child.end()
