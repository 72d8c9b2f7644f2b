"""What was approved and may not start yet: it waits for the end of a freeze, for a window, or for
the time at which it was asked to start.

Until when is a row of due times, so it survives restarts. When that comes, or when what it waits
for is changed before, everything is judged anew.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot import cards, model, policy, texts
from bot.core import facts
from bot.core.decision import DecisionBuilder
from bot.policy import calendar, starting

TIMER = "opening"
COUNTDOWN = "countdown"
"""The kind of the due time at which the card says anew how long something still waits."""
STEPS = (
    (timedelta(days=2), timedelta(days=1)),
    (timedelta(hours=2), timedelta(hours=1)),
    (timedelta(minutes=30), timedelta(minutes=15)),
    (timedelta(), timedelta(minutes=5)),
)
"""While more than so much is left, the card says so each time that so much has passed."""


MOST_AHEAD = timedelta(days=30)
_SPAN = re.compile(r"(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?")
_TIME = re.compile(r"(?:([0-9]{4}-[0-9]{2}-[0-9]{2})[T ])?([0-9]{1,2}):([0-9]{2})")
_MINUTE = timedelta(minutes=1)


def start_of(
    start: str, zone: str, written: datetime, now: datetime, most: timedelta = MOST_AHEAD
) -> datetime | policy.Refusal | None:
    """When something is to start that was asked for with "at=03:00" or "in=2h", by the clock of a
    zone, from when that was ``written``, no further ahead than ``most``; or why that cannot be.
    None: at once."""
    if not start:
        return None
    word, _, text = start.partition("=")
    at = _after(text, written) if word == "in" else _at(text, zone, written)
    if at is None:
        return policy.Refusal("start.no_day", {"time": text})
    shown = {"time": calendar.shown(at, zone)}
    if at <= now:
        return policy.Refusal("start.past", shown)
    if at > now + most:
        return policy.Refusal("start.far", {**shown, "most": most})
    return at


def _after(text: str, written: datetime) -> datetime:
    """So much later, at the next whole minute."""
    match = _SPAN.fullmatch(text)
    assert match is not None
    days, hours, minutes = (int(part or 0) for part in match.groups())
    at = written + timedelta(days=days, hours=hours, minutes=minutes)
    rest = timedelta(seconds=at.second, microseconds=at.microsecond)
    return at - rest + (_MINUTE if rest else timedelta())


def _at(text: str, zone: str, written: datetime) -> datetime | None:
    """At a time of that day, or when the clock shows it next. None: there is no such day."""
    match = _TIME.fullmatch(text)
    assert match is not None
    hour, minute = int(match[2]), int(match[3])
    if not match[1]:
        return calendar.after(written, hour, minute, zone)
    try:
        day = datetime.fromisoformat(match[1])
    except ValueError:
        return None
    return calendar.moments(day.replace(hour=hour, minute=minute), ZoneInfo(zone))[0]


def of(builder: DecisionBuilder) -> model.Opening | None:
    """What the request would have to wait for now; None: nothing, or it never opens."""
    view = builder.current_view()
    closure = facts.starting_of(builder.deployment, builder.it, view, builder.now).closure
    if closure is None or closure.opens is None:
        return None
    reason = texts.spoken(builder.it.locale, closure.period.reason)
    return model.Opening(closure.opens, closure.kind, closure.period.name, reason)


def note(builder: DecisionBuilder) -> None:
    """Let the card of what is voted on say from when on it may start."""
    opening = of(builder)
    builder.change(opening=opening, opened_at=None)
    builder.cleared.append(TIMER)
    if opening is not None:
        builder.timers.append(model.Timer(builder.it.id, TIMER, opening.at))


def wait(builder: DecisionBuilder, refusal: model.Refused) -> bool:
    """Let it wait, where it may not start for a reason that ends by itself; its thread is told once
    of each end. False: for another reason."""
    opening = of(builder) if is_closed(refusal) else None
    if opening is None:
        return False
    before = builder.view.request
    waited = before is not None and before.scheduled and before.opening == opening
    builder.timers.append(model.Timer(builder.it.id, TIMER, opening.at))
    builder.change(opening=opening, lock_wait=None)
    builder.locks = ()
    if waited:
        return True
    count_down(builder, opening)
    builder.enter(
        "countersign",
        "request.scheduled",
        kind=opening.kind,
        name=opening.name,
        until=opening.at.isoformat(),
        digest=builder.it.digest,
    )
    why = cards.opening_text(builder.deployment, builder.it.locale, opening)
    builder.tell_sentence(
        f"opening:{opening.at:%Y%m%d%H%M%S}", "say.scheduled", builder.asker(),
        why=why, left=opening.at - builder.now,
    )  # fmt: skip
    builder.update_card()
    return True


def count_down(builder: DecisionBuilder, opening: model.Opening) -> None:
    """Note when it was said how long this still takes, and when that is said anew."""
    builder.change(counted_at=builder.now)
    due = next_count(opening.at, builder.now)
    if due is not None:
        builder.timers.append(model.Timer(builder.it.id, COUNTDOWN, due))


def next_count(at: datetime, now: datetime) -> datetime | None:
    """When the card next says how long it is until ``at``; None: not before that."""
    rest = at - now
    step = next((step for more, step in STEPS if rest > more), None)
    if step is None:
        return None
    steps = -(-rest // step) - 1
    return at - steps * step if steps else None


def count_again(builder: DecisionBuilder) -> None:
    """Time went by: the card of what still waits says how long that takes from now on."""
    opening = builder.it.opening
    if builder.it.scheduled and opening is not None:
        count_down(builder, opening)
        builder.update_card(spare="progress")


def is_closed(refusal: model.Refused) -> bool:
    """Was something refused for a reason that ends by itself?"""
    return refusal.data.get("key") in starting.CLOSED


def over(builder: DecisionBuilder) -> None:
    """It may start: from when on it could have is noted."""
    opening = builder.it.opening
    if opening is not None:
        builder.change(opening=None, opened_at=min(opening.at, builder.now), counted_at=None)
        builder.cleared += (TIMER, COUNTDOWN)
