"""What is read of a store that keeps operations from starting."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from bot import model


class Conditions(Protocol):
    """Freezes of people, and what requests have for themselves."""

    def freezes(self, at: datetime) -> tuple[model.Freeze, ...]:
        """The freezes of people that are in force at a moment, oldest first."""

    def freezes_then(self, at: datetime) -> tuple[model.Freeze, ...]:
        """Those that were in force at a moment of the past."""

    def locks(self, limit: int = 200) -> tuple[model.Lock, ...]:
        """What requests have, the longest first, and then what they wait for, in order."""
