"""``python -m bot backup`` and ``restore``: a copy of the store, and putting one back."""

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
@click.argument("source", metavar="[SRC]", type=click.Path(path_type=Path), required=False)
def restore(path: Path, source: Path | None) -> None:
    """Put the copy SRC in the place of the store, while the bot is stopped.

    SRC is verified first, and stays as it is; the store that it replaces is kept beside it. What
    was undecided in the copy is held until people put it to the vote again, and nothing is started
    that was about to be: it may have been started after the copy was made.

    A database of PostgreSQL is put back by `pg_restore`, or by recovery to a moment. Then, before a
    bot starts, this without SRC lets it be gone on with as the copy that it is.
    """
    settings = shell.loaded(path, secrets=False, commands=False)
    if settings.bot.store is not None:
        restored = _database_put_back(settings, source)
    elif source is None:
        raise click.UsageError("name SRC, the copy that is to be put back")
    else:
        restored = _file_put_back(settings, source)
    click.echo(f"ok: the store is now the copy as of audit entry {restored.contents.stamp}")
    if restored.kept is not None:
        click.echo(f"the store that it replaced is kept as {restored.kept}")
    click.echo(
        f"the next request is #{restored.first}; {restored.held} undecided wait for people, who "
        "are told in their threads when the bot starts"
    )


def _file_put_back(settings: config.Config, source: Path) -> stores.Restored:
    from bot import store
    from bot.cli import events

    try:
        return store.restore(
            source, settings.database, events.console(), datetime.now(UTC), settings.mark
        )
    except store.Locked:
        sys.exit(shell.fail("the bot is running: stop it first"))
    except store.CopyFailed as error:
        sys.exit(shell.fail(str(error)))


def _database_put_back(settings: config.Config, source: Path | None) -> stores.Restored:
    from bot import store
    from bot.cli import events, store_copy

    if source is not None:
        shell.file_only(
            settings,
            "stop all bots, put a dump into an empty one with `pg_restore`, or go back to a moment "
            "with PostgreSQL's own recovery, and say so by `restore` without a file",
        )
    with store_copy.failures():
        place = store_copy.place(settings, None)
        return store.put_back(place, events.console(), datetime.now(UTC), settings.bot.lease)
