"""Loading the commands of a folder. Dropping a file into it is the whole installation: a Python
file, or an OOS template (see ``bot.shelf``).

What is wrong with any of the files is reported together, before the bot starts: a command must
declare itself well, its words must be free, and its own example must parse and plan.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from bot import catalog, command, hindrances, parameters, parse, policy, shelf, texts, words
from bot.oos import apis

_SCRIPTS = frozenset({".sh", ".ps1", ".bat"})
_WORD = re.compile(r"[^\W\d_][\w-]{0,31}")


class CatalogError(Exception):
    """The commands cannot be used as they are; ``faults`` says everything that is wrong."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


def load(
    folder: Path | str,
    elsewhere: Collection[str] = (),
    services: hindrances.Services | None = None,
    models: apis.Models | None = None,
) -> catalog.Catalog:
    """Every command of a folder: one per ``*.py`` file, with the scripts ``<same name>.*`` beside
    it, and one per template. CatalogError lists all the faults of all the files.

    ``elsewhere`` names the templates that OOS itself runs: what only the bot cannot do is no fault
    of theirs. ``services``: is this cloud product known? Without it every one is.
    ``models``: what is known of the products' APIs.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CatalogError([f"{folder}: there is no such folder of commands"])
    faults: list[str] = []
    found: list[tuple[str, catalog.Command]] = []
    for path in sorted(folder.glob("*.py")):
        if path.name.startswith("_"):
            continue
        try:
            found.append((path.name, _load_file(path)))
        except _Fault as fault:
            faults.extend(f"{path.name}: {line}" for line in fault.args)
    faults.extend(_orphans(folder))
    books = shelf.gather(folder)
    found.extend(books.commands(elsewhere, services, models))
    faults.extend(books.faults)
    found = _without_taken_aliases(found)
    twice = _twice(found)
    faults.extend(twice.values())
    commands = catalog.Catalog(
        {command_.name: command_ for name, command_ in found if name not in twice},
        books.library([command_ for name, command_ in found if name not in twice]),
        tuple(books.warnings),
    )
    for name, command_ in found:
        if name not in twice and command_.template is None:
            faults.extend(f"{name}: {line}" for line in _rehearse(commands, command_))
    if faults:
        raise CatalogError(faults)
    return commands


class _Fault(Exception):
    """Sentences about one file."""


def _load_file(path: Path) -> catalog.Command:
    try:
        source = path.read_bytes()
        files = {
            beside.name: beside.read_bytes().decode()
            for beside in sorted(path.parent.glob(f"{path.stem}.*"))
            if beside.suffix in _SCRIPTS
        }
    except (OSError, UnicodeDecodeError) as error:
        raise _Fault(f"cannot be read: {error}") from error
    module = _run(path, source)
    declared = [
        value
        for value in vars(module).values()
        if callable(value)
        and isinstance(getattr(value, "declared", None), command.Declared)
        and getattr(value, "__module__", "") == module.__name__
    ]
    if len(declared) != 1:
        raise _Fault(f"declares {len(declared)} commands; one file is one command")
    version = hashlib.sha256(source)
    for name, text in files.items():
        version.update(f"\0{name}\0{text}".encode())
    return _command(declared[0], version.hexdigest()[:12], files)


def _run(path: Path, source: bytes) -> ModuleType:
    """Run a command file as a module of its own: what it defines is seen by nobody else."""
    place = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]
    module = ModuleType(f"_commands_{place}.{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    try:
        exec(compile(source, str(path), "exec"), vars(module))
    except (Exception, SystemExit) as error:
        del sys.modules[module.__name__]
        raise _Fault(f"does not load: {type(error).__name__}: {error}") from error
    return module


def _command(
    function: Callable[..., Any], version: str, files: Mapping[str, str]
) -> catalog.Command:
    declared: command.Declared = vars(function)["declared"]
    faults = [
        f"{word!r} is no word that can be typed as a command"
        for word in (declared.name, *declared.aliases)
        if not _WORD.fullmatch(word)
    ]
    if not all(isinstance(line, str) and line.strip() for line in declared.summary):
        faults.append("its summary needs a line in Chinese and one in English")
    if declared.risk not in ("low", "medium", "high", "critical"):
        faults.append(f"its risk is {declared.risk!r}; it is low, medium, high or critical")
    takes_context = False
    found: tuple[parameters.Parameter, ...] = ()
    try:
        takes_context, found = parameters.of_function(function, command.Context)
    except (TypeError, NameError, re.error) as error:
        faults.append(f"{declared.name}: {error}")
    if takes_context and declared.kind == "operation":
        faults.append("an operation gets no Context: its script depends on its values alone")
    if faults:
        raise _Fault(*faults)
    return catalog.Command(
        declared.name,
        declared.aliases,
        declared.kind,
        declared.risk,
        declared.reads,
        dict(zip(texts.LOCALES, declared.summary, strict=True)),
        found,
        declared.example,
        version,
        function,
        files,
        takes_context,
        by_role=declared.by_role,
    )


def _orphans(folder: Path) -> list[str]:
    return [
        f"{path.name}: belongs to no command; there is no {path.name.split('.')[0]}.py"
        for path in sorted(folder.iterdir())
        if path.suffix in _SCRIPTS and not (folder / f"{path.name.split('.')[0]}.py").exists()
    ]


def _without_taken_aliases(
    found: list[tuple[str, catalog.Command]],
) -> list[tuple[str, catalog.Command]]:
    """A template's other name is what its description says, which nobody chose as a command's: it
    gives way to every other word, and to its own like."""
    taken = {words.fold(command_.name) for _, command_ in found}
    told: list[str] = []
    for _, command_ in found:
        aliases = set(map(words.fold, command_.aliases))
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
                    if words.fold(alias) not in taken and told.count(words.fold(alias)) == 1
                ),
            ),
        )
        for name, command_ in found
    ]


def _twice(found: list[tuple[str, catalog.Command]]) -> dict[str, str]:
    """The files whose words are taken by an earlier file, with a sentence on each."""
    faults: dict[str, str] = {}
    owners: dict[str, str] = {}
    for file, command_ in found:
        for word in dict.fromkeys(map(words.fold, (command_.name, *command_.aliases))):
            if word in owners:
                faults[file] = f"{file}: {word!r} is already a command of {owners[word]}"
            owners.setdefault(word, file)
    return faults


def _rehearse(commands: catalog.Catalog, found: catalog.Command) -> list[str]:
    """Try the example of a command: it must parse, and an operation must plan a script with it."""
    parsed = parse.parse(commands, found.example, "en")
    if isinstance(parsed, policy.Refusal):
        said = texts.say("en", parsed.key, **parsed.facts)
        return [f"its example {found.example!r} does not parse: {said}"]
    if parsed.command is not found:
        return [f"its example {found.example!r} is one of {parsed.command.name}"]
    if found.kind == "operation":
        try:
            answer = found.call(None, parsed.values)
            assert isinstance(answer, command.Script)
            command.render(answer)
        except Exception as error:
            return [f"its example {found.example!r} plans no script: {error}"]
    return []
