"""A template's run on another engine: followed by looking at it, and told what people decided."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Literal

from bot import model, redact
from bot.core import authority, facts, questions, run_script, run_template, runner, waits
from bot.core.decision import VOTE_TIMERS, DecisionBuilder, reason_of
from bot.deployment import Deployment
from bot.policy import quorum

ENDS = {
    "Success": model.State.SUCCEEDED,
    "Failed": model.State.FAILED,
    "Cancelled": model.State.CANCELLED,
}
Word = Literal["approve", "reject", "confirm", "resume"]


def start(builder: DecisionBuilder) -> None:
    """Queue the one call that starts the template there, for all instances."""
    plan = builder.it.plan
    assert plan is not None
    run_script.start_steps(builder, [tuple(instance.id for instance in plan.instances)])


def stop(builder: DecisionBuilder, person: str) -> None:
    """Have the execution stopped."""
    run_script.halt_steps(builder)


def signal(builder: DecisionBuilder, word: runner.Signal, person: str) -> None:
    """Tell it to go on, which is all that it takes."""
    send(builder, "resume")


def refusal_of_pause(request: model.Request) -> str:
    """It runs elsewhere, and is paused there."""
    return "steer.not_here"


def execution_polled(
    deployment: Deployment, event: model.ExecutionPolled, view: model.View, now: datetime
) -> model.Decision:
    """The execution as it stands now."""
    builder = DecisionBuilder(deployment, view, now)
    execution = event.execution
    step = next((s for s in view.steps if s.invocation == execution.id), None)
    if view.request is None or view.request.state.final or step is None or step.state != "running":
        return builder.receipt()
    waits.over(builder)
    if execution.status in ENDS:
        builder.step(replace(step, state="finished"))
        finish(builder, execution)
    else:
        follow(builder, execution)
    return builder.receipt()


def follow(builder: DecisionBuilder, execution: model.Execution) -> None:
    """Bring the request up to where the execution stands; what it waits for is asked once."""
    progress = redact.progress(builder.it.plan, execution.progress)
    asks = ballot(builder, execution) if execution.waiting is not None else None
    request = builder.it
    if asks is not None and request.ballot is not None and asks.digest == request.ballot.digest:
        asks = request.ballot
    if asks is not None and decided_already(builder, asks):
        asks = None
    state = model.State.RUNNING if asks is None else model.State.WAITING
    if (state, asks, progress) == (request.state, request.ballot, request.progress):
        return
    builder.change(state=state, ballot=asks, progress=progress)
    same = (state, asks) == (request.state, request.ballot)
    if asks != request.ballot:
        builder.cleared.extend(VOTE_TIMERS)
        if asks is not None:
            questions.ask(builder, asks)
    builder.update_card(spare="progress" if same else None)


def ballot(builder: DecisionBuilder, execution: model.Execution) -> model.ApprovalStep:
    """What the execution asks of people. Its digest tells it from all other questions: a loop that
    pauses batch by batch, by how far it is. Only of an execution that was asked of us do we say no
    when the time is up."""
    waiting = execution.waiting
    assert waiting is not None
    ours = all(step.batch != facts.ADOPTED for step in builder.steps.values())
    rule = quorum.of(builder.deployment.book, builder.it)
    key, progress = waiting.id or waiting.task, execution.progress
    text = f"{builder.it.digest}:{execution.id}:{waiting.kind}:{key}"
    if waiting.kind == "pause":
        text += f":{progress.done}:{progress.failed}"
    if builder.it.asked:
        text += f":{builder.it.asked}"
    voters, ram = questions.named(builder, waiting.approvers, rule)
    return model.ApprovalStep(
        key=key,
        kind=waiting.kind,
        task=waiting.task,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        voters=voters,
        ram=ram,
        need=max(1, waiting.need),
        shown=questions.elsewhere(builder, execution),
        expires_at=builder.now + rule.expires if waiting.kind != "pause" and ours else None,
    )


def decided_already(builder: DecisionBuilder, asks: model.ApprovalStep) -> bool:
    """Was it answered, though the far end has not moved on yet?"""
    if not asks.voted:
        return False
    rule, digest = quorum.ballot_of(builder.deployment.book, replace(builder.it, ballot=asks))
    return quorum.tally(rule, quorum.votes_on(digest, builder.votes)).verdict != "waiting"


def decided(builder: DecisionBuilder, person: str, approve: bool) -> None:
    """The votes on what it waits for are in: tell it."""
    assert builder.it.ballot is not None
    if approve:
        builder.passed()
        send(builder, "confirm" if builder.it.ballot.kind == "confirm" else "approve")
    else:
        builder.change(ended_by=person)
        send(builder, "reject")


def send(builder: DecisionBuilder, word: Word) -> None:
    """Say it to the execution, and go on following it."""
    request, asks = builder.it, builder.it.ballot
    step = next(iter(builder.steps.values()), None)
    assert asks is not None
    assert step is not None
    assert request.plan is not None
    body = model.SignalRun(
        request.id, request.plan.engine, step.region, step.invocation, word, asks.key
    )
    at = {"at": builder.now.isoformat()}
    builder.queue(f"tell:{asks.digest}:{word}", f"tell:{request.id}", body, context=at)
    builder.change(state=model.State.RUNNING, ballot=None)
    builder.cleared.extend(VOTE_TIMERS)
    builder.update_card()


def signal_completed(
    deployment: Deployment, outcome: model.Outcome, view: model.View, now: datetime
) -> model.Decision:
    """The execution was told, or could not be: then a person has to."""
    builder = DecisionBuilder(deployment, view, now)
    if view.request is None or isinstance(outcome, model.Done):
        return builder.receipt()
    if isinstance(outcome, model.Refused) and outcome.code == authority.NOT_AUTHORISED:
        return claim_refused(builder, outcome)
    builder.enter("countersign", "run.tell_failed", reason=getattr(outcome, "reason", ""))
    reason = reason_of(builder.it.locale, outcome)
    assert view.effect is not None
    builder.tell_sentence(f"untold:{view.effect.key}", "say.tell_failed", reason=reason)
    return builder.receipt()


def claim_refused(builder: DecisionBuilder, outcome: model.Refused) -> model.Decision:
    """The execution was not told, as at that moment it might not go on: what it waits for is asked
    once more."""
    effect = builder.view.effect
    assert effect is not None
    assert isinstance(effect.body, model.SignalRun)
    if builder.it.state.final:
        return builder.receipt()
    reason = str(outcome.data.get("key", ""))
    builder.enter("countersign", "run.held", call=effect.body.task, reason=reason)
    builder.change(asked=builder.it.asked + 1)
    builder.tell_sentence(
        f"untold:{effect.key}", "say.held", builder.asker(), reason=outcome.reason
    )
    return builder.receipt()


def expire(builder: DecisionBuilder) -> None:
    """The time to decide is over: it is rejected, so that it does not wait for ever."""
    if builder.it.ballot is not None and builder.it.ballot.voted:
        builder.enter("countersign", "ballot.expired", task=builder.it.ballot.task)
        builder.change(ended_by="countersign")
        send(builder, "reject")


def finish(builder: DecisionBuilder, execution: model.Execution) -> None:
    """The execution has ended: tell the outcome."""
    state = ENDS[execution.status]
    progress = redact.progress(builder.it.plan, execution.progress)
    builder.change(progress=progress)
    note = progress.error
    if state is model.State.CANCELLED and builder.it.ended_by:
        if builder.it.stopping:
            note = run_template.mark_cancelled(builder, "stopped")
        else:
            expired = builder.it.ended_by == "countersign"
            note = run_template.mark_cancelled(builder, "expired" if expired else "rejected")
    run_template.end(builder, state, note)


def timer_due(builder: DecisionBuilder, timer: str) -> None:
    """A due-time row of the run came due."""
    if timer == "ballot_expires":
        expire(builder)
    elif timer == "ballot":
        questions.remind(builder)
