"""What checks see of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.config import schema
from bot.config.diagnostics import Command, Diagnostics
from bot.config.tolerant import Validation


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What a check sees: the valid parts of the file, and where to note what is wrong."""

    file: schema.File
    parts: Validation
    diagnostics: Diagnostics
    commands: Mapping[str, Command] | None

    @property
    def platforms(self) -> tuple[str, ...]:
        return tuple(self.file.chats)

    @property
    def given_platforms(self) -> tuple[str, ...]:
        """Those that have a table, be it a faulty one."""
        return tuple(name for name in self.file.adapters.platforms if name in self.parts.values)

    def faulty(self, *path: str | int) -> bool:
        """Is the value at this path, which others are judged by, already known to be wrong?"""
        return any(where[: len(path)] == path for where, _, _ in self.parts.errors)
