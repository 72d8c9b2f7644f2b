"""How requests move, for those who follow them: told once it is on disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bot import model
from bot.store import port


@dataclass(frozen=True, slots=True)
class Moved:
    """A decision at a time made ``after`` of ``before`` (None: the request is new)."""

    before: model.Request | None
    after: model.Request
    at: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """An effect of a request came to its end."""

    request: model.Request
    row: port.Row
    outcome: model.Outcome
    at: datetime


Move = Moved | Ended


def of_decision(
    loaded: model.Request | None, decision: model.Decision, at: datetime
) -> Iterator[Move]:
    """The requests that a decision changed."""
    for now in (decision.closed, decision.request):
        if now is not None:
            yield Moved(loaded if loaded is not None and loaded.id == now.id else None, now, at)
