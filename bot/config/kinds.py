"""Kinds of value in ``bot.toml`` that are languages of their own: patterns and JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from bot import regexes, source
from bot.source import json_text
from bot.source.values import Shown, fault

CHECKOUT = Path(__file__).resolve().parents[2]
"""The checkout that runs; a default folder stands in it wherever the configuration is."""

_DEEPEST = 70
"""How deep what becomes JSON may nest; patterns are refused a little earlier."""


def _json(value: object, depth: int = 0) -> object:
    """What JSON can say too: TOML also has dates and infinite numbers."""
    if depth > _DEEPEST:
        raise fault("is nested too deeply")
    if isinstance(value, Mapping):
        return {key: _json(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json(inner, depth + 1) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise fault("must be a finite number: JSON has no other")
    if value is not None and not isinstance(value, str | int | float):
        raise fault("must be text in quotes: JSON has no dates and times")
    return value


def pattern(value: object) -> Any:
    """A pattern as it may stand in the file."""
    if value is not None and not isinstance(value, str | dict):
        raise fault('must be a table, {{ source = ["…"] }}, or JSON in quotes')
    return _json(value)


def json_table(value: object) -> object:
    """A table, which may be written as JSON in quotes, as it is pasted from elsewhere."""
    if not isinstance(value, str):
        return value
    try:
        document = json_text.value(value, "")
    except source.Invalid as error:
        first = error.faults[0]
        where = f"line {first.mark.line}, column {first.mark.column}"
        raise fault(
            "must be a table, or JSON of one in quotes: {where}: {reason}",
            where=where,
            reason=first.message,
        ) from None
    if not isinstance(document, dict):
        raise fault("must be a table, or JSON of one in quotes")
    return _json(document)


def _argument(value: object) -> object:
    if not isinstance(value, str | int | float):
        raise fault("must be a path or text in quotes, a number, or true or false")
    return _json(value)


def _regex(pattern: str) -> str:
    if not pattern:
        raise fault("must not be empty: an empty pattern is found everywhere")
    try:
        regexes.compiled(pattern)
    except regexes.Invalid as error:
        raise fault(
            "is not a regular expression that Python understands: {reason}", reason=str(error)
        ) from None
    return pattern


Regex = Annotated[str, AfterValidator(_regex)]
Json = Annotated[Any, BeforeValidator(lambda value: _json(value)), Shown("text, number or table")]
Argument = Annotated[Any, BeforeValidator(_argument), Shown("text or number")]
