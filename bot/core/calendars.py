"""What a calendar of those on call says from now on, kept beside what it said before.

What was on call at a time stays so: of the past that is kept which was known then.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot import model
from bot.core import reachability
from bot.core.decision import DecisionBuilder
from bot.deployment import Deployment
from bot.policy import oncall

KEPT = timedelta(days=31)
"""For so long past shifts are kept: votes are judged by them."""
MOST_SHIFTS = 5000
MOST_UNKNOWN = 20


def read(
    deployment: Deployment, event: model.CalendarRead, view: model.View, now: datetime
) -> model.Decision:
    """Keep what was read. Where others are on call than before, open requests are looked at."""
    builder = DecisionBuilder(deployment, view, now)
    roster = builder.deployment.book.oncall
    rota = roster.rotas.get(event.rota)
    if not isinstance(rota, oncall.CalendarRota):
        return builder.receipt()
    before = rota.calendar or model.Calendar(event.rota, None)
    calendar = replace(before, fault=event.fault) if event.fault else kept(rota, before, event)
    if event.fault and event.fault != before.fault:
        builder.enter("countersign", "oncall.unread", rota=event.rota, why=event.fault)
    elif not event.fault and (said(before, now) != said(calendar, now) or before.fault):
        builder.enter(
            "countersign",
            "oncall.read",
            rota=event.rota,
            shifts=len(said(calendar, now)),
            unknown=list(calendar.unknown),
        )
    builder.calendars.append(calendar)
    if rota.on_call(now) != replace(rota, calendar=calendar).on_call(now):
        for request in filter(reachability.asks, view.listing):
            builder.timers.append(model.Timer(request.id, reachability.TIMER, now))
    return builder.receipt()


def kept(
    rota: oncall.CalendarRota, before: model.Calendar, event: model.CalendarRead
) -> model.Calendar:
    """The shifts that were known until now, as far as the calendar counted, and those that were
    read from now on."""
    now, past = event.at, []
    until = min(now, before.read_at + oncall.STALE) if before.read_at is not None else now
    for shift in before.shifts:
        end = min(shift.end, until)
        if shift.begin < end and end > now - KEPT:
            past.append(replace(shift, end=end))
    people = [(one, rota.meant(one)) for one in event.events if one.end > now]
    coming = [
        model.Shift(who, max(one.begin, now), one.end) for one, named in people for who in named
    ]
    unknown = dict.fromkeys(one.summary for one, named in people if not named)
    shifts = (*past, *sorted(coming, key=lambda one: (one.begin, one.end, one.person)))
    return model.Calendar(
        event.rota, now, joined(shifts)[:MOST_SHIFTS], tuple(unknown)[:MOST_UNKNOWN]
    )


def joined(shifts: tuple[model.Shift, ...]) -> tuple[model.Shift, ...]:
    """The same, with one that goes on where another of the same person ended as one shift."""
    whole: list[model.Shift] = []
    for shift in shifts:
        for index, other in enumerate(whole):
            if (other.person, other.end) == (shift.person, shift.begin):
                whole[index] = replace(other, end=shift.end)
                break
        else:
            whole.append(shift)
    return tuple(whole)


def said(calendar: model.Calendar, now: datetime) -> tuple[tuple[str, datetime, datetime], ...]:
    """What a calendar says of the time from now on."""
    return tuple(
        (one.person, max(one.begin, now), one.end) for one in calendar.shifts if one.end > now
    )
