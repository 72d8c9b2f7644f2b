"""Where the checks write down what they find."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path as FilePath
from typing import Protocol

from bot import source
from bot.source import json_text, paths, toml_text


class Parameter(Protocol):
    """A parameter of a command, as far as a configuration can name it."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def required(self) -> bool: ...
    @property
    def secret(self) -> bool: ...
    def misfit(self, text: str, allowed: Collection[str] = ()) -> str: ...


class Command(Protocol):
    """A command that there is; ``bot.commands.registry.Command`` is one."""

    @property
    def name(self) -> str: ...
    @property
    def aliases(self) -> Collection[str]: ...
    @property
    def kind(self) -> str: ...
    @property
    def risk(self) -> str: ...
    @property
    def parameters(self) -> Collection[Parameter]: ...
    @property
    def template(self) -> object | None: ...
    @property
    def internal(self) -> str: ...
    @property
    def loops(self) -> bool: ...
    @property
    def approvers(self) -> Mapping[str, str]: ...
    @property
    def robots(self) -> Mapping[str, str]: ...


KnownCommands = Callable[[FilePath, Collection[str]], Iterable[Command]]
"""Loads the commands of a folder; the names are of those that OOS itself runs. Raises
source.Invalid."""


LIFTED = {"policy_when": ("policy", "when")}
"""Where tables stand in the file that are read apart from those among which they stand."""


class Diagnostics:
    """The faults and warnings found so far, each with the line it is about."""

    def __init__(self, lines: toml_text.Lines, skipped: str) -> None:
        self.faults: list[source.Fault] = []
        self.warnings: list[source.Fault] = []
        self._lines = lines
        self._skipped = skipped

    def line(self, path: paths.Path) -> int:
        return self._lines.of(written(path))

    def within_json(self, path: paths.Path, text: str) -> object:
        """The value of the JSON that stands in quotes at ``path``: what is wrong within is from now
        on told on the lines where it stands there. None: it is no JSON."""
        try:
            value, places = json_text.read(text, "")
        except source.Invalid:
            return None
        for inner in places.values:
            mark = places.mark(inner)
            line = self._lines.within(path, mark.line, mark.column)
            self._lines.lines.setdefault((*path, *inner), line)
        return value

    def unread(self, name: str) -> bool:
        """Does a name stand in text that could not be read?"""
        place = rf"(?<![\w-]){re.escape(name)}(?![\w-])"
        return bool(name) and re.search(place, self._skipped) is not None

    def fault(self, path: paths.Path, message: str, about: str = "") -> None:
        """Note a fault, unless what it is about stands in text that could not be read: then the
        syntax error is the fault, and this one only follows from it."""
        if not self.unread(about):
            self.faults.append(source.Fault(self._mark(path), message))

    def _mark(self, path: paths.Path) -> source.Mark:
        return source.Mark(line=self.line(path), path=paths.dotted(written(path)))

    def fault_within(self, path: paths.Path, line: int, column: int, message: str) -> None:
        """Note a fault at a place of the text that stands at ``path``."""
        place = self._lines.within(path, line, column)
        self.faults.append(
            source.Fault(
                source.Mark(line=place, path=paths.dotted(path)), f"column {column}: {message}"
            )
        )

    def warn(self, path: paths.Path, message: str) -> None:
        self.warnings.append(source.Fault(self._mark(path), message))


def written(path: paths.Path) -> paths.Path:
    """The path as it is in the file."""
    first = LIFTED.get(str(path[0])) if path else None
    return (*first, *path[1:]) if first is not None else path
