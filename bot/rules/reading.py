"""JSON text with the place of everything in it, so that a fault can say file:line:column.

The library's own reader tells places of syntax errors only, takes NaN, and lets the last of two
equal keys win without a word: in a pattern that silently drops a condition.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any, NoReturn

from bot import source
from bot.source import paths

DEPTH = 64
"""How deep a pattern may nest; people write three or four levels."""
_SPACE = re.compile(r"[ \t\n\r]*")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}
_WORD = re.compile(r"true|false|null")
_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_STRINGS = json.JSONDecoder()
_DIGITS = 400


@dataclass(slots=True)
class Source:
    """The text that was read, and the offset at which the value of each path stands."""

    text: str
    file: str
    offsets: dict[tuple[str | int, ...], int] = field(default_factory=dict)
    keys: dict[tuple[str | int, ...], int] = field(default_factory=dict)
    _lines: list[int] = field(default_factory=list)

    def mark(self, path: tuple[str | int, ...], key: bool = False) -> source.Mark:
        """The place of a value, or of its ``key``; where it has none, of what is around it."""
        places = self.keys if key and path in self.keys else self.offsets
        around = path
        while around not in places and around:
            around = around[:-1]
        return self.at(places.get(around, 0), paths.written(path))

    def at(self, offset: int, path: str = "") -> source.Mark:
        """The line and column of an offset."""
        if not self._lines:
            self._lines = [0, *(found.end() for found in re.finditer("\n", self.text))]
        line = bisect_right(self._lines, offset)
        return source.Mark(self.file, line, offset - self._lines[line - 1] + 1, path)


@dataclass(slots=True)
class Bare:
    """The places of a mapping that came without text: its paths are all there is."""

    file: str

    def mark(self, path: tuple[str | int, ...], key: bool = False) -> source.Mark:
        return source.Mark(self.file, path=paths.written(path))


def read(text: str, file: str) -> tuple[Any, Source]:
    """The value of JSON text and the places of its parts. Invalid where it is not JSON, has
    a key twice, a number that is not finite, or nests deeper than ``DEPTH``."""
    source = Source(text, file)
    reader = _Reader(source)
    value, end = reader.value(reader.skip(0), ())
    end = reader.skip(end)
    if end != len(text):
        reader.fail(end, f"nothing may follow the JSON value, but here is {reader.here(end)}")
    return value, source


def event(text: str, file: str = "event") -> dict[str, Any]:
    """The event in JSON text. Invalid where the text is not one JSON object, or has a key twice:
    which of the two was meant, nobody can say."""
    try:
        value = json.loads(
            text, parse_constant=_refused, parse_float=_finite, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        mark = source.Mark(file, error.lineno, error.colno)
        raise source.Invalid(source.Fault(mark, f"not JSON: {error.msg}")) from error
    except RecursionError as error:
        raise _unreadable(file, "nested too deep to be read") from error
    except _Twice as error:
        raise _unreadable(file, str(error)) from error
    except ValueError as error:
        raise _unreadable(file, f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise _unreadable(file, "an event is a JSON object in braces")
    return value


def _unreadable(file: str, message: str) -> source.Invalid:
    return source.Invalid(source.Fault(source.Mark(file, 1, 1), message))


class _Twice(ValueError):
    """A key stands twice in one object."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Twice(f"the key `{twice[:60]}` stands twice in one object")
    return made


def _refused(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:20]} is too large")
    return number


class _Reader:
    """A recursive reader; ``value`` gives the value and the offset behind it."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text

    def fail(self, offset: int, message: str) -> NoReturn:
        raise source.Invalid(source.Fault(self.source.at(offset), message))

    def skip(self, offset: int) -> int:
        found = _SPACE.match(self.text, offset)
        return found.end() if found else offset

    def here(self, offset: int) -> str:
        found = self.text[offset : offset + 1]
        return f"`{found}`" if found else "the end of the text"

    def value(self, at: int, path: tuple[str | int, ...]) -> tuple[Any, int]:
        if len(path) > DEPTH:
            self.fail(at, f"nested deeper than {DEPTH} levels")
        self.source.offsets[path] = at
        first = self.text[at : at + 1]
        if first == "{":
            return self.object(at + 1, path)
        if first == "[":
            return self.array(at + 1, path)
        if first == '"':
            return self.string(at)
        if word := _WORD.match(self.text, at):
            return _WORDS[word[0]], word.end()
        if number := _NUMBER.match(self.text, at):
            return self.number(at, number), number.end()
        self.fail(at, f"expected a JSON value, found {self.here(at)}")

    def string(self, at: int) -> tuple[str, int]:
        try:
            text, end = _STRINGS.raw_decode(self.text, at)
            return str(text), end
        except json.JSONDecodeError as error:
            self.fail(min(error.pos, len(self.text)), f"a broken string: {error.msg}")

    def number(self, at: int, found: re.Match[str]) -> int | float:
        if len(found[0]) > _DIGITS:
            self.fail(at, f"a number of more than {_DIGITS} digits")
        if found[2] is None and found[3] is None:
            return int(found[1])
        number = float(found[0])
        if not math.isfinite(number):
            self.fail(at, f"the number {found[0][:20]} is too large")
        return number

    def object(self, at: int, path: tuple[str | int, ...]) -> tuple[dict[str, Any], int]:
        made: dict[str, Any] = {}
        at = self.skip(at)
        if self.text[at : at + 1] == "}":
            return made, at + 1
        while True:
            if self.text[at : at + 1] != '"':
                self.fail(at, f"expected a key in double quotes, found {self.here(at)}")
            key, end = self.string(at)
            if key in made:
                self.fail(at, f"the key `{key}` stands twice in this object; join its values")
            self.source.keys[(*path, key)] = at
            end = self.skip(end)
            if self.text[end : end + 1] != ":":
                self.fail(end, f"expected `:` after the key, found {self.here(end)}")
            made[key], at = self.value(self.skip(end + 1), (*path, key))
            at = self.skip(at)
            if self.text[at : at + 1] == "}":
                return made, at + 1
            at = self.comma(at, "}")

    def array(self, at: int, path: tuple[str | int, ...]) -> tuple[list[Any], int]:
        made: list[Any] = []
        at = self.skip(at)
        if self.text[at : at + 1] == "]":
            return made, at + 1
        while True:
            item, at = self.value(at, (*path, len(made)))
            made.append(item)
            at = self.skip(at)
            if self.text[at : at + 1] == "]":
                return made, at + 1
            at = self.comma(at, "]")

    def comma(self, at: int, closing: str) -> int:
        if self.text[at : at + 1] != ",":
            self.fail(at, f"expected `,` or `{closing}`, found {self.here(at)}")
        return self.skip(at + 1)
