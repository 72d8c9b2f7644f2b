"""Requests that are voted on together, on one card."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from bot.model.plans import canonical


@dataclass(frozen=True, slots=True)
class Batch:
    """``members``: the numbers of the requests, the one whose card it is first. ``digest``: SHA-256
    of the digests of all their plans, sorted; of other members it is another one."""

    members: tuple[int, ...]
    digest: str

    @property
    def lead(self) -> int:
        """The number of the request whose card it is."""
        return self.members[0]


def batch_of(plans: Iterable[tuple[int, str]]) -> Batch:
    """The batch of requests, each as its number and the digest of its plan."""
    members = dict(plans)
    digest = hashlib.sha256(canonical(sorted(members.values())).encode()).hexdigest()
    return Batch(tuple(members), digest)


def plan_digest(subject: str) -> str:
    """The digest of the plan, or of the question, that a vote with this digest is about: without
    what says that it was voted on with others, or in a form."""
    return subject.rpartition(":")[2]
