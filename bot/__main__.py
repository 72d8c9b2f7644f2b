"""``python -m bot``: check the configuration, run the bot, and look after its audit log."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from bot import config, event_schemas, release, source
from bot.cli import (
    doctor,
    forget,
    policies,
    redo,
    reload,
    replay,
    report,
    requests,
    rules,
    shell,
    status,
    store,
    store_check,
    store_copy,
)
from bot.config import reference
from bot.reference import rooms
from bot.source import suggest

if TYPE_CHECKING:
    pass


def templates_page() -> str:
    """Imported when it is asked for: jq and YAML are only needed for templates."""
    from bot.oos import reference as templates

    return templates.page()


def configuration_page() -> str:
    from bot.app import adapters

    return reference.page(adapters.ADAPTERS)


def metrics_page() -> str:
    from bot.web import metrics

    return metrics.page()


PAGES: dict[str, Callable[[], str]] = {
    "configuration": configuration_page,
    "events": event_schemas.page,
    "metrics": metrics_page,
    "rooms": rooms.table,
    "templates": templates_page,
}


@click.group(cls=shell.Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(release.version(), prog_name="countersign")
def main() -> None:
    """Countersign (会签): ask for an operation in a chat, have it approved on a card, run it on
    Alibaba Cloud, and be told in the thread that asked."""


@main.command()
@shell.with_config
@click.option(
    "--no-secrets", is_flag=True, help="Do not read the secrets, as where there are none."
)
def check(path: Path, no_secrets: bool) -> None:
    """Check the configuration without connecting to anything.

    Prints every fault with its line and leaves with status 1, or prints "ok" and leaves with 0.
    Warnings go to standard error and do not change the status.
    """
    settings = shell.checked(path, secrets=not no_secrets)
    click.echo(f"ok: {settings.summary()}")


@main.command()
@shell.with_config
def run(path: Path) -> None:
    """Run the bot until SIGTERM or Ctrl-C.

    Nothing that was accepted is lost by stopping it, in whatever way: it goes on where it was when
    it is started again.
    """
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # until the bot itself listens
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})  # until it does, this waits
    settings = shell.loaded(path)
    from bot.app import main as app

    sys.exit(app.run(settings))


@main.group()
def audit() -> None:
    """Verify and export the audit log; the bot may be running meanwhile."""


@audit.command()
@shell.with_config
@click.option(
    "--expect",
    metavar="SEQ:HASH",
    multiple=True,
    help="A stamp as the bot prints it under an outcome, with 32 digits of the hash: nothing up to "
    "it may have changed. May be given several times; shorter ones prove nothing and are refused.",
)
@click.option(
    "--file",
    "exported",
    type=click.File("r", encoding="utf-8"),
    help="Verify this export in place of the store.",
)
def verify(path: Path, expect: tuple[str, ...], exported: IO[str] | None) -> None:
    """Verify the chain of hashes. Status 1 if an entry was changed, removed or put in."""
    from bot import audit as chain

    if exported is not None:
        faults = chain.verify_file(exported, expect)
    else:
        with shell.store_of(path) as reader:
            faults = reader.verify_audit(expect)
    for fault in faults:
        click.echo(f"entry {fault.seq}: {fault.kind}: {fault.detail}")
    if faults:
        only_stamps = all(fault.of_stamp for fault in faults)
        verdict = (
            "the log is whole, but was not proved by this stamp"
            if only_stamps
            else "the log is not whole"
        )
        sys.exit(shell.fail(f"{len(faults)} fault{'s' if len(faults) != 1 else ''}: {verdict}"))
    click.echo("ok: the audit log is whole" + (f" and holds {', '.join(expect)}" if expect else ""))
    if exported is not None and not expect:
        click.echo("whether entries were cut off an export's end, only --expect tells", err=True)


@audit.command()
@shell.with_config
@click.option(
    "-o",
    "--output",
    type=click.File("w", encoding="utf-8"),
    default="-",
    metavar="FILE",
    help="Where to write; standard output by default.",
)
def export(path: Path, output: IO[str]) -> None:
    """Write the audit log as JSON lines, which `audit verify --file` verifies on its own."""
    from bot import audit as chain

    with shell.store_of(path) as reader:
        count = chain.export(reader, output)
    click.echo(f"{count} entr{'y' if count == 1 else 'ies'} exported", err=True)


@main.group()
def events() -> None:
    """Look at the events of the bus and at dead letters; the bot may be running meanwhile."""


@events.command()
@click.argument("type_", metavar="[TYPE]", required=False)
def schema(type_: str | None) -> None:
    """Print the JSON Schema of a type of event; without TYPE, that of all of them."""
    if type_ is not None and type_ not in event_schemas.TYPES:
        near = suggest.several(type_, tuple(event_schemas.TYPES))
        meant = f", did you mean {' or '.join(near)}?" if near else "; `docs events` lists them"
        sys.exit(shell.fail(f"there is no type {type_}{meant}"))
    schemas = event_schemas.of(type_) if type_ is not None else event_schemas.all_of_them()
    click.echo(json.dumps(schemas, indent=2, ensure_ascii=False))


@events.command("list")
@shell.with_config
@click.option("--since", type=shell.span, metavar="SPAN", help="Not older than 30m, 2h, 7d …")
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Of this type; repeatable.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), metavar="N")
@click.option("--json", "as_json", is_flag=True, help="CloudEvents as JSON lines.")
def list_events(
    path: Path, since: timedelta | None, types: tuple[str, ...], limit: int, as_json: bool
) -> None:
    """List the newest events, oldest of them first."""
    from bot.cli import events as bus

    begun = datetime.now(UTC) - since if since is not None else None
    with shell.store_of(path) as reader:
        rows = reader.newest_events(limit, begun, types)
    for number, event in reversed(rows):
        click.echo(bus.event_json(event) if as_json else bus.event_line(number, event))


@events.command()
@shell.with_config
@click.argument("number", type=int, metavar="N")
def show(path: Path, number: int) -> None:
    """Print an event as JSON, and on standard error what rules made of it."""
    from bot.cli import events as bus

    settings = shell.loaded(path, secrets=False, commands=False)
    with shell.reading(settings) as reader:
        event = reader.bus_event(number)
        letters = reader.letters_of(event) if event is not None else ()
    if event is None:
        sys.exit(shell.fail(f"there is no event {number}; `events list` lists them"))
    click.echo(bus.event_json(event, indent=2))
    for letter in letters:
        click.echo(bus.letter_line(settings.book, letter), err=True)


@events.command()
@shell.with_config
@click.argument("number", type=int, required=False, metavar="[N]")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1), metavar="N")
def dead(path: Path, number: int | None, limit: int) -> None:
    """List what could not be delivered, the last tried first; or show one letter whole."""
    from bot import model
    from bot.cli import events as bus

    settings = shell.loaded(path, secrets=False, commands=False)
    with shell.reading(settings) as reader:
        if number is None:
            for letter in reader.letters(limit=limit):
                click.echo(bus.letter_line(settings.book, letter))
            return
        entry = reader.letter(number)
    if entry is None:
        sys.exit(shell.fail(f"there is no letter {number}; `events dead` lists the dead ones"))
    to = entry.deliver.to
    command = to.command if isinstance(to, model.ToCommand) else ""
    hidden = hidden_of(settings, command) if command else frozenset[str]()
    click.echo("\n".join(bus.letter_lines(settings.book, entry, hidden)))


def hidden_of(settings: config.Config, command: str) -> frozenset[str]:
    """The parameters of a command whose values are never shown; none if it is gone."""
    from bot.commands import loader

    rules = settings.book.commands
    elsewhere = [name for name, rule in rules.items() if rule.engine == "oos"]
    try:
        item = loader.load(settings.commands, elsewhere).find(command)
    except source.Invalid as error:
        click.echo(str(error), err=True)
        reason = "what this letter must hide is not known until the commands load"
        raise click.exceptions.Exit(shell.fail(reason)) from None
    return item.hidden if item is not None else frozenset()


@events.command()
@shell.with_config
@click.argument("numbers", type=int, nargs=-1, required=True, metavar="N…")
def redrive(path: Path, numbers: tuple[int, ...]) -> None:
    """Queue dead letters once more; in a chat, `redrive N` does it.

    With SQLite the bot must be stopped; with PostgreSQL it may be running. All that can be are
    queued. Leaves with 1 if one of them could not.
    """
    from bot import store
    from bot.cli import events as bus

    settings = shell.loaded(path, secrets=False, commands=False)
    try:
        opened = shell.writing(settings)
    except FileNotFoundError:
        sys.exit(shell.fail(shell.never_ran(settings)))
    except store.Locked:
        reason = "the bot is running, and only it may write: send `redrive N` in a chat, or stop it"
        sys.exit(shell.fail(reason))
    except store.Unusable as error:
        sys.exit(shell.fail(str(error)))
    with opened:
        queued, refused = bus.redrive(opened, numbers, bus.console(), datetime.now(UTC))
    when = "now" if shell.runs(settings) else "when the bot starts"
    for number in queued:
        click.echo(f"{number} is sent once more {when}")
    for number, why in refused.items():
        shell.fail(f"{number}: {why}")
    sys.exit(1 if refused else 0)


main.add_command(rules.rule)
rules.rule.add_command(redo.redo)
main.add_command(reload.reload)
main.add_command(store.backup)
main.add_command(store.restore)
main.add_command(store_check.store)
store_check.store.add_command(forget.forget)
store_check.store.add_command(store_copy.copy)
store_check.store.add_command(store_copy.reopen)
main.add_command(doctor.doctor)
main.add_command(status.status)
main.add_command(replay.replay)
main.add_command(report.report)
main.add_command(requests.requests)
main.add_command(policies.policy)


@main.group()
def template() -> None:
    """Check templates of Operation Orchestration Service (OOS)."""


@template.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON list, with every fault.")
@click.option(
    "--allow-unknown-products",
    is_flag=True,
    help="Accept ACS::<Product>::<Name> actions that have no template here or among PATHS.",
)
def validate(paths: tuple[Path, ...], as_json: bool, allow_unknown_products: bool) -> None:
    """Check templates: files, or every .yml, .yaml and .json of folders and what is inside them.

    Prints a line for each that is good, and every fault of the others with its line and column;
    leaves with status 1 if there is any. Templates checked together know each other by file name.
    Of a good one that the bot's own engine cannot run, with all that it uses, it says why not; it
    runs with engine = "oos". With --json these are runs_here and why_not.
    """
    from bot.app import adapters, outside
    from bot.commands import template_check

    known, models = outside.service_known(adapters.ADAPTERS), adapters.ADAPTERS.cloud.models()
    results = template_check.check(paths, allow_unknown_products, known, models)
    if as_json:
        click.echo(json.dumps([one.entry() for one in results], indent=2, ensure_ascii=False))
    else:
        for one in results:
            click.echo("\n".join(one.lines()))
    if not results:
        sys.exit(shell.fail("there is no template in " + ", ".join(map(str, paths))))
    bad = [one for one in results if one.faults]
    if bad:
        count, of = sum(len(one.faults) for one in bad), len(results)
        summary = f"{count} fault{'s' if count != 1 else ''} in {len(bad)} of {of} template"
        sys.exit(shell.fail(summary + ("s" if of != 1 else "")))


@main.command()
@click.argument("page", type=click.Choice(sorted(PAGES)))
def docs(page: str) -> None:
    """Print a page of docs/reference that is made from the code."""
    click.echo(PAGES[page](), nl=False)


if __name__ == "__main__":
    main(prog_name="python -m bot")
