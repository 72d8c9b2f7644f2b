"""Values and their places, put together from the events of a YAML or a JSON reader.

Without recursion: a file of nothing but brackets must be a fault, not a crash.
"""

from __future__ import annotations

from typing import Any

from bot import source
from bot.oos.template import places

DEEPEST = 64
MOST_NODES = 50_000


class _Frame:
    """A list or a mapping that is still being filled."""

    __slots__ = ("anchor", "began", "entry", "key", "lines", "merged", "path", "value")

    def __init__(self, value: Any, path: str, anchor: str | None, began: int) -> None:
        self.value = value
        self.path = path
        self.anchor = anchor
        self.began = began
        self.key: str | None = None
        self.entry = ""
        self.lines: dict[str, int] = {}
        self.merged: list[Any] = []


class Builder:
    """Give it what the reader finds, in order; ``root`` is the whole value at the end, ``faults``
    the keys that are given twice."""

    def __init__(self, found: places.Places) -> None:
        self.places = found
        self.root: Any = None
        self.faults: list[source.Fault] = []
        self._frames: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._nodes = 0

    def fail(self, message: str, line: int, column: int) -> source.Invalid:
        """The exception for something that cannot be read on."""
        return source.Invalid(source.Fault(source.Mark(self.places.file, line, column), message))

    def wants_key(self) -> bool:
        """Is the next scalar a key?"""
        return bool(self._frames) and self._frames[-1].key is None and self.in_mapping()

    def in_mapping(self) -> bool:
        """Is a mapping being filled?"""
        return bool(self._frames) and isinstance(self._frames[-1].value, dict)

    def key(self, name: str, line: int, column: int, merge: bool = False) -> None:
        """The key of the next entry; ``merge``: it is YAML's ``<<``."""
        frame = self._frames[-1]
        if merge:
            frame.key = "<<"
            frame.lines["<<"] = 0
            frame.entry = f"{frame.path}.<<" if frame.path else "<<"
            return
        if name in frame.lines:
            message = f"`{name}` is given twice here (first on line {frame.lines[name]})"
            mark = source.Mark(self.places.file, line, column, f"{frame.path}.{name}".lstrip("."))
            self.faults.append(source.Fault(mark, message))
        frame.lines.setdefault(name, line)
        frame.key = name
        frame.entry = f"{frame.path}.{name}" if frame.path else name
        self.places.put_key(frame.entry, line, column)

    def scalar(
        self, value: Any, line: int, column: int, last: int, anchor: str | None = None
    ) -> None:
        """A value that holds no others."""
        self._count(1, line, column)
        self.places.put(self._path(), line, column, last)
        if anchor:
            self._anchors[anchor] = (value, 1)
        self._add(value, line, column)

    def open(self, value: Any, line: int, column: int, anchor: str | None = None) -> None:
        """A list or a mapping begins."""
        self._count(1, line, column)
        if len(self._frames) >= DEEPEST:
            raise self.fail(f"nested deeper than {DEEPEST} levels", line, column)
        path = self._path()
        self.places.put(path, line, column, line)
        if anchor:
            self._anchors.pop(anchor, None)
        self._frames.append(_Frame(value, path, anchor, self._nodes))

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
        self._count(size, line, column)
        self.places.put(self._path(), line, column, line)
        self._add(value, line, column)

    def _count(self, more: int, line: int, column: int) -> None:
        self._nodes += more
        if self._nodes > MOST_NODES:
            raise self.fail(
                f"more than {MOST_NODES:,} values once its aliases are written out", line, column
            )

    def _path(self) -> str:
        if not self._frames:
            return ""
        frame = self._frames[-1]
        if isinstance(frame.value, list):
            return f"{frame.path}[{len(frame.value)}]"
        return frame.entry

    def _add(self, value: Any, line: int, column: int) -> None:
        if not self._frames:
            self.root = value
            return
        frame = self._frames[-1]
        if isinstance(frame.value, list):
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
