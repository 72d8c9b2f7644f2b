"""Faults of a configuration file, and the sentences that say what to do about them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails
from rapidfuzz import fuzz, process, utils

from bot.config import locate


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong. ``line`` counts from 1; 0 is the file as a whole. ``key`` is the
    dotted way to it. ``about`` (a name) tells which faults merely follow from a syntax error."""

    line: int
    key: str
    message: str
    about: str = field(default="", compare=False, repr=False)


class ConfigError(Exception):
    """The configuration cannot be used. ``faults`` has all that is wrong, in order of lines;
    ``warnings`` what was noticed besides."""

    def __init__(
        self, path: FilePath, faults: Iterable[Fault], warnings: Iterable[Fault] = ()
    ) -> None:
        self.path = path
        self.faults = tuple(sorted(set(faults)))
        self.warnings = tuple(sorted(set(warnings)))
        super().__init__("\n".join(sentence(path, fault) for fault in self.faults))


def sentence(path: FilePath, fault: Fault) -> str:
    """``bot.toml:12  aliyun.regoin: unknown key, did you mean region?``"""
    place = f"{path.name}:{fault.line}" if fault.line else str(path)
    return f"{place}  {fault.key}: {fault.message}" if fault.key else f"{place}  {fault.message}"


def dotted(path: locate.Path) -> str:
    """A path as people write it. Indices are left out: the line tells which one is meant."""
    keys = (part for part in path if isinstance(part, str))
    return ".".join(key if re.fullmatch(r"[\w-]+", key) else repr(key) for key in keys)


def guess(given: str, known: Iterable[str]) -> str:
    """``, did you mean X?`` where X resembles what was given, else nothing."""
    best = nearest(given, known)
    return f", did you mean {best}?" if best else ""


def nearest(given: str, known: Iterable[str]) -> str:
    """The name that resembles most what was given; "" if none does."""
    best = process.extractOne(
        given[:200],
        sorted(set(known)),
        scorer=fuzz.ratio,
        processor=utils.default_process,
        score_cutoff=60,
    )
    return best[0] if best else ""


def table_at(model: Any, path: Iterable[str | int]) -> type[BaseModel] | None:
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
        hint = guess(str(where[-1]), known)
        return "unknown key" + (hint or f"; known here: {', '.join(known)}")
    if kind == "missing":
        table = table_at(root, where[:-1])
        info = table.model_fields.get(str(where[-1])) if table else None
        return f"missing. {info.description}" if info and info.description else "missing"
    if kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", facts["expected"])
        given = error["input"]
        hint = guess(given, allowed) if isinstance(given, str) else ""
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
    "tuple_type": "must be a list in square brackets",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "too_short": "must name at least {min_length}",
}
