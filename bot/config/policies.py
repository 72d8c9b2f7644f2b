"""What holds for all policies, the list of further needs that stands among them, and escalations
that ask for less than what is asked for anyway."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.config import check_policies, schema
from bot.config.context import CheckContext
from bot.config.diagnostics import Diagnostics
from bot.config.when import KEY
from bot.source import paths
from bot.source.values import Duration

RUN_WITHIN = "run_within"
_DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)


def apart(tables: dict[str, Any], diagnostics: Diagnostics) -> dict[str, Any]:
    """The file's values with ``[[policy.when]]``, which is a list, apart from the policies."""
    if KEY in tables:
        diagnostics.fault((KEY,), "unknown key; write [[policy.when]]")
    rest = {name: value for name, value in tables.items() if name != KEY}
    table = tables.get("policy")
    if not isinstance(table, dict) or "when" not in table:
        return rest
    if isinstance(table["when"], dict):
        message = (
            "when is no name for a policy: [[policy.when]] says when a policy is needed, too; give "
            "this one another name, or write [[policy.when]]"
        )
        diagnostics.fault(("policy", "when"), message)
        return {**rest, "policy": {name: one for name, one in table.items() if name != "when"}}
    others = {name: value for name, value in table.items() if name != "when"}
    return {**rest, "policy": others, KEY: table["when"]}


def spread(tables: dict[str, Any], diagnostics: Diagnostics) -> dict[str, Any]:
    """The file's values with what stands in ``[policy]`` itself put into every policy that does
    not say otherwise."""
    table = tables.get("policy")
    if not isinstance(table, dict) or isinstance(table.get(RUN_WITHIN, {}), dict):
        return tables
    rest = {name: value for name, value in table.items() if name != RUN_WITHIN}
    try:
        _DURATION.validate_python(table[RUN_WITHIN])
    except ValidationError as error:
        diagnostics.fault(("policy", RUN_WITHIN), error.errors()[0]["msg"])
    else:
        rest = {
            name: {RUN_WITHIN: table[RUN_WITHIN], **value} if isinstance(value, dict) else value
            for name, value in rest.items()
        }
    return {**tables, "policy": rest}


def check_escalations(context: CheckContext) -> None:
    """An escalation adds to the usual policy. Where it needs fewer people, that is worth a word."""
    file = context.file
    for path, pattern in context.parts.entries("security", "pattern"):
        if pattern.action == "escalate" and pattern.policy in file.policy:
            names = [name for name in file.command if name in (pattern.commands or file.command)]
            check_fewer(context, path, pattern.policy, names)


def check_fewer(
    context: CheckContext, path: paths.Path, policy: str, commands: Iterable[str]
) -> None:
    """Warn where an added policy needs fewer people than the usual one of one of these commands."""
    file, few = context.file, people(context.file, context.file.policy[policy])
    for name in commands:
        own = file.command[name].policy
        usual = file.policy.get(own)
        if usual is not None and few < people(file, usual):
            _warn(context, path, policy, few, f"{own} ({people(file, usual)})", name)
            break


def _warn(
    context: CheckContext, path: paths.Path, policy: str, few: int, usual: str, command: str
) -> None:
    message = (
        f"{policy} needs fewer people ({few}) than the usual policy of {command}, {usual}; it is "
        "asked for besides that one, never in its place"
    )
    context.diagnostics.warn((*path, "policy"), message)


def people(file: schema.File, policy: schema.Policy) -> int:
    """How many people a policy needs."""
    return sum(bench.need for bench in check_policies.benches(file, policy))
