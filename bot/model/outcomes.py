"""How a call to the outside ends: in one of four ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Done:
    """It happened. ``ref`` is the other side's reference; ``data`` what it answered."""

    ref: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    kind: Literal["done"] = "done"


@dataclass(frozen=True, slots=True)
class Refused:
    """The other side said no, or, with the code "not_authorised", the core did at the moment when
    it would have been sent. Never retried. ``data``: facts about why, for the core."""

    reason: str
    code: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    kind: Literal["refused"] = "refused"


TOGETHER = "together"
"""In the data of a refusal: the effects that were claimed and refused with it, none of which was
sent either."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """It is tried again after ``retry_after`` seconds (0: the usual back-off): it provably did not
    happen. With ``uncertain`` it may have happened, but the other side recognises a repetition, at
    least for a while; later tries are told so."""

    reason: str
    retry_after: float = 0.0
    kind: Literal["not_sent"] = "not_sent"
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have happened. Looked up by its token, else a person is asked; never sent again on a
    guess."""

    reason: str
    token: str = ""
    kind: Literal["unknown"] = "unknown"


Outcome = Done | Refused | NotSent | Unknown
