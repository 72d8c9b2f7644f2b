"""``python -m bot store copy`` and ``reopen``: a store is moved between SQLite and PostgreSQL."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot import config, source
from bot.cli import shell
from bot.config import check_store
from bot.source import database

if TYPE_CHECKING:
    from bot import store as stores


@click.command()
@shell.with_config
@click.argument("to", metavar="[TO]", required=False)
@click.option("--from", "origin", metavar="FROM", help="The store to copy.")
def copy(path: Path, to: str | None, origin: str | None) -> None:
    """Copy the whole store from SQLite to PostgreSQL, or back, while no bot runs on it.

    TO and FROM are files, or addresses such as postgresql://user@host/database, with the password
    in PGPASSWORD or ~/.pgpass; the one that is left out is the store of the configuration. TO must
    be empty. Its audit log is verified before and afterwards, and the rows of all tables are
    counted. If it is cut off, TO is as it was, or whole: do it again. FROM stays, and no bot starts
    on it any more.
    """
    from bot import store as stores

    if to is None and origin is None:
        raise click.UsageError("name TO, or --from FROM: the other is the store of bot.toml")
    settings = shell.loaded(path, secrets=False, commands=False)
    old, new = place(settings, origin), place(settings, to)
    with failures():
        done = stores.transfer(old, new, datetime.now(UTC), settings.bot.lease)
    counts = ", ".join(f"{count} {table}" for table, count in done.rows.items() if count)
    was = "held already" if done.again else "holds"
    click.echo(f"ok: {shown(new.location)} {was} {counts or 'nothing yet'}")
    click.echo(f"the audit log is whole at both ends, up to entry {done.contents.stamp}")
    click.echo(f"{shown(old.location)} stays, and no bot starts on it; {advice(new.location)}")


@click.command()
@shell.with_config
def reopen(path: Path) -> None:
    """Let the bot go on with a store that was copied elsewhere, while it is stopped.

    What has happened in the copy is not in it. So it is taken up as `restore` takes up an old one:
    what is undecided is held until people put it to the vote again, and nothing is started that was
    about to be.
    """
    from bot import store as stores
    from bot.cli import events

    settings = shell.loaded(path, secrets=False, commands=False)
    own = place(settings, None)
    with failures():
        done = stores.reopen(own, events.console(), datetime.now(UTC), settings.bot.lease)
    click.echo(f"ok: the bot may go on with {shown(own.location)}")
    click.echo(
        f"the next request is #{done.first}; {done.held} undecided wait for people, who are told "
        "in their threads when the bot starts"
    )


@contextmanager
def failures() -> Iterator[None]:
    """End the program with a sentence where a store cannot be copied or taken back."""
    from bot import store as stores

    try:
        yield
    except stores.Locked:
        sys.exit(shell.fail("the bot is running: stop it first"))
    except (stores.TransferFailed, stores.Unusable, FileNotFoundError) as fault:
        sys.exit(shell.fail(str(fault)))


def place(settings: config.Config, text: str | None) -> stores.Place:
    """The store that is named; None: that of the configuration. Ends the program where it is no
    address, or nothing here can reach it."""
    from bot import store as stores

    own = shell.location(settings)
    if text is None:
        return stores.Place(own, shell.mark(settings))
    if not text.startswith(tuple(f"{scheme}:" for scheme in database.SCHEMES)):
        file = Path(text)
        return stores.Place(file, shell.mark(settings) if file == settings.database else None)
    try:
        if not database.read(text).name:
            raise source.Invalid(f"names no database; write it as {database.FORM}")
    except source.Invalid as error:
        sys.exit(shell.fail(f"the address {error}"))
    if importlib.util.find_spec("psycopg") is None:
        sys.exit(shell.fail(check_store.EXTRA))
    return stores.Place(text, shell.mark(settings))


def shown(location: stores.Location) -> str:
    return str(location) if isinstance(location, Path) else database.shown(location)


def advice(location: stores.Location) -> str:
    """What the configuration must say now."""
    if isinstance(location, Path):
        folder = location.resolve().parent
        name = config.DATABASE
        renamed = "" if location.name == name else f"rename the file to {name}, "
        return f"{renamed}leave [bot] store out, and let [bot] data be {folder}"
    return f'let [bot] store be "{database.shown(location)}"'
