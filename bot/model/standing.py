"""Standing approvals: people agree beforehand to what may be asked for within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.model.plans import Tags
from bot.model.requests import Request, Vote


@dataclass(frozen=True, slots=True)
class StandingBounds:
    """What may be asked for. Each target is one of the ``instances`` (ids) or has one of the
    ``tags``. ``values`` are patterns by parameter, one for each part of its value: ``*`` and ``?``
    stand for any text; a parameter that is not in them, and not among the ``free`` ones, must not
    be given. ``role``: whoever has it may ask; "": only the requester of the approval. It is asked
    for in the ``chat`` of the ``platform``. ``content``: digest of what runs."""

    command: str
    instances: tuple[str, ...]
    tags: Tags
    values: Mapping[str, tuple[str, ...]]
    free: tuple[str, ...]
    role: str
    platform: str
    chat: str
    content: str


@dataclass(frozen=True, slots=True)
class StandingApproval:
    """A standing approval, in force until ``until`` for ``most`` uses. ``request``: by which it was
    asked for, whose number is its own; ``votes``: those on it. ``revoked_by``: the person who
    revoked it ("": nobody)."""

    bounds: StandingBounds
    until: datetime
    most: int
    request: Request
    votes: tuple[Vote, ...] = ()
    uses: int = 0
    revoked_by: str = ""

    @property
    def number(self) -> int:
        return self.request.id
