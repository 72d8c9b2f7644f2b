"""Loading the commands of a folder. Dropping a file into it is the whole installation: a Python
file, or an OOS template (see ``bot.commands.template_set``).

What is wrong with any of the files is reported together, with its line, before the bot starts: a
command must declare itself well, its words must be free, and its own example must parse and plan.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bot import policy, source, texts
from bot.commands import command_files, registry, script_files, template_set
from bot.commands.line import parser
from bot.model import ports
from bot.oos.check import unsupported
from bot.source import unicode

Pages = dict[str, command_files.Page]


def load(
    folder: Path | str,
    elsewhere: Collection[str] = (),
    services: unsupported.Services | None = None,
    models: ports.Models | None = None,
) -> registry.Catalog:
    """Every command of a folder: one per ``*.py`` file, with the scripts ``<same name>.*`` beside
    it, and one per template. Invalid has all the faults of all the files.

    ``elsewhere`` names the templates that OOS itself runs: what only the bot cannot do is no fault
    of theirs. ``services``: is this cloud product known? Without it every one is.
    ``models``: what is known of the products' APIs.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise source.Invalid(f"{folder}: there is no such folder of commands")
    faults: list[source.Fault | str] = []
    entries: list[tuple[str, registry.Command]] = []
    pages: Pages = {}
    for path in sorted(folder.glob("*.py")):
        if path.name.startswith("_"):
            continue
        try:
            pages[path.name], command_ = command_files.read(path)
            entries.append((path.name, command_))
        except source.Invalid as error:
            faults.extend(error.faults)
    faults.extend(_orphans(folder))
    books = template_set.gather(folder)
    entries.extend(books.commands(elsewhere, services, models))
    faults.extend(books.faults)
    entries = _without_taken_aliases(entries)
    twice = _twice(entries, pages)
    faults.extend(twice.values())
    commands = registry.Catalog(
        {command_.name: command_ for name, command_ in entries if name not in twice},
        books.library([command_ for name, command_ in entries if name not in twice]),
        tuple(books.warnings),
    )
    for name, command_ in entries:
        if name not in twice and command_.template is None:
            faults.extend(_rehearse(commands, command_, pages[name]))
    if faults:
        raise source.Invalid(*faults)
    return commands


@contextmanager
def afresh(folder: Path) -> Iterator[None]:
    """Within, what command files of a folder import from it is read anew, as its files are now.
    Where that raises something, the modules of before are back."""
    place = folder.resolve()
    former = {
        name: module
        for name, module in list(sys.modules.items())
        if place in Path(getattr(module, "__file__", None) or "/").parents
    }
    for name, module in former.items():
        del sys.modules[name]
        if cached := getattr(module, "__cached__", None):  # its stamp has whole seconds only
            with contextlib.suppress(OSError):
                Path(cached).unlink()
    importlib.invalidate_caches()
    try:
        yield
    except BaseException:
        sys.modules.update(former)
        raise


def _orphans(folder: Path) -> Iterator[source.Fault]:
    for path in sorted(folder.iterdir()):
        owner = f"{path.name.split('.')[0]}.py"
        if path.suffix in script_files.SUFFIXES and not (folder / owner).exists():
            said = f"belongs to no command; there is no {owner}"
            yield source.Fault(source.Mark(path.name), said)


def _without_taken_aliases(
    entries: list[tuple[str, registry.Command]],
) -> list[tuple[str, registry.Command]]:
    """A template's other name is what its description says, which nobody chose as a command's: it
    gives way to every other word, and to its own like."""
    words = {unicode.fold(command_.name) for _, command_ in entries}
    claims: list[str] = []
    for _, command_ in entries:
        aliases = set(map(unicode.fold, command_.aliases))
        if command_.template is None:
            words |= aliases
        else:
            claims.extend(aliases)
    return [
        (
            name,
            command_
            if command_.template is None
            else replace(
                command_,
                aliases=tuple(
                    alias
                    for alias in command_.aliases
                    if unicode.fold(alias) not in words and claims.count(unicode.fold(alias)) == 1
                ),
            ),
        )
        for name, command_ in entries
    ]


def _twice(entries: list[tuple[str, registry.Command]], pages: Pages) -> dict[str, source.Fault]:
    """The files whose words are taken by an earlier file, with a sentence on each."""
    faults: dict[str, source.Fault] = {}
    owners: dict[str, str] = {}
    for file, command in entries:
        for word in dict.fromkeys(map(unicode.fold, (command.name, *command.aliases))):
            if word in owners:
                message = f"{word!r} is already a command of {owners[word]}"
                key = "name" if word == unicode.fold(command.name) else "aliases"
                page = pages.get(file)
                faults[file] = (
                    page.fault(page.declared(key), message)
                    if page
                    else source.Fault(source.Mark(file), message)
                )
            owners.setdefault(word, file)
    return faults


def _rehearse(
    commands: registry.Catalog, command: registry.Command, page: command_files.Page
) -> Iterator[source.Fault]:
    """Try the example of a command: it must parse, and an operation must plan a script with it."""
    parsed = parser.parse(commands, command.example, "en")
    if isinstance(parsed, policy.Refusal):
        said = texts.say("en", parsed.key, **parsed.facts)
        fault = f"does not parse: {said}"
    elif parsed.command is not command:
        fault = f"is one of {parsed.command.name}"
    else:
        if command.kind == "operation":
            yield from command_files.trial(page, command, parsed.values)
        return
    yield page.fault(page.declared("example"), f"its example {command.example!r} {fault}")
