"""What a request body may look like, read off the platform's own SDK models.

Each model class knows its wire names (``to_map``), its types (the hints of ``__init__``) and which
fields are required (the comment the generator writes above the assignment). Nothing is retyped
here, so a newer SDK brings its own fields.
"""

from __future__ import annotations

import importlib
import inspect
import re
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from sandbox.dingtalk import errors

_REQUIRED = re.compile(r"# This parameter is required\.\s+self\.(\w+) =")


@dataclass(frozen=True)
class Field:
    wire: str
    hint: Any
    required: bool


class _Probe:
    """Stands in every attribute of a model while ``to_map`` writes it, to learn its wire name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def to_map(self) -> _Probe:
        return self

    def items(self) -> list[tuple[str, _Probe]]:
        return [("", self)]

    def __iter__(self) -> Iterator[_Probe]:
        return iter((self,))


@cache
def fields(model: type) -> dict[str, Field]:
    """The fields of one model class by wire name."""
    hints = typing.get_type_hints(model.__init__)  # type: ignore[misc]
    source = inspect.getsource(model.__init__)  # type: ignore[misc]
    required = set(_REQUIRED.findall(source))
    blank = model()
    for name in hints:
        setattr(blank, name, _Probe(name))
    found = {}
    for wire, value in blank.to_map().items():
        if isinstance(value, dict):
            value = value[""]
        if isinstance(value, list):
            value = value[0]
        found[wire] = Field(wire, hints[value.name], value.name in required)
    return found


@cache
def model_named(name: str) -> type:
    """The SDK's class for ``"card_1_0.UpdateCardRequest"``; imported when first needed."""
    package, _, cls = name.partition(".")
    module = importlib.import_module(f"alibabacloud_dingtalk.{package}.models")
    model: type = getattr(module, cls)
    return model


def check(body: Any, name: str, also: frozenset[str] = frozenset()) -> None:
    """Raise what the platform answers to a body that its own model ``name`` does not describe.

    ``also`` are fields that the platform's clients send and the model lacks. The platform ignores
    unknown fields; here they are refused, since each is a misspelling.
    """
    if not isinstance(body, dict):
        raise errors.Refused("Missingbody", "body is mandatory for this action.")
    _check_fields({k: v for k, v in body.items() if k not in also}, model_named(name), "")


def _check_fields(body: dict[str, Any], model: type, path: str) -> None:
    known = fields(model)
    for wire in body:
        if wire not in known:
            raise errors.Refused("InvalidParameter", f"Unknown parameter {path}{wire}.")
    for field in known.values():
        value = body.get(field.wire)
        if value is None:
            if field.required:
                where = path + field.wire
                raise errors.Refused(f"Missing{where}", f"{where} is mandatory for this action.")
        else:
            _check_value(value, field.hint, path + field.wire)


def _check_value(value: Any, hint: Any, path: str) -> None:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return
    if origin is list:
        _demand(isinstance(value, list), path, "an array")
        for index, item in enumerate(value):
            _check_value(item, inner[0], f"{path}[{index}]")
    elif origin is dict:
        _demand(isinstance(value, dict), path, "an object")
        for key, item in value.items():
            _check_value(item, inner[1], f"{path}.{key}")
    elif hint is str:
        _demand(isinstance(value, str), path, "a string")
    elif hint is bool:
        _demand(isinstance(value, bool), path, "a boolean")
    elif hint is int:
        _demand(isinstance(value, int) and not isinstance(value, bool), path, "an integer")
    elif hasattr(hint, "to_map"):
        _demand(isinstance(value, dict), path, "an object")
        _check_fields(value, hint, path + ".")
    else:
        raise NotImplementedError(f"{path}: the SDK's type {hint} is new here")


def _demand(fits: bool, path: str, kind: str) -> None:
    if not fits:
        raise errors.Refused("InvalidParameter", f"Parameter {path} must be {kind}.")
