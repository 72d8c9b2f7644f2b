"""``python -m bot store forget``: a person's data is removed from the store."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot import config
from bot.cli import shell

if TYPE_CHECKING:
    from bot import store as stores


@click.command()
@shell.with_config
@click.argument("person", metavar="PERSON")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and change nothing.")
def forget(path: Path, person: str, dry_run: bool) -> None:
    """Remove the data of PERSON, an id of former configurations, while the bot is stopped.

    Their requests lose texts, values and outputs; their accounts and names, and their id in
    requests and votes, give way to a pseudonym. The audit log stays, with their id, and verifies.
    Refused while they stand in the configuration or have a part in what is open. With --dry-run the
    bot may be running.
    """
    from bot import store as stores

    settings = shell.loaded(path, secrets=False, commands=False)
    if person in settings.book.people:
        sys.exit(shell.fail(f"{person} stands in {path}: take them out first, and reload the bot"))
    try:
        traces = looked_at(settings, person) if dry_run else removed(settings, person)
    except FileNotFoundError:
        sys.exit(shell.fail(shell.never_ran(settings)))
    except stores.Refused as refusal:
        sys.exit(shell.fail(str(refusal)))
    except stores.Locked:
        sys.exit(shell.fail("the bot is running: stop it first, or look with --dry-run"))
    except stores.Unusable as error:
        sys.exit(shell.fail(str(error)))
    click.echo("\n".join(lines(traces, dry_run)))


def looked_at(settings: config.Config, person: str) -> stores.Traces:
    from bot import store as stores

    with stores.opened(shell.location(settings), readonly=True) as opened:
        return stores.traces(opened, person)


def removed(settings: config.Config, person: str) -> stores.Traces:
    from bot import store as stores
    from bot.cli import events

    with shell.writing(settings, alone=True) as opened:
        return stores.forget(opened, person, events.console(), datetime.now(UTC))


def lines(traces: stores.Traces, dry_run: bool) -> list[str]:
    """What was removed, or would be, and what stays."""
    if not traces.anything:
        return [f"there is nothing of {traces.person} that can be removed", *staying(traces)]
    first = "would be removed" if dry_run else "ok: removed"
    whose = "a pseudonym" if dry_run else traces.pseudonym
    return [
        f"{first}: texts, values and outputs of {count(len(traces.own), 'request')} of "
        f"{traces.person}, and their texts in {count(traces.texts, 'audit entry')}",
        f"their id and accounts there, in {count(len(traces.others), 'other request')} and in "
        f"{count(traces.votes, 'vote')}: {whose}",
        *([f"and in {count(traces.shifts, 'shift')} on call"] if traces.shifts else []),
        *staying(traces),
    ]


def staying(traces: stores.Traces) -> list[str]:
    entries = count(traces.entries, "audit entry")
    text = [f"stays: the id {traces.person} in {entries}, which prove what was done"]
    if traces.plans:
        plans = count(traces.plans, "plan")
        text.append(f"stays: the id among the approvers of {plans}, which the digests cover")
    if traces.sent:
        sent = count(traces.sent, "effect")
        text.append(f"stays for now: {sent} of their requests, forgotten 30 days after each")
    return [*text, "not reached: backups, exports, logs, and what the platforms keep themselves"]


def count(number: int, noun: str) -> str:
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"
