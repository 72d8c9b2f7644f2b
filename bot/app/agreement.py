"""Which configuration the replicas of a store work with: the one that the store names.

A reload puts another one in use. From that transaction on the other replicas decide nothing: they
read their own files, and take up what stands there if it is the same; one whose files say otherwise
ends, and waits at its next start.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable

from bot import source
from bot.app import reload
from bot.config import parts
from bot.runtime import engine
from bot.store import port

log = logging.getLogger("countersign")

AGAIN = 1.0
"""Seconds after which a replica that waits reads its files anew."""
WAITS = "configuration {} is in use, and the files of this replica say {}: it waits for the same"


class Differs(Exception):
    """The replicas of this store work with another configuration."""


class Agreement:
    """Keeps this replica to the configuration in use. ``refuse``: it does not wait for that."""

    def __init__(self, door: engine.Engine, reloader: reload.Reloader, refuse: bool) -> None:
        self._door, self._reloader, self._refuse = door, reloader, refuse
        self._news = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        door.watch(self._on_commit)

    def _on_commit(self, changes: port.Changes) -> None:
        if changes.configuration:
            self._news.set()

    async def reach(self, tell: Callable[[str], None]) -> None:
        """Return once no replica works with another configuration than this one; meanwhile ``tell``
        is called with what it waits for. Raises Differs."""
        while True:
            digest, others = await self._in_use()
            if not digest or not others or await self._adopted(digest):
                return
            text = WAITS.format(digest[:8], self._reloader.running.digest[:8])
            if self._refuse:
                raise Differs(text.partition(":")[0])
            tell(text)
            await self._pause()

    async def run(self) -> None:
        """Take up what other replicas put in use; nothing is decided before. Raises Differs where
        the files of this one say otherwise."""
        self._loop = asyncio.get_running_loop()
        with self._door.held_while(self._is_behind):
            while True:
                await self._news.wait()
                self._news.clear()
                digest, _ = await self._in_use()
                if digest and not await self._adopted(digest):
                    raise Differs(
                        f"another replica has put the configuration {digest[:8]} in use, which the "
                        "files of this one do not say"
                    )

    def _is_behind(self, writer: port.Writer) -> bool:
        """Is a configuration in use that this replica has not taken up? Asked on the writer's
        thread. A release that does not note the digest is believed by what it noted."""
        own = self._reloader.running.digest
        if writer.configuration_digest in ("", own) or _digest(writer.configuration()) == own:
            return False
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._news.set)
        return True

    async def _in_use(self) -> tuple[str, bool]:
        """As ``_in_use``, once the database is reached."""
        while True:
            try:
                return await self._door.read(_in_use)
            except port.StoreFault as fault:
                log.debug("the configuration in use is not known: %s", fault)
                await asyncio.sleep(AGAIN)

    async def _adopted(self, digest: str) -> bool:
        try:
            return await self._reloader.adopt(digest)
        except (source.Invalid, OSError) as fault:
            log.error("the configuration could not be read: %s", fault)
            return False

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(AGAIN):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()


def _in_use(reader: port.Reader) -> tuple[str, bool]:
    """The digest of the configuration in use ("": none yet), and whether any replica is alive."""
    living = any(one.state == "living" for one in reader.replicas())
    return _digest(reader.configuration()), living


def _digest(noted: str) -> str:
    return parts.digest(json.loads(noted)) if noted else ""
