"""``make demo``: start the sandbox and the bot, and show both in a page on loopback, whose address
is printed.

``--terminal`` plays the stories in the terminal instead, and then lets a person type as any of the
example people. ``--once`` leaves after the stories, with status 0 if all of them went as told.
``--replicas 3`` lets three bots work on one database of PostgreSQL.
"""

from __future__ import annotations

import signal

if __name__ == "__main__":  # Ctrl-C while all the rest is imported: leave without a word
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import asyncio
import contextlib
import functools
import os
import sys
import time
import webbrowser
from collections.abc import Awaitable, Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

from sandbox import live, play, process, stories, view, words
from sandbox.bots import Bots, Database, alone
from sandbox.client import Sandbox

FOLDER = process.ROOT / "var" / "demo"
PLATFORMS = process.PLATFORMS
INTERRUPTED = 130
SERVER = "COUNTERSIGN_DEMO_POSTGRES"
"""The environment variable that names a server of PostgreSQL: the URL of a database on it, whose
user may create databases."""
NAMED = (SERVER, "COUNTERSIGN_TEST_POSTGRES")
MOST = 5
"""So many bots at most."""
House = Bots[process.BotProcess]


class NoDatabase(Exception):
    """There is no database for several bots; the message says why."""


@contextlib.contextmanager
def databases(replicas: int) -> Iterator[Database]:
    """A server of PostgreSQL, if there are several bots. Raises NoDatabase."""
    if replicas == 1:
        yield alone
        return
    named = next(filter(None, map(os.environ.get, NAMED)), "")
    with contextlib.ExitStack() as opened:
        try:
            from sandbox import postgres

            server = opened.enter_context(postgres.private(named))
        except (ModuleNotFoundError, RuntimeError) as error:
            raise NoDatabase(str(error)) from error
        yield server.database


class Show:
    """Plays the stories on both platforms at the same time, and prints one of them as it goes."""

    def __init__(self, console: Console, house: House, locale: str, shown: str) -> None:
        self.console, self.locale, self.shown = console, locale, shown
        switch = asyncio.Lock()
        self.stages = [stories.Half(house.company, one, house, switch) for one in PLATFORMS]
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
                    await self.live.look()
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


def commands(folder: Path) -> list[str]:
    """The names of the commands of a folder, for the completion."""
    files = folder.iterdir()
    return sorted(path.stem for path in files if path.suffix in (".py", ".yml"))


async def seated(console: Console, house: House, options: argparse.Namespace) -> None:
    """Let a person type, until they leave or no bot runs any more."""
    from sandbox import prompt

    seat = prompt.Seat(console, house.company, options.on, options.locale)
    typing = asyncio.create_task(
        prompt.sit_down(seat, commands(house.commands), house.folder / "history")
    )
    ended = asyncio.create_task(house.ended())
    await asyncio.wait({typing, ended}, return_when=asyncio.FIRST_COMPLETED)
    for task in (typing, ended):
        task.cancel()
    await asyncio.gather(typing, ended, return_exceptions=True)


async def perform(console: Console, house: House, options: argparse.Namespace) -> bool:
    """Everything between the start and the end; False: something did not go as told."""
    began = time.monotonic()
    await house.company.call("dingtalk", "configure", session_per_minute=0)
    await house.company.call("lark", "lift_rates")
    await house.company.call("aliyun", "set_power", seconds=0)
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


def on_desktop() -> bool:
    """Is there a browser that would show a page?"""
    return sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )


def bye(options: argparse.Namespace) -> str:
    """The key of the last sentence."""
    return "bye" if options.replicas == 1 else "bye.database"


async def show_page(options: argparse.Namespace, folder: Path, database: Database) -> int:
    """Serve the page until Ctrl-C, which is how it ends well; the status to leave with."""
    from sandbox.page import playground

    try:
        page = playground.open_page(
            folder, options.locale, options.port, bots=options.replicas, database=database
        )
        async with page as server:
            print(words.say(options.locale, "page", address=server.address), flush=True)
            if options.open and on_desktop():
                await asyncio.to_thread(webbrowser.open, server.address)
            await asyncio.Event().wait()
    except OSError as error:
        print(words.say(options.locale, "no.port", port=options.port, why=error), file=sys.stderr)
        return 1
    except asyncio.CancelledError:
        print("\n" + words.say(options.locale, bye(options), folder=folder))
    return 0


async def main(options: argparse.Namespace, folder: Path = FOLDER) -> int:
    """The status to leave with. Ctrl-C, SIGTERM and a closed terminal end it at once."""
    loop, myself = asyncio.get_running_loop(), asyncio.current_task()
    assert myself is not None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, myself.cancel)
    terminal = options.terminal or options.once or options.quiet or options.story or options.on
    show = show_stories if terminal else show_page
    try:
        with databases(options.replicas) as database:
            return await show(options, folder, database)
    except NoDatabase as error:
        print(words.say(options.locale, "no.database", why=error), file=sys.stderr)
        return 1


async def show_stories(options: argparse.Namespace, folder: Path, database: Database) -> int:
    """Play in the terminal; the status to leave with."""
    options.on = options.on or PLATFORMS[0]
    console = Console(width=None if sys.stdout.isatty() else 110)
    console.print(words.say(options.locale, "starting"))
    async with Sandbox(apart=True, bots=options.replicas) as sandbox:
        with database() as shared:
            make = functools.partial(process.BotProcess, folder, sandbox)
            house = House(folder, sandbox, options.locale, make, shared)
            return await show_house(console, house, options)


async def show_house(console: Console, house: House, options: argparse.Namespace) -> int:
    """Play with these bots, and stop them; the status to leave with."""
    try:
        good = await perform(console, house, options)
        code = await house.stop()
        console.print(words.say(options.locale, bye(options), folder=house.folder))
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
    parser.add_argument("--terminal", action="store_true", help="in the terminal, without a page")
    parser.add_argument("--port", type=int, default=0, help="of the page; default: any free one")
    parser.add_argument(
        "--no-open", dest="open", action="store_false", help="do not open a browser"
    )
    parser.add_argument(
        "--once", action="store_true", help="play the stories in the terminal, and leave"
    )
    parser.add_argument(
        "--quiet", action="store_true", help="no stories: type in the terminal at once"
    )
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
    parser.add_argument(
        "--replicas",
        type=int,
        choices=range(1, MOST + 1),
        default=1,
        help="so many bots, on one database of PostgreSQL if there are several",
    )
    parser.add_argument("--on", choices=PLATFORMS, help="whose groups the terminal shows")
    return parser.parse_args(argv)


def run(argv: list[str], folder: Path = FOLDER) -> int:
    """The status to leave with, also after a Ctrl-C before there is anything to stop."""
    try:
        return asyncio.run(main(arguments(argv), folder))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return INTERRUPTED


if __name__ == "__main__":
    os.chdir(process.ROOT)
    sys.exit(run(sys.argv[1:]))
