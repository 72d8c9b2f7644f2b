"""One try of an effect, with what is on record of the tries before it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from bot.model.people import EPOCH

Record = Callable[[str, str], Awaitable[None]]
"""Writes a part and its reference to the effect's row; returns once that is on disk."""

Pace = Callable[[int], Awaitable[None]]
"""Waits until one more call may be made, after so many."""


@dataclass(slots=True)
class Attempt:
    """What an adapter has to know of an effect besides the effect itself. All of it stands in the
    effect's row, so it is the same after a restart.

    ``number`` counts the tries from 1 and ``first_at`` is when the first one began. ``uncertain``:
    an earlier try may have happened; the first such try began at ``uncertain_since``.
    ``parts_done``: the references of parts that are done, by the part's name; those of this effect
    and of the earlier effects of its lane. ``calls``: how many it has made of its platform."""

    number: int = 1
    first_at: datetime = EPOCH
    uncertain: bool = False
    uncertain_since: datetime = EPOCH
    parts_done: dict[str, str] = field(default_factory=dict)
    record: Record | None = None
    pace: Pace | None = None
    calls: int = 0

    async def call(self) -> None:
        """Before each call to the platform: limits count every one. The first goes at once."""
        if self.calls and self.pace is not None:
            await self.pace(self.calls)
        self.calls += 1

    async def note(self, part: str, ref: str) -> None:
        """Put on disk that a part is done, before the next one is begun. Parts are sent one after
        the other, so what was uncertain before is settled by it."""
        if self.record is not None:
            await self.record(part, ref)
        self.parts_done[part] = ref
        self.uncertain = False
