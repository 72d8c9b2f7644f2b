"""The guided tour: the demo's stories, of which each act waits until it is asked for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from sandbox import play, stories
from sandbox.client import Company
from sandbox.page.board import Board
from sandbox.page.chapters import CHAPTERS, Chapter, Step

ACTS = frozenset({"say", "click", "form"})
Toast = Callable[[str, str, str, str], object]


class Tour:
    """``await next()`` lets the next act happen. It stands on the board as "tour": all steps, which
    one it is at (None: nobody takes the tour), whether an act goes on (``playing``), and an
    ``error``."""

    def __init__(self, company: Company, bot: stories.House, board: Board, toast: Toast) -> None:
        self._company, self._bot, self._board, self._toast = company, bot, board, toast
        self._task: asyncio.Task[None] | None = None
        self._asked, self._idle = asyncio.Event(), asyncio.Event()
        self.at: int | None = None
        self._playing = False
        self._error: dict[str, str] | None = None
        self._show()

    async def idle(self) -> None:
        """Return once no act goes on: it waits for ``next``, or nobody takes the tour."""
        await self._idle.wait()

    async def start(self, name: str = "") -> None:
        """Begin with this chapter ("": the first). KeyError: there is none of that name."""
        names = [chapter.name for chapter in CHAPTERS]
        if name and name not in names:
            raise KeyError(name)
        await self.leave()
        first = names.index(name) if name else 0
        self.at, self._playing = _first_step(first), True
        self._show()
        self._task = asyncio.create_task(self._chapters(first))

    async def next(self) -> None:
        """Let the next act happen; nothing, while one goes on."""
        if self.at is not None and not self._playing:
            self._playing = True
            self._show()
            self._asked.set()

    async def leave(self) -> None:
        """End the tour where it is; what stands in the groups stays."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self.at, self._playing, self._error = None, False, None
        self._show()

    async def _chapters(self, first: int) -> None:
        for index in range(first, len(CHAPTERS)):
            chapter = CHAPTERS[index]
            self.at = _first_step(index)
            last = self.at + len(chapter.steps) - 1
            stage = Stage(self._company, chapter.platform, self._bot, self._turn, self._toast)
            try:
                await chapter.story(stage)
            except (play.StoryFailed, RuntimeError, OSError, aiohttp.ClientError) as failure:
                self._error = _overtaken(failure)
            self.at = last
            await self._wait()
            self._error = None
        self.at, self._playing = None, False
        self._show()

    async def _turn(self) -> None:
        """Wait until the next act is asked for, and show the sentence on what comes of it."""
        await self._wait()
        assert self.at is not None
        self.at += 1
        self._show()

    async def _wait(self) -> None:
        self._playing = False
        self._asked.clear()
        self._show()
        await self._asked.wait()

    def _show(self) -> None:
        steps = [_shown(chapter, step) for chapter in CHAPTERS for step in chapter.steps]
        value = {"steps": steps, "at": self.at, "playing": self._playing, "error": self._error}
        self._board.put("tour", "tour", value)
        (self._idle.clear if self._playing else self._idle.set)()


class Stage(stories.Half):
    """A platform's groups in which each act waits for its turn."""

    def __init__(
        self,
        company: Company,
        platform: str,
        bot: stories.House,
        turn: Callable[[], Awaitable[None]],
        toast: Toast,
    ) -> None:
        super().__init__(company, platform, BotInTurn(bot, turn), asyncio.Lock())
        self._turn, self._toast = turn, toast

    async def call(self, method: str, **args: Any) -> Any:
        if method in ACTS:
            await self._turn()
        answer = await super().call(method, **args)
        if method == "click" and (said := answer["toast"] or play.tips(answer["answer"])):
            self._toast(self.platform, str(args["user"]), said, answer["toast_type"] or "info")
        return answer

    async def post(self, kind: str, **detail: str) -> None:
        await self._turn()
        await super().post(kind, **detail)


class BotInTurn:
    """What stories do to the bot, each in its turn."""

    def __init__(self, bot: stories.House, turn: Callable[[], Awaitable[None]]) -> None:
        self._bot, self._turn = bot, turn

    @property
    def http(self) -> int:
        return self._bot.http

    async def kill(self) -> None:
        await self._turn()
        await self._bot.kill()

    async def start(self) -> None:
        await self._turn()
        await self._bot.start()

    async def set_clock(self, seconds: float) -> None:
        await self._turn()
        await self._bot.set_clock(seconds)


def _first_step(index: int) -> int:
    """The number of a chapter's first step among all."""
    return sum(len(chapter.steps) for chapter in CHAPTERS[:index])


def _shown(chapter: Chapter, step: Step) -> dict[str, object]:
    return {
        "id": chapter.name,
        "platform": chapter.platform,
        "chat": step.chat,
        "look": step.look,
        "title": {"zh-CN": chapter.chinese, "en": chapter.english},
        "text": {"zh-CN": step.chinese, "en": step.english},
    }


def _overtaken(failure: Exception) -> dict[str, str]:
    reason = str(failure).partition("\n")[0]
    return {
        "zh-CN": f"这一段没有按导览进行（{reason}）。可以自己继续，或看下一段。",
        "en": f"This chapter went otherwise ({reason}). Go on by hand, or take the next one.",
    }
