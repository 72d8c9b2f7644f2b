"""What the gate says: no, for a reason, or yes, once further policies are satisfied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: ``key`` names the sentence in ``bot.texts``, ``facts`` fill it."""

    key: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """No, for one reason; or yes, once each of the ``policies`` is satisfied besides the usual one,
    for these ``reasons``."""

    refusal: Refusal | None = None
    policies: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def together(verdicts: Iterable[Verdict]) -> Verdict:
    """What several say: the first refusal, or every further policy. None replaces another, so
    nobody weakens one by words that call for a lesser one."""
    policies, reasons = dict[str, None](), dict[str, None]()
    for verdict in verdicts:
        if verdict.refusal is not None:
            return Verdict(verdict.refusal)
        policies |= dict.fromkeys(verdict.policies)
        reasons |= dict.fromkeys(verdict.reasons)
    return Verdict(None, tuple(policies), tuple(reasons))
