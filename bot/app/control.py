"""The socket by which ``python -m bot`` speaks to the bot that runs on a store.

It stands beside the store and belongs to the process that holds the store's lock: whatever answers
there is this bot, and once that has ended nothing answers. One line comes, one line of JSON goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import pwd
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger("countersign")

NAME = "control.sock"
PUT_IN_USE = "put-in-use"
"""Verb: like ``reload``, and a replica that waits for the others has them wait for it."""
LONGEST_PATH = 100
"""Bytes that the path of a socket may have on every system."""
LONGEST_LINE = 8192
PATIENCE = 120.0
"""Seconds that are waited for an answer."""

Answer = Mapping[str, object]
Verb = Callable[[str, str], Awaitable[Answer]]
"""Does what is asked for by an actor of the audit log (``console:USER``), with what stands behind
the verb."""


class NoBot(Exception):
    """No bot runs on this store."""


class Ended(Exception):
    """The bot ended before it answered."""


class Silent(Exception):
    """The bot takes too long to answer."""


class Control:
    """Serves verbs to the users who may write the socket's file: the bot's own, and root."""

    def __init__(self, folder: Path, verbs: Mapping[str, Verb]) -> None:
        self._folder, self._verbs = folder, verbs

    async def run(self) -> None:
        """Serve until cancelled. Where there can be no socket, that is logged, and all."""
        try:
            listening = bound(self._folder)
        except OSError as fault:
            log.warning("there is no %s (%s): `reload` is by SIGHUP only", NAME, fault.strerror)
            await asyncio.Event().wait()
            return
        server = await asyncio.start_unix_server(self._answer, sock=listening, limit=LONGEST_LINE)
        try:
            # serve_forever would wait for clients that say nothing, from Python 3.12 on
            await asyncio.Event().wait()
        finally:
            server.close()
            (self._folder / NAME).unlink(missing_ok=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError), contextlib.closing(writer):
            line = (await reader.readline()).decode("utf-8", "surrogateescape").rstrip("\n")
            name, _, rest = line.partition(" ")
            if name in self._verbs:
                actor = actor_of(writer.get_extra_info("socket"))
                answer = await self._verbs[name](actor, rest)
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()


def ask(folder: Path, verb: str, patience: float = PATIENCE) -> Answer:
    """What the bot whose data is in this folder answers. Raises NoBot, Ended, Silent,
    PermissionError."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(patience)
        try:
            with reachable(folder) as place:
                line.connect(place)
        except PermissionError:
            raise
        except OSError:
            raise NoBot from None
        try:
            line.sendall(os.fsencode(f"{verb}\n"))
            with line.makefile("rb") as file:
                answer: Answer = json.loads(file.readline())
        except TimeoutError:
            raise Silent from None
        except (OSError, ValueError):
            raise Ended from None
    return answer


def bound(folder: Path) -> socket.socket:
    """A socket in this folder, in place of one that a killed bot left. Raises OSError."""
    listening = socket.socket(socket.AF_UNIX)
    try:
        (folder / NAME).unlink(missing_ok=True)
        with reachable(folder) as place:
            listening.bind(place)
            os.chmod(place, 0o600)
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening


@contextmanager
def reachable(folder: Path) -> Iterator[str]:
    """The path of the socket, short enough for the system."""
    path = str(folder / NAME)
    if len(os.fsencode(path)) <= LONGEST_PATH:
        yield path
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{NAME}"
    finally:
        os.close(descriptor)


def actor_of(line: socket.socket) -> str:
    """Who speaks, by the user of their process; on systems that don't say, the bot's own."""
    user = os.getuid()
    if hasattr(socket, "SO_PEERCRED"):
        size = struct.calcsize("3i")
        _, user, _ = struct.unpack(
            "3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        )
    try:
        return f"console:{pwd.getpwuid(user).pw_name}"
    except KeyError:
        return f"console:{user}"
