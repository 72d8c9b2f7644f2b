"""JSON text, strictly read.

The library's own reader tells places of syntax errors only, takes NaN, and lets the last of two
equal keys win without a word: in a pattern that silently drops a condition.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from typing import Any, NoReturn

from bot.source import Fault, Invalid, Mark
from bot.source.nodes import DEEPEST, MOST_DIGITS, Builder
from bot.source.positions import Lines, Positions

_SPACE = re.compile(r"[ \t\r\n]*")
_WORDS: dict[str, object] = {"true": True, "false": False, "null": None}
_WORD = re.compile(r"true|false|null")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_STRINGS = json.JSONDecoder()


def read(text: str, file: str) -> tuple[Any, Positions]:
    """The value of JSON text and the places of its parts. Invalid where it is not JSON, has a key
    twice, a number that is not finite, or nests deeper than ``nodes.DEEPEST``."""
    builder = Builder(file, text)
    feed(text, builder)
    if builder.faults:
        raise Invalid(*builder.faults)
    return builder.root, builder.positions


def value(text: str, file: str) -> Any:
    """The value alone of what ``read`` reads, which takes a fifth of the time. Invalid as there."""
    if text.count("{") + text.count("[") <= DEEPEST:
        with contextlib.suppress(ValueError, Invalid):
            return _VALUES.decode(text)
    return read(text, file)[0]


def feed(text: str, builder: Builder) -> None:
    """Give a builder all that the text holds. Invalid where it is not JSON; keys that stand twice
    are left to the builder."""
    _Reader(text, builder).read()


def loads(text: str) -> Any:
    """The value of JSON text, without places; of a key that stands twice the last one counts, as
    people who paste JSON know it. Invalid: it is none."""
    try:
        return json.loads(text, parse_constant=_refused, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"not JSON: {error}") from None


def event(text: str, file: str = "event") -> dict[str, Any]:
    """The event in JSON text. Invalid where the text is not one JSON object, or has a key twice:
    which of the two was meant, nobody can say."""
    try:
        value = json.loads(
            text, parse_constant=_refused, parse_float=_finite, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        mark = Mark(file, error.lineno, error.colno)
        raise Invalid(Fault(mark, f"not JSON: {error.msg}")) from error
    except RecursionError as error:
        raise _unreadable(file, "nested too deep to be read") from error
    except Invalid as error:
        raise _unreadable(file, error.message) from error
    except ValueError as error:
        raise _unreadable(file, f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise _unreadable(file, "an event is a JSON object in braces")
    return value


def _unreadable(file: str, message: str) -> Invalid:
    return Invalid(Fault(Mark(file, 1, 1), message))


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Invalid(f"the key `{twice[:60]}` stands twice in one object")
    return made


def _refused(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:20]} is too large")
    return number


def _bounded(text: str) -> str:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"a number of more than {MOST_DIGITS} digits")
    return text


_VALUES = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_constant=_refused,
    parse_float=lambda text: _finite(_bounded(text)),
    parse_int=lambda text: int(_bounded(text)),
)


class _Reader:
    """``at`` is the offset of what is read next."""

    def __init__(self, text: str, builder: Builder) -> None:
        self.text = text
        self.at = 0
        self._builder = builder
        self._lines = Lines(text)

    def read(self) -> None:
        self._skip()
        ends: list[str] = []
        fresh = self._value(ends)
        while ends:
            self._skip()
            if self.text.startswith(ends[-1], self.at):
                self._builder.close(*self._lines.place(self.at))
                self.at += 1
                ends.pop()
                fresh = False
                continue
            if not fresh:
                self._take(",", f"expected `,` or `{ends[-1]}`")
            if ends[-1] == "}":
                self._key()
            fresh = self._value(ends)
        self._skip()
        if self.at < len(self.text):
            raise self._fail(f"nothing may follow the JSON value, but here is {self._here()}")

    def _key(self) -> None:
        if not self.text.startswith('"', self.at):
            raise self._fail(f"expected a key in double quotes, found {self._here()}")
        place = self._lines.place(self.at)
        self._builder.key(self._string(), *place)
        self._skip()
        self._take(":", "expected `:` after the key")

    def _value(self, ends: list[str]) -> bool:
        """Reads a scalar, or opens a list or a mapping; did it open one?"""
        char = self.text[self.at : self.at + 1]
        line, column = self._lines.place(self.at)
        if char in ("{", "["):
            self._builder.open({} if char == "{" else [], line, column)
            ends.append("}" if char == "{" else "]")
            self.at += 1
            return True
        self._builder.scalar(self._scalar(char), line, column, line)
        return False

    def _scalar(self, char: str) -> object:
        if char == '"':
            return self._string()
        if word := _WORD.match(self.text, self.at):
            self.at = word.end()
            return _WORDS[word[0]]
        digits = _NUMBER.match(self.text, self.at)
        if digits is None:
            raise self._fail(f"expected a JSON value, found {self._here()}")
        number = self._number(digits)
        self.at = digits.end()
        return number

    def _number(self, digits: re.Match[str]) -> int | float:
        if len(digits[0]) > MOST_DIGITS:
            raise self._fail(f"a number of more than {MOST_DIGITS} digits")
        if digits[1] is None and digits[2] is None:
            return int(digits[0])
        number = float(digits[0])
        if not math.isfinite(number):
            raise self._fail(f"the number {digits[0][:20]} is too large")
        return number

    def _string(self) -> str:
        try:
            text, self.at = _STRINGS.raw_decode(self.text, self.at)
        except json.JSONDecodeError as error:
            self.at = min(error.pos, len(self.text))
            raise self._fail(f"a broken string: {error.msg}") from None
        return str(text)

    def _take(self, char: str, otherwise: str) -> None:
        if not self.text.startswith(char, self.at):
            raise self._fail(f"{otherwise}, found {self._here()}")
        self.at += 1
        self._skip()

    def _skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def _here(self) -> str:
        char = self.text[self.at : self.at + 1]
        return f"`{char}`" if char else "the end of the text"

    def _fail(self, message: str) -> Invalid:
        return self._builder.fail(message, *self._lines.place(self.at))
