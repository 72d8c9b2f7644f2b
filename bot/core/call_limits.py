"""A run's calls held to the limits of its command: when they are to be made, and at the claim."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot import model, policy, redact
from bot.core import bounds, live_runs, locks, machines, subjects
from bot.core.decision import DecisionBuilder, reason_of, refusal_text
from bot.deployment import Deployment
from bot.oos.engine import calls, journal
from bot.policy import calling, locking, needs, voting

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
    tags = ChainMap(run.tags, bounds.tags_of(builder.it.plan))
    facts = bounds.calling_of(builder, what, aim, voted or now, names, others)
    needed = needed_of(builder, aim, names)
    if not call.cleanup:
        other = locking.contention(builder.view.archive, needed, builder.it.id, None)
        facts = replace(facts, tagless=tagless_of(builder, aim, tags), contention=other)
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
    locks.add(builder, needed, alone=not call.cleanup)
    known = {one: names[one] for one in aim.ids if one in names}
    context: dict[str, object] = {"names": known, "touched": list(others)} if aim.ids else {}
    keys = needs.keys_of(builder.deployment.book)
    if keys and aim.ids:
        named = (one for one in (*others, *aim.ids) if one in run.tags)
        marked = {one: [tag for tag in run.tags[one] if tag[0] in keys] for one in named}
        context |= {"keys": sorted(keys), "tags": marked}
    return queue(builder, call, builder.now, context=context)


def needed_of(
    builder: DecisionBuilder, aim: bounds.Aim, names: Mapping[str, str]
) -> list[locking.Need]:
    """The instances of a call that its run does not have yet, as it needs them."""
    have = {one.name for one in locks.of(builder)}
    touched = (model.Instance(one, names.get(one, "")) for one in aim.ids)
    needed = locking.instances(builder.deployment.book, builder.it.command, touched)
    return [one for one in needed if one.name not in have]


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
    run.tags |= dict.fromkeys(effect.body.targets, ())
    for one in machines.instances_of(outcome.data):
        run.names[one.id], run.tags[one.id] = one.name, one.tags
    send(builder, run, call, queue)
    return True


def tagless_of(
    builder: DecisionBuilder, aim: bounds.Aim, tags: Mapping[str, model.Tags]
) -> Collection[str]:
    """The instances of a call whose tags decide which policies it needs, and are not known."""
    plan, book = builder.it.plan, builder.deployment.book
    unknown = {one for one in aim.ids if one not in tags and bounds.INSTANCE.fullmatch(one)}
    if not unknown or plan is None or not needs.by_tags(book, subjects.of_plan(builder, plan)):
        return ()
    return unknown


def by_need(
    builder: DecisionBuilder,
    plan: model.Plan,
    facts: calling.Facts,
    aim: bounds.Aim,
    context: Mapping[str, Any],
) -> calling.Facts:
    """The call held to the policies that its instances call for, too, by the tags of the plan and
    those that the ``context`` of its effect notes: of these no others count than those that tables
    asked for then. What ``OnError`` leads to is not held to them."""
    book, request, votes = builder.deployment.book, builder.it, builder.votes
    tags = bounds.tags_of(plan)
    if needs.keys_of(book) <= set(context.get("keys", ())):
        noted = dict(context["tags"]).items() if "tags" in context else ()
        tags |= {one: tuple((key, value) for key, value in pairs) for one, pairs in noted}
    subject = subjects.of_plan(builder, plan)
    return replace(
        facts,
        tags=tags,
        tagless=tagless_of(builder, aim, tags),
        subject=lambda targets: replace(subject, targets=targets),
        suffice=lambda policies: voting.suffice(book, request, policies, votes),
    )


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
    facts = bounds.calling_of(builder, body.what, aim, tuple(limits), names, touched)
    if not body.cleanup:
        facts = by_need(builder, request.plan, facts, aim, context)
    refusal = refusal_of(facts)
    if refusal is None:
        return None
    text = redact.covered(request.plan, refusal_text(request.locale, refusal))
    return model.Refused(text, bounds.REFUSED, {"key": refusal.key})
