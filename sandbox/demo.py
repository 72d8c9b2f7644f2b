"""``make demo``: start the sandbox and the bot, play the stories while showing them, then let a
person type as any of the example people.

``--once`` leaves after the stories, with status 0 if all of them went as told.
"""

from __future__ import annotations

import signal

if __name__ == "__main__":  # Ctrl-C while all the rest is imported: leave without a word
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import asyncio
import os
import socket
import sys
import time
from collections.abc import Awaitable
from pathlib import Path

from rich.console import Console
from rich.text import Text

from sandbox import live, play, stories, view, words, world
from sandbox.client import Sandbox

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "var" / "demo"
PLATFORMS = ("dingtalk", "lark")
INTERRUPTED = 130
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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_ports() -> dict[str, int]:
    """The usual ports, or free ones where somebody else holds one of them."""
    for port in world.PORTS.values():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return dict.fromkeys(world.PORTS, 0)
    return dict(world.PORTS)


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


async def connected(sandbox: Sandbox, bot: asyncio.subprocess.Process, patience: float) -> None:
    """Wait until the bot is connected to both platforms; RuntimeError if it ends or is too slow."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if bot.returncode is not None:
            raise RuntimeError(f"the bot ended with status {bot.returncode}")
        lists = [await sandbox.call(platform, "connections") for platform in PLATFORMS]
        if all(any(connection["open"] for connection in found) for found in lists):
            return
        await asyncio.sleep(0.05)
    raise RuntimeError(f"the bot was not connected within {patience:.0f} s")


class House:
    """The bot of the demo: a process under a clock that can be set."""

    def __init__(self, folder: Path, sandbox: Sandbox, locale: str) -> None:
        self.folder, self.sandbox = folder, sandbox
        for old in folder.glob("data/*"):
            old.unlink()
        self.http = free_port()
        self.log, self.offset = folder / "bot.log", folder / "clock"
        extra = BUDGETS + stories.rules(folder, sandbox.ports, self.http)
        self.config = configuration(folder, sandbox.ports, extra, locale)
        text = self.config.read_text("utf-8")
        text = text.replace("asks_per_minute = 20 ", "asks_per_minute = 200 ", 1)
        self.config.write_text(text, "utf-8")
        self.log.write_bytes(b"")
        self.offset.write_text("0", "utf-8")
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self.process = await _started(self.log, "sandbox.timed", str(self.config), str(self.offset))
        await connected(self.sandbox, self.process, 60)

    async def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        await self.process.wait()
        for platform in PLATFORMS:
            await self._gone(platform)

    async def _gone(self, platform: str) -> None:
        """Wait until the platform has noticed that the bot's connections are gone."""
        while True:
            found = await self.sandbox.call(platform, "connections")
            if not any(connection["open"] for connection in found):
                return
            await asyncio.sleep(0.02)

    async def set_clock(self, seconds: float) -> None:
        assert self.process is not None
        self.offset.write_text(f"{seconds}", "utf-8")
        self.process.send_signal(signal.SIGUSR1)

    async def stop(self, patience: float = 15.0) -> int:
        return 0 if self.process is None else await stop_bot(self.process, patience)


class Show:
    """Plays the stories on both platforms at the same time, and prints one of them as it goes."""

    def __init__(self, console: Console, house: House, locale: str, shown: str) -> None:
        self.console, self.locale, self.shown = console, locale, shown
        switch = asyncio.Lock()
        self.stages = [stories.Half(house.sandbox, one, house, switch) for one in PLATFORMS]
        self.live = live.Live(
            console, next(s for s in self.stages if s.platform == shown), locale, brief=True
        )
        self.live.stage.watcher = self.live.told
        self.rows: list[view.Row] = []
        self.names: list[str] = []

    async def play(self, names: list[str]) -> None:
        """A failed story does not keep the others from being told."""
        self.names = names
        following = asyncio.create_task(self.live.follow())
        try:
            short = [name for name in names if name in stories.SHORT]
            await asyncio.gather(
                *(self._half(stage, self._order(stage, short)) for stage in self.stages)
            )
            for name in names:
                if name in stories.LONG:
                    self._title(name)
                    began = time.monotonic()
                    error = await self._went(stories.LONG[name](self.stages))
                    for stage in self.stages:
                        row = (stage.platform, name, error, time.monotonic() - began)
                        self.rows.append(row)
        finally:
            following.cancel()
        await self.live.look()

    def _order(self, stage: stories.Half, names: list[str]) -> list[str]:
        """The platform that is not shown begins in the middle: the two then ask for the same, and
        switch the same machines, at different times."""
        half = 0 if stage.platform == self.shown else len(names) // 2
        return names[half:] + names[:half]

    async def _half(self, stage: stories.Half, names: list[str]) -> None:
        for name in names:
            if stage.platform == self.shown:
                await self.live.look()
                self._title(name)
            began = time.monotonic()
            error = await self._went(stories.SHORT[name](stage))
            self.rows.append((stage.platform, name, error, time.monotonic() - began))

    def _title(self, name: str) -> None:
        self.console.print(view.heading_of(words.say(self.locale, name)))
        self.console.print()

    async def _went(self, story: Awaitable[None]) -> str:
        """How a story failed; "": it went as told."""
        try:
            await story
        except (play.StoryFailed, RuntimeError) as failed:
            return str(failed) or type(failed).__name__
        return ""

    def score(self) -> bool:
        """Print how it went; False: not as told."""
        self.rows.sort(key=lambda row: PLATFORMS.index(row[0]))
        view.scoreboard(self.console, self.rows, self.names, self.locale)
        failed = [row for row in self.rows if row[2]]
        for platform, story, error, _ in failed:
            self.console.print(Text(f"{platform}: {story}\n{error}", "red"))
        return not failed


def commands() -> list[str]:
    """The names of the commands that ship, for the completion."""
    files = (ROOT / "commands").iterdir()
    return sorted(path.stem for path in files if path.suffix in (".py", ".yml"))


async def seated(console: Console, house: House, options: argparse.Namespace) -> None:
    """Let a person type, until they leave or the bot ends."""
    from sandbox import prompt

    assert house.process is not None
    seat = prompt.Seat(console, house.sandbox, options.on, options.locale)
    typing = asyncio.create_task(prompt.sit_down(seat, commands(), house.folder / "history"))
    ended = asyncio.create_task(house.process.wait())
    await asyncio.wait({typing, ended}, return_when=asyncio.FIRST_COMPLETED)
    for task in (typing, ended):
        task.cancel()
    await asyncio.gather(typing, ended, return_exceptions=True)


async def perform(console: Console, house: House, options: argparse.Namespace) -> bool:
    """Everything between the start and the end; False: something did not go as told."""
    began = time.monotonic()
    await house.sandbox.call("dingtalk", "configure", session_per_minute=0)
    await house.sandbox.call("lark", "lift_rates")
    await house.sandbox.call("aliyun", "set_power", seconds=0)
    await house.start()
    say = words.say
    console.print(say(options.locale, "ready", seconds=time.monotonic() - began))
    began, good = time.monotonic(), True
    if names := options.story or ([] if options.quiet else list(stories.NAMES)):
        console.print(say(options.locale, "shown", platform=options.on), end="\n\n")
        show = Show(console, house, options.locale, options.on)
        await show.play(names)
        good = show.score()
        stories_ = "story" if len(names) == 1 else "stories"
        facts = {"count": len(names), "stories": stories_, "seconds": time.monotonic() - began}
        console.print(say(options.locale, "lasted", **facts), end="\n\n")
    if not options.once:
        await seated(console, house, options)
    return good


async def main(options: argparse.Namespace, folder: Path = FOLDER) -> int:
    """The status to leave with. Ctrl-C, SIGTERM and a closed terminal end it at once."""
    console = Console(width=None if sys.stdout.isatty() else 110)
    console.print(words.say(options.locale, "starting"))
    loop, myself = asyncio.get_running_loop(), asyncio.current_task()
    assert myself is not None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, myself.cancel)
    async with Sandbox(free_ports(), apart=True) as sandbox:
        house = House(folder, sandbox, options.locale)
        try:
            good = await perform(console, house, options)
            code = await house.stop()
            console.print(words.say(options.locale, "bye", folder=folder))
            if code:
                told = words.say(options.locale, "ended", code=code, log=house.log)
                console.print(Text(told, "red"))
            return 0 if good and not code else 1
        except RuntimeError as error:
            ends = "".join(house.log.read_text("utf-8", "replace").splitlines(True)[-15:])
            told = words.say(options.locale, "log.ends")
            console.print(Text(f"{error}; {told}\n{ends}", "red"))
            return 1
        except asyncio.CancelledError:
            await house.stop(1.0)
            return INTERRUPTED
        finally:
            await house.stop(1.0)


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="leave after the stories")
    parser.add_argument("--quiet", action="store_true", help="no stories: type at once")
    parser.add_argument(
        "--story",
        action="append",
        choices=stories.NAMES,
        help="only this one; may be given more than once",
    )
    parser.add_argument(
        "--locale",
        choices=words.LOCALES,
        default=words.usual(),
        help="the language of the demo and of the bot; default: that of LANG",
    )
    parser.add_argument("--on", choices=PLATFORMS, default="dingtalk", help="whose groups you see")
    return parser.parse_args(argv)


def run(argv: list[str], folder: Path = FOLDER) -> int:
    """The status to leave with, also after a Ctrl-C before there is anything to stop."""
    try:
        return asyncio.run(main(arguments(argv), folder))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return INTERRUPTED


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(run(sys.argv[1:]))
