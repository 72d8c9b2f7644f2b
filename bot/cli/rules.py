"""``python -m bot rule``: try rules out on events, and list them. Nothing is delivered."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from bot import source
from bot.cli import shell
from bot.source import json_text, suggest

if TYPE_CHECKING:
    from bot import config
    from bot.cli import rule_trials
    from bot.rules import pattern, ruleset

INVALID = 2
"""The status of what can't be judged: a pattern, an event or a configuration with faults."""


@click.group()
def rule() -> None:
    """Try rules out on events, and list them; the bot may be running meanwhile."""


@rule.command()
@shell.with_config
@click.option(
    "--event",
    "event_file",
    type=click.File("rb"),
    required=True,
    metavar="FILE",
    help="The event as JSON; - is standard input.",
)
@click.option("--rule", "name", metavar="NAME", help="A rule of the configuration.")
@click.option(
    "--pattern",
    "pattern_file",
    type=click.File("rb"),
    metavar="FILE",
    help="A pattern as JSON, or in short; needs no configuration.",
)
@click.option(
    "--dialect",
    type=click.Choice(["alibaba", "aws"]),
    help="Whose semantics the pattern has.  [default: alibaba]",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def test(
    path: Path,
    event_file: IO[bytes],
    name: str | None,
    pattern_file: IO[bytes] | None,
    dialect: str | None,
    as_json: bool,
) -> None:
    """Does a rule, or a pattern, mean this event, and what would its targets get?

    Leaves with 0 where it matches, with 1 where it does not, saying why, and with 2 where the
    pattern, the event or the configuration has faults. Nothing is delivered.
    """
    if (name is None) == (pattern_file is None):
        raise click.UsageError("say which: --rule NAME or --pattern FILE")
    if name is not None and dialect is not None:
        raise click.UsageError("--dialect goes with --pattern; a rule says its own")
    event_text, event_name = text_of(event_file), name_of(event_file)
    if pattern_file is not None:
        sys.exit(try_pattern(event_text, event_name, pattern_file, dialect, as_json))
    settings = shell.loaded(path, secrets=False, commands=False, status=INVALID)
    sys.exit(try_rule(event_text, event_name, rule_of(settings, str(name)), settings, as_json))


def name_of(file: IO[bytes]) -> str:
    return str(getattr(file, "name", "<stdin>"))


def text_of(file: IO[bytes]) -> str:
    """What is in a file. Ends the program where that is no text."""
    try:
        return file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{name_of(file)}: not UTF-8 text from byte {error.start + 1} on"
        raise click.exceptions.Exit(shell.fail(message, INVALID)) from None


def try_pattern(
    event_text: str, event_name: str, file: IO[bytes], dialect: str | None, as_json: bool
) -> int:
    from bot.rules import tool

    kind: pattern.Dialect = "aws" if dialect == "aws" else "alibaba"
    names = (event_name, name_of(file))
    try:
        verdict = tool.judge(event_text, text_of(file), kind, files=names)
    except source.Invalid as error:
        return shell.fail(str(error), INVALID)
    click.echo(verdict.json() if as_json else "\n".join(verdict.lines()))
    warn([] if as_json else verdict.warnings)
    return verdict.status


def try_rule(
    event_text: str, event_name: str, rule: ruleset.Rule, settings: config.Config, as_json: bool
) -> int:
    from bot.cli import rule_trials

    try:
        document = json_text.event(event_text, event_name)
    except source.Invalid as error:
        return shell.fail(str(error), INVALID)
    made = rule_trials.trial(
        rule, settings.book, document, rule_trials.read(document, datetime.now(UTC))
    )
    click.echo(json.dumps(made.plain(), ensure_ascii=False) if as_json else said(made))
    warn([] if as_json else made.warnings)
    if made.matched and rule.name in settings.silent:
        click.echo(f"{rule.name} is switched off: enabled = false", err=True)
    return 0 if made.matched else 1


def warn(sentences: Iterable[str]) -> None:
    """Tell on standard error where the vendor might answer otherwise."""
    for sentence in sentences:
        click.echo(f"warning: {sentence}", err=True)


def said(made: rule_trials.Trial) -> str:
    return "\n".join(made.lines())


def rules_of(settings: config.Config) -> dict[str, ruleset.Rule]:
    """All rules by name, those that are switched off after the others."""
    active = settings.rules.rules if settings.rules is not None else {}
    return {**active, **settings.silent}


def rule_of(settings: config.Config, name: str) -> ruleset.Rule:
    """The rule of this name. Ends the program where there is none."""

    known = rules_of(settings)
    if name not in known:
        there = suggest.expected(name, sorted(known)) or "; `rule list` lists them"
        message = f"there is no rule {name}{there if known else ': the configuration has none'}"
        raise click.exceptions.Exit(shell.fail(message, INVALID))
    return known[name]


@rule.command()
@shell.with_config
@click.option("--since", type=shell.span, metavar="SPAN", help="Not older than 30m, 2h, 7d …")
@click.option("--rule", "name", metavar="NAME", help="This rule alone, be it switched off.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines, one per event and rule.")
def replay(path: Path, since: timedelta | None, name: str | None, as_json: bool) -> None:
    """Try the rules on the stored events, oldest first: what would they make of them now?

    Tells the matches, and in the end on standard error how often each rule did. Nothing is
    delivered.
    """
    from bot.cli import events, rule_trials
    from bot.rules import effort, ruleset

    settings = shell.loaded(path, secrets=False, commands=False, status=INVALID)
    begun = datetime.now(UTC) - since if since is not None else None
    chosen = settings.rules.rules if settings.rules is not None else {}
    if name is not None:
        chosen = {name: rule_of(settings, name)}
    book = ruleset.Rulebook(chosen)
    tried, matched = 0, Counter[str]()
    with shell.reading(settings) as reader:
        for number, event in reader.bus_events(begun):
            tried += 1
            for one in book.matching(event, effort.Effort(None)):
                matched[one.name] += 1
                made = rule_trials.Trial(
                    one.name, (), tuple(rule_trials.sent(one, settings.book, event))
                )
                if as_json:
                    about = {"event": number, "source": event.source, "id": event.id}
                    click.echo(json.dumps({**about, **made.plain()}, ensure_ascii=False))
                else:
                    click.echo(f"{events.event_line(number, event)}\n{said(made)}")
    click.echo(f"{tried} event{'s' if tried != 1 else ''} tried", err=True)
    for rule_name in chosen:
        click.echo(f"{matched[rule_name]:>8}  {rule_name}", err=True)


@rule.command("list")
@shell.with_config
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
def list_rules(path: Path, as_json: bool) -> None:
    """List the rules of the configuration and where they lead."""
    from bot.cli import rule_trials

    settings = shell.loaded(path, secrets=False, commands=False, status=INVALID)
    known = rules_of(settings)
    leads = {
        name: [rule_trials.where(settings.book, target) for target in one.targets]
        for name, one in known.items()
    }
    if as_json:
        listed = [
            {
                "rule": name,
                "enabled": name not in settings.silent,
                "dialect": one.pattern.dialect,
                "targets": leads[name],
            }
            for name, one in known.items()
        ]
        click.echo(json.dumps(listed, ensure_ascii=False, indent=2))
        return
    for name, targets in leads.items():
        off = " (off)" if name in settings.silent else ""
        click.echo(f"{name}{off}: {', '.join(targets)}")
    if not known:
        shell.fail("there is no [[rule]] in the configuration")
