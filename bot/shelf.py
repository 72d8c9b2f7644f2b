"""The templates of a folder of commands: read, checked together, and what each may run.

A template directly in the folder is a command. Those in folders inside it are none, but known to
all by file name, as sub-templates and as product actions (``ACS-ECS-Foo.yml``); so are the shipped
ones, unless a file has their name.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot import catalog, hindrances, runbook, templates
from bot.oos import children, hidden, library, look, model, parse, validate

Templates = Mapping[str, model.Template]


@dataclass(slots=True)
class Shelf:
    """``own``: the templates that are commands, by the name of their file. ``known``: all, by every
    folded name under which a task may run them. ``faults``: sentences about the files."""

    own: dict[str, model.Template] = field(default_factory=dict)
    known: dict[str, model.Template] = field(default_factory=dict)
    read: list[model.Template] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    broken: dict[str, model.Template] = field(default_factory=dict)
    digests: dict[int, str] = field(default_factory=dict)
    hindered: dict[int, list[model.Fault]] = field(default_factory=dict)
    misread: dict[int, list[model.Fault]] = field(default_factory=dict)

    def commands(
        self, elsewhere: Collection[str], services: hindrances.Services | None
    ) -> list[tuple[str, catalog.Command]]:
        """Each template of the folder as a command, by the name of its file, unless it, or one that
        it may run, has a fault. ``elsewhere``: names of those that OOS itself runs."""
        away = {model.fold(name) for name in elsewhere}
        for template in self.read:
            self.hindered[id(template)] = list(hindrances.of(template, services, self.known))
        reaches = {file: self.reach(template) for file, template in self.own.items()}
        here = {file for file, item in self.own.items() if model.fold(item.name) not in away}
        needed = {id(each) for file in here for each in reaches[file].values()}
        lenient = {
            id(each) for file in reaches.keys() - here for each in reaches[file].values()
        } - needed
        names = look.Known({**self.known, **self.broken})
        for template in self.read:
            free = id(template) in lenient
            found = validate.validate(template, names, free, free)
            if id(template) in needed:
                found += self.hindered[id(template)]
            read = [fault for fault in self.misread[id(template)] if not (free and fault.local)]
            found = parse.together(read, found)
            self.faults.extend(str(fault) for fault in parse.in_order(found))
        for template in self.own.values():
            self.faults.extend(map(str, parse.in_order(hidden.faults(template, self.known))))
        self.faults = list(dict.fromkeys(self.faults))
        return [
            (file, runbook.command(item, reaches[file], self._digests(reaches[file])))
            for file, item in self.own.items()
        ]

    def reach(self, template: model.Template) -> dict[str, model.Template]:
        """The template and every one that it may run, by name. One whose name is worked out in the
        run may be any that can be run here."""
        found = {template.name: template}
        waiting = [template]
        while waiting:
            for name, child in self._children(waiting.pop()):
                if name not in found and child is not template:
                    found[name] = child
                    waiting.append(child)
        return found

    def _children(self, template: model.Template) -> Iterator[tuple[str, model.Template]]:
        for task in template.tasks:
            name = children.child_name(task)
            child = self.known.get(model.fold(name))
            if child is not None:
                yield child.name, child
            elif not name:
                for each in self.known.values():
                    if not self.hindered.get(id(each)):
                        yield each.name, each

    def library(self, commands: Collection[catalog.Command]) -> dict[str, model.Template]:
        """The templates that these commands may run, by the SHA-256 of their texts."""
        wanted = {digest for command in commands for digest in command.templates.values()}
        return {
            self.digests[id(each)]: each
            for each in self.known.values()
            if self.digests.get(id(each)) in wanted
        }

    def _digests(self, reach: Templates) -> dict[str, str]:
        for each in reach.values():
            if id(each) not in self.digests:
                self.digests[id(each)] = runbook.digest(each)
        return {name: self.digests[id(each)] for name, each in reach.items()}


def gather(folder: Path) -> Shelf:
    """Read every template of a folder and of those inside it."""
    shelf = Shelf()
    first: dict[str, str] = {}
    aliases: dict[str, model.Template] = {}
    for path in templates.files([folder]):
        file = path.relative_to(folder).as_posix()
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        name = path.stem
        before = first.setdefault(model.fold(name), file)
        if before != file:
            shelf.faults.append(f"{file}: there is a template `{name}` already: {before}")
            continue
        try:
            template, faults = _recovered(path.read_bytes(), name, file)
        except OSError as error:
            shelf.faults.append(f"{file}: cannot be read: {error.strerror}")
            continue
        if template is None:
            shelf.faults.extend(map(str, faults))
            empty = model.Template(name, "", {}, (), (), ())
            shelf.broken |= {word: empty for word in (model.fold(name), _action(name)) if word}
            continue
        shelf.read.append(template)
        shelf.misread[id(template)] = list(faults)
        shelf.known[model.fold(name)] = template
        if path.parent != folder and (action := _action(name)):
            aliases[action] = template
        if path.parent == folder and not name.startswith("_"):
            if runbook.WORD.fullmatch(name):
                shelf.own[file] = template
            else:
                shelf.faults.append(
                    f"{file}: {name!r} is no word that can be typed as a command; rename the file, "
                    "or put it into a folder if other templates run it"
                )
    for action, template in aliases.items():
        if action not in shelf.broken:
            shelf.known.setdefault(action, template)
    for action, template in library.shipped().items():
        if model.fold(action) not in shelf.broken:
            shelf.known.setdefault(model.fold(action), template)
    return shelf


@functools.lru_cache(maxsize=1024)
def _recovered(
    text: bytes, name: str, file: str
) -> tuple[model.Template | None, tuple[model.Fault, ...]]:
    """``parse.recovered``, remembered: a start reads the commands twice, to check the configuration
    and then to use them."""
    template, faults = parse.recovered(text, name, file)
    return template, tuple(faults)


def _action(name: str) -> str:
    """The action, folded, that a file of this name stands for (``ACS-ECS-Foo``: acs::ecs::foo);
    empty: it stands for none."""
    parts = name.split("-", 2)
    return model.fold("::".join(parts)) if len(parts) == 3 and parts[0].casefold() == "acs" else ""
