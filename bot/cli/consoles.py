"""``python -m bot doctor --scopes``: what each platform's console must have for a configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot import texts
from bot.cli import shell
from bot.model.consoles import Console, Uses

if TYPE_CHECKING:
    from bot import config
    from bot.commands import registry


def scopes(path: Path, locale: str | None, as_json: bool) -> None:
    """Print permissions, events, callbacks and what else is to be clicked; connect to nothing."""
    settings = shell.loaded(path, secrets=False)
    consoles = consoles_of(settings, shell.catalog_of(settings))
    locale = locale or settings.book.locale
    if as_json:
        whole = {name: entry(locale, one) for name, one in consoles.items()}
        click.echo(json.dumps(whole, indent=2, ensure_ascii=False))
        return
    if not consoles:
        click.echo("no platform of this configuration has a console", err=True)
    for name, console in consoles.items():
        title = settings.adapters.chat(name).title
        click.echo(click.style(f"{title} · {console.url}", bold=True))
        click.echo("\n".join(lines(locale, console)) + "\n")


def consoles_of(settings: config.Config, catalog: registry.Catalog) -> dict[str, Console]:
    """The console of each platform that has one, by the platform's name."""
    made = {}
    for name in settings.platforms:
        chat, table = settings.adapters.chat(name), settings.tables[name]
        console = chat.console(table, uses_of(settings, catalog, name))
        if console is not None:
            made[name] = console
    return made


def uses_of(settings: config.Config, catalog: registry.Catalog, platform: str) -> Uses:
    """What of a platform a configuration uses."""
    subscription = settings.adapters.chat(platform).subscription
    table = settings.tables[platform]
    more = getattr(table, subscription.key, ()) if subscription is not None else ()
    return Uses(
        forms=bool(more) or any(form.platform == platform for form in settings.book.forms),
        direct=settings.book.direct_chats,
        hidden=any(command.hidden for command in catalog if command.name in settings.book.commands),
        urgent=any(
            step.how == "urgent" for one in settings.book.policies.values() for step in one.ladder
        ),
        callbacks=any(each.kind == platform for each in settings.sources),
    )


def entry(locale: str, console: Console) -> dict[str, object]:
    """A console for programs."""
    return {
        "console": console.url,
        "scopes": [
            {
                "name": one.name,
                "need": one.need,
                "use": texts.filled(locale, one.use, {}),
                "others": list(one.others),
            }
            for one in console.scopes
        ],
        "events": list(console.events),
        "callbacks": list(console.callbacks),
        "steps": [texts.filled(locale, each.pair, each.facts) for each in console.steps],
        "apply": console.apply,
        "import": console.document,
    }


def lines(locale: str, console: Console) -> Iterator[str]:
    """A console for people: a table of permissions, events and callbacks, and the steps."""
    wide = max(len(one.name) for one in console.scopes)
    for one in console.scopes:
        need = texts.say(locale, f"doctor.need.{one.need}")
        yield f"  {one.name:<{wide}}  {need}  {texts.filled(locale, one.use, {})}"
    if console.events:
        yield f"  {texts.say(locale, 'doctor.console.events', names=console.events)}"
    if console.callbacks:
        yield f"  {texts.say(locale, 'doctor.console.callbacks', names=console.callbacks)}"
    for step in console.steps:
        yield f"  → {texts.filled(locale, step.pair, step.facts)}"
    if console.apply:
        yield f"  → {texts.say(locale, 'doctor.console.apply', address=console.apply)}"
    if console.document is not None:
        yield json.dumps(console.document, indent=2)
