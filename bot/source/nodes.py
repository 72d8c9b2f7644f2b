"""Values and their places, put together from what a reader of YAML or JSON finds, in order.

Without recursion: a file of nothing but brackets must be a fault, not a crash.
"""

from __future__ import annotations

from typing import Any

from bot.source import Fault, Invalid, Mark, paths
from bot.source.positions import Positions

DEEPEST = 64
MOST_NODES = 50_000
MOST_DIGITS = 400
"""Of one number, with its sign, point and exponent."""


class _Frame:
    """A list or a mapping that is still being filled. ``at``: the way to the entry of a mapping
    whose key was read last; ``many``: it is a list."""

    __slots__ = ("anchor", "at", "began", "key", "lines", "many", "merged", "path", "value")

    def __init__(self, value: Any, path: paths.Path, anchor: str | None, began: int) -> None:
        self.value = value
        self.many = isinstance(value, list)
        self.path = self.at = path
        self.anchor = anchor
        self.began = began
        self.key: str | None = None
        self.lines: dict[str, int] = {}
        self.merged: list[Any] = []


class Builder:
    """``root`` is the whole value at the end, ``faults`` the keys that stand twice; ``wants_key``:
    the next scalar is a key. The text is that of a ``file``, which faults name."""

    def __init__(self, file: str, text: str) -> None:
        self.positions = Positions(file, text)
        self.root: Any = None
        self.wants_key = False
        self.faults: list[Fault] = []
        self._frames: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._nodes = 0

    def fail(self, message: str, line: int, column: int) -> Invalid:
        """The exception for something that cannot be read on."""
        return Invalid(Fault(Mark(self.positions.file, line, column), message))

    def key(self, name: str, line: int, column: int, merge: bool = False) -> None:
        """The key of the next entry; ``merge``: it is YAML's ``<<``."""
        frame = self._frames[-1]
        self.wants_key = False
        if merge:
            frame.key = "<<"
            frame.at = (*frame.path, "<<")
            frame.lines["<<"] = 0
            return
        path = frame.at = (*frame.path, name)
        if name in frame.lines:
            message = f"the key `{name}` stands twice here (first on line {frame.lines[name]})"
            mark = Mark(self.positions.file, line, column, paths.indexed(path))
            self.faults.append(Fault(mark, message))
        frame.lines.setdefault(name, line)
        frame.key = name
        self.positions.keys.setdefault(path, (line, column))

    def scalar(
        self, value: Any, line: int, column: int, last: int, anchor: str | None = None
    ) -> None:
        """A value that holds no others; ``last`` is the line on which it ends."""
        self._nodes += 1
        self._put(line, column, last)
        if anchor:
            self._anchors[anchor] = (value, 1)
        self._add(value, line, column)

    def open(self, value: Any, line: int, column: int, anchor: str | None = None) -> None:
        """A list or a mapping begins."""
        self._nodes += 1
        if len(self._frames) >= DEEPEST:
            raise self.fail(f"nested deeper than {DEEPEST} levels", line, column)
        path = self._put(line, column, line)
        if anchor:
            self._anchors.pop(anchor, None)
        self._frames.append(_Frame(value, path, anchor, self._nodes))
        self.wants_key = isinstance(value, dict)

    def close(self, line: int, column: int) -> None:
        """The list or the mapping that was opened last is complete."""
        frame = self._frames.pop()
        for merged in frame.merged:
            for name, value in merged.items():
                frame.value.setdefault(name, value)
        if frame.anchor:
            self._anchors[frame.anchor] = (frame.value, self._nodes - frame.began + 1)
        self._add(frame.value, line, column)

    def alias(self, anchor: str, line: int, column: int) -> None:
        """What an anchor stands for, once more. It counts as if it were written out."""
        if anchor not in self._anchors:
            opened = any(frame.anchor == anchor for frame in self._frames)
            why = "refers to what it is itself part of" if opened else "names no anchor"
            raise self.fail(f"the alias `*{anchor}` {why}", line, column)
        value, size = self._anchors[anchor]
        self._nodes += size
        if self._nodes > MOST_NODES:
            raise self.fail(
                f"more than {MOST_NODES:,} values once its aliases are written out", line, column
            )
        self._put(line, column, line)
        self._add(value, line, column)

    def _put(self, line: int, column: int, last: int) -> paths.Path:
        """Remember where the next value stands; the way to it."""
        path: paths.Path = ()
        if self._frames:
            frame = self._frames[-1]
            path = (*frame.path, len(frame.value)) if frame.many else frame.at
        self.positions.values.setdefault(path, (line, column, last))
        return path

    def _add(self, value: Any, line: int, column: int) -> None:
        if not self._frames:
            self.root = value
            self.wants_key = False
            return
        frame = self._frames[-1]
        self.wants_key = not frame.many
        if frame.many:
            frame.value.append(value)
            return
        key, frame.key = frame.key, None
        if key == "<<" and frame.lines.get("<<") == 0:
            merged = value if isinstance(value, list) else [value]
            if not all(isinstance(item, dict) for item in merged):
                raise self.fail("`<<` merges mappings only", line, column)
            frame.merged.extend(merged)
            return
        assert key is not None
        frame.value.setdefault(key, value)
