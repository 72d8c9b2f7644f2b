"""``python -m bot doctor --try GROUP``: does a message, does a click reach the bot?"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot import model, store, texts
from bot.cli import consoles, shell

if TYPE_CHECKING:
    from bot import config, policy
    from bot.doctor import trial
    from bot.doctor.running import Section


def group_of(settings: config.Config, name: str) -> policy.Group:
    """The group of this name, or of PLATFORM:NAME. Ends the program where there is none, or more
    than one."""
    platform, _, short = name.rpartition(":")
    matches = [
        one for one in settings.book.groups if one.name == short and platform in ("", one.platform)
    ]
    if len(matches) == 1:
        return matches[0]
    among = matches or settings.book.groups
    known = ", ".join(f"{one.platform}:{one.name}" for one in among)
    why = "there is no group" if not matches else "there are several groups"
    raise click.exceptions.Exit(shell.fail(f"{why} {name}; one of {known} is meant"))


@contextlib.contextmanager
def alone(settings: config.Config) -> Iterator[None]:
    """Hold the store's lock, so that no bot takes events meanwhile. Ends the program where one
    runs: a platform hands each event to one connection of an app, whichever that is."""
    reason = (
        "the bot is running, and each event comes to one connection of an app: stop it first, "
        "here and wherever else this app's bot runs"
    )
    place = shell.location(settings)
    if not isinstance(place, Path):
        if store.in_use(place, settings.bot.lease):
            raise click.exceptions.Exit(shell.fail(reason))
        yield
        return
    if not settings.data.is_dir():
        yield
        return
    try:
        lock = store.lock(place)
    except store.Locked:
        raise click.exceptions.Exit(shell.fail(reason)) from None
    with contextlib.closing(lock):
        yield


def countdown(waited: str, seconds: int) -> None:
    """On a terminal: what is waited for, on one line."""
    if sys.stderr.isatty():
        click.echo(f"\r… {waited}: {seconds} s  ", nl=False, err=True)


async def sections(
    path: Path, name: str, seconds: float, locale: str | None = None
) -> tuple[str, list[Section]]:
    """What came of a trial, with the bot's language. Ends the program where it cannot begin."""
    from bot.doctor import running
    from bot.model import checks

    settings = shell.loaded(path)
    group = group_of(settings, name)
    if any(source.kind == group.platform for source in settings.sources):
        reason = f"events of {group.platform} come over HTTP, where a trial does not listen"
        raise click.exceptions.Exit(shell.fail(reason))
    with alone(settings):
        spoken = locale or settings.book.locale
        click.echo(texts.say(spoken, "doctor.try.ask", group=group.name), err=True)
        async with trial_in(settings, group) as one:
            findings = await one.run(seconds, countdown)
    if sys.stderr.isatty():
        click.echo(err=True)
    title = settings.adapters.chat(group.platform).title
    heading = checks.Sentence((f"{title} · {group.name}", f"{title} · {group.name}"))
    section = running.Section(running.Group(group.platform, heading, ()), tuple(findings))
    return spoken, [section]


@contextlib.asynccontextmanager
async def trial_in(settings: config.Config, group: policy.Group) -> AsyncIterator[trial.Trial]:
    """A trial with the platform's adapter, which subscribes to nothing and reads no history."""
    from bot.app import outside
    from bot.doctor import trial
    from bot.runtime import clock as clocks

    clock = clocks.Steady(clocks.MachineClock())
    platform = group.platform
    manifest = settings.adapters.chat(platform)
    deps = replace(outside.deps_of(settings, platform, clock), forms=(), groups=())
    chat = manifest.build(settings.of(manifest), deps)
    tenant = min(settings.book.tenants.get(platform, frozenset()), default="")
    place = model.Place(platform, tenant, group.chat)
    uses = consoles.uses_of(settings, shell.catalog_of(settings), platform)
    console = manifest.console(settings.tables[platform], uses)
    locale = group.locale or settings.book.locale
    try:
        yield trial.Trial(chat, place, console, locale)
    finally:
        await chat.close()
