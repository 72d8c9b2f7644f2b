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
from typing import Literal

from bot import cards, model, redact, source, texts
from bot.core import (
    authority,
    call_limits,
    endings,
    live_runs,
    notices,
    openings,
    questions,
    run_progress,
    runner,
    waits,
)
from bot.core.decision import VOTE_TIMERS, DecisionBuilder, reason_of
from bot.deployment import Deployment
from bot.oos.engine import calls, interpreter, journal

log = logging.getLogger(__name__)

Past = Literal["paused", "resumed", "stopped", "retry", "skip"]
SHOWN_EVERY = timedelta(seconds=1)
"""The card of a loop is brought up to date at most so often."""
TIMERS = ("wake", "progress", *VOTE_TIMERS)
PAST: Mapping[runner.Signal, Past] = {
    "pause": "paused",
    "resume": "resumed",
    "retry": "retry",
    "skip": "skip",
}
"""What people say, as journals and the audit log have it."""
GOING = (model.State.RUNNING, model.State.WAITING)
BROKEN = (
    source.Invalid,
    interpreter.JournalError,
    LookupError,
    ArithmeticError,
    TypeError,
    ValueError,
    AttributeError,
    RuntimeError,
)
NOTHING: Mapping[str, object] = MappingProxyType({})
NOT_MADE = "not_made"
"""The code by which a lookup says that the call provably did not happen."""


def guarded(work: Callable[..., None]) -> Callable[..., None]:
    """A run whose journal makes no sense, or that breaks the interpreter, must not hang for ever:
    it ends as unknown, people are told, and no call that was still to be made is made."""

    @functools.wraps(work)
    def guarding(builder: DecisionBuilder, *args: object) -> None:
        try:
            work(builder, *args)
        except BROKEN as e:
            log.exception("the run of request %d cannot go on", builder.it.id)
            live_runs.forget(builder)
            builder.take_back("call:")
            builder.take_back(call_limits.LOOK)
            error = redact.covered(builder.it.plan, f"{type(e).__name__}: {e}")[:300]
            why = texts.say(builder.it.locale, "run.broken", error=error)
            builder.enter("countersign", "run.broken", error=error)
            end(builder, model.State.UNKNOWN, why)

    return guarding


@guarded
def start(builder: DecisionBuilder) -> None:
    """The votes are in and the targets are as they were: go."""
    plan = builder.it.plan
    assert isinstance(plan, model.TemplatePlan)
    shift = builder.view.shift.total_seconds()
    builder.change(state=model.State.RUNNING, started_at=builder.now, shift=shift)
    builder.enter(
        "countersign",
        "run.begun",
        template=plan.template,
        digest=builder.it.digest,
        execution=live_runs.execution_id(builder),
    )
    go_on(builder, live_runs.of(builder))


def call_completed(
    deployment: Deployment, outcome: model.Outcome, view: model.View, now: datetime
) -> model.Decision:
    """A call of a run came back, or it was found out how one ended."""
    builder = DecisionBuilder(deployment, view, now)
    assert view.effect is not None
    assert isinstance(view.effect.body, model.RunCall)
    if view.request is not None and not view.request.state.final:
        waits.over(builder, outcome)
        settle(builder, view.effect.body, outcome)
    return builder.receipt()


@guarded
def settle(builder: DecisionBuilder, call: model.RunCall, outcome: model.Outcome) -> None:
    run = live_runs.of(builder)
    if isinstance(outcome, model.Refused) and outcome.code == authority.NOT_AUTHORISED:
        return claim_refused(builder, run, call, outcome)
    result = journal_outcome(builder, call, outcome)
    if not isinstance(result, journal.Done):
        builder.enter(
            "countersign",
            "call.looked_up" if call.lookup else "call.failed",
            call=call.key,
            outcome=type(result).__name__.lower(),
            reason=redact.covered(builder.it.plan, getattr(outcome, "reason", "")),
        )
        if isinstance(call.what, calls.Approve):
            reason = redact.covered(builder.it.plan, reason_of(builder.it.locale, outcome))
            builder.tell_sentence(f"notice:{call.token}", "say.notice_failed", reason=reason)
    elif notable(call):
        builder.enter("countersign", "call.made", call=call.key, what=what_of(call))
    live_runs.write(
        builder, run, journal.Finished(call.key, live_runs.moment(builder, run), result)
    )
    return go_on(builder, run)


def claim_refused(
    builder: DecisionBuilder, run: live_runs.Live, call: model.RunCall, outcome: model.Refused
) -> None:
    """A call was refused at the moment when it would have been made: nothing was begun yet, so that
    the request ends as not started; or the run is held, and asks. So is one whose form is being
    revoked or modified, as that may come to nothing, and what the calendar does not let begin."""
    begun, closed = authority.began(builder, outcome), openings.is_closed(outcome)
    if not begun and not closed and builder.it.hold not in authority.FORM_HOLDS:
        live_runs.forget(builder)
        return authority.not_started(builder, outcome)
    if closed and not begun:
        openings.note(builder)
    builder.enter("countersign", "run.held", call=call.key, reason=str(outcome.data.get("key", "")))
    builder.held = outcome.reason
    at = live_runs.moment(builder, run)
    live_runs.write(builder, run, journal.Signalled("held", at, "countersign"))
    live_runs.write(builder, run, journal.Finished(call.key, at, journal.NotMade(journal.HELD)))
    return go_on(builder, run)


def journal_outcome(
    builder: DecisionBuilder, call: model.RunCall, outcome: model.Outcome
) -> journal.Outcome:
    """The outcome of an effect as the journal knows it."""
    match outcome:
        case model.Done(data=data):
            return journal.Done(data.get("document"))
        case model.Refused(code=code) if code == NOT_MADE:
            return journal.NotMade()
        case model.Refused(code=code) | model.NotSent(reason=code) if call.lookup:
            return journal.Unknown(reason_of(builder.it.locale, outcome))
        case model.Refused(code=code):
            return journal.Failed(code or "Refused", reason_of(builder.it.locale, outcome))
        case model.NotSent(reason=reason):
            return journal.Failed("NotSent", reason)
        case model.Unknown(reason=reason):
            return journal.Unknown(reason)


def notable(call: model.RunCall) -> bool:
    """Does it change something, so that the audit log says that it was made?"""
    return isinstance(call.what, calls.Api) and not call.what.reads


def what_of(call: model.RunCall) -> str:
    what = call.what
    return f"{what.service} {what.api}" if isinstance(what, calls.Api) else calls.KINDS[type(what)]


# ----------------------------------------------------------------------------- going on


def go_on(builder: DecisionBuilder, run: live_runs.Live) -> None:
    """Make the calls that follow, and say where the run stands now."""
    while True:
        now = live_runs.moment(builder, run)
        following = run.state.next(now)
        if not isinstance(following, interpreter.Calls):
            break
        begun = 0
        for call in following.calls:
            if isinstance(call, calls.Lookup):
                queue(builder, call.call, started_at(builder, call.key), lookup=True)
            else:
                live_runs.write(builder, run, journal.Started(call.key, now))
                if isinstance(call.what, calls.Approve) and call.what.notice is None:
                    live_runs.write(builder, run, journal.Finished(call.key, now, journal.Done()))
                else:
                    call_limits.send(builder, run, call, queue)
                begun += 1
        if not begun:
            show(builder, run, None)
            return
    if isinstance(following, interpreter.Done):
        conclude(builder, run, following)
        return
    until = following.until
    if until is not None:
        builder.timers.append(model.Timer(builder.it.id, "wake", until + builder.lag()))
    else:
        builder.cleared.append("wake")
    waits = isinstance(following, interpreter.Await)
    show(builder, run, questions.ballot(builder, run, following) if waits else None)  # type: ignore[arg-type]


def started_at(builder: DecisionBuilder, key: str) -> datetime | None:
    """When the call that just came back was first written as started. None where nothing may be
    sent again, not even with its old token: a run that is being stopped."""
    effect = builder.view.effect
    body = effect.body if effect is not None else None
    if builder.it.stopping or not isinstance(body, model.RunCall) or body.key != key:
        return None
    return body.at


def queue(
    builder: DecisionBuilder,
    call: calls.Call,
    at: datetime | None,
    lookup: bool = False,
    context: Mapping[str, object] = NOTHING,
) -> None:
    request = builder.it
    assert request.plan is not None
    region = calls.region_of(call.what) or request.plan.region
    body = model.RunCall(
        request.id,
        model.short(request.digest),
        call.key,
        call.token,
        notices.escaped(call.what),
        region,
        lookup,
        at=at,
        cleanup=call.cleanup,
        digest=request.digest if request.nonce else "",
    )
    word = "look" if lookup else "call"
    builder.queue(f"{word}:{call.token}", f"{word}:{call.token}", body, context=context)


@guarded
def lookup_completed(builder: DecisionBuilder, outcome: model.Outcome) -> None:
    """The names of a call's instances were looked up, so that it can be judged now."""
    run = live_runs.of(builder)
    if call_limits.looked(builder, run, outcome, queue):
        go_on(builder, run)


def show(builder: DecisionBuilder, run: live_runs.Live, asks: model.ApprovalStep | None) -> None:
    """Bring the request up to where its run stands: a new question is asked at once, a task that
    ended is shown at once, the counts of a loop once a second."""
    request = builder.it
    if request.ballot is not None and asks is not None and request.ballot.key == asks.key:
        asks = request.ballot
    progress = redact.progress(request.plan, run_progress.progress_of(run, asks))
    state = model.State.RUNNING if asks is None else model.State.WAITING
    same = (state, asks) == (request.state, request.ballot)
    if same and request.progress is not None and request.progress.stages == progress.stages:
        if request.progress != progress:
            builder.remind("progress", SHOWN_EVERY, keep=True)
        return
    builder.change(state=state, ballot=asks, progress=progress)
    if asks != request.ballot:
        builder.cleared.extend(VOTE_TIMERS)
        if asks is not None:
            questions.ask(builder, asks)
    builder.update_card(spare="progress" if same else None)


# ----------------------------------------------------------------------------- the end


def conclude(builder: DecisionBuilder, run: live_runs.Live, done: interpreter.Done) -> None:
    """The run has ended, or a person must say how a call ended."""
    if done.status == "Unknown":
        show(builder, run, questions.doubt(builder, run, done.unknown[0]))
        return
    plan = builder.it.plan
    progress = redact.progress(plan, run_progress.progress_of(run, None))
    error = run_progress.error_text(builder.it.locale, done.error) if done.error is not None else ""
    error, outputs = (
        redact.covered(plan, error),
        redact.covered(plan, dict(done.outputs)),
    )
    stages = tuple(run_progress.ended_stage(stage, error) for stage in progress.stages)
    halted = progress.running if done.status == "Cancelled" else 0
    progress = replace(progress, running=0, halted=halted)
    builder.change(progress=replace(progress, stages=stages, outputs=outputs, error=error))
    state = {
        "Success": model.State.SUCCEEDED,
        "Failed": model.State.FAILED,
        "Cancelled": model.State.UNKNOWN if done.unknown else model.State.CANCELLED,
    }[done.status]
    live_runs.forget(builder)
    end(builder, state, cancelled_why(builder, done) if done.status == "Cancelled" else error)


def cancelled_why(builder: DecisionBuilder, done: interpreter.Done) -> str:
    """Why it was cancelled, in words."""
    locale, request = builder.it.locale, builder.it
    if done.error is not None and done.error.code == "Rejected":
        text = mark_cancelled(builder, "rejected")
    else:
        text = mark_cancelled(
            builder, "expired" if request.ended_by == "countersign" else "stopped"
        )
    if done.unknown:
        text += " " + texts.say(locale, "run.unknown_calls", calls=list(done.unknown))
    return text


def mark_cancelled(builder: DecisionBuilder, why: Literal["stopped", "rejected", "expired"]) -> str:
    """Note why the run is cancelled; returns it in words, with the reason that was given."""
    builder.change(cancelled=why)
    name = cards.name_of(builder.deployment, builder.it.ended_by)
    text = texts.say(builder.it.locale, f"run.{why}", name=name)
    reasons = [vote.reason for vote in builder.votes if not vote.approve and vote.reason]
    return f"{text}: {reasons[-1]}" if why == "rejected" and reasons else text


def end(builder: DecisionBuilder, state: model.State, note: str) -> None:
    """Finish the request and tell the outcome in its thread."""
    builder.finish(state, note=note)
    builder.enter("countersign", "run.ended", state=state.value, **({"note": note} if note else {}))
    builder.update_card()
    endings.outcome(builder)


# ----------------------------------------------------------------------------- words of people


@guarded
def decided(builder: DecisionBuilder, person: str, approve: bool) -> None:
    """The votes on what the run waits for are in. Whose votes count, and how many are needed, says
    the policy as it is now: so the journal gets the votes when they decide, and not before."""
    request = builder.it
    assert request.ballot is not None
    run = live_runs.of(builder)
    at = live_runs.moment(builder, run)
    if approve:
        builder.passed()
        people = [vote.person for vote in builder.ballot()[1] if vote.approve]
    else:
        builder.change(ended_by=person)
        people = [person]
    for each in people:
        live_runs.write(builder, run, journal.Voted(request.ballot.key, at, approve, each))
    go_on(builder, run)


def signal(builder: DecisionBuilder, word: runner.Signal, person: str) -> None:
    """Write down what a person said."""
    write_signal(builder, PAST[word], person)


def refusal_of_pause(request: model.Request) -> str:
    """Why the run cannot be paused now, as the key of a sentence; "": it can."""
    asks = request.ballot
    if request.stopping:
        return "stop.already"
    if asks is None or asks.voted:
        return ""
    return "steer.doubt" if asks.kind == "unknown" else "steer.paused"


def stop(builder: DecisionBuilder, person: str) -> None:
    """Write down that a person stopped it."""
    write_signal(builder, "stopped", person)


@guarded
def write_signal(builder: DecisionBuilder, word: Past, person: str) -> None:
    """A person's word: paused, resumed, stopped, retry, skip."""
    run = live_runs.of(builder)
    asks = builder.it.ballot
    key = asks.key if asks is not None and asks.kind in ("pause", "batch", "unknown") else ""
    stopped = word == "stopped"
    told_key = "" if stopped else key
    live_runs.write(
        builder, run, journal.Signalled(word, live_runs.moment(builder, run), person, told_key)
    )
    if stopped:
        builder.change(ended_by=person, stopping=True)
        drop_unsent(builder, run)
    go_on(builder, run)


def drop_unsent(builder: DecisionBuilder, run: live_runs.Live) -> None:
    """Calls that are certainly not under way yet are not made."""
    why = texts.say(builder.it.locale, "stop.before_start")
    for key, opened in list(run.state.running.items()):
        effect = f"call:{opened.call.token}"
        if effect in builder.view.unsent:
            builder.dropped.append(effect)
            at = live_runs.moment(builder, run)
            live_runs.write(builder, run, journal.Finished(key, at, journal.Failed("Stopped", why)))


# ----------------------------------------------------------------------------- time


def timer_due(builder: DecisionBuilder, timer: str) -> None:
    """A due-time row of a run came due."""
    if timer == "wake":
        wake(builder)
    elif timer == "progress":
        refresh(builder)
    elif timer == "ballot_expires":
        expire(builder)
    elif timer == "ballot":
        questions.remind(builder)


@guarded
def wake(builder: DecisionBuilder) -> None:
    go_on(builder, live_runs.of(builder))


@guarded
def refresh(builder: DecisionBuilder) -> None:
    """The counts of a loop have moved since they were shown."""
    progress = redact.progress(
        builder.it.plan, run_progress.progress_of(live_runs.of(builder), builder.it.ballot)
    )
    if progress != builder.it.progress:
        builder.change(progress=progress)
        builder.update_card(spare="progress")


def expire(builder: DecisionBuilder) -> None:
    """The time to decide is over: the run is cancelled, as it would be by a rejection."""
    if builder.it.ballot is not None and builder.it.ballot.voted:
        builder.enter("countersign", "ballot.expired", task=builder.it.ballot.task)
        write_signal(builder, "stopped", "countersign")
