"""Functions over times. None of them knows what time it is: now is one of their arguments."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

from bot.oos.expr import values
from bot.oos.expr.functions import base
from bot.oos.expr.functions.base import Example, Function

_LAYOUTS = (
    "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H%z",
    "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d",
)  # fmt: skip
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?(Z|[+-]\d{2}:?\d{2})?", re.ASCII)
_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_DIRECTIVES = "aAbBdHIjmMpSUwWyYfzZ%"
_ISO = "%Y-%m-%dT%H:%M:%SZ"
_DAY = timedelta(days=1)


def format_utc_time(argument: object) -> str:
    when, layout = base.items(argument, 2)
    moment, _ = _moment(when)
    return _formatted(moment, base.text(layout))


def _formatted(moment: datetime, layout: str) -> str:
    def directive(match: re.Match[str]) -> str:
        if not match[1] or match[1] not in _DIRECTIVES:
            raise base.BadArgument(f"expected a time format like {_ISO}, got {match[0]!r} in it")
        if match[1] == "Y":
            return f"{moment.year:04d}"
        return moment.strftime(match[0])

    return base.bounded(_DIRECTIVE.sub(directive, layout))


def _moment(argument: object) -> tuple[datetime, str]:
    """The time that a text says, in UTC, and the layout it is written in."""
    text = base.text(argument).strip()
    for layout in _LAYOUTS:
        try:
            parsed = datetime.strptime(text, layout)
            moment = parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
        return moment, layout.replace("%z", "Z")
    raise base.BadArgument(
        f"expected a time like 2026-01-31T08:00:00Z, got {values.brief(argument)}"
    )


def add_hour(argument: object) -> str:
    """The time is written as it was given, in UTC."""
    when, hours = base.items(argument, 2)
    moment, layout = _moment(when)
    try:
        return _formatted(moment + timedelta(hours=base.number(hours)), layout)
    except OverflowError:
        raise base.BadArgument(f"{values.brief(hours)} hours are more than time has") from None


def duration_between(argument: object) -> str:
    """Of two times of day, the second may be on the next day."""
    start, end = base.items(argument, 2)
    if _CLOCK.fullmatch(base.text(start).strip()) and _CLOCK.fullmatch(base.text(end).strip()):
        return _duration((_clock(end) - _clock(start)) % _DAY)
    between = _moment(end)[0] - _moment(start)[0]
    if between < timedelta():
        raise base.BadArgument(f"{values.brief(end)} is before {values.brief(start)}")
    return _duration(between)


def _clock(argument: object) -> timedelta:
    """A time of day, since midnight UTC."""
    match = _CLOCK.fullmatch(base.text(argument).strip())
    if match is None:
        raise base.BadArgument(f"expected a time of day like 08:30, got {values.brief(argument)}")
    hours, minutes, seconds = int(match[1]), int(match[2]), int(match[3] or 0)
    if hours > 23 or minutes > 59 or seconds > 59:
        raise base.BadArgument(f"there is no time of day {values.brief(argument)}")
    since = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    zone = (match[4] or "Z").replace(":", "")
    if zone != "Z":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5]))
        since = (since - offset if zone[0] == "+" else since + offset) % _DAY
    return since


def _duration(between: timedelta) -> str:
    """As ISO 8601, which ACS::Sleep takes."""
    minutes, seconds = divmod(int(between.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if n]
    return "PT" + ("".join(parts) or "0S")


def calculate_time_by_ops_window(argument: object) -> str:
    """Now, if it is within the window, else when the window opens next. A window may span
    midnight; one that ends when it starts is always open."""
    start, end, now = base.items(argument, 3)
    moment, _ = _moment(now)
    opens, closes = _clock(start), _clock(end)
    today = datetime.combine(moment.date(), time(), UTC)
    since = moment - today
    if opens == closes or (since - opens) % _DAY < (closes - opens) % _DAY:
        return _formatted(moment, _ISO)
    try:
        following = today + opens + (_DAY if since >= opens else timedelta())
    except OverflowError:
        raise base.BadArgument(f"{values.brief(now)} is the end of time") from None
    return _formatted(following, _ISO)


FUNCTIONS = (
    Function("FormatUTCTime", "A time in another layout (strftime's letters).",
        "按格式输出 UTC 时间（strftime 的字母）。", "[time, format]",
        (Example(["2026-01-31T08:05:09Z", "%Y-%m-%dT%H:%MZ"], "2026-01-31T08:05Z"),),
        format_utc_time, wrong=base.takes(2)),
    Function("AddHour", "A time, hours later (negative: earlier).", "时间向后推移若干小时。",
        "[time, hours]", (Example(["2026-01-31T23:00:00Z", 2], "2026-02-01T01:00:00Z"),
         Example(["2026-01-31T01:00Z", "-2"], "2026-01-30T23:00Z")),
        add_hour, wrong=base.takes(2)),
    Function("DurationBetween", "How long from one time to the next, as ISO 8601.",
        "两个时间点之间的时长（ISO 8601）。", "[start, end]",
        (Example(["08:00", "20:30"], "PT12H30M"), Example(["22:00:00Z", "06:00:00Z"], "PT8H")),
        duration_between, wrong=base.takes(2)),
    Function("CalculateTimeByOpsWindow",
        "Now, if it is within the daily window (UTC), else when the window opens next.",
        "若当前在每日窗口（UTC）内则为当前时间，否则为下一次窗口开始时间。", "[start, end, now]",
        (Example(["01:00", "03:00", "2026-01-31T02:00:00Z"], "2026-01-31T02:00:00Z"),
         Example(["01:00", "03:00", "2026-01-31T04:00:00Z"], "2026-02-01T01:00:00Z")),
        calculate_time_by_ops_window, wrong=base.takes(3)),
)  # fmt: skip
