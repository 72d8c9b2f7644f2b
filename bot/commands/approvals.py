"""The standing approvals that are in force, as people are told of them."""

from __future__ import annotations

from dataclasses import dataclass

from bot import model, policy, texts
from bot.policy import calendar, quorum, voting

MOST = 100
"""So many are looked at."""


@dataclass(frozen=True, slots=True)
class Approval:
    """A standing approval by its number, and what is said of it."""

    number: int
    text: str


def approval(book: policy.Book, one: model.StandingApproval, locale: str) -> Approval:
    """How often it was used and, where its votes do not suffice any more, why not."""
    role = one.bounds.role
    name = quorum.names(book, (one.request.person,))[0]
    text = texts.say(
        locale,
        "standings.line",
        command=summary(one.bounds),
        who=texts.say(locale, "standing.who.role", role=role) if role else name,
        time=calendar.shown(one.until, book.timezone),
        uses=one.uses,
        most=one.most,
        names=quorum.names(book, (vote.person for vote in one.votes if vote.approve)),
    )
    lacking = voting.lacking(book, one.request, one.votes)
    if lacking:
        why = texts.say(locale, "standing.votes", number=one.number, policy=lacking)
        text += " · " + texts.say(locale, "standings.suspended", why=why)
    return Approval(one.number, text)


def summary(bounds: model.StandingBounds) -> str:
    """What it is for, as one would type it."""
    targets = [*bounds.instances, *(f"tag:{key}={value}" for key, value in bounds.tags)]
    values = [f"{name}={','.join(parts)}" for name, parts in bounds.values.items() if any(parts)]
    return " ".join((bounds.command, *targets, *values))
