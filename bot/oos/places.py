"""Where everything of a template stands, by its path ("Tasks[1].Properties.WebHook.URI")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.oos import model


class Places(Mapping[str, model.Mark]):
    """Path → mark of the value. Marks are made when asked for: most never are."""

    __slots__ = ("_keys", "_source", "_spans", "file")

    def __init__(self, file: str, source: str) -> None:
        self.file = file
        self._source = source
        self._spans: dict[str, tuple[int, int, int]] = {}
        self._keys: dict[str, tuple[int, int]] = {}

    def put(self, path: str, line: int, column: int, last: int) -> None:
        """Remember a value; ``last`` is the line on which it ends."""
        self._spans.setdefault(path, (line, column, last))

    def put_key(self, path: str, line: int, column: int) -> None:
        """Remember the key of an entry."""
        self._keys.setdefault(path, (line, column))

    def __getitem__(self, path: str) -> model.Mark:
        line, column, _ = self._spans[path]
        return model.Mark(self.file, line, column, path)

    def __iter__(self) -> Iterator[str]:
        return iter(self._spans)

    def __len__(self) -> int:
        return len(self._spans)

    def at(self, path: str) -> model.Mark:
        """The mark of a path, or of the nearest part around it that stands in the file (what an
        alias repeats has no place of its own)."""
        around = path
        while around not in self._spans and around:
            around = around[: max(around.rfind("."), around.rfind("["), 0)]
        line, column, _ = self._spans.get(around, (1, 1, 1))
        return model.Mark(self.file, line, column, path)

    def key(self, path: str) -> model.Mark:
        """The mark of an entry's key; of its value where it has none."""
        if path not in self._keys:
            return self.at(path)
        return model.Mark(self.file, *self._keys[path], path)

    def within(self, path: str, needle: str) -> model.Mark:
        """Where a piece of text stands inside a value: a script may be long."""
        span = self._spans.get(path)
        if span is None or not needle:
            return self.at(path)
        line, column, last = span
        lines = self._source.split("\n")[line - 1 : last]
        for index, text in enumerate(lines):
            found = text.find(needle, column - 1 if index == 0 else 0)
            if found >= 0:
                return model.Mark(self.file, line + index, found + 1, path)
        return self.at(path)
