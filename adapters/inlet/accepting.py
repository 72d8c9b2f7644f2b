"""Takes connections: as many at once as there may be, and one more waits until there is room.

Where a connection waits for room, the one that has kept the server waiting longest is closed:
senders say what they want at once, so one that says nothing, or stops in the middle, is none that
is missed. What is being decided is never closed. Whoever is still not let in waits in the queue of
the system, and is not turned away.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import socket
from typing import Any

from adapters.inlet import wire

log = logging.getLogger(__name__)

BACKLOG = 1024
"""Connections that wait in the queue of the system."""
RETRY = 0.05
"""Seconds between two looks for room."""


def most_files() -> int:
    """How many files and connections the process may have open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def most_of(wanted: int) -> int:
    """As many connections as are wanted, but no more than half of all files: the rest of the
    process needs some, too."""
    allowed = most_files()
    return wanted if allowed <= 0 else max(1, min(wanted, allowed // 2))


class Acceptor:
    """Takes connections for a server. ``patience``: for how many seconds one may say nothing while
    another waits for its place; ``tell_every``: seconds between two lines of the log."""

    def __init__(self, server: wire.Server, most: int, patience: float, tell_every: float) -> None:
        self._server = server
        self._most = most
        self._patience = patience
        self._tell_every = tell_every
        self._tasks: list[asyncio.Task[None]] = []
        self._sockets: list[socket.socket] = []
        self._closed = 0
        self._told_at: float | None = None

    async def listen(self, host: str, port: int) -> int:
        """Begin; the port that it listens on. Raises OSError."""
        loop = asyncio.get_running_loop()
        addresses = await loop.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, _, _, _, address in dict.fromkeys(addresses):
            self._sockets.append(_listening(family, address))
        self._tasks = [asyncio.create_task(self._accept(one)) for one in self._sockets]
        return int(self._sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Take no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for listening in self._sockets:
            listening.close()
        self._tasks, self._sockets = [], []

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listening)
            except OSError as fault:  # no more files, or the other side is gone already
                self._tell(loop.time(), f"no connection could be taken: {fault.strerror}")
                self._make_room(loop.time())
                await asyncio.sleep(RETRY)
                continue
            try:
                await self._room(loop)
                await loop.connect_accepted_socket(self._server, connection)
            except BaseException as fault:
                connection.close()
                if not isinstance(fault, OSError):
                    raise

    async def _room(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait until there is room for one more."""
        while len(self._server.lines) >= self._most:
            self._server.freed.clear()
            if self._make_room(loop.time()):
                self._closed += 1
            silent = f", {self._closed} that said nothing were closed" if self._closed else ""
            self._tell(
                loop.time(),
                f"{self._most} connections at once, which is the most: others wait{silent}",
            )
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETRY):
                    await self._server.freed.wait()

    def _make_room(self, now: float) -> bool:
        """Close the connection that has kept the server waiting longest; False: none has."""
        line = self._server.stalest(now, self._patience)
        if line is None:
            return False
        line.force_close()
        return True

    def _tell(self, now: float, message: str) -> None:
        if self._told_at is not None and now - self._told_at < self._tell_every:
            return
        self._told_at, self._closed = now, 0
        log.warning("%s", message)


def _listening(family: int, address: Any) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    return made
