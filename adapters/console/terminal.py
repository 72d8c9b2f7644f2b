"""A person at a terminal: what comes is printed above the line that they are typing."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from adapters.console.client import Client, Entry, Refused, Unreachable
from adapters.console.people import may_see, own_chat
from adapters.console.screen import Press, Screen, plain
from adapters.console.words import say

try:
    from readline import get_line_buffer
    from termios import TCSADRAIN, tcgetattr, tcsetattr
except ImportError:  # there are none on Windows
    READLINE = False
else:
    READLINE = True


AT_FIRST = 20
"""How many messages of what was said before are shown."""
QUIET = 1.5
"""Seconds without news after which the next line of a file is said."""
LONGEST = 30.0
"""Seconds after which it is said in any case."""


@contextmanager
def terminal_settings() -> Iterator[None]:
    """Restore the terminal at the end: Ctrl-C leaves in the middle of a line, for which it was
    set."""
    if not (READLINE and sys.stdin.isatty()):
        yield
        return
    before = tcgetattr(sys.stdin)
    try:
        yield
    finally:
        tcsetattr(sys.stdin, TCSADRAIN, before)


class Terminal:
    """Prints the news and does what is typed, until the person leaves."""

    def __init__(self, client: Client, chat: str) -> None:
        self._client = client
        self._typing = sys.stdin.isatty() and sys.stdout.isatty()
        colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        columns = shutil.get_terminal_size((100, 24)).columns
        self._screen = Screen("", chat, columns, colours)
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        self._news = asyncio.Event()
        self._prompt = ""
        self._chats: list[str] = []
        self._wanted = threading.Event()
        self._asking = False

    async def run(self) -> None:
        """Raises Unreachable and Refused where the bot can't be joined."""
        me = await self._client.me()
        screen = self._screen
        screen.account = me.account
        screen.chat = screen.chat or next(iter(me.chats), own_chat(me.account))
        self._chats = [*me.chats, "@"]
        self._renamed()
        self._print(screen.own(say("welcome", who=me.account, chat=screen.chat)))
        await self._begin()
        self._listen()
        following = asyncio.create_task(self._follow())
        try:
            while (line := await self._line()) and await self._obey(line.strip()):
                pass
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    # ------------------------------------------------------------------------- what comes

    async def _begin(self) -> None:
        """Show the end of what was said before, and every card that still offers something."""
        entries: dict[str, Entry] = {}
        more = True
        while more:
            page = await self._client.news(wait=0)
            entries |= {entry.id: entry for entry in page.entries}
            more = page.more
        ordered = sorted(entries.values(), key=lambda entry: entry.number)
        here = [entry for entry in ordered if entry.chat == self._screen.chat]
        newest = {entry.id for entry in here[-AT_FIRST:]}
        for entry in ordered:
            lines = self._screen.show(entry)
            if entry.id in newest or entry.buttons:
                self._print(lines)

    async def _follow(self) -> None:
        """Print the news, for as long as there is a bot, and when there is one again."""
        away = False
        while True:
            try:
                page = await self._client.news()
            except Unreachable:
                if not away:
                    self._print([say("away")])
                away = True
                await asyncio.sleep(1.0)
                continue
            except Refused as fault:
                self._print(self._screen.own(plain(str(fault))))
                self._lines.put_nowait("")
                return
            notes = [say("back")] if away else []
            notes += [say("missed")] if page.missed else []
            self._print([*notes, *(line for e in page.entries for line in self._screen.show(e))])
            away = False
            if page.entries:
                self._news.set()

    def _print(self, lines: Iterable[str]) -> None:
        """Print lines above the one that is being typed."""
        text = "".join(f"{line}\n" for line in lines)
        if not text:
            return
        if self._typing and self._asking:
            typed = get_line_buffer() if READLINE else ""
            text = f"\r\x1b[K{text}{self._prompt}{typed}"
        sys.stdout.write(text)
        sys.stdout.flush()

    # ------------------------------------------------------------------------- what is typed

    async def _line(self) -> str:
        """The next line that is typed; "" at the end."""
        self._asking = True
        self._wanted.set()
        line = await self._lines.get()
        self._asking = False
        return line

    def _listen(self) -> None:
        """Read the lines that are wanted, in a thread of its own, which nobody waits for."""
        loop = asyncio.get_running_loop()

        def put(line: str) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody wants more
                loop.call_soon_threadsafe(self._lines.put_nowait, line)

        def read() -> None:
            with suppress(EOFError, KeyboardInterrupt):
                while self._wanted.wait():
                    self._wanted.clear()
                    put((input(self._prompt) if self._typing else input()) + "\n")
            put("")

        threading.Thread(target=read, daemon=True).start()

    async def _obey(self, line: str) -> bool:
        """Do what a line says. False: the person leaves."""
        try:
            if line.startswith("/"):
                return await self._order(line[1:])
            press = self._screen.press(line)
            if press is not None:
                await self._click(*press)
            elif line.partition(" ")[0].isdigit():
                self._print([say("no.button", number=line.partition(" ")[0])])
            elif line:
                await self._say(self._screen.chat, line)
        except (Refused, Unreachable) as fault:
            self._print(self._screen.own(plain(str(fault))))
        return True

    async def _say(self, chat: str, text: str, reply_to: str = "") -> None:
        await self._client.say(chat, text, reply_to)
        await self._quiet()

    async def _click(self, press: Press, reason: str) -> None:
        if press.button.confirm:
            self._print(self._screen.own(say("confirm", question=plain(press.button.confirm))))
            if (await self._line()).strip().lower() not in ("y", "yes", "是"):
                self._print([say("confirm.none")])
                return
        toast = await self._client.click(press.card, press.revision, press.button.action, reason)
        if toast.toast:
            self._print(self._screen.own(f"→ {plain(toast.toast)}"))
        await self._quiet()

    async def _order(self, order: str) -> bool:
        """Do what a line with a slash says. False: the person leaves."""
        word, _, rest = order.partition(" ")
        name, _, text = rest.strip().partition(" ")
        entry = self._screen.numbered(name)
        match word.lower():
            case "quit" | "exit" | "q":
                return False
            case "reply" | "recall" if entry is None:
                self._print([say("no.message", number=plain(name))])
            case "reply" if entry is not None:
                await self._say(entry.chat, text.strip(), entry.id)
            case "recall" if entry is not None:
                await self._client.recall(entry.id)
            case "in" if name:
                self._go(rest.strip())
            case "help" | "in" | "":
                self._print([say("help"), say("chats", chats=", ".join(self._chats))])
            case _:
                self._print([say("no.command", name=plain(word))])
        return True

    def _go(self, name: str) -> None:
        chat = own_chat(self._screen.account) if name == "@" else name
        if may_see(self._screen.account, chat):
            self._screen.chat = chat
            self._renamed()

    def _renamed(self) -> None:
        self._prompt = f"{self._screen.account}@{plain(self._screen.chat).lstrip('@')}> "

    async def _quiet(self) -> None:
        """Where lines come from a pipe, wait until the bot has nothing more to say for now."""
        if self._typing:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST):
                while True:
                    self._news.clear()
                    async with asyncio.timeout(QUIET):
                        await self._news.wait()
