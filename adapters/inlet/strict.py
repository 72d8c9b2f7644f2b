"""JSON from strangers: no deeper, no wider and no stranger than what the store can keep."""

from __future__ import annotations

import hashlib
import json
import math
from typing import NoReturn

from adapters.inlet import refusal

DEPTH = 32
"""Levels that the data of an event may have."""


def parse(body: bytes, depth: int) -> object:
    """The JSON value of a body, its text made valid. Raises Refusal, also where an object has a key
    twice: readers differ about which of the two holds."""
    try:
        text_ = body.decode("utf-8-sig")
        value = json.loads(text_, parse_constant=_constant, object_pairs_hook=_object)
    except UnicodeDecodeError:
        raise refusal.unreadable("the body is not UTF-8") from None
    except (ValueError, RecursionError):
        raise refusal.unreadable("the body is not JSON") from None
    return clean(value, depth)


def clean(value: object, depth: int) -> object:
    """The value with lone halves of surrogate pairs replaced. Raises Refusal if it nests deeper
    than ``depth``, or holds a number that JSON can't say."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, (dict, list)):
        if depth <= 0:
            raise refusal.unreadable("the body is nested too deeply")
        if isinstance(value, list):
            return [clean(item, depth - 1) for item in value]
        return {text(key): clean(item, depth - 1) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        raise refusal.unreadable("the body holds a number that is too large")
    return value


def text(value: str) -> str:
    """Text that can be stored."""
    if value.isascii():
        return value
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def fingerprint(value: object) -> str:
    """An id for what brings none: the same for the same content."""
    written = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return "sha256-" + hashlib.sha256(written.encode()).hexdigest()[:40]


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len({text(name) for name in made}) < len(pairs):
        raise refusal.unreadable("an object of the body has a key twice")
    return made


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
