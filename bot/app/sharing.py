"""This process among those that share a store, in the wiring."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from bot import config, release
from bot.model import ports
from bot.runtime import clock, engine, replicas

log = logging.getLogger("countersign")

LEAVES_WITHIN = 2.0
"""Seconds that a process which ends waits until the others know that."""


def wall_of(settings: config.Config) -> clock.DatabaseClock | None:
    """The clock of the database that replicas share; None: the bot goes by the machine's."""
    return None if settings.bot.store is None else clock.DatabaseClock()


@asynccontextmanager
async def joined(
    settings: config.Config,
    door: engine.Engine,
    time: clock.Steady,
    wall: clock.DatabaseClock | None,
    digest: Callable[[], str],
    led: Callable[[], None],
) -> AsyncIterator[replicas.Membership | None]:
    """Be one of those that share the store meanwhile; None: it is the store of this process alone.
    ``led`` is called when this process becomes the one that leads."""
    if settings.bot.store is None:
        yield None
        return
    membership = replicas.Membership(
        door,
        time,
        settings.replica,
        release.version(),
        timedelta(seconds=settings.bot.lease),
        digest=digest,
        led=led,
        wall=wall,
    )
    with door.listen():
        await membership.join()
        try:
            yield membership
        finally:
            await _leave(membership)


async def _leave(membership: replicas.Membership) -> None:
    try:
        async with asyncio.timeout(LEAVES_WITHIN):
            await membership.leave()
    except (TimeoutError, ports.Closed):
        log.warning("the other replicas learn by the end of the lease that this one has ended")
