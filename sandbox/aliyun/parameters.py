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
from typing import Any

from sandbox.aliyun.errors import ApiError, invalid, missing

REQUIRED: dict[str, tuple[str, ...]] = {
    "RunCommand": ("RegionId", "Type", "CommandContent"),
    "InvokeCommand": ("RegionId", "CommandId"),
    "CreateCommand": ("RegionId", "Name", "Type", "CommandContent"),
    "DescribeCommands": ("RegionId",),
    "DescribeInvocations": ("RegionId",),
    "DescribeInvocationResults": ("RegionId",),
    "StopInvocation": ("RegionId", "InvokeId"),
    "DescribeCloudAssistantStatus": ("RegionId",),
    "DescribeInstances": ("RegionId",),
}
_OBJECTS = re.compile(r"List\[main_models\.(\w+)\]")

Field = str | dict[str, "Field"]
"""A type: str, int, bool, map, list (of str), or the members of a list of objects."""


@functools.cache
def _models() -> Any:
    return importlib.import_module("alibabacloud_ecs20140526.models")


def load() -> None:
    """Import the SDK's models (they take a second); meant for a thread."""
    _models()


def _members(class_name: str) -> dict[str, Field]:
    cls = getattr(_models(), class_name)
    model = cls()
    wanted: dict[str, Field] = {}
    kinds: dict[str, Field] = {}
    for name, parameter in inspect.signature(cls.__init__).parameters.items():
        if name == "self":
            continue
        note = str(parameter.annotation)
        if found := _OBJECTS.fullmatch(note):
            wire = "".join(part.capitalize() for part in name.split("_"))
            wanted[wire] = _members(found[1])
            continue
        kinds[name] = {"List[str]": "list", "Dict[str, Any]": "map"}.get(note, note)
        setattr(model, name, ["?" + name] if note == "List[str]" else "?" + name)
    for wire, value in model.to_map().items():
        mark = value[0] if isinstance(value, list) and value else value
        if isinstance(mark, str):
            wanted[wire] = kinds[mark[1:]]
    return wanted


@functools.cache
def schema(action: str) -> dict[str, Field]:
    """Wire name → type of every parameter of one API."""
    return _members(f"{action}Request")


def _scalar(name: str, kind: Field, text: str) -> Any:
    if kind == "int":
        if not re.fullmatch(r"-?\d{1,18}", text):
            raise invalid(name, "not an integer")
        return int(text)
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


def _list(name: str, flat: Mapping[int, Any]) -> list[Any]:
    if sorted(flat) != list(range(1, len(flat) + 1)):
        raise invalid(name, "its elements are not numbered from 1 on")
    return [flat[n] for n in sorted(flat)]


def parse(action: str, flat: Mapping[str, str]) -> dict[str, Any]:
    """The parameters of a call as typed values: lists are lists, ``Tag`` is a list of dicts.
    Raises ApiError."""
    fields = schema(action)
    values: dict[str, Any] = {}
    lists: dict[str, dict[int, Any]] = {}
    for key, text in flat.items():
        name, *path = key.split(".")
        kind = fields.get(name)
        if kind is None:
            raise ApiError(400, "UnsupportedParameter", f"{action} has no parameter {name}.")
        if not path and isinstance(kind, str) and kind != "list":
            values[name] = _scalar(name, kind, text)
        elif len(path) == 1 and kind == "list" and path[0].isdecimal():
            lists.setdefault(name, {})[int(path[0])] = text
        elif len(path) == 2 and isinstance(kind, dict) and path[0].isdecimal():
            if path[1] not in kind:
                raise invalid(name, f"{key} is unknown")
            item = lists.setdefault(name, {}).setdefault(int(path[0]), {})
            item[path[1]] = _scalar(key, kind[path[1]], text)
        else:
            raise invalid(name, f"{key} is not how it is written")
    values |= {name: _list(name, items) for name, items in lists.items()}
    for name in REQUIRED[action]:
        if values.get(name) in (None, "", []):
            raise missing(name)
    return values
