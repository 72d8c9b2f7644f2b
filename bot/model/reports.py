"""What happened to requests within a month, in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Month:
    """A month by the clock of the people: its ``name`` ("2026-11"), when it begins, and when the
    next one does."""

    name: str
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Times:
    """How long something took, in seconds: how often it was measured, the time by which half of
    them were over, and the one by which 95 of a hundred were."""

    count: int = 0
    half: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True)
class Activity:
    """Requests: how many were asked for, by the state that they are in now, and how long those took
    to be approved that were approved within the time."""

    states: Mapping[str, int] = field(default_factory=dict)
    approvals: Times = Times()

    @property
    def count(self) -> int:
        return sum(self.states.values())


@dataclass(frozen=True, slots=True)
class Report:
    """What happened within a month. ``commands`` and ``groups`` (platform, chat) divide ``total``.
    ``pending``: how long those have waited that are voted on at ``now``, and the ``oldest`` of
    them. ``policies``: by name, how often requests were approved and rejected by it.
    ``unseen``: by person, on how many requests that ran out they could have voted and did not.
    ``long_votes``: by person, how many votes they cast on a plan that was sent to them whole, as
    the card does not hold it; ``hasty_votes``: those of them that came within three seconds.
    ``break_glass``: the entries of the audit log about it, by action."""

    month: Month
    now: datetime
    total: Activity
    commands: Mapping[str, Activity]
    groups: Mapping[tuple[str, str], Activity]
    pending: Times
    oldest: int
    reminders: int
    expired: int
    unseen: Mapping[str, int]
    long_votes: Mapping[str, int]
    hasty_votes: Mapping[str, int]
    policies: Mapping[str, tuple[int, int]]
    break_glass: Mapping[str, int]
