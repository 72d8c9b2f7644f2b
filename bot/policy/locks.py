"""What happens where two operations need the same instance or resource, as the configuration says
it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.source.tables import settings

Mode = Literal["queue", "refuse", "warn", "off"]


@settings
class Locks:
    """What happens where an operation needs something on which another one is at work. `queue`:
    once approved, it waits for that one to end, first approved first served. `refuse`: it is
    refused. `warn`: it runs, and its card says so. `off`: nobody looks. A command's own `lock` goes
    before this."""

    instances: Mode = Field(default="warn", description="For instances.")
    resources: Mode = Field(
        default="queue", description="For what commands name in their `resources`."
    )
