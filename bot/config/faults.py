"""Faults of a configuration file, and the sentences that say what to do about them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path as FilePath
from typing import get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from bot import source
from bot.source import suggest


class ConfigError(source.Invalid):
    """The configuration cannot be used. ``faults`` has all that is wrong, in order of lines;
    ``warnings`` what was noticed besides."""

    def __init__(
        self,
        path: FilePath,
        faults: Iterable[source.Fault],
        warnings: Iterable[source.Fault] = (),
    ) -> None:
        super().__init__(*sorted(set(faults)))
        self.path = path
        self.warnings = tuple(sorted(set(warnings)))

    def __str__(self) -> str:
        return "\n".join(sentence(self.path, fault) for fault in self.faults)


def sentence(path: FilePath, fault: source.Fault) -> str:
    """``bot.toml:12  bot.locle: unknown key, did you mean locale?``"""
    mark = fault.mark
    place = f"{path.name}:{mark.line}" if mark.line else str(path)
    return f"{place}  {mark.path}: {fault.message}" if mark.path else f"{place}  {fault.message}"


def table_at(model: object, path: Iterable[str | int]) -> type[BaseModel] | None:
    """The model of the table at ``path``, found through the annotations."""
    for part in path:
        if isinstance(model, type) and issubclass(model, BaseModel):
            info = model.model_fields.get(str(part))
            model = info.annotation if info else None
        else:
            model = next((a for a in reversed(get_args(model)) if a not in (Ellipsis, None)), None)
        while get_args(model) and type(None) in get_args(model):
            model = get_args(model)[0]
    return model if isinstance(model, type) and issubclass(model, BaseModel) else None


def message(error: ErrorDetails, root: type[BaseModel]) -> str:
    """What to do about one of pydantic's errors, without the value, which may be a secret."""
    kind, facts, where = error["type"], error.get("ctx", {}), error["loc"]
    if kind == "extra_forbidden":
        table = table_at(root, where[:-1])
        known = list(table.model_fields) if table else []
        hint = suggest.meant(str(where[-1]), known, quote="")
        return "unknown key" + (hint or f"; known here: {', '.join(known)}")
    if kind == "missing":
        table = table_at(root, where[:-1])
        info = table.model_fields.get(str(where[-1])) if table else None
        return f"missing. {info.description}" if info and info.description else "missing"
    if kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", facts["expected"])
        value = error["input"]
        hint = suggest.meant(value, allowed, quote="") if isinstance(value, str) else ""
        listed = ", ".join(one or '""' for one in allowed)
        return f"must be one of {listed}{hint}"
    if kind in ("fault", "secret"):
        return error["msg"]
    known_sentence = _SENTENCES.get(kind)
    return known_sentence.format_map(facts) if known_sentence else error["msg"]


_SENTENCES = {
    "string_type": "must be text in quotes",
    "string_too_short": "must not be empty",
    "string_too_long": "is too long: at most {max_length} characters",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "path_type": "must be a path in quotes",
    "datetime_type": "must be a date with a time, without quotes: 2026-11-30T20:00:00",
    "datetime_from_date_parsing": "must have a time, too: 2026-11-30T20:00:00",
    "tuple_type": "must be a list in square brackets",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "too_short": "must name at least {min_length}",
}
