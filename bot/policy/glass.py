"""Break-glass: who may have a request run without its votes, and who judges that afterwards.

Every policy that the request needs must allow it, so that what adds people adds conditions here,
too. The approvers ratify it, or object, by the same policies; whoever broke the glass has no say.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot import model
from bot.policy import humans, identity, quorum
from bot.policy.model import Book, BreakGlass, Person, Refusal, policy_of

WITHIN = timedelta(days=7)
"""Within so long a person breaks the glass so often as ``most`` says."""
LEAST = 10
"""Characters that a reason has at least."""


def rules(book: Book, policies: Iterable[str]) -> tuple[BreakGlass, ...] | None:
    """What these policies say of it; None: one of them does not allow it at all."""
    of_each = [policy_of(book, name).break_glass for name in dict.fromkeys(policies)]
    every = tuple(one for one in of_each if one is not None)
    return every if len(every) == len(of_each) else None


def may_break(book: Book, request: model.Request, person: Person, at: datetime) -> bool:
    """Has this person the right to it at a moment, by all policies of the request?"""
    every = rules(book, request.policy_names)
    return every is not None and all(person.id in people(book, one, at) for one in every)


def people(book: Book, rule: BreakGlass, at: datetime) -> tuple[str, ...]:
    """Who may; of a rota whoever is on call at that moment."""
    return book.oncall.resolved(rule.people, at)


def passes_freezes(book: Book, request: model.Request) -> bool:
    """Does it also go past freezes and change windows?"""
    every = rules(book, request.policy_names) if request.broken else None
    return every is not None and all(one.freezes for one in every)


def is_internal(request: model.Request) -> bool:
    """Does it change what the bot itself keeps? Whoever may not pass a freeze does not lift it
    either."""
    return request.plan is not None and bool(request.plan.internal)


def refusal_of_standing(
    book: Book, request: model.Request, policies: Iterable[str]
) -> Refusal | None:
    """Why it does not stand in for the votes by these policies, besides those of the request: by
    the configuration and the people of now, and by what the approvers have said of it since."""
    assert request.glass is not None
    shown = {"id": request.id}
    every = rules(book, (*request.policy_names, *policies))
    if every is None or is_internal(request):
        return Refusal("authority.glass.policy", shown)
    by = request.glass.by
    known = {one for one in humans.holders(book, by) if one in book.people}
    gone = identity.person_of(book, by.account) is None
    if gone or not all(known <= {*people(book, one, request.glass.at)} for one in every):
        return Refusal("authority.glass.right", shown)
    if request.glass.outcome == "objected":
        return Refusal("authority.glass.objected", shown)
    return None


def refusal_of_breaking(
    book: Book,
    request: model.Request,
    person: Person,
    reason: str,
    now: datetime,
    others: Iterable[model.Request],
) -> Refusal | None:
    """Why this person may not break the glass now. ``others``: the requests of which the glass was
    broken of late, by anybody."""
    every, shown = rules(book, request.policy_names), {"id": request.id}
    if is_internal(request):
        return Refusal("glass.internal", shown)
    if every is None:
        return Refusal("glass.policy", shown)
    if not may_break(book, request, person, now):
        return Refusal("glass.not_yours", shown)
    if len("".join(reason.split())) < LEAST:
        return Refusal("glass.reason", {**shown, "least": LEAST})
    broken = [one.glass for one in others if one.glass is not None and one.id != request.id]
    count = sum(person.id in humans.holders(book, one.by) for one in broken)
    most = min(one.most for one in every)
    if count >= most:
        return Refusal("glass.most", {**shown, "most": most, "days": WITHIN.days})
    return None


def ratifiers(book: Book, request: model.Request) -> quorum.Quorum:
    """Whose agreement it takes afterwards: that of its policies, without who broke the glass."""
    assert request.glass is not None
    needed = quorum.of(book, request)
    return needed.without(humans.holders(book, request.glass.by))


def votes_on(request: model.Request, votes: Iterable[model.Vote]) -> tuple[model.Vote, ...]:
    """The votes to ratify it, or to object."""
    assert request.glass is not None
    return quorum.votes_on(request.glass.ballot, votes)


def refusal_of_vote(
    book: Book, request: model.Request, votes: tuple[model.Vote, ...], voter: Person
) -> Refusal | None:
    """May this person ratify it, or object? ``votes``: all those of the request."""
    glass, shown = request.glass, {"id": request.id}
    if glass is None:
        return Refusal("glass.nothing", shown)
    if glass.outcome:
        return Refusal(f"glass.ended.{glass.outcome}", shown)
    needed, votes = ratifiers(book, request), votes_on(request, votes)
    voters = quorum.electorate(needed)
    if voter.id not in voters:
        own = voter.id in humans.holders(book, glass.by)
        names = quorum.names(book, voters)
        return Refusal("glass.own" if own else "glass.stranger", {**shown, "names": names})
    if quorum.is_heard(needed, voter, votes):
        return Refusal("glass.again", shown)
    tally = quorum.tally(needed, votes)
    if voter.id in tally.later:
        return Refusal(
            "glass.not_your_turn", {**shown, "names": quorum.names(book, tally.waiting_for)}
        )
    return None


def party(book: Book, person: Person, account: model.Account) -> model.Party:
    """Who breaks it, with all accounts that they hold now."""
    return model.Party(person.id, account, identity.accounts_held(book, person.id))
