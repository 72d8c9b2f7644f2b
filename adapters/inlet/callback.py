"""What a chat platform's callback comes to: a payload, and what it is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.inlet import refusal


@dataclass(frozen=True, slots=True)
class Callback:
    """``payload`` as the platform's adapter takes it from its stream; None: only to be answered.
    ``reply`` makes the body of the answer, of what a button is answered (None: nothing)."""

    payload: Mapping[str, object] | None
    reply: Callable[[Mapping[str, Any] | None], Mapping[str, Any]]


def forged() -> refusal.Refusal:
    """The same answer whatever is wrong, so that a key cannot be tried out piece by piece."""
    return refusal.Refusal(401, "forged", "this was not signed or encrypted with our key")


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    return value if isinstance(value, str) else ""
