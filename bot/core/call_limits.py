"""A run's calls held to the limits of its command: when they are to be made, and at the claim."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot import model, policy, redact
from bot.core import bounds, live_runs, machines
from bot.core.decision import DecisionBuilder, reason_of, refusal_text
from bot.deployment import Deployment
from bot.oos.engine import calls, journal
from bot.policy import calling

LOOK = "bounds:"
"""What the keys of look-ups begin with."""
Queue = Callable[..., None]
"""Queues a call: ``runs.queue``."""


def refusal_of(facts: calling.Facts) -> policy.Refusal | None:
    """Why a call may not be made; None: it may."""
    return policy.evaluate(policy.CALL, facts).refusal


def unknown_of(facts: calling.Facts, refusal: policy.Refusal | None) -> tuple[str, ...]:
    """The instances whose names must be looked up before a call can be judged, where ``refusal``
    is for want of them."""
    return facts.unknown if refusal is not None and refusal.key == calling.UNKNOWN else ()


def send(builder: DecisionBuilder, run: live_runs.Live, call: calls.Call, queue: Queue) -> None:
    """Queue a call that was written as started; or look up what its instances are called first; or
    let it fail, for it would be out of bounds. Where the limits were changed since the vote, those
    of now are judged at the claim, after whether the run may go on at all."""
    what = call.what
    if not bounds.changes(what):
        return queue(builder, call, builder.now)
    assert builder.it.plan is not None
    names = ChainMap(bounds.names_of(builder.it.plan), run.names)
    aim = run.touched[call.key]
    apart = {call.key, *run.unnamed}
    others = dict.fromkeys(
        id_ for key, each in run.touched.items() if key not in apart for id_ in each.ids
    )
    now, voted = bounds.of_now(builder.deployment, builder.it), bounds.voted_on(builder.it)
    facts = bounds.calling_of(builder, what, aim, voted or now, names, others)
    refusal = refusal_of(facts)
    unknown = unknown_of(facts, refusal)
    if refusal is not None and not unknown:
        return refuse(builder, run, call, refusal)
    if not unknown and now != facts.bounds:
        by_now = replace(facts, bounds=now)
        unknown = unknown_of(by_now, refusal_of(by_now))
    if unknown:
        region = calls.region_of(what) or builder.it.plan.region
        key = f"{LOOK}{call.token}"
        body = model.ResolveTargets(unknown, region)
        run.unnamed.add(call.key)
        return builder.queue(key, key, body, context={"call": call.key})
    known = {one: names[one] for one in aim.ids if one in names}
    context = {"names": known, "touched": list(others)} if aim.ids else {}
    return queue(builder, call, builder.now, context=context)


def looked(
    builder: DecisionBuilder, run: live_runs.Live, outcome: model.Outcome, queue: Queue
) -> bool:
    """The look-up came back; False: nobody waits for it any more."""
    key = str(builder.context.get("call", ""))
    opened = run.state.running.get(key)
    effect = builder.view.effect
    if opened is None or effect is None or not isinstance(effect.body, model.ResolveTargets):
        return False
    call = opened.call
    run.unnamed.discard(key)
    if not isinstance(outcome, model.Done):
        reason = reason_of(builder.it.locale, outcome)
        facts = {"targets": list(effect.body.targets), "reason": reason}
        refuse(builder, run, call, policy.Refusal("bounds.unknown", facts))
        return True
    if builder.it.stopping and not call.cleanup:
        why = refusal_text(builder.it.locale, policy.Refusal("stop.before_start"))
        failed = journal.Failed("Stopped", why)
        live_runs.write(builder, run, journal.Finished(key, live_runs.moment(builder, run), failed))
        return True
    run.names |= dict.fromkeys(effect.body.targets, "")
    run.names |= {one.id: one.name for one in machines.instances_of(outcome.data)}
    send(builder, run, call, queue)
    return True


def refuse(
    builder: DecisionBuilder, run: live_runs.Live, call: calls.Call, refusal: policy.Refusal
) -> None:
    """The call fails, and was not made."""
    text = redact.covered(builder.it.plan, refusal_text(builder.it.locale, refusal))
    builder.enter("countersign", "call.refused", call=call.key, reason=refusal.key, why=text)
    at = live_runs.moment(builder, run)
    live_runs.write(
        builder, run, journal.Finished(call.key, at, journal.Failed(bounds.REFUSED, text))
    )


def refusal_of_claim(
    deployment: Deployment, effect: model.StoredEffect, view: model.View, now: datetime
) -> model.Refused | None:
    """Why a call that was just claimed would be out of bounds now; None: it would not."""
    body, request = effect.body, view.request
    if request is None or request.plan is None or not isinstance(body, model.RunCall):
        return None
    if body.lookup or not bounds.changes(body.what):
        return None
    context: dict[str, Any] = dict(effect.context)
    names = {**dict(context.get("names", {})), **bounds.names_of(request.plan)}
    limits = dict.fromkeys((*bounds.of_now(deployment, request), *bounds.voted_on(request)))
    touched = tuple(context.get("touched", ()))
    aim, builder = bounds.aim_of(body.what), DecisionBuilder(deployment, view, now)
    refusal = refusal_of(bounds.calling_of(builder, body.what, aim, tuple(limits), names, touched))
    if refusal is None:
        return None
    text = redact.covered(request.plan, refusal_text(request.locale, refusal))
    return model.Refused(text, bounds.REFUSED, {"key": refusal.key})
