"""The widgets of an approval form → fields as ``bot.model.fields`` has them.

https://open.feishu.cn/document/server-docs/approval-v4/approval/approval-widget-parameters
A widget's value is JSON of its type; what was left empty is null, "" or an empty list, or not there
at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from adapters.lark.values import dict_, list_, parsed
from bot.model import fields
from bot.model.fields import Field

Widget = Mapping[str, Any]


def read(widgets: object) -> dict[str, Field]:
    """Every field under its widget's custom id, id and name."""
    items = [each for each in list_(widgets) if isinstance(each, dict)]
    names = ("custom_id", "id", "name")
    return fields.named(
        (tuple(_name(each.get(name)) for name in names), field_of(each)) for each in items
    )


def plain(widgets: object) -> dict[str, Any]:
    """The same as JSON."""
    return {name: field.plain() for name, field in read(widgets).items()}


def _name(value: object) -> str:
    return value if isinstance(value, str) else ""


def field_of(widget: Widget) -> Field:
    kind = widget.get("type")
    reader = READERS.get(kind) if isinstance(kind, str) else None
    return reader(widget) if reader is not None else fields.guess(widget.get("value"))


def _each(widget: Widget) -> list[object]:
    value = widget.get("value")
    return value if isinstance(value, list) else [] if value in (None, "") else [value]


# ----------------------------------------------------------------------------- kinds


def _text(widget: Widget) -> Field:
    return fields.text(widget.get("value"))


def _number(widget: Widget) -> Field:
    more = parsed(widget.get("ext"))
    currency = widget.get("currency") or more.get("currency")
    capital = more.get("capitalValue")
    return fields.number(widget.get("value"), currency=currency, capital=capital)


def _choice(widget: Widget) -> Field:
    """By its text; an option of a list that is kept elsewhere comes by its id."""
    value, option = widget.get("value"), dict_(widget.get("option"))
    key, label = option.get("key"), option.get("text")
    chosen = label if label and value in (None, "", key) else value
    return fields.choice(chosen, key=key)


def _choices(widget: Widget) -> Field:
    options = [dict_(each) for each in list_(widget.get("option"))]
    known = {fields.word(each.get("key")): each.get("text") for each in options}
    chosen = _each(widget) or [each.get("text") for each in options]
    labels = [known.get(fields.word(each)) or each for each in chosen]
    return fields.choices(labels, key=[key for key in known if key])


def _date(widget: Widget) -> Field:
    return fields.date(widget.get("value"))


def _range(widget: Widget) -> Field:
    """Two dates, and whatever else stands beside them: how long that is, the type of a leave. A
    group of widgets without dates is a group of values."""
    value = parsed(widget.get("value"))
    if value and not {"start", "end"} & set(value):
        return fields.group(value)
    more = {name: each for name, each in value.items() if name not in ("start", "end")}
    return fields.span(value.get("start"), value.get("end"), **more)


def _group(widget: Widget) -> Field:
    return fields.group(parsed(widget.get("value")))


def _people(widget: Widget) -> Field:
    """By their open ids, which stand beside the value; people have no names there."""
    opened, users = list_(widget.get("open_ids")), _each(widget)
    if opened:
        return fields.people((each, "") for each in opened)
    return fields.people(("", user) for user in users)


def _departments(widget: Widget) -> Field:
    items = [each if isinstance(each, dict) else {"id": each} for each in _each(widget)]
    ids = [fields.word(each.get("open_id") or each.get("id")) for each in items]
    names = [each.get("name") or id_ for each, id_ in zip(items, ids, strict=True)]
    return fields.choices(names, id=ids)


def _files(widget: Widget) -> Field:
    """By their addresses; their names stand beside, with commas between them."""
    addresses = _each(widget)
    names = fields.word(widget.get("ext")).split(",")
    if len(names) != len(addresses):
        names = [""] * len(addresses)
    return fields.files(
        each if isinstance(each, dict) else {"name": name.strip() or _base(each), "url": each}
        for each, name in zip(addresses, names, strict=True)
    )


def _base(address: object) -> str:
    return fields.word(address).partition("?")[0].rpartition("/")[2]


def _documents(widget: Widget) -> Field:
    items = [dict_(each) for each in _each(widget)]
    return fields.files(
        {
            "name": each.get("title"),
            "url": each.get("url"),
            "id": each.get("token"),
            "type": each.get("type"),
        }
        for each in items
    )


def _related(widget: Widget) -> Field:
    """Other instances, by their codes."""
    return fields.choices(_each(widget))


def _telephone(widget: Widget) -> Field:
    value = widget.get("value")
    if not isinstance(value, dict):
        return fields.text(value)
    number = fields.word(value.get("country_code")) + fields.word(value.get("national_number"))
    return fields.text(number)


def _table(widget: Widget) -> Field:
    return fields.rows(read(row) for row in _each(widget))


READERS: Mapping[str, Callable[[Widget], Field]] = {
    "text": _text,
    "input": _text,
    "textarea": _text,
    "serialNumber": _text,
    "address": _text,
    "telephone": _telephone,
    "number": _number,
    "amount": _number,
    "formula": _number,
    "radio": _choice,
    "radioV2": _choice,
    "checkbox": _choices,
    "checkboxV2": _choices,
    "date": _date,
    "dateInterval": _range,
    "leaveGroup": _range,
    "leaveGroupV2": _range,
    "outGroup": _range,
    "workGroup": _range,
    "tripGroup": _group,
    "remedyGroup": _group,
    "shiftGroup": _group,
    "account": _group,
    "contact": _people,
    "department": _departments,
    "attachment": _files,
    "attachmentV2": _files,
    "image": _files,
    "imageV2": _files,
    "document": _documents,
    "connect": _related,
    "fieldList": _table,
}
"""How each type of widget is read; of all others it is their value that tells their kind."""
