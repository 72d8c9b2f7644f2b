"""Ladders of policies: steps that could never be done, or say what means nothing."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.config import check_policies, schema
from bot.config.context import CheckContext
from bot.config.ladders import LadderStep
from bot.policy import calendar
from bot.policy.model import TAG
from bot.source import paths

OF_REPEATS = ("backoff", "times")


def check_ladders(context: CheckContext) -> None:
    """Note what is valid by itself and comes to nothing."""
    for name, policy in context.file.policy.items():
        path: paths.Path = ("policy", name)
        if policy.ladder and policy.remind is not None:
            message = "stands beside a ladder; write it as a step: after = …"
            context.diagnostics.fault((*path, "remind"), message, "remind")
        _check_quiet(context, path, policy)
        for number, step in enumerate(policy.ladder):
            _check_step(context, (*path, "ladder", number), policy, step)


def _check_step(
    context: CheckContext, path: paths.Path, policy: schema.Policy, step: LadderStep
) -> None:
    diagnostics = context.diagnostics
    if step.after >= policy.expires and not context.faulty(*path[:2], "expires"):
        message = "the step must come before the request expires: after < expires"
        diagnostics.fault((*path, "after"), message, "after")
    if step.how == "group" and not step.group:
        diagnostics.fault(path, 'group is missing: how = "group" needs the name of one', "how")
    elif step.how != "group" and step.group:
        message = f'has no use with how = "{step.how}"; write how = "group"'
        diagnostics.fault((*path, "group"), message, "group")
    for key in OF_REPEATS:
        if step.repeat is None and key in step.model_fields_set:
            diagnostics.fault((*path, key), "has no use without repeat", key)
    for index, name in enumerate(step.who):
        if name.startswith(TAG):
            message = "names people by a tag of targets; write people, roles or rotas"
            diagnostics.fault((*path, "who", index), message, name)
    sure = not any(
        name.startswith(TAG) or check_policies.dangling(context.file, name) for name in step.who
    )
    if step.who and sure and not check_policies.named_people(context.file, step.who):
        diagnostics.fault((*path, "who"), "names nobody, so nobody would be told", "who")


def _check_quiet(context: CheckContext, path: paths.Path, policy: schema.Policy) -> None:
    """Is there a time at which people are told?"""
    if not policy.quiet:
        if policy.quiet_except:
            message = "has no use without quiet"
            context.diagnostics.fault((*path, "quiet_except"), message, "quiet_except")
        return
    zone = policy.quiet_timezone or context.file.bot.timezone
    quiet = calendar.Period("", calendar.Times(zone, hours=policy.quiet), "")
    closure = calendar.closure((quiet,), (), datetime.now(UTC))
    if closure is not None and closure.opens is None:
        message = "is all of the week, so nobody would ever be reminded"
        context.diagnostics.fault((*path, "quiet"), message, "quiet")
