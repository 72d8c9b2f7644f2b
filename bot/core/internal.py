"""Internal operations: they change what the bot itself keeps, and nothing outside.

They are asked for, planned, voted on and judged as every other, and are done in the very
transaction that starts them: no call leaves the bot, so none of them is ever under way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot import model, policy
from bot.core.decision import DecisionBuilder


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks for: ``values`` as the command answered them, ``written_at`` when that was
    written."""

    builder: DecisionBuilder
    person: policy.Person
    place: model.Place
    locale: str
    written_at: datetime
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """What is put to the vote: the values that it is done with (JSON), and what they change, in the
    language of the question, as everybody reads it who votes. ``needs``: whose agreement it takes
    besides."""

    values: Mapping[str, Any]
    text: str
    needs: policy.Verdict = field(default_factory=policy.Verdict)


@dataclass(frozen=True, slots=True)
class Operation:
    """``draft``: what is to be voted on, or why that cannot be. ``apply``: change it, in the
    decision that starts it and by what the store shows then, and say so in a sentence; or, having
    changed nothing, why not."""

    draft: Callable[[Question], Draft | policy.Refusal]
    apply: Callable[[DecisionBuilder, model.InternalPlan], str | policy.Refusal]
