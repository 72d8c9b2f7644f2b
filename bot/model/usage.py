"""What the bot has used of a platform in a calendar month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Meter = Literal["calls", "pushes"]
"""What a platform counts: calls of its API, and what goes over its push channel."""
METERS: tuple[Meter, ...] = ("calls", "pushes")
Spare = Literal["progress", "reminder"]
"""What is not sent once a month's quota runs short, in this order."""
SPARES: tuple[Spare, ...] = ("progress", "reminder")
SPARE = "spare"
"""In the context of an effect: it may be left out, as this ``Spare``."""


@dataclass(frozen=True, slots=True)
class Usage:
    """The counts of a platform in a ``month`` ("2026-11"). ``counts``: of each meter; "spared.X" of
    what was not sent; "reached.X" the highest share of a meter's quota that was noted, in percent.
    """

    platform: str
    month: str
    counts: Mapping[str, int] = field(default_factory=dict)

    def of(self, name: str) -> int:
        return self.counts.get(name, 0)

    def spared(self, what: Spare) -> int:
        """How many of these were not sent."""
        return self.of(f"spared.{what}")

    def reached(self, meter: Meter) -> int:
        """The highest share of the quota that was noted, in percent."""
        return self.of(f"reached.{meter}")


@dataclass(frozen=True, slots=True)
class QuotaReached:
    """So many ``percent`` of what a platform allows in a month are used. ``first``: nothing was
    noted of this platform in this month before."""

    id: str
    at: datetime
    usage: Usage
    meter: Meter
    percent: int
    first: bool
