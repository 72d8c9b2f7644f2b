"""``{{ name }}`` in text: what a piece of text refers to, and values put where they stand.

A value is data wherever it lands: inside JSON text it is encoded as JSON says (a hostile string
cannot add a key), in plain text it is printed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bot.oos.expr import values

_NAME = r"(?:(?i:oos(?:-secret)?):[^\s{}]+|[\w-]+(?:::[\w-]+)?)"
_REFERENCE = re.compile(r"\{\{[ \t\r\n]*(" + _NAME + r")(?:\.([\w-]+))?[ \t\r\n]*\}\}")
_NEARLY = re.compile(r"\{\{(?P<inner>[\w\s.:-]*)(?P<end>\}{0,2})")
_FOREIGN = re.compile(r"\.|\w+ +\.$|(?:if|index|json|len|range|with) +\.|-?\w*\.\.")
"""What Go (``{{json .}}``) and the shell (``{{1..3}}``) write between two braces."""
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARKER = re.compile(_OPEN + r"(\d+)" + _CLOSE)
EXPECTED = "expected {{ parameter }}, {{ task.output }} or {{ ACS::Name }}"


@dataclass(frozen=True, slots=True)
class Name:
    """What stands between the braces: ``{{ name }}`` or ``{{ name.output }}``."""

    name: str
    output: str | None = None

    def __str__(self) -> str:
        return f"{{{{ {self.name}{'.' + self.output if self.output else ''} }}}}"


Parts = tuple[str | Name, ...]
"""Text cut at its references; never two strings in a row."""


@lru_cache(maxsize=8192)
def split(text: str) -> Parts:
    """Cut a text at its references."""
    parts: list[str | Name] = []
    at = 0
    for match in _REFERENCE.finditer(text):
        if match.start() > at:
            parts.append(text[at : match.start()])
        parts.append(_name(match))
        at = match.end()
    if at < len(text) or not parts:
        parts.append(text[at:])
    return tuple(parts)


def _name(match: re.Match[str]) -> Name:
    name, output = match.group(1), match.group(2)
    if name.lower().startswith("oos"):
        path = f"{name}.{output}" if output else name
        return Name(path) if ":" in path and "::" not in path else Name(name, output)
    return Name(name, output)


def whole(text: str) -> Name | None:
    """The one reference that the whole text is; None: there is more to it, or less."""
    parts = split(text)
    return parts[0] if len(parts) == 1 and isinstance(parts[0], Name) else None


def names(text: str) -> list[Name]:
    return [part for part in split(text) if isinstance(part, Name)]


def malformed(text: str) -> list[str]:
    """What is wrong with the braces of a text. Braces around anything that OOS could not mean
    (``{{.State}}`` of Go, ``{{ "x" }}``) are text."""
    if "{{" not in text:
        return []
    wrong = []
    for part in split(text):
        if isinstance(part, Name):
            continue
        for match in _NEARLY.finditer(part):
            inner = match["inner"]
            shown = values.brief(match.group(0).strip())
            if match["end"] == "}}" and not _FOREIGN.match(inner.strip()):
                wrong.append(f"{shown} is no reference: {EXPECTED}")
            elif match["end"] != "}}" and re.match(r"[ \t]*[\w-]", inner) and _ends(part, match):
                wrong.append(f"{shown} is not closed with }}}}: {EXPECTED}")
    return wrong


def _ends(part: str, match: re.Match[str]) -> bool:
    """Does the text stop, or go on like text, where the closing braces are missing?"""
    after = part[match.end() : match.end() + 1]
    return after == "" or match["end"] == "}" or "{{" in part[match.end() :][:2]


def fill(parts: Parts, lookup: Callable[[Name], Any]) -> str:
    """The text with the value of every reference in its place."""
    shape = _json_shape(parts)
    if shape is None:
        text = "".join(
            part if isinstance(part, str) else values.printed(lookup(part)) for part in parts
        )
    else:
        text = "".join(
            piece.write(lookup) if isinstance(piece, _Slot) else piece for piece in shape
        )
    if len(text) > values.MOST_TEXT:
        raise ValueError(f"the text would be longer than {values.MOST_TEXT} characters")
    return text


@dataclass(frozen=True, slots=True)
class _Slot:
    """A place of JSON text that values fill: a whole value, or a string literal with parts."""

    parts: Parts
    quoted: bool

    def write(self, lookup: Callable[[Name], Any]) -> str:
        if self.quoted:
            return json.dumps(fill(self.parts, lookup), ensure_ascii=False)
        (name,) = self.parts
        assert isinstance(name, Name)
        return values.written(lookup(name))


@lru_cache(maxsize=4096)
def _json_shape(parts: Parts) -> tuple[str | _Slot, ...] | None:
    """JSON text cut into what stays and what values fill; None: the text is no JSON."""
    first = parts[0]
    if not isinstance(first, str) or not first.lstrip().startswith(("{", "[")):
        return None
    if any(_OPEN in part or _CLOSE in part for part in parts if isinstance(part, str)):
        return None
    marked = "".join(
        part if isinstance(part, str) else f"{_OPEN}{at}{_CLOSE}" for at, part in enumerate(parts)
    )
    pieces = _STRINGS.split(marked)
    probe = "".join(piece if at % 2 else _MARKER.sub("0", piece) for at, piece in enumerate(pieces))
    try:
        json.loads(probe, strict=False)
    except (ValueError, RecursionError):
        return None
    return tuple(_slots(pieces, parts))


_STRINGS = re.compile(r'("(?:[^"\\]|\\.)*")', re.DOTALL)


def _slots(pieces: Iterable[str], parts: Parts) -> Iterable[str | _Slot]:
    for at, piece in enumerate(pieces):
        if not at % 2:
            for index, text in enumerate(_MARKER.split(piece)):
                if index % 2:
                    yield _Slot((parts[int(text)],), quoted=False)
                elif text:
                    yield text
        elif _OPEN in piece:
            yield _Slot(unmark(json.loads(piece, strict=False), parts), quoted=True)
        else:
            yield piece


def unmark(text: str, parts: Parts) -> Parts:
    """Text with numbered marks, with the parts they stand for."""
    pieces: list[str | Name] = []
    for index, piece in enumerate(_MARKER.split(text)):
        if index % 2:
            pieces.append(parts[int(piece)])
        elif piece:
            pieces.append(piece)
    return tuple(pieces) or ("",)
