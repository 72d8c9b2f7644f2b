"""What stands in a field of an OA form, read alike on every platform.

An adapter makes a ``Field`` of each of its platform's components with the functions here, and gives
it to the core as plain JSON (``plain``), which ``of`` reads back. Whoever maps or shows fields
knows these kinds only:

======== ============================================ =============================================
kind     value                                        parts
======== ============================================ =============================================
text     text                                         –
number   a number; None where it is blank             as given, such as ``currency``
choice   text                                         as given, such as ``key``
choices  a list of texts                              as given, such as ``id``
people   a list of {"account", "name"}                ``account``, ``name``: lists of texts
date     text, as the platform writes it              –
range    an object: ``start``, ``end`` and others     each of its keys
files    a list of objects: ``name``, ``url``, ``id`` each key that one of them has, as lists
rows     a list of objects: column → ``Field``        each column, see ``bot.core.form_mapping``
group    an object                                    each of its keys
======== ============================================ =============================================

``more`` of rows has the column of each further name that a column goes by.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Kind = Literal[
    "text",
    "number",
    "choice",
    "choices",
    "people",
    "date",
    "range",
    "files",
    "rows",
    "group",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]+)?")
DEEPEST = 4
"""How deep what stands in a field may be nested."""
_DIGITS = 18
"""A number with more digits is no number that is counted with: it stays text."""


@dataclass(frozen=True, slots=True)
class Field:
    """``text``: how a number was written; of all else it is made of the value. ``more``: parts
    beside the value, as JSON."""

    kind: Kind
    value: Any
    text: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def blank(self) -> bool:
        """Was it left empty?"""
        if self.kind == "range":
            return is_blank(self.value["start"]) and is_blank(self.value["end"])
        return is_blank(self.value)

    def plain(self) -> Any:
        """As JSON; a text by itself."""
        if self.kind == "text" and not self.more:
            return self.value
        value = self.value
        if self.kind == "rows":
            value = [{name: cell.plain() for name, cell in row.items()} for row in value]
        return {"kind": self.kind, "value": value, "text": self.text, "more": dict(self.more)}


def is_blank(value: object) -> bool:
    """Is there nothing in it, or only what is blank itself?"""
    if isinstance(value, Field):
        return value.blank
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, Mapping):
        return all(is_blank(each) for each in value.values())
    return value is None or (isinstance(value, Sequence) and all(is_blank(e) for e in value))


def of(stored: Any) -> Field:
    """A field of its JSON; a text, a number or a list of texts by itself is read as such."""
    if not isinstance(stored, Mapping) or stored.get("kind") not in KINDS:
        return guess(stored)
    kind, value = stored["kind"], stored.get("value")
    if kind == "rows":
        value = [{name: of(cell) for name, cell in row.items()} for row in value or ()]
    return Field(kind, value, str(stored.get("text") or ""), dict(stored.get("more") or {}))


def guess(value: object) -> Field:
    """A field of a JSON value of which no kind is known."""
    if value is None or isinstance(value, str | bool):
        return text(value)
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, Mapping):
        return group(value)
    if isinstance(value, list) and not any(isinstance(each, list | Mapping) for each in value):
        return choices(value)
    if isinstance(value, list) and all(isinstance(each, Mapping) for each in value):
        return rows({str(k): _cell(v) for k, v in each.items()} for each in value)
    return text(value)


def _cell(value: object) -> Field:
    return text(value) if isinstance(value, list | Mapping) else guess(value)


# ----------------------------------------------------------------------------- kinds


def text(value: object) -> Field:
    return Field("text", word(value))


def number(value: object, **more: object) -> Field:
    """A number as such, or as text with or without commas between thousands. What is none, or has
    more digits than are counted with, stays text, so that nothing of it is lost."""
    written = word(value).strip()
    if not written:
        return Field("number", None, "", _non_empty(more))
    plain = written.replace(",", "")
    if not _NUMBER.fullmatch(written) or sum(map(str.isdigit, plain)) > _DIGITS:
        return text(written)
    numeral = float(plain) if "." in plain else int(plain)
    return Field("number", numeral, plain.removeprefix("+"), _non_empty(more))


def choice(value: object, **more: object) -> Field:
    return Field("choice", word(value), "", _non_empty(more))


def choices(values: Iterable[object], **more: object) -> Field:
    """What was chosen of several; what is empty among it is left out."""
    words = [made for each in values if (made := word(each)).strip()]
    return Field("choices", words, "", _non_empty(more))


def people(named: Iterable[tuple[object, object]]) -> Field:
    """People as (account id, name); either may be empty, but not both."""
    accounts = [{"account": word(account), "name": word(name)} for account, name in named]
    return Field("people", [one for one in accounts if one["account"] or one["name"]])


def date(value: object) -> Field:
    return Field("date", word(value))


def span(start: object, end: object, **more: object) -> Field:
    """A range of two dates, and what else is said of it."""
    return Field("range", {"start": word(start), "end": word(end), **_non_empty(more)})


def files(items: Iterable[Mapping[str, object]]) -> Field:
    """Files; what is not known of one is left out."""
    known = [{k: word(v) for k, v in each.items() if word(v)} for each in items]
    return Field("files", [each for each in known if each])


def rows(records: Iterable[Mapping[str, Field]]) -> Field:
    """The rows of a table; one that was left empty altogether is none, and there are no tables in
    tables. A cell that has several names stands under the last of them, by which people know it."""
    made: list[dict[str, Field]] = []
    other: dict[str, str] = {}
    for row in records:
        called: dict[int, str] = {}
        for name, cell in row.items():
            called[id(cell)] = name
        other |= {name: called[id(cell)] for name, cell in row.items() if called[id(cell)] != name}
        flat = {name: row[name] for name in called.values() if row[name].kind != "rows"}
        if not is_blank(flat):
            made.append(flat)
    return Field("rows", made, "", other)


def group(values: Mapping[str, object]) -> Field:
    """Values that belong together, of which no other kind is known."""
    return Field("group", _kept(values))


def _kept(value: object, depth: int = 0) -> object:
    """A JSON value that can be stored: what is nested deeper than is ever meant becomes text."""
    if isinstance(value, Mapping) and depth < DEEPEST:
        return {word(name): _kept(each, depth + 1) for name, each in value.items()}
    if isinstance(value, list) and depth < DEEPEST:
        return [_kept(each, depth + 1) for each in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return number(value).value
    return word(value)


def word(value: object) -> str:
    """A JSON value as text: structures as JSON, and "" for null and where nothing is in it."""
    if isinstance(value, str):
        # lone halves of surrogate pairs, which JSON can carry and no store can, are replaced
        return value if value.isascii() else _stored(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if value in (None, [], {}) or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    try:
        if isinstance(value, int | float):
            return f"{value:.15g}" if isinstance(value, float) and value % 1 else str(int(value))
        return _stored(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    except (ValueError, RecursionError):  # more digits than Python writes, or nested too deeply
        return ""


def _stored(value: str) -> str:
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _non_empty(more: Mapping[str, object]) -> dict[str, object]:
    return {word(n): _kept(value) for n, value in more.items() if value not in (None, "", [], {})}


# ----------------------------------------------------------------------------- under their names


def named(pairs: Iterable[tuple[Sequence[object], Field]]) -> dict[str, Field]:
    """Fields by name: of each field its names, the best first. Where two fields share a name, the
    better one has it, and of two that are as good the first that was filled in: a form that shows
    one of several fields, as the answers before have it, may call them all alike."""
    every = [([text(name).value.strip() for name in names], each) for names, each in pairs]
    made: dict[str, Field] = {}
    for rank in range(max((len(names) for names, _ in every), default=0)):
        here: dict[str, Field] = {}
        for names, each in every:
            name = names[rank] if rank < len(names) else ""
            if name and (name not in here or (here[name].blank and not each.blank)):
                here[name] = each
        for name, each in here.items():
            made.setdefault(name, each)
    return made
