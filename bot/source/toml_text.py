"""TOML, with the line of each value, and on past its errors, so that all faults are told at once.

``tomllib`` reads the values and says what is wrong, but forgets where things stand: that is told
by tree-sitter. ``tomllib`` stops at the first error. The statement that holds it is blanked and
the rest read again; a statement is a key with its value, or a header with everything below it.
"""

from __future__ import annotations

import bisect
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import tree_sitter
import tree_sitter_toml

from bot.source import Fault, Mark
from bot.source.paths import Path

MOST_ERRORS = 30
DEEPEST = 150
"""How deep values may nest; what is checked later goes down into them by recursion."""
_PARSER: Final = tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language()))
_KEYS = frozenset({"bare_key", "quoted_key", "dotted_key"})
_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", re.DOTALL)
_HINTS = {
    "Invalid value": "text stands in quotes, and true, false and numbers without",
    "Cannot overwrite a value": "this key stands here for the second time",
    "Invalid statement": 'a line is a [table] or a key = "value"',
}
_PIECE = re.compile(r"(?P<joined>\\[ \t]*\n\s*)|\\(?:u.{4}|U.{8}|.)|.", re.DOTALL)
_ANY = re.compile(".", re.DOTALL)


# ----------------------------------------------------------------------------- lines


class Lines:
    """The line of every key, list element and table header, counted from 1; of broken text, of
    what can be made out. ``statements`` are the lines on which one begins."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self.statements: list[int] = []
        self._strings: dict[Path, tree_sitter.Node] = {}
        self._counts: dict[Path, int] = {}
        try:
            for node in _PARSER.parse(text.encode(errors="replace")).root_node.named_children:
                self._statement(node, ())
        except RecursionError:
            return  # of text nested absurdly deep, the beginning is known

    def of(self, path: Path) -> int:
        """The line of the value at ``path``, or of the nearest thing around it that has one."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 1

    def within(self, path: Path, line: int, column: int) -> int:
        """The line of the file on which a place of the text at ``path`` stands; ``line`` and
        ``column`` count from 1 in the text as it is read."""
        if path not in self._strings:
            return self.of(path)
        written = _text(self._strings[path])
        size = 3 if written[:3] in ('"""', "'''") and len(written) >= 6 else 1
        at = size + (size == 3 and written.startswith("\n", size))
        here = (1, 1)
        pieces = _PIECE if written[0] == '"' else _ANY
        for piece in pieces.finditer(written, at, len(written) - size):
            if not piece.groupdict().get("joined"):
                if here >= (line, column):
                    break
                here = (here[0] + 1, 1) if piece[0] in ("\n", "\\n") else (here[0], here[1] + 1)
            at = piece.end()
        return _line(self._strings[path]) + written.count("\n", 0, at)

    def _statement(self, node: tree_sitter.Node, table: Path) -> None:
        if node.type in _KEYS or node.type == "comment":
            return
        self.statements.append(_line(node))
        if node.type == "pair":
            self._pair(node, table)
        elif node.type in ("table", "table_array_element"):
            table = self._header(node)
            for inner in node.named_children:
                self._statement(inner, table)

    def _header(self, node: tree_sitter.Node) -> Path:
        table: Path = ()
        keys = list(_keys(node))
        for key in keys[:-1]:
            table = self._inside((*table, key), _line(node))
        table = (*table, *keys[-1:])
        if node.type == "table_array_element":
            index = self._counts.get(table, 0)
            self._counts[table] = index + 1
            self.lines.setdefault(table, _line(node))
            table = (*table, index)
        else:
            table = self._inside(table, _line(node))
        self.lines[table] = _line(node)
        return table

    def _inside(self, table: Path, line: int) -> Path:
        """The table itself, or the newest one where it is an array of tables."""
        self.lines.setdefault(table, line)
        return (*table, self._counts[table] - 1) if table in self._counts else table

    def _pair(self, node: tree_sitter.Node, table: Path) -> None:
        path = table
        for key in _keys(node):
            path = (*path, key)
            self.lines.setdefault(path, _line(node))
        for value in node.named_children:
            if value.type not in _KEYS:
                self._value(value, path)

    def _value(self, node: tree_sitter.Node, path: Path) -> None:
        if node.type == "string":
            self._strings[path] = node
        elif node.type == "array":
            items = (item for item in node.named_children if item.type != "comment")
            for index, item in enumerate(items):
                self.lines[(*path, index)] = _line(item)
                self._value(item, (*path, index))
        elif node.type == "inline_table":
            for inner in node.named_children:
                if inner.type == "pair":
                    self._pair(inner, path)


def _line(node: tree_sitter.Node) -> int:
    return node.start_point.row + 1


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode()


def _keys(node: tree_sitter.Node) -> Iterator[str]:
    """The keys of a header, of a pair, or of a dotted key."""
    for inner in node.named_children:
        if inner.type == "bare_key":
            yield _text(inner)
        elif inner.type == "quoted_key":
            yield _quoted(_text(inner))
        elif inner.type == "dotted_key":
            yield from _keys(inner)


def _quoted(key: str) -> str:
    """What stands in the quotes of a key; of one that is not valid, the key as it is written."""
    try:
        return next(iter(tomllib.loads(f"{key} = 0")))
    except ValueError:
        return key


# ----------------------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class Reading:
    """``values`` of what could be read; ``skipped`` is the text of what could not, and in ``text``
    blank lines stand for it."""

    text: str
    values: dict[str, Any]
    faults: tuple[Fault, ...]
    skipped: str


@dataclass(frozen=True, slots=True)
class _Error:
    line: int
    message: str


def read(text: str) -> Reading:
    """Everything that can be read of a TOML text."""
    lines = _lines(text)
    faults: list[Fault] = []
    skipped: list[str] = []
    while True:
        rest = "".join(lines)
        values = _values(rest)
        if not isinstance(values, _Error):
            return Reading(rest, values, tuple(faults), "".join(skipped))
        if not values.line or len(faults) > MOST_ERRORS:
            faults.append(_fault(values.line, values.message))
            return Reading("", {}, tuple(faults), text)
        first, last = _broken(lines, values.line)
        faults.append(_fault(first, values.message))
        blanked = lines[first - 1 : last]
        if not "".join(blanked).strip():
            return Reading("", {}, tuple(faults), text)
        skipped += blanked
        lines[first - 1 : last] = ["\n"] * len(blanked)


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _fault(line: int, message: str) -> Fault:
    return Fault(Mark(line=line), f"not valid TOML: {message}")


def _values(text: str) -> dict[str, object] | _Error:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = _PLACE.fullmatch(str(error))
        message = match.group(1) if match else str(error)
        hint = _HINTS.get(message)
        message = f"{message} ({hint})" if hint else message
        if match and match.group(2):
            return _Error(int(match.group(2)), message)
        lines = _lines(text)
        start = _start(lines, len(lines))
        return _Error(start, f"{message} before the file ends: is it never closed?")
    except RecursionError:
        return _Error(0, "it is nested too deeply")
    except ValueError as error:  # a number with thousands of digits
        return _Error(0, str(error).partition(";")[0])
    return values if _shallow(values) else _Error(0, "it is nested too deeply")


def _shallow(values: dict[str, object]) -> bool:
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


def _start(lines: list[str], line: int) -> int:
    """Where the statement begins that ``line``, with the first error, is a part of: at the last one
    before which everything is whole. What tree-sitter makes of what follows an error is a guess."""
    starts = sorted({s for s in Lines("".join(lines)).statements if s <= line})
    whole = bisect.bisect_left(starts, True, key=lambda start: not _whole(lines[: start - 1]))
    return starts[whole - 1] if whole else line


def _whole(lines: list[str]) -> bool:
    try:
        tomllib.loads("".join(lines))
    except (ValueError, RecursionError):
        return False
    return True


def _broken(lines: list[str], line: int) -> tuple[int, int]:
    """The first and last line to blank: of the candidates, what lets the reading come furthest."""
    start = _start(lines, line)
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
    values = _values("".join([*lines[: first - 1], *blank, *lines[last:]]))
    return values.line if isinstance(values, _Error) else float("inf")
