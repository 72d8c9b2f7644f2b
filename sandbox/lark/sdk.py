"""The pieces of ``lark-oapi`` that the stand-in borrows: its frame codec and its body models.

``import lark_oapi`` runs 10,000 modules and takes over two seconds. Each piece below is one small
file, so the packages above it are put in place as empty ones while it is imported and taken away
again, which leaves a later full import in the same process undisturbed.
"""

from __future__ import annotations

import functools
import importlib
import importlib.machinery
import sys
import types
import typing
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def _bare_packages(module: str) -> Iterator[None]:
    """While this lasts, importing ``module`` runs no ``__init__`` of the packages above it."""
    parts = module.split(".")
    spec = importlib.machinery.PathFinder.find_spec(parts[0])
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{parts[0]} is not installed")
    root = next(iter(spec.submodule_search_locations))
    placed = []
    for depth in range(1, len(parts)):
        name = ".".join(parts[:depth])
        if name in sys.modules:
            continue
        package = types.ModuleType(name)
        package.__path__ = ["/".join([root, *parts[1:depth]])]
        sys.modules[name] = package
        placed.append(name)
    try:
        yield
    finally:
        for name in placed:
            sys.modules.pop(name, None)


def load(module: str) -> Any:
    """One module of the SDK, without its tree."""
    if module in sys.modules:
        return sys.modules[module]
    with _bare_packages("lark_oapi.core.x"), _bare_packages(module):
        return importlib.import_module(module)


Frame: Any = load("lark_oapi.ws.pb.pbbp2_pb2").Frame
"""``pbbp2.Frame``: what every binary message of the long connection is."""

DecodeError: Any = load("lark_oapi.ws.pb.google.protobuf.message").DecodeError

MODELS = {
    "create": ("lark_oapi.api.im.v1.model.create_message_request_body", "CreateMessageRequestBody"),
    "reply": ("lark_oapi.api.im.v1.model.reply_message_request_body", "ReplyMessageRequestBody"),
    "patch": ("lark_oapi.api.im.v1.model.patch_message_request_body", "PatchMessageRequestBody"),
    "urgent": ("lark_oapi.api.im.v1.model.urgent_receivers", "UrgentReceivers"),
    "task": ("lark_oapi.api.approval.v4.model.task_approve", "TaskApprove"),
    "callback": (
        "lark_oapi.event.callback.model.p2_card_action_trigger",
        "P2CardActionTriggerResponse",
    ),
}


@functools.cache
def model(name: str) -> Any:
    module, cls = MODELS[name]
    return getattr(load(module), cls)


def violations(name: str, value: Any) -> list[dict[str, str]]:
    """Where a body disagrees with the SDK's model: [{"field", "value", "description"}].

    Field names and types are read from the model classes, nested ones too; a field that the model
    does not have is a violation, and so is one of another type. ``null`` counts as left out.
    """
    return list(_compare(model(name), value, ""))


def _compare(expected: Any, value: Any, path: str) -> Iterator[dict[str, str]]:
    origin = typing.get_origin(expected)
    if expected is Any or value is None:
        return
    if isinstance(getattr(expected, "_types", None), dict):
        if not isinstance(value, dict):
            yield _violation(path, value, "should be an object")
            return
        known = expected._types
        for key, inner in value.items():
            where = f"{path}.{key}" if path else str(key)
            if key not in known:
                yield _violation(where, inner, "unknown field")
            else:
                yield from _compare(known[key], inner, where)
    elif origin in (list, dict):
        if not isinstance(value, origin):
            yield _violation(path, value, f"should be a {origin.__name__}")
            return
        inner_type = typing.get_args(expected)[-1]
        items = value.items() if origin is dict else enumerate(value)
        for key, inner in items:
            yield from _compare(inner_type, inner, f"{path}.{key}")
    elif isinstance(expected, type) and not _fits(expected, value):
        yield _violation(path, value, f"should be {expected.__name__}")


def _fits(expected: type, value: Any) -> bool:
    if isinstance(value, bool):
        return expected is bool
    return isinstance(value, (int, float) if expected is float else expected)


def _violation(field: str, value: Any, description: str) -> dict[str, str]:
    return {"field": field, "value": str(value)[:80], "description": description}
