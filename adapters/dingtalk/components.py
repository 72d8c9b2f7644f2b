"""The components of an OA form → fields as ``bot.model.fields`` has them.

https://open.dingtalk.com/document/development/obtains-the-details-of-a-single-approval-instance-pop
A component's value is text, of a structure its JSON; what was left empty is null, "", the text
"null", an empty list, or not there at all. What stands beside the value comes as ``extValue``, in
the rows of tables also as ``extendValue``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from adapters.dingtalk.records import dicts
from bot.model import fields
from bot.model.fields import Field

Component = Mapping[str, Any]


def read(components: object) -> dict[str, Field]:
    """Every field under its component's id, alias and name."""
    return fields.named(entry for each in dicts(components) for entry in _named(each))


def plain(components: object) -> dict[str, Any]:
    """The same as JSON."""
    return {name: field.plain() for name, field in read(components).items()}


def _named(component: Component) -> Iterator[tuple[tuple[object, ...], Field]]:
    """A field with its names. A range is named by the JSON text of two names, which are those of
    its start and its end."""
    field = field_of(component)
    name = component.get("name") or component.get("label")
    key = component.get("id") or component.get("key")
    yield (key, component.get("bizAlias"), name), field
    pair = _json(name)
    if field.kind == "range" and isinstance(pair, list):
        for one, part in zip(pair, ("start", "end"), strict=False):
            yield ("", "", "", one), fields.date(field.value[part])


def field_of(component: Component) -> Field:
    kind = component.get("componentType")
    reader = READERS.get(kind, _text) if isinstance(kind, str) else _text
    return reader(component)


def _value(component: Component) -> object:
    """The value, parsed where it is the JSON of a list or an object; None where it is empty."""
    value = component.get("value")
    if isinstance(value, str):
        value = value if value.strip() not in ("", "null") else None
        document = _json(value)
        return value if document is None else document
    return value


def _beside(component: Component) -> object:
    """What stands beside the value: a list or an object, or None."""
    for name in ("extValue", "extendValue"):
        value = component.get(name)
        value = value if isinstance(value, list | dict) else _json(value)
        if value:
            return value
    return None


def _json(value: object) -> object:
    """The list or object of a JSON text; None if it is none."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value is None else [value]


# ----------------------------------------------------------------------------- kinds


def _text(component: Component) -> Field:
    value = component.get("value")
    empty = isinstance(value, str) and value.strip() == "null"
    return fields.text(None if empty else value)


def _number(component: Component) -> Field:
    value, beside = _value(component), _beside(component)
    more = beside if isinstance(beside, dict) else {}
    return fields.number(value, currency=more.get("currency"), capital=more.get("upper"))


def _choice(component: Component) -> Field:
    value, beside = _text(component).value, _beside(component)
    more = beside if isinstance(beside, dict) else {}
    return fields.choice(value or more.get("label"), key=more.get("key"))


def _choices(component: Component) -> Field:
    value, beside = _list(_value(component)), dicts(_beside(component))
    labels = value or [each.get("label") for each in beside]
    return fields.choices(labels, key=[fields.word(each.get("key")) for each in beside])


def _date(component: Component) -> Field:
    return fields.date(_text(component).value)


def _range(component: Component) -> Field:
    """Two dates; behind them how long that is and, of a leave, of which type it is."""
    value, beside = _value(component), _beside(component)
    if value is not None and not isinstance(value, list):
        return _text(component)
    parts = [None if part == "null" else part for part in _list(value)]
    start, end, interval, unit, name, *_ = parts + [None] * 5
    hours = beside.get("durationInHour") if isinstance(beside, dict) else None
    if interval is None and hours is not None:
        interval, unit = hours, "hour"
    return fields.span(start, end, interval=interval, unit=unit, name=name)


def _people(component: Component) -> Field:
    """Their ids stand beside the value, which has their names only."""
    known = [(each.get("emplId"), each.get("name")) for each in dicts(_beside_list(component))]
    if known:
        return fields.people(known)
    value = _value(component)
    names = value.split(",") if isinstance(value, str) else _list(value)
    return fields.people(("", name) for name in names)


def _departments(component: Component) -> Field:
    known = dicts(_beside_list(component))
    names = [each.get("name") or each.get("deptName") for each in known]
    ids = [fields.word(each.get("itemId") or each.get("id")) for each in known]
    return fields.choices(names or _list(_value(component)), id=ids)


def _beside_list(component: Component) -> list[object]:
    value = _beside(component)
    inner = value.get("list") if isinstance(value, dict) else None
    return _list(inner if isinstance(inner, list) else value)


def _photos(component: Component) -> Field:
    def described(photo: object) -> Mapping[str, object]:
        if isinstance(photo, dict):
            return photo
        address = fields.word(photo)
        return {"url": address, "name": address.partition("?")[0].rpartition("/")[2]}

    return fields.files(map(described, _list(_value(component))))


def _attachments(component: Component) -> Field:
    return fields.files(
        {
            "name": each.get("fileName"),
            "id": each.get("fileId"),
            "size": each.get("fileSize"),
            "type": each.get("fileType"),
            "space": each.get("spaceId"),
        }
        for each in dicts(_list(_value(component)))
    )


def _related(component: Component) -> Field:
    """Other forms, by their instances."""
    items = dicts(_list(_value(component))) or dicts(_beside_list(component))
    if not items:
        return fields.choices(_list(_value(component)))
    numbers = [fields.word(each.get("businessId")) for each in items]
    return fields.choices((each.get("procInstId") for each in items), number=numbers)


def _address(component: Component) -> Field:
    value = _value(component)
    return fields.text("/".join(map(fields.word, value)) if isinstance(value, list) else value)


def _table(component: Component) -> Field:
    """Rows of components; how they stand in the answer depends on its age."""
    rows = []
    for row in _list(_value(component)):
        cells = row.get("rowValue") if isinstance(row, dict) else row
        rows.append(read(cells))
    return fields.rows(rows)


READERS: Mapping[str, Callable[[Component], Field]] = {
    "NumberField": _number,
    "MoneyField": _number,
    "CalculateField": _number,
    "StarRatingField": _number,
    "DDSelectField": _choice,
    "DDMultiSelectField": _choices,
    "DDDateField": _date,
    "DDDateRangeField": _range,
    "DDHolidayField": _range,
    "InnerContactField": _people,
    "DepartmentField": _departments,
    "DDPhotoField": _photos,
    "DDAttachment": _attachments,
    "RelateField": _related,
    "AddressField": _address,
    "TableField": _table,
}
"""How each type of component is read; all others are text."""
