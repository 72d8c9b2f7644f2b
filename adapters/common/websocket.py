"""Staying connected over a websocket: another one stands before one is given up.

``Link`` is one connection, ``Keeper`` sees to it that there is always one. A platform says how a
connection is opened (``dial``) and what a frame means (``Link.take``). A frame that is not answered
comes again, so the rule is: what was taken on a connection is answered on that connection, and only
then it is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import traceback
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar
from urllib.parse import SplitResult, urlsplit

import aiohttp
import yarl

from adapters.common import http, masking
from bot.model import ports, traffic

log = logging.getLogger(__name__)

Why = Literal["asked", "ended", "silent", "old"]
"""Why a connection is replaced: the platform asked for it, it ended, nothing came for too long, or
it is old, for one may answer pings and bring no events."""
HEARTBEAT = 30.0
"""Seconds of silence after which the websocket itself is pinged."""
FRAME_BYTES = 16 << 20
CLOSE_SECONDS = 2.0
"""So long the other side may take to answer a closing frame."""
STEADY = 1.5
"""A connection that delivered something, or stood this many seconds, starts the back-off anew."""


class Unreachable(Exception):
    """No connection now. ``slow``: the platform said no, so ask again as rarely as allowed."""

    def __init__(self, reason: str, slow: bool = False) -> None:
        super().__init__(reason)
        self.slow = slow


@dataclass(frozen=True, slots=True)
class Pace:
    """Times in seconds. ``idle`` without a frame, and a connection is silent; at the age of
    ``renew`` (or up to a tenth earlier) it is old. ``first`` and ``most``: the shortest and the
    longest pause between tries. ``linger``: how long one that was asked to go, or is old, is still
    read, as the platform may yet use it; ``patience``: how long closing waits for answers."""

    idle: float
    renew: float
    first: float
    most: float
    linger: float
    patience: float


class Backoff:
    """The pauses between tries: growing by a factor up to the longest, half of each left to chance.
    ``asked``: the longest pause that the platform wants between tries."""

    def __init__(self, first: float, most: float, factor: float = 2.0) -> None:
        self._first = first
        self._most = most
        self._factor = factor
        self._tries = 0
        self.limit = most

    def pause(self, slow: bool = False) -> float:
        """Seconds before the next try; with ``slow`` as many as ever."""
        grown = self._first * self._factor ** min(self._tries, 60)
        self._tries += 1
        seconds = self._most if slow else min(grown, self._most, self.limit)
        return seconds * random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Begin with the shortest pause again."""
        self._tries = 0


def address_parts(address: str) -> SplitResult:
    """The parts of an address that a platform named. Raises Unreachable where it is none."""
    try:
        return urlsplit(address)
    except ValueError:
        raise Unreachable("the address that the platform named can't be read") from None


async def connect(
    client: http.Http, url: str, seconds: float, headers: Mapping[str, str] | None = None
) -> aiohttp.ClientWebSocketResponse:
    """Open a websocket. Raises aiohttp.WSServerHandshakeError where it is refused, and Unreachable
    without the error's text, which may hold the address and so a ticket."""
    try:
        async with asyncio.timeout(seconds):
            return await client.session().ws_connect(
                yarl.URL(url, encoded=True),
                headers=headers,
                heartbeat=HEARTBEAT,
                max_msg_size=FRAME_BYTES,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),
            )
    except aiohttp.WSServerHandshakeError:
        raise
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        raise Unreachable(f"{type(error).__name__} at the gateway") from None


class Link:
    """One websocket. ``delivered`` counts the events that came, ``in_flight`` those that are not
    answered yet; ``heard`` is when the last frame was taken. ``why`` is set, and ``over`` with it,
    once the connection should be replaced; ``lost`` is when events ceased to come by it (None: they
    come). ``tap`` gets a copy of every frame, to and fro."""

    def __init__(
        self, socket: aiohttp.ClientWebSocketResponse, name: str, tap: ports.Tap | None = None
    ) -> None:
        self.socket = socket
        self._tap = tap
        self.name = name
        self.time = asyncio.get_running_loop().time
        self.opened = self.heard = self.time()
        self.lost: float | None = None
        self.delivered = 0
        self.why: Why = "ended"
        self.over = asyncio.Event()
        self._listening = True
        self._unwritable = False
        self._enough = asyncio.Event()
        self._outgoing: deque[str | bytes] = deque()
        self._more = asyncio.Event()
        self._written = asyncio.Event()
        self.in_flight = 0
        self._answered = asyncio.Event()
        self._written.set()
        self._answered.set()
        self._tasks: list[asyncio.Task[None]] = []

    # ------------------------------------------------------------------------- what a platform adds

    def take(self, data: str | bytes) -> None:
        """Take one frame off the wire. Never raises and never waits."""
        raise NotImplementedError

    async def room(self) -> None:
        """Wait while no more may be taken."""

    # ------------------------------------------------------------------------- frames

    def begin(self, **more: Coroutine[None, None, None]) -> None:
        """Read and write from now on, and do ``more`` beside it until the connection is closed."""
        work = {"read": self._read(), "write": self._write(), **more}
        self._tasks = [
            asyncio.create_task(each, name=f"{self.name}-{what}") for what, each in work.items()
        ]

    def send(self, frame: str | bytes) -> None:
        """Queue a frame; on a closed socket it is dropped, as nobody waits for it any more."""
        if self.socket.closed or self._unwritable:
            return
        self._outgoing.append(frame)
        self._written.clear()
        self._more.set()

    def took(self) -> None:
        """Count an event that was handed over."""
        self.in_flight += 1
        self._answered.clear()

    def settled(self) -> None:
        """Count it as answered, or as never to be answered."""
        self.in_flight -= 1
        if not self.in_flight:
            self._answered.set()

    async def _read(self) -> None:
        try:
            while True:
                self._listening = False
                await self.room()
                self._listening, self.heard = True, self.time()
                message = await self.socket.receive()
                if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                    return
                if self._tap is not None:
                    self._tap(traffic.Frame(self.name, "in", message.data))
                self.take(message.data)
        except (aiohttp.ClientError, ConnectionError) as error:
            log.info("%s: the connection broke (%s)", self.name, type(error).__name__)
        finally:
            self._enough.set()
            self.leave("ended")

    async def _write(self) -> None:
        outgoing, text, binary = self._outgoing, self.socket.send_str, self.socket.send_bytes
        try:
            while True:
                await self._more.wait()
                self._more.clear()
                while outgoing:
                    frame = outgoing[0]
                    await (text(frame) if isinstance(frame, str) else binary(frame))
                    outgoing.popleft()
                    if self._tap is not None:
                        self._tap(traffic.Frame(self.name, "out", frame))
                self._written.set()
        except (aiohttp.ClientError, ConnectionError) as error:
            log.info("%s: answers find no connection (%s)", self.name, type(error).__name__)
            self.leave("ended")
        finally:
            self._unwritable = True
            outgoing.clear()
            self._written.set()

    # ------------------------------------------------------------------------- life

    def leave(self, why: Why) -> None:
        """Say that this connection should be replaced; the first reason counts."""
        if why in ("ended", "silent") and self.lost is None:
            self.lost = self.time()
        if not self.over.is_set():
            self.why = why
            self.over.set()

    async def lasted(self, idle: float, age: float) -> Why:
        """Wait until the connection should be replaced. While it is we who do not listen, the other
        side is not silent."""
        while not self.over.is_set():
            now = self.time()
            if not self._listening:
                self.heard = now
            silent, old = self.heard + idle - now, self.opened + age - now
            if silent <= 0 or old <= 0:
                self.leave("old" if old <= 0 else "silent")
                break
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(silent, old)):
                    await self.over.wait()
        return self.why

    def hurry(self) -> None:
        """Let ``close`` linger no longer."""
        self._enough.set()

    async def close(self, linger: float, patience: float) -> None:
        """Go on reading for ``linger`` seconds, or until the other side closes; then take nothing
        more, wait up to ``patience`` seconds until all that was taken is answered, and close."""
        try:
            async with asyncio.timeout(linger):
                await self._enough.wait()
        except TimeoutError:
            log.debug("%s: the old connection was still open after %s s", self.name, linger)
        reader, *others = self._tasks
        reader.cancel()
        await asyncio.wait([reader])
        if not self.socket.closed:
            try:
                async with asyncio.timeout(patience):
                    await self._answered.wait()
                    await self._written.wait()
            except TimeoutError:
                log.warning("%s: closed with %d events unanswered", self.name, self.in_flight)
        for task in others:
            task.cancel()
        for outcome in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                log.error("%s: a task of the connection failed", self.name, exc_info=outcome)
        await self.socket.close()


L = TypeVar("L", bound=Link)


class Keeper(Generic[L]):
    """Keeps a connection standing. ``dial`` opens one and has it ``begin``. BadCredentials, which
    it may raise, ends ``run``; Unreachable is tried again, and so is every other exception, which
    is logged with its traceback. ``title``: the platform, as people call it."""

    def __init__(
        self,
        dial: Callable[[], Awaitable[L]],
        pace: Pace,
        title: str,
        logger: logging.Logger | logging.LoggerAdapter[logging.Logger],
    ) -> None:
        self._dial_once = dial
        self._pace = pace
        self._title = title
        self._log = logger
        self.backoff = Backoff(pace.first, pace.most)
        self._standing: set[L] = set()
        self._opened = 0
        self._down_since = 0.0
        self._retiring: dict[asyncio.Task[None], L] = {}

    async def run(self, ready: Callable[[], None]) -> None:
        """Stay connected until cancelled; ``ready`` is called when the first connection stands. At
        the end all that was taken is answered and every connection closed."""
        self._down_since = asyncio.get_running_loop().time()
        try:
            link = await self._dial()
            ready()
            while True:
                link = await self._successor(link)
        finally:
            await self._stop()

    def connection(self) -> ports.Connection:
        """How it stands: the newest by which events come, or since when there is none."""
        opened = [link.opened for link in self._standing if link.lost is None]
        lost = [link.lost for link in self._standing if link.lost is not None]
        since = max(opened) if opened else max(self._down_since, *lost, 0.0)
        now = asyncio.get_running_loop().time()
        return ports.Connection(bool(opened), now - since, self._opened)

    async def _successor(self, link: L) -> L:
        """The connection that follows this one, once it should be replaced."""
        why = await link.lasted(self._pace.idle, self._pace.renew * random.uniform(0.9, 1.0))
        level = logging.WARNING if why in ("ended", "silent") else logging.INFO
        code = f" (close code {link.socket.close_code})" if why == "ended" else ""
        self._log.log(level, "the connection to %s is replaced: %s%s", self._title, why, code)
        healthy = link.delivered > 0 or link.time() - link.opened >= STEADY
        if healthy:
            self.backoff.reset()
        if why == "ended":
            self._retire(link, 0)
        if why == "ended" or not healthy:
            await asyncio.sleep(self.backoff.pause())
        fresh = await self._dial()
        if why != "ended":
            self._retire(link, 0 if why == "silent" else self._pace.linger)
        return fresh

    async def _dial(self) -> L:
        """Connect, however often that takes."""
        while True:
            try:
                link = await self._dial_once()
            except Unreachable as problem:
                level = logging.ERROR if problem.slow else logging.WARNING
                self._log.log(level, "no connection to %s: %s (trying again)", self._title, problem)
                await asyncio.sleep(self.backoff.pause(problem.slow))
            except ports.BadCredentials:
                raise
            except Exception as problem:
                text = masking.masked("".join(traceback.format_exception(problem)))
                text = text.encode("utf-8", "backslashreplace").decode()
                self._log.error("no connection to %s (trying again): %s", self._title, text)
                await asyncio.sleep(self.backoff.pause())
            else:
                self._standing.add(link)
                self._opened += 1
                return link

    def _retire(self, link: L, linger: float) -> None:
        """Close a connection without waiting for that."""
        self._standing.discard(link)
        self._down_since = link.time() if link.lost is None else link.lost
        work = link.close(linger, self._pace.patience)
        task = asyncio.create_task(work, name=f"{link.name}-retire")
        self._retiring[task] = link
        task.add_done_callback(self._retiring.pop)

    async def _stop(self) -> None:
        for link in list(self._standing):
            self._retire(link, 0)
        for link in self._retiring.values():
            link.hurry()
        await asyncio.gather(*self._retiring, return_exceptions=True)
