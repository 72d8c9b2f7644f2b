"""Values of a template: how they are printed into text, read from text, and compared."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from bot import source
from bot.source import json_text

MOST_TEXT = 1024 * 1024
_NUMBER = re.compile(r"[+-]?(\d{1,300}(\.\d{1,300})?|\.\d{1,300})([eE][+-]?\d{1,3})?", re.ASCII)


def printed(value: object) -> str:
    """A value as it stands inside text: strings as they are, everything else as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def written(value: object) -> str:
    """A value as a JSON literal. A string that is JSON itself stands for what it says, as it would
    were it pasted; any other string is quoted."""
    return printed_json(literal(value))


def printed_json(value: object) -> str:
    """A value as JSON text; a string is quoted."""
    return json.dumps(value, ensure_ascii=False, default=str)


def literal(value: object) -> object:
    """What a value means where JSON is expected: a string that is JSON is what it says."""
    return parsed(value) if isinstance(value, str) else value


def parsed(text: str) -> object:
    """The value of JSON text; text that is no JSON is itself."""
    try:
        return json_text.loads(text)
    except source.Invalid:
        return text


def number(value: object) -> int | float | None:
    """The number that a value is or says; None: it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value if math.isfinite(value) else None
    if not isinstance(value, str) or not _NUMBER.fullmatch(value.strip()):
        return None
    text = value.strip()
    if re.fullmatch(r"[+-]?\d+", text):
        return int(text)
    real = float(text)
    return real if math.isfinite(real) else None


def whole(value: object) -> int | None:
    """The whole number that a value is or says; None: it is none."""
    real = number(value)
    if real is None or real != int(real):
        return None
    return int(real)


def boolean(value: Any) -> bool | None:
    """The truth that a value is or says; None: it says neither true nor false."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.strip().lower()) if _is_text(value) else None


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def same(one: object, other: object) -> bool:
    """Are two values equal? A string equals a value of another type that prints like it ("true" is
    true, "1" is 1, "[]" is []); true is not 1."""
    if isinstance(one, str) and isinstance(other, str):
        return one == other
    if isinstance(one, bool) or isinstance(other, bool):
        if isinstance(one, str) or isinstance(other, str):
            return printed(one).lower() == printed(other).lower()
        return one is other
    if isinstance(one, str) or isinstance(other, str):
        return printed(one) == printed(other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(identical, one, other))
    return identical(one, other)


def identical(one: object, other: object) -> bool:
    """Are two values the same JSON? 1 is 1.0, but "1" is not 1 and true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(identical, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(identical(one[key], other[key]) for key in one)
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    return type(one) is type(other) and bool(one == other)


def key_of(value: object) -> str:
    """Equal for identical values, so that they can be told apart in a set."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True, default=str)


def kind(value: object) -> str:
    """What a value is, in the words of the templates."""
    for name, types in _KINDS:
        if isinstance(value, types):
            return name
    return type(value).__name__


_KINDS: tuple[tuple[str, Any], ...] = (
    ("null", type(None)),
    ("a Boolean", bool),
    ("a Number", (int, float)),
    ("a String", str),
    ("a List", list),
    ("a Json object", dict),
)


def brief(value: object, most: int = 60) -> str:
    """A value for an error message: short, on one line."""
    try:
        text = printed_json(value)
    except RecursionError:
        text = "(nested too deep)"
    return text if len(text) <= most else text[: most - 1] + "…"
