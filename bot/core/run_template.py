"""A template's run: from one entry of its journal to the next calls, and to its end.

Whatever happens to a run is written to its journal first; what follows from that, the pure
interpreter says. The calls it wants are written as started, with their tokens, and queued in the
same transaction.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal

from bot import cards, model, texts
from bot.core import (
    authority,
    call_limits,
    endings,
    hidden_values,
    live_runs,
    notices,
    questions,
    run_progress,
    waits,
)
from bot.core.decision import VOTE_TIMERS, DecisionBuilder, reason_of
from bot.deployment import Deployment
from bot.oos import calls, interpreter, journal
from bot.oos import model as oos
from bot.policy import quorum

log = logging.getLogger(__name__)

SHOWN_EVERY = timedelta(seconds=1)
"""The card of a loop is brought up to date at most so often."""
TIMERS = ("wake", "progress", *VOTE_TIMERS)
GOING = (model.State.RUNNING, model.State.WAITING)
BROKEN = (
    oos.TemplateError,
    interpreter.JournalError,
    LookupError,
    ArithmeticError,
    TypeError,
    ValueError,
    AttributeError,
    RuntimeError,
)
NOTHING: Mapping[str, Any] = MappingProxyType({})
NOT_MADE = "not_made"
"""The code by which a lookup says that the call provably did not happen."""


def guarded(work: Callable[..., None]) -> Callable[..., None]:
    """A run whose journal makes no sense, or that breaks the interpreter, must not hang for ever:
    it ends as unknown, people are told, and no call that was still to be made is made."""

    @functools.wraps(work)
    def guarding(draft: DecisionBuilder, *args: Any) -> None:
        try:
            work(draft, *args)
        except BROKEN as e:
            log.exception("the run of request %d cannot go on", draft.it.id)
            live_runs.forget(draft)
            draft.take_back("call:")
            draft.take_back(call_limits.LOOK)
            error = hidden_values.covered(draft.it.plan, f"{type(e).__name__}: {e}")[:300]
            why = texts.say(draft.it.locale, "run.broken", error=error)
            draft.enter("countersign", "run.broken", error=error)
            end(draft, model.State.UNKNOWN, why)

    return guarding


@guarded
def begin(draft: DecisionBuilder) -> None:
    """The votes are in and the targets are as they were: go."""
    shift = draft.view.shift.total_seconds()
    draft.change(state=model.State.RUNNING, started_at=draft.now, shift=shift)
    draft.enter(
        "countersign",
        "run.begun",
        template=draft.it.plan.template if draft.it.plan else "",
        digest=draft.it.digest,
        execution=live_runs.execution_id(draft),
    )
    go_on(draft, live_runs.of(draft))


def called(
    house: Deployment, outcome: model.Outcome, view: model.View, now: datetime
) -> model.Decision:
    """A call of a run came back, or what became of one was found out."""
    draft = DecisionBuilder(house, view, now)
    assert view.effect is not None
    assert isinstance(view.effect.body, model.RunCall)
    if view.request is not None and not view.request.state.final:
        waits.over(draft, outcome)
        settle(draft, view.effect.body, outcome)
    return draft.receipt()


@guarded
def settle(draft: DecisionBuilder, call: model.RunCall, outcome: model.Outcome) -> None:
    run = live_runs.of(draft)
    if isinstance(outcome, model.Refused) and outcome.code == authority.NOT_AUTHORISED:
        return not_let_out(draft, run, call, outcome)
    found = ended(draft, call, outcome)
    if not isinstance(found, journal.Done):
        draft.enter(
            "countersign",
            "call.looked_up" if call.lookup else "call.failed",
            call=call.key,
            outcome=type(found).__name__.lower(),
            reason=hidden_values.covered(draft.it.plan, getattr(outcome, "reason", "")),
        )
        if call.what["kind"] == "approve":
            reason = hidden_values.covered(draft.it.plan, reason_of(draft.it.locale, outcome))
            draft.tell_sentence(f"notice:{call.token}", "say.notice_failed", reason=reason)
    elif notable(call):
        draft.enter("countersign", "call.made", call=call.key, what=what_of(call))
    live_runs.write(draft, run, journal.Finished(call.key, live_runs.moment(draft, run), found))
    return go_on(draft, run)


def not_let_out(
    draft: DecisionBuilder, run: live_runs.Live, call: model.RunCall, outcome: model.Refused
) -> None:
    """A call was refused at the moment when it would have been made: nothing was begun yet, so that
    the request ends as not started; or the run is held, and asks. So is one whose form is being
    revoked or modified: that may come to nothing."""
    if not authority.began(draft, outcome) and draft.it.hold not in authority.FORM_HOLDS:
        live_runs.forget(draft)
        return authority.not_started(draft, outcome)
    draft.enter("countersign", "run.held", call=call.key, reason=str(outcome.data.get("key", "")))
    draft.held = outcome.reason
    at = live_runs.moment(draft, run)
    live_runs.write(draft, run, journal.Told("held", at, "countersign"))
    live_runs.write(draft, run, journal.Finished(call.key, at, journal.NotMade(journal.HELD)))
    return go_on(draft, run)


def ended(draft: DecisionBuilder, call: model.RunCall, outcome: model.Outcome) -> journal.Outcome:
    """The outcome of an effect as the journal knows it."""
    match outcome:
        case model.Done(data=data):
            return journal.Done(data.get("document"))
        case model.Refused(code=code) if code == NOT_MADE:
            return journal.NotMade()
        case model.Refused(code=code) | model.NotSent(reason=code) if call.lookup:
            return journal.Unknown(reason_of(draft.it.locale, outcome))
        case model.Refused(code=code):
            return journal.Failed(code or "Refused", reason_of(draft.it.locale, outcome))
        case model.NotSent(reason=reason):
            return journal.Failed("NotSent", reason)
        case model.Unknown(reason=reason):
            return journal.Unknown(reason)


def notable(call: model.RunCall) -> bool:
    """Does it change something, so that the audit log says that it was made?"""
    return call.what["kind"] == "api" and not call.what["reads"]


def what_of(call: model.RunCall) -> str:
    what = call.what
    if what["kind"] == "api":
        return f"{what['service']} {what['api']}"
    return str(what["kind"])


# ----------------------------------------------------------------------------- going on


def go_on(draft: DecisionBuilder, run: live_runs.Live) -> None:
    """Make the calls that follow, and say where the run stands now."""
    while True:
        now = live_runs.moment(draft, run)
        following = run.state.next(now)
        if not isinstance(following, interpreter.Calls):
            break
        begun = 0
        for call in following.calls:
            if isinstance(call, calls.Lookup):
                queue(draft, call.call, started_at(draft, call.key), lookup=True)
            else:
                live_runs.write(draft, run, journal.Started(call.key, now))
                if isinstance(call.what, calls.Approve) and call.what.notice is None:
                    live_runs.write(draft, run, journal.Finished(call.key, now, journal.Done()))
                else:
                    call_limits.send(draft, run, call, queue)
                begun += 1
        if not begun:
            show(draft, run, None)
            return
    if isinstance(following, interpreter.Done):
        conclude(draft, run, following)
        return
    until = following.until
    if until is not None:
        draft.timers.append(model.Timer(draft.it.id, "wake", until + draft.lag()))
    else:
        draft.cleared.append("wake")
    waits = isinstance(following, interpreter.Await)
    show(draft, run, questions.ballot(draft, run, following) if waits else None)  # type: ignore[arg-type]


def started_at(draft: DecisionBuilder, key: str) -> datetime | None:
    """When the call that just came back was first written as started. None where nothing may be
    sent again, not even with its old token: a run that is being stopped."""
    effect = draft.view.effect
    body = effect.body if effect is not None else None
    if draft.it.stopping or not isinstance(body, model.RunCall) or body.key != key:
        return None
    return body.at


def queue(
    draft: DecisionBuilder,
    call: calls.Call,
    at: datetime | None,
    lookup: bool = False,
    context: Mapping[str, Any] = NOTHING,
) -> None:
    request = draft.it
    assert request.plan is not None
    what = notices.plain(call.what)
    region = str(what.get("region") or request.plan.region)
    body = model.RunCall(
        request.id,
        model.short(request.digest),
        call.key,
        call.token,
        what,
        region,
        lookup,
        at=at,
        cleanup=call.cleanup,
        digest=request.digest if request.nonce else "",
    )
    word = "look" if lookup else "call"
    draft.queue(f"{word}:{call.token}", f"{word}:{call.token}", body, context=context)


@guarded
def looked(draft: DecisionBuilder, outcome: model.Outcome) -> None:
    """The names of a call's instances were looked up, so that it can be judged now."""
    run = live_runs.of(draft)
    if call_limits.looked(draft, run, outcome, queue):
        go_on(draft, run)


def show(draft: DecisionBuilder, run: live_runs.Live, asks: model.ApprovalStep | None) -> None:
    """Bring the request up to where its run stands: a new question is asked at once, a task that
    ended is shown at once, the counts of a loop once a second."""
    request = draft.it
    if request.ballot is not None and asks is not None and request.ballot.key == asks.key:
        asks = request.ballot
    progress = hidden_values.progress(request.plan, run_progress.progress_of(run, asks))
    state = model.State.RUNNING if asks is None else model.State.WAITING
    same = (state, asks) == (request.state, request.ballot)
    if same and request.progress is not None and request.progress.stages == progress.stages:
        if request.progress != progress:
            draft.remind("progress", SHOWN_EVERY, keep=True)
        return
    draft.change(state=state, ballot=asks, progress=progress)
    if asks != request.ballot:
        draft.cleared.extend(VOTE_TIMERS)
        if asks is not None:
            ask(draft, asks)
    draft.update_card()


def ask(draft: DecisionBuilder, asks: model.ApprovalStep) -> None:
    """Say in the thread what the run waits for, to those who can answer it."""
    rule, votes = draft.ballot()
    request = draft.it
    waiting = quorum.tally(rule, votes).waiting_for if asks.voted else ()
    draft.enter("countersign", "run.waiting", why=asks.kind, task=asks.task, digest=asks.digest)
    message = cards.ballot_message(draft.house, request, asks, waiting or askers(draft, asks))
    draft.tell(f"ballot:{asks.digest[:16]}", message)
    if asks.voted:
        if not quorum.can_pass(rule):
            tell_nobody(draft, asks)
        if asks.expires_at is not None:
            wait_for_votes(draft, rule)


def wait_for_votes(draft: DecisionBuilder, rule: quorum.Quorum) -> None:
    """Remember when the votes on a question must be in, and when to remind people of it."""
    draft.remind("ballot_expires", rule.expires)
    if timedelta() < rule.remind < rule.expires:
        draft.remind("ballot", rule.remind)


def tell_nobody(draft: DecisionBuilder, asks: model.ApprovalStep) -> None:
    """Say that not enough people can agree to what was asked, and what can be done."""
    ends = texts.say(draft.it.locale, "say.ballot.ends") if asks.expires_at is not None else ""
    key = "say.ballot.no_ram" if asks.ram else "say.ballot.nobody"
    facts = {"task": asks.task, "users": list(asks.ram), "ends": ends}
    draft.tell_sentence(f"nobody:{asks.digest[:16]}", key, draft.asker(), **facts)


def askers(draft: DecisionBuilder, asks: model.ApprovalStep) -> tuple[str, ...]:
    """Who is asked where nobody votes: the requester to resume, the approvers about a doubt."""
    if asks.kind not in ("unknown", "held"):
        return (draft.it.person,) if asks.kind != "person" else ()
    return quorum.electorate(quorum.of(draft.house.book, draft.it))


# ----------------------------------------------------------------------------- how far it is


# ----------------------------------------------------------------------------- the end


def conclude(draft: DecisionBuilder, run: live_runs.Live, done: interpreter.Done) -> None:
    """The run has ended, or a person must say what became of a call."""
    if done.status == "Unknown":
        show(draft, run, questions.doubt(draft, run, done.unknown[0]))
        return
    plan = draft.it.plan
    progress = hidden_values.progress(plan, run_progress.progress_of(run, None))
    error = run_progress.error_text(draft.it.locale, done.error) if done.error is not None else ""
    error, outputs = (
        hidden_values.covered(plan, error),
        hidden_values.covered(plan, dict(done.outputs)),
    )
    stages = tuple(run_progress.ended_stage(stage, error) for stage in progress.stages)
    halted = progress.running if done.status == "Cancelled" else 0
    progress = replace(progress, running=0, halted=halted)
    draft.change(progress=replace(progress, stages=stages, outputs=outputs, error=error))
    state = {
        "Success": model.State.SUCCEEDED,
        "Failed": model.State.FAILED,
        "Cancelled": model.State.UNKNOWN if done.unknown else model.State.CANCELLED,
    }[done.status]
    live_runs.forget(draft)
    end(draft, state, cancelled_why(draft, done) if done.status == "Cancelled" else error)


def cancelled_why(draft: DecisionBuilder, done: interpreter.Done) -> str:
    """Why it was cancelled, in words."""
    locale, request = draft.it.locale, draft.it
    if done.error is not None and done.error.code == "Rejected":
        text = mark_cancelled(draft, "rejected")
    else:
        text = mark_cancelled(draft, "expired" if request.ended_by == "countersign" else "stopped")
    if done.unknown:
        text += " " + texts.say(locale, "run.unknown_calls", calls=list(done.unknown))
    return text


def mark_cancelled(draft: DecisionBuilder, why: Literal["stopped", "rejected", "expired"]) -> str:
    """Note why the run is cancelled; returns it in words, with the reason that was given."""
    draft.change(cancelled=why)
    name = cards.name_of(draft.house, draft.it.ended_by)
    text = texts.say(draft.it.locale, f"run.{why}", name=name)
    reasons = [vote.reason for vote in draft.votes if not vote.approve and vote.reason]
    return f"{text}: {reasons[-1]}" if why == "rejected" and reasons else text


def end(draft: DecisionBuilder, state: model.State, note: str) -> None:
    """Finish the request and tell the outcome in its thread."""
    draft.finish(state, note=note)
    draft.enter("countersign", "run.ended", state=state.value, **({"note": note} if note else {}))
    draft.update_card()
    endings.outcome(draft)


# ----------------------------------------------------------------------------- words of people


@guarded
def decided(draft: DecisionBuilder, person: str, approve: bool) -> None:
    """The votes on what the run waits for are in. Whose votes count, and how many are needed, says
    the policy as it is now: so the journal gets the votes when they decide, and not before."""
    request = draft.it
    assert request.ballot is not None
    run = live_runs.of(draft)
    at = live_runs.moment(draft, run)
    if approve:
        draft.passed()
        people = [vote.person for vote in draft.ballot()[1] if vote.approve]
    else:
        draft.change(ended_by=person)
        people = [person]
    for each in people:
        live_runs.write(draft, run, journal.Voted(request.ballot.key, at, approve, each))
    go_on(draft, run)


@guarded
def told(draft: DecisionBuilder, word: Any, person: str) -> None:
    """A person's word: paused, resumed, stopped, retry, skip."""
    run = live_runs.of(draft)
    asks = draft.it.ballot
    key = asks.key if asks is not None and asks.kind in ("pause", "batch", "unknown") else ""
    stopped = word == "stopped"
    told_key = "" if stopped else key
    live_runs.write(draft, run, journal.Told(word, live_runs.moment(draft, run), person, told_key))
    if stopped:
        draft.change(ended_by=person, stopping=True)
        drop_unsent(draft, run)
    go_on(draft, run)


def drop_unsent(draft: DecisionBuilder, run: live_runs.Live) -> None:
    """Calls that are certainly not under way yet are not made."""
    why = texts.say(draft.it.locale, "stop.before_start")
    for key, opened in list(run.state.running.items()):
        effect = f"call:{opened.call.token}"
        if effect in draft.view.unsent:
            draft.dropped.append(effect)
            at = live_runs.moment(draft, run)
            live_runs.write(draft, run, journal.Finished(key, at, journal.Failed("Stopped", why)))


# ----------------------------------------------------------------------------- time


def timer_due(draft: DecisionBuilder, timer: str) -> None:
    """A due-time row of a run came due."""
    if timer == "wake":
        woken(draft)
    elif timer == "progress":
        shown_again(draft)
    elif timer == "ballot_expires":
        expire(draft)
    elif timer == "ballot":
        remind(draft)


@guarded
def woken(draft: DecisionBuilder) -> None:
    go_on(draft, live_runs.of(draft))


@guarded
def shown_again(draft: DecisionBuilder) -> None:
    """The counts of a loop have moved since they were shown."""
    progress = hidden_values.progress(
        draft.it.plan, run_progress.progress_of(live_runs.of(draft), draft.it.ballot)
    )
    if progress != draft.it.progress:
        draft.change(progress=progress)
        draft.update_card()


def expire(draft: DecisionBuilder) -> None:
    """Nobody decided in time: the run is cancelled, as it would be by a rejection."""
    if draft.it.ballot is not None and draft.it.ballot.voted:
        draft.enter("countersign", "ballot.expired", task=draft.it.ballot.task)
        told(draft, "stopped", "countersign")


def remind(draft: DecisionBuilder) -> None:
    """Mention those whose vote the run still waits for."""
    request, asks = draft.it, draft.it.ballot
    if asks is None or not asks.voted or asks.expires_at is None:
        return
    rule, votes = draft.ballot()
    waiting = quorum.tally(rule, votes).waiting_for
    draft.enter("countersign", "request.reminded", people=list(waiting))
    draft.tell_sentence(
        f"remind:{asks.digest[:16]}",
        "say.remind",
        cards.accounts_of(draft.house, waiting, request.place),
        time=cards.moment(draft.house, asks.expires_at),
        left=asks.expires_at - draft.now,
    )
