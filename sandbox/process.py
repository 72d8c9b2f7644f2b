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


async def connected(company: Company, bot: asyncio.subprocess.Process, patience: float) -> None:
    """Wait until the bot is connected to both platforms; RuntimeError if it ends or is too slow."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if bot.returncode is not None:
            raise RuntimeError(f"the bot ended with status {bot.returncode}")
        lists = [await company.call(platform, "connections") for platform in PLATFORMS]
        if all(any(connection["open"] for connection in found) for found in lists):
            return
        await asyncio.sleep(0.05)
    raise RuntimeError(f"the bot was not connected within {patience:.0f} s")


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


class BotProcess:
    """The bot of the demo: a process under a clock that can be set. Its data and its log are in
    ``folder``; what is there from before is removed."""

    def __init__(self, folder: Path, company: Company, locale: str) -> None:
        self.folder, self.company = folder, company
        for old in folder.glob("data/*"):
            old.unlink()
        self.commands = folder / "commands"
        self.log, self.offset = folder / "bot.log", folder / "clock"
        self.configure(locale)
        self.log.write_bytes(b"")
        self.offset.write_text("0", "utf-8")
        self.process: asyncio.subprocess.Process | None = None

    def configure(self, locale: str) -> None:
        """Write its configuration; it holds from the next start."""
        extra = BUDGETS + stories.rules(self.folder, self.company.ports)
        extra += CANARY + resources(self.folder)
        self.config = configuration(self.folder, self.company.ports, extra, locale)
        text = self.config.read_text("utf-8")
        for old, new in (
            ("asks_per_minute = 20 ", "asks_per_minute = 200 "),
            (f'commands = "{ROOT}/commands"', f'commands = "{self.commands}"'),
            ('commands = ["restart", ', 'commands = ["quota", "restart", '),
        ):
            text = text.replace(old, new, 1)
        self.config.write_text(text, "utf-8")

    @property
    def http(self) -> int:
        """The port on which it takes events, as its log says; RuntimeError: not yet."""
        ports = re.findall(
            r"listening on 127\.0\.0\.1:(\d+)", self.log.read_text("utf-8", "replace")
        )
        if not ports:
            raise RuntimeError("the bot does not listen for events yet")
        return int(ports[-1])

    async def start(self) -> None:
        """Start it, and wait until it is connected to both platforms."""
        await self.launch()
        assert self.process is not None
        await connected(self.company, self.process, 60)

    async def launch(self) -> None:
        """Start it, and wait for nothing. That its clock was set it hears once it listens."""
        with _unheard(signal.SIGUSR1):
            self.process = await _started(
                self.log, "sandbox.timed", str(self.config), str(self.offset)
            )

    async def kill(self) -> None:
        """SIGKILL; returns once both platforms have noticed that its connections are gone."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()
        for platform in PLATFORMS:
            await self._gone(platform)

    async def _gone(self, platform: str) -> None:
        while True:
            found = await self.company.call(platform, "connections")
            if not any(connection["open"] for connection in found):
                return
            await asyncio.sleep(0.02)

    async def set_clock(self, seconds: float) -> None:
        """From now on its machine's clock differs by so much from the real one."""
        assert self.process is not None
        self.offset.write_text(f"{seconds}", "utf-8")
        self.process.send_signal(signal.SIGUSR1)

    async def stop(self, patience: float = 15.0) -> int:
        return 0 if self.process is None else await stop_bot(self.process, patience)
