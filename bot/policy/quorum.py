"""Who must agree to a request, and whether they have.

Policies add up: each of them must be satisfied. Votes are counted per human: whoever held the
account then, and whoever holds it now, are taken for the same one; and whoever asked for the
request or caused it has no vote, under whatever name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal

from bot import model
from bot.policy import identity
from bot.policy.model import Book, Person, Policy, Refusal, from_snapshot, policy_of

VOTES = ("approve", "reject", "retry", "skip")
"""What is counted by account, as far as it counts with a policy."""
FORM = "form:"
"""Before the digest of a vote that was taken over from a form, where not every policy counts it:
whoever agreed to the form may still vote on the plan."""


@dataclass(frozen=True, slots=True)
class Quorum:
    """``policies`` are those of now, ``kept`` those that were voted on, where they differ: all of
    them must be satisfied. ``involved`` are the people who asked for it, or caused it. ``real``: no
    account of a platform for evaluation has a say."""

    book: Book = field(compare=False)
    policies: tuple[Policy, ...]
    involved: frozenset[str] = frozenset()
    kept: tuple[Policy, ...] = ()
    real: bool = False

    @property
    def name(self) -> str:
        return " + ".join(dict.fromkeys(one.name for one in self.policies))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.policies)

    @property
    def everything(self) -> tuple[tuple[Policy, bool], ...]:
        """Each policy, and whether it is one that was kept."""
        now = tuple((one, False) for one in self.policies)
        return now + tuple((one, True) for one in self.kept)

    @property
    def approvers(self) -> tuple[str, ...]:
        """Everybody whom one of the policies names."""
        return tuple(dict.fromkeys(who for one in self.policies for who in one.approvers))

    @property
    def code_required(self) -> bool:
        return any(one.code_required for one in self.policies)

    @property
    def form_counts(self) -> bool:
        """Does the decision in an OA form count with any of them?"""
        return any(one.form_counts for one in self.policies)

    @property
    def expires(self) -> timedelta:
        return min(one.expires for one in self.policies)

    @property
    def remind(self) -> timedelta:
        """When the approvers are reminded (zero: never)."""
        return min((one.remind for one in self.policies if one.remind), default=timedelta())

    @property
    def canary(self) -> int:
        return min((one.canary for one in self.policies if one.canary), default=0)

    @property
    def run_within(self) -> timedelta:
        """How long after the moment when it could first have run it still may."""
        return min(one.run_within for one in self.policies)


@dataclass(frozen=True, slots=True)
class Tally:
    """How the votes stand. ``waiting_for`` are the people who may vote now, in order, and ``later``
    those whose turn comes after theirs; ``have`` of ``need`` approvals are in."""

    verdict: Literal["waiting", "approved", "rejected"]
    waiting_for: tuple[str, ...]
    have: int
    need: int
    later: tuple[str, ...] = ()


# ----------------------------------------------------------------------------- who is involved


def holders(book: Book, party: model.Party) -> frozenset[str]:
    """Every person that a party may be: by its name, and by who holds its accounts now."""
    people = {party.person} if party.person else set()
    for account in (party.account, *(model.Account(*each) for each in party.accounts)):
        person = identity.person_of(book, account)
        if person is not None:
            people.add(person.id)
    return frozenset(people)


def requester(request: model.Request) -> model.Party:
    return model.Party(request.person, request.account, request.accounts)


def involved(book: Book, request: model.Request) -> frozenset[str]:
    """Everybody who asked for the request or caused it, then and now."""
    parties = (requester(request), *request.causes)
    return frozenset().union(*(holders(book, party) for party in parties))


# ----------------------------------------------------------------------------- by which policies


def policies_of(book: Book, request: model.Request) -> tuple[Policy, ...]:
    """The policies of a request as they are now. One that is no longer configured has no
    approvers: nobody can approve by it, and the request expires."""
    return tuple(policy_of(book, name) for name in dict.fromkeys(request.policy_names))


def of(book: Book, request: model.Request) -> Quorum:
    """Whose agreement the plan of a request needs: by the policies of now, and by those that stand
    in the plan that is voted on."""
    now = policies_of(book, request)
    terms = request.plan.terms if request.plan is not None else {}
    kept = from_snapshot(terms.get("policies") or {})
    demands = {_demands(one) for one in now}
    kept = tuple(one for one in kept if _demands(one) not in demands)
    return Quorum(book, now, involved(book, request), kept)


def _demands(one: Policy) -> tuple[object, ...]:
    """What a policy demands of votes; its times are no such thing."""
    return (one.approvers, one.mode, one.count, one.self_approval, one.form_counts)


def ballot_of(book: Book, request: model.Request) -> tuple[Quorum, str]:
    """Whose agreement a request needs now, and to which digest: to its plan, or to what its run
    waits for. In the middle of a run words of approval must always carry the code, so that none
    that was meant for something else counts."""
    quorum, ballot = of(book, request), request.ballot
    if ballot is None:
        return quorum, request.digest
    within = replace(
        quorum, policies=tuple(_within(one) for one in quorum.policies),
        kept=tuple(_within(one) for one in quorum.kept),
    )  # fmt: skip
    if ballot.kind == "approval":
        named_since = (identity.of_ram(book, user) for user in ballot.ram)
        people = (*ballot.voters, *(person.id for person in named_since if person is not None))
        voters = tuple(dict.fromkeys(person for person in people if person in book.people))
        named = Policy(
            within.name,
            voters,
            "count",
            ballot.need,
            self_approval=all(one.self_approval for one in within.policies),
            code_required=True,
            expires=within.expires,
            remind=within.remind,
            run_within=within.run_within,
        )
        real = any(not for_evaluation(book, one) for one, _ in quorum.everything)
        within = replace(within, policies=(named,), kept=(), real=real)
    stricter = tuple(_at_least(within, one, request.least) for one in within.policies)
    return replace(within, policies=stricter), ballot.digest


def _within(one: Policy) -> Policy:
    return replace(one, code_required=True, form_counts=False)


def _at_least(quorum: Quorum, one: Policy, people: int) -> Policy:
    """A policy that needs no fewer people than so many."""
    enough = needed(quorum, one) >= people
    return one if enough else replace(one, mode="count", count=people)


def votes_on(digest: str, votes: Iterable[model.Vote]) -> tuple[model.Vote, ...]:
    """The votes on a digest, those taken over from a form among them."""
    return tuple(vote for vote in votes if vote.digest in (digest, FORM + digest))


# ----------------------------------------------------------------------------- for evaluation


def is_for_trial(book: Book, platform: str) -> bool:
    """Is it there for evaluation, beside a platform that is not?"""
    return platform in book.evaluation and bool(book.tenants.keys() - book.evaluation)


def for_evaluation(book: Book, one: Policy) -> bool:
    """Do only people without an account on a real platform vote by this policy? By all others no
    account of a platform for evaluation counts, whoever holds it."""
    held = [key for who in one.approvers for key in identity.accounts_held(book, who)]
    return bool(held) and all(platform in book.evaluation for platform, _, _ in held)


def _has_say(quorum: Quorum, one: Policy) -> bool:
    """Do votes from platforms for evaluation count with a policy of this quorum?"""
    return not quorum.real and for_evaluation(quorum.book, one)


def refusal_of_platform(
    quorum: Quorum, request: model.Request, account: model.Account, action: str
) -> Refusal | None:
    """Do people of this account's platform have a say in the request? Those of one for evaluation
    halt what was asked on such a platform, and vote on it by a policy of their own that names them;
    they resume it only where no policy is of real people."""
    book = quorum.book
    if account.platform not in book.evaluation:
        return None
    voter = identity.person_of(book, account)
    own = [one for one, _ in quorum.everything if _has_say(quorum, one)]
    allowed = action in ("stop", "pause", "cancel") or bool(own)
    if own and len(own) < len(quorum.everything):
        if action in VOTES:
            allowed = voter is not None and any(voter.id in one.approvers for one in own)
        elif action == "resume":
            allowed = False
    if allowed and request.place.platform in book.evaluation:
        return None
    return Refusal("vote.evaluation", {"id": request.id, "platform": account.platform})


# ----------------------------------------------------------------------------- counting


def electorate(quorum: Quorum) -> tuple[str, ...]:
    """The people whose votes count with at least one of the policies."""
    people = [who for one, _ in quorum.everything for who in electors(quorum, one)]
    return tuple(dict.fromkeys(people))


def electors(quorum: Quorum, one: Policy) -> tuple[str, ...]:
    """The people whose votes count with a policy."""
    if one.self_approval:
        return one.approvers
    return tuple(person for person in one.approvers if person not in quorum.involved)


def needed(quorum: Quorum, one: Policy) -> int:
    people = len(electors(quorum, one))
    return {"any": 1, "count": one.count}.get(one.mode, people)


def can_pass(quorum: Quorum, by_form: bool = False) -> bool:
    """Are there enough people for each policy? ``by_form``: a form's decision counts where a
    policy says so."""
    return all(
        (by_form and one.form_counts) or len(electors(quorum, one)) >= max(1, needed(quorum, one))
        for one, _ in quorum.everything
    )


@dataclass(frozen=True, slots=True)
class _Human:
    """One human by all the names they may have, and what they voted."""

    names: frozenset[str]
    votes: tuple[model.Vote, ...]


def _humans(book: Book, votes: Iterable[model.Vote]) -> list[_Human]:
    """The votes, put together by who cast them: two that share a name are of one human."""
    humans: list[_Human] = []
    for vote in votes:
        names = holders(book, model.Party(vote.person, vote.account, vote.accounts))
        same = [one for one in humans if one.names & names]
        humans = [one for one in humans if one not in same]
        cast = tuple(each for one in same for each in one.votes)
        humans.append(_Human(names.union(*(one.names for one in same)), (*cast, vote)))
    return humans


def _counts(quorum: Quorum, one: Policy, kept: bool, human: _Human, vote: model.Vote) -> bool:
    """Does a vote count with a policy? Its account must still be somebody's, who may approve, as
    whoever held it then must have been allowed to; and neither has asked for it themselves."""
    book = quorum.book
    if vote.via == "form" and not one.form_counts:
        return False
    if human.names & quorum.involved and not one.self_approval:
        return False
    if vote.account.platform in book.evaluation and not _has_say(quorum, one):
        return False
    holder = identity.person_of(book, vote.account)
    if holder is None:
        return False
    if vote.via == "form":
        return True
    if kept:
        return vote.person in one.approvers
    known = vote.person not in book.people or vote.person in one.approvers
    return known and holder.id in one.approvers


def _part(quorum: Quorum, one: Policy, kept: bool, humans: Sequence[_Human]) -> Tally:
    """How the votes stand with one policy."""
    people, need = electors(quorum, one), needed(quorum, one)
    have, voters, rejected, form = 0, set[str](), False, False
    for human in humans:
        cast = [vote for vote in human.votes if _counts(quorum, one, kept, human, vote)]
        if not cast:
            continue
        voters |= human.names
        if any(not vote.approve for vote in cast):
            rejected = True
        else:
            have += any(_counted(one, kept, human, vote) for vote in cast)
            form = form or any(vote.via == "form" for vote in cast)
    if rejected:
        return Tally("rejected", (), have, need)
    if form:
        return Tally("approved", (), need, need)
    if 0 < need <= have:
        return Tally("approved", (), have, need)
    open_ = tuple(person for person in people if person not in voters)
    if one.mode == "sequence":
        return Tally("waiting", open_[:1], have, need, open_[1:])
    return Tally("waiting", open_, have, need)


def _counted(one: Policy, kept: bool, human: _Human, vote: model.Vote) -> bool:
    """Is it the vote of one of the approvers? A form's need not be."""
    return bool(human.names & set(one.approvers))


def parts(quorum: Quorum, votes: Iterable[model.Vote]) -> tuple[Tally, ...]:
    """How the votes stand with each policy."""
    humans = _humans(quorum.book, votes)
    return tuple(_part(quorum, one, kept, humans) for one, kept in quorum.everything)


def tally(quorum: Quorum, votes: Iterable[model.Vote]) -> Tally:
    """Count the votes: approved once every policy is satisfied, rejected as soon as somebody
    rejects who may approve. ``have`` and ``need`` are those of the policy that lacks most."""
    tallies = parts(quorum, votes)
    least = max(tallies, key=lambda part: (part.verdict != "approved", part.need - part.have))
    have, need = least.have, least.need
    if any(part.verdict == "rejected" for part in tallies):
        return Tally("rejected", (), have, need)
    if all(part.verdict == "approved" for part in tallies):
        return Tally("approved", (), have, need)
    waiting = [part for part in tallies if part.verdict == "waiting"]
    people = dict.fromkeys(who for part in waiting for who in part.waiting_for)
    turns = tuple(who for who in people if not any(who in part.later for part in waiting))
    return Tally("waiting", turns or tuple(people), have, need)


def refusal_of_vote(
    quorum: Quorum, request: model.Request, votes: tuple[model.Vote, ...], voter: Person
) -> Refusal | None:
    """May this person vote on this request now?"""
    book = quorum.book
    bare = next((one for one in quorum.policies if not one.approvers), None)
    if bare is not None:
        return _refusal_of_bare(request, bare)
    people = electorate(quorum)
    if voter.id in quorum.involved and voter.id not in people:
        return Refusal("vote.own" if _is_requester(book, request, voter) else "vote.caused")
    if voter.id not in people:
        return Refusal("vote.stranger", {"names": _names(book, people)})
    digest = ballot_of(book, request)[1]
    if any(vote.person == voter.id and vote.digest == digest for vote in votes):
        return Refusal("vote.again")
    own = [human for human in _humans(book, votes) if voter.id in human.names]
    if own and not _open(quorum, voter, own):
        return Refusal("vote.again")
    waiting = tally(quorum, votes).waiting_for
    if voter.id not in waiting and any(one.mode == "sequence" for one in quorum.policies):
        return Refusal("vote.not_your_turn", {"names": _names(book, waiting)})
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


def _open(quorum: Quorum, voter: Person, own: Sequence[_Human]) -> bool:
    """Is there a policy with which this person counts, and no vote of theirs does yet?"""
    return any(
        voter.id in electors(quorum, one)
        and not any(_counts(quorum, one, kept, each, vote) for each in own for vote in each.votes)
        for one, kept in quorum.everything
    )


def _is_requester(book: Book, request: model.Request, person: Person) -> bool:
    return person.id in holders(book, requester(request))


def _names(book: Book, people: Iterable[str]) -> list[str]:
    return [book.people[one].name if one in book.people else one for one in people]
