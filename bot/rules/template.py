"""Templates: text with ``${name}``, taken apart before any value is known.

``$${`` is a literal ``${``. For JSON the text is parsed first and values are put into what was
parsed, so no value can change the structure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from bot import source
from bot.rules import escapes
from bot.source import json_text

_HOLE = re.compile(r"(?P<literal>\$\$\{)|\$\{(?P<name>[^{}$]*)\}|(?P<open>\$\{)")
_NAME = re.compile(r"[^\W\d][\w.-]*")


@dataclass(frozen=True, slots=True)
class Hole:
    """A place for the value of ``name``."""

    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Text between holes."""

    text: str
    offset: int


Part = Piece | Hole


@lru_cache(maxsize=1024)
def parts(text: str) -> tuple[Part, ...]:
    """Literal text and holes in turn."""
    pieces: list[Part] = []
    end = 0
    for match in _HOLE.finditer(text):
        if match.start() > end:
            pieces.append(Piece(text[end : match.start()], end))
        end = match.end()
        if match["literal"]:
            pieces.append(Piece("${", match.start()))
            continue
        name = (match["name"] or "").strip()
        if match["open"] or not _NAME.fullmatch(name):
            message = "`${` begins a variable, ${name}; write `$${` for the characters themselves"
            raise _wrong(message, match.start())
        pieces.append(Hole(name, match.start()))
    if end < len(text):
        pieces.append(Piece(text[end:], end))
    return tuple(pieces)


def _wrong(message: str, offset: int) -> source.Invalid:
    """A template that cannot be used; the column of the mark is where."""
    return source.Invalid(source.Fault(source.Mark(column=offset + 1), message))


def holes(text: str) -> tuple[Hole, ...]:
    """The variables of a template, in reading order."""
    return tuple(part for part in parts(text) if isinstance(part, Hole))


def filled(text: str, values: Mapping[str, object], into: Literal["json", "text"]) -> Any:
    """The template with its values. For ``json`` the parsed value, else text."""
    if into == "json":
        return _filled(structure(text), values)
    return "".join(
        p.text if isinstance(p, Piece) else written(escapes.text, p, values) for p in parts(text)
    )


def written(write: Callable[[Any], str], hole: Hole, values: Mapping[str, object]) -> str:
    """A value, written for where it lands. escapes.Unwritable names its variable."""
    try:
        return write(values[hole.name])
    except escapes.Unwritable as unfit:
        raise escapes.Unwritable(f"`{hole.name}`: {unfit}") from unfit


def _filled(value: object, values: Mapping[str, object]) -> object:
    if isinstance(value, Hole):
        return values[value.name]
    if isinstance(value, dict):
        return {key: _filled(inner, values) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, values) for inner in value]
    if isinstance(value, tuple):
        return "".join(p if isinstance(p, str) else written(escapes.text, p, values) for p in value)
    return value


@lru_cache(maxsize=1024)
def structure(text: str) -> object:
    """A template of JSON as parsed: a Hole stands for a whole value, a tuple of parts for a
    string that has holes in it. Invalid where it is no JSON."""
    return joined(parts(text))


@lru_cache(maxsize=1024)
def joined(pieces: tuple[Part, ...]) -> object:
    """``structure`` of text that is taken apart already."""
    mark = _unused("".join(part.text for part in pieces if isinstance(part, Piece)))
    made: list[tuple[str, Part]] = []
    names: list[Hole] = []
    within = False
    for part in pieces:
        if isinstance(part, Piece):
            made.append((part.text, part))
            within = _in_string(part.text, within)
        else:
            stand_in = f"{mark}{len(names)}{mark}"
            made.append((stand_in if within else f'"{mark}{stand_in}"', part))
            names.append(part)
    whole = "".join(piece for piece, _ in made)
    try:
        value = json_text.value(whole, "template")
    except source.Invalid as error:
        fault = error.faults[0]
        offset = _unshifted(made, _offset(whole, fault.mark))
        message = f"no JSON: {fault.message.translate({ord(mark): None})}"
        raise _wrong(message, offset) from error
    return _parsed(value, mark, names)


def _parsed(value: object, mark: str, names: list[Hole]) -> object:
    if isinstance(value, dict):
        for key in value:
            if mark in key:
                hole = names[int(key.split(mark)[1] or key.split(mark)[2])]
                message = "a variable in a key could replace another key; write the key out"
                raise _wrong(message, hole.offset)
        return {key: _parsed(inner, mark, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [_parsed(inner, mark, names) for inner in value]
    if isinstance(value, str) and mark in value:
        if value.startswith(mark * 2):
            return names[int(value.strip(mark))]
        pieces = value.split(mark)
        return tuple(
            names[int(piece)] if at % 2 else piece
            for at, piece in enumerate(pieces)
            if at % 2 or piece
        )
    return value


def _unused(text: str) -> str:
    """A character of the private area that the template has neither as it is nor escaped."""
    written = text.lower()
    return next(
        chr(code)
        for code in range(0xE000, 0xF8FF)
        if chr(code) not in text and f"\\u{code:04x}" not in written
    )


def _in_string(part: str, within: bool) -> bool:
    """Is the end of a piece of JSON within a string?"""
    for token in re.finditer(r'\\.|"', part, re.DOTALL):
        if token[0] == '"':
            within = not within
    return within


def _offset(text: str, mark: source.Mark) -> int:
    return sum(len(each) + 1 for each in text.split("\n")[: mark.line - 1]) + mark.column - 1


def _unshifted(made: list[tuple[str, Part]], offset: int) -> int:
    """The offset in the template of an offset in what was made of it."""
    at = 0
    for piece, part in made:
        at = part.offset + (min(offset, len(piece)) if isinstance(part, Piece) else 0)
        if offset < len(piece):
            break
        offset -= len(piece)
    return at
