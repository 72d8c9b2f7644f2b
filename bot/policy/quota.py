"""What a platform allows in a calendar month, and what is left out when that runs short."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import Field

from bot import model
from bot.source.tables import settings
from bot.source.values import Platform, Zone

STEPS = (80, 90, 100)
"""Percent of a quota that are noted when they are reached; people are told of the first."""
SPARED_FROM = {"progress": 80, "reminder": 90}
"""Percent of a quota from which these are no longer sent."""
SPENDS: dict[model.Spare, tuple[model.Meter, ...]] = {
    "progress": ("calls",),
    "reminder": ("calls", "pushes"),
}
"""What each of them uses: an update of a card is a call; a message is a call or, where it answers
another, a push."""
ZONE = "Asia/Shanghai"


@settings
class Quota:
    """What a platform lets the apps of an organisation use in a calendar month. Without an entry
    there is no limit. At 80 % `group` is told once. From then on no mere progress is shown on
    cards, from 90 % nobody is reminded of a vote. Cards, votes and outcomes are always sent."""

    platform: Platform = Field(description="Which platform.")
    calls: int = Field(
        default=0, ge=0, le=10**9, description="Calls of its API in a month; 0: no limit."
    )
    pushes: int = Field(
        default=0,
        ge=0,
        le=10**9,
        description="Events and messages over its push channel in a month; 0: no limit.",
    )
    timezone: Zone = Field(default=ZONE, description="Where its months begin.")
    group: str = Field(
        default="",
        max_length=256,
        description="Name of the group, on this platform, that is told when 80 % are used. "
        "Default: nobody; it stands in the log, in the audit log and in `status`.",
    )

    def of(self, meter: model.Meter) -> int:
        """How much is allowed; 0: there is no limit."""
        return self.calls if meter == "calls" else self.pushes

    def percent(self, usage: model.Usage, meter: model.Meter) -> int:
        """How much of it is used, rounded down; 0 where there is no limit."""
        most = self.of(meter)
        return usage.of(meter) * 100 // most if most else 0

    def spares(self, usage: model.Usage) -> tuple[model.Spare, ...]:
        """What is no longer sent in this month."""
        return tuple(
            what
            for what in model.SPARES
            if any(self.percent(usage, meter) >= SPARED_FROM[what] for meter in SPENDS[what])
        )


def month_of(quota: Quota | None, now: datetime) -> str:
    """The month that a platform counts in at a moment, such as "2026-11"."""
    return f"{now.astimezone(ZoneInfo(quota.timezone if quota else ZONE)):%Y-%m}"


def step_of(percent: int) -> int:
    """The highest of the ``STEPS`` that is reached; 0: none."""
    return max((step for step in STEPS if step <= percent), default=0)
