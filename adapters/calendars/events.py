"""The text of a calendar → its events, with those that repeat written out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

from bot import model
from bot.model import ports

MOST_EVENTS = 2000
MOST_OCCURRENCES = 5000
MOST_CHARACTERS = 200
TOO_OFTEN = frozenset({"SECONDLY", "MINUTELY", "HOURLY"})
DENSE = ("BYHOUR", "BYMINUTE", "BYSECOND")


def between(
    text: str, zone: str, begin: datetime, end: datetime
) -> tuple[model.CalendarEvent, ...]:
    """The events between two moments, in order of their beginning; days, and times without a zone,
    are read in ``zone``. Raises ports.PollFailed for what is no calendar, or too much of one."""
    try:
        calendar = icalendar.Calendar.from_ical(text)
        _bound(calendar)
        components = recurring_ical_events.of(calendar).between(begin, end)
        events = tuple(_event(one, ZoneInfo(zone)) for one in components if _counts(one))
    except ports.PollFailed:
        raise
    except Exception as fault:  # the libraries raise what they like for a text that is malformed
        raise ports.PollFailed(
            f"it is no calendar that can be read ({type(fault).__name__})"
        ) from None
    if len(events) > MOST_OCCURRENCES:
        raise ports.PollFailed(f"it has too many events: {len(events)} within a month")
    return tuple(sorted(events, key=lambda one: (one.begin, one.end, one.summary)))


def _bound(calendar: icalendar.Component) -> None:
    """Refuse what would take long to write out."""
    events = calendar.walk("VEVENT")
    if len(events) > MOST_EVENTS:
        raise ports.PollFailed(f"it has too many events: {len(events)}, {MOST_EVENTS} at most")
    for event in events:
        rules = event.get("RRULE") or []
        for rule in rules if isinstance(rules, list) else [rules]:
            often = {str(each).upper() for each in rule.get("FREQ", ())} & TOO_OFTEN
            if often or any(len(rule.get(key, ())) > 1 for key in DENSE):
                raise ports.PollFailed("it has an event that repeats more than once a day")


def _counts(event: icalendar.Event) -> bool:
    return str(event.get("STATUS", "")).upper() != "CANCELLED" and event.start != event.end


def _event(event: icalendar.Event, zone: ZoneInfo) -> model.CalendarEvent:
    summary = " ".join(str(event.get("SUMMARY", "")).split())[:MOST_CHARACTERS]
    attendees = tuple(dict.fromkeys(_attendees(event)))
    return model.CalendarEvent(
        _moment(event.start, zone), _moment(event.end, zone), summary, attendees
    )


def _attendees(event: icalendar.Event) -> Iterator[str]:
    """The names and mail addresses of those who take part; who declined does not."""
    attendees = event.get("ATTENDEE") or []
    for attendee in attendees if isinstance(attendees, list) else [attendees]:
        if str(attendee.params.get("PARTSTAT", "")).upper() == "DECLINED":
            continue
        address = str(attendee)
        scheme, colon, mail = address.partition(":")
        yield (mail if colon and scheme.lower() == "mailto" else address)[:MOST_CHARACTERS]
        if name := str(attendee.params.get("CN", "")):
            yield name[:MOST_CHARACTERS]


def _moment(when: date, zone: ZoneInfo) -> datetime:
    """A moment; of a day its beginning."""
    if not isinstance(when, datetime):
        when = datetime(when.year, when.month, when.day)
    return when if when.tzinfo is not None else when.replace(tzinfo=zone)
