"""What has happened since the process began, counted in memory.

Counting is on the way of every event, so it is an addition in a dictionary and nothing more. Each
count is added to by one thread, the writer's or the loop's; whoever reads copies it first. What
counts are told by is a fixed set of words: kinds, platforms, outcomes; never a request or a person.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

CLOUD = "cloud"
"""The party of effects that go to no platform."""
QUICK = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Bounds in seconds of what waits for the disk."""
SLOW = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Bounds in seconds of what waits for another machine."""


class Histogram:
    """How often a value fell between which ``bounds``; the last of ``counts`` is above all."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


@dataclass(frozen=True, slots=True)
class Configuration:
    """The configuration in use: the first digits of its ``digest``, ``since`` when, and whether
    another one was ``refused`` since."""

    digest: str
    since: datetime
    refused: bool = False


class Meter:
    """``events`` by kind and answer (new, duplicate, failed); ``acks``: seconds from taking an
    event to its commit, by kind; ``decisions`` by action of the audit log; ``effects`` by kind,
    party and outcome; ``calls``: seconds of a call, by kind and party; ``commits``: seconds of a
    commit, and ``jobs``: what they committed; ``polls`` by engine and result (ok, failed);
    ``configuration``: the one in use (None: not known yet)."""

    def __init__(self) -> None:
        self.events: Counter[tuple[str, str]] = Counter()
        self.acks: defaultdict[str, Histogram] = defaultdict(lambda: Histogram(QUICK))
        self.decisions: Counter[str] = Counter()
        self.effects: Counter[tuple[str, str, str]] = Counter()
        self.calls: defaultdict[tuple[str, str], Histogram] = defaultdict(lambda: Histogram(SLOW))
        self.commits = Histogram(QUICK)
        self.jobs = 0
        self.polls: Counter[tuple[str, str]] = Counter()
        self.configuration: Configuration | None = None
