"""What to look for among all requests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody may see at most: own requests, and those of ``places`` (platform, chat)."""

    person: str
    places: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Search:
    """Requests that meet all of these; what is empty is not asked about. ``on``: the id or the name
    of an instance in the plan, in which "*" stands for any letters; ``states``: words of ``State``;
    ``approver``: who approved; ``since`` and ``until`` (not included): when it was asked for;
    ``before``: numbers below this one; ``sight``: only what this person may see (None: all)."""

    person: str = ""
    command: str = ""
    on: str = ""
    states: tuple[str, ...] = ()
    approver: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int = 0
    sight: Sight | None = None
