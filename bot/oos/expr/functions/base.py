"""What a function of the language is, and how its arguments are taken.

A function gets its arguments evaluated, as one value: ``{"Fn::Join": [",", ["a"]]}`` calls Join
with ``[",", ["a"]]``. The few that must not evaluate all of them (If, And, Or, Jq) get them raw,
with a way to evaluate. ``BadArgument`` is the only exception that a function raises.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from bot import source
from bot.oos.expr import placeholders, values


class BadArgument(source.Invalid):
    """Arguments that a function cannot take; the message says what was expected."""


class ExpressionError(source.Invalid):
    """An expression without a value: what was expected, and where (``Loop.Items[2]``)."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(source.Fault(source.Mark(path=path), message))


class Evaluation(Protocol):
    """How a lazy function evaluates its arguments; ``at`` says which (``[0]``)."""

    def value(self, raw: Any, at: str = "") -> Any: ...

    def name(self, name: placeholders.Name) -> Any: ...


@dataclass(frozen=True, slots=True)
class Known:
    """A value that is evaluated already: its braces are data and are not looked at again."""

    value: Any


@dataclass(frozen=True, slots=True)
class Example:
    """An argument and what the function makes of it."""

    argument: object
    result: object


@dataclass(frozen=True, slots=True)
class Function:
    """One entry of the registry. ``shape`` is the argument as the reference shows it; ``wrong``
    says what a literal argument lacks ("": nothing), ``where`` in which part of it ("[1]"; "": in
    the whole). Either ``call`` or ``lazy`` is set."""

    name: str
    en: str
    zh: str
    shape: str
    examples: tuple[Example, ...]
    call: Callable[[Any], Any] | None = None
    lazy: Callable[[Any, Evaluation], Any] | None = None
    wrong: Callable[[Any], str] = lambda raw: ""
    where: Callable[[Any], str] = lambda raw: ""
    documented: bool = True


# ----------------------------------------------------------------------------- literals


def is_call(value: object) -> bool:
    """Is this an object that calls a function?"""
    return isinstance(value, dict) and any(
        isinstance(key, str) and key[:4].lower() == "fn::" for key in value
    )


def dynamic(raw: object) -> bool:
    """Is this only known when it is evaluated?"""
    return is_call(raw) or (isinstance(raw, str) and placeholders.whole(raw) is not None)


def takes(*counts: int) -> Callable[[Any], str]:
    """The argument is a list of one of so many items."""

    def wrong(raw: object) -> str:
        if dynamic(raw):
            return ""
        if not isinstance(raw, list):
            return f"expected a List of {_either(counts)}, got {values.kind(raw)}"
        if len(raw) not in counts:
            return f"expected a List of {_either(counts)}, got {len(raw)}"
        return ""

    return wrong


def takes_list(raw: object) -> str:
    """The argument is a list."""
    if dynamic(raw) or isinstance(raw, list):
        return ""
    if isinstance(raw, str) and placeholders.names(raw):
        return ""
    return f"expected a List, got {values.kind(raw)}"


def _either(counts: tuple[int, ...]) -> str:
    words = [f"{count} items" for count in counts]
    return " or ".join(words)


# ----------------------------------------------------------------------------- arguments


def items(argument: object, *counts: int) -> list[Any]:
    """The argument as a list of one of so many items (any number, where none is given)."""
    value = values.literal(argument)
    if not isinstance(value, list):
        many = f" of {_either(counts)}" if counts else ""
        raise BadArgument(
            f"expected a List{many}, got {values.kind(argument)}: {values.brief(argument)}"
        )
    if counts and len(value) not in counts:
        raise BadArgument(f"expected a List of {_either(counts)}, got {len(value)}")
    return value


def text(argument: object) -> str:
    """The argument as text. null has none."""
    if argument is None:
        raise BadArgument("expected a String, got null")
    return values.printed(argument)


def number(argument: object) -> int | float:
    value = values.number(argument)
    if value is None:
        raise BadArgument(
            f"expected a Number, got {values.kind(argument)}: {values.brief(argument)}"
        )
    return value


def whole(argument: object) -> int:
    value = values.whole(argument)
    if value is None:
        raise BadArgument(
            f"expected a whole Number, got {values.kind(argument)}: {values.brief(argument)}"
        )
    return value


def mapping(argument: object) -> dict[str, Any]:
    """The argument as an object."""
    pairs = values.literal(argument)
    if not isinstance(pairs, dict):
        raise BadArgument(
            f"expected a Json object, got {values.kind(argument)}: {values.brief(argument)}"
        )
    return {values.printed(key): value for key, value in pairs.items()}


def condition(argument: object) -> bool:
    """The argument as a truth: null and "" (of a task that was skipped, of a parameter left empty)
    are false."""
    if argument is None or argument == "":
        return False
    value = values.boolean(argument)
    if value is None:
        raise BadArgument(
            f"expected true or false, got {values.kind(argument)}: {values.brief(argument)}"
        )
    return value


def bounded(text: str) -> str:
    if len(text) > values.MOST_TEXT:
        raise BadArgument(f"the text would be longer than {values.MOST_TEXT} characters")
    return text
