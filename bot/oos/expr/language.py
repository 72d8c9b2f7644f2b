"""The interpreter's border to the expressions and selectors of the language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot import source
from bot.oos.expr import expressions, selectors, values
from bot.oos.template import model

Scope = expressions.Scope
ERRORS = (source.Invalid, source.Invalid, source.Invalid)
"""A template's or a person's mistake in a value: the task fails with its message."""

evaluate = expressions.evaluate


def scope(
    facts: Mapping[str, object],
    parameters: Mapping[str, object],
    outputs: Mapping[str, Mapping[str, object]],
    at: datetime,
) -> Scope:
    """What expressions see: parameters and outputs by their folded names, and ``facts``, the
    pseudo parameters but for the times, which are ``at``."""
    now = at.astimezone(UTC)
    times = {
        "ACS::CurrentUTCTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "ACS::CurrentDate": now.strftime("%Y-%m-%d"),
    }
    return Scope(parameters, outputs, {**times, **facts})


def true(value: object) -> bool:
    """Is it true? Its text counts, too ("true"); nothing is not."""
    return value is True or values.boolean(value) is True


def met(value: object) -> bool:
    """Is a condition met? Nothing, and empty text, is not. Invalid: it is no truth at all."""
    if value is None or value == "":
        return False
    truth = values.boolean(value)
    if truth is None:
        raise source.Invalid(f"When is {values.brief(value)}; it is true or false")
    return truth


def selected(type: model.ParameterType, selector: object, document: object, scope: Scope) -> object:
    """An output of a task, by its ValueSelector."""
    return selectors.output(type, _bound(selector, scope), document)


def converted(type: model.ParameterType, value: object) -> Any:
    """A value as a parameter's type; nothing, and empty text, stay what they are."""
    return value if value is None or value == "" else selectors.converted(type, value)


def results(selector: object, document: object, scope: Scope) -> list[object]:
    """All that a PropertySelector finds."""
    return selectors.select(_bound(selector, scope), document)


def among(value: object, wanted: Sequence[object]) -> bool:
    """Is the value one of these, as the language compares ("0" is 0)?"""
    return any(values.same(value, each) for each in wanted)


def aggregate(function: str, results: list[object]) -> object:
    """A function of the language over the values of a loop's items, which are data and are not
    evaluated again."""
    return expressions.FN[function](results)


def _bound(selector: object, scope: Scope) -> selectors.Script:
    if isinstance(selector, str) and "{{" not in selector:
        return selector
    if not isinstance(selector, str | Mapping):
        raise source.Invalid(f"a selector is a jq script, not {values.kind(selector)}")
    return expressions.bind(selector, scope)
