"""The bot as a process beside the stand-ins: its configuration, its start and its end."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from sandbox import stories, world
from sandbox.client import Company

ROOT = Path(__file__).resolve().parent.parent
PLATFORMS = ("dingtalk", "lark")
LEASE = 5
"""Seconds after which the others take over from one of several bots of the demo."""
IMPATIENT = """

# ---- no limit per minute, and a policy that runs out within seconds, for the story of the expiry
[[budget]]
platform = "dingtalk"
kinds = ["say", "card", "lookup"]
per = "app"
count = 20
per_seconds = 1

[policy.impatient]
approvers = ["role:sre"]
remind = "2s"
expires = "5s"

[[security.pattern]]
regex = "nobody looks"
where = ["text"]
commands = ["restart"]
action = "escalate"
policy = "impatient"
reason = "the demo's story of a request that nobody decides"
"""
BUDGETS = """

# ---- added by the demo: no limits per minute, since a person will type right after the stories,
# ---- and what the stories need
[[budget]]
platform = "dingtalk"
kinds = ["say", "card", "lookup"]
per = "app"
count = 50
per_seconds = 1

[[budget]]
platform = "lark"
kinds = ["say", "card", "lookup"]
per = "app"
count = 50
per_seconds = 1
"""


def configuration(
    folder: Path, ports: dict[str, int], extra: str = "", locale: str = "zh-CN"
) -> Path:
    """``bot.toml`` as shipped, with this sandbox's ports, data of its own, and this language."""

    def here(text: str) -> str:
        for name, port in world.PORTS.items():
            text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{ports[name]}")
        return text

    secrets = folder / "secrets"
    secrets.mkdir(parents=True, exist_ok=True)
    for secret in (ROOT / "sandbox" / "secrets").iterdir():
        (secrets / secret.name).write_text(here(secret.read_text("utf-8")), "utf-8")
    text = here((ROOT / "bot.toml").read_text("utf-8"))
    text = text.replace('"sandbox/secrets/', f'"{secrets}/')
    text = text.replace('data = "var"', f'data = "{folder}/data"')
    text = text.replace('commands = "commands"', f'commands = "{ROOT}/commands"')
    text = text.replace('locale = "zh-CN"', f'locale = "{locale}"', 1)
    path = folder / "bot.toml"
    path.write_text(text + extra, "utf-8")
    return path


async def _started(log: Path, *module: str) -> asyncio.subprocess.Process:
    """A program of the checkout that writes into a log, in a session of its own: a Ctrl-C of this
    terminal does not reach it."""
    with log.open("ab") as out:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *module),
            cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )


@contextlib.contextmanager
def _unheard(number: signal.Signals) -> Iterator[None]:
    """What is started within does not hear of a signal until it unblocks it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


async def start_bot(config: Path, log: Path) -> asyncio.subprocess.Process:
    """The bot as it is always started."""
    return await _started(log, "bot", "run", "--config", str(config))


async def stop_bot(bot: asyncio.subprocess.Process, patience: float = 15.0) -> int:
    """Stop it by SIGTERM; killed, if that takes longer."""
    if bot.returncode is None:
        bot.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(bot.wait(), patience)
        except TimeoutError:
            bot.kill()
    return await bot.wait()


RESOURCES = """
[command.quota]
policy = "one-sre"
risk = "low"
targets = ["web-03"]
allowed_targets = ["web-*"]
"""
RESOURCE_FORM = """
[[form]]
platform = "{platform}"
form = "{form}"
command = "quota"
args = {{ project = "project", resource = "resource", amount = "amount" }}
group = "ops"
"""
CANARY = """

# ---- at the pace 2 a runbook stops after its first instance, and people vote on whether to go on
[policy.canary]
approvers = ["role:sre"]
canary = 1
expires = "30m"

[[security.pattern]]
regex = "rateControl=2"
where = ["text"]
commands = ["reboot-with-approval"]
action = "escalate"
policy = "canary"
reason = "金丝雀：先看第一台的结果 (canary: look at the first instance first)"
"""


def resources(folder: Path) -> str:
    """What the form of a resource request adds to the configuration: here the form only asks, and
    people vote on a card. Its command is dropped into a copy of the folder of commands."""
    commands = folder / "commands"
    shutil.rmtree(commands, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "commands", commands, ignore=ignored)
    shutil.copytree(ROOT / "sandbox" / "commands", commands, ignore=ignored, dirs_exist_ok=True)
    codes = (("dingtalk", world.DINGTALK_RESOURCE_FORM), ("lark", world.LARK_RESOURCE_FORM))
    forms = (RESOURCE_FORM.format(platform=platform, form=form) for platform, form in codes)
    return RESOURCES + "".join(forms)


def demo_configuration(folder: Path, ports: dict[str, int], locale: str) -> Path:
    """Write what the demo's bot works with into its folder: configuration, commands and secrets."""
    extra = BUDGETS + stories.rules(folder, ports) + CANARY + resources(folder)
    path = configuration(folder, ports, extra, locale)
    text = path.read_text("utf-8")
    for old, new in (
        ("asks_per_minute = 20 ", "asks_per_minute = 200 "),
        (f'commands = "{ROOT}/commands"', f'commands = "{folder}/commands"'),
        ('commands = ["restart", ', 'commands = ["quota", "restart", '),
    ):
        text = text.replace(old, new, 1)
    path.write_text(text, "utf-8")
    return path


class BotProcess:
    """A bot of the demo: a process under a clock that can be set. It works in ``folder``, as one of
    several in a folder of its name in there; what is there from before is removed. ``number``: of
    the one of several, from 1; 0: it is alone."""

    def __init__(self, folder: Path, company: Company, number: int = 0) -> None:
        self.shared, self.company, self.number = folder, company, number
        self.name = world.name_of_bot(number) if number else "bot"
        self.folder = folder / self.name if number else folder
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.glob("data/*"):
            old.unlink()
        self.log, self.config = self.folder / "bot.log", self.folder / "bot.toml"
        self.log.write_bytes(b"")
        self.offset = folder / "clock"
        self.process: asyncio.subprocess.Process | None = None
        self.frozen = False
        self.ports = company.ports_of_bots[max(0, number - 1)]

    def configure(self, shared: Path) -> None:
        """Take the configuration of the demo; it holds from the next start."""
        if not self.number:
            return
        text = shared.read_text("utf-8")
        own = (
            f'store = {{ file = "{self.shared}/secrets/database" }}',
            f'key = {{ file = "{self.shared}/secrets/key" }}',
            f'replica = "{self.name}"',
            f"lease = {LEASE}",
            'data = "data"',
        )
        text = text.replace(f'data = "{self.shared}/data"', "\n".join(own), 1)
        self.config.write_text(text, "utf-8")

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.returncode is None

    @property
    def http(self) -> int:
        """The port on which it takes events, as its log says; RuntimeError: not yet."""
        ports = re.findall(
            r"listening on 127\.0\.0\.1:(\d+)", self.log.read_text("utf-8", "replace")
        )
        if not ports:
            raise RuntimeError("the bot does not listen for events yet")
        return int(ports[-1])

    async def launch(self) -> None:
        """Start it, and wait for nothing. That its clock was set it hears once it listens."""
        ways = [f"{self.company.ports[name]}={port}" for name, port in self.ports.items()]
        with _unheard(signal.SIGUSR1):
            self.process = await _started(
                self.log, "sandbox.timed", str(self.config), str(self.offset), *ways
            )
        self.frozen = False

    async def connected(self, patience: float = 60.0) -> None:
        """Wait until it is connected to both platforms; RuntimeError if it ends or is too slow."""
        assert self.process is not None
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if not self.runs:
                raise RuntimeError(f"{self.name} ended with status {self.process.returncode}")
            if all([await self._open(platform) for platform in PLATFORMS]):
                return
            await asyncio.sleep(0.05)
        raise RuntimeError(f"{self.name} was not connected within {patience:.0f} s")

    async def kill(self) -> None:
        """SIGKILL; returns once both platforms have noticed that its connections are gone."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()
        for platform in PLATFORMS:
            await self._gone(platform)

    async def _gone(self, platform: str) -> None:
        while True:
            if not await self._open(platform):
                return
            await asyncio.sleep(0.02)

    async def _open(self, platform: str) -> bool:
        """Does that platform hold a connection of it?"""
        found = await self.company.call(platform, "connections")
        return any(each["open"] and each["port"] == self.ports[platform] for each in found)

    def freeze(self) -> None:
        """SIGSTOP: it does nothing more until it is woken, and does not know of it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        self.frozen = True

    def wake(self) -> None:
        """SIGCONT."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)
        self.frozen = False

    def hear_clock(self) -> None:
        """Let it read the clock that was set."""
        assert self.process is not None
        self.process.send_signal(signal.SIGUSR1)

    async def stop(self, patience: float = 15.0) -> int:
        """Stop it by SIGTERM; its status."""
        if self.process is None:
            return 0
        if self.runs:
            self.wake()
        return await stop_bot(self.process, patience)
