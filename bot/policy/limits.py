"""With which values a command may run, on which instances, and on how many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from bot import model
from bot.policy.model import CommandRule, Refusal


@dataclass(frozen=True, slots=True)
class ForbiddenValue:
    """A value that is none of those that the configuration allows, as it may be shown."""

    name: str
    value: str
    allowed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Globs of names or ids, how many instances over the whole run, and whether calls that cannot
    be judged are made."""

    allowed: tuple[str, ...] = ("*",)
    most: int = 100
    unjudged: Literal["allow", "refuse"] = "allow"

    @property
    def free(self) -> bool:
        """Is every instance allowed, whatever it is called?"""
        return "*" in self.allowed

    def fits(self, *names: str) -> bool:
        return any(fnmatchcase(name, glob) for glob in self.allowed for name in names)


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


def forbidden_value(
    allowed: Mapping[str, tuple[str, ...]], values: Mapping[str, object]
) -> ForbiddenValue | None:
    """The first value that is none of those that its parameter may have; None: there is none."""
    for name, only in allowed.items():
        value = values.get(name)
        for part in value if isinstance(value, tuple | list) else (value,):
            if part is not None and str(part) not in only:
                return ForbiddenValue(name, str(part)[:80], only)
    return None
