"""A template's values before it runs: what is known by then is put in, what is hidden is covered,
and what only the run will know stays as it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.oos.expr import expressions, language, placeholders, values
from bot.oos.expr.functions import base
from bot.oos.parameters import defaults
from bot.oos.template import model

_ENCODE = "fn::base64encode"
"""Is shown with the text that it encodes, which people can read."""


@dataclass(frozen=True, slots=True)
class Scope:
    """By folded name. ``known``: values, those that are hidden among them; ``facts``: pseudo
    parameters; ``shown``: what stands in the place of a parameter that is hidden, or known in parts
    only; ``hidden``: names of the former."""

    known: Mapping[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)
    shown: Mapping[str, object] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()

    def lookup(self, name: str, output: str | None) -> Any:
        """A value that is known and may be shown."""
        if model.fold(name) in self.hidden:
            raise expressions.Unknown(name)
        return self._value(name, output)

    def _value(self, name: str, output: str | None) -> object:
        folded = model.fold(name)
        if output is None:
            for values in (self.known, self.facts):
                if folded in values:
                    return values[folded]
        raise expressions.Unknown(name)

    @property
    def open(self) -> Scope:
        """The same with nothing hidden: what will be done, for patterns and checks to look at."""
        shown = {name: value for name, value in self.shown.items() if name not in self.hidden}
        return Scope(self.known, self.facts, shown)


def evaluated(value: object, scope: Scope) -> tuple[bool, Any]:
    """The value as the run will have it, and True; False: that is not known, or not to be shown."""
    try:
        return True, language.evaluate(value, scope)
    except language.ERRORS:
        return False, None


def shown_of(value: object, scope: Scope) -> Any:
    """The value as people can read it."""
    if isinstance(value, str):
        return _text(value, scope)
    if isinstance(value, list | tuple):
        return [shown_of(part, scope) for part in value]
    if not isinstance(value, Mapping):
        return value
    if base.is_call(value):
        reads = [model.fold(str(key)) for key in value] == [_ENCODE]
        known, inner_value = evaluated(next(iter(value.values())) if reads else value, scope)
        if known and reads and inner_value is not None:
            return {str(next(iter(value))): values.printed(inner_value)}
        if known and not reads:
            return inner_value
    return {str(shown_of(key, scope)): shown_of(part, scope) for key, part in value.items()}


def _text(text: str, scope: Scope) -> object:
    if "{{" not in text:
        return text

    def value_of(name: placeholders.Name) -> Any:
        folded = model.fold(name.name)
        if name.output is None and folded in scope.shown:
            return scope.shown[folded]
        try:
            return scope.lookup(name.name, name.output)
        except expressions.Unknown:
            return str(name)

    only = placeholders.whole(text)
    if only is not None:
        return value_of(only)
    try:
        return placeholders.fill(placeholders.split(text), value_of)
    except ValueError:
        return text


def inner(template: model.Template, arguments: Mapping[str, Any], outer: Scope, veil: Any) -> Scope:
    """The scope of a template that is run with ``arguments``, which is not evaluated yet. ``veil``
    gives what stands for a hidden parameter of that name."""
    passed = {
        model.fold(str(name)): value for name, value in arguments.items() if value is not None
    }
    known: dict[str, Any] = {}
    shown: dict[str, object] = {}
    hidden: set[str] = set()
    facts = {**outer.facts, "acs::templatename": template.name}
    facts.pop("acs::taskloopitem", None)
    for item in defaults.in_order(template.parameters):
        name = model.fold(item.name)
        here = outer if name in passed else Scope(known, facts, shown, frozenset(hidden))
        value = passed.get(name, item.default)
        real, result = evaluated(value, here.open)
        if real:
            try:
                known[name] = language.converted(item.type, result)
            except language.ERRORS:
                known[name] = result
        covered = not evaluated(value, here)[0] and real
        if covered or (item.no_echo and name not in passed):
            hidden.add(name)
            shown[name] = shown_of(value, here) if covered and name in passed else veil(item.name)
        elif not real:
            shown[name] = shown_of(value, here)
    return Scope(known, facts, shown, frozenset(hidden))
