"""Validating a file of which parts are wrong: the right parts are still checked further.

Every error of the models is told; then the values in question are left out and the rest is
validated again, until it stands.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.config import faults, locate, schema

ROUNDS = 6
Origins = dict[locate.Path, list[int]]
"""For each list that lost elements: which of the original ones are left."""


class Partial:
    """``file`` holds what is valid (None: nothing is); ``errors`` are (path, message, name)."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.errors: list[tuple[locate.Path, str, str]] = []
        self.file: schema.File | None = None
        self._origins: Origins = {}
        bad: set[locate.Path] = set()
        for _ in range(ROUNDS):
            found = self._validate(bad)
            if not found:
                return
            if not bad:
                self.errors = [_told(error) for error in found]
            bad |= {self._origin(_culprit(error)) for error in found}

    def entries(self, *section: str) -> list[tuple[locate.Path, Any]]:
        """The valid elements of a list of tables, each with its path in the original file."""
        found: Any = self.file
        for key in section:
            found = getattr(found, key, ())
        return [(self._origin((*section, index)), entry) for index, entry in enumerate(found)]

    def _validate(self, bad: set[locate.Path]) -> list[ErrorDetails]:
        self._origins = {}
        try:
            self.file = schema.File.model_validate(self._without(self.values, (), bad))
        except ValidationError as error:
            return error.errors(include_url=False)
        return []

    def _without(self, value: Any, path: locate.Path, bad: set[locate.Path]) -> Any:
        if not bad:
            return value
        if isinstance(value, dict):
            return {
                key: self._without(inner, (*path, key), bad)
                for key, inner in value.items()
                if (*path, key) not in bad
            }
        if isinstance(value, list):
            left = [index for index in range(len(value)) if (*path, index) not in bad]
            if len(left) < len(value):
                self._origins[path] = left
            return [self._without(value[index], (*path, index), bad) for index in left]
        return value

    def _origin(self, path: locate.Path) -> locate.Path:
        """The path in the original file of a path in what is left of it."""
        origin: locate.Path = ()
        for part in path:
            if isinstance(part, int) and origin in self._origins:
                part = self._origins[origin][part]
            origin = (*origin, part)
        return origin


def _told(error: ErrorDetails) -> tuple[locate.Path, str, str]:
    about = str(error["loc"][-1]) if error["type"] == "missing" else ""
    return _place(error), faults.message(error, schema.File), about


def _place(error: ErrorDetails) -> locate.Path:
    """Where the error is; of a bad key of a table pydantic adds a part of its own."""
    where = error["loc"]
    return where[:-1] if where[-1:] == ("[key]",) else where


def _culprit(error: ErrorDetails) -> locate.Path:
    """What must be left out for the error to go: of a missing key, the table that lacks it."""
    where = _place(error)
    return where[:-1] if error["type"] == "missing" and len(where) > 1 else where
