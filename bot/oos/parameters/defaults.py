"""Defaults: whether they fit, and those that name other parameters
(``Default: '{{ imageId }}-copy'``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot import regexes, source
from bot.oos.expr import expressions, values
from bot.oos.parameters import targets
from bot.oos.template import model
from bot.source import suggest


def fault(item: model.Parameter) -> str:
    """Why a Default cannot be what it is a default of; empty: it can. Blank defaults stand for
    "not given" in the published templates; expressions are looked at when they have a value."""
    value = item.default
    if value is None or expressions.references(value) or _blank(value):
        return ""
    # A published template has commas left over in it ("Mode": "Concurrency,"): it is read, and can
    # be used with a rate control of one's own.
    if item.association == "RateControl" and isinstance(value, Mapping):
        bare = {
            key: part.rstrip(" ,") if isinstance(part, str) else part for key, part in value.items()
        }
        try:
            targets.rate(bare)
        except source.Invalid as misfit:
            return f"its Default: {misfit}"
    wrong = _typed(item, value) or _textual(item, value)
    if wrong or not item.allowed_values or item.type == "Json":
        return wrong
    allowed = {model.fold(str(one)) for one in item.allowed_values}
    for one in value if isinstance(value, list) else [value]:
        if model.fold(str(one)) not in allowed:
            some = suggest.listed(str(one) for one in item.allowed_values[:8])
            return f"its Default `{one}` is not among its AllowedValues; expected {some}"
    return ""


def _blank(value: object) -> bool:
    return value in ({}, []) or (isinstance(value, str) and not value.strip())


def _typed(item: model.Parameter, value: object) -> str:
    if item.type == "Boolean" and values.boolean(value) is None:
        return f"its Default `{values.brief(value)}` is neither true nor false"
    if item.type != "Number":
        return ""
    number = values.number(value)
    if number is None:
        return f"its Default `{values.brief(value)}` is no number"
    low, high = item.min_value, item.max_value
    if low is not None and high is not None and low > high:
        return ""
    if low is not None and number < low:
        return f"its Default `{value}` is less than its MinValue"
    if high is not None and number > high:
        return f"its Default `{value}` is more than its MaxValue"
    return ""


def _textual(item: model.Parameter, value: object) -> str:
    """A text against the pattern and the lengths. What is secret is not shown."""
    if item.type != "String" or isinstance(value, dict | list):
        return ""
    text = values.printed(value)
    shown = "" if item.no_echo else f" `{values.brief(text)}`"
    if item.allowed_pattern and not matches(item.allowed_pattern, text):
        return f"its Default{shown} does not match its AllowedPattern"
    if item.min_length is not None and len(text) < item.min_length:
        return f"its Default{shown} is shorter than its MinLength"
    if item.max_length is not None and len(text) > item.max_length:
        return f"its Default{shown} is longer than its MaxLength"
    return ""


def matches(pattern: str, text: str) -> bool:
    """Does a text match an AllowedPattern, as a whole, as OOS and the services behind it take it?
    One of which that cannot be told in time does not."""
    try:
        return regexes.compiled(pattern).fullmatch(text)
    except regexes.TooSlow:
        return False


def needed(item: model.Parameter, known: Mapping[str, model.Parameter]) -> list[model.Parameter]:
    """The parameters that a parameter's Default names; ``known``: by folded name."""
    if item.default is None:
        return []
    folded = (model.fold(name) for name, _, _ in expressions.references(item.default))
    return [known[name] for name in dict.fromkeys(folded) if name in known]


def in_order(parameters: Iterable[model.Parameter]) -> list[model.Parameter]:
    """Parameters, each after those that its Default names. Of a circle, one comes too early: its
    Default has no value."""
    known = {model.fold(item.name): item for item in parameters}
    ordered: dict[str, model.Parameter] = {}
    for first in known.values():
        way = [first]
        names = {first.name}
        while way:
            before = [one for one in needed(way[-1], known) if one.name not in {*ordered, *names}]
            if before:
                names.add(before[0].name)
                way.append(before[0])
            else:
                item = way.pop()
                ordered.setdefault(item.name, item)
    return list(ordered.values())


def circle(
    item: model.Parameter, parameters: Iterable[model.Parameter]
) -> tuple[model.Parameter, ...]:
    """The way from a parameter's Default back to the parameter itself, both ends included; empty:
    there is none."""
    known = {model.fold(one.name): one for one in parameters}
    ways: list[tuple[model.Parameter, ...]] = [(item,)]
    visited: set[str] = set()
    while ways:
        way = ways.pop(0)
        for one in needed(way[-1], known):
            if one.name == item.name:
                return (*way, one)
            if one.name not in visited:
                visited.add(one.name)
                ways.append((*way, one))
    return ()
