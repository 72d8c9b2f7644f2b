"""``python -m bot report``: a month of approvals in numbers."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from bot import model, source, texts
from bot.cli import shell
from bot.commands import reports
from bot.source import unicode


@click.command()
@shell.with_config
@click.option("--month", default="", metavar="YYYY-MM", help="Which one; this one unless given.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with all numbers.")
def report(path: Path, month: str, as_json: bool) -> None:
    """Print a month in numbers: requests, how long approvals took, and who did not vote.

    The bot may be running meanwhile.
    """
    settings, now = shell.loaded(path, secrets=False, commands=False), datetime.now(UTC)
    try:
        span = reports.month_of(month, settings.zone, now)
    except source.Invalid as error:
        message = texts.say("en", error.message, **error.fault.facts)
        sys.exit(shell.fail(message))
    with shell.reading(settings) as reader:
        numbers = reader.report(span, now)
    if as_json:
        click.echo(json.dumps(plain(numbers), indent=2, ensure_ascii=False))
        return
    for line in lines(reports.sheet("en", settings.book, numbers)):
        click.echo(unicode.visible(line))


def lines(sheet: reports.Sheet) -> Iterator[str]:
    """A report as lines, the labels under one another."""
    yield sheet.title
    for heading, rows in (
        ("", sheet.facts),
        (texts.say("en", "report.commands"), sheet.commands),
        (texts.say("en", "report.groups"), sheet.groups),
    ):
        if rows and heading:
            yield ""
            yield heading
        width = max((len(label) for label, _ in rows), default=0)
        yield from (f"  {label.ljust(width)}  {text}" for label, text in rows)


def plain(report: model.Report) -> dict[str, object]:
    """All the numbers, times in seconds."""
    return {
        "month": report.month.name,
        "begin": report.month.begin.isoformat(),
        "end": report.month.end.isoformat(),
        **_activity(report.total),
        "pending": {**_times(report.pending), "oldest": report.oldest},
        "reminders": report.reminders,
        "expired": report.expired,
        "unseen_votes": dict(report.unseen),
        "votes_on_long_plans": dict(report.long_votes),
        "votes_within_3_seconds": dict(report.hasty_votes),
        "break_glass": dict(report.break_glass),
        "policies": {
            name: {"approved": approved, "rejected": rejected}
            for name, (approved, rejected) in report.policies.items()
        },
        "commands": {name: _activity(one) for name, one in report.commands.items()},
        "groups": [
            {"platform": platform, "chat": chat, **_activity(one)}
            for (platform, chat), one in report.groups.items()
        ],
    }


def _activity(one: model.Activity) -> dict[str, object]:
    states, times = dict(one.states), _times(one.approvals)
    return {"asked": one.count, "states": states, "approvals": times}


def _times(times: model.Times) -> dict[str, object]:
    return {"count": times.count, "p50": times.half, "p95": times.most}
