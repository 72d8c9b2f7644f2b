"""The values of a request, held to what the configuration allows: when it is asked for, and by the
configuration of the moment when it starts. What has not changed since the vote was judged then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bot import model, policy
from bot.core import plan_preview, plan_template, terms
from bot.core.decision import DecisionBuilder
from bot.oos.template import model as oos
from bot.policy import limits, screening
from bot.source import masks


def typed(values: Mapping[str, object]) -> list[str]:
    """Every value that is text, and every part of one that is a list."""
    parts = [value if isinstance(value, tuple | list) else (value,) for value in values.values()]
    return [part for each in parts for part in each if isinstance(part, str) and part]


# ----------------------------------------------------------------------------- when it starts


def forbidden_now(
    builder: DecisionBuilder, rule: policy.CommandRule
) -> limits.ForbiddenValue | None:
    """The first value of a plan that is not allowed any more. Instances are judged as they were
    typed, and what was not typed by the limits for instances."""
    args, plan = builder.it.args, builder.it.plan
    allowed = {name: list(values) for name, values in rule.allowed_values.items()}
    if plan is None or not allowed or plan.terms.get("allowed_values") == allowed:
        return None
    if not isinstance(plan, model.TemplateOperation):
        return limits.forbidden_value(rule.allowed_values, args)
    instances = {oos.fold(name) for name in plan.targets}
    named = {name: args.get(name) for name in args if oos.fold(name) in instances}
    mine = {n: v for n, v in rule.allowed_values.items() if oos.fold(n) not in instances}
    others = {name: rule.allowed_values.get(name, ()) for name in named}
    value = limits.forbidden_value({name: only for name, only in others.items() if only}, named)
    template = builder.template(plan.template, plan.templates[plan.template])
    rest = replace(rule, allowed_values=mine)
    return value or plan_template.forbidden_value(rest, template, plan.parameters)


def screened_now(builder: DecisionBuilder) -> policy.Verdict:
    """What the patterns of now say of a plan, where they are not those that it was made under."""
    request, plan, book = builder.it, builder.it.plan, builder.deployment.book
    if plan is None or plan.terms.get("patterns", "") == terms.patterns_of(book, plan.command):
        return policy.Verdict()
    values, script = request.args, plan.script
    if isinstance(plan, model.TemplateOperation):
        values = plan.parameters
        try:
            script = plan_preview.real(plan_template.subject_of(builder, plan))
        except plan_preview.Unshowable as error:
            return policy.Verdict(error.refusal)
    passages = [screening.Passage("script", script)]
    passages += [screening.Passage("value", text) for text in dict.fromkeys(texts_of(values, plan))]
    return screening.screened(book, request.command, passages)


def texts_of(values: Mapping[str, object], plan: model.Plan) -> Iterator[str]:
    """The texts in values that patterns are held to: no instances, for they have limits of their
    own, and not what is the script itself."""
    for name, value in values.items():
        for text in masks.strings(value) if name not in plan.targets else ():
            whole = text == plan.script or plan.script.endswith("\n" + text)
            if text and text != masks.MASK and not (plan.script and whole):
                yield text
