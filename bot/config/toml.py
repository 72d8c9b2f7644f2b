"""Reading TOML on past its errors, so that all faults of a file are told at once.

``tomllib`` stops at the first error. The statement that holds it is blanked and the rest read
again; a statement is a key with its value, or a header with everything below it.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import Any

from bot import source
from bot.config import locate

MOST_ERRORS = 30
DEEPEST = 150
"""How deep values may nest; what is checked later goes down into them by recursion."""
_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", re.DOTALL)
_HINTS = {
    "Invalid value": "text stands in quotes, and true, false and numbers without",
    "Cannot overwrite a value": "this key stands here for the second time",
    "Invalid statement": 'a line is a [table] or a key = "value"',
}


@dataclass(frozen=True, slots=True)
class Reading:
    """``values`` of what could be read; ``skipped`` is the text of what could not, and in ``text``
    blank lines stand for it."""

    text: str
    values: dict[str, Any]
    faults: tuple[source.Fault, ...]
    skipped: str


@dataclass(frozen=True, slots=True)
class _Error:
    line: int
    message: str


def read(text: str) -> Reading:
    """Everything that can be read of a TOML text."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    faults: list[source.Fault] = []
    skipped: list[str] = []
    while True:
        left = "".join(lines)
        read = _values(left)
        if not isinstance(read, _Error):
            return Reading(left, read, tuple(faults), "".join(skipped))
        if not read.line or len(faults) > MOST_ERRORS:
            faults.append(
                source.Fault(source.Mark(line=read.line), f"not valid TOML: {read.message}")
            )
            return Reading("", {}, tuple(faults), text)
        first, last = _broken(lines, read.line)
        faults.append(source.Fault(source.Mark(line=first), f"not valid TOML: {read.message}"))
        gone = lines[first - 1 : last]
        if not "".join(gone).strip():
            return Reading("", {}, tuple(faults), text)
        skipped += gone
        lines[first - 1 : last] = ["\n"] * len(gone)


def _values(text: str) -> dict[str, Any] | _Error:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = _PLACE.fullmatch(str(error))
        message = match.group(1) if match else str(error)
        hint = _HINTS.get(message)
        message = f"{message} ({hint})" if hint else message
        if match and match.group(2):
            return _Error(int(match.group(2)), message)
        statements = locate.Lines(text).statements or [1]
        return _Error(statements[-1], f"{message} before the file ends: is it never closed?")
    except RecursionError:
        return _Error(0, "it is nested too deeply")
    except ValueError as error:  # a number with thousands of digits
        return _Error(0, str(error).partition(";")[0])
    return values if _shallow(values) else _Error(0, "it is nested too deeply")


def _shallow(values: dict[str, Any]) -> bool:
    level: list[Any] = [values]
    for _ in range(DEEPEST):
        level = [
            inner
            for value in level
            for inner in (value.values() if isinstance(value, dict) else value)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return True
    return False


def _broken(lines: list[str], line: int) -> tuple[int, int]:
    """The first and last line to blank: of the candidates, what lets the reading come furthest."""
    start = max((s for s in locate.Lines("".join(lines)).statements if s <= line), default=line)
    header = lines[line - 1].lstrip().startswith("[")
    if header and start == line:
        return _block(lines, line)
    candidates = [(line, line), (start, start), (start, line)]
    if header:
        candidates.append(_block(lines, line))
    return max(candidates, key=lambda span: _progress(lines, *span))


def _block(lines: list[str], line: int) -> tuple[int, int]:
    """A header and everything below it."""
    end = line
    while end < len(lines) and not lines[end].lstrip().startswith("["):
        end += 1
    return line, end


def _progress(lines: list[str], first: int, last: int) -> float:
    """The line of the next error once these lines are blank."""
    blank = ["\n"] * (last - first + 1)
    read = _values("".join([*lines[: first - 1], *blank, *lines[last:]]))
    return read.line if isinstance(read, _Error) else float("inf")
