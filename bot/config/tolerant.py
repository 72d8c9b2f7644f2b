"""Tolerant validation: of a file of which parts are wrong, the right parts are checked further.

Every error of the models is told. Then the values in question are left out, where a table cannot do
without one a placeholder is put there, and the rest is validated again, until it stands: a misspelt
key must not hide what else is wrong with its table. Placeholders resemble nothing that is checked
further, and a file that needs one is refused in the end.
"""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.config import faults, schema
from bot.source import paths, suggest
from bot.source.secret import Secret

ROUNDS = 8
Origins = dict[paths.Path, list[int]]
"""For each list that lost elements: which of the original ones are left."""


class Validation:
    """``file`` holds what is valid (None: nothing is); ``errors`` are (path, message, name)."""

    def __init__(self, values: dict[str, object], model: type[schema.File]) -> None:
        self.model = model
        self.values = values
        self.errors: list[tuple[paths.Path, str, str]] = []
        self.file: schema.File | None = None
        self._origins: Origins = {}
        self._bad: set[paths.Path] = set()
        self._replaced: dict[paths.Path, Any] = {}
        for _ in range(ROUNDS):
            errors = self._validate()
            if not errors:
                return
            if not self.errors:
                self.errors = _messages(errors, model)
            self._leave_out(errors)

    def entries(self, *section: str) -> list[tuple[paths.Path, Any]]:
        """The valid elements of a list of tables, each with its path in the original file."""
        tables: Any = self.file
        for key in section:
            tables = getattr(tables, key, ())
        return [(self.origin((*section, index)), entry) for index, entry in enumerate(tables)]

    def _validate(self) -> list[ErrorDetails]:
        self._origins = {}
        try:
            self.file = self.model.model_validate(self._rest(self.values, ()))
        except ValidationError as error:
            return _without_echoes(error.errors(include_url=False))
        return []

    def _leave_out(self, errors: list[ErrorDetails]) -> None:
        """See to it that these errors do not come again."""
        for error in errors:
            path = self.origin(_place(error))
            if error["type"] != "missing" or len(path) < 2:
                self._bad.add(path)
                continue
            table = faults.table_at(self.model, path[:-1])
            placeholder = _placeholder(table, str(path[-1]), len(self._replaced))
            if placeholder is None or path in self._replaced:
                self._bad.add(path[:-1])
            else:
                self._replaced[path] = placeholder

    def _rest(self, value: Any, path: paths.Path) -> Any:
        """What is left of a value without its bad parts, and with their placeholders."""
        if isinstance(value, dict):
            rest = {
                key: self._rest(inner, (*path, key))
                for key, inner in value.items()
                if (*path, key) not in self._bad
            }
            replaced = {
                str(where[-1]): placeholder
                for where, placeholder in self._replaced.items()
                if where[:-1] == path
            }
            return rest | replaced
        if isinstance(value, list):
            kept = [index for index in range(len(value)) if (*path, index) not in self._bad]
            if len(kept) < len(value):
                self._origins[path] = kept
            return [self._rest(value[index], (*path, index)) for index in kept]
        return value

    def origin(self, path: paths.Path) -> paths.Path:
        """The path in the original file of a path in what is left of it."""
        origin: paths.Path = ()
        for part in path:
            if isinstance(part, int) and origin in self._origins:
                part = self._origins[origin][part]
            origin = (*origin, part)
        return origin


def _without_echoes(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """The errors without those that only follow from another one: a list is called too short where
    what stands in it is wrong."""
    places = [error["loc"] for error in errors]
    return [
        error
        for error in errors
        if error["type"] != "too_short"
        or not any(
            len(p) > len(error["loc"]) and p[: len(error["loc"])] == error["loc"] for p in places
        )
    ]


def _messages(
    errors: list[ErrorDetails], model: type[schema.File]
) -> list[tuple[paths.Path, str, str]]:
    """The errors as (path, message, name). A missing key whose misspelling stands beside it is told
    once, as the misspelling."""
    meant = set()
    for error in errors:
        if error["type"] == "extra_forbidden":
            table = faults.table_at(model, error["loc"][:-1])
            fields = table.model_fields if table else ()
            meant.add((*error["loc"][:-1], suggest.nearest(str(error["loc"][-1]), fields)))
    return [
        (
            _place(error),
            faults.message(error, model),
            str(error["loc"][-1]) if error["type"] == "missing" else "",
        )
        for error in errors
        if error["type"] != "missing" or error["loc"] not in meant
    ]


def _place(error: ErrorDetails) -> paths.Path:
    """Where the error is; of a bad key of a table pydantic adds a part of its own."""
    where = error["loc"]
    return where[:-1] if where[-1:] == ("[key]",) else where


def _placeholder(table: type[BaseModel] | None, key: str, number: int) -> Any:
    """A value that fits a required key; None where there is none that would say nothing."""
    kind = table.model_fields[key].annotation if table else None
    name = f"(missing {number})"
    known = {str: name, Secret: Secret("none", "", ""), int: 1, float: 1.0}
    if get_origin(kind) is tuple:
        choices = any(get_origin(inner) is Literal for inner in get_args(kind))
        return None if choices else [name]
    return known.get(kind) if isinstance(kind, type) else None
