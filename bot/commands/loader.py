"""Loading the commands of a folder. Dropping a file into it is the whole installation: a Python
file, or an OOS template (see ``bot.commands.template_set``).

What is wrong with any of the files is reported together, with its line, before the bot starts: a
command must declare itself well, its words must be free, and its own example must parse and plan.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
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
    found: list[tuple[str, registry.Command]] = []
    pages: Pages = {}
    for path in sorted(folder.glob("*.py")):
        if path.name.startswith("_"):
            continue
        try:
            pages[path.name], command_ = command_files.read(path)
            found.append((path.name, command_))
        except source.Invalid as error:
            faults.extend(error.faults)
    faults.extend(_orphans(folder))
    books = template_set.gather(folder)
    found.extend(books.commands(elsewhere, services, models))
    faults.extend(books.faults)
    found = _without_taken_aliases(found)
    twice = _twice(found, pages)
    faults.extend(twice.values())
    commands = registry.Catalog(
        {command_.name: command_ for name, command_ in found if name not in twice},
        books.library([command_ for name, command_ in found if name not in twice]),
        tuple(books.warnings),
    )
    for name, command_ in found:
        if name not in twice and command_.template is None:
            faults.extend(_rehearse(commands, command_, pages[name]))
    if faults:
        raise source.Invalid(*faults)
    return commands


def _orphans(folder: Path) -> Iterator[source.Fault]:
    for path in sorted(folder.iterdir()):
        owner = f"{path.name.split('.')[0]}.py"
        if path.suffix in script_files.SUFFIXES and not (folder / owner).exists():
            said = f"belongs to no command; there is no {owner}"
            yield source.Fault(source.Mark(path.name), said)


def _without_taken_aliases(
    found: list[tuple[str, registry.Command]],
) -> list[tuple[str, registry.Command]]:
    """A template's other name is what its description says, which nobody chose as a command's: it
    gives way to every other word, and to its own like."""
    taken = {unicode.fold(command_.name) for _, command_ in found}
    told: list[str] = []
    for _, command_ in found:
        aliases = set(map(unicode.fold, command_.aliases))
        if command_.template is None:
            taken |= aliases
        else:
            told.extend(aliases)
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
                    if unicode.fold(alias) not in taken and told.count(unicode.fold(alias)) == 1
                ),
            ),
        )
        for name, command_ in found
    ]


def _twice(found: list[tuple[str, registry.Command]], pages: Pages) -> dict[str, source.Fault]:
    """The files whose words are taken by an earlier file, with a sentence on each."""
    faults: dict[str, source.Fault] = {}
    owners: dict[str, str] = {}
    for file, command_ in found:
        for word in dict.fromkeys(map(unicode.fold, (command_.name, *command_.aliases))):
            if word in owners:
                told = f"{word!r} is already a command of {owners[word]}"
                key = "name" if word == unicode.fold(command_.name) else "aliases"
                page = pages.get(file)
                faults[file] = (
                    page.fault(page.declared(key), told)
                    if page
                    else source.Fault(source.Mark(file), told)
                )
            owners.setdefault(word, file)
    return faults


def _rehearse(
    commands: registry.Catalog, found: registry.Command, page: command_files.Page
) -> Iterator[source.Fault]:
    """Try the example of a command: it must parse, and an operation must plan a script with it."""
    parsed = parser.parse(commands, found.example, "en")
    line = page.declared("example")
    if isinstance(parsed, policy.Refusal):
        said = texts.say("en", parsed.key, **parsed.facts)
        yield page.fault(line, f"its example {found.example!r} does not parse: {said}")
    elif parsed.command is not found:
        yield page.fault(line, f"its example {found.example!r} is one of {parsed.command.name}")
    elif found.kind == "operation":
        yield from command_files.trial(page, found, parsed.values)
