"""What runs hold so that one operation at a time is at work there, and what waits for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Lock:
    """An instance, or a resource of the configuration, that a request holds or waits for. ``name``
    is unique among both ("instance:i-1", "resource:payments-db"); ``label``: what people call it.
    ``exclusive``: it is held exclusively by one request at a time. ``since``: when it was taken;
    of one that waits, its place in the queue. ``freed_at``: when another request that held it, or
    was before this one in the queue, last let it go (None: not since this one waits)."""

    name: str
    label: str
    request: int
    exclusive: bool
    since: datetime
    state: Literal["held", "waiting"] = "held"
    freed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LockWait:
    """What an approved request waits for: that the request numbered ``holder`` lets go of the
    instance or resource which people call ``label``."""

    holder: int
    label: str


@dataclass(frozen=True, slots=True)
class InUse:
    """An instance or a resource that people call ``label``: the numbers of the requests that have
    it, and of those that wait for it, in the order in which they get it."""

    label: str
    held: tuple[int, ...]
    waiting: tuple[int, ...]


def in_use(locks: Iterable[Lock]) -> tuple[InUse, ...]:
    """The same locks by what they are on."""
    groups: dict[str, list[Lock]] = {}
    for one in locks:
        groups.setdefault(one.name, []).append(one)
    return tuple(
        InUse(
            group[0].label,
            tuple(one.request for one in group if one.state == "held"),
            tuple(one.request for one in group if one.state == "waiting"),
        )
        for group in groups.values()
    )
