"""``python -m bot backup`` and ``restore``: a copy of the store, and putting one back."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from bot.cli import shell


@click.command()
@shell.with_config
@click.argument("target", metavar="DEST", type=click.Path(path_type=Path))
def backup(path: Path, target: Path) -> None:
    """Copy the store to the new file DEST; the bot may be running meanwhile.

    The copy is whole as of one moment. It is verified, with its audit log, before it gets its name.
    The key of the installation is not in it: keep that with your other secrets.
    """
    from bot import store

    settings = shell.loaded(path, secrets=False, commands=False)
    shell.file_only(settings, "back it up with `pg_dump`, and with archived WAL to any moment")
    try:
        copy = store.backup(settings.database, target)
    except store.CopyFailed as error:
        sys.exit(shell.fail(str(error)))
    click.echo(f"ok: {target} holds {copy.last_request} requests, and the audit log up to entry")
    click.echo(copy.stamp)


@click.command()
@shell.with_config
@click.argument("source", metavar="SRC", type=click.Path(path_type=Path))
def restore(path: Path, source: Path) -> None:
    """Put the copy SRC in the place of the store, while the bot is stopped.

    SRC is verified first, and stays as it is; the store that it replaces is kept beside it. What
    was undecided in the copy is held until people put it to the vote again, and nothing is started
    that was about to be: it may have been started after the copy was made.
    """
    from bot import store
    from bot.cli import events

    settings = shell.loaded(path, secrets=False, commands=False)
    shell.file_only(
        settings,
        "stop all bots, and put a dump into an empty one with `pg_restore`, or go back to a moment "
        "with PostgreSQL's own recovery; the next start sees by the high-water mark that it is old",
    )
    try:
        done = store.restore(
            source, settings.database, events.console(), datetime.now(UTC), settings.mark
        )
    except store.Locked:
        sys.exit(shell.fail("the bot is running: stop it first"))
    except store.CopyFailed as error:
        sys.exit(shell.fail(str(error)))
    click.echo(f"ok: the store is now the copy as of audit entry {done.contents.stamp}")
    if done.kept is not None:
        click.echo(f"the store that it replaced is kept as {done.kept}")
    click.echo(
        f"the next request is #{done.first}; {done.held} undecided wait for people, who are told "
        "in their threads when the bot starts"
    )
