"""Calendars of those who are on call: can each be read now, and whom does it name?"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import timedelta

from bot import config, model
from bot.doctor import lines
from bot.model import checks, ports
from bot.policy import oncall

AHEAD = timedelta(days=14)
"""Of so much of the time to come the events are looked at."""


def of(settings: config.Config, clock: ports.Clock) -> tuple[checks.Check, ...]:
    """A check for each."""
    return tuple(
        checks.Check(f"calendar {one.rota}", functools.partial(_look, settings, one, clock))
        for one in settings.calendars
    )


async def _look(
    settings: config.Config, source: model.CalendarSource, clock: ports.Clock
) -> Sequence[checks.Finding]:
    calendars, now = settings.adapters.calendars.build(), clock.now()
    id_, rota = f"calendar {source.rota}", settings.book.oncall.rotas[source.rota]
    assert isinstance(rota, oncall.CalendarRota)
    try:
        events = await calendars.events(source.address, source.zone, now, now + AHEAD)
    except ports.PollFailed as fault:
        return (lines.problem(id_, "doctor.calendar.unread", rota=source.rota, reason=str(fault)),)
    finally:
        await calendars.close()
    named = [(one, rota.meant(one)) for one in events]
    unknown = list(dict.fromkeys(one.summary for one, people in named if not people))
    people = list(dict.fromkeys(who for _, some in named for who in some if who in rota.people))
    if unknown:
        return (lines.unsure(id_, "doctor.calendar.unknown", rota=source.rota, titles=unknown[:5]),)
    if not people:
        return (lines.unsure(id_, "doctor.calendar.nobody", rota=source.rota),)
    return (lines.ok(id_, "doctor.calendar.ok", rota=source.rota, people=people),)
