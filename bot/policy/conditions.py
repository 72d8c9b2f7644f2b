"""What every condition of the gate may know, and the conditions that hold at several moments."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from bot import model
from bot.policy import quorum
from bot.policy.limits import ForbiddenValue
from bot.policy.model import Book, Refusal, Verdict


class Facts(Protocol):
    """The people, policies and rules of now; the command that is asked for, and where."""

    @property
    def book(self) -> Book: ...

    @property
    def now(self) -> datetime: ...

    @property
    def command(self) -> str: ...

    @property
    def place(self) -> model.Place: ...


class Screened(Protocol):
    """What is held to the patterns, and how many people it takes."""

    @property
    def screened(self) -> Verdict:
        """What the patterns say of it."""
        ...

    @property
    def by_form(self) -> bool:
        """Does the decision of a form count as a vote?"""
        ...

    def quorum(self, policies: tuple[str, ...]) -> quorum.Quorum:
        """Whose agreement it needs: by the policies that it has, and by these."""
        ...


class Valued(Protocol):
    """What has values."""

    @property
    def forbidden_value(self) -> ForbiddenValue | None:
        """The first value that the configuration does not allow."""
        ...


class Readable(Protocol):
    """What is put before people."""

    @property
    def unshown(self) -> Refusal | None:
        """Why it cannot be shown as it would run."""
        ...


def enabled(facts: Facts) -> Refusal | None:
    """Is the command configured?"""
    if facts.command in facts.book.commands:
        return None
    return Refusal("refused.not_enabled", {"command": facts.command})


def values(facts: Valued) -> Refusal | None:
    """Are all values among those that the configuration allows?"""
    value = facts.forbidden_value
    if value is None:
        return None
    shown = {"name": value.name, "value": value.value, "values": list(value.allowed)}
    return Refusal("refused.value", shown)


def plan(facts: Readable) -> Refusal | None:
    """Can people read all that they would agree to?"""
    return facts.unshown


def patterns(facts: Screened) -> Verdict:
    """What the patterns refuse, require, and send to further people."""
    return facts.screened


def electorate(facts: Screened, verdict: Verdict) -> Refusal | None:
    """Are there enough people who may agree?"""
    needed = facts.quorum(verdict.policies)
    if quorum.can_pass(needed, facts.by_form):
        return None
    return Refusal("refused.nobody", {"policy": needed.name})
