"""Rotas: whether each can be told from the others, and says once who is on call."""

from __future__ import annotations

from datetime import datetime

from bot.config import oncall
from bot.config.context import CheckContext
from bot.source import paths


def check_oncall(context: CheckContext) -> None:
    """Note rotas of which two have a name, and overrides that contradict each other."""
    names: dict[str, paths.Path] = {}
    for path, table in context.parts.entries("oncall"):
        other = names.setdefault(table.name, path)
        if other != path:
            line = context.diagnostics.line(other)
            message = f"{table.name} is the name of the rota of line {line}, too"
            context.diagnostics.fault((*path, "name"), message)
        if table.at is not None and isinstance(table.since, datetime):
            message = "has no use where since says a time of day already; write either"
            context.diagnostics.fault((*path, "at"), message)
        _check_overrides(context, path, table)


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
