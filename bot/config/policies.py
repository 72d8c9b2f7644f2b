"""What holds for all policies, and escalations that ask for less than what is asked for anyway."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.config import check_policies, schema
from bot.config.context import CheckContext
from bot.config.diagnostics import Diagnostics
from bot.source import paths
from bot.source.values import Duration

RUN_WITHIN = "run_within"
_DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)


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
        chosen = file.policy.get(pattern.policy or "")
        if pattern.action != "escalate" or chosen is None:
            continue
        for name, command in file.command.items():
            usual = file.policy.get(command.policy)
            if usual is None or (pattern.commands and name not in pattern.commands):
                continue
            few, many = people(file, chosen), people(file, usual)
            if few < many:
                _warn(context, path, pattern.policy, few, f"{command.policy} ({many})", name)
                break


def _warn(
    context: CheckContext, path: paths.Path, policy: str | None, few: int, usual: str, command: str
) -> None:
    message = (
        f"{policy} needs fewer people ({few}) than the usual policy of {command}, {usual}; it is "
        "asked for besides that one, never in its place"
    )
    context.diagnostics.warn((*path, "policy"), message)


def people(file: schema.File, policy: schema.Policy) -> int:
    """How many people a policy needs."""
    return sum(bench.need for bench in check_policies.benches(file, policy))
