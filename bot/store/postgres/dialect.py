"""Statements as PostgreSQL reads them: they are written once, in SQLite's dialect.

What differs is little: placeholders, functions of JSON, and the names of a few others.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.store.sql import names
from bot.store.sql.connection import Parameters

_FIELD = r"(replace(\1, '\\u0000', '\\ufffd')::json ->> '\2')"
"""A text of a JSON document, in which PostgreSQL suffers no NUL."""
_INNER = r"(replace(\1, '\\u0000', '\\ufffd')::json #>> string_to_array('\2', '.'))"
"""The same of a document within it, whose path has dots."""
APPROVE = r"(replace(body, '\u0000', '\ufffd')::json ->> 'approve')::boolean"
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
    "json_extract(body, '$.approve') = 1": APPROVE,
    "json_extract(body, '$.approve')": APPROVE,
    "json_patch(CASE parts WHEN '' THEN '{}' ELSE parts END, json_object(?, ?))": (
        "((CASE parts WHEN '' THEN '{}' ELSE parts END)::jsonb"
        " || jsonb_build_object(?::text, ?::text))::text"
    ),
}
"""What reads quite differently."""
FUNCTIONS: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"json_extract\(([\w.]+), '\$\.(\w+)'\)"), _FIELD),
    (re.compile(r"json_extract\(([\w.]+), '\$\.([\w.]+)'\)"), _INNER),
    (re.compile(r"json_each\((\?|:\w+)\)"), r"json_array_elements_text(\1::json) AS each (value)"),
    (re.compile(r"\bMAX\(([^(),]+,[^(),]+)\)"), r"GREATEST(\1)"),
    (re.compile(r"\bchar\((\d+)\)"), r"chr(\1)"),
)
_PARTS = re.compile(r"'(?:[^']|'')*'|::\w+|%|:(?P<name>[a-z_]\w*)|\?(?P<number>\d*)")
"""Literals, casts and placeholders."""
NUL = "\x00"
NAMES = frozenset({
    "id", "key", "lane", "bucket", "person", "event", "message", "chat", "card", "card_alias",
    "form_instance", "original", "instance", "source", "mark",
})  # fmt: skip
"""Columns of names that come from outside, and that an index covers."""
_INSERT = re.compile(r"INSERT INTO \w+\s*\(([^)]*)\)\s*VALUES \(")
_COMPARED = re.compile(r"\b(\w+) (?:=|<|<=|>|>=) (?=[?:])")
_LISTED = re.compile(r"\b(\w+) IN \(((?:\?(?:, )?)+)\)")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement for psycopg. ``numbered``: its placeholders have numbers, from 1. ``names``: the
    placeholders that stand for names, by their own name or place (from 0)."""

    text: str
    numbered: bool
    names: frozenset[str | int]


@functools.lru_cache(maxsize=1024)
def statement(sql: str) -> Statement:
    """A statement of SQLite's dialect, as psycopg takes it."""
    for word, other in WORDS.items():
        sql = sql.replace(word, other)
    for pattern, other in FUNCTIONS:
        sql = pattern.sub(other, sql)
    numbered, count = False, 0
    places, of_names = set(_places(sql)), set[str | int]()

    def part(match: re.Match[str]) -> str:
        nonlocal numbered, count
        whole = match[0]
        if whole.startswith(("'", "::", "%")):
            return whole.replace("%", "%%")
        numbered = numbered or bool(match["number"])
        name = match["name"] or (f"p{match['number']}" if match["number"] else "")
        if match.start() in places:
            of_names.add(name or count)
        count += 1
        return f"%({name})s" if name else "%s"

    text = _PARTS.sub(part, sql)
    return Statement(text, numbered, frozenset(of_names))


def _places(sql: str) -> Iterator[int]:
    """Where a placeholder stands for the name in a column."""
    for match in _INSERT.finditer(sql):
        columns, place = match[1].split(","), match.end()
        for column, value in zip(columns, sql[place:].split(","), strict=False):
            if column.strip() in NAMES:
                yield place + len(value) - len(value.lstrip())
            place += len(value) + 1
    for match in _COMPARED.finditer(sql):
        if match[1] in NAMES:
            yield match.end()
    for match in _LISTED.finditer(sql):
        if match[1] in NAMES:
            yield from range(match.start(2), match.end(2))


def values(of: Statement, parameters: Parameters) -> Sequence[object] | dict[str, object]:
    """Parameters as psycopg takes them: no column is a boolean, and no text holds a NUL."""
    if isinstance(parameters, Mapping):
        return {name: value(one, name in of.names) for name, one in parameters.items()}
    if of.numbered:
        numbers = {f"p{number}": one for number, one in enumerate(parameters, 1)}
        return {name: value(one, name in of.names) for name, one in numbers.items()}
    return [value(one, place in of.names) for place, one in enumerate(parameters)]


def value(one: object, is_name: bool = False) -> object:
    if is_name and isinstance(one, str):
        return names.bounded(one)
    if one is True or one is False:
        return int(one)
    if isinstance(one, str) and NUL in one:
        return one.replace(NUL, "\ufffd")
    return one
