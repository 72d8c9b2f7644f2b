"""What every condition of the gate may know, and the conditions that hold at several moments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot import model
from bot.policy import access, quorum, voting
from bot.policy.limits import ForbiddenValue
from bot.policy.model import Book, Refusal, Verdict


@dataclass(frozen=True)
class Facts:
    """The people, policies and rules of now; the command that is asked for, and where."""

    book: Book
    now: datetime
    command: str
    place: model.Place

    @property
    def group(self) -> str:
        """The name of the group in which it is asked for; "": it is none of ours."""
        group = access.group_of(self.book, self.place.platform, self.place.chat)
        return group.name if group is not None else ""


class Screened(Protocol):
    """What is held to the patterns, and how many people it takes. ``by_form``: the decision of a
    form counts as a vote."""

    @property
    def screened(self) -> Verdict: ...

    @property
    def by_form(self) -> bool: ...

    def quorum(self, policies: tuple[str, ...]) -> quorum.Quorum:
        """Whose agreement it needs: by the policies that it has, and by these."""
        ...


def enabled(facts: Facts) -> Refusal | None:
    """Is the command configured?"""
    if facts.command in facts.book.commands:
        return None
    return Refusal("refused.not_enabled", {"command": facts.command})


def refusal_of_value(value: ForbiddenValue | None) -> Refusal | None:
    """Are all values among those that the configuration allows?"""
    if value is None:
        return None
    shown = {"name": value.name, "value": value.value, "values": list(value.allowed)}
    return Refusal("refused.value", shown)


def patterns(facts: Screened) -> Verdict:
    """What the patterns refuse, require, and send to further people."""
    return facts.screened


def electorate(facts: Screened, verdict: Verdict) -> Refusal | None:
    """Are there enough people who may agree?"""
    return voting.refusal_of_shortage(facts.quorum(verdict.policies), facts.by_form)
