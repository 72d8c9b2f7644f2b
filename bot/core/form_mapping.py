"""Which field of a form a parameter is made of, and what the form is as an event.

``args`` of a ``[[form]]`` name a field, or a part of one: ``period.start``, ``items.name`` (of
every row), ``items[0].name`` (of the first one).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot import model, policy
from bot.commands import registry
from bot.model import fields
from bot.model.fields import Field
from bot.policy import identity
from bot.source import masks

if TYPE_CHECKING:
    from bot.commands import parameters

BLANK = fields.text("")
_SEVERAL = re.compile(r"[\s,;，；、]")
"""What would make two targets of one that was chosen."""
_ITEM = re.compile(r"\[(\*|[0-9]{1,4})\]")


class BlankCell(Exception):
    """A column of a table is empty in the row ``row`` (from 1), and not in others."""

    def __init__(self, row: int) -> None:
        super().__init__(row)
        self.row = row


class UnknownPerson(Exception):
    """The field names somebody (``name``) who is no known person."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class People:
    """Who the accounts in a form are. ``strict``: an account of no known person is an
    ``UnknownPerson``; otherwise it is written as platform:account, which is no person's id."""

    def __init__(self, book: policy.Book, platform: str, tenant: str, strict: bool = False) -> None:
        self.book, self.platform, self.tenant, self.strict = book, platform, tenant, strict

    def id_of(self, named: Mapping[str, str]) -> str:
        account = model.Account(self.platform, self.tenant, named["account"])
        person = identity.person_of(self.book, account)
        if person is None and self.strict:
            raise UnknownPerson(named["name"] or named["account"])
        return person.id if person else f"{self.platform}:{named['account'] or named['name']}"


# ----------------------------------------------------------------------------- what is mapped


def values_of(
    rule: policy.FormRule, command: registry.Command, form: Mapping[str, object], people: People
) -> dict[str, str] | policy.Refusal:
    """The parameters' texts, from the form's fields as the rule maps them. A field that was left
    empty gives none where the command needs none."""
    known = {name: fields.of(each) for name, each in form.items()}
    named = by_name(command)
    values: dict[str, str] = {}
    for name, source in rule.args.items():
        if source.startswith("="):
            values[name] = source[1:]
            continue
        parameter, facts = named.get(name.casefold()), {"field": source, "name": name}
        try:
            one = find(known, source)
            text = "" if one is None else written(one, parameter, people)
        except BlankCell as blank:
            return policy.Refusal("refused.form_row", {**facts, "row": blank.row})
        except UnknownPerson as unknown:
            return policy.Refusal("refused.form_person", {**facts, "who": unknown.name})
        if one is None:
            return policy.Refusal("refused.form_field", facts)
        if text:
            values[name] = text
        elif parameter is not None and parameter.required:
            return policy.Refusal("refused.form_blank", facts)
    return values


def by_name(command: registry.Command) -> dict[str, parameters.Parameter]:
    """The parameters of a command by every name of theirs."""
    return {name.casefold(): one for one in command.parameters for name in (one.name, *one.names)}


def find(known: Mapping[str, Field], source: str) -> Field | None:
    """The field, or the part of one, that is named so; None: the form has none. BlankCell: some
    rows have it and some do not."""
    if source in known:
        return known[source]
    base = base_of(known, source)
    return _part(known[base], source[len(base) :]) if base else None


def base_of(known: Iterable[str], source: str) -> str:
    """The field that is named, or that a part belongs to: the longest name that fits; "": none."""
    return max((name for name in known if _begins(source, name)), key=len, default="")


def _begins(source: str, name: str) -> bool:
    return source == name or source.startswith((f"{name}.", f"{name}["))


def _part(one: Field, rest: str) -> Field | None:
    """What ``rest`` of a name leads to from here; of what was left empty every part is empty."""
    if not rest:
        return one
    if one.blank:
        return BLANK
    item = _ITEM.match(rest)
    if item is not None:
        return _item(one, item[1], rest[item.end() :])
    if not rest.startswith("."):
        return None
    if one.kind == "rows":
        return _column(one, one.value, rest[1:])
    inner = _inner(one)
    base = base_of(inner, rest[1:])
    return _part(inner[base], rest[1 + len(base) :]) if base else None


def _inner(one: Field) -> dict[str, Field]:
    """The parts of a field by name."""
    if one.kind == "range":
        return {
            name: fields.date(value) if name in ("start", "end") else fields.guess(value)
            for name, value in one.value.items()
        }
    if one.kind in ("people", "files"):
        names = dict.fromkeys(name for each in one.value for name in each)
        return {name: fields.choices(e.get(name, "") for e in one.value) for name in names}
    parts = one.value if one.kind == "group" else one.more
    return {name: fields.guess(value) for name, value in parts.items()}


def _item(one: Field, number: str, rest: str) -> Field | None:
    """One of several, or each of them."""
    if one.kind not in ("rows", "choices", "people", "files"):
        return None
    if number == "*":
        return _part(one, rest)
    if int(number) >= len(one.value):
        return BLANK
    chosen = one.value[int(number)]
    if one.kind == "choices":
        return _part(fields.choice(chosen), rest)
    single = replace(one, value=[chosen])
    if one.kind == "rows" and rest.startswith("."):
        return _column(one, [chosen], rest[1:], alone=True)
    return _part(single, rest)


def _column(
    table: Field, rows: Sequence[Mapping[str, Field]], name: str, alone: bool = False
) -> Field | None:
    """A column of rows, or what stands in it in one row."""
    columns = {column: column for row in table.value for column in row} | dict(table.more)
    base = base_of(columns, name)
    if not base:
        return None
    cells = [_part(row.get(columns[base], BLANK), name[len(base) :]) for row in rows]
    present = [cell for cell in cells if cell is not None]
    if len(present) < len(cells):
        return None
    return present[0] if alone else _together(present)


def _together(cells: Sequence[Field]) -> Field:
    """The cells of a column as one field with all that stands in them."""
    blank = [number for number, cell in enumerate(cells, 1) if cell.blank]
    if blank:
        if len(blank) < len(cells):
            raise BlankCell(blank[0])
        return BLANK
    kind = cells[0].kind
    if kind in ("people", "files", "choices") and all(cell.kind == kind for cell in cells):
        return replace(cells[0], value=[each for cell in cells for each in cell.value], more={})
    return Field("choices", [_scalar(cell) for cell in cells])


def _scalar(cell: Field) -> object:
    return cell.value if cell.kind == "number" else read(cell, None)


# ----------------------------------------------------------------------------- as text


def written(one: Field, parameter: parameters.Parameter | None, people: People) -> str:
    """A field as the text that a parameter takes; "" of one that was left empty."""
    if one.blank or parameter is None:
        return "" if one.blank else read(one, people)
    item = parameter.template_parameter
    if parameter.kind == "targets" or (item is not None and item.association == "Targets"):
        split = one.kind == "choices" and any(map(_SEVERAL.search, map(fields.word, one.value)))
        return _json(one.value) if split else read(one, people)
    if item is not None and one.kind not in ("text", "date") and item.type in ("List", "Json"):
        return _json(_items(one, people) if item.type == "List" else plain(one, people))
    if parameter.kind == "int" and one.kind == "number" and one.value == int(one.value):
        return str(int(one.value))
    if parameter.kind == "word" and one.kind == "date":
        return read(one, people).strip().replace(" ", "T")
    return read(one, people)


def _items(one: Field, people: People) -> list[object]:
    if one.kind == "range":
        return [one.value["start"], one.value["end"]]
    value = plain(one, people)
    return value if isinstance(value, list) else [value]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def read(one: Field, people: People | None) -> str:
    """A field as people read it."""
    match one.kind:
        case "number":
            return one.text
        case "choices":
            return ", ".join(map(fields.word, one.value))
        case "people":
            return ", ".join(people.id_of(e) if people else e["name"] for e in one.value)
        case "range":
            name, dates = one.value.get("name"), [one.value["start"], one.value["end"]]
            span = " – ".join(date for date in map(fields.word, dates) if date)
            return f"{fields.word(name)}: {span}" if name else span
        case "files":
            return ", ".join(e.get("name") or e.get("url") or e.get("id") or "" for e in one.value)
        case "rows":
            return "; ".join(
                ", ".join(f"{name}: {read(cell, people)}" for name, cell in row.items())
                for row in one.value
            )
        case "group":
            return fields.word(one.value)
    return fields.word(one.value).strip()


# ----------------------------------------------------------------------------- as JSON


def plain(one: Field, people: People) -> Any:
    """A field as JSON: a text, a number or null, or a list or an object of such."""
    if one.kind == "people":
        return [people.id_of(each) for each in one.value]
    if one.kind == "rows":
        return [{name: plain(cell, people) for name, cell in row.items()} for row in one.value]
    return one.value


def shown(
    rule: policy.FormRule | None,
    command: registry.Command | None,
    form: Mapping[str, object],
    people: People,
) -> dict[str, Any]:
    """Fields as rules may see them: what a hidden parameter is made of is covered as a whole, by
    whatever name it comes, for a field can have several."""
    known = {name: fields.of(each) for name, each in form.items()}
    args = rule.args if rule is not None else {}
    named = by_name(command) if command is not None else {}
    hidden = [
        source for name, source in args.items() if (p := named.get(name.casefold())) and p.secret
    ]
    secret = [known[base] for source in hidden if (base := base_of(known, source))]
    return {
        name: masks.TYPED if any(_overlap(one, each) for each in secret) else plain(one, people)
        for name, one in known.items()
    }


def _overlap(one: Field, other: Field) -> bool:
    """Is it the same field, or one of the two dates of the other?"""
    if one.blank or other.blank:
        return False
    if one == other or one.value == other.value:
        return True
    pairs = ((one, other), (other, one))
    return any(
        whole.kind == "range" and part.kind == "date" and part.value in whole.value.values()
        for whole, part in pairs
    )
