"""Whether somebody may vote on a request now: who they are, whose turn it is, and where from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot import model
from bot.policy import glass, humans, identity, oncall, quorum
from bot.policy.model import Book, Person, Policy, Refusal

VOTES = ("approve", "reject", "retry", "skip", "ratify", "object")
"""What is counted by account, as far as it counts with a policy."""


def refusal_of_platform(
    needed: quorum.Quorum, request: model.Request, account: model.Account, action: str
) -> Refusal | None:
    """Do people of this account's platform have a say in the request? Those of one for evaluation
    halt what was asked on such a platform, and vote on it by a policy of their own that names them;
    they resume it, or break the glass, only where no policy is of real people."""
    book = needed.book
    if account.platform not in book.evaluation:
        return None
    voter = identity.person_of(book, account)
    own = [one for one, _ in needed.everything if quorum.has_say(needed, one)]
    allowed = action in ("stop", "pause", "cancel", "revoke") or bool(own)
    if own and len(own) < len(needed.everything):
        if action in VOTES:
            named = (who for one in own for who in book.oncall.resolved(one.people))
            allowed = voter is not None and voter.id in named
        elif action in ("resume", "break-glass"):
            allowed = False
    if allowed and request.place.platform in book.evaluation:
        return None
    return Refusal("vote.evaluation", {"id": request.id, "platform": account.platform})


def lacking(
    book: Book, request: model.Request, votes: tuple[model.Vote, ...], foreign: bool = False
) -> str:
    """Which policies the votes on the plan, and on what its run asked, do not satisfy; "": they
    do. Votes on a question that took the same agreement as the plan stand in for those on the plan,
    and so does break-glass; of a run that somebody else started, a ``foreign`` one, there are no
    others."""
    steps = [replace(request, ballot=ballot) for ballot in request.passed]
    alone = foreign or request.broken
    if not alone and not any(ballot.whole for ballot in request.passed):
        steps.append(request if request.ballot is None else replace(request, ballot=None))
    for step in steps:
        needed, digest = quorum.ballot_of(book, step)
        if quorum.tally(needed, quorum.votes_on(digest, votes)).verdict != "approved":
            return needed.name
    return ""


def suffice(
    book: Book, request: model.Request, policies: tuple[str, ...], votes: tuple[model.Vote, ...]
) -> bool:
    """Do the votes, or break-glass in their place, satisfy these policies, too?"""
    if request.broken and glass.refusal_of_standing(book, request, policies) is not None:
        return False
    known = set(policies) <= set(request.policy_names)
    return known or not lacking(book, more(request, policies), votes)


def more(request: model.Request, policies: Iterable[str]) -> model.Request:
    """The request as if these policies were needed, too."""
    return replace(request, policies=tuple(dict.fromkeys((*request.policy_names, *policies))))


def refusal_of_vote(
    needed: quorum.Quorum, request: model.Request, votes: tuple[model.Vote, ...], voter: Person
) -> Refusal | None:
    """May this person vote on this request now?"""
    book = needed.book
    bare = next((one for one in needed.policies if not one.people), None)
    if bare is not None:
        return _refusal_of_bare(request, bare)
    people = quorum.electorate(needed)
    if voter.id in needed.involved and voter.id not in people:
        own = voter.id in humans.holders(book, humans.requester(request))
        return Refusal("vote.own" if own else "vote.caused")
    if not people and needed.rotas:
        return Refusal("vote.off_call", {"rotas": list(needed.rotas)})
    if voter.id not in people:
        return Refusal("vote.stranger", {"names": quorum.names(book, people)})
    digest = quorum.ballot_of(book, request)[1]
    if any(vote.person == voter.id and vote.digest == digest for vote in votes):
        return Refusal("vote.again")
    if quorum.is_heard(needed, voter, votes):
        return Refusal("vote.again")
    tally = quorum.tally(needed, votes)
    if voter.id in tally.later:
        return Refusal("vote.not_your_turn", {"names": quorum.names(book, tally.waiting_for)})
    return None


def _refusal_of_bare(request: model.Request, bare: Policy) -> Refusal:
    """Why nobody can vote: whom a task of a template names is nobody here, or no longer; or the
    policy itself is gone."""
    ballot = request.ballot
    if ballot is None or ballot.kind != "approval":
        return Refusal("vote.no_policy", {"policy": bare.name})
    if ballot.ram:
        return Refusal("vote.no_ram", {"task": ballot.task, "users": list(ballot.ram)})
    return Refusal("vote.voters_gone", {"task": ballot.task, "voters": list(ballot.voters)})


def refusal_of_shortage(needed: quorum.Quorum, by_form: bool) -> Refusal | None:
    """Why there are not people enough, by the first policy that lacks somebody. ``by_form``: the
    decision of a form counts as a vote."""
    short = quorum.shortages(needed, by_form=by_form)
    if not short:
        return None
    away = [who for who in quorum.absent(needed) if who in short[0].policy.people]
    if away:
        facts = {"policy": short[0].policy.name, "names": quorum.names(needed.book, away)}
        return Refusal("refused.nobody.away", facts)
    if not short[0].policy.stages and short[0].policy.by_oncall:
        return _refusal_of_rota(needed, short[0].policy)
    if not short[0].policy.stages:
        return Refusal("refused.nobody", {"policy": needed.name})
    key = "refused.nobody.stages" if short[0].lack.people else "refused.nobody.stage"
    return Refusal(key, quorum.shortage_facts(needed.book, short[0]))


def _refusal_of_rota(needed: quorum.Quorum, one: Policy) -> Refusal:
    """Why there are not people enough now by a policy that names rotas: who is on call."""
    book, rotas = needed.book, oncall.names(one.people)
    people = [who for name in rotas for who in book.oncall.on_call(name)]
    key = "refused.nobody.on_call" if people else "refused.nobody.off_call"
    shown = {"policy": one.name, "rotas": list(rotas), "names": quorum.names(book, people)}
    return Refusal(key, shown)
