"""Statements as PostgreSQL reads them: they are written once, in SQLite's dialect.

What differs is little: placeholders, functions of JSON, and the names of a few others.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.store.sql.connection import Parameters

WORDS: Mapping[str, str] = {
    "BEGIN IMMEDIATE": "BEGIN",
    "SELECT 1 FROM sqlite_master WHERE name = 'audit_texts'": "SELECT 1",
    "SELECT seq FROM sqlite_sequence WHERE name = 'audit'": (
        "SELECT CASE WHEN value ~ '^[0-9]{1,18}$' THEN CAST(value AS BIGINT) ELSE 0 END"
        " FROM meta WHERE name = 'audit.sequence'"
    ),
    "VALUES ('audit.head', ?1)": (
        "VALUES ('audit.head', ?1), ('audit.sequence', split_part(?1, ':', 1))"
    ),
    "SELECT seq FROM sqlite_sequence WHERE name = 'bus'": (
        "SELECT pg_sequence_last_value(pg_get_serial_sequence('bus', 'seq')::regclass)"
    ),
    "json_extract(body, '$.approve') = 1": "(body::json ->> 'approve')::boolean",
    "json_extract(body, '$.approve')": "(body::json ->> 'approve')::boolean",
    "json_patch(CASE parts WHEN '' THEN '{}' ELSE parts END, json_object(?, ?))": (
        "((CASE parts WHEN '' THEN '{}' ELSE parts END)::jsonb"
        " || jsonb_build_object(?::text, ?::text))::text"
    ),
}
"""What reads quite differently."""
FUNCTIONS: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"json_extract\(([\w.]+), '\$\.(\w+)'\)"), r"(\1::json ->> '\2')"),
    (re.compile(r"json_each\((\?|:\w+)\)"), r"json_array_elements_text(\1::json) AS each (value)"),
    (re.compile(r"\bMAX\(([^(),]+,[^(),]+)\)"), r"GREATEST(\1)"),
    (re.compile(r"\bchar\((\d+)\)"), r"chr(\1)"),
)
_PARTS = re.compile(r"'(?:[^']|'')*'|::\w+|%|:(?P<name>[a-z_]\w*)|\?(?P<number>\d*)")
"""Literals, casts and placeholders."""
NUL = "\x00"


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement for psycopg. ``numbered``: its placeholders have numbers, from 1."""

    text: str
    numbered: bool


@functools.lru_cache(maxsize=1024)
def statement(sql: str) -> Statement:
    """A statement of SQLite's dialect, as psycopg takes it."""
    for word, other in WORDS.items():
        sql = sql.replace(word, other)
    for pattern, other in FUNCTIONS:
        sql = pattern.sub(other, sql)
    numbered = False

    def part(match: re.Match[str]) -> str:
        nonlocal numbered
        whole = match[0]
        if whole.startswith(("'", "::", "%")):
            return whole.replace("%", "%%")
        if match["name"]:
            return f"%({match['name']})s"
        if match["number"]:
            numbered = True
            return f"%(p{match['number']})s"
        return "%s"

    return Statement(_PARTS.sub(part, sql), numbered)


def values(of: Statement, parameters: Parameters) -> Sequence[object] | dict[str, object]:
    """Parameters as psycopg takes them: no column is a boolean, and no text holds a NUL."""
    if isinstance(parameters, Mapping):
        return {name: value(one) for name, one in parameters.items()}
    if of.numbered:
        return {f"p{number}": value(one) for number, one in enumerate(parameters, 1)}
    return [value(one) for one in parameters]


def value(one: object) -> object:
    if one is True or one is False:
        return int(one)
    if isinstance(one, str) and NUL in one:
        return one.replace(NUL, "\ufffd")
    return one
