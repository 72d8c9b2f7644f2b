"""The rules of the configuration, compiled: which events they mean, and what is done then."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot import model
from bot.rules import effort, index, pattern, transform

AUDIT_SOURCE = "countersign"
"""The source of the bot's own events; the installation stands behind it: countersign/ab12cd."""

PLACES: Mapping[model.How, transform.Into] = {"group": "text", "thread": "text", "webhook": "robot"}
"""What a target's form is written into; everywhere else that is JSON."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where an event goes, and as what. ``body`` makes what is
    sent; of a command ``values`` make its parameters, and of a group ``body`` makes the text."""

    to: model.Destination
    body: transform.Transform | None = None
    values: Mapping[str, transform.Transform] = field(default_factory=dict)
    retry: model.Retry = "BACKOFF_RETRY"


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    pattern: pattern.Pattern
    targets: tuple[Target, ...]


REMEMBERED = 1000
"""Kinds of events of which is remembered whether a rule asks for them."""
_NUMBERS = itertools.count(1)


class Rulebook:
    """All rules, compiled once. ``number`` tells this rulebook from all others of the process, so
    that what it found is not taken for what another one would find."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self.rules = dict(rules)
        self.number = next(_NUMBERS)
        self._answers: dict[str, bool] = {}
        self._index = index.RuleSet({rule.name: rule.pattern for rule in self.rules.values()})

    def __bool__(self) -> bool:
        return bool(self.rules)

    def matching(
        self, event: model.CloudEvent, spent: effort.Effort | None = None
    ) -> tuple[Rule, ...]:
        """The rules that mean an event, in the order of the file. Raises effort.TooCostly."""
        return tuple(map(self.rules.__getitem__, self._index.matching(event.plain(), spent)))

    def asks_for(self, known: Mapping[str, object]) -> bool:
        """Does a rule ask for events like the one of which this much is known, by any of it? Asked
        of all rules once, and remembered."""
        name = model.canonical(known)
        if name not in self._answers:
            while len(self._answers) >= REMEMBERED:
                self._answers.popitem()
            self._answers[name] = any(one.pattern.asks_for(known) for one in self.rules.values())
        return self._answers[name]
