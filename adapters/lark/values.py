"""Reading what Lark sends leniently: each value is taken for what it is worth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

LARGEST = 2**63 - 1


def dict_(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def list_(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def parsed(value: Any) -> Mapping[str, Any]:
    """An object, given as such or as JSON text; {} for anything else."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return dict_(value)


def text(value: Any) -> str:
    """A string that can be stored: lone halves of surrogate pairs, which JSON can carry, are
    replaced."""
    if isinstance(value, str):
        if value.isascii():
            return value
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST:
        return str(value)
    return ""
