"""One websocket of the long connection: what waits to be written and what is still unanswered."""

from __future__ import annotations

import asyncio
import logging
from collections import deque

import aiohttp

log = logging.getLogger(__name__)


class Link:
    """Frames are queued by ``send``, which never waits, and written in order by one task."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, service: int, now: float) -> None:
        self.socket = socket
        self.service = service
        self.opened = now
        self.heard = now
        self.delivered = 0
        self.tasks: list[asyncio.Task[None]] = []
        self._outgoing: deque[bytes] = deque()
        self._more = asyncio.Event()
        self._in_flight = 0
        self._answered = asyncio.Event()
        self._answered.set()
        self._written = asyncio.Event()
        self._written.set()

    def took(self) -> None:
        """Count an event that was handed over."""
        self._in_flight += 1
        self._answered.clear()

    def settled(self) -> None:
        """Count it as answered, or as never to be answered."""
        self._in_flight -= 1
        if not self._in_flight:
            self._answered.set()

    def send(self, frame: bytes) -> None:
        """Queue a frame; on a closed socket it is dropped, as its answer is no longer awaited."""
        if self.socket.closed:
            return
        if not self._outgoing:
            self._more.set()
            self._written.clear()
        self._outgoing.append(frame)

    async def write(self) -> None:
        """Write what is queued, until the socket breaks."""
        outgoing, send = self._outgoing, self.socket.send_bytes
        try:
            while True:
                await self._more.wait()
                while outgoing:
                    await send(outgoing[0])
                    outgoing.popleft()
                self._more.clear()
                self._written.set()
        except (aiohttp.ClientError, ConnectionError) as error:
            log.info("the Lark connection broke while writing: %s", type(error).__name__)
        finally:
            outgoing.clear()
            self._written.set()

    async def close(self, patience: float, linger: bool = False) -> None:
        """Wait at most ``patience`` seconds until everything taken is answered, then close. With
        ``linger`` go on reading for so long before: the platform may still use this connection."""
        if linger:
            await asyncio.wait(self.tasks[:1], timeout=patience)
        try:
            async with asyncio.timeout(0 if self.socket.closed else patience):
                await self._answered.wait()
                await self._written.wait()
        except TimeoutError:
            log.warning("a Lark connection closed with %d events unanswered", self._in_flight)
        for task in self.tasks:
            task.cancel()
        for outcome in await asyncio.gather(*self.tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                log.error("a task of the Lark connection failed", exc_info=outcome)
        await self.socket.close()
