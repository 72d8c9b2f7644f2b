"""Where everything of a template stands, by its path ("Tasks[1].Properties.WebHook.URI")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot import source
from bot.oos.template import model
from bot.source import paths
from bot.source.positions import Positions


class Places(Mapping[str, source.Mark]):
    """Path → mark of the value. Marks are made when asked for: most never are."""

    __slots__ = ("_aliases", "_folded", "_source", "_spans", "file")

    def __init__(self, positions: Positions) -> None:
        self.file = positions.file
        self._source = positions.text or ""
        self._spans: dict[str, tuple[int, ...]] = {}
        """The line, the column and the last line of each value; and the line and the column of
        its key, where it has one."""
        written: dict[paths.Path, str] = {}
        spans, keys, within = self._spans, positions.keys, paths.within
        for path, span in positions.values.items():  # what is around a value comes before it
            text = written[path] = within(written[path[:-1]], path[-1]) if path else ""
            first = spans.get(text, span)  # an empty key has the path of what is around it
            spans[text] = first if first[3:] else first + keys.get(path, ())
        self._folded: dict[str, str] = {}
        self._aliases: dict[str, str] = {}

    def alias(self, meant: str, written: str) -> None:
        """What is looked for at one path stands at another: its keyword is misspelt."""
        self._aliases.setdefault(model.fold(meant), written)

    def __getitem__(self, path: str) -> source.Mark:
        line, column, *_ = self._spans[path]
        return source.Mark(self.file, line, column, path)

    def __iter__(self) -> Iterator[str]:
        return iter(self._spans)

    def __len__(self) -> int:
        return len(self._spans)

    def at(self, path: str) -> source.Mark:
        """The mark of a path, or of the nearest part around it that stands in the file (what an
        alias repeats has no place of its own). Keywords may be written in any case."""
        line, column, *_ = self._span(path)
        return source.Mark(self.file, line, column, path)

    def _span(self, path: str) -> tuple[int, ...]:
        """Of a value, or of what is nearest around it."""
        span = self._spans.get(self._known(path))
        if span is not None:
            return span
        around = model.fold(self._written(path))
        while around not in self._folded and around:
            around = _outer(around)
        return self._spans.get(self._folded.get(around, ""), (1, 1, 1))

    def _known(self, path: str) -> str:
        """The path as it is written in the file; the given one where nothing stands there."""
        if path in self._spans:
            return path
        if not self._folded:
            self._folded.update((model.fold(known), known) for known in self._spans)
        return self._folded.get(model.fold(self._written(path)), path)

    def _written(self, path: str) -> str:
        """The path with the keywords that are misspelt in the file misspelt as they are there."""
        outer = path if self._aliases else ""
        while outer:
            written = self._aliases.get(model.fold(outer))
            if written is not None and model.fold(written) != model.fold(outer):
                path = written + path[len(outer) :]
                outer = path
            else:
                outer = _outer(outer)
        return path

    def key(self, path: str) -> source.Mark:
        """The mark of an entry's key; of its value where it has none."""
        place = self._spans.get(self._known(path), ())[3:]
        return source.Mark(self.file, place[0], place[1], path) if place else self.at(path)

    def within(self, path: str, needle: str) -> source.Mark:
        """Where a piece of text stands inside a value: a script may be long."""
        span = self._spans.get(self._known(path))
        if span is None or not needle:
            return self.at(path)
        line, column, last, *_ = span
        lines = self._source.split("\n")[line - 1 : last]
        for index, text in enumerate(lines):
            offset = text.find(needle, column - 1 if index == 0 else 0)
            if offset >= 0:
                return source.Mark(self.file, line + index, offset + 1, path)
        return self.at(path)


def _outer(path: str) -> str:
    """The path of what a path is a part of."""
    return path[: max(path.rfind("."), path.rfind("["), 0)]
