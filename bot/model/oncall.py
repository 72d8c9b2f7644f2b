"""Calendars of those who are on call: what one says, and what is kept of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CalendarSource:
    """Where the calendar of a rota is: an address, which may be a secret, or the path of a file;
    and the ``zone`` of times that name none."""

    rota: str
    address: str
    zone: str


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """An event of a calendar, as it stands there: a time from ``begin`` to ``end``, its title, and
    the names and mail addresses of those who take part."""

    begin: datetime
    end: datetime
    summary: str
    attendees: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shift:
    """From ``begin`` to ``end`` a person, by id, is on call."""

    person: str
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Calendar:
    """The shifts of a rota, as its calendar had them when it was last read: those to come, and
    those of the last days as they were kept then. ``read_at``: when that was (None: never);
    ``unknown``: titles of events that name nobody who is known; ``fault``: why it could not be
    read since ("": it could)."""

    rota: str
    read_at: datetime | None
    shifts: tuple[Shift, ...] = ()
    unknown: tuple[str, ...] = ()
    fault: str = ""
