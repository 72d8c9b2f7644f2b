"""The values of a request, held to what the configuration allows: when it is asked for, and by the
configuration of the moment when it starts. What has not changed since the vote was judged then.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from bot import model, policy
from bot.cards import runs
from bot.core import plan_preview, plan_template, terms
from bot.core.decision import DecisionBuilder
from bot.deployment import Deployment
from bot.oos.template import model as oos
from bot.policy import limits, screening


def refusal_of_allowed(
    allowed: Mapping[str, tuple[str, ...]], values: Mapping[str, Any]
) -> policy.Refusal | None:
    """Are the values of a script's parameters among those that the configuration allows?"""
    for name, only in allowed.items():
        value = values.get(name)
        for each in value if isinstance(value, tuple | list) else (value,):
            if each is not None and str(each) not in only:
                facts = {"name": name, "value": str(each)[:80], "values": list(only)}
                return policy.Refusal("refused.value", facts)
    return None


def typed(values: Mapping[str, Any]) -> list[str]:
    """Every value that is text, and every part of one that is a list."""
    parts = [value if isinstance(value, tuple | list) else (value,) for value in values.values()]
    return [part for each in parts for part in each if isinstance(part, str) and part]


# ----------------------------------------------------------------------------- when it starts


def refusal_now(builder: DecisionBuilder, rule: policy.CommandRule) -> policy.Refusal | None:
    """Why the values of a plan may not be used any more; None: they may."""
    plan = builder.it.plan
    assert plan is not None
    kept = plan.terms
    if plan.engine == "oos" and limits.unjudged(rule) == "refuse":
        return policy.Refusal("authority.unjudged", {"id": builder.it.id})
    allowed = {name: list(values) for name, values in rule.allowed_values.items()}
    if allowed and kept.get("allowed_values") != allowed:
        refusal = refusal_of_plan(builder, rule, plan)
        if refusal is not None:
            return refusal
    refusal = finding_now(builder).refusal
    if refusal is None or "reason" not in refusal.facts:
        return refusal
    facts = {"id": builder.it.id, **refusal.facts}
    if refusal.key == "refused.required":
        return policy.Refusal("authority.required", facts)
    return policy.Refusal("authority.forbidden", facts)


def refusal_of_plan(
    builder: DecisionBuilder, rule: policy.CommandRule, plan: model.Plan
) -> policy.Refusal | None:
    """Are the values of a plan among those that are allowed now? Instances are judged as they were
    typed, and what was not typed by the limits for instances."""
    args = builder.it.args
    if not plan.template:
        return refusal_of_allowed(rule.allowed_values, args)
    instances = {oos.fold(name) for name in plan.targets}
    named = {name: args.get(name) for name in args if oos.fold(name) in instances}
    mine = {n: v for n, v in rule.allowed_values.items() if oos.fold(n) not in instances}
    others = {name: rule.allowed_values.get(name, ()) for name in named}
    refusal = refusal_of_allowed({name: only for name, only in others.items() if only}, named)
    template = builder.template(plan.template, plan.templates[plan.template])
    rest = replace(rule, allowed_values=mine)
    return refusal or plan_template.refusal_of_values(rest, template, plan.parameters)


def finding_now(builder: DecisionBuilder) -> policy.Finding:
    """What the patterns of now say of a plan, where they are not those that it was made under."""
    request, plan = builder.it, builder.it.plan
    if plan is None or plan.terms.get("patterns", "") == patterns_now(
        builder.deployment, plan.command
    ):
        return policy.Finding()
    name, given, script = request.command, request.args, plan.script
    if plan.template:
        given = plan.parameters
        try:
            script = plan_preview.real(plan_template.subject_of(builder, plan))
        except plan_preview.Untold as untold:
            return policy.Finding(untold.refusal)
    found = [screening.examine(builder.deployment.book, name, "script", script)]
    for text in dict.fromkeys(texts_of(given, plan)):
        found.append(screening.examine(builder.deployment.book, name, "value", text))
    return screening.together(found)


def texts_of(values: Mapping[str, Any], plan: model.Plan) -> Iterator[str]:
    """The texts in values that patterns are held to: no instances, for they have limits of their
    own, and not what is the script itself."""
    for name, value in values.items():
        for text in plan_template.strings(value) if name not in plan.targets else ():
            whole = text == plan.script or plan.script.endswith("\n" + text)
            if text and text != runs.HIDDEN and not (plan.script and whole):
                yield text


@functools.lru_cache(maxsize=256)
def patterns_now(deployment: Deployment, command: str) -> str:
    """The digest of the patterns that a command is held to now."""
    return terms.patterns_of(deployment.book, command)


def stricter(builder: DecisionBuilder) -> model.Request:
    """The request with the policies that the patterns of now add to its own."""
    request = builder.it
    names = request.policies or (request.policy,)
    more = tuple(one for one in finding_now(builder).policies if one not in names)
    return replace(request, policies=(*names, *more)) if more else request
