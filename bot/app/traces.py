"""Traces in the cloud of what an old copy of the store does not know.

What the bot starts carries the digest of its plan as a tag. Where something was started by the plan
of a request that is open here, and this store never queued that call, then the store is older than
what was done: a snapshot of the whole machine, say, in which the mark beside the store is as old.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from bot import model
from bot.model import ports
from bot.runtime import engine

log = logging.getLogger("countersign")

WITHIN = 5.0
"""Seconds that the start waits for an answer."""
MOST = 50
"""Requests that are asked about, the newest."""
TOGETHER = 5


async def unknown(door: engine.Engine, executor_for: Callable[[str], ports.Executor]) -> str:
    """The token of something that was started and that the store knows nothing of; empty: there is
    none, as far as the cloud could be asked."""
    opened = await door.read(lambda reader: reader.open_requests())
    candidates = [one for one in opened if is_asked_about(one)][-MOST:]
    if not candidates:
        return ""
    try:
        async with asyncio.timeout(WITHIN):
            return await _first(door, executor_for, candidates)
    except (TimeoutError, ports.PollFailed) as fault:
        log.warning(
            "whether something was started that this store does not know could not be asked: %s",
            str(fault) or "no answer in time",
        )
        return ""


def is_asked_about(request: model.Request) -> bool:
    """Does what is started for it carry its digest? Of one that is held out of an old copy already,
    nothing is to be found out any more."""
    return bool(request.plan and request.nonce and request.digest) and request.hold != "restored"


async def _first(
    door: engine.Engine,
    executor_for: Callable[[str], ports.Executor],
    candidates: list[model.Request],
) -> str:
    gate = asyncio.Semaphore(TOGETHER)

    async def tokens(request: model.Request) -> list[str]:
        assert request.plan is not None
        async with gate:
            executor = executor_for(request.plan.engine)
            return list(await executor.tokens(request.plan.region, request.digest))

    answers = [one for each in await asyncio.gather(*map(tokens, candidates)) for one in each]
    return await door.read(
        lambda reader: next((one for one in answers if not reader.knows_start(one)), "")
    )
