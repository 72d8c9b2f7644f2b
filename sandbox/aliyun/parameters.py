"""What each API takes, read from the request models of the official ECS SDK.

A name that the model does not know, a value that is not of the model's type, a list that does not
count from 1: each is refused, so a caller cannot lean on something the real API never promised.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.aliyun.errors import ApiError, invalid, missing

REQUIRED: dict[str, tuple[str, ...]] = {
    "RunCommand": ("RegionId", "Type", "CommandContent"),
    "InvokeCommand": ("RegionId", "CommandId"),
    "CreateCommand": ("RegionId", "Name", "Type", "CommandContent"),
    "DeleteCommand": ("RegionId", "CommandId"),
    "DescribeCommands": ("RegionId",),
    "DescribeInvocations": ("RegionId",),
    "DescribeInvocationResults": ("RegionId",),
    "StopInvocation": ("RegionId", "InvokeId"),
    "DescribeCloudAssistantStatus": ("RegionId",),
    "DescribeInstances": ("RegionId",),
    "DescribeInstanceStatus": ("RegionId",),
    "DescribeInstanceAttribute": ("InstanceId",),
    "DescribeRegions": (),
    "ModifyInstanceAttribute": ("InstanceId",),
    "StartInstance": ("InstanceId",),
    "StopInstance": ("InstanceId",),
    "RebootInstance": ("InstanceId",),
    "StartInstances": ("RegionId", "InstanceId"),
    "StopInstances": ("RegionId", "InstanceId"),
    "RebootInstances": ("RegionId", "InstanceId"),
    "RunInstances": ("RegionId",),
    "DeleteInstance": ("InstanceId",),
    "AttachDisk": ("InstanceId", "DiskId"),
    "DetachDisk": ("InstanceId", "DiskId"),
    "DescribeDisks": ("RegionId",),
    "CreateSnapshot": ("DiskId",),
    "DescribeSnapshots": ("RegionId",),
    "TagResources": ("RegionId", "ResourceType", "ResourceId", "Tag"),
    "UntagResources": ("RegionId", "ResourceType", "ResourceId"),
    "ListTagResources": ("RegionId", "ResourceType"),
}
"""The actions served, and what each needs. Those that go by an instance's id alone may be told its
region, too: a regional endpoint serves no other."""
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


@functools.cache
def _models() -> Any:
    return importlib.import_module("alibabacloud_ecs20140526.models")


def load() -> None:
    """Import the SDK's models (they take a second); meant for a thread."""
    _models()


def _members(class_name: str) -> dict[str, Field]:
    cls = getattr(_models(), class_name)
    found: dict[str, Field] = {}
    empty = cls().to_map()
    for name, parameter in inspect.signature(cls.__init__).parameters.items():
        if name == "self":
            continue
        note = str(parameter.annotation)
        model, mark = cls(), "?"
        kind: Field = note
        if match := _OBJECT.fullmatch(note):
            members = _members(match[2])
            kind = members if match[1] else Struct(members)
            mark = getattr(_models(), match[2])()
        elif note in ("List[str]", "Dict[str, Any]"):
            kind = "list" if note == "List[str]" else "map"
        listed = note.startswith("List[")
        setattr(model, name, [mark] if listed else mark)
        (wire,) = (key for key, value in model.to_map().items() if value != empty.get(key))
        found[wire] = kind
    return found


@functools.cache
def schema(action: str) -> dict[str, Field]:
    """Wire name → type of every parameter of one API."""
    return {"RegionId": "str"} | _members(f"{action}Request")


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
    if kind == "map":
        try:
            value = json.loads(text)
        except ValueError:
            raise invalid(name, "not JSON") from None
        if not isinstance(value, dict):
            raise invalid(name, "not a JSON object")
        return value
    return text


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


def parse(action: str, flat: Mapping[str, str]) -> dict[str, Any]:
    """The parameters of a call as typed values: lists are lists, ``Tag`` is a list of dicts; what
    is empty was not given. Raises ApiError."""
    fields = schema(action)
    values: dict[str, Any] = {}
    for name, node in _tree(flat).items():
        kind = fields.get(name)
        if kind is None:
            raise ApiError(400, "UnsupportedParameter", f"{action} has no parameter {name}.")
        if node != "":
            values[name] = _value(name, kind, node)
    for name in REQUIRED[action]:
        if values.get(name) in (None, "", []):
            raise missing(name)
    return values
