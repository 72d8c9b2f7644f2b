"""``python -m bot replay``: what was captured, read once more by what reads it live.

Nothing is connected to and nothing is written: frames become events, messages are held against the
commands, buttons against what can be done with them, forms against ``[[form]]``, and the answers of
APIs are judged.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from bot import capture, config, model, policy, texts
from bot.capture import records
from bot.cli import shell
from bot.commands import registry
from bot.commands.line import parser
from bot.core import form_mapping
from bot.model import ports, traffic

VOTES = ("approve", "reject")
MOST_LISTED, MOST_KINDS = 1000, 1000
"""So many that were not understood are named, and so many kinds are told apart."""
SHOWN = 200
"""Characters of a reason that are printed."""


@dataclass(frozen=True, slots=True)
class Unread:
    """One frame or call that was not understood, and why."""

    file: str
    line: int
    kind: str
    reason: str

    def text(self) -> str:
        return f"{self.file}:{self.line}: {self.kind}: {self.reason}"


@dataclass(slots=True)
class Report:
    """How much of each kind was understood, what was not (``unlisted``: how many more there are),
    and what the capture lacks."""

    understood: Counter[str] = field(default_factory=Counter)
    unread: list[Unread] = field(default_factory=list)
    unlisted: int = 0
    lacks: Counter[str] = field(default_factory=Counter)

    def entry(self) -> dict[str, object]:
        """As JSON."""
        return {
            "understood": dict(sorted(self.understood.items())),
            "not_understood": [
                {"file": one.file, "line": one.line, "kind": one.kind, "reason": one.reason}
                for one in self.unread
            ],
            "not_listed": self.unlisted,
            "lacks": dict(sorted(self.lacks.items())),
        }

    def lines(self) -> Iterator[str]:
        for kind, count in sorted(self.understood.items()):
            yield f"{count:6} {kind}"
        for what, count in sorted(self.lacks.items()):
            yield f"the capture lacks {count}: {what}"
        for one in self.unread:
            yield one.text()
        if self.unlisted:
            yield f"… and {self.unlisted} more"


class Replay:
    """Reads the records of one capture after the other, with a configuration's commands and
    forms."""

    def __init__(self, settings: config.Config, catalog: registry.Catalog) -> None:
        self._book = settings.book
        self._catalog = catalog
        self._frames: dict[str, ports.Frames] = {}
        self._interpreters: dict[str, ports.Interpreter] = {}
        self._sources = {source.name: source for source in settings.sources}
        adapters = settings.adapters
        chats = [adapters.chat(name) for name in settings.platforms]
        for chat in chats:
            if chat.frames is not None:
                self._frames[chat.name] = chat.frames()
        for manifest in (*chats, adapters.cloud, adapters.robots):
            if manifest.interpreter is not None and manifest.name in settings.tables:
                table = settings.tables[manifest.name]
                self._interpreters[manifest.name] = manifest.interpreter(table)
        if adapters.engine.interpreter is not None:
            table = settings.tables[adapters.cloud.name]
            self._interpreters[adapters.engine.name] = adapters.engine.interpreter(table)
        if adapters.inlet.source_interpreter is not None:
            for source in settings.sources:
                if source.kind not in settings.platforms:
                    sender = adapters.inlet.source_interpreter(source)
                    self._interpreters[f"{adapters.inlet.name}:{source.name}"] = sender
        self.report = Report()

    def folder(self, path: Path) -> Report:
        """Replay a folder. Raises OSError where there is none."""
        for one in capture.of_folder(path):
            if isinstance(one, capture.Fault):
                self._note(one.file, one.line, traffic.Meaning("line", problem=one.reason))
            elif "left_out" in one.body or "removed" in one.body:
                self._lack(one.body)
            else:
                for meaning in self._meanings(one.body):
                    self._note(one.file, one.line, meaning)
        return self.report

    def _meanings(self, body: Mapping[str, Any]) -> Iterator[traffic.Meaning]:
        """What a record is, whatever it holds: where reading it fails, that is what to know."""
        try:
            yield from map(self._judged, self._read(body))
        except ValueError as fault:
            yield traffic.Meaning("record", problem=str(fault) or "ValueError")
        except Exception as fault:
            yield traffic.Meaning("record", problem=f"reading it fails: {fault!r}")

    def _note(self, file: Path, line: int, meaning: traffic.Meaning) -> None:
        kind = printable(meaning.kind)
        report = self.report
        if not meaning.problem:
            known = kind in report.understood or len(report.understood) < MOST_KINDS
            report.understood[kind if known else "of other kinds"] += 1
        elif len(report.unread) < MOST_LISTED:
            report.unread.append(Unread(file.name, line, kind, printable(meaning.problem)))
        else:
            report.unlisted += 1

    def _lack(self, body: Mapping[str, Any]) -> None:
        left_out, removed = body.get("left_out"), body.get("removed")
        for reason, count in left_out.items() if isinstance(left_out, dict) else ():
            if type(count) is int:
                self.report.lacks[printable(str(reason))] += count
        if isinstance(removed, dict):
            self.report.lacks["files that were removed, as there was no more room"] += len(removed)

    # ------------------------------------------------------------------------- a record

    def _read(self, body: Mapping[str, Any]) -> Iterator[traffic.Meaning]:
        party = body.get("party")
        if "frame" in body:
            yield from self._frame(str(party), body)
        elif "exchange" in body:
            yield self._exchange(records.exchange_of(body))
        else:
            raise ValueError("neither a frame nor a call")

    def _frame(self, party: str, body: Mapping[str, Any]) -> Iterator[traffic.Meaning]:
        frames, interpreter = self._frames.get(party), self._interpreters.get(party)
        if frames is None or interpreter is None:
            raise ValueError(f"{party[:40]} is no platform of the configuration")
        way: traffic.Way = "in" if body.get("frame") == "in" else "out"
        for data in frames.closed(body.get("content")):
            meaning = interpreter.frame(traffic.Frame(party, way, data))
            yield named(meaning, f"{party} {meaning.kind}")

    def _exchange(self, exchange: traffic.Exchange) -> traffic.Meaning:
        if exchange.way == "in":
            source = self._sources.get(exchange.action)
            if source is None:
                raise ValueError(f"{exchange.action[:40]} is no [[source]] of the configuration")
            if source.kind in self._interpreters and exchange.status >= 400:
                return traffic.Meaning(f"{exchange.action}, refused: HTTP status {exchange.status}")
            key = source.kind if source.kind in self._interpreters else f"http:{source.name}"
            interpreter = self._interpreters.get(key)
        else:
            interpreter = self._interpreters.get(exchange.party)
        if exchange.error and not exchange.status:
            return traffic.Meaning(f"{exchange.party} no answer: {exchange.error}"[:160])
        if interpreter is None:
            return traffic.Meaning(f"{exchange.party} call: HTTP status {exchange.status}")
        meaning = interpreter.exchange(exchange)
        return named(meaning, f"{exchange.party} {meaning.kind}")

    # ------------------------------------------------------------------------- what it means

    def _judged(self, meaning: traffic.Meaning) -> traffic.Meaning:
        """With what the core makes of it by itself."""
        if meaning.problem:
            return meaning
        match meaning.event:
            case model.MessageReceived() as message:
                return self._message(meaning, message)
            case model.CardAction(action=action, request=number, code=code):
                known = action and number and (code or action not in VOTES)
                problem = "" if known else "a click without its action, request or code"
                return named(meaning, f"{meaning.kind} {action}", problem)
            case model.FormChanged(form=form, status=status):
                used = any(rule.form == form for rule in self._book.forms)
                word = status if used else f"{status}, of no [[form]]"
                return named(meaning, f"{meaning.kind} {word}")
        return self._form(meaning) if meaning.form else meaning

    def _message(self, meaning: traffic.Meaning, message: model.MessageReceived) -> traffic.Meaning:
        if message.unread:
            return named(meaning, f"{meaning.kind} without words ({message.unread})")
        parsed = parser.read(self._catalog, message.text, "en").parsed
        if isinstance(parsed, policy.Refusal):
            return named(meaning, meaning.kind, texts.say("en", parsed.key, **parsed.facts))
        return named(meaning, f"{meaning.kind} {parsed.command.name}")

    def _form(self, meaning: traffic.Meaning) -> traffic.Meaning:
        rule = next((one for one in self._book.forms if one.form == meaning.form_code), None)
        command = self._catalog.find(rule.command) if rule is not None else None
        if rule is None or command is None:
            return named(meaning, f"{meaning.kind}, of no [[form]] that is known")
        people = form_mapping.People(self._book, rule.platform, "")
        values = form_mapping.values_of(rule, command, meaning.form.get("fields") or {}, people)
        if not isinstance(values, policy.Refusal):
            parsed = parser.from_fields(command, values, "en")
            if not isinstance(parsed, policy.Refusal):
                return named(meaning, f"{meaning.kind} {command.name}")
            values = parsed
        return named(meaning, meaning.kind, texts.say("en", values.key, **values.facts))


def named(meaning: traffic.Meaning, kind: str, problem: str = "") -> traffic.Meaning:
    """The same under another name."""
    problem = problem or meaning.problem
    return traffic.Meaning(kind, meaning.event, meaning.form, meaning.form_code, problem)


def printable(text: str) -> str:
    """A piece of a capture on one line of a terminal."""
    line = "".join(each if each.isprintable() else " " for each in text[: 2 * SHOWN])
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"


@click.command()
@shell.with_config
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def replay(path: Path, folder: Path, as_json: bool) -> None:
    """Read what was captured into FOLDER once more, and say what was not understood.

    Prints how much of each kind was understood, and every other line with its file, its number and
    the reason; leaves with status 1 if there is any. The configuration's commands and forms are
    what messages and forms are held against. Nothing is connected to.
    """
    from bot.commands import loader

    settings = shell.loaded(path, secrets=False)
    elsewhere = [name for name, rule in settings.book.commands.items() if rule.engine == "oos"]
    catalog = loader.load(settings.commands, elsewhere)
    try:
        report = Replay(settings, catalog).folder(folder)
    except OSError as error:
        sys.exit(shell.fail(f"{folder} can't be read: {error.strerror}", 2))
    if as_json:
        click.echo(json.dumps(report.entry(), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(report.lines()))
    if not report.understood and not report.unread:
        sys.exit(shell.fail(f"there is no capture in {folder}", 2))
    count = len(report.unread) + report.unlisted
    if count:
        sys.exit(shell.fail(f"{count} not understood"))
