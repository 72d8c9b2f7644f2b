"""The values of a template's parameters: as people type them in a chat, as JSON, or by default.

What people give is data: braces in it are never expressions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot import source
from bot.oos.parameters import defaults, targets
from bot.oos.template import model
from bot.source import json_text, suggest

_YES = frozenset({"true", "yes", "y", "on", "1", "是", "对", "真", "开"})
_NO = frozenset({"false", "no", "n", "off", "0", "否", "不", "假", "关"})
_NUMBER = re.compile(
    r"[-+]?(?:[0-9]{1,18}(?:\.[0-9]{1,18})?|\.[0-9]{1,18})(?:[eE][-+]?[0-9]{1,3})?"
)
_SPLIT = re.compile(r"\s*[,，;；、\n]\s*")
_NAMED = re.compile(r"\{\{\s*([\w-]+(?:::[\w-]+)?)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Problem:
    """A value that does not fit. ``kind``: unknown, missing, twice, type, targets, rate, choice,
    pattern, length, range, default. ``message`` says what was expected; it never shows the value
    of a parameter that is NoEcho."""

    parameter: str
    kind: str
    message: str

    def __str__(self) -> str:
        return f"{self.parameter}: {self.message}"


class _BadValue(source.Invalid):
    """A value that does not fit; ``kind`` as of a problem."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def bind(
    template: model.Template, arguments: Mapping[str, object], pseudo: Mapping[str, object]
) -> dict[str, object] | list[Problem]:
    """Every parameter with its value, by its name as declared; or everything that does not fit.
    ``arguments``: name in any case → what was typed, or a value of the type. ``pseudo``: the
    ``ACS::…`` values that a Default may name, besides other parameters."""
    known = {model.fold(item.name): item for item in template.parameters}
    problems: list[Problem] = []
    typed: dict[str, Any] = {}
    for name, value in arguments.items():
        item = known.get(model.fold(name))
        if item is None:
            near = suggest.expected(name, [each.name for each in template.parameters])
            problems.append(Problem(name, "unknown", f"unknown parameter `{name}`{near}"))
        elif item.name in typed:
            problems.append(Problem(item.name, "twice", "it is given twice"))
        else:
            typed[item.name] = value
    values: dict[str, Any] = {}
    wrong: dict[str, Problem] = {}
    for item in defaults.in_order(template.parameters):
        if item.name not in typed and any(
            one.name in wrong for one in defaults.needed(item, known)
        ):
            continue
        try:
            values[item.name] = _value(item, typed, {**pseudo, **values})
        except _BadValue as error:
            wrong[item.name] = Problem(item.name, error.kind, error.message)
    order = [item.name for item in template.parameters]
    problems += [wrong[name] for name in order if name in wrong]
    return problems or {name: values[name] for name in order}


def value_of(
    item: model.Parameter, value: object, pseudo: Mapping[str, object] | None = None
) -> object:
    """One value as its type has it; ValueError says what does not fit."""
    try:
        return _fitting(item, value, pseudo or {})
    except _BadValue as error:
        raise ValueError(error.message) from None


def _value(
    item: model.Parameter, typed: Mapping[str, object], pseudo: Mapping[str, object]
) -> object:
    if item.name in typed:
        return _fitting(item, typed[item.name], pseudo)
    if item.required:
        raise _BadValue("missing", f"it is needed: {expected(item)}")
    value = _resolved(item.default, pseudo)
    if isinstance(value, str) and not value.strip() and item.type != "String":
        return value
    if value in ({}, []) and item.type in ("Json", "List"):
        return value
    try:
        return _fitting(item, value, pseudo, default=True)
    except _BadValue as error:
        raise _BadValue("default", f"its default does not fit: {error.message}") from None


def expected(item: model.Parameter) -> str:
    """What fits a parameter, as the end of a sentence that begins with "expected"."""
    if item.constraint:
        return item.constraint
    if item.allowed_values:
        return suggest.listed(_shown(value) for value in item.allowed_values[:12])
    if item.association in _ASSOCIATED:
        return {"Targets": targets.TARGETS, "RateControl": targets.RATE}[item.association]
    return _EXPECTED[item.type]


_EXPECTED: Mapping[str, str] = {
    "String": "text",
    "Number": "a number",
    "Boolean": "yes or no (是/否)",
    "List": 'a list such as `a,b` or `["a", "b"]`',
    "Json": 'JSON such as `{"key": "value"}`',
}


# ----------------------------------------------------------------------------- defaults


def _resolved(value: object, pseudo: Mapping[str, object]) -> object:
    """A default with the pseudo parameters and the other parameters that it names put in, as data:
    braces in them stay braces."""
    folded = {model.fold(name): item for name, item in pseudo.items()}
    if isinstance(value, str):
        return _text(value, folded)
    if isinstance(value, list):
        return [_resolved(item, pseudo) for item in value]
    if isinstance(value, dict):
        return {key: _resolved(item, pseudo) for key, item in value.items()}
    return value


def _text(text: str, known: Mapping[str, object]) -> object:
    whole = _NAMED.fullmatch(text.strip())
    for match in _NAMED.finditer(text):
        if model.fold(match[1]) not in known:
            raise _BadValue("default", f"its default needs `{match[1]}`, which has no value here")
    if whole:
        return known[model.fold(whole[1])]
    return _NAMED.sub(lambda match: _string(_ANY, known[model.fold(match[1])]), text)


# ----------------------------------------------------------------------------- types


def _fitting(
    item: model.Parameter, value: object, pseudo: Mapping[str, object], default: bool = False
) -> object:
    region = next((str(v) for k, v in pseudo.items() if model.fold(k) == "acs::regionid"), "")
    convert = _ASSOCIATED.get(item.association)
    if convert is not None and item.type in ("Json", "List", "String"):
        result = convert(item, value, region)
        if item.type == "List":
            result = result if isinstance(result, list) else [result]
        return json.dumps(result, ensure_ascii=False) if item.type == "String" else result
    result = _TYPES[item.type](item, value)
    for each in result if isinstance(result, list) and item.type == "List" else [result]:
        _constrain(item, each, default)
    return result


def _string(item: model.Parameter, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return str(value) if value is not None else ""


def _number(item: model.Parameter, value: object) -> int | float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    text = str(value).strip()
    if isinstance(value, bool) or not _NUMBER.fullmatch(text):
        raise _BadValue("type", f"expected a number{_description(item, value)}")
    return int(text) if re.fullmatch(r"[-+]?[0-9]+", text) else float(text)


def _boolean(item: model.Parameter, value: object) -> bool:
    if isinstance(value, bool):
        return value
    folded = model.fold(str(value).strip())
    if folded not in _YES | _NO:
        raise _BadValue("type", f"expected {_EXPECTED['Boolean']}{_description(item, value)}")
    return folded in _YES


def _list(item: model.Parameter, value: object) -> list[object]:
    if isinstance(value, (list, tuple)):
        return list(value)
    if not isinstance(value, str):
        return [value]
    text = value.strip()
    if text.startswith("["):
        items = _parsed(item, text, _EXPECTED["List"])
        if not isinstance(items, list):
            raise _BadValue("type", f"expected {_EXPECTED['List']}{_description(item, value)}")
        return items
    if text.startswith("{"):
        return [_parsed(item, text, _EXPECTED["List"])]
    return [part for part in _SPLIT.split(text) if part]


def _json(item: model.Parameter, value: object) -> object:
    if not isinstance(value, str):
        return list(value) if isinstance(value, tuple) else value
    return _parsed(item, value.strip(), _EXPECTED["Json"])


def _parsed(item: model.Parameter, text: str, wanted: str) -> object:
    """JSON as typed on a phone: curly quotes are straightened where they alone stand in the way."""
    for attempt in (text, text.translate(_QUOTES)):
        try:
            return json_text.loads(attempt)
        except source.Invalid:
            continue
    raise _BadValue("type", f"expected {wanted}{_description(item, text)}")


_QUOTES = {ord(char): '"' for char in "“”„＂"}


def _targets(item: model.Parameter, value: object, region: str) -> object:
    try:
        return targets.targets(_maybe_json(item, value), region)
    except source.Invalid as error:
        raise _BadValue("targets", error.message) from None


def _rate(item: model.Parameter, value: object, region: str) -> Any:
    try:
        return targets.rate(_maybe_json(item, value))
    except source.Invalid as error:
        raise _BadValue("rate", error.message) from None


def _maybe_json(item: model.Parameter, value: object) -> object:
    if isinstance(value, str) and value.strip().startswith(("{", "[")):
        return _parsed(item, value.strip(), expected(item))
    return value


_TYPES: Mapping[str, Callable[[model.Parameter, Any], Any]] = {
    "String": _string,
    "Number": _number,
    "Boolean": _boolean,
    "List": _list,
    "Json": _json,
}
_ASSOCIATED: Mapping[str, Callable[[model.Parameter, Any, str], Any]] = {
    "Targets": _targets,
    "RateControl": _rate,
}


# ----------------------------------------------------------------------------- constraints


def _constrain(item: model.Parameter, value: object, default: bool) -> None:
    """AllowedValues, AllowedPattern, lengths and ranges. A blank default stands for "not given":
    the published templates have such defaults beside AllowedValues."""
    if default and isinstance(value, str) and not value.strip():
        return
    if item.allowed_values and item.type != "Json" and not _allowed(item, value):
        wanted = suggest.listed(_shown(one) for one in item.allowed_values[:12])
        raise _BadValue("choice", f"expected {wanted}{_description(item, value)}")
    if isinstance(value, str):
        _constrain_text(item, value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        low, high = item.min_value, item.max_value
        if (low is not None and value < low) or (high is not None and value > high):
            raise _BadValue("range", f"expected {_between(low, high)}{_description(item, value)}")


def _constrain_text(item: model.Parameter, value: str) -> None:
    if item.allowed_pattern and not defaults.matches(item.allowed_pattern, value):
        wanted = item.constraint or f"text that matches `{item.allowed_pattern}`"
        raise _BadValue("pattern", f"expected {wanted}{_description(item, value)}")
    low, high = item.min_length, item.max_length
    if (low is not None and len(value) < low) or (high is not None and len(value) > high):
        wanted = f"{_between(low, high)} characters"
        raise _BadValue("length", f"expected {wanted}, found {len(value)}")


def _allowed(item: model.Parameter, value: object) -> bool:
    return any(one == value or _shown(one) == _shown(value) for one in item.allowed_values)


def _between(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {high}"
    return f"at least {low}" if high is None else f"{low} to {high}"


def _shown(value: object) -> str:
    return _string(_ANY, value)


def _description(item: model.Parameter, value: object) -> str:
    """The end of a sentence; what is secret is not shown."""
    if item.no_echo:
        return ""
    text = _shown(value)
    return f", found `{text if len(text) <= 60 else text[:59] + '…'}`"


_ANY = model.Parameter("", "String", source.Mark("", 1, 1), required=False)
