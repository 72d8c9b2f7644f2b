"""How a template writes an API's parameters, and how they go over the wire.

Templates leave the dots out of nested names, write ``InstanceIds: […]`` for ``InstanceId.N`` and
lists where the API takes JSON text; names fit in any case. What ECS takes is read from the request
models of its SDK. https://help.aliyun.com/document_detail/121313.html
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from adapters.aliyun import products

Wire = dict[str, str]
"""Parameters by wire name: lists are ``Name.1``, members of objects ``Name.Key``."""

_MODEL = re.compile(r"(List\[)?main_models\.(\w+)\]?")
_MANY = re.compile(r"List\[(\w+)\]")
Kind = Literal["text", "number", "boolean", "json", "object"]
KINDS: Mapping[str, Kind] = {"int": "number", "float": "number", "bool": "boolean"}


@dataclass(frozen=True)
class Field:
    """One parameter: its name on the wire, what it holds, and whether it is a list of such. The
    ``members`` of an object are found by ``fold``."""

    wire: str
    kind: Kind
    many: bool = False
    members: Mapping[str, Field] = field(default_factory=dict)


Schema = Mapping[str, Field]


class _Mark:
    """Stands for a value in a model, to see under which name it goes."""

    def __init__(self, name: str) -> None:
        self.name = name

    def to_map(self) -> _Mark:
        return self


def fold(name: str) -> str:
    """A name for comparison: in any case, with its dots or without."""
    return name.replace(".", "").lower()


@functools.cache
def _models() -> object:
    return importlib.import_module("alibabacloud_ecs20140526.models")


@functools.cache
def actions() -> Mapping[str, str]:
    """The APIs of ECS by their lower-case names. Imports the SDK: use a thread."""
    names = [n.removesuffix("Request") for n in dir(_models()) if n.endswith("Request")]
    return {n.lower(): n for n in names if not n.endswith("Shrink")}


@functools.cache
def schema(action: str) -> Schema:
    """The parameters of an API of ECS, by ``fold``; empty if the SDK does not know it."""
    if action.lower() not in actions():
        return {}
    name = actions()[action.lower()]
    shrunk = getattr(_models(), f"{name}ShrinkRequest", None)
    packed = set(inspect.signature(shrunk.__init__).parameters) if shrunk else set()
    return _members(f"{name}Request", packed)


def _members(name: str, packed: set[str]) -> Schema:
    """The fields of a model. ``packed``: those that go as JSON are named ``…_shrink`` here."""
    model = getattr(_models(), name)()
    notes: dict[str, str] = {}
    for attribute, parameter in inspect.signature(model.__class__.__init__).parameters.items():
        if attribute == "self":
            continue
        note = notes[attribute] = str(parameter.annotation)
        mark = _Mark(attribute)
        setattr(model, attribute, [mark] if note.startswith("List[") else mark)
    members: dict[str, Field] = {}
    for wire, value in model.to_map().items():
        mark = value[0] if isinstance(value, list) else value
        members[fold(wire)] = _field(wire, notes[mark.name], f"{mark.name}_shrink" in packed)
    return members


def _field(wire: str, note: str, packed: bool) -> Field:
    if packed or note.startswith("Dict["):
        return Field(wire, "json")
    if match := _MODEL.fullmatch(note):
        return Field(wire, "object", bool(match[1]), _members(match[2], set()))
    many = _MANY.fullmatch(note)
    kind: Any = KINDS.get(many[1] if many else note, "text")
    return Field(wire, kind, many is not None)


def ecs(action: str, fields: Mapping[str, Any], reads: bool) -> Wire:
    """What a template gives to an API of ECS, as it goes over the wire. A name that the API does
    not know goes unchanged. With ``reads``, a filter that is empty is none."""
    known = schema(action)
    sent: Wire = {}
    for name, value in fields.items():
        if value is None or (reads and value == ""):
            continue
        at = find(known, name)
        if at is None and (at := plural(known, name)) is not None:
            value = json.dumps(_listed(value)) if at[1].kind == "text" else _listed(value)
        if at is None:
            sent |= flat(name, value)
        else:
            sent |= _put(at[0], at[1], value)
    return sent


def plural(known: Schema, name: str) -> tuple[str, Field] | None:
    """What a template means that names one of several: DescribeInstances takes InstanceIds, and the
    published templates, and the page of ACS::WaitFor, give it an InstanceId."""
    field = known.get(fold(name) + "s")
    return None if field is None else (field.wire, field)


def takes(action: str, name: str) -> bool:
    """Does this API of ECS have a parameter that a template writes like this?"""
    return find(schema(action), name) is not None


def find(known: Schema, name: str) -> tuple[str, Field] | None:
    """Where a name of a template belongs: its wire name and its field; None: it is not known."""
    if (numbered := _numbered(known, name)) is not None:
        return numbered
    if "." in name and name.lower() not in (f.wire.lower() for f in known.values()):
        return _dotted(known, name)
    folded = fold(name)
    if folded in known:
        return known[folded].wire, known[folded]
    for ending, singular in (("ies", "y"), ("es", ""), ("s", "")):
        one = known.get(folded.removesuffix(ending) + singular) if folded.endswith(ending) else None
        if one is not None and one.many:
            return one.wire, one
    return _inside(known, folded)


def _numbered(known: Schema, name: str) -> tuple[str, Field] | None:
    """One of several, with its number: ``Filter.1.Key``, also without the dots."""
    match = re.fullmatch(r"(\w*[A-Za-z])\.?([0-9]+)(?:\.?([A-Za-z][\w.]*))?", name)
    outer = known.get(fold(match[1])) if match is not None else None
    if match is None or outer is None or not outer.many or fold(name) in known:
        return None
    inner = find(outer.members, match[3]) if match[3] else ("", replace(outer, many=False))
    return inner and (f"{outer.wire}.{match[2]}{'.' * bool(inner[0])}{inner[0]}", inner[1])


def _dotted(known: Schema, name: str) -> tuple[str, Field] | None:
    """A name that is written with its dots, such as SystemDisk.Category."""
    head, _, rest = name.partition(".")
    outer = known.get(fold(head))
    if outer is None or outer.many or outer.kind != "object":
        return None
    inner = find(outer.members, rest)
    return inner and (f"{outer.wire}.{inner[0]}", inner[1])


def _inside(known: Schema, folded: str) -> tuple[str, Field] | None:
    """A member of an object whose dot is left out, such as SystemDiskCategory."""
    for outer in known.values():
        head = fold(outer.wire)
        if outer.kind == "object" and not outer.many and folded.startswith(head):
            inner = find(outer.members, folded[len(head) :])
            if inner is not None:
                return f"{outer.wire}.{inner[0]}", inner[1]
    return None


def _put(name: str, at: Field, value: object) -> Wire:
    if value == "" and (at.many or at.kind != "text"):
        return {}
    if at.many:
        sent: Wire = {}
        present = [item for item in _listed(value) if item is not None]
        for number, item in enumerate(present, 1):
            sent |= _one(f"{name}.{number}", at, item)
        return sent
    return _one(name, at, value)


def _one(name: str, at: Field, value: object) -> Wire:
    if at.kind != "object":
        return {name: _text(value, at.kind)}
    value = _opened(value, dict)
    if not isinstance(value, Mapping):
        return flat(name, value)
    sent: Wire = {}
    for key, item in value.items():
        if item is None:
            continue
        inner = find(at.members, str(key))
        sent |= _put(f"{name}.{inner[0]}", inner[1], item) if inner else flat(f"{name}.{key}", item)
    return sent


def _listed(value: object) -> list[Any]:
    """A list: as it is, as JSON text, or of this one value."""
    value = _opened(value, list)
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _opened(value: object, wanted: type) -> object:
    """What JSON text stands for, if that is what is wanted; else the value itself."""
    if not isinstance(value, str) or value[:1] not in "[{":
        return value
    try:
        document = json.loads(value)
    except ValueError:
        return value
    return document if isinstance(document, wanted) else value


def _text(value: object, kind: Kind = "text") -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (Mapping, list, tuple)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    text = str(value)
    return text.strip().lower() if kind == "boolean" else text


def flat(name: str, value: object) -> Wire:
    """One parameter of which nothing is known: lists and objects by their elements."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        pairs = [(f"{name}.{key}", item) for key, item in value.items()]
    elif isinstance(value, (list, tuple)):
        present = [item for item in value if item is not None]
        pairs = [(f"{name}.{n}", item) for n, item in enumerate(present, 1)]
    else:
        return {name: _text(value)}
    sent: Wire = {}
    for inner, item in pairs:
        sent |= flat(inner, item)
    return sent


def plain(product: products.Product | None, fields: Mapping[str, object]) -> Wire:
    """What a template gives to an API of another product, as it goes over the wire."""
    sent: Wire = {}
    for name, value in fields.items():
        if product is not None and name in product.json and not isinstance(value, str):
            sent |= {} if value is None else {name: _text(value)}
        elif name == "Tags" and product is not None and _pairs(value):
            sent |= flat(product.tag, value)
        else:
            sent |= flat(name, value)
    return sent


def _pairs(value: object) -> bool:
    """Is it a list of tags, each with its key?"""
    return isinstance(value, list) and all(isinstance(v, Mapping) and "Key" in v for v in value)
