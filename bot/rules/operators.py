"""The operators of patterns, each read from what stands behind its name."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from bot import source
from bot.rules import conditions
from bot.source import suggest

ANY_CASE: Final = "equals-ignore-case"


class BadOperand(source.Invalid):
    """A value that an operator does not take. ``path`` leads from the operator to the culprit;
    ``of_key`` means its name, not what stands behind it."""

    def __init__(self, message: str, *path: str | int, of_key: bool = False) -> None:
        super().__init__(message)
        self.path = path
        self.of_key = of_key


def read(name: str, value: object, dialect: conditions.Dialect) -> conditions.Condition:
    """The condition of one operator. BadOperand says what it takes instead."""
    if name not in _OPERATORS:
        raise BadOperand(f"no operator is called `{name[:60]}`{_meant(name)}", of_key=True)
    return _OPERATORS[name](value, dialect)


def exact(value: object, dialect: conditions.Dialect) -> conditions.Condition:
    """The condition of a plain value."""
    if value is None or isinstance(value, str | bool):
        return conditions.Equals(value, dialect)
    return conditions.Equals(_finite(value), dialect)


def _meant(name: str) -> str:
    """What was probably meant; no near name, the whole list: there are few operators."""
    if name in _USED_ELSEWHERE:
        return f", {_USED_ELSEWHERE[name]}"
    return suggest.expected(name, sorted(_OPERATORS))


_USED_ELSEWHERE = {
    "equals": "write the value itself",
    "exactly": "write the value itself",
    "eq": "write the value itself",
    "not": "write `anything-but`",
    "in": "list the values in the array: it means any of them",
    "regex": "patterns have none: write `wildcard`, `prefix`, `suffix` or `contains`",
    "$or": "write it as a key in place of fields, not in an array of values",
}


def _finite(value: Any) -> int | float:
    if conditions.is_number(value) and (isinstance(value, int) or math.isfinite(value)):
        number: int | float = value
        return number
    raise BadOperand(f"expected text, a number, true, false or null, not {_kind(value)}")


def _kind(value: object) -> str:
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "an array"
    return f"`{conditions.said(value)}`"


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise BadOperand(f"`{name}` takes text in quotes, not {_kind(value)}")
    return value


def _filled(name: str, value: object) -> str:
    if not _text(name, value):
        raise BadOperand(f"`{name}` takes text that is not empty: all text would match")
    return str(value)


def _emptiable(name: str, value: object) -> str:
    """The operators that are AWS's alone also take empty text, as there."""
    return _text(name, value) if name in ("wildcard", ANY_CASE) else _filled(name, value)


def _affix(name: conditions.How) -> Callable[[Any, conditions.Dialect], conditions.Condition]:
    def made(value: object, dialect: conditions.Dialect) -> conditions.Condition:
        if isinstance(value, Mapping):
            if list(value) != [ANY_CASE]:
                raise BadOperand(f"`{name}` takes text, or an object with `{ANY_CASE}` alone")
            text_of = _text if dialect == "aws" else _filled
            text = text_of(ANY_CASE, value[ANY_CASE])
            return conditions.Text(name, text.lower(), fold=True)
        if dialect == "aws" and value == "":
            return conditions.Text(name, "")
        return conditions.Text(name, _filled(name, value))

    return made


def _contains(value: object, dialect: conditions.Dialect) -> conditions.Condition:
    return conditions.Text("contains", _filled("contains", value))


def _any_case(value: object, dialect: conditions.Dialect) -> conditions.Condition:
    return conditions.Text(ANY_CASE, _text(ANY_CASE, value).lower(), fold=True)


def _wildcard(value: Any, dialect: conditions.Dialect) -> conditions.Condition:
    pieces, piece, escaped, star = [], "", False, False
    for letter in _text("wildcard", value):
        if escaped:
            if letter not in "*\\":
                raise BadOperand(f"`\\{letter}` means nothing in a wildcard: write `\\\\` or `\\*`")
            piece, escaped = piece + letter, False
        elif letter == "\\":
            escaped = True
        elif letter == "*":
            if star:
                raise BadOperand("`**` is one star too many in a wildcard: `*` is any length")
            pieces.append(piece)
            piece, star = "", True
            continue
        else:
            piece += letter
        star = False
    if escaped:
        raise BadOperand("a wildcard ends with `\\`: write `\\\\` for the character itself")
    return conditions.Wildcard(value, (*pieces, piece))


def _numeric(value: object, dialect: conditions.Dialect) -> conditions.Condition:
    if not isinstance(value, list | tuple) or not value or len(value) % 2:
        raise BadOperand('`numeric` takes pairs of a comparison and a number: [">", 0, "<=", 5]')
    terms = []
    for at in range(0, len(value), 2):
        name, number = value[at], value[at + 1]
        if not isinstance(name, str) or name not in conditions.COMPARE:
            known = suggest.listed(conditions.COMPARE)
            raise BadOperand(f"`numeric` compares with {known}, not {_kind(name)}", at)
        terms.append((name, _number(number, at + 1)))
    if len(terms) > 2:
        raise BadOperand("`numeric` takes one comparison, or two for a range")
    if dialect == "aws":
        _as_aws_writes([name for name, _ in terms])
    return conditions.Numeric(_possible(tuple(terms)), dialect)


def _number(number: object, at: int) -> int | float:
    if not conditions.is_number(number):
        raise BadOperand(
            f"`numeric` compares with a number without quotes, not {_kind(number)}", at
        )
    return _finite(number)


def _as_aws_writes(names: list[str]) -> None:
    """The comparisons that AWS's compiler takes (JsonRuleCompiler.java of aws/event-ruler)."""
    if "!=" in names:
        raise BadOperand("`numeric` has no `!=` in the aws dialect; write `anything-but`", 0)
    if len(names) == 2 and not (names[0] in (">", ">=") and names[1] in ("<", "<=")):
        raise BadOperand(
            "two comparisons are a range in the aws dialect: the lower bound with `>` or `>=`,"
            f" then the upper one with `<` or `<=`, not `{names[0]}` and `{names[1]}`"
        )


def _possible(terms: tuple[tuple[str, int | float], ...]) -> tuple[tuple[str, int | float], ...]:
    """The terms, if a number can meet them all."""
    low = [(number, name == ">") for name, number in terms if name in (">", ">=")]
    high = [(number, name == "<") for name, number in terms if name in ("<", "<=")]
    if low and high:
        (bottom, open_bottom), (top, open_top) = max(low), min(high)
        if bottom > top or (bottom == top and (open_bottom or open_top)):
            raise BadOperand("no number is in this range: swap the bounds?")
    return terms


def _cidr(value: object, dialect: conditions.Dialect) -> conditions.Condition:
    text = _text("cidr", value)
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise BadOperand(
            f"`cidr` takes an address or a network like 10.0.0.0/24: {error}"
        ) from error
    if network.version == 6 and dialect == "alibaba":
        raise BadOperand("`cidr` takes IPv4 only in the alibaba dialect; aws knows IPv6, too")
    return conditions.Cidr(network)


def _exists(value: object, dialect: conditions.Dialect) -> conditions.Condition:
    if not isinstance(value, bool):
        raise BadOperand(f"`exists` takes true or false without quotes, not {_kind(value)}")
    return conditions.Exists(value)


def _anything_but(value: object, dialect: conditions.Dialect) -> conditions.Condition:
    if isinstance(value, Mapping):
        return conditions.AnythingBut(_nested(value, dialect))
    if not isinstance(value, list | tuple):
        return conditions.AnythingBut((_but(value, dialect),))
    if not value:
        raise BadOperand("`anything-but` takes a value or an array of values, this one is empty")
    if dialect == "aws" and len({isinstance(each, str) for each in value}) > 1:
        raise BadOperand("`anything-but` takes all text or all numbers in the aws dialect")
    parts = []
    for at, each in enumerate(value):
        try:
            parts.append(_but(each, dialect))
        except BadOperand as error:
            raise BadOperand(error.message, at, *error.path) from error
    return conditions.AnythingBut(tuple(parts))


def _but(value: object, dialect: conditions.Dialect) -> conditions.Condition:
    if dialect == "aws" and (value is None or isinstance(value, bool)):
        raise BadOperand("`anything-but` takes text or numbers in the aws dialect")
    return exact(value, dialect)


def _nested(value: Mapping[str, object], dialect: conditions.Dialect) -> tuple[Any, ...]:
    """What ``anything-but`` excludes by an operator: of one text, or of each of several."""
    if len(value) != 1:
        raise BadOperand(f"`anything-but` takes one operator: {suggest.listed(_NESTED)}")
    [(name, operand)] = value.items()
    if name not in _NESTED:
        hint = suggest.expected(str(name), sorted(_NESTED))
        raise BadOperand(
            f"`anything-but` does not take `{str(name)[:60]}`{hint}", name, of_key=True
        )
    texts = operand if isinstance(operand, list | tuple) else [operand]
    if not texts:
        raise BadOperand(f"`{name}` takes text or an array of texts, this one is empty", name)
    parts = []
    for at, text in enumerate(texts):
        path = (name, at) if texts is operand else (name,)
        if isinstance(text, Mapping):
            raise BadOperand(f"`{name}` takes text here, not an object", *path)
        try:
            parts.append(_OPERATORS[name](_emptiable(name, text), dialect))
        except BadOperand as error:
            raise BadOperand(error.message, *path, *error.path) from error
    return tuple(parts)


_NESTED = ("prefix", "suffix", "contains", "wildcard", ANY_CASE)
_OPERATORS: dict[str, Callable[[Any, conditions.Dialect], conditions.Condition]] = {
    "prefix": _affix("prefix"),
    "suffix": _affix("suffix"),
    "contains": _contains,
    "wildcard": _wildcard,
    ANY_CASE: _any_case,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "cidr": _cidr,
    "exists": _exists,
}
NAMES = tuple(_OPERATORS)
