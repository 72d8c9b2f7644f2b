"""From an answer to "which instances?" to a frozen plan with its digest, ready to be voted on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import timedelta

from bot import model, policy, texts
from bot.core import (
    authority,
    batches,
    machines,
    openings,
    plan_definitions,
    reachability,
    reminders,
    run_control,
    standing_uses,
    systems,
    terms,
)
from bot.core.decision import DecisionBuilder
from bot.policy import identity, planning, quorum

PLAN_WITHIN = timedelta(minutes=2)


def freeze(
    builder: DecisionBuilder, rule: policy.CommandRule, data: Mapping[str, object]
) -> model.Plan:
    """The plan, from what the command rendered when it was asked for and what was found now."""
    effect = builder.view.effect
    assert effect is not None
    instances = machines.instances_of(data)
    script = str(effect.context["script"])
    kind = str(effect.context.get("script_type", systems.SHELL))
    if kind == systems.SHELL and systems.is_windows(data):
        script, kind = str(effect.context["windows"]), systems.POWERSHELL
    plan = model.ScriptPlan(
        command=builder.it.command,
        version=str(effect.context.get("version", "")),
        instances=tuple(each.bare for each in instances),
        region=instances[0].region or rule.region or builder.deployment.region,
        script=script,
        script_type=kind,
        user=rule.user,
        workdir=str(effect.context.get("workdir", rule.workdir)),
        timeout=int(effect.context.get("timeout", rule.timeout)),
        definitions=plan_definitions.noted(effect.context),
    )
    if not rule.command_id:
        return plan
    return model.StoredCommandPlan(
        **{each.name: getattr(plan, each.name) for each in fields(plan)},
        command_id=rule.command_id,
        parameters=dict(effect.context.get("parameters", {})),
        launcher=str(effect.context.get("launcher", "")),
        braces=bool(effect.context.get("braces")),
        invoke=rule.invoke,
    )


def refusal_of_plan(builder: DecisionBuilder, facts: planning.Facts) -> policy.Refusal | None:
    """May it be put to the vote? The policies that it needs besides its own are added to them."""
    request, verdict = builder.it, policy.evaluate(policy.PLAN, facts)
    names = tuple(dict.fromkeys((*facts.policies, *verdict.policies)))
    if names == facts.policies:
        return verdict.refusal
    reasons = (texts.spoken(request.locale, reason) for reason in verdict.reasons)
    why = "; ".join(dict.fromkeys(filter(None, (request.escalated, *reasons))))
    builder.change(policies=names, escalated=why)
    if verdict.refusal is None:
        needed = quorum.of(builder.deployment.book, builder.it)
        builder.enter("countersign", "request.escalated", policy=needed.name, escalated=why)
    return verdict.refusal


def ask_for_votes(builder: DecisionBuilder, plan: model.Plan) -> None:
    """Freeze the plan and put it to the vote; an OA form may have decided it already."""
    rule = put(builder, plan)
    if builder.it.hold in authority.FORM_HOLDS:
        return builder.show_card()
    approved = settled_by_form(builder, rule) or standing_uses.cover(builder)
    if approved and not builder.it.hold:
        run_control.start(builder)
        return builder.show_card()
    if not batches.join(builder, rule):
        builder.show_card()
    return wait_for_votes(builder, rule)


def settled_by_form(builder: DecisionBuilder, rule: quorum.Quorum) -> bool:
    """Is it approved already, by those who agreed to the form that asked?"""
    form = builder.it.form
    counted = any(vote.via == "form" for vote in builder.ballot()[1])
    if form is not None and rule.form_counts and form.decides and not counted:
        count_form(builder, rule)
    return builder.tally().verdict == "approved"


def put(builder: DecisionBuilder, plan: model.Plan) -> quorum.Quorum:
    """Freeze the plan; from now on it is what is voted on. Returns whose agreement it needs."""
    plan = terms.complete(builder, plan)
    rule = quorum.of(builder.deployment.book, replace(builder.it, plan=plan))
    code, until = model.digest(plan), builder.now + rule.expires
    starts = builder.it.starts_at
    if starts is not None and starts > builder.now:
        until = min(until, starts)
    fresh = {"plan": plan, "digest": code, "expires_at": until, "lock_wait": None, "glass": None}
    builder.change(state=model.State.PENDING, **fresh)
    builder.cleared.extend(("plan", "ratify"))
    builder.locks = ()
    openings.note(builder)
    builder.enter(
        "countersign",
        "request.planned",
        digest=code,
        instances=[instance.id for instance in plan.instances],
        policy=rule.name,
        version=plan.version,
    )
    return rule


def wait_for_votes(builder: DecisionBuilder, rule: quorum.Quorum) -> None:
    """Remind people in time, and let it expire; what is to start at a time expires at that."""
    span = builder.it.expires_at - builder.now
    builder.remind("expire", span)
    reachability.follow_people(builder)
    reminders.wait(builder, "remind", rule, builder.it.expires_at)


def count_form(builder: DecisionBuilder, rule: quorum.Quorum) -> None:
    """Take the people who agreed to the OA form as votes; accounts of nobody known don't count."""
    book, request = builder.deployment.book, builder.it
    assert request.form is not None
    alone = all(one.form_counts for one in rule.policies)
    digest = request.digest if alone else quorum.FORM + request.digest
    themselves = any(one.self_approval and one.form_counts for one in rule.policies)
    for account in request.form.approvers:
        person = identity.person_of(book, account)
        if person is None or any(vote.person == person.id for vote in builder.ballot()[1]):
            why = "unknown account" if person is None else "counted already"
        elif person.id == request.person or (person.id in rule.involved and not themselves):
            why = "asked for it"
        else:
            builder.vote(
                model.Vote(request.id, person.id, account, True, digest, builder.now, via="form")
            )
            builder.enter(person.id, "vote.cast", approve=True, digest=request.digest, via="form")
            continue
        builder.enter("countersign", "vote.not_counted", account=account.id, reason=why)
