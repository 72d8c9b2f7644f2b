"""What each API of a product takes, read from the request models of the product's official SDK.

A name that the model does not know, a value that is not of the model's type, a list that does not
count from 1: each is refused, so a caller cannot lean on something the real API never promised.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.aliyun.errors import ApiError, invalid, missing

_REGION = re.compile(r"(cn|ap|eu|us|me|na)-[a-z0-9-]+")
_OBJECT = re.compile(r"(List\[)?main_models\.(\w+)\]?")


@dataclass(frozen=True)
class Struct:
    """A single object: "SystemDisk.Category"."""

    members: dict[str, Field]


Field = str | dict[str, "Field"] | Struct
"""A type: str, int, float, bool, map, list (of str), the members of a list of objects, or those of
one object."""
Tree = dict[str, "str | Tree"]
"""A call's flat names, split at their dots."""


class Reference:
    """The APIs of one product. ``models``: the SDK's module of them; ``required``: the actions
    served, and what each needs."""

    def __init__(self, models: str, required: Mapping[str, tuple[str, ...]]) -> None:
        self.required = required
        self._models = models
        self._loaded = False
        self._schemas: dict[str, dict[str, Field]] = {}

    def load(self) -> None:
        """Import the SDK's models (they take a second); meant for a thread."""
        importlib.import_module(self._models)
        self._loaded = True

    async def read(self, action: str, flat: Mapping[str, str]) -> dict[str, Any]:
        """As ``parse``, of a call that may be the first; its region, if it names one, exists."""
        if action not in self.required:
            raise ApiError(404, "InvalidAction.NotFound", "Specified api is not found.")
        if not self._loaded:
            await asyncio.to_thread(self.load)
        typed = self.parse(action, flat)
        if "RegionId" in typed and not _REGION.fullmatch(typed["RegionId"]):
            raise ApiError(404, "InvalidRegionId.NotFound", "The RegionId does not exist.")
        return typed

    def schema(self, action: str) -> dict[str, Field]:
        """Wire name → type of every parameter of one API."""
        if action not in self._schemas:
            self._schemas[action] = {"RegionId": "str", **self._members(f"{action}Request")}
        return self._schemas[action]

    def parse(self, action: str, flat: Mapping[str, str]) -> dict[str, Any]:
        """The parameters of a call as typed values: lists are lists, ``Tag`` is a list of dicts;
        what is empty was not given. Raises ApiError."""
        fields = self.schema(action)
        values: dict[str, Any] = {}
        for name, node in _tree(flat).items():
            kind = fields.get(name)
            if kind is None:
                raise ApiError(400, "UnsupportedParameter", f"{action} has no parameter {name}.")
            if node != "":
                values[name] = _value(name, kind, node)
        for name in self.required[action]:
            if values.get(name) in (None, "", []):
                raise missing(name)
        return values

    def _members(self, class_name: str) -> dict[str, Field]:
        models = importlib.import_module(self._models)
        cls = getattr(models, class_name)
        found: dict[str, Field] = {}
        empty = cls().to_map()
        for name, parameter in inspect.signature(cls.__init__).parameters.items():
            if name == "self":
                continue
            note = str(parameter.annotation)
            model, mark = cls(), "?"
            kind: Field = note
            if match := _OBJECT.fullmatch(note):
                members = self._members(match[2])
                kind = members if match[1] else Struct(members)
                mark = getattr(models, match[2])()
            elif note in ("List[str]", "Dict[str, Any]"):
                kind = "list" if note == "List[str]" else "map"
            listed = note.startswith("List[")
            setattr(model, name, [mark] if listed else mark)
            (wire,) = (key for key, value in model.to_map().items() if value != empty.get(key))
            found[wire] = kind
        return found


def _scalar(name: str, kind: Field, text: str) -> Any:
    if kind == "int":
        if not re.fullmatch(r"-?\d{1,18}", text):
            raise invalid(name, "not an integer")
        return int(text)
    if kind == "float":
        if not re.fullmatch(r"-?\d{1,18}(\.\d{1,18})?", text):
            raise invalid(name, "not a number")
        return float(text)
    if kind == "bool":
        if text.lower() not in ("true", "false"):
            raise invalid(name, "not a boolean")
        return text.lower() == "true"
    return mapping(name, text) if kind == "map" else text


def mapping(name: str, text: str) -> dict[str, Any]:
    """The JSON object in a parameter. Raises ApiError."""
    try:
        value = json.loads(text)
    except ValueError:
        raise invalid(name, "not JSON") from None
    if not isinstance(value, dict):
        raise invalid(name, "not a JSON object")
    return value


def _tree(flat: Mapping[str, str]) -> Tree:
    root: Tree = {}
    for key in flat:
        *path, last = key.split(".")
        at = root
        for part in path:
            inside = at.setdefault(part, {})
            if isinstance(inside, str):
                raise invalid(path[0], f"{key} is not how it is written")
            at = inside
        if last in at:
            raise invalid(key.partition(".")[0], f"{key} is not how it is written")
        at[last] = flat[key]
    return root


def _value(name: str, kind: Field, node: str | Tree) -> Any:
    """A node of the tree as the model has it. ``name``: the parameter that it is a part of."""
    if isinstance(kind, str) and kind != "list":
        if not isinstance(node, str):
            raise invalid(name, "it has no parts")
        return _scalar(name, kind, node)
    if isinstance(node, str):
        raise invalid(name, "its parts are not named")
    if isinstance(kind, Struct):
        return _object(name, kind.members, node)
    if sorted(node) != sorted(str(n) for n in range(1, len(node) + 1)):
        raise invalid(name, "its elements are not numbered from 1 on")
    items = [node[str(n)] for n in range(1, len(node) + 1)]
    if isinstance(kind, dict):
        return [_object(name, kind, item) for item in items]
    return [_value(name, "str", item) for item in items]


def _object(name: str, members: dict[str, Field], node: str | Tree) -> dict[str, Any]:
    if isinstance(node, str):
        raise invalid(name, "its members are not named")
    for member in node:
        if member not in members:
            raise invalid(name, f"it has no member {member}")
    given = {member: part for member, part in node.items() if part != ""}
    return {member: _value(name, members[member], part) for member, part in given.items()}
