"""On which instances, and on how many, a command may run."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Literal

from bot import model
from bot.policy.model import CommandRule, Refusal


def unjudged(rule: CommandRule) -> Literal["allow", "refuse"]:
    """What becomes of a template's calls of which nobody can tell on which instances they act."""
    if rule.unjudged_calls:
        return rule.unjudged_calls
    return "allow" if "*" in rule.allowed_targets else "refuse"


def refusal_of_targets(rule: CommandRule, instances: tuple[model.Instance, ...]) -> Refusal | None:
    """May this command run on these instances, and on so many?"""
    if len(instances) > rule.most_targets:
        facts = {"count": len(instances), "most": rule.most_targets}
        return Refusal("refused.too_many_targets", facts)
    return refusal_of_names(rule, instances)


def refusal_of_names(rule: CommandRule, instances: Iterable[model.Instance]) -> Refusal | None:
    """May this command touch these instances, by their names or ids?"""
    for instance in instances:
        if not any(
            fnmatchcase(instance.name, glob) or fnmatchcase(instance.id, glob)
            for glob in rule.allowed_targets
        ):
            return Refusal("refused.target", {"target": instance.name or instance.id})
    return None
