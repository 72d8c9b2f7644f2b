"""``bot.toml``: read, checked as a whole, and turned into what the bot works with.

``load`` either returns a ``Config`` or raises one ``ConfigError`` with the faults of three stages,
each with its line and with what to do about it: the syntax of the text, the shape of its tables,
and what they mean together. What one stage finds wrong, the next one does not look at again. What
adapters there are, it is told.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from bot import model, policy, source
from bot.config import (
    build,
    build_rules,
    check,
    check_approval,
    check_asked,
    check_calendar,
    check_evaluation,
    check_ladders,
    check_locks,
    check_oncall,
    check_rules,
    check_runbooks,
    check_senders,
    check_sources,
    check_standing,
    check_store,
    check_when,
    kinds,
    policies,
    references,
    regions,
    resolve_secrets,
    run_commands,
    schema,
    tolerant,
)
from bot.config.context import CheckContext
from bot.config.diagnostics import Command, Diagnostics, KnownCommands
from bot.config.faults import ConfigError, sentence
from bot.config.file import model_of
from bot.config.oncall import Rota
from bot.config.runbooks import Oos
from bot.config.schema import Bot, Cloud, Source, Web
from bot.model import manifests
from bot.rules import ruleset
from bot.source import database, paths, toml_text
from bot.source.secret import Secret
from bot.source.tables import Table, settings_from

__all__ = [
    "Bot",
    "Cloud",
    "Config",
    "ConfigError",
    "KnownCommands",
    "Oos",
    "Secret",
    "Source",
    "Web",
    "load",
    "sentence",
]

DATABASE = "countersign.db"
"""The store's file within ``[bot] data``."""
MOST_BYTES = 512 << 10
Rules = dict[str, ruleset.Rule]
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that the file says. ``bot``, ``oos`` and ``web`` are its tables (see
    ``bot.config.schema``) with absolute folders, and ``tables`` those of the ``adapters``, by their
    names and with their secrets read. ``rules`` are those that are asked, None where there are
    none; ``silent`` those that are switched off. ``file``: all of its tables, by which it is
    compared with another one. ``path`` is the file itself, and ``origin`` by which path it was
    reached: a link on it may lead elsewhere later."""

    path: Path
    book: policy.Book
    bot: Bot
    adapters: manifests.Adapters
    tables: Mapping[str, Table]
    cloud: Cloud
    oos: Oos
    web: Web
    budgets: tuple[manifests.RateLimit, ...]
    rules: ruleset.Rulebook | None = None
    silent: Mapping[str, ruleset.Rule] = field(default_factory=dict)
    http: schema.Http | None = None
    sources: tuple[Source, ...] = ()
    endpoints: tuple[Table, ...] = ()
    buses: tuple[Table, ...] = ()
    rotas: tuple[Rota, ...] = ()
    warnings: tuple[source.Fault, ...] = ()
    file: Table = field(default_factory=Table, repr=False)
    origin: Path = Path()

    def of(self, manifest: manifests.Manifest[S]) -> S:
        """The settings of an adapter that has a table, with their secrets."""
        return settings_from(manifest.settings, self.tables[manifest.name])

    def each(self, settings: type[S], tables: Iterable[Table]) -> tuple[S, ...]:
        """The settings of each of some tables, with their secrets."""
        return tuple(settings_from(settings, table) for table in tables)

    @property
    def data(self) -> Path:
        """The folder of runtime data; it may not exist yet."""
        return self.bot.data

    @property
    def database(self) -> Path:
        """The store's file; it may not exist yet."""
        return self.bot.data / DATABASE

    @property
    def location(self) -> Path | str:
        """Where the store is: its file, or the address of a database of PostgreSQL, which is never
        shown, as it may hold a password. Raises RuntimeError where the secrets were not read."""
        return self.database if self.bot.store is None else self.bot.store.reveal()

    @property
    def shown_location(self) -> str:
        """The location as it may be shown to everyone: without a password."""
        location = self.location
        return str(location) if isinstance(location, Path) else database.shown(location)

    @property
    def replica(self) -> str:
        """What this process is called among those that share a store."""
        name = self.bot.replica
        return f"{socket.gethostname()}:{os.getpid()}" if name is None else name.reveal()

    @property
    def calendars(self) -> tuple[model.CalendarSource, ...]:
        """The calendars of rotas; the path of a file counts from the folder of the configuration.
        Raises RuntimeError where the secrets were not read."""
        sources = []
        for table in self.rotas:
            if table.calendar is not None:
                address, zone = table.calendar.reveal(), table.timezone or self.bot.timezone
                if "://" not in address:
                    address = str(self.path.parent / address)
                sources.append(model.CalendarSource(table.name, address, zone))
        return tuple(sources)

    @property
    def mark(self) -> Path | None:
        """The file of the high-water mark; None: beside the store."""
        return self.bot.mark

    @property
    def commands(self) -> Path:
        """The folder of the command files."""
        return self.bot.commands

    @property
    def zone(self) -> ZoneInfo:
        """Where the bot's people read the clock."""
        return ZoneInfo(self.bot.timezone)

    @property
    def platforms(self) -> tuple[str, ...]:
        """The chat platforms that have a table."""
        return tuple(name for name in self.adapters.platforms if name in self.tables)

    def summary(self) -> str:
        """What was configured, in one line."""
        counts: tuple[tuple[int, str, str], ...] = (
            (len(self.book.people), "person", "people"),
            (len(self.book.roles), "role", "roles"),
            (len(self.book.policies), "policy", "policies"),
            (len(self.book.groups), "group", "groups"),
            (len(self.book.commands), "operation", "operations"),
            (len(self.book.forms), "form", "forms"),
            (len(self.book.patterns), "pattern", "patterns"),
        )
        if self.rules is not None:
            counts += ((len(self.rules.rules), "rule", "rules"),)
        text = ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts)
        return f"{text}; {' and '.join(self.platforms)}; {self.cloud.region}"


def load(
    path: Path | str,
    environ: Mapping[str, str] = os.environ,
    *,
    adapters: manifests.Adapters,
    secrets: bool = True,
    known_commands: KnownCommands | None = None,
) -> Config:
    """The configuration in a file. Raises ConfigError with all faults together.

    ``adapters`` say which tables there are beside the bot's own. ``secrets`` False leaves the
    secrets unread (revealing one then raises RuntimeError). ``known_commands`` loads the commands
    of a folder (told the names of those that OOS runs), so that their names and parameters are
    checked too; without it they are not. Relative paths count from the file's folder.
    """
    path = Path(path)
    reading = toml_text.read(_text(path))
    diagnostics = Diagnostics(toml_text.Lines(reading.text), reading.skipped)
    diagnostics.faults.extend(reading.faults)
    values = policies.spread(policies.apart(reading.values, diagnostics), diagnostics)
    parts = tolerant.Validation(run_commands.unquoted(values, diagnostics), model_of(adapters))
    for where, message, about in parts.errors:
        diagnostics.fault(where, message, about)
    folder = path.resolve().parent
    commands = _commands(values, folder, known_commands, diagnostics)
    references.check(values, references.names(values, commands), diagnostics)
    file = parts.file
    active: Rules = {}
    silent: Rules = {}
    if file is not None:
        active, silent = _meaning(CheckContext(file, parts, diagnostics, commands))
        file = _trusting(_completed(file, folder), parts, folder, diagnostics)
        if secrets:
            file = resolve_secrets.resolved(file, parts, folder, environ, diagnostics)
        check_store.check_store(file, parts, environ, diagnostics)
    if diagnostics.faults or file is None or file.cloud is None:
        raise ConfigError(path, diagnostics.faults, diagnostics.warnings)
    return Config(
        path=path.resolve(),
        book=build.book(file),
        bot=file.bot,
        adapters=adapters,
        tables=_tables(file),
        cloud=file.cloud,
        oos=file.oos,
        web=file.web,
        budgets=build.budgets(file),
        rules=ruleset.Rulebook(active) if active else None,
        silent=silent,
        http=file.http_server,
        sources=file.sources,
        endpoints=getattr(file, adapters.endpoint.name),
        buses=getattr(file, adapters.bus.name),
        rotas=file.oncall,
        warnings=tuple(sorted(set(diagnostics.warnings))),
        file=file,
        origin=path.absolute(),
    )


def _meaning(context: CheckContext) -> tuple[Rules, Rules]:
    """What the tables mean together is checked; the rules that are asked, and those that are
    switched off, by name."""
    check.check(context)
    check_approval.check_approval(context)
    check_evaluation.check_evaluation(context)
    check_calendar.check_calendar(context)
    check_oncall.check_oncall(context)
    check_locks.check_locks(context)
    regions.check_regions(context)
    check_runbooks.check_runbooks(context)
    check_rules.check_rules(context)
    policies.check_escalations(context)
    check_standing.check_standing(context)
    check_when.check_when(context)
    check_ladders.check_ladders(context)
    check_sources.check_sources(context)
    active, silent = build_rules.compiled(context)
    check_rules.check_loops(context, active)
    check_rules.check_foreign(context, active)
    check_asked.check_asked(context, {**silent, **active})
    check_senders.check_senders(context, active)
    return active, silent


def _text(path: Path) -> str:
    """The text of the file. Raises ConfigError when there is none."""

    def refuse(message: str, line: int = 0) -> ConfigError:
        return ConfigError(path, [source.Fault(source.Mark(line=line), message)])

    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise refuse("there is no such file; name the configuration with --config FILE") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise refuse(f"cannot be read: {reason}") from None
    if len(content) > MOST_BYTES:
        raise refuse(f"is too large: a configuration has at most {MOST_BYTES >> 10} KB")
    try:
        return content.decode().removeprefix("\ufeff").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    raise refuse("is not UTF-8 text from here on; save the file as UTF-8", line)


def _commands(
    raw: dict[str, Any], folder: Path, known: KnownCommands | None, diagnostics: Diagnostics
) -> dict[str, Command] | None:
    """The commands that there are, by name; None where that is not known."""
    if known is None:
        return None
    table = raw.get("bot")
    place_name = table.get("commands") if isinstance(table, dict) else None
    place = (
        folder / place_name
        if isinstance(place_name, str) and "\0" not in place_name
        else kinds.CHECKOUT / "commands"
    )
    try:
        commands: Iterable[Command] = known(place, frozenset(elsewhere(raw)))
    except source.Invalid as error:
        for fault in error.faults:
            diagnostics.fault(("bot", "commands"), str(fault))
        return None
    return {command.name: command for command in commands}


def elsewhere(raw: dict[str, object]) -> Iterator[str]:
    """The names of the commands that OOS itself runs, as the plain values have them."""
    for path, engine in references.texts(raw, "command", references.ANY, "engine"):
        if engine == "oos":
            yield str(path[1])


def _completed(file: schema.File, folder: Path) -> schema.File:
    """The file with its folders made absolute."""
    paths: dict[str, Path | None] = {"data": folder / file.bot.data}
    paths["commands"] = folder / file.bot.commands
    paths["capture"] = folder / file.bot.capture if file.bot.capture is not None else None
    paths["mark"] = folder / file.bot.mark if file.bot.mark is not None else None
    return file.model_copy(update={"bot": file.bot.model_copy(update=paths)})


def _tables(file: schema.File) -> dict[str, Table]:
    """The tables of adapters that the file has."""
    tables = {name: file.table(name) for name in file.adapters.tables}
    return {name: table for name, table in tables.items() if table is not None}


def _trusting(
    file: schema.File, parts: tolerant.Validation, folder: Path, diagnostics: Diagnostics
) -> schema.File:
    """The file with the paths of its authorities made absolute; unusable ones are noted."""
    tables: dict[str, object] = {}
    for name, table in _tables(file).items():
        tables[name] = _trusted(table, (name,), folder, diagnostics)
    tables["endpoint"] = tuple(
        _trusted(table, path, folder, diagnostics) for path, table in parts.entries("endpoint")
    )
    return file.model_copy(update=tables)


def _trusted(table: Any, path: paths.Path, folder: Path, diagnostics: Diagnostics) -> Any:
    if getattr(table, "ca_file", None) is None:
        return table
    place = folder / table.ca_file
    try:
        ssl.create_default_context(cafile=place)
    except (OSError, ValueError):
        diagnostics.fault((*path, "ca_file"), "is no readable PEM file of certificates")
    return table.model_copy(update={"ca_file": place})
