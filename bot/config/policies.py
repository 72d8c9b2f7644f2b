"""What holds for all policies, and escalations that ask for less than what is asked for anyway."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.config import check, schema
from bot.config.notes import Notes
from bot.config.sight import Sight
from bot.source import paths
from bot.source.values import Duration

RUN_WITHIN = "run_within"
_DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)


def spread(given: dict[str, Any], notes: Notes) -> dict[str, Any]:
    """The file's values with what stands in ``[policy]`` itself put into every policy that does
    not say otherwise."""
    table = given.get("policy")
    if not isinstance(table, dict) or isinstance(table.get(RUN_WITHIN, {}), dict):
        return given
    left = {name: value for name, value in table.items() if name != RUN_WITHIN}
    try:
        _DURATION.validate_python(table[RUN_WITHIN])
    except ValidationError as error:
        notes.fault(("policy", RUN_WITHIN), error.errors()[0]["msg"])
    else:
        left = {
            name: {RUN_WITHIN: table[RUN_WITHIN], **value} if isinstance(value, dict) else value
            for name, value in left.items()
        }
    return {**given, "policy": left}


def check_escalations(sight: Sight) -> None:
    """An escalation adds to the usual policy. Where it needs fewer people, that is worth a word."""
    file = sight.file
    for path, pattern in sight.parts.entries("security", "pattern"):
        chosen = file.policy.get(pattern.policy or "")
        if pattern.action != "escalate" or chosen is None:
            continue
        for name, command in file.command.items():
            usual = file.policy.get(command.policy)
            if usual is None or (pattern.commands and name not in pattern.commands):
                continue
            few, many = people(file, chosen), people(file, usual)
            if few < many:
                _warn(sight, path, pattern.policy, few, f"{command.policy} ({many})", name)
                break


def _warn(
    sight: Sight, path: paths.Path, policy: str | None, few: int, usual: str, command: str
) -> None:
    message = (
        f"{policy} needs fewer people ({few}) than the usual policy of {command}, {usual}; it is "
        "asked for besides that one, never in its place"
    )
    sight.notes.warn((*path, "policy"), message)


def people(file: schema.File, policy: schema.Policy) -> int:
    """How many people a policy needs."""
    if policy.mode in ("all", "sequence"):
        return len(check.approvers(file, policy))
    return (policy.count or 1) if policy.mode == "count" else 1
