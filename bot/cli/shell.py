"""What the commands of ``python -m bot`` have in common: the configuration, the store, the end."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot import config, source
from bot.source import database

if TYPE_CHECKING:
    from bot import store
    from bot.commands import registry
    from bot.config import diagnostics

FILE = Path("bot.toml")


def known_commands(folder: Path, elsewhere: Collection[str]) -> list[diagnostics.Command]:
    """The commands of a folder, for the checks of the configuration."""
    from bot.commands import loader

    return list(loader.load(folder, elsewhere))


def commands_of(settings: config.Config) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What keeps the commands from running as the whole configuration is: products of the cloud
    that templates call, and that nobody knows. And what is wrong with files that no command
    needs."""
    try:
        return (), catalog_of(settings).warnings
    except source.Invalid as error:
        return tuple(map(str, error.faults)), ()


def catalog_of(settings: config.Config) -> registry.Catalog:
    """The commands as the whole configuration is. Raises Invalid."""
    from bot.app import outside
    from bot.commands import loader

    rules = settings.book.commands
    elsewhere = [name for name, rule in rules.items() if rule.engine == "oos"]
    adapters = settings.adapters
    known, models = outside.service_known(adapters, settings), adapters.cloud.models()
    return loader.load(settings.commands, elsewhere, known, models)


def loaded(
    path: Path, secrets: bool = True, commands: bool = True, status: int = 1
) -> config.Config:
    """The configuration, its warnings told; where it has faults, they are told and that is all:
    the program ends with ``status``."""
    from bot.app import adapters

    known = known_commands if commands else None
    try:
        settings = adapters.load(path, secrets=secrets, known_commands=known)
    except config.ConfigError as error:
        warn(path, error.warnings)
        click.echo(str(error), err=True)
        count = len(error.faults)
        message = f"{count} fault{'s' if count != 1 else ''} in {path}; nothing was started"
        raise click.exceptions.Exit(fail(message, status)) from None
    warn(path, settings.warnings)
    return settings


def checked(path: Path, secrets: bool = True) -> config.Config:
    """The configuration, with its commands. Every fault is printed, and the program ends with
    status 1 if there is any."""
    from bot.app import adapters

    try:
        settings = adapters.load(path, secrets=secrets, known_commands=known_commands)
    except config.ConfigError as error:
        click.echo(str(error))
        warn(path, error.warnings)
        raise click.exceptions.Exit(fail(counted(len(error.faults)))) from None
    warn(path, settings.warnings)
    faults, warnings = commands_of(settings)
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    if faults:
        click.echo("\n".join(faults))
        raise click.exceptions.Exit(fail(counted(len(faults))))
    return settings


def counted(faults: int) -> str:
    return f"{faults} fault{'s' if faults != 1 else ''}"


def warn(path: Path, warnings: tuple[source.Fault, ...]) -> None:
    for warning in warnings:
        click.echo(f"warning: {config.sentence(path, warning)}", err=True)


class Verbs(click.Group):
    """The verbs of the program. A file that this user may not look at ends any of them with a
    sentence."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except PermissionError as error:
            reason = f"{error.filename}: {error.strerror}; run this as the bot's user"
            raise click.exceptions.Exit(fail(reason)) from error


def fail(message: str, status: int = 1) -> int:
    """Say why on standard error; the status to leave with."""
    click.echo(message, err=True)
    return status


def with_config(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option ``--config``, as ``path``."""

    @click.option(
        "--config",
        "path",
        type=click.Path(path_type=Path),
        default=FILE,
        show_default=True,
        metavar="FILE",
        help="The configuration.",
    )
    @functools.wraps(command)
    def wrapped(*args: object, **options: object) -> object:
        return command(*args, **options)

    return wrapped


@contextmanager
def store_of(path: Path) -> Iterator[store.Reader]:
    """The store of a configuration, for reading. Ends the program where there is none."""
    with reading(loaded(path, secrets=False, commands=False)) as reader:
        yield reader


def location(settings: config.Config) -> store.Location:
    """Where the store is, its secret read. Ends the program where it cannot be read."""
    address = settings.bot.store
    if address is None:
        return settings.database
    try:
        url = address.resolve(settings.origin.parent, os.environ).reveal()
        database.read(url)
    except source.Invalid as error:
        raise click.exceptions.Exit(fail(f"[bot] store: {error}")) from None
    return url


def file_only(settings: config.Config, reason: str) -> None:
    """End the program with a sentence where the store is a database: this is about a file."""
    if settings.bot.store is not None:
        raise click.exceptions.Exit(fail(f"the store is a database of PostgreSQL: {reason}"))


def mark(settings: config.Config) -> Path:
    """The file of the store's high-water mark."""
    from bot import store

    return settings.mark or store.place_of_mark(settings.database)


def shown(settings: config.Config) -> str:
    """Where the store is, without a password."""
    place = location(settings)
    return str(place) if isinstance(place, Path) else database.shown(place)


def never_ran(settings: config.Config) -> str:
    return f"there is no store at {shown(settings)} yet: the bot has never run here"


def writing(settings: config.Config, alone: bool = False) -> store.sql.store.Store:
    """The store for writing. A file is written by one process at a time; a database is shared, and
    what is decided in it is decided under its lock. ``alone``: no bot may be running on it, as what
    bots keep in memory would be untrue. Raises Locked, Unusable, and FileNotFoundError where there
    is no store yet."""
    from bot import store

    place = location(settings)
    store.opened(place, readonly=True).close()
    if alone and isinstance(place, str) and store.in_use(place, settings.bot.lease):
        raise store.Locked(f"a bot runs on {shown(settings)}")
    return store.opened(place, mark=mark(settings))


def runs(settings: config.Config) -> bool:
    """Does a bot run on the store?"""
    from bot import store

    return store.in_use(location(settings), settings.bot.lease)


@contextmanager
def reading(settings: config.Config) -> Iterator[store.Reader]:
    from bot import store

    try:
        opened = store.opened(location(settings), readonly=True)
    except FileNotFoundError:
        raise click.exceptions.Exit(fail(never_ran(settings))) from None
    except store.Unusable as fault:
        raise click.exceptions.Exit(fail(str(fault))) from None
    try:
        with closing(opened), opened.reading() as reader:
            yield reader
    except store.Broken as fault:
        help_ = "`python -m bot store` says if the next start migrates it"
        reason = f"the store cannot be read: {fault}; {help_}"
        raise click.exceptions.Exit(fail(reason)) from None


def span(text: str) -> timedelta:
    """A length of time such as 2h."""
    from bot.cli import events as bus

    try:
        return bus.span(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
