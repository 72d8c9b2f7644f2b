"""``python -m bot rule redo``: stored events are handed to a rule again, and delivered."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli import rules, shell

if TYPE_CHECKING:
    from bot import config, model, store
    from bot.core import rule_redo
    from bot.rules import ruleset

MOST = 1000
"""Deliveries of one time."""


@click.command()
@shell.with_config
@click.argument("name")
@click.option(
    "--since",
    type=shell.span,
    metavar="SPAN",
    required=True,
    help="Not older than 30m, 2h, 7d …",
)
@click.option(
    "--event",
    "numbers",
    type=int,
    multiple=True,
    metavar="N",
    help="These events alone, by their numbers in `events list`.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def redo(path: Path, name: str, since: timedelta, numbers: tuple[int, ...], yes: bool) -> None:
    """Hand stored events to the rule NAME again and deliver what it makes of them now.

    Tells what each target would get, and asks. With SQLite the bot must be stopped, and delivers
    when it starts; with PostgreSQL it may be running. A command is asked for anew, and people vote
    on it. `rule replay` only tells.
    """
    from bot import store
    from bot.cli import events
    from bot.core import rule_redo

    settings = shell.loaded(path, secrets=False, commands=False, status=rules.INVALID)
    rule = rules.rule_of(settings, name)
    if name in settings.silent:
        message = (
            f"{name} is switched off: write enabled = true first; `rule replay` tells meanwhile"
        )
        sys.exit(shell.fail(message, rules.INVALID))
    try:
        opened = shell.writing(settings)
    except store.Locked:
        message = (
            "the bot is running, and only it may write: stop it first; `rule replay` tells what"
        )
        sys.exit(shell.fail(f"{message} would be delivered"))
    except store.Unusable as error:
        sys.exit(shell.fail(str(error)))
    except FileNotFoundError:
        sys.exit(shell.fail(shell.never_ran(settings)))
    with opened:
        now = datetime.now(UTC)
        with opened.reading() as reader:
            made = list(matches(reader, settings, rule, now - since, numbers))
        count = sum(one.effect is not None for one in made)
        if not count:
            sys.exit(shell.fail("nothing would be delivered"))
        if count > MOST:
            message = f"these are {count} deliveries; {MOST} is the most at once"
            sys.exit(shell.fail(f"{message}: choose fewer by --since or --event"))
        message = f"{count} {'delivery' if count == 1 else 'deliveries'}"
        if not yes and not click.confirm(f"Queue {message}?", err=True):
            sys.exit(shell.fail("nothing was queued"))
        queue(opened, rule_redo.decision(name, made, events.console(), now - since), now)
    when = "now" if shell.runs(settings) else "when it starts"
    click.echo(f"{message} queued; the bot sends them {when}")


def matches(
    reader: store.Reader,
    settings: config.Config,
    rule: ruleset.Rule,
    begun: datetime,
    numbers: Collection[int],
) -> Iterator[rule_redo.Again]:
    """What is to be delivered, event by event; each is told as it is found."""
    from bot.core import rule_redo

    senders = [source.person for source in settings.sources if source.person]
    name = secrets.token_hex(6)
    for number, event in reader.bus_events(begun):
        if (numbers and number not in numbers) or not rule.pattern.matches(event.plain()):
            continue
        about = rule_redo.about(event)
        request = reader.request(about) if about else None
        origin = rule_redo.origin(settings.book, event, request, senders)
        letters = reader.letters_of(event)
        made = rule_redo.again(rule, number, event, origin, request, letters, name)
        tell(settings, rule, number, event, made)
        yield from made


def tell(
    settings: config.Config,
    rule: ruleset.Rule,
    number: int,
    event: model.CloudEvent,
    made: Collection[rule_redo.Again],
) -> None:
    from bot import model
    from bot.cli import events, rule_trials

    click.echo(events.event_line(number, event))
    for one in made:
        target = rule.targets[one.target]
        body = one.effect.body if one.effect is not None else None
        sent = rule_trials.Sent(
            one.target + 1,
            target.to.how,
            rule_trials.where(settings.book, target),
            body.body if isinstance(body, model.Deliver) else None,
            one.why,
        )
        click.echo("\n".join(sent.lines()))
        if one.dead:
            click.echo(f"     (dead letter {one.dead} is the same: do not redrive it as well)")


def queue(opened: store.sql.store.Store, decision: model.Decision, now: datetime) -> None:
    """Write it in one commit."""
    from bot import model

    writer = opened.writer
    assert writer is not None
    writer.begin()
    try:
        writer.apply(writer.view(model.Needs(), now), decision, now)
        writer.commit()
    except BaseException:
        writer.rollback()
        raise
