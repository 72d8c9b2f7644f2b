"""``python -m bot requests``: what was asked for, approved and run; and why a request waits."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from bot import config, model, policy, source, texts
from bot.cli import shell, waiting
from bot.commands import searches
from bot.source import unicode

COLUMNS = (
    "number", "asked", "command", "instances", "person", "state", "approvers", "platform", "chat",
    "approved", "started", "ended", "code", "text", "note",
)  # fmt: skip
MOST_NAMED = 3
_MOST = (1 << 63) - 1
"""No number is above this one."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@click.command()
@shell.with_config
@click.argument("number", type=click.IntRange(1, _MOST), required=False, metavar="[N]")
@click.option("--person", default="", metavar="NAME", help="Asked for by this person.")
@click.option("--command", default="", metavar="NAME", help="That asked for this command.")
@click.option("--on", default="", metavar="INSTANCE", help="Its plan names this id or name; web-*.")
@click.option("--state", "states", multiple=True, metavar="STATE", help="In it; repeatable.")
@click.option("--approver", default="", metavar="NAME", help="Approved by this person.")
@click.option("--since", default="", metavar="WHEN", help="Not older than 7d, or from 2026-11-01.")
@click.option("--until", default="", metavar="WHEN", help="Older than 7d, or before 2026-11-30.")
@click.option(
    "--before",
    default=0,
    type=click.IntRange(0, _MOST),
    metavar="N",
    help="With numbers below this one.",
)
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 100_000), metavar="N"
)
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
@click.option("--csv", "as_csv", is_flag=True, help="A table for spreadsheets.")
def requests(
    path: Path,
    number: int | None,
    person: str,
    command: str,
    on: str,
    states: tuple[str, ...],
    approver: str,
    since: str,
    until: str,
    before: int,
    limit: int,
    as_json: bool,
    as_csv: bool,
) -> None:
    """List requests, newest first; or say of request N what it is and why it waits.

    The bot may be running meanwhile. Values of hidden parameters are never shown.
    """
    if as_json and as_csv:
        raise click.UsageError("--json or --csv, not both")
    if number is not None and (as_json or as_csv):
        raise click.UsageError("--json and --csv print lists; of one request there is a screen")
    settings, now = shell.loaded(path, secrets=False, commands=False), datetime.now(UTC)
    if number is not None:
        _show(settings, number, now)
        return
    try:
        words = searches.Words(
            _typed(person),
            _typed(command),
            _typed(on),
            states,
            _typed(approver),
            _typed(since),
            _typed(until),
            before,
        )
        search = searches.of(words, settings.book, settings.zone, now)
    except source.Invalid as error:
        sys.exit(shell.fail(texts.say("en", error.message, **error.fault.facts)))
    with shell.reading(settings) as reader:
        matches, total = reader.search(search, limit)
        votes = reader.votes_of(matches)
    rows = [row(settings, request, votes) for request in matches]
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    elif as_csv:
        click.echo(as_table_of_commas(rows), nl=False)
    else:
        for line in lines(settings, matches, votes):
            click.echo(unicode.visible(line))
    if total > len(matches):
        more = f"{len(matches)} of {total}; narrow it, or go on with --before {matches[-1].id}"
        click.echo(more, err=True)
    elif not matches:
        click.echo("no request is like that", err=True)


def _show(settings: config.Config, number: int, now: datetime) -> None:
    with shell.reading(settings) as reader:
        facts = waiting.facts_of(reader, settings, number, now)
    if facts is None:
        sys.exit(shell.fail(f"there is no request {number}"))
    # what people wrote and scripts printed must not be obeyed by the terminal
    click.echo(unicode.visible("\n".join(waiting.lines(settings, facts, now))))


def _typed(text: str) -> str:
    """An argument, of which bytes that are no text match nothing."""
    return text.encode("utf-8", "replace").decode()


# ----------------------------------------------------------------------------- rows


def approvers(votes: Sequence[model.Vote], request: model.Request, approve: bool) -> list[str]:
    """Who agreed to it, or who refused, each once, in order."""
    own = (vote for vote in votes if vote.request == request.id and vote.approve is approve)
    return list(dict.fromkeys(vote.person for vote in own))


def row(
    settings: config.Config, request: model.Request, votes: Sequence[model.Vote]
) -> dict[str, object]:
    """A request as JSON."""

    def when(moment: datetime | None) -> str | None:
        return moment.astimezone(settings.zone).isoformat() if moment is not None else None

    return {
        "number": request.id,
        "asked": when(request.created_at),
        "command": request.command,
        "instances": instances(request),
        "person": request.person,
        "state": request.state.value,
        "approvers": approvers(votes, request, True),
        "platform": request.place.platform,
        "chat": request.place.chat,
        "approved": when(request.approved_at),
        "started": when(request.started_at),
        "ended": when(request.ended_at),
        "code": request.code if request.plan is not None else "",
        "text": request.text,
        "note": request.note,
    }


def instances(request: model.Request) -> list[str]:
    """The instances of its plan, by name."""
    plan = request.plan
    return [one.name or one.id for one in plan.instances] if plan is not None else []


def as_table_of_commas(rows: Sequence[dict[str, object]]) -> str:
    """CSV with a head; no cell is a formula to a spreadsheet."""
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in rows:
        writer.writerow([_cell(each[name]) for name in COLUMNS])
    return output.getvalue()


def _cell(value: object) -> object:
    text = " ".join(map(str, value)) if isinstance(value, list) else "" if value is None else value
    if not isinstance(text, str):
        return text
    text = unicode.visible(text)
    return f"'{text}" if text.startswith(_FORMULA) else text


def lines(
    settings: config.Config, matches: Sequence[model.Request], votes: Sequence[model.Vote]
) -> Iterator[str]:
    """Requests as a table for people."""
    head = ("#", "asked", "command", "by", "state", "approved by", "took")
    rows = [head]
    for request in matches:
        rows.append(
            (
                str(request.id),
                f"{request.created_at.astimezone(settings.zone):%Y-%m-%d %H:%M}",
                _command(request),
                name(settings.book, request.person),
                texts.say("en", f"state.{request.word}"),
                ", ".join(name(settings.book, who) for who in approvers(votes, request, True)),
                took(request),
            )
        )
    if len(rows) == 1:
        return
    widths = [max(len(each[column]) for each in rows) for column in range(len(head))]
    for each in rows:
        cells = (cell.ljust(width) for cell, width in zip(each, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _command(request: model.Request) -> str:
    names = instances(request)
    more = f" +{len(names) - MOST_NAMED}" if len(names) > MOST_NAMED else ""
    return " ".join([request.command, *names[:MOST_NAMED]]) + more


def took(request: model.Request) -> str:
    """How long its run took; "": it has not ended, or nothing ran."""
    if request.started_at is None or request.ended_at is None:
        return ""
    span = request.ended_at - request.started_at - timedelta(seconds=request.stepped)
    return texts.duration("en", span)


def name(book: policy.Book, person: str) -> str:
    known = book.people.get(person)
    return known.name if known is not None else person
