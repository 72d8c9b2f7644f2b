"""The commands there are: loaded from a folder, found by the words people type.

Dropping a file into the folder is the whole installation. What is wrong with any of the files is
reported together, before the bot starts.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from bot import command, model, parameters, policy, texts, words

Parameter = parameters.Parameter
_ANSWERS: dict[command.Kind, type[command.Answer]] = {
    "operation": command.Script,
    "query": command.Reply,
    "vote": command.Act,
    "lookup": command.Lookup,
}
_SCRIPTS = frozenset({".sh", ".ps1", ".bat"})
_WORD = re.compile(r"[^\W\d_][\w-]{0,31}")


class CatalogError(Exception):
    """The commands cannot be used as they are; ``faults`` says everything that is wrong."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True, eq=False)
class Command:
    """Something that can be asked for. ``version`` is a short SHA-256 of its files; ``reads`` what
    the store must show it."""

    name: str
    aliases: tuple[str, ...]
    kind: command.Kind
    risk: command.Risk
    reads: command.Reads
    summary: Mapping[str, str]
    parameters: tuple[Parameter, ...]
    example: str
    version: str
    function: Callable[..., Any]
    files: Mapping[str, str]
    takes_context: bool = False

    def call(self, context: command.Context | None, values: Mapping[str, Any]) -> command.Answer:
        """What the command answers to these values. A query needs a context; an operation gets
        none, so that its script depends on nothing but its values. TypeError: it returned something
        else than its kind does."""
        arguments = (context,) if self.takes_context else ()
        with command.files_beside(self.files):
            answer = self.function(*arguments, **values)
        wanted = _ANSWERS[self.kind]
        if not isinstance(answer, wanted):
            given = type(answer).__name__
            raise TypeError(f"{self.name} must return a {wanted.__name__}, not {given}")
        return answer

    def parameter(self, kind: str) -> Parameter | None:
        """The first parameter of a type, if the command has one."""
        return next((found for found in self.parameters if found.kind == kind), None)

    def needs(self, values: Mapping[str, Any], place: model.Place, quoted: str = "") -> model.Needs:
        """What the store must show for this call: its list, and the request that is named by number
        or by the message quoted."""
        number = self.parameter("request")
        listing = "" if self.reads == "request" else self.reads
        if number is None:
            return model.Needs(listing=listing)
        request = int(values.get(number.name) or 0)
        if request or not quoted:
            return model.Needs(request=request, listing=listing)
        return model.Needs(platform=place.platform, card=quoted, message=quoted, listing=listing)


class Catalog:
    """Commands by name and by alias; case and full-width forms make no difference."""

    def __init__(self, commands: Mapping[str, Command]) -> None:
        self._commands = dict(sorted(commands.items()))
        self._words = {
            words.fold(word): found
            for found in self._commands.values()
            for word in (found.name, *found.aliases)
        }

    def __iter__(self) -> Iterator[Command]:
        return iter(self._commands.values())

    def names(self) -> tuple[str, ...]:
        return tuple(self._commands)

    def words(self) -> tuple[str, ...]:
        """Every word that is a command, longest first."""
        return tuple(sorted(self._words, key=len, reverse=True))

    def find(self, word: str) -> Command | None:
        """The command of this name or alias."""
        return self._words.get(words.fold(word))

    def nearest(self, word: str) -> tuple[str, ...]:
        """Up to three names that may have been meant, best first; swapped letters are one slip."""
        return words.nearest(words.fold(word), tuple(self._words))


# ----------------------------------------------------------------------------- loading


def load(folder: Path | str) -> Catalog:
    """Every command of a folder: one per ``*.py`` file, with the scripts ``<same name>.*`` beside
    it. CatalogError lists all the faults of all the files."""
    folder = Path(folder)
    if not folder.is_dir():
        raise CatalogError([f"{folder}: there is no such folder of commands"])
    faults: list[str] = []
    found: list[tuple[str, Command]] = []
    for path in sorted(folder.glob("*.py")):
        if path.name.startswith("_"):
            continue
        try:
            found.append((path.name, _load_file(path)))
        except _Fault as fault:
            faults.extend(f"{path.name}: {line}" for line in fault.args)
    faults.extend(_orphans(folder))
    twice = _twice(found)
    faults.extend(twice.values())
    catalog = Catalog({command_.name: command_ for name, command_ in found if name not in twice})
    for name, command_ in found:
        if name not in twice:
            faults.extend(f"{name}: {line}" for line in _rehearse(catalog, command_))
    if faults:
        raise CatalogError(faults)
    return catalog


class _Fault(Exception):
    """Sentences about one file."""


def _load_file(path: Path) -> Command:
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


def _command(function: Callable[..., Any], version: str, files: Mapping[str, str]) -> Command:
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
    found: tuple[Parameter, ...] = ()
    try:
        takes_context, found = parameters.of_function(function, command.Context)
    except (TypeError, NameError, re.error) as error:
        faults.append(f"{declared.name}: {error}")
    if takes_context and declared.kind == "operation":
        faults.append("an operation gets no Context: its script depends on its values alone")
    if faults:
        raise _Fault(*faults)
    return Command(
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
    )


def _orphans(folder: Path) -> list[str]:
    return [
        f"{path.name}: belongs to no command; there is no {path.name.split('.')[0]}.py"
        for path in sorted(folder.iterdir())
        if path.suffix in _SCRIPTS and not (folder / f"{path.name.split('.')[0]}.py").exists()
    ]


def _twice(found: list[tuple[str, Command]]) -> dict[str, str]:
    """The files whose words are taken by an earlier file, with a sentence on each."""
    faults: dict[str, str] = {}
    owners: dict[str, str] = {}
    for file, command_ in found:
        for word in dict.fromkeys(map(words.fold, (command_.name, *command_.aliases))):
            if word in owners:
                faults[file] = f"{file}: {word!r} is already a command of {owners[word]}"
            owners.setdefault(word, file)
    return faults


def _rehearse(catalog: Catalog, found: Command) -> list[str]:
    """Try the example of a command: it must parse, and an operation must plan a script with it."""
    from bot import parse

    parsed = parse.parse(catalog, found.example, "en")
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
