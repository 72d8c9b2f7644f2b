"""``make demo``: start the sandbox and the bot, play the stories, show the groups.

Afterwards it stays up: type as any of the example people. ``--once`` leaves after the stories, with
status 0 if all of them went as told.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from pathlib import Path

from rich.console import Console

from sandbox import play, view, world
from sandbox.client import Sandbox

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "var" / "demo"
PLATFORMS = ("dingtalk", "lark")
STORIES = {
    "new hire (OA form)": play.new_hire,
    "restart, approved": play.restart,
    "strangers, then rejected": play.rejected,
    "rejected in words": play.rejected_by_text,
    "cancelled": play.cancelled,
    "stopped midway": play.stopped,
    "reminded, then expired": play.expired,
    "template, approved within": play.reboot,
    "template, rejected within": play.reboot_rejected,
    "template, failing in part": play.reboot_failing,
}
IMPATIENT = """

# ---- added by the demo: no limit per minute, since a person will type right after the stories,
# ---- and a policy that runs out within seconds, for the story of the expiry
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
action = "escalate"
policy = "impatient"
reason = "the demo's story of a request that nobody decides"
"""
BUTTONS = ("approve", "reject", "stop", "pause", "resume", "retry", "skip")
HELP = """[bold]You are in the groups now.[/bold] What you type is said to the bot, for example
  [cyan]restart web-01 reason="memory leak"[/cyan]     [cyan]help[/cyan]     [cyan]pending[/cyan]
  [cyan]reboot-with-approval web-01 web-02 rateControl=1[/cyan]   a runbook
Lines that begin with a slash are for the demo:
  [cyan]/as bob[/cyan]        speak as alice, bob, carol, dave or mallory
  [cyan]/on lark[/cyan]       change to dingtalk or lark      [cyan]/in hr[/cyan]  change the group
  [cyan]/approve[/cyan] [cyan]/reject[/cyan] [cyan]/stop[/cyan]   press a button of the newest card
  [cyan]/pause[/cyan] [cyan]/resume[/cyan] [cyan]/retry[/cyan] [cyan]/skip[/cyan]   of a runbook
  [cyan]/form E124 dev[/cyan] file the new-hire form, agreed to by bob
  [cyan]/show[/cyan]          print the whole group again       [cyan]/quit[/cyan]"""


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


def configuration(folder: Path, ports: dict[str, int], extra: str = "") -> Path:
    """``bot.toml`` as shipped, with this sandbox's ports and data of its own."""

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
    path = folder / "bot.toml"
    path.write_text(text + extra, "utf-8")
    return path


async def start_bot(config: Path, log: Path) -> asyncio.subprocess.Process:
    with log.open("wb") as out:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run", "--config", str(config)),
            cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=asyncio.subprocess.STDOUT,
        )


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


async def stop_bot(bot: asyncio.subprocess.Process) -> int:
    if bot.returncode is None:
        bot.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(bot.wait(), 15)
        except TimeoutError:
            bot.kill()
    return await bot.wait()


async def play_all(console: Console, sandbox: Sandbox) -> list[tuple[str, str, str, float]]:
    """Play every story on both platforms; a failed one does not keep the others from being told."""
    rows = []
    for platform in PLATFORMS:
        stage = play.Play(sandbox, platform)
        for name, story in STORIES.items():
            began, error = time.monotonic(), ""
            with console.status(f"{platform}: {name} …"):
                try:
                    await story(stage)
                except (play.StoryFailed, RuntimeError) as failed:
                    error = str(failed)
            rows.append((platform, name, error, time.monotonic() - began))
    return rows


class Seat:
    """Where the person at the keyboard sits: as whom, on which platform, in which group."""

    def __init__(self, console: Console, sandbox: Sandbox) -> None:
        self.console, self.sandbox = console, sandbox
        self.user, self.platform, self.chat = "alice", "dingtalk", "ops"
        self.seen: dict[str, str] = {}

    @property
    def stage(self) -> play.Play:
        return play.Play(self.sandbox, self.platform)

    @property
    def prompt(self) -> str:
        return f"{self.user}@{self.platform}:{self.chat}> "

    async def news(self) -> None:
        """Print what was said or changed since the last look."""
        entries = await self.stage.transcript(self.chat)
        known = {str(entry["id"]): entry for entry in entries}
        for entry in entries:
            key = f"{self.platform}:{entry['id']}"
            if self.seen.get(key) != entry["text"]:
                self.seen[key] = entry["text"]
                self.console.print(view.entry_view(entry, known))

    async def forget(self) -> None:
        """Take the present state of the group as seen."""
        for entry in await self.stage.transcript(self.chat):
            self.seen[f"{self.platform}:{entry['id']}"] = entry["text"]

    async def press(self, action: str) -> None:
        for entry in reversed(await self.stage.transcript(self.chat)):
            if any(button["action"] == action for button in entry["buttons"]):
                answer = await self.stage.click(self.user, entry, action)
                self.console.print(f"[dim]toast:[/dim] {answer['toast'] or '–'}")
                return
        self.console.print(f"[yellow]No card here offers {action!r}.[/yellow]")

    async def obey(self, line: str) -> bool:
        """Do what a line says; False ends the demo."""
        word, _, rest = line[1:].partition(" ")
        rest = rest.strip()
        if not line.startswith("/"):
            await self.stage.say(self.user, line, chat=self.chat)
        elif word in ("quit", "exit", "q"):
            return False
        elif word == "as" and rest in {person.id for person in world.PEOPLE}:
            self.user = rest
        elif word == "on" and rest in PLATFORMS:
            self.platform = rest
            await self.forget()
        elif word == "in" and rest in ("ops", "hr"):
            self.chat = rest
            await self.forget()
        elif word in BUTTONS:
            await self.press(word)
        elif word == "form" and len(rest.split()) == 2:
            employee, role = rest.split()
            fields = {"emp_id": employee, "role": role}
            await self.stage.call(
                "form", user=self.user, fields=fields, approvers=["bob"], decision="agree"
            )
        elif word == "show":
            await self.forget()
            title = f"{self.platform} · {self.chat}"
            view.transcript(self.console, title, await self.stage.transcript(self.chat))
        else:
            self.console.print(HELP)
        return True


async def sit_down(console: Console, sandbox: Sandbox, bot: asyncio.subprocess.Process) -> None:
    """Let a person type, until they leave or the bot ends."""
    seat = Seat(console, sandbox)
    await seat.forget()
    console.print(HELP)
    loop = asyncio.get_running_loop()
    while bot.returncode is None:
        console.print(f"[bold]{seat.prompt}[/bold]", end="")
        line = await loop.run_in_executor(None, sys.stdin.readline)
        if not line:
            return
        try:
            if line.strip() and not await seat.obey(line.strip()):
                return
        except RuntimeError as error:
            console.print(f"[red]{error}[/red]")
        for _ in range(15):
            await asyncio.sleep(0.1)
            await seat.news()
    console.print(f"[red]The bot ended with status {bot.returncode}.[/red]")


async def main(options: argparse.Namespace) -> int:
    console = Console(width=None if sys.stdout.isatty() else 110)
    log = FOLDER / "bot.log"
    async with Sandbox(free_ports()) as sandbox:
        for old in FOLDER.glob("data/*"):
            old.unlink()
        config = configuration(FOLDER, sandbox.ports, IMPATIENT)
        began = time.monotonic()
        bot = await start_bot(config, log)
        try:
            await sandbox.call("dingtalk", "configure", session_per_minute=0)
            with console.status("starting the bot …"):
                await connected(sandbox, bot, 30)
            ready = time.monotonic() - began
            console.print(f"The bot is connected to both platforms after {ready:.1f} s.")
            rows = await play_all(console, sandbox)
            for platform in PLATFORMS:
                for chat in ("hr", "ops"):
                    entries = await play.Play(sandbox, platform).transcript(chat)
                    view.transcript(console, f"{platform} · group {chat}", entries)
            view.scoreboard(console, rows)
            failed = [row for row in rows if row[2]]
            for platform, story, error, _ in failed:
                console.print(f"{platform}: {story}\n{error}", style="red", markup=False)
            if not options.once:
                await sit_down(console, sandbox, bot)
            code = await stop_bot(bot)
            if code:
                console.print(f"[red]The bot ended with status {code}; see {log}[/red]")
            return 1 if failed or code else 0
        except RuntimeError as error:
            console.print(f"[red]{error}[/red]; its log ends:")
            console.print("".join(log.read_text("utf-8", "replace").splitlines(True)[-15:]))
            return 1
        finally:
            await stop_bot(bot)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="leave after the stories")
    os.chdir(ROOT)
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(asyncio.run(main(parser.parse_args())))
