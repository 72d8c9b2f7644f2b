"""From the approval to the outcome: steps and their tokens, results, stopping, time running out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from bot import cards, model, policy, texts
from bot.core import (
    authority,
    endings,
    form_reading,
    incidents,
    live_runs,
    run_hold,
    run_template,
    waits,
)
from bot.core.decision import DecisionBuilder, approvers_of, reason_of
from bot.deployment import Deployment
from bot.policy import quorum

PER_CALL = 100
"""Instances per call of Cloud Assistant."""
BATCH_RESULTS = 500
"""Results that share one batch tag: a tag query lists at most 1,000."""
LOOKUPS = 6
"""How often an unclear start is looked up before a person is asked."""
OVERDUE = timedelta(minutes=5)
TERMINAL = cards.FINISHED
STOPPABLE = (model.State.APPROVED, model.State.RUNNING, model.State.WAITING)

Answer = tuple[str, Literal["success", "info", "warning", "error"]]
"""What is said to whoever acted, and in which tone."""


def run_name(request: model.Request, index: int = 0, steps: int = 1) -> str:
    """The name of a run in Cloud Assistant: it carries the request and the plan's code."""
    name = f"countersign-{request.id}-{request.code}"
    return f"{name}-{index}" if steps > 1 else name


def batch_of(installation: str, request: int, instances: int, at: datetime) -> str:
    """The tag by which this run is polled together with others of its size.

    Requests of a like number of instances share a batch of at most 500 results, so that polling
    grows with pages of results and not with runs. The hour is in it: where numbers are given out
    again after a restore, the old batches are not filled up further.
    """
    size = 1
    while size < min(instances, BATCH_RESULTS):
        size *= 2
    hour = int(at.timestamp()) // 3600
    return f"{installation}-{size}-{(request - 1) // max(1, BATCH_RESULTS // size)}-{hour}"


def start(draft: DecisionBuilder) -> None:
    """The votes are in: run it. The form that asked for it is read once more before. Each approval
    draws its own nonce, so none adopts the run of another: not of one that was refused or put to
    the vote again, nor of one that a restored store knows nothing of."""
    request, plan = draft.it, draft.it.plan
    assert plan is not None
    nonce = draft.view.nonce or request.nonce
    shift = draft.view.shift.total_seconds()
    draft.change(state=model.State.APPROVED, approved_at=draft.now, nonce=nonce, shift=shift)
    draft.cleared.extend(("expire", "remind"))
    draft.enter(
        "countersign",
        "request.approved",
        by=approvers_of(draft.ballot()[1]),
        digest=request.digest,
        policy=draft.ballot()[0].name,
    )
    if not authority.may_start(draft):
        return
    if request.form is not None:
        form_reading.before_start(draft, request.form)
    else:
        launch(draft)


def launch(draft: DecisionBuilder) -> None:
    """Nothing of what was approved was taken back: run it. The targets of a template are looked at
    once more before."""
    plan = draft.it.plan
    assert plan is not None
    if not authority.may_start(draft):
        return
    if not plan.template:
        start_steps(draft)
    elif plan.selectors:
        key = f"drift:{draft.name}:v{draft.it.version}"
        draft.queue(key, key, model.ResolveTargets((), plan.region, plan.selectors))
    else:
        go(draft)


def is_due(draft: DecisionBuilder) -> bool:
    """Is it approved, and nothing of it written as started since? An approval that was taken back
    may have left its steps behind."""
    name = f"{live_runs.execution_id(draft)}-"
    ours = any(step.token.startswith(name) for step in draft.steps.values())
    return draft.it.state is model.State.APPROVED and not ours


def go(draft: DecisionBuilder) -> None:
    """Run the template: here, or on the engine that the plan names."""
    plan = draft.it.plan
    assert plan is not None
    if not authority.may_start(draft):
        return
    if plan.engine == "local":
        run_template.begin(draft)
    else:
        start_steps(draft)


def start_steps(draft: DecisionBuilder) -> None:
    """Write every step as started with its token, and queue its call."""
    request, plan = draft.it, draft.it.plan
    assert plan is not None
    name = live_runs.execution_id(draft)
    batch = batch_of(
        draft.view.installation, request.id, len(plan.instances), request.approved_at or draft.now
    )
    ids = [instance.id for instance in plan.instances]
    if plan.template:
        chunks: list[tuple[str, ...]] = [tuple(ids)]
    else:
        chunks = [tuple(ids[at : at + PER_CALL]) for at in range(0, len(ids), PER_CALL)]
    for index, chunk in enumerate(chunks):
        step = model.Step(
            request=request.id,
            index=index,
            token=f"{name}-{index}",
            batch=batch,
            region=plan.region,
            instances=chunk,
        )
        draft.step(step)
        queue_start(draft, step, run_name(request, index, len(chunks)))


def queue_start(
    draft: DecisionBuilder,
    step: model.Step,
    name: str = "",
    look: int = 0,
    lookup: bool = False,
    again: str = "",
) -> None:
    """Queue the call of a step; ``look`` counts the times it had to be looked up since. ``lookup``:
    it may not be made any more, whatever is found. ``again``: it was held, and may be made since
    now."""
    request = draft.it
    assert request.plan is not None
    name = name or run_name(request, step.index, len(draft.steps))
    tags = {
        "countersign": draft.view.installation,
        "countersign-batch": step.batch,
        "countersign-step": step.token,
        "countersign-request": str(request.id),
        "countersign-digest": request.digest if request.nonce else request.code,
        "countersign-at": str(int((request.approved_at or draft.now).timestamp())),
    }
    body = model.StartRun(request.id, request.plan, request.digest, step, name, tags, lookup)
    lane = f"run:{request.id}:{step.index}"
    key = f"start:{step.token}" + (f":look{look}" if look else "") + (f":{again}" if again else "")
    after = min(2.0**look, 60.0) if look else 0.0
    context = {"look": look, **({"at": draft.now.isoformat()} if again else {})}
    draft.queue(key, lane, body, context=context, doubt=look > 0, after=after)
    if again:
        mind(draft)


def started(
    house: Deployment, outcome: model.Outcome, view: model.View, now: datetime
) -> model.Decision:
    """The call of a step came back."""
    draft = DecisionBuilder(house, view, now)
    effect = view.effect
    assert effect is not None
    assert isinstance(effect.body, model.StartRun)
    step = draft.steps.get(effect.body.step.index)
    if view.request is None or view.request.state.final or step is None:
        return draft.receipt()
    waits.over(draft, outcome)
    match outcome:
        case model.Done(ref=invocation, data=data):
            incidents.note(draft, invocation, data)
            begin(draft, replace(step, invocation=invocation, state="running"))
        case model.Refused(code=authority.NOT_AUTHORISED):
            not_let_out(draft, step, outcome)
        case model.Refused(reason=reason) | model.NotSent(reason=reason):
            why = reason_of(draft.it.locale, outcome)
            draft.step(replace(step, state="failed", error=why))
            draft.change()
            draft.enter("countersign", "run.not_started", reason=reason, token=step.token)
            conclude(draft)
        case model.Unknown(reason=reason):
            unclear(draft, step, effect, reason)
    return draft.receipt()


def not_let_out(draft: DecisionBuilder, step: model.Step, outcome: model.Refused) -> None:
    """A call may not be made at this moment: nothing began yet, and nothing does; or what is left
    of the run is held."""
    if authority.began(draft, outcome):
        run_hold.hold(draft, step, outcome)
    else:
        authority.not_started(draft, outcome)


def mind(draft: DecisionBuilder) -> None:
    """Say in time that a script takes long."""
    assert draft.it.plan is not None
    if not draft.it.plan.template:
        draft.remind("overdue", timedelta(seconds=draft.it.plan.timeout) + OVERDUE)


def begin(draft: DecisionBuilder, step: model.Step) -> None:
    """A step runs: from now on it is polled."""
    draft.step(step)
    draft.enter(
        "countersign",
        "run.started",
        invocation=step.invocation,
        instances=list(step.instances),
        digest=draft.it.digest,
        token=step.token,
    )
    plan, held = draft.it.plan, run_hold.is_held(draft.it)
    assert plan is not None
    if draft.it.state is model.State.APPROVED or (held and draft.it.started_at is None):
        state = model.State.WAITING if held else model.State.RUNNING
        draft.change(state=state, started_at=draft.now)
    else:
        draft.change()
    if draft.it.started_at == draft.now:
        mind(draft)
    if draft.it.stopping:
        queue_stop(draft, step)
    draft.update_card()


def unclear(
    draft: DecisionBuilder, step: model.Step, effect: model.StoredEffect, reason: str
) -> None:
    """Nobody knows whether the step began: look it up by its token, and in the end ask a person."""
    look = int(effect.context.get("look", 0)) + 1
    if look <= LOOKUPS:
        draft.enter("countersign", "run.unclear", reason=reason, token=step.token, look=look)
        assert isinstance(effect.body, model.StartRun)
        queue_start(draft, step, effect.body.name, look, effect.body.lookup)
        return
    draft.step(replace(step, state="unknown", error=reason))
    draft.change()
    draft.enter("countersign", "run.unknown", reason=reason, token=step.token)
    conclude(draft)


# ----------------------------------------------------------------------------- results


def observed(
    house: Deployment, event: model.InvocationPolled, view: model.View, now: datetime
) -> model.Decision:
    """The results of an invocation as they stand now."""
    draft = DecisionBuilder(house, view, now)
    step = next((s for s in view.steps if s.invocation == event.invocation), None)
    if view.request is None or view.request.state.final or step is None:
        return draft.receipt()
    if step.state != "running":
        return draft.receipt()
    if not event.missing:
        waits.over(draft)
    for result in event.results:
        old = draft.results.get(result.instance)
        settled = old is not None and old.status in TERMINAL
        if result.instance in step.instances and not settled:
            draft.result(result)
    if event.missing:
        gone = "the platform no longer knows this invocation"
        draft.step(replace(step, state="unknown", error=gone))
        draft.enter("countersign", "run.unknown", reason=gone, invocation=event.invocation)
    elif all(is_over(draft, instance) for instance in step.instances):
        draft.step(replace(step, state="finished"))
    if draft.steps[step.index] == step and tuple(draft.results.values()) == view.results:
        return draft.receipt()
    draft.change()
    if not conclude(draft):
        draft.update_card()
    return draft.receipt()


def is_over(draft: DecisionBuilder, instance: str) -> bool:
    result = draft.results.get(instance)
    return result is not None and result.status in TERMINAL


def conclude(draft: DecisionBuilder) -> bool:
    """End the request if every step has ended; False while one is still open."""
    steps = tuple(draft.steps.values())
    if any(step.state in ("started", "held", "running") for step in steps):
        return False
    request = draft.it
    state = verdict(draft, steps)
    errors = dict.fromkeys(step.error for step in steps if step.error)
    draft.finish(state, note="; ".join(errors))
    draft.enter(
        "countersign",
        "run.finished",
        state=state.value,
        results={
            result.instance: [result.status, result.exit_code] for result in draft.results.values()
        },
        invocations=[step.invocation for step in steps],
        **({"errors": list(errors)} if errors else {}),
    )
    draft.update_card()
    if state in (model.State.FAILED, model.State.CANCELLED) and not request.started_at:
        why = texts.joined(request.locale, errors, "and")
        endings.sentence(draft, "outcome", "say.not_started", reason=why)
        return True
    endings.outcome(draft, run_name(request))
    return True


def verdict(draft: DecisionBuilder, steps: tuple[model.Step, ...]) -> model.State:
    """How it ended, judged by every instance's status and exit code."""
    plan = draft.it.plan
    assert plan is not None
    if any(step.state == "unknown" for step in steps):
        return model.State.UNKNOWN
    results = [draft.results.get(instance.id) for instance in plan.instances]
    if all(r is not None and r.status == "Success" and not r.exit_code for r in results):
        return model.State.SUCCEEDED
    halted = [r is None or r.status in ("Cancelled", "Terminated") for r in results]
    if draft.it.stopping and any(halted):
        return model.State.CANCELLED
    return model.State.FAILED


# ----------------------------------------------------------------------------- stopping


def stop(draft: DecisionBuilder, person: policy.Person) -> Answer:
    """Stop a running request; what never began is dropped, what runs is told to stop."""
    request = draft.it
    locale, facts = draft.locale, {"id": request.id}
    rule = quorum.of(draft.house.book, request)
    name = cards.name_of(draft.house, request.person)
    if request.state not in STOPPABLE:
        word = cards.state_word(locale, request)
        text = texts.say(locale, "stop.not_running", **facts, state=word)
    elif person.id != request.person and person.id not in rule.approvers:
        text = texts.say(locale, "stop.not_yours", **facts, name=name)
    elif request.stopping:
        text = texts.say(locale, "stop.already", **facts)
    else:
        draft.change(stopping=True, ended_by=person.id)
        draft.enter(person.id, "run.stop", state=request.state.value)
        if is_due(draft):
            not_begun(draft)
            return texts.say(locale, "stop.done", **facts), "info"
        if request.plan is not None and request.plan.template:
            halt_template(draft, person)
            return texts.say(locale, "stop.done", **facts), "info"
        if run_hold.is_held(draft.it):
            why = texts.say(draft.it.locale, "stop.before_start")
            for step in run_hold.release(draft):
                draft.step(replace(step, state="failed", error=why))
        for step in tuple(draft.steps.values()):
            halt(draft, step)
        if not conclude(draft):
            draft.update_card()
        return texts.say(locale, "stop.done", **facts), "info"
    draft.enter(person.id, "stop.refused", state=request.state.value)
    return text, "warning"


def not_begun(draft: DecisionBuilder) -> None:
    """It was stopped while its form, or its targets, were looked at once more."""
    why = texts.say(draft.it.locale, "stop.before_start")
    draft.finish(model.State.CANCELLED, note=why)
    draft.update_card()
    endings.sentence(draft, "outcome", "say.not_started", reason=why)


def halt_template(draft: DecisionBuilder, person: policy.Person) -> None:
    """Stop a template that has begun: in its journal, or on the engine that runs it."""
    plan = draft.it.plan
    assert plan is not None
    if plan.engine == "local":
        run_template.told(draft, "stopped", person.id)
    else:
        for step in tuple(draft.steps.values()):
            halt(draft, step)
        if not conclude(draft):
            draft.update_card()


def halt(draft: DecisionBuilder, step: model.Step) -> None:
    """Stop one step: drop its call while it is certainly unsent, else stop what it started."""
    key = run_hold.key_of(step, draft.view.unsent)
    if step.state == "running":
        queue_stop(draft, step)
    elif step.state == "started" and key:
        draft.dropped.append(key)
        why = texts.say(draft.it.locale, "stop.before_start")
        draft.step(replace(step, state="failed", error=why))


def queue_stop(draft: DecisionBuilder, step: model.Step) -> None:
    plan = draft.it.plan
    engine = plan.engine if plan is not None else "ecs"
    body = model.StopRun(draft.it.id, step.region, step.invocation, step.instances, engine)
    draft.queue(f"stop:{step.token}:v{draft.it.version}", f"stop:{draft.it.id}:{step.index}", body)


def stopped(
    house: Deployment, outcome: model.Outcome, view: model.View, now: datetime
) -> model.Decision:
    """The order to stop was taken, or not; how the run ended, the next poll tells."""
    draft = DecisionBuilder(house, view, now)
    if view.request is None or view.request.state.final:
        return draft.receipt()
    if isinstance(outcome, model.Done):
        draft.enter("countersign", "run.stop_sent")
        return draft.receipt()
    reason = getattr(outcome, "reason", "")
    draft.enter("countersign", "run.stop_failed", reason=reason)
    draft.change(stopping=False)
    draft.update_card()
    draft.tell_sentence(
        f"stop_failed:v{draft.it.version}",
        "stop.failed",
        draft.asker(),
        reason=reason_of(draft.it.locale, outcome),
    )
    return draft.receipt()
