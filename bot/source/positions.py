"""Where the values of a text stand, by the ways to them."""

from __future__ import annotations

import re
from bisect import bisect_right

from bot.source import Mark, paths

Span = tuple[int, int, int]
"""The line and the column where a value begins, and the line on which it ends; all from 1."""


class Lines:
    """Offsets in a text as lines and columns."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


class Positions:
    """The places of the ``values`` of a text, and of the ``keys`` of those that have one. Values
    that came without text (None) have none: their marks are ways alone."""

    def __init__(self, file: str, text: str | None = None) -> None:
        self.file = file
        self.text = text
        self.values: dict[paths.Path, Span] = {}
        self.keys: dict[paths.Path, tuple[int, int]] = {}
        self._lines: Lines | None = None

    def mark(self, path: paths.Path, key: bool = False) -> Mark:
        """The place of a value, or of its ``key``; where it has none, of the nearest thing around
        it that has."""
        shown = paths.written(path)
        if self.text is None:
            return Mark(self.file, path=shown)
        if key and path in self.keys:
            return Mark(self.file, *self.keys[path], shown)
        around = path
        while around not in self.values and around:
            around = around[:-1]
        line, column, _ = self.values.get(around, (1, 1, 1))
        return Mark(self.file, line, column, shown)

    def at(self, offset: int) -> Mark:
        """The line and column of an offset in the text."""
        if self._lines is None:
            self._lines = Lines(self.text or "")
        return Mark(self.file, *self._lines.place(offset))
