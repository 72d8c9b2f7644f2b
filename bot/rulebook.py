"""The rules of the configuration, compiled: which events they mean, and what is done then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot import model
from bot.rules import index, pattern, transform

AUDIT_SOURCE = "countersign"
"""The source of the bot's own events; the installation stands behind it: countersign/ab12cd."""

PLACES: Mapping[model.How, transform.Into] = {"group": "text", "thread": "text", "webhook": "robot"}
"""What a target's form is written into; everywhere else that is JSON."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where an event goes, and as what. ``to`` is as ``model.Deliver`` says. ``body`` makes what is
    sent; of a command ``values`` make its parameters, and of a group ``body`` makes the text."""

    how: model.How
    to: Mapping[str, Any]
    body: transform.Transform | None = None
    values: Mapping[str, transform.Transform] = field(default_factory=dict)
    retry: model.Retry = "BACKOFF_RETRY"


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    pattern: pattern.Pattern
    targets: tuple[Target, ...]


class Rulebook:
    """All rules, compiled once. ``matching``: those that mean an event, in the order of the
    file."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self.rules = dict(rules)
        self._order = {name: place for place, name in enumerate(self.rules)}
        self._index = index.RuleSet({rule.name: rule.pattern for rule in self.rules.values()})

    def __bool__(self) -> bool:
        return bool(self.rules)

    def matching(self, event: model.CloudEvent) -> tuple[Rule, ...]:
        names = self._index.matching(event.plain())
        return tuple(self.rules[name] for name in sorted(names, key=self._order.__getitem__))
