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
from bot.policy import delegation, humans, identity, oncall, owners, seats
from bot.policy.model import TAG, Book, Person, Policy, Stage, policy_of
from bot.policy.snapshots import from_snapshot

FORM = "form:"
"""Before the digest of a vote that was taken over from a form, where not every policy counts it:
whoever agreed to the form may still vote on the plan."""
STANDING = "standing:"
"""Before the digest of a vote that comes from a standing approval, which not every policy counts.
"""


def bare(digest: str) -> str:
    """What a vote is about, wherever it was taken over from."""
    return digest.removeprefix(FORM).removeprefix(STANDING)


@dataclass(frozen=True, slots=True)
class Quorum:
    """``policies`` are those of now, ``kept`` those that were voted on, where they differ: all of
    them must be satisfied. ``involved`` are the people who asked for it, or caused it, and
    ``barred`` those who have no vote, whatever a policy says of its own. ``real``: no account of a
    platform for evaluation has a say."""

    book: Book = field(compare=False)
    policies: tuple[Policy, ...]
    involved: frozenset[str] = frozenset()
    kept: tuple[Policy, ...] = ()
    real: bool = False
    barred: frozenset[str] = frozenset()

    def without(self, people: frozenset[str]) -> Quorum:
        """The same, without a vote of these people."""
        return replace(self, barred=self.barred | people)

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
    def named(self) -> tuple[str, ...]:
        """Everybody whom one of the policies names, and the rotas that it does."""
        return tuple(dict.fromkeys(who for one in self.policies for who in one.people))

    @property
    def approvers(self) -> tuple[str, ...]:
        """Everybody whom one of the policies names; of a rota whoever is on call now."""
        return self.book.oncall.resolved(self.named)

    @property
    def rotas(self) -> tuple[str, ...]:
        """The rotas by which people approve."""
        return oncall.names(dict.fromkeys(who for one, _ in self.everything for who in one.people))

    @property
    def on_call(self) -> tuple[str, ...]:
        """The people who are on call by these rotas now."""
        on_call = self.book.oncall.on_call
        return tuple(dict.fromkeys(who for name in self.rotas for who in on_call(name)))

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
    def batch(self) -> timedelta:
        """For how long others may be asked for that are voted on with it (zero: not at all)."""
        return min(one.batch for one in self.policies)

    @property
    def run_within(self) -> timedelta:
        """How long after the moment when it could first have run it still may."""
        return min(one.run_within for one in self.policies)


@dataclass(frozen=True, slots=True)
class Tally:
    """How the votes stand. ``waiting_for`` are the people who may vote now, in order, and ``later``
    those whose turn comes after theirs; ``have`` of ``need`` approvals are in, and ``against`` of
    ``veto`` rejections. ``stages``: of one policy, how each of its stages stands."""

    verdict: Literal["waiting", "approved", "rejected"]
    waiting_for: tuple[str, ...]
    have: int
    need: int
    later: tuple[str, ...] = ()
    stages: tuple[seats.Standing, ...] = ()
    against: int = 0
    veto: int = 1


# ----------------------------------------------------------------------------- by which policies


def policies_of(book: Book, request: model.Request, plan: model.Plan | None) -> tuple[Policy, ...]:
    """The policies of a request as they are now, with those whom the targets of its plan name. One
    that is no longer configured has no approvers: nobody can approve by it, and the request
    expires."""
    policies = tuple(policy_of(book, name) for name in dict.fromkeys(request.policy_names))
    if plan is None:
        return policies
    return tuple(owners.resolved(book, one, plan.instances) for one in policies)


def of(book: Book, request: model.Request) -> Quorum:
    """Whose agreement the plan of a request needs: by the policies of now, and by those that stand
    in the plan that is voted on."""
    now = policies_of(book, request, request.plan)
    terms = request.plan.terms if request.plan is not None else {}
    kept = from_snapshot(terms.get("policies") or {})
    demands = {_demands(one) for one in now}
    kept = tuple(one for one in kept if _demands(one) not in demands)
    return Quorum(book, now, humans.involved(book, request), kept)


def _demands(one: Policy) -> tuple[object, ...]:
    """What a policy demands of votes; its times are no such thing."""
    stages = tuple((each.approvers, each.mode, each.count) for each in one.all_stages)
    order = one.order if len(stages) > 1 else ""
    more = (one.form_counts, one.standing, one.delegates)
    return (stages, order, one.rejections, one.self_approval, *more)


def ballot_of(book: Book, request: model.Request) -> tuple[Quorum, str]:
    """Whose agreement a request needs now, and to which digest: to its plan, or to what its run
    waits for. In the middle of a run words of approval must always carry the code, so that none
    that was meant for something else counts."""
    quorum, ballot = of(book, request), request.ballot
    if ballot is None:
        return quorum, request.subject
    within = replace(
        quorum, policies=tuple(_within(one) for one in quorum.policies),
        kept=tuple(_within(one) for one in quorum.kept),
    )  # fmt: skip
    if ballot.kind == "approval":
        named_since = (identity.of_ram(book, user) for user in ballot.ram)
        people = (*ballot.voters, *(person.id for person in named_since if person is not None))
        known = (one for one in people if one in book.people or one.startswith(oncall.WORD))
        voters = tuple(dict.fromkeys(known))
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
    missing = people - needed(quorum, one)
    if missing <= 0:
        return one
    if not one.stages:
        return replace(one, mode="count", count=people)
    return replace(one, stages=(*one.stages, Stage(one.people, "count", missing)))


def votes_on(digest: str, votes: Iterable[model.Vote]) -> tuple[model.Vote, ...]:
    """The votes on a digest, those taken over from a form or a standing approval among them."""
    wanted = (digest, FORM + digest, STANDING + digest)
    return tuple(vote for vote in votes if vote.digest in wanted)


# ----------------------------------------------------------------------------- for evaluation


def is_for_trial(book: Book, platform: str) -> bool:
    """Is it there for evaluation, beside a platform that is not?"""
    return platform in book.evaluation and bool(book.tenants.keys() - book.evaluation)


def for_evaluation(book: Book, one: Policy) -> bool:
    """Do only people without an account on a real platform vote by this policy? By all others no
    account of a platform for evaluation counts, whoever holds it."""
    people = book.oncall.potential(one.people)
    held = [key for who in people for key in identity.accounts_held(book, who)]
    return bool(held) and all(platform in book.evaluation for platform, _, _ in held)


def has_say(quorum: Quorum, one: Policy) -> bool:
    """Do votes from platforms for evaluation count with a policy of this quorum?"""
    return not quorum.real and for_evaluation(quorum.book, one)


# ----------------------------------------------------------------------------- counting


def electorate(quorum: Quorum) -> tuple[str, ...]:
    """The people whose votes count with at least one of the policies."""
    people = [who for one, _ in quorum.everything for who in electors(quorum, one)]
    return tuple(dict.fromkeys(people))


def electors(quorum: Quorum, one: Policy) -> tuple[str, ...]:
    """The people whose votes count with a policy now: its approvers, and those who stand in for
    them."""
    own = approvers_of(quorum, one)
    others = delegation.stand_ins(quorum.book, one, _parties(quorum), own).values()
    return tuple(dict.fromkeys((*own, *filter(None, others))))


def _parties(quorum: Quorum) -> frozenset[str]:
    """Those for whom, and as whom, nobody stands in."""
    return quorum.involved | quorum.barred


def _without_involved(quorum: Quorum, one: Policy, people: tuple[str, ...]) -> tuple[str, ...]:
    absent = quorum.barred if one.self_approval else quorum.involved | quorum.barred
    return tuple(person for person in people if person not in absent)


def approvers_of(quorum: Quorum, one: Policy) -> tuple[str, ...]:
    """The approvers of a policy, now, without those who have a part in the request."""
    return _without_involved(quorum, one, quorum.book.oncall.resolved(one.people))


def absent(quorum: Quorum) -> dict[str, str]:
    """Those of its approvers who are away, each with who stands in for them ("": nobody)."""
    away: dict[str, str] = {}
    for one, _ in quorum.everything:
        people = approvers_of(quorum, one)
        others = delegation.stand_ins(quorum.book, one, _parties(quorum), people)
        away |= {who: other or away.get(who, "") for who, other in others.items()}
    return away


def benches(quorum: Quorum, one: Policy) -> tuple[seats.Bench, ...]:
    """The seats of each stage of a policy, and who may fill them."""
    return tuple(_bench(quorum, one, stage) for stage in one.all_stages)


def _bench(quorum: Quorum, one: Policy, stage: Stage) -> seats.Bench:
    people = _without_involved(quorum, one, quorum.book.oncall.resolved(stage.approvers))
    need = {"any": 1, "count": stage.count}.get(stage.mode, max(1, len(people)))
    here = delegation.present(quorum.book, one, _parties(quorum), people)
    return seats.Bench(here, need, stage.mode == "sequence")


def needed(quorum: Quorum, one: Policy) -> int:
    """How many people must agree by a policy."""
    return sum(bench.need for bench in benches(quorum, one))


@dataclass(frozen=True, slots=True)
class Shortage:
    """A policy that cannot be satisfied, the stages that cannot all be filled, and why not."""

    policy: Policy
    stages: tuple[Stage, ...]
    lack: seats.Lack


def shortages(
    quorum: Quorum, votes: Iterable[model.Vote] = (), by_form: bool = False
) -> tuple[Shortage, ...]:
    """The policies that those who agreed, and all who have not voted, cannot satisfy. ``by_form``:
    a form's decision counts where a policy says so. Where targets that are not known yet name
    approvers, nobody can tell."""
    voters, short = humans.voters(quorum.book, votes), []
    for one, kept in quorum.everything:
        cast = _cast(quorum, one, kept, voters)
        if cast.form or one.by_tag or (by_form and one.form_counts):
            continue
        lack = seats.lack(benches(quorum, one), cast.fits, cast.absent)
        if lack is not None:
            stages = tuple(one.all_stages[n] for n in lack.stages)
            short.append(Shortage(one, stages, lack))
    return tuple(short)


def can_pass(quorum: Quorum, by_form: bool = False) -> bool:
    """Are there enough people for each policy?"""
    return not shortages(quorum, by_form=by_form)


def _counts(quorum: Quorum, one: Policy, kept: bool, human: humans.Human, vote: model.Vote) -> bool:
    """Does a vote count with a policy, in whichever of its stages?"""
    return _allowed(quorum, one, human, vote) and (
        vote.via == "form"
        or bool(_stages_of(quorum, one, kept, vote))
        or bool(delegation.on_behalf(quorum.book, one, _parties(quorum), human, vote))
    )


def _allowed(quorum: Quorum, one: Policy, human: humans.Human, vote: model.Vote) -> bool:
    """Is it the vote of somebody known, who has not asked for it themselves?"""
    book = quorum.book
    allowed = {"form": one.form_counts, "standing": one.standing}
    if not allowed.get(vote.via, True):
        return False
    if human.names & quorum.barred:
        return False
    if human.names & quorum.involved and not one.self_approval:
        return False
    if vote.account.platform in book.evaluation and not has_say(quorum, one):
        return False
    return identity.person_of(book, vote.account) is not None


def _stages_of(quorum: Quorum, one: Policy, kept: bool, vote: model.Vote) -> frozenset[int]:
    """The stages that a vote may fill a seat of. Its account must still be somebody's who may
    approve there, as whoever held it then must have been allowed to. By a rota those may who were
    on call when the vote was cast."""
    book, holder = quorum.book, identity.person_of(quorum.book, vote.account)
    people = {vote.person} if kept or vote.person in book.people else set[str]()
    if holder is not None and not kept:
        people.add(holder.id)
    roster = book.oncall
    return frozenset(
        n
        for n, stage in enumerate(one.all_stages)
        if people <= {*roster.resolved(stage.approvers, vote.at)}
    )


@dataclass(frozen=True, slots=True)
class _Cast:
    """What was voted by a policy: ``fits`` are those who agreed, with the stages that they may fill
    a seat of; ``absent`` all who voted, by all their names, and those in whose place alone somebody
    did; ``form``: by an OA form."""

    fits: seats.Fits
    absent: frozenset[str]
    rejections: int
    form: bool


def _cast(quorum: Quorum, one: Policy, kept: bool, voters: Sequence[humans.Human]) -> _Cast:
    """An approver has one seat: once they have voted themselves, or somebody has in their place, no
    vote counts in their place any more."""
    fits, absent, rejections, form = dict[str, frozenset[int]](), frozenset[str](), 0, False
    heard = frozenset(
        name
        for human in voters
        for vote in human.votes
        if _allowed(quorum, one, human, vote) and _stages_of(quorum, one, kept, vote)
        for name in human.names
    )
    for human in voters:
        cast, own, behalf = list[model.Vote](), frozenset[int](), dict[str, frozenset[int]]()
        for vote in human.votes:
            if not _counts(quorum, one, kept, human, vote):
                continue
            stages = frozenset[int]()
            if vote.via != "form":
                stages = _stages_of(quorum, one, kept, vote)
            places = delegation.on_behalf(quorum.book, one, _parties(quorum), human, vote)
            places = {who: at for who, at in places.items() if who not in heard}
            if stages or places or vote.via == "form":
                cast.append(vote)
                own, behalf = own | stages, behalf | places
        if not cast:
            continue
        absent |= human.names if own else human.names.union(behalf)
        heard |= behalf.keys()
        if any(not vote.approve for vote in cast):
            rejections += 1
            continue
        fits[cast[0].person] = own.union(*behalf.values())
        form = form or any(vote.via == "form" for vote in cast)
    return _Cast(fits, absent, rejections, form)


def _part(quorum: Quorum, one: Policy, kept: bool, voters: Sequence[humans.Human]) -> Tally:
    """How the votes stand with one policy."""
    cast, rows = _cast(quorum, one, kept, voters), benches(quorum, one)
    stages = seats.standings(rows, cast.fits, cast.absent, one.order == "sequence")
    have, need = sum(len(each.have) for each in stages), sum(each.need for each in stages)
    against, veto = cast.rejections, min(one.rejections, max(1, len(approvers_of(quorum, one))))
    if against >= veto:
        return Tally("rejected", (), have, need, (), stages, against, veto)
    if cast.form or have == need:
        return Tally("approved", (), need, need, (), stages, against, veto)
    now = tuple(dict.fromkeys(who for each in stages for who in each.now))
    later = dict.fromkeys(who for each in stages for who in each.later)
    return Tally("waiting", now, have, need, tuple(later), stages, against, veto)


def parts(quorum: Quorum, votes: Iterable[model.Vote]) -> tuple[Tally, ...]:
    """How the votes stand with each policy."""
    voters = humans.voters(quorum.book, votes)
    return tuple(_part(quorum, one, kept, voters) for one, kept in quorum.everything)


def tally(quorum: Quorum, votes: Iterable[model.Vote]) -> Tally:
    """Count the votes: approved once every policy is satisfied, rejected as soon as enough people
    reject by one. ``have`` and ``need`` are those of the policy that lacks most approvals,
    ``against`` and ``veto`` of the one that lacks fewest rejections; who has to wait by one policy
    waits, unless then nobody could vote."""
    tallies = parts(quorum, votes)
    least = max(tallies, key=lambda part: (part.verdict != "approved", part.need - part.have))
    most = min(tallies, key=lambda part: (part.veto - part.against, -part.against))
    count = Tally("waiting", (), least.have, least.need, (), (), most.against, most.veto)
    if any(part.verdict == "rejected" for part in tallies):
        return replace(count, verdict="rejected")
    if all(part.verdict == "approved" for part in tallies):
        return replace(count, verdict="approved")
    waiting = [part for part in tallies if part.verdict == "waiting"]
    people = dict.fromkeys(who for part in waiting for who in part.waiting_for)
    later = dict.fromkeys(who for part in waiting for who in part.later)
    turns = tuple(who for who in people if who not in later) or tuple(people)
    later_ = tuple(who for who in later if who not in turns)
    return replace(count, waiting_for=turns, later=later_)


def is_heard(quorum: Quorum, voter: Person, votes: Iterable[model.Vote]) -> bool:
    """Has this person voted already, by whatever name, so that no vote of theirs is open with any
    policy that they count with?"""
    own = [human for human in humans.voters(quorum.book, votes) if voter.id in human.names]
    return bool(own) and not any(
        voter.id in electors(quorum, one)
        and not any(_counts(quorum, one, kept, each, vote) for each in own for vote in each.votes)
        for one, kept in quorum.everything
    )


def names(book: Book, people: Iterable[str]) -> list[str]:
    """What people are called; an id that is nobody's stays an id."""
    return [book.people[one].name if one in book.people else one for one in people]


def stage_name(book: Book, stage: Stage) -> list[str]:
    """What a stage is called: its roles and people, as the configuration names them."""
    return names(
        book,
        (one.removeprefix("role:").removeprefix(TAG) for one in stage.named or stage.approvers),
    )


def shortage_facts(book: Book, short: Shortage) -> dict[str, object]:
    """What a sentence says of a policy that cannot be satisfied."""
    return {
        "policy": short.policy.name,
        "stages": [", ".join(stage_name(book, stage)) for stage in short.stages],
        "need": short.lack.need,
        "missing": short.lack.need - len(short.lack.people),
        "names": names(book, short.lack.people),
    }
