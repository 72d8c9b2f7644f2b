"""Scripts in Cloud Assistant: steps and their tokens, results, stopping, time running out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot import cards, model, texts
from bot.core import (
    authority,
    endings,
    incidents,
    live_runs,
    run_hold,
    runner,
    waits,
)
from bot.core.decision import DecisionBuilder, reason_of
from bot.deployment import Deployment

PER_CALL = 100
"""Instances per call of Cloud Assistant."""
BATCH_RESULTS = 500
"""Results that share one batch tag: a tag query lists at most 1,000."""
LOOKUPS = 6
"""How often an unclear start is looked up before a person is asked."""
OVERDUE = timedelta(minutes=5)
TERMINAL = cards.FINISHED


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


def start(builder: DecisionBuilder) -> None:
    """Write every step as started, for at most so many instances as one call takes."""
    plan = builder.it.plan
    assert plan is not None
    ids = [instance.id for instance in plan.instances]
    start_steps(builder, [tuple(ids[at : at + PER_CALL]) for at in range(0, len(ids), PER_CALL)])


def start_steps(builder: DecisionBuilder, chunks: Sequence[tuple[str, ...]]) -> None:
    """Write a step for each chunk of instances as started with its token, and queue its call."""
    request, plan = builder.it, builder.it.plan
    assert plan is not None
    name = live_runs.execution_id(builder)
    batch = batch_of(
        builder.view.installation,
        request.id,
        len(plan.instances),
        request.approved_at or builder.now,
    )
    for index, chunk in enumerate(chunks):
        step = model.Step(
            request=request.id,
            index=index,
            token=f"{name}-{index}",
            batch=batch,
            region=plan.region,
            instances=chunk,
        )
        builder.step(step)
        queue_start(builder, step, run_name(request, index, len(chunks)))


def queue_start(
    builder: DecisionBuilder,
    step: model.Step,
    name: str = "",
    look: int = 0,
    lookup: bool = False,
    again: str = "",
) -> None:
    """Queue the call of a step; ``look`` counts the times it had to be looked up since. ``lookup``:
    it may not be made any more, whatever is found. ``again``: it was held, and may be made since
    now."""
    request = builder.it
    assert request.plan is not None
    name = name or run_name(request, step.index, len(builder.steps))
    tags = {
        "countersign": builder.view.installation,
        "countersign-batch": step.batch,
        "countersign-step": step.token,
        "countersign-request": str(request.id),
        "countersign-digest": request.digest if request.nonce else request.code,
        "countersign-at": str(int((request.approved_at or builder.now).timestamp())),
    }
    body = model.StartRun(request.id, request.plan, request.digest, step, name, tags, lookup)
    lane = f"run:{request.id}:{step.index}"
    key = f"start:{step.token}" + (f":look{look}" if look else "") + (f":{again}" if again else "")
    after = min(2.0**look, 60.0) if look else 0.0
    context = {"look": look, **({"at": builder.now.isoformat()} if again else {})}
    builder.queue(key, lane, body, context=context, doubt=look > 0, after=after)
    if again:
        mind(builder)


def start_completed(
    deployment: Deployment, outcome: model.Outcome, view: model.View, now: datetime
) -> model.Decision:
    """The call of a step came back."""
    builder = DecisionBuilder(deployment, view, now)
    effect = view.effect
    assert effect is not None
    assert isinstance(effect.body, model.StartRun)
    step = builder.steps.get(effect.body.step.index)
    if view.request is None or view.request.state.final or step is None:
        return builder.receipt()
    waits.over(builder, outcome)
    match outcome:
        case model.Done(ref=invocation, data=data):
            incidents.note(builder, invocation, data)
            begin(builder, replace(step, invocation=invocation, state="running"))
        case model.Refused(code=authority.NOT_AUTHORISED):
            claim_refused(builder, step, outcome)
        case model.Refused(reason=reason) | model.NotSent(reason=reason):
            why = reason_of(builder.it.locale, outcome)
            builder.step(replace(step, state="failed", error=why))
            builder.change()
            builder.enter("countersign", "run.not_started", reason=reason, token=step.token)
            conclude(builder)
        case model.Unknown(reason=reason):
            unclear(builder, step, effect, reason)
    return builder.receipt()


def claim_refused(builder: DecisionBuilder, step: model.Step, outcome: model.Refused) -> None:
    """A call may not be made at this moment: nothing began yet, and nothing does; or what is left
    of the run is held. Where nothing began, and it may later, it waits for that."""
    if authority.began(builder, outcome):
        run_hold.hold(builder, step, outcome)
    elif not authority.put_back(builder, outcome):
        authority.not_started(builder, outcome)


def mind(builder: DecisionBuilder) -> None:
    """Say in time that a script takes long."""
    plan = builder.it.plan
    if isinstance(plan, model.ScriptOperation):
        builder.remind("overdue", timedelta(seconds=plan.timeout) + OVERDUE)


def begin(builder: DecisionBuilder, step: model.Step) -> None:
    """A step runs: from now on it is polled."""
    builder.step(step)
    builder.enter(
        "countersign",
        "run.started",
        invocation=step.invocation,
        instances=list(step.instances),
        digest=builder.it.digest,
        token=step.token,
    )
    plan, held = builder.it.plan, run_hold.is_held(builder.it)
    assert plan is not None
    if builder.it.state is model.State.APPROVED or (held and builder.it.started_at is None):
        state = model.State.WAITING if held else model.State.RUNNING
        builder.change(state=state, started_at=builder.now)
    else:
        builder.change()
    if builder.it.started_at == builder.now:
        mind(builder)
    if builder.it.stopping:
        queue_stop(builder, step)
    builder.update_card()


def unclear(
    builder: DecisionBuilder, step: model.Step, effect: model.StoredEffect, reason: str
) -> None:
    """Nobody knows whether the step began: look it up by its token, and in the end ask a person."""
    look = int(effect.context.get("look", 0)) + 1
    if look <= LOOKUPS:
        builder.enter("countersign", "run.unclear", reason=reason, token=step.token, look=look)
        assert isinstance(effect.body, model.StartRun)
        queue_start(builder, step, effect.body.name, look, effect.body.lookup)
        return
    builder.step(replace(step, state="unknown", error=reason))
    builder.change()
    builder.enter("countersign", "run.unknown", reason=reason, token=step.token)
    conclude(builder)


# ----------------------------------------------------------------------------- words and time


def signal(builder: DecisionBuilder, word: runner.Signal, person: str) -> None:
    """Go on with what is held; there is nothing else to say to a script."""
    run_hold.resume(builder, queue_start)


def refusal_of_pause(request: model.Request) -> str:
    """A script cannot be paused."""
    return "steer.script"


def decided(builder: DecisionBuilder, person: str, approve: bool) -> None:
    """A script asks nothing that is voted on."""


def timer_due(builder: DecisionBuilder, timer: str) -> None:
    """A script has no due times but those of all runs."""


def expire(builder: DecisionBuilder) -> None:
    """A script asks nothing that expires."""


# ----------------------------------------------------------------------------- results


def invocation_polled(
    deployment: Deployment, event: model.InvocationPolled, view: model.View, now: datetime
) -> model.Decision:
    """The results of an invocation as they stand now."""
    builder = DecisionBuilder(deployment, view, now)
    step = next((s for s in view.steps if s.invocation == event.invocation), None)
    if view.request is None or view.request.state.final or step is None:
        return builder.receipt()
    if step.state != "running":
        return builder.receipt()
    if not event.missing:
        waits.over(builder)
    for result in event.results:
        old = builder.results.get(result.instance)
        settled = old is not None and old.status in TERMINAL
        if result.instance in step.instances and not settled:
            builder.result(result)
    if event.missing:
        gone = "the platform no longer knows this invocation"
        builder.step(replace(step, state="unknown", error=gone))
        builder.enter("countersign", "run.unknown", reason=gone, invocation=event.invocation)
    elif all(is_over(builder, instance) for instance in step.instances):
        builder.step(replace(step, state="finished"))
    if builder.steps[step.index] == step and tuple(builder.results.values()) == view.results:
        return builder.receipt()
    builder.change()
    if not conclude(builder):
        builder.update_card(spare=None if event.missing else "progress")
    return builder.receipt()


def is_over(builder: DecisionBuilder, instance: str) -> bool:
    result = builder.results.get(instance)
    return result is not None and result.status in TERMINAL


def conclude(builder: DecisionBuilder) -> bool:
    """End the request if every step has ended; False while one is still open."""
    steps = tuple(builder.steps.values())
    if any(step.state in ("started", "held", "running") for step in steps):
        return False
    request = builder.it
    state = verdict(builder, steps)
    errors = dict.fromkeys(step.error for step in steps if step.error)
    builder.finish(state, note="; ".join(errors))
    builder.enter(
        "countersign",
        "run.finished",
        state=state.value,
        results={
            result.instance: [result.status, result.exit_code]
            for result in builder.results.values()
        },
        invocations=[step.invocation for step in steps],
        **({"errors": list(errors)} if errors else {}),
    )
    builder.update_card()
    if state in (model.State.FAILED, model.State.CANCELLED) and not request.started_at:
        why = texts.joined(request.locale, errors, "and")
        endings.sentence(builder, "outcome", "say.not_started", reason=why)
        return True
    endings.outcome(builder, run_name(request))
    return True


def verdict(builder: DecisionBuilder, steps: tuple[model.Step, ...]) -> model.State:
    """How it ended, judged by every instance's status and exit code."""
    plan = builder.it.plan
    assert plan is not None
    if any(step.state == "unknown" for step in steps):
        return model.State.UNKNOWN
    results = [builder.results.get(instance.id) for instance in plan.instances]
    if all(r is not None and r.status == "Success" and not r.exit_code for r in results):
        return model.State.SUCCEEDED
    halted = [r is None or r.status in ("Cancelled", "Terminated") for r in results]
    if builder.it.stopping and any(halted):
        return model.State.CANCELLED
    return model.State.FAILED


# ----------------------------------------------------------------------------- stopping


def stop(builder: DecisionBuilder, person: str) -> None:
    """Stop every step. What is held was never begun."""
    if run_hold.is_held(builder.it):
        why = texts.say(builder.it.locale, "stop.before_start")
        for step in run_hold.release(builder):
            builder.step(replace(step, state="failed", error=why))
    halt_steps(builder)


def halt_steps(builder: DecisionBuilder) -> None:
    """Stop what runs, and drop what certainly did not leave yet."""
    for step in tuple(builder.steps.values()):
        halt(builder, step)
    if not conclude(builder):
        builder.update_card()


def halt(builder: DecisionBuilder, step: model.Step) -> None:
    """Stop one step: drop its call while it is certainly unsent, else stop what it started."""
    key = run_hold.key_of(step, builder.view.unsent)
    if step.state == "running":
        queue_stop(builder, step)
    elif step.state == "started" and key:
        builder.dropped.append(key)
        why = texts.say(builder.it.locale, "stop.before_start")
        builder.step(replace(step, state="failed", error=why))


def queue_stop(builder: DecisionBuilder, step: model.Step) -> None:
    plan = builder.it.plan
    engine = plan.engine if plan is not None else "ecs"
    body = model.StopRun(builder.it.id, step.region, step.invocation, step.instances, engine)
    builder.queue(
        f"stop:{step.token}:v{builder.it.version}", f"stop:{builder.it.id}:{step.index}", body
    )


def stop_completed(
    deployment: Deployment, outcome: model.Outcome, view: model.View, now: datetime
) -> model.Decision:
    """The order to stop was taken, or not; how the run ended, the next poll tells."""
    builder = DecisionBuilder(deployment, view, now)
    if view.request is None or view.request.state.final:
        return builder.receipt()
    if isinstance(outcome, model.Done):
        builder.enter("countersign", "run.stop_sent")
        return builder.receipt()
    reason = getattr(outcome, "reason", "")
    builder.enter("countersign", "run.stop_failed", reason=reason)
    builder.change(stopping=False)
    builder.update_card()
    builder.tell_sentence(
        f"stop_failed:v{builder.it.version}",
        "stop.failed",
        builder.asker(),
        reason=reason_of(builder.it.locale, outcome),
    )
    return builder.receipt()
