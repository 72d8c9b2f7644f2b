"""What each API takes, read from the request models of the official OOS SDK.

A name that the model does not know and a value that is not of the model's type are refused, so a
caller cannot lean on something the real API never promised.
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
    "ValidateTemplateContent": (),
    "StartExecution": (),
    "ListExecutions": (),
    "ListTaskExecutions": (),
    "ListExecutionLogs": ("ExecutionId",),
    "NotifyExecution": ("ExecutionId", "NotifyType"),
    "CancelExecution": ("ExecutionId",),
    "CreateTemplate": ("TemplateName", "Content"),
    "UpdateTemplate": ("TemplateName", "Content"),
    "ListTemplates": (),
    "GetTemplate": ("TemplateName",),
}


@functools.cache
def _models() -> Any:
    return importlib.import_module("alibabacloud_oos20190601.models")


def load() -> None:
    """Import the SDK's models (they take a while); meant for a thread."""
    _models()


@functools.cache
def schema(action: str) -> dict[str, str]:
    """Wire name → "str", "int", "bool" or "map" of every parameter of one API."""
    cls = getattr(_models(), f"{action}Request")
    request = cls()
    kinds = {}
    for name, parameter in inspect.signature(cls.__init__).parameters.items():
        if name == "self":
            continue
        note = str(parameter.annotation)
        kinds[name] = {"Dict[str, Any]": "map"}.get(note, note)
        setattr(request, name, ["?" + name] if note.startswith("List") else "?" + name)
    marks = {
        wire: value[0] if isinstance(value, list) else value
        for wire, value in request.to_map().items()
    }
    return {wire: kinds[mark[1:]] for wire, mark in marks.items()}


def parse(action: str, flat: Mapping[str, str]) -> dict[str, Any]:
    """The parameters of a call as typed values. Raises ApiError."""
    fields = schema(action)
    values: dict[str, Any] = {}
    for name, text in flat.items():
        kind = fields.get(name)
        if kind is None:
            raise ApiError(400, "UnsupportedParameter", f"{action} has no parameter {name}.")
        if text != "":
            values[name] = _typed(name, kind, text)
    for name in REQUIRED[action]:
        if name not in values:
            raise missing(name)
    return values


def _typed(name: str, kind: str, text: str) -> Any:
    if kind == "int":
        if not re.fullmatch(r"-?\d{1,18}", text):
            raise invalid(name, "not an integer")
        return int(text)
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
