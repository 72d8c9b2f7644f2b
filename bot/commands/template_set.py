"""The templates of a folder of commands: read, checked together, and what each may run.

A template directly in the folder is a command. Those in folders inside it are none, but known to
all by file name, as sub-templates and as product actions (``ACS-ECS-Foo.yml``); so are the shipped
ones, unless a file has their name. What is wrong with a part that no command runs is a warning.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot import source
from bot.commands import registry, template_check, template_commands
from bot.model import ports
from bot.oos.check import children, context, hidden, unsupported, validate
from bot.oos.template import braces, library, model, parse, printing

Templates = Mapping[str, model.Template]
UNUSED = "no command runs it"


@dataclass(slots=True)
class TemplateSet:
    """``own``: the templates that are commands, by the name of their file. ``known``: all, by every
    folded name under which a task may run them. ``faults``: sentences about the files, that keep
    the bot from starting; ``warnings``: those that do not. ``unread``: what is wrong with parts
    that could not be read, by every folded name."""

    own: dict[str, model.Template] = field(default_factory=dict)
    known: dict[str, model.Template] = field(default_factory=dict)
    readable: list[model.Template] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unread: dict[str, list[str]] = field(default_factory=dict)
    digests: dict[int, str] = field(default_factory=dict)
    hindered: dict[int, list[source.Fault]] = field(default_factory=dict)
    misread: dict[int, list[source.Fault]] = field(default_factory=dict)
    wrong: dict[int, list[source.Fault]] = field(default_factory=dict)

    def commands(
        self,
        elsewhere: Collection[str],
        services: unsupported.Services | None,
        models: ports.Models | None = None,
    ) -> list[tuple[str, registry.Command]]:
        """Each template of the folder as a command, by the name of its file, unless it, or one that
        it may run, has a fault. ``elsewhere``: names of those that OOS itself runs. ``models``: the
        APIs of products, as far as they are known."""
        away = {model.fold(name) for name in elsewhere}
        names = context.Known({**self.known, **self._unread()})
        for template in self.readable:
            self.hindered[id(template)] = list(unsupported.of(template, services, self.known))
            self.wrong[id(template)] = self._wrong(template, names, False, models)
        reaches = {file: self.reach(template) for file, template in self.own.items()}
        here = {file for file, item in self.own.items() if model.fold(item.name) not in away}
        needed = {id(each) for file in here for each in reaches[file].values()}
        used = {id(each) for reach in reaches.values() for each in reach.values()}
        for template in self.readable:
            mine = id(template)
            if mine in needed:
                faults = self.wrong[mine] + self.hindered[mine]
            elif mine in used:
                faults = self._wrong(template, names, True, models)
            else:
                faults = self.wrong[mine]
            if mine in used:
                self.warnings.extend(map(str, braces.warnings(template)))
            self._note(mine in used or template in self.own.values(), parse.in_order(faults))
        self._note_unread(reaches.values())
        for template in self.own.values():
            self.faults.extend(map(str, parse.in_order(hidden.faults(template, self.known))))
        self.faults = list(dict.fromkeys(self.faults))
        return [
            (file, template_commands.command(item, reaches[file], self._digests(reaches[file])))
            for file, item in self.own.items()
        ]

    def reach(self, template: model.Template) -> dict[str, model.Template]:
        """The template and every one that it may run, by name. One whose name is worked out in the
        run may be any that can be run here."""
        return children.reach(template, self.known, self._runs_here)

    def _runs_here(self, template: model.Template) -> bool:
        return not self.hindered.get(id(template)) and not self.wrong.get(id(template))

    def _wrong(
        self,
        template: model.Template,
        names: context.Known,
        away: bool,
        models: ports.Models | None,
    ) -> list[source.Fault]:
        unread = [
            fault for fault in self.misread[id(template)] if not (away and model.local(fault))
        ]
        return parse.together(unread, validate.validate(template, names, away, away, models))

    def _note(self, used: bool, faults: Iterable[source.Fault]) -> None:
        if used:
            self.faults.extend(map(str, faults))
        else:
            self.warnings.extend(f"{fault} ({UNUSED})" for fault in faults)

    def _note_unread(self, reaches: Iterable[Templates]) -> None:
        """What is wrong with files that could not be read is a fault if a command runs them."""
        named = {
            model.fold(children.child_name(task))
            for reach in reaches
            for each in reach.values()
            for task in each.tasks
        }
        for name, faults in self.unread.items():
            if name in named:
                self.faults.extend(faults)
        notes = dict.fromkeys(fault for faults in self.unread.values() for fault in faults)
        self.warnings.extend(f"{fault} ({UNUSED})" for fault in notes if fault not in self.faults)

    def _unread(self) -> dict[str, model.Template]:
        return {name: model.Template(name, "", {}, (), (), ()) for name in self.unread}

    def library(self, commands: Collection[registry.Command]) -> dict[str, model.Template]:
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
                self.digests[id(each)] = template_commands.digest(each)
        return {name: self.digests[id(each)] for name, each in reach.items()}


def gather(folder: Path) -> TemplateSet:
    """Read every template of a folder and of those inside it."""
    templates = TemplateSet()
    first: dict[str, tuple[str, model.Template | None]] = {}
    aliases: dict[str, model.Template] = {}
    for path in template_check.files([folder]):
        file = path.relative_to(folder).as_posix()
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        name, part = path.stem, path.parent != folder
        template, faults = _read(path, file)
        before, same = first.setdefault(model.fold(name), (file, template))
        if before != file:
            _again(templates, file, before, template, same)
        elif template is None:
            messages = list(map(str, faults))
            if not part:
                templates.faults.extend(messages)
            templates.unread |= {
                word: messages for word in (model.fold(name), children.action_of(name)) if word
            }
        else:
            templates.readable.append(template)
            templates.misread[id(template)] = faults
            templates.known[model.fold(name)] = template
            if part and (action := children.action_of(name)):
                aliases[action] = template
            if not part and not name.startswith("_"):
                _command(templates, file, template)
    for action, template in aliases.items():
        if action not in templates.unread:
            templates.known.setdefault(action, template)
    for action, template in library.shipped().items():
        if model.fold(action) not in templates.unread:
            templates.known.setdefault(model.fold(action), template)
    return templates


def _command(templates: TemplateSet, file: str, template: model.Template) -> None:
    if template_commands.WORD.fullmatch(template.name):
        templates.own[file] = template
    else:
        templates.faults.append(
            f"{file}: {template.name!r} is no word that can be typed as a command; rename the "
            "file, or put it into a folder if other templates run it"
        )


def _again(
    templates: TemplateSet,
    file: str,
    before: str,
    template: model.Template | None,
    same: model.Template | None,
) -> None:
    """A second file of a name. A part in YAML and the same in JSON are one."""
    parts = "/" in file and "/" in before
    if parts and template and same and printing.plain(template) == printing.plain(same):
        return
    templates.faults.append(f"{file}: there is a template `{Path(file).stem}` already: {before}")


def _read(path: Path, file: str) -> tuple[model.Template | None, list[source.Fault]]:
    try:
        template, faults = _recovered(path.read_bytes(), path.stem, file)
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        return None, [source.Fault(source.Mark(file, 1, 1), message)]
    return template, list(faults)


@functools.lru_cache(maxsize=1024)
def _recovered(
    text: bytes, name: str, file: str
) -> tuple[model.Template | None, tuple[source.Fault, ...]]:
    """``parse.recovered``, remembered: a start reads the commands twice, to check the configuration
    and then to use them."""
    template, faults = parse.recovered(text, name, file)
    return template, tuple(faults)
