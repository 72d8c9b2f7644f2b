"""Freezes and change windows: whether each can ever matter, and whether something can ever run."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from bot.config import build, schema
from bot.config.context import CheckContext
from bot.policy import calendar
from bot.source import paths

SECTIONS = ("freeze", "window")
RISKS = ("low", "medium", "high", "critical")


def check_calendar(context: CheckContext) -> None:
    """Note what is wrong with single tables, and where all of them leave no time to run."""
    now = datetime.now(UTC)
    before = len(context.diagnostics.faults)
    names: dict[str, paths.Path] = {}
    for path, table in _entries(context):
        other = names.setdefault(table.name, path)
        if other != path:
            line = context.diagnostics.line(other)
            message = f"{table.name} is the name of line {line}, too; people could not tell them"
            context.diagnostics.fault((*path, "name"), message)
        _check_times(context, path, table, now)
        _check_commands(context, path, table)
        if table.holidays is not None:
            _check_holidays(context, path, table.holidays)
    if len(context.diagnostics.faults) == before and not context.faulty():
        _check_openings(context, now)


def _entries(context: CheckContext) -> Iterator[tuple[paths.Path, schema.Period]]:
    for section in SECTIONS:
        yield from context.parts.entries(section)


def _check_times(
    context: CheckContext, path: paths.Path, table: schema.Period, now: datetime
) -> None:
    if any(context.faulty(*path, key) for key in ("from", "until", "hours", "holidays")):
        return
    bounded = table.begin is not None or table.until is not None
    if not bounded and not table.hours and table.holidays is None:
        message = "says no times: it needs from, until, hours or holidays"
        context.diagnostics.fault(path, message, table.name)
        return
    times = build.period(context.file, table).times
    if times.begin is not None and times.end is not None and times.begin >= times.end:
        context.diagnostics.fault((*path, "until"), "comes before from, so it holds no time")
    elif times.end is not None and calendar.Times(times.zone, end=times.end).holds(now) is False:
        context.diagnostics.warn((*path, "until"), "is over, so the table has no use any more")


def _check_commands(context: CheckContext, path: paths.Path, table: schema.Period) -> None:
    known = context.file.command
    for index, pattern in enumerate(table.commands):
        names = [name for name in known if fnmatchcase(name, pattern)]
        if names and all(_is_internal(context, name) for name in names):
            message = f"names only {' and '.join(names)}, which nothing ever holds"
            context.diagnostics.fault((*path, "commands", index), message, pattern)
        elif not names:
            message = f"no table [command.NAME] matches {pattern}, so it holds nothing"
            context.diagnostics.fault((*path, "commands", index), message, pattern)


def _is_internal(context: CheckContext, name: str) -> bool:
    """Does a command only change what the bot itself keeps?"""
    known = (context.commands or {}).get(name)
    return known is not None and bool(known.internal)


def _check_holidays(context: CheckContext, path: paths.Path, place: str) -> None:
    if importlib.util.find_spec("holidays") is None:
        context.diagnostics.fault(
            (*path, "holidays"),
            'the package that knows them is not installed: pip install "countersign[holidays]"; '
            'in a checkout .venv/bin/python -m pip install -c requirements.lock ".[holidays]"',
        )
        return
    try:
        calendar.public_holidays(place, datetime.now(UTC).year)
    except NotImplementedError:
        context.diagnostics.fault(
            (*path, "holidays"),
            "is no country whose holidays are known; write a code of two letters, such as CN, and "
            "that of a part of it behind it, such as DE-BY",
        )


def _check_openings(context: CheckContext, now: datetime) -> None:
    """Is there, from now and from the beginning of each of them, a time within a year at which each
    operation may start, in each group?"""
    freezes, windows = (
        [(path, build.period(context.file, one)) for path, one in context.parts.entries(section)]
        for section in SECTIONS
    )
    places = {one: path for path, one in (*freezes, *windows)}
    begins = [
        one.times.begin.replace(tzinfo=ZoneInfo(one.times.zone))
        for one in places
        if one.times.begin is not None
    ]
    for name, group, risk in _operations(context) if places else ():
        for at in (now, *(begin for begin in begins if begin > now)):
            closed = calendar.closure(
                [one for _, one in freezes if one.concerns(name, group, risk)],
                [one for _, one in windows if one.concerns(name, group, risk)],
                at,
            )
            if closed is not None and closed.opens is None:
                where = f" in the group {group}" if group else ""
                message = f"with it {name} may start{where} at no time within a year"
                if at > now:
                    message += f" from {calendar.shown(at, context.file.bot.timezone)} on"
                context.diagnostics.fault(places[closed.period], message, closed.period.name)
                return


def _operations(context: CheckContext) -> Iterator[tuple[str, str, str]]:
    """Each operation with each group that it may be asked in ("": none), and the risk that it may
    have."""
    groups = dict.fromkeys(("", *(group.name for group in context.file.group)))
    for name, command in context.file.command.items():
        if _is_internal(context, name):
            continue
        known = (context.commands or {}).get(name)
        usual = (known.risk,) if known is not None else RISKS
        for group in groups:
            for risk in (command.risk,) if command.risk else usual:
                yield name, group, risk
