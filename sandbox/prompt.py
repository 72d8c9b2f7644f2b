"""The demo's prompt: what a person types, while what happens is printed above."""

from __future__ import annotations

import asyncio
import re
import sys
import threading
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import FileHistory
from prompt_toolkit.patch_stdout import patch_stdout
from rich.console import Console
from rich.text import Text

from sandbox import live, play, view, words, world
from sandbox.client import Company

PLATFORMS = ("dingtalk", "lark")
PEOPLE = tuple(person.id for person in world.EVERYBODY)
BUTTONS = ("approve", "reject", "stop", "pause", "resume", "retry", "skip")
SLASHES = ("as", "on", "in", *BUTTONS, "form", "show", "help", "quit")
Entry = dict[str, Any]


class Seat:
    """Where the person at the keyboard sits: as whom, on which platform, in which group."""

    def __init__(self, console: Console, sandbox: Company, platform: str, locale: str) -> None:
        self.console, self.sandbox, self.locale = console, sandbox, locale
        self.user, self.platform, self.chat = "alice", platform, "ops"
        self.lives = {
            name: live.Live(console, play.Play(sandbox, name), locale, brief=False)
            for name in PLATFORMS
        }
        self.numbers: dict[str, list[str]] = {}

    @property
    def stage(self) -> play.Play:
        return self.lives[self.platform].stage

    @property
    def prompt(self) -> str:
        return f"{self.user}@{self.platform}:{self.chat}> "

    @property
    def where(self) -> str:
        facts = {"who": self.user.capitalize(), "platform": self.platform, "chat": self.chat}
        return words.say(self.locale, "toolbar", **facts)

    def say(self, key: str, style: str = "yellow", **facts: object) -> None:
        self.console.print(Text(words.say(self.locale, key, **facts), style))

    async def follow(self) -> None:
        """Print the news of the platform where the person is, until cancelled."""
        while True:
            with suppress(RuntimeError):
                for name, one in self.lives.items():
                    await one.look(silent=name != self.platform)
                await self._offered()
            await asyncio.sleep(live.EVERY)

    async def _offered(self) -> dict[str, list[str]]:
        """Which requests' cards offer what, for the completion: action → numbers, newest first."""
        found: dict[str, list[str]] = {}
        for entry in reversed(await self.stage.transcript(self.chat)):
            for button in entry["buttons"]:
                if number := re.search(r"#(\d+)", play.title(entry)):
                    found.setdefault(str(button["action"]), []).append(number[1])
        self.numbers = found
        return found

    async def press(self, action: str, rest: str) -> None:
        """Press a button: of the request that is named, else of the newest card that has it."""
        named = re.match(r"#?(\d+)(?:\s+|$)", rest)
        number, reason = (named[1], rest[named.end() :].strip()) if named else ("", rest)
        entries = list(reversed(await self.stage.transcript(self.chat)))
        for entry in entries:
            mine = not number or re.search(rf"#{number}(?!\d)", play.title(entry))
            if mine and any(button["action"] == action for button in entry["buttons"]):
                await self._press(entry, action, reason)
                return
        if not number:
            self.say("no.card", action=action)
            return
        offered = await self._offered()
        listed = ", ".join(f"/{name} {one}" for name, ones in offered.items() for one in ones)
        nothing = words.say(self.locale, "nothing")
        self.say("no.number", number=number, action=action, offered=listed or nothing)

    async def _press(self, entry: Entry, action: str, reason: str) -> None:
        if reason and action == "reject" and self.platform == "dingtalk":
            number = re.search(r"#(\d+)", play.title(entry))
            text = f"reject {number[1] if number else ''} {reason}"
            self.say("in.words", "italic", who=self.user.capitalize(), text=text)
            await self.stage.say(self.user, text, quote=entry["ref"], chat=self.chat)
            return
        stage = self.stage
        stage.watcher = self.lives[self.platform].told
        await stage.click(self.user, entry, action, reason=reason)

    async def obey(self, line: str) -> bool:
        """Do what a line says; False ends the demo."""
        if not line.startswith("/"):
            await self.stage.say(self.user, line, chat=self.chat)
            return True
        word, _, rest = line[1:].partition(" ")
        word, rest = word.lower(), rest.strip()
        if word in ("quit", "exit", "q"):
            return False
        if word in BUTTONS:
            await self.press(word, rest)
        elif word == "as":
            self._become(rest)
        elif word in ("on", "in"):
            await self._go(word, rest.lower())
        elif word == "form":
            await self._file(rest)
        elif word == "show":
            title = f"{self.platform} · {self.chat}"
            entries = await self.stage.transcript(self.chat)
            view.transcript(self.console, title, entries, self.locale)
        else:
            if word not in ("", "help", "h", "?"):
                self.say("no.command", name=word)
            self.say("help", "")
        return True

    def _become(self, name: str) -> None:
        if name.lower() in PEOPLE:
            self.user = name.lower()
        else:
            self.say("no.person", name=name, people=", ".join(PEOPLE))

    async def _go(self, word: str, name: str) -> None:
        places = PLATFORMS if word == "on" else play.GROUPS
        if name not in places:
            self.say("no.place", name=name, places=", ".join(places))
        elif word == "on":
            self.platform = name
        else:
            self.chat = name

    async def _file(self, rest: str) -> None:
        if len(rest.split()) != 2:
            self.say("no.form")
            return
        employee, role = rest.split()
        fields = {"emp_id": employee, "role": role}
        await self.stage.call(
            "form", user=self.user, fields=fields, approvers=["bob"], decision="agree"
        )


class Words(Completer):
    """Commands of the bot and of the demo, people, machines, and numbers of requests."""

    def __init__(self, seat: Seat, commands: Iterable[str]) -> None:
        self._seat, self._commands = seat, tuple(commands)

    def choices(self, before: str) -> Iterable[str]:
        """What may stand where the cursor is, after this text."""
        first, *rest = before.split(" ")
        if not rest:
            return [f"/{name}" for name in SLASHES] if first[:1] == "/" else self._commands
        if first.startswith("/"):
            if len(rest) > 1:
                return ()
            if first[1:] in BUTTONS:
                return self._seat.numbers.get(first[1:], ())
            return {"/as": PEOPLE, "/on": PLATFORMS, "/in": play.GROUPS}.get(first, ())
        return [*(machine.name for machine in world.MACHINES), 'reason="']

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterable[Completion]:
        word = document.text_before_cursor.rpartition(" ")[2]
        for choice in self.choices(document.text_before_cursor):
            if choice.lower().startswith(word.lower()):
                yield Completion(choice, -len(word))


def _piped(loop: asyncio.AbstractEventLoop) -> asyncio.Queue[str]:
    """The lines of standard input, and "" at its end. The thread that reads them is nobody's to
    wait for."""
    found: asyncio.Queue[str] = asyncio.Queue()

    def read() -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody wants more
            for line in sys.stdin:
                loop.call_soon_threadsafe(found.put_nowait, line)
            loop.call_soon_threadsafe(found.put_nowait, "")

    threading.Thread(target=read, daemon=True).start()
    return found


async def lines(seat: Seat, commands: Iterable[str], history: Path) -> AsyncGenerator[str, None]:
    """What the person types, line by line, until Ctrl-C or Ctrl-D. Where that is no terminal,
    the lines of standard input."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        piped = _piped(asyncio.get_running_loop())
        while line := await piped.get():
            yield line
            await asyncio.sleep(1.5)
        return
    session: PromptSession[str] = PromptSession(
        history=FileHistory(str(history)),
        completer=Words(seat, commands),
        complete_while_typing=False,
        auto_suggest=AutoSuggestFromHistory(),
        bottom_toolbar=lambda: seat.where,
    )
    while True:
        try:
            yield await session.prompt_async(lambda: FormattedText([("bold", seat.prompt)]))
        except (EOFError, KeyboardInterrupt):
            return


async def sit_down(seat: Seat, commands: Iterable[str], history: Path) -> None:
    """Let a person type, until they leave."""
    for one in seat.lives.values():
        await one.look(silent=True)
    seat.say("help", "")
    with patch_stdout(raw=True):
        following = asyncio.create_task(seat.follow())
        try:
            async with aclosing(lines(seat, commands, history)) as typed:
                async for line in typed:
                    try:
                        if line.strip() and not await seat.obey(line.strip()):
                            return
                    except (RuntimeError, play.StoryFailed) as error:
                        seat.console.print(Text(str(error), "red"))
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
