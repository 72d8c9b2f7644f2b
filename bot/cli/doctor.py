"""``python -m bot doctor``: what is wrong between this machine, the platforms and the cloud."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot import config, source, texts
from bot.cli import consoles, shell, trial
from bot.cli import rights as policies

if TYPE_CHECKING:
    from bot.doctor import report
    from bot.doctor.running import Section
    from bot.model import ports
    from bot.model.rights import Operation

COLOURS = {"ok": "green", "problem": "red", "unsure": "yellow", "manual": "cyan"}
WIDTH = 100
"""Columns of a line at most, however wide the terminal is."""
LOCALE = re.compile(rf"^\s*locale\s*=\s*[\"']({'|'.join(texts.LOCALES)})[\"']", re.MULTILINE)
PATIENCE = 1.0
"""Seconds for letting go of connections at the end."""


@click.command()
@shell.with_config
@click.option("--locale", type=click.Choice(texts.LOCALES), help="Default: that of [bot] locale.")
@click.option("--json", "as_json", is_flag=True, help="One JSON list, an entry for each line.")
@click.option(
    "--seconds",
    type=click.FloatRange(1, 120),
    default=15,
    show_default=True,
    help="How long one check may take; all are made at once.",
)
@click.option("--scopes", is_flag=True, help="Only print what each platform's console must have.")
@click.option(
    "--try",
    "group",
    metavar="GROUP",
    help="Send a test card to this group of bot.toml, and wait for a message and a click; the bot "
    "must be stopped meanwhile.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(1, 3600),
    default=120,
    show_default=True,
    help="Seconds that --try waits.",
)
@click.option(
    "--ram", is_flag=True, help="Only print the least RAM policies for this configuration."
)
def doctor(
    path: Path,
    locale: str | None,
    as_json: bool,
    seconds: float,
    ram: bool,
    scopes: bool,
    group: str | None,
    timeout: float,
) -> None:
    """Look at everything that must be right for the bot to work, and say what mends the rest.

    The configuration, this machine, the ways to the platforms, and what these say about the app:
    each line is ok, a problem, unknown, or something that no API tells, with the click in which
    console to check it by. Nothing is changed anywhere, and a bot that runs is not disturbed.
    Leaves with status 1 if there is a problem.
    """
    from bot.doctor import report, running

    if ram + scopes + (group is not None) > 1:
        raise click.UsageError("one of --ram, --scopes and --try")
    if ram:
        return policies.ram(path, as_json)
    if scopes:
        return consoles.scopes(path, locale, as_json)
    logging.getLogger().addHandler(logging.NullHandler())  # what fails is told in the report
    if group is not None:
        spoken, sections = running.run(trial.sections(path, group, timeout, locale))
    else:
        if sys.stderr.isatty():
            click.echo(f"… at most {seconds:g} s", err=True)
        spoken, sections = running.run(examined(path, seconds))
    spoken = locale or spoken
    if as_json:
        click.echo(json.dumps(report.entries(spoken, sections), indent=2, ensure_ascii=False))
    else:
        width = min(shutil.get_terminal_size().columns, WIDTH)
        for line in report.lines(spoken, sections, width):
            click.echo(coloured(line))
    sys.exit(1 if report.problems(sections) else 0)


def coloured(line: report.Line) -> str:
    """A line of the report as a terminal shows it; a file gets it plain."""
    if line.kind == "title":
        return click.style(line.text, bold=True)
    colour = COLOURS.get(line.kind)
    return click.style(line.label, fg=colour, bold=line.kind == "problem") + line.text


def locale_of(path: Path) -> str:
    """The language that a file with faults asks for, as far as that can be read."""
    try:
        match = LOCALE.search(path.read_text("utf-8", "replace"))
    except OSError:
        match = None
    return match[1] if match else texts.LOCALES[0]


async def examined(
    path: Path, seconds: float, clock: ports.Clock | None = None
) -> tuple[str, list[Section]]:
    """The bot's language, and what the checks of its configuration found."""
    from bot.app import adapters
    from bot.doctor import groups, rights, running
    from bot.runtime import clock as clocks

    try:
        settings = adapters.load(path, known_commands=shell.known_commands)
    except config.ConfigError as error:
        faults = [config.sentence(path, fault) for fault in error.faults]
        warnings = [config.sentence(path, warning) for warning in error.warnings]
        group = groups.configured(str(path), faults, warnings)
        return locale_of(path), await running.sections([group], seconds)
    wrong: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    operations: tuple[Operation, ...] = ()
    try:
        catalog = shell.catalog_of(settings)
        unused, operations = catalog.warnings, tuple(rights.operations(settings, catalog))
    except source.Invalid as error:
        wrong = tuple(map(str, error.faults))
    warnings = [config.sentence(path, warning) for warning in settings.warnings]
    group = groups.configured(str(path), wrong, [*warnings, *unused], settings)
    here = clock or clocks.Steady(clocks.MachineClock())
    examination = groups.examination(settings, here, seconds, operations)
    try:
        sections = await running.sections([group, *examination.groups], seconds)
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await examination.close()
    return settings.book.locale, sections
