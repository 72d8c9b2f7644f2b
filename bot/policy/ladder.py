"""Ladders: when those whose votes lack are reminded, how, and when others are told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from bot.policy import calendar
from bot.source.tables import settings
from bot.source.values import Duration, InFile, Texts

How = Literal["mention", "direct", "urgent", "group"]


@settings
class LadderStep:
    """A step of a policy's ladder: who is told, and how, when a request was open for so long.
    Where a ladder stands, there is no `remind`."""

    after: Duration = Field(
        description="So long after its approvers were asked; shorter than `expires`."
    )
    how: How = Field(
        default="mention",
        description="`mention`: in the request's thread. `direct`: by a message to each of them "
        "alone. `urgent`: by such a message, with the strongest alert that their platform lets a "
        "bot give. `group`: in another group.",
    )
    who: Texts = Field(
        default=(),
        description='People by id, `"role:NAME"` for everyone with a role, or `"oncall:NAME"` for '
        "whoever is on call then. Default: those whose vote is missing.",
    )
    group: str = Field(
        default="", max_length=256, description='The group that is told, with `how = "group"`.'
    )
    repeat: Annotated[timedelta, InFile(Duration)] = Field(
        default=timedelta(), description="The step is done again after so long. Default: it is not."
    )
    backoff: float = Field(
        default=2.0,
        ge=1,
        le=10,
        allow_inf_nan=False,
        description="How many times as long as the last one each next pause of `repeat` is.",
    )
    times: int = Field(
        default=5, ge=2, le=50, description="How often it is done in all, with `repeat`."
    )


@dataclass(frozen=True, slots=True)
class Moment:
    """When a step is done: ``at``, and ``due`` where that was to be within quiet hours."""

    due: datetime
    at: datetime
    step: LadderStep


def moments(
    steps: Iterable[LadderStep], quiet: calendar.Times | None, since: datetime, until: datetime
) -> Iterator[Moment]:
    """All moments of these steps before ``until``, counted from ``since``, in no order. What falls
    into ``quiet`` hours is done at their end."""
    for step in steps:
        for due in _dues(step, since):
            if due >= until:
                break
            at = _loud(quiet, due)
            if at is not None and at < until:
                yield Moment(due, at, step)


def _dues(step: LadderStep, since: datetime) -> Iterator[datetime]:
    due, pause = since + step.after, step.repeat
    yield due
    for _ in range(step.times - 1 if pause else 0):
        due += pause
        pause *= step.backoff
        yield due


def _loud(quiet: calendar.Times | None, at: datetime) -> datetime | None:
    """The first moment from one on that is not within quiet hours; None: there is none."""
    if quiet is None:
        return at
    closure = calendar.closure((calendar.Period("", quiet, ""),), (), at)
    return at if closure is None else closure.opens
