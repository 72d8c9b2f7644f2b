"""What a configuration needs of the steps of a policy's ladder, whose keys the policy declares."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol


class LadderStep(Protocol):
    after: timedelta
    how: str
    who: tuple[str, ...]
    group: str
    repeat: timedelta | None
    model_fields_set: set[str]
