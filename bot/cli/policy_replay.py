"""``python -m bot policy replay``: past requests, judged by a configuration as if it had been in
use when they were asked for. Nothing is stored, looked up or run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from bot import model, policy, store, texts
from bot.cli import policy_trials
from bot.core import facts, intake, intake_form, proposal, revote, subjects
from bot.core.decision import DecisionBuilder, refusal_text
from bot.deployment import Deployment
from bot.policy import access, identity, planning, quorum, starting, voting

PAGE = 500
Decision = Literal[
    "refused", "rejected", "undecided", "approved", "approved for later", "not started"
]


class Unjudged(Exception):
    """A request that cannot be judged again; the message says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is decided of a request. ``policies``: those that it needs."""

    decision: Decision
    policies: tuple[str, ...]

    @property
    def text(self) -> str:
        """The outcome with its policies, as people read it."""
        return f"{self.decision} ({' + '.join(self.policies)})" if self.policies else self.decision


@dataclass(frozen=True, slots=True)
class Comparison:
    """A request, what was decided of it, what would be, and what makes the difference. Without
    ``why`` it is the same."""

    request: model.Request
    then: Outcome
    now: Outcome
    why: tuple[str, ...]


@dataclass
class Replay:
    """All that was compared: how many requests, those that differ, and why others could not be
    judged, each with how many there are."""

    requests: int = 0
    different: list[Comparison] = field(default_factory=list)
    unjudged: dict[str, int] = field(default_factory=dict)


@dataclass
class Archive(policy_trials.Archive):
    """A store in which no request is open, with the templates that were run."""

    reader: store.Reader | None = None

    def source(self, digest: str) -> str | None:
        kept = self.sources.get(digest)
        return kept if kept is not None or self.reader is None else self.reader.source(digest)

    def freezes(self, at: datetime) -> Sequence[model.Freeze]:
        return self.reader.freezes_then(at) if self.reader is not None else ()

    def calendars(self) -> Sequence[model.Calendar]:
        return () if self.reader is None else self.reader.calendars()

    def absences(self, at: datetime) -> Sequence[model.Absence]:
        rows = () if self.reader is None else self.reader.absences(at)
        return tuple(one for one in rows if one.since < at)


def replayed(deployment: Deployment, reader: store.Reader, search: model.Search) -> Replay:
    """Judge every request that the search means, newest first, page by page."""
    replay, archive = Replay(), Archive(reader=reader)
    while True:
        requests, _ = reader.search(search, PAGE)
        votes = reader.votes_of(requests)
        for request in requests:
            replay.requests += 1
            own = tuple(vote for vote in votes if vote.request == request.id)
            try:
                comparison = compared(deployment, request, own, archive)
            except Unjudged as reason:
                replay.unjudged[str(reason)] = replay.unjudged.get(str(reason), 0) + 1
                continue
            if comparison.why:
                replay.different.append(comparison)
        if len(requests) < PAGE:
            return replay
        search = replace(search, before=requests[-1].id)


def compared(
    deployment: Deployment,
    request: model.Request,
    votes: Sequence[model.Vote],
    archive: model.Archive,
) -> Comparison:
    """What was decided of a request, and what the deployment would. Raises Unjudged."""
    then = Outcome(decision_of(request), request.policy_names)
    try:
        now, why, needed = _Judge(deployment, request, archive).judged(votes)
    except LookupError as error:
        raise Unjudged(f"a template that it ran is not kept: {error}") from None
    lines = [*_names(then, now), *_changes(needed)] if needed is not None else []
    if is_same(request, then, now) and not lines:
        return Comparison(request, then, now, ())
    return Comparison(request, then, now, tuple(dict.fromkeys((*lines, *why))))


def decision_of(request: model.Request) -> Decision:
    """What was decided of a request until now. Whether its run went well is no decision."""
    if request.state in (model.State.REFUSED, model.State.REJECTED):
        return "refused" if request.state is model.State.REFUSED else "rejected"
    if request.approved_at is None:
        return "undecided"
    opens = request.opening.at if request.opening is not None else request.opened_at
    later = opens is not None and opens > request.approved_at
    return "approved for later" if later else "approved"


def is_same(request: model.Request, then: Outcome, now: Outcome) -> bool:
    """Is it the same decision? Why an approved request was not started, or had to wait, may lie in
    the world: in a lock, or in what became of its targets. Of one that was called off it is not
    kept whether it waited."""
    approved = ("approved", "approved for later")
    if request.state is model.State.NOT_STARTED and now.decision == "not started":
        return True
    if then.decision in approved and now.decision in approved:
        waited = then.decision == "approved for later" or request.started_at is None
        return waited or now.decision == "approved"
    return then.decision == now.decision


def _names(then: Outcome, now: Outcome) -> Iterator[str]:
    """Which policies it needs that it did not, and the other way round."""
    if added := [name for name in now.policies if name not in then.policies]:
        yield f"needs {' and '.join(added)}, too"
    if dropped := [name for name in then.policies if name not in now.policies]:
        yield f"needs {' and '.join(dropped)} no more"


def _changes(needed: quorum.Quorum) -> Iterator[str]:
    """How policies were that would demand something else of this request."""
    for before in needed.kept:
        for after in needed.policies:
            then, now = _demand(needed, before), _demand(needed, after)
            if after.name == before.name and then != now:
                yield f"{after.name}: {then} → {now}"


def _demand(needed: quorum.Quorum, one: policy.Policy) -> str:
    """Whose agreement a policy takes, as "2 of Bob, Carol, then 1 of Erin"."""
    stages = []
    for bench in quorum.benches(needed, one):
        people = quorum.names(needed.book, bench.people)
        order = " in this order" if bench.in_turn and len(people) > 1 else ""
        stages.append(f"{bench.need} of {', '.join(people) or 'nobody'}{order}")
    veto = f", {one.rejections} to reject" if one.rejections > 1 else ""
    form = ", or a form" if one.form_counts else ""
    return (", then " if one.order == "sequence" else " and ").join(stages) + veto + form


# ----------------------------------------------------------------------------- judging one


Judgement = tuple[Outcome, tuple[str, ...], quorum.Quorum | None]
"""An outcome, for which reasons, and whose agreement it needs, with the policies of then that are
others now as ``kept`` (None: it does not get so far)."""


class _Judge:
    """Goes through the moments of the gate with a request as it was asked for, on the targets that
    were found for it then, with the votes that were cast."""

    def __init__(
        self, deployment: Deployment, request: model.Request, archive: model.Archive
    ) -> None:
        nonce = request.nonce or policy_trials.NONCE
        view = model.View(request.id, 0, "", archive=archive, nonce=nonce)
        self.builder = DecisionBuilder(deployment, view, request.created_at)
        self.deployment, self.request = self.builder.deployment, request
        self.book = self.deployment.book

    def judged(self, votes: Sequence[model.Vote]) -> Judgement:
        if self.request.removed:
            raise Unjudged("what was typed for it was removed")
        submission = self.submission()
        refusal = submission if isinstance(submission, policy.Refusal) else self.ask(submission)
        if refusal is not None:
            return self.refused(refusal)
        plan = self.request.plan
        if plan is None:
            raise Unjudged("its targets were never found, or did not fit, so there is no plan")
        refusal = proposal.refusal_of_plan(self.builder, self.planning(plan))
        if refusal is not None:
            return self.refused(refusal)
        if self.request.broken:
            raise Unjudged("break-glass started it without its votes")
        proposal.put(self.builder, plan)
        return self.vote(votes)

    def refused(self, refusal: policy.Refusal) -> Judgement:
        names = self.builder.request.policy_names if self.builder.request else ()
        return Outcome("refused", names), (refusal_text("en", refusal),), None

    # ------------------------------------------------------------- asking

    def submission(self) -> intake.Submission | policy.Refusal:
        """What was asked for, if it may come from there and from such an account."""
        request, book = self.request, self.book
        if request.form is None and not request.rules:
            refusal = access.refusal_of_place(book, request.place, request.account)
            person = refusal or identity.known(book, request.account)
            if isinstance(person, policy.Refusal):
                return person
        submission = revote.submission_of(self.deployment, request, request.created_at)
        if isinstance(submission, policy.Refusal):
            return submission
        unreadable = submission.line.parsed
        if isinstance(unreadable, policy.Refusal):
            raise Unjudged(refusal_text("en", unreadable))
        form = request.form
        rule = intake_form.rule_of(book, form.platform, form.form) if form is not None else None
        usual = rule.policy if rule is not None else submission.policy
        return replace(submission, form=form, policy=usual)

    def ask(self, submission: intake.Submission) -> policy.Refusal | None:
        """May it be asked for? Then it is a request, by the policies that this calls for."""
        request, parties = self.request, (_asker(self.request), *self.request.causes)
        content = intake.content_of(self.builder, submission)
        asking = intake.facts_of(self.builder, submission, content, parties)
        verdict = policy.evaluate(policy.ASK, asking)
        if verdict.refusal is not None:
            return verdict.refusal
        self.builder.create(
            model.Request(
                id=request.id,
                state=model.State.PLANNING,
                version=1,
                command=request.command,
                args=request.args,
                person=request.person,
                account=request.account,
                place=request.place,
                locale="en",
                text=request.text,
                policy=asking.policy,
                policies=asking.quorum(verdict.policies).names,
                risk=asking.risk,
                created_at=request.created_at,
                expires_at=request.expires_at,
                form=request.form,
                escalated="; ".join(texts.spoken("en", each) for each in verdict.reasons),
                rules=request.rules,
                causes=request.causes,
                accounts=request.accounts,
                nonce=request.nonce or policy_trials.NONCE,
                starts_at=submission.starts_at,
            )
        )
        return None

    # ------------------------------------------------------------- planning and voting

    def planning(self, plan: model.Plan) -> planning.Facts:
        """Its plan, with the instances that were found then; what was kept in the cloud is held to
        the patterns as it was read then."""
        known = facts.planning_of(self.builder, lambda: plan)
        targets = planning.Targets(plan.instances, mentions=plan.mentions, scripted=False)
        passages = subjects.passages_of(self.builder, plan) if plan.definitions else ()
        if isinstance(passages, policy.Refusal):
            return replace(known, unshown=passages)
        return replace(
            known,
            targets=targets if plan.instances or plan.mentions else None,
            untargeted=not plan.instances,
            passages=tuple(one for one in passages if one.where == "script"),
        )

    def vote(self, votes: Sequence[model.Vote]) -> Judgement:
        """What the votes on its plan come to, one after the other."""
        builder = self.builder
        needed, digest = quorum.ballot_of(self.book, builder.it)
        proposal.settled_by_form(builder, needed)
        why = [builder.it.escalated] if builder.it.escalated else []
        cast = quorum.votes_on(self.request.subject, votes)
        for vote in sorted((one for one in cast if one.via != "form"), key=lambda one: one.at):
            if builder.tally().verdict != "waiting":
                break
            refusal = self.refusal_of_vote(replace(needed, book=self.book_at(vote.at)), vote)
            if refusal:
                why.append(f"{vote.person}: {refusal}")
            else:
                anew = vote.digest.replace(self.request.subject, digest)
                builder.votes = (*builder.votes, replace(vote, digest=anew))
                builder.now = max(builder.now, vote.at)  # of a standing approval it is older
        return self.tallied(why)

    def tallied(self, why: list[str]) -> Judgement:
        """What the votes come to that count; where they suffice, whether it would start then."""
        tally, request = self.builder.tally(), self.builder.it
        changed = quorum.of(self.book, replace(request, plan=self.request.plan))
        if tally.verdict == "rejected":
            why.append(f"{tally.against} of {tally.veto} rejections")
            return Outcome("rejected", request.policy_names), tuple(why), changed
        why.append(f"{tally.have} of {tally.need} approvals")
        if tally.verdict == "waiting":
            people = ", ".join(quorum.names(self.book, tally.waiting_for)) or "nobody"
            why[-1] += f"; {people} may vote"
            return Outcome("undecided", request.policy_names), tuple(why), changed
        known = facts.starting_of(
            self.deployment, request, self.builder.current_view(), self.builder.now
        )
        refusal = policy.evaluate(policy.START, known).refusal
        decision: Decision = "approved"
        if refusal is not None:
            decision = "approved for later" if refusal.key in starting.CLOSED else "not started"
            why.append(refusal_text("en", refusal))
        return Outcome(decision, request.policy_names), tuple(why), changed

    def book_at(self, at: datetime) -> policy.Book:
        """The book as it is read at a moment: it matters to who is on call."""
        return DecisionBuilder(self.deployment, self.builder.view, at).deployment.book

    def refusal_of_vote(self, needed: quorum.Quorum, vote: model.Vote) -> str:
        """Why a vote would not have counted, as a sentence; "": it would. Only the newest absence
        of a person is kept: one who stood in is heard, and the tally says whether that counts."""
        request, voter = self.builder.it, identity.person_of(self.book, vote.account)
        if voter is None:
            return "nobody's account"
        if vote.on_behalf:
            return ""
        action = "approve" if vote.approve else "reject"
        refusal = voting.refusal_of_platform(needed, request, vote.account, action)
        refusal = refusal or voting.refusal_of_vote(needed, request, self.builder.votes, voter)
        if refusal is None:
            return ""
        names = quorum.names(self.book, quorum.electorate(needed))
        return texts.say("en", refusal.key, **{"id": request.id, "names": names, **refusal.facts})


def _asker(request: model.Request) -> model.Party:
    return model.Party(request.person, request.account, request.accounts)
