"""A template's run on another engine: followed by looking at it, and told what people decided."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Literal

from bot import model, policy
from bot.core import authority, hidden_values, questions, run_template, waits
from bot.core.decision import VOTE_TIMERS, DecisionBuilder, reason_of
from bot.deployment import Deployment
from bot.policy import quorum

ENDS = {
    "Success": model.State.SUCCEEDED,
    "Failed": model.State.FAILED,
    "Cancelled": model.State.CANCELLED,
}
FOUND = authority.FOUND
Word = Literal["approve", "reject", "confirm", "resume"]


def seen(
    house: Deployment, event: model.ExecutionPolled, view: model.View, now: datetime
) -> model.Decision:
    """The execution as it stands now."""
    draft = DecisionBuilder(house, view, now)
    execution = event.execution
    step = next((s for s in view.steps if s.invocation == execution.id), None)
    if view.request is None or view.request.state.final or step is None or step.state != "running":
        return draft.receipt()
    waits.over(draft)
    if execution.status in ENDS:
        draft.step(replace(step, state="finished"))
        finish(draft, execution)
    else:
        follow(draft, execution)
    return draft.receipt()


def follow(draft: DecisionBuilder, execution: model.Execution) -> None:
    """Bring the request up to where the execution stands; what it waits for is asked once."""
    progress = hidden_values.progress(draft.it.plan, execution.progress)
    asks = ballot(draft, execution) if execution.waiting is not None else None
    request = draft.it
    if asks is not None and request.ballot is not None and asks.digest == request.ballot.digest:
        asks = request.ballot
    if asks is not None and decided_already(draft, asks):
        asks = None
    state = model.State.RUNNING if asks is None else model.State.WAITING
    if (state, asks, progress) == (request.state, request.ballot, request.progress):
        return
    draft.change(state=state, ballot=asks, progress=progress)
    if asks != request.ballot:
        draft.cleared.extend(VOTE_TIMERS)
        if asks is not None:
            run_template.ask(draft, asks)
    draft.update_card()


def ballot(draft: DecisionBuilder, execution: model.Execution) -> model.ApprovalStep:
    """What the execution asks of people. Its digest tells it from all other questions: a loop that
    pauses batch by batch, by how far it is. Only of an execution that was asked of us do we say no
    when the time is up."""
    waiting = execution.waiting
    assert waiting is not None
    ours = all(step.batch != FOUND for step in draft.steps.values())
    rule = quorum.of(draft.house.book, draft.it)
    key, progress = waiting.id or waiting.task, execution.progress
    text = f"{draft.it.digest}:{execution.id}:{waiting.kind}:{key}"
    if waiting.kind == "pause":
        text += f":{progress.done}:{progress.failed}"
    if draft.it.asked:
        text += f":{draft.it.asked}"
    voters, ram = questions.named(draft, waiting.approvers, rule)
    return model.ApprovalStep(
        key=key,
        kind=waiting.kind,
        task=waiting.task,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        voters=voters,
        ram=ram,
        need=max(1, waiting.need),
        shown=questions.elsewhere(draft, execution),
        expires_at=draft.now + rule.expires if waiting.kind != "pause" and ours else None,
    )


def decided_already(draft: DecisionBuilder, asks: model.ApprovalStep) -> bool:
    """Was it answered, though the far end has not moved on yet?"""
    if not asks.voted:
        return False
    rule, digest = quorum.ballot_of(draft.house.book, replace(draft.it, ballot=asks))
    return quorum.tally(rule, quorum.votes_on(digest, draft.votes)).verdict != "waiting"


def decided(draft: DecisionBuilder, person: policy.Person, approve: bool) -> None:
    """The votes on what it waits for are in: tell it."""
    assert draft.it.ballot is not None
    if approve:
        draft.passed()
        tell(draft, "confirm" if draft.it.ballot.kind == "confirm" else "approve")
    else:
        draft.change(ended_by=person.id)
        tell(draft, "reject")


def tell(draft: DecisionBuilder, word: Word) -> None:
    """Say it to the execution, and go on following it."""
    request, asks = draft.it, draft.it.ballot
    step = next(iter(draft.steps.values()), None)
    assert asks is not None
    assert step is not None
    assert request.plan is not None
    body = model.SignalRun(
        request.id, request.plan.engine, step.region, step.invocation, word, asks.key
    )
    at = {"at": draft.now.isoformat()}
    draft.queue(f"tell:{asks.digest}:{word}", f"tell:{request.id}", body, context=at)
    draft.change(state=model.State.RUNNING, ballot=None)
    draft.cleared.extend(VOTE_TIMERS)
    draft.update_card()


def told(
    house: Deployment, outcome: model.Outcome, view: model.View, now: datetime
) -> model.Decision:
    """The execution was told, or could not be: then a person has to."""
    draft = DecisionBuilder(house, view, now)
    if view.request is None or isinstance(outcome, model.Done):
        return draft.receipt()
    if isinstance(outcome, model.Refused) and outcome.code == authority.NOT_AUTHORISED:
        return not_let_out(draft, outcome)
    draft.enter("countersign", "run.tell_failed", reason=getattr(outcome, "reason", ""))
    reason = reason_of(draft.it.locale, outcome)
    assert view.effect is not None
    draft.tell_sentence(f"untold:{view.effect.key}", "say.tell_failed", reason=reason)
    return draft.receipt()


def not_let_out(draft: DecisionBuilder, outcome: model.Refused) -> model.Decision:
    """The execution was not told, as at that moment it might not go on: what it waits for is asked
    once more."""
    effect = draft.view.effect
    assert effect is not None
    assert isinstance(effect.body, model.SignalRun)
    if draft.it.state.final:
        return draft.receipt()
    reason = str(outcome.data.get("key", ""))
    draft.enter("countersign", "run.held", call=effect.body.task, reason=reason)
    draft.change(asked=draft.it.asked + 1)
    draft.tell_sentence(f"untold:{effect.key}", "say.held", draft.asker(), reason=outcome.reason)
    return draft.receipt()


def expire(draft: DecisionBuilder) -> None:
    """Nobody decided in time: it is rejected, so that it does not wait for ever."""
    if draft.it.ballot is not None and draft.it.ballot.voted:
        draft.enter("countersign", "ballot.expired", task=draft.it.ballot.task)
        draft.change(ended_by="countersign")
        tell(draft, "reject")


def finish(draft: DecisionBuilder, execution: model.Execution) -> None:
    """The execution has ended: tell the outcome."""
    state = ENDS[execution.status]
    progress = hidden_values.progress(draft.it.plan, execution.progress)
    draft.change(progress=progress)
    note = progress.error
    if state is model.State.CANCELLED and draft.it.ended_by:
        if draft.it.stopping:
            note = run_template.mark_cancelled(draft, "stopped")
        else:
            expired = draft.it.ended_by == "countersign"
            note = run_template.mark_cancelled(draft, "expired" if expired else "rejected")
    run_template.end(draft, state, note)


def timer_due(draft: DecisionBuilder, timer: str) -> None:
    """A due-time row of the run came due."""
    if timer == "ballot_expires":
        expire(draft)
    elif timer == "ballot":
        run_template.remind(draft)
