"""``python -m bot policy``: what the policies of a configuration come to, tried on cases."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot import config, source, texts
from bot.cli import shell
from bot.commands import searches
from bot.source import unicode

if TYPE_CHECKING:
    from bot import deployment
    from bot.cli import policy_replay, policy_trials

INVALID = 2
"""The status of what cannot be tried: cases or a configuration with faults."""


@click.group()
def policy() -> None:
    """Try the policies of the configuration out."""


@policy.command()
@shell.with_config
@click.argument("cases", type=click.Path(path_type=Path))
def test(path: Path, cases: Path) -> None:
    """Decide on the cases of a file, and compare that with what they expect.

    Leaves with 0 where all is as expected, with 1 where a case comes out otherwise, and with 2
    where the file or the configuration has faults. Nothing is stored, looked up or run.
    """
    from bot.cli import policy_trials

    try:
        table = policy_trials.read(cases)
    except config.ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(shell.fail(f"{cases} holds no cases that can be tried", INVALID))
    settings = shell.loaded(path, secrets=False, status=INVALID)
    made = _deployment(settings)
    wrong = 0
    for case in table:
        now = case.at or datetime.now(UTC)
        now = now if now.tzinfo is not None else now.replace(tzinfo=settings.zone)
        try:
            outcome = policy_trials.tried(made, case, now)
        except policy_trials.Impossible as error:
            sys.exit(shell.fail(f"{cases}: {case.name}: {error}", INVALID))
        wrong += bool(outcome.faults)
        for line in lines(case.name, outcome):
            click.echo(unicode.visible(line))
    click.echo(f"{len(table) - wrong} of {len(table)} cases are as expected")
    sys.exit(1 if wrong else 0)


@policy.command()
@shell.with_config
@click.option(
    "--since", default="30d", show_default=True, metavar="WHEN", help="7d, or from 2026-11-01 on."
)
@click.option("--until", default="", metavar="WHEN", help="Older than 7d, or before 2026-11-30.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def replay(path: Path, since: str, until: str, as_json: bool) -> None:
    """Say which past requests this file would have decided differently.

    Each is judged as it was asked for, at its time, on the instances that were found then and with
    the votes that were cast. Leaves with 0 where all would be as it was, with 1 where something
    would not, and with 2 where the file has faults. The bot may be running meanwhile; nothing is
    changed.
    """
    from bot.cli import policy_replay

    settings = shell.loaded(path, secrets=False, status=INVALID)
    try:
        words = searches.Words(since=since, until=until)
        search = searches.of(words, settings.book, settings.zone, datetime.now(UTC))
    except source.Invalid as error:
        message = texts.say("en", error.message, **error.fault.facts)
        sys.exit(shell.fail(message, INVALID))
    made = _deployment(settings)
    with shell.reading(settings) as reader:
        result = policy_replay.replayed(made, reader, search)
    if as_json:
        click.echo(json.dumps(replay_plain(result), indent=2, ensure_ascii=False))
    else:
        for line in replay_lines(result, settings.zone):
            click.echo(unicode.visible(line))
    sys.exit(1 if result.different else 0)


@policy.command()
@shell.with_config
@click.argument("number", type=click.IntRange(1), metavar="N")
def explain(path: Path, number: int) -> None:
    """Say what request N needs, where each need comes from, and what lacks.

    By the file as it is now, which the bot may not have taken up yet. The bot may be running
    meanwhile; nothing is changed.
    """
    from bot.cli import policy_trials

    settings = shell.loaded(path, secrets=False)
    now = datetime.now(UTC)
    with shell.reading(settings) as reader:
        request, votes = reader.request(number), tuple(reader.votes(number))
        frozen, calendars = reader.freezes(now), reader.calendars()
    if request is None:
        sys.exit(shell.fail(f"there is no request {number}"))
    made = _deployment(settings)
    for line in policy_trials.explained(made, request, votes, now, frozen, calendars):
        click.echo(unicode.visible(line))


def _deployment(settings: config.Config) -> deployment.Deployment:
    """What requests are decided against. Ends the program where a command has faults."""
    from bot.app import reload

    try:
        return reload.deployment_of(settings)
    except source.Invalid as error:
        sys.exit(shell.fail(str(error), INVALID))


def lines(name: str, outcome: policy_trials.Outcome) -> Iterator[str]:
    """A case, what came of it, and why."""
    mark = "✗" if outcome.faults else "✓"
    policies = " + ".join(outcome.policies)
    yield f"{mark} {name}: {outcome.verdict}{f', {policies}' if policies else ''}"
    yield from (f"    {why}" for why in outcome.why)
    yield from (f"    but {fault}" for fault in outcome.faults)


def replay_lines(replay: policy_replay.Replay, zone: tzinfo) -> Iterator[str]:
    """What differs, as a table with the reasons below each row, and the sum of all."""
    rows = [
        (
            f"#{one.request.id}",
            f"{one.request.created_at.astimezone(zone):%Y-%m-%d %H:%M}",
            one.request.command,
            one.request.person,
            f"{one.then.text} → {one.now.text}",
        )
        for one in replay.different
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    for row, one in zip(rows, replay.different, strict=True):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join((*cells, row[-1]))
        yield from (f"    {reason}" for reason in one.why)
    unjudged = sum(replay.unjudged.values())
    judged = replay.requests - unjudged
    yield f"{len(replay.different)} of {judged} requests would be decided differently"
    if unjudged:
        yield f"{unjudged} could not be judged:"
        yield from (f"    {count}: {reason}" for reason, count in replay.unjudged.items())


def replay_plain(replay: policy_replay.Replay) -> dict[str, object]:
    """The same for programs."""
    return {
        "requests": replay.requests,
        "different": [
            {
                "number": one.request.id,
                "asked": one.request.created_at.isoformat(),
                "command": one.request.command,
                "person": one.request.person,
                "then": {"decision": one.then.decision, "policies": list(one.then.policies)},
                "now": {"decision": one.now.decision, "policies": list(one.now.policies)},
                "why": list(one.why),
            }
            for one in replay.different
        ],
        "unjudged": replay.unjudged,
    }
