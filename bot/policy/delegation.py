"""Who stands in for approvers while they are away, and whose places a vote may take for that."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from bot import model
from bot.policy import humans, identity
from bot.policy.model import Book, Policy


def delegates(book: Book, one: Policy, at: datetime | None = None) -> tuple[str, ...]:
    """Who may stand in for approvers of a policy, now or at a moment."""
    return book.oncall.resolved(one.delegates, at)


def stand_in(book: Book, one: Policy, involved: Collection[str], who: str) -> str:
    """Who stands in for an approver who is away; "": nobody does, or they are not away. Nobody
    does for whoever has a part in the request."""
    known = book.absences.known.get(who) if who not in involved else None
    delegate = known.delegate if known is not None else ""
    allowed = delegate in book.people and delegate not in involved
    return delegate if allowed and delegate in delegates(book, one) else ""


def stand_ins(
    book: Book, one: Policy, involved: Collection[str], people: Iterable[str]
) -> dict[str, str]:
    """Those of these approvers who are away, each with who stands in for them ("": nobody)."""
    away = book.absences.known
    return {who: stand_in(book, one, involved, who) for who in people if who in away}


def present(
    book: Book, one: Policy, involved: Collection[str], people: Iterable[str]
) -> tuple[str, ...]:
    """Approvers as they can be counted on now: in place of those who are away whoever stands in
    for them."""
    away = book.absences.known
    here = (stand_in(book, one, involved, who) if who in away else who for who in people)
    return tuple(dict.fromkeys(filter(None, here)))


def on_behalf(
    book: Book, one: Policy, involved: Collection[str], human: humans.Human, vote: model.Vote
) -> dict[str, frozenset[int]]:
    """The approvers in whose place a vote was cast while they were away, with the stages that they
    may fill a seat of. Whoever stands in must be allowed to by the policy, and has no part in the
    request."""
    if not vote.on_behalf or vote.via == "form" or not human.names.isdisjoint(involved):
        return {}
    holder = identity.person_of(book, vote.account)
    names = {vote.person, holder.id} if holder is not None else {vote.person}
    if not names <= {*delegates(book, one, vote.at)}:
        return {}
    places: dict[str, set[int]] = {}
    for n, stage in enumerate(one.all_stages):
        approvers = {*book.oncall.resolved(stage.approvers, vote.at)} & book.people.keys()
        for who in approvers.intersection(vote.on_behalf):
            if who not in involved and who not in human.names:
                places.setdefault(who, set()).add(n)
    return {who: frozenset(stages) for who, stages in places.items()}
