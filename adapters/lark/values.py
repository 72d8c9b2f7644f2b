"""Reading what Lark sends leniently: each value is taken for what it is worth."""

from __future__ import annotations

import json
from collections.abc import Mapping

LARGEST = 2**63 - 1


def dict_(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def list_(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def parsed(value: object) -> Mapping[str, object]:
    """An object, given as such or as JSON text; {} for anything else."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return dict_(value)


def text(value: object) -> str:
    """A string that can be stored: lone halves of surrogate pairs, which JSON can carry, are
    replaced."""
    if isinstance(value, str):
        if value.isascii():
            return value
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST:
        return str(value)
    return ""
