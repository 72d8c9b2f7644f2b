"""Refusals, for the audit log: reported at once, then at most once in a while with a count,
so that a flood at the door does not fill the log."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot import model
from bot.model import ports

log = logging.getLogger(__name__)

Tell = Callable[[model.IngressRejected], Awaitable[object]]


@dataclass(slots=True)
class _Count:
    """Since when nothing was told, and what has come since then."""

    reported: datetime
    waiting: int = 0
    address: str = ""


class Tally:
    """Counts by source and reason. There are a dozen of reasons, so it stays small."""

    def __init__(self, every: float) -> None:
        self._every = timedelta(seconds=every)
        self._counts: dict[tuple[str, str], _Count] = {}
        self._number = 0

    def note(self, via: str, reason: str, address: str, now: datetime) -> None:
        """One more."""
        count = self._counts.get((via, reason))
        if count is None:
            count = self._counts[via, reason] = _Count(now - self._every)
        if not count.waiting:
            count.address = address
        count.waiting += 1

    def due(self, now: datetime, all_of_it: bool = False) -> list[model.IngressRejected]:
        """What is to be told now; it counts as told."""
        counts = []
        for (via, reason), count in self._counts.items():
            rested = abs(now - count.reported) >= self._every
            if count.waiting and (rested or all_of_it):
                self._number += 1
                moment = f"{int(now.timestamp() * 1000)}-{self._number}"
                counts.append(
                    model.IngressRejected(
                        f"turned:{via}:{reason}:{moment}",
                        now,
                        via,
                        reason,
                        count.address,
                        count.waiting,
                    )
                )
                count.reported, count.waiting = now, 0
        return counts


async def tell(turned: list[model.IngressRejected], submit: Tell) -> None:
    """Hand it over; what can't be taken any more is at least in the log."""
    for one in turned:
        try:
            await submit(one)
        except ports.Closed:
            log.warning("%s: %d times %s, from %s", one.via, one.count, one.reason, one.address)
