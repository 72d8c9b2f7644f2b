"""``python -m bot policy``: what the policies of a configuration come to, tried on cases."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from pydantic import ValidationError

from bot import source
from bot.cli import shell
from bot.source import unicode

if TYPE_CHECKING:
    from bot.cli import policy_trials

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
    from bot.app import reload
    from bot.cli import policy_trials

    try:
        table = policy_trials.Cases.model_validate(tomllib.loads(cases.read_text("utf-8")))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        sys.exit(shell.fail(f"{cases}: {error}", INVALID))
    except ValidationError as error:
        for each in error.errors(include_url=False):
            place = ".".join(map(str, each["loc"]))
            click.echo(f"{cases}: {place}: {each['msg']}", err=True)
        sys.exit(shell.fail(f"{cases} holds no cases that can be tried", INVALID))
    if not table.case:
        sys.exit(shell.fail(f"{cases} holds no [[case]]", INVALID))
    settings = shell.loaded(path, secrets=False, status=INVALID)
    try:
        deployment = reload.deployment_of(settings)
    except source.Invalid as error:
        sys.exit(shell.fail(str(error), INVALID))
    wrong = 0
    for case in table.case:
        now = case.at or datetime.now(UTC)
        now = now if now.tzinfo is not None else now.replace(tzinfo=settings.zone)
        try:
            outcome = policy_trials.tried(deployment, case, now)
        except policy_trials.Impossible as error:
            sys.exit(shell.fail(f"{cases}: {case.name}: {error}", INVALID))
        wrong += bool(outcome.faults)
        for line in lines(case.name, outcome):
            click.echo(unicode.visible(line))
    click.echo(f"{len(table.case) - wrong} of {len(table.case)} cases are as expected")
    sys.exit(1 if wrong else 0)


@policy.command()
@shell.with_config
@click.argument("number", type=click.IntRange(1), metavar="N")
def explain(path: Path, number: int) -> None:
    """Say what request N needs, where each need comes from, and what lacks.

    By the file as it is now, which the bot may not have taken up yet. The bot may be running
    meanwhile; nothing is changed.
    """
    from bot.app import reload
    from bot.cli import policy_trials

    settings = shell.loaded(path, secrets=False)
    with shell.reading(settings) as reader:
        request, votes = reader.request(number), tuple(reader.votes(number))
    if request is None:
        sys.exit(shell.fail(f"there is no request {number}"))
    deployment = reload.deployment_of(settings)
    for line in policy_trials.explained(deployment, request, votes, datetime.now(UTC)):
        click.echo(unicode.visible(line))


def lines(name: str, outcome: policy_trials.Outcome) -> Iterator[str]:
    """A case, what came of it, and why."""
    mark = "✗" if outcome.faults else "✓"
    policies = " + ".join(outcome.policies)
    yield f"{mark} {name}: {outcome.verdict}{f', {policies}' if policies else ''}"
    yield from (f"    {why}" for why in outcome.why)
    yield from (f"    but {fault}" for fault in outcome.faults)
