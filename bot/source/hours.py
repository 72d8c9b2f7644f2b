"""Parts of a week as ``bot.toml`` writes them: "Sat-Sun", "Fri 18:00-24:00", "22:00-06:00"."""

from __future__ import annotations

import re
from dataclasses import dataclass

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WHOLE_DAY = 24 * 60
_FORM = re.compile(
    r"(?:(?P<days>[a-z]{3}(?:-[a-z]{3})?)(?: +|$))?"
    r"(?:(?P<start>[0-9]{1,2}:[0-9]{2})-(?P<end>[0-9]{1,2}:[0-9]{2}))?"
)


@dataclass(frozen=True, slots=True)
class Hours:
    """From ``start`` to ``end``, in minutes of the day, on ``days`` (0 is Monday). An end that does
    not come after the start is on the next day."""

    days: frozenset[int]
    start: int = 0
    end: int = WHOLE_DAY

    def __str__(self) -> str:
        days = ",".join(DAYS[day] for day in sorted(self.days))
        return f"{days} {self.start}-{self.end}"


def parse(text: str) -> Hours:
    """The hours of a text. ValueError: it says none."""
    match = _FORM.fullmatch(text.lower())
    if match is None or not text.strip():
        raise ValueError("neither days nor hours")
    days = _days(match["days"]) if match["days"] else frozenset(range(7))
    if match["start"] is None:
        return Hours(days)
    start, end = _minute(match["start"]), _minute(match["end"])
    if start in (end, WHOLE_DAY):
        raise ValueError("no time at all")
    return Hours(days, start, end)


def _days(text: str) -> frozenset[int]:
    """One day, or from one to another, over the end of the week where that comes between."""
    first, _, last = text.partition("-")
    begin = DAYS.index(first)
    size = (DAYS.index(last or first) - begin) % 7
    return frozenset((begin + more) % 7 for more in range(size + 1))


def _minute(text: str) -> int:
    hour, minute = (int(part) for part in text.split(":"))
    at = hour * 60 + minute
    if minute > 59 or at > WHOLE_DAY:
        raise ValueError("no time of a day")
    return at
