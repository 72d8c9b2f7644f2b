"""Rotas: whether each can be told from the others, and says once who is on call."""

from __future__ import annotations

import importlib.util
from datetime import datetime

from bot.config import oncall
from bot.config.context import CheckContext
from bot.source import paths

PACKAGES = ("icalendar", "recurring_ical_events")


def check_oncall(context: CheckContext) -> None:
    """Note rotas of which two have a name, and overrides that contradict each other."""
    names: dict[str, paths.Path] = {}
    for path, table in context.parts.entries("oncall"):
        other = names.setdefault(table.name, path)
        if other != path:
            line = context.diagnostics.line(other)
            message = f"{table.name} is the name of the rota of line {line}, too"
            context.diagnostics.fault((*path, "name"), message)
        _check_kind(context, path, table)
        if table.at is not None and isinstance(table.since, datetime):
            message = "has no use where since says a time of day already; write either"
            context.diagnostics.fault((*path, "at"), message)
        _check_overrides(context, path, table)


def _check_kind(context: CheckContext, path: paths.Path, table: oncall.Rota) -> None:
    """Has it turns or a calendar, and all that takes?"""
    diagnostics = context.diagnostics
    keys = [key for key in ("since", "every", "at") if getattr(table, key) is not None]
    if table.calendar is not None:
        if keys:
            message = f"stands beside calendar, which says who is on call when; leave out {keys[0]}"
            diagnostics.fault((*path, keys[0]), message)
        missing = [one for one in PACKAGES if importlib.util.find_spec(one) is None]
        if missing:
            diagnostics.fault(
                (*path, "calendar"),
                'the packages that read it are not installed: pip install "countersign[oncall]"; '
                'in a checkout .venv/bin/python -m pip install -c requirements.lock ".[oncall]"',
            )
        return
    if table.names:
        diagnostics.fault((*path, "names"), "has no use without calendar", "names")
    for key in ("people", "since", "every"):
        if not getattr(table, key) and not context.faulty(*path, key):
            message = f"{key} is missing: write people, since and every, or a calendar"
            diagnostics.fault(path, message, table.name)
            break


def _check_overrides(context: CheckContext, path: paths.Path, table: oncall.Rota) -> None:
    """Does each of them hold some time, and no two the same?"""
    if context.faulty(*path, "overrides"):
        return
    spans = [oncall.override_of(one) for one in table.overrides]
    for index, span in enumerate(spans):
        place = (*path, "overrides", index)
        if span.begin >= span.end:
            context.diagnostics.fault((*place, "until"), "comes before from, so it holds no time")
        elif any(one.begin < span.end and span.begin < one.end for one in spans[:index]):
            message = "overlaps another override, so nobody could tell who is on call"
            context.diagnostics.fault(place, message, span.person)
