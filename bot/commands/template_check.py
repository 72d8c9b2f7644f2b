"""Templates of files and folders, checked together: they may use each other by file name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot import source
from bot.model import ports
from bot.oos.check import children, context, hidden, unsupported, validate
from bot.oos.template import braces, library, model, parse

SUFFIXES = frozenset({".yml", ".yaml", ".json"})


@dataclass(frozen=True, slots=True)
class Checked:
    """A file and what is wrong with the template in it; no faults: it is valid. ``hindered``: why
    the bot's own engine cannot run it, with all that it uses; it runs on OOS. ``warnings``:
    what is probably not meant as it is written."""

    path: Path
    faults: tuple[source.Fault, ...]
    hindered: tuple[source.Fault, ...] = ()
    warnings: tuple[source.Fault, ...] = ()

    @property
    def runs_here(self) -> bool:
        return not self.faults and not self.hindered

    def lines(self) -> list[str]:
        """As people read it: one line for each fault, or that there is none and where it runs."""
        lines = [str(fault) for fault in self.faults] or [f"{self.path}: ok"]
        if self.hindered:
            why = [f"  {fault}" for fault in self.hindered]
            lines = [f"{self.path}: ok on OOS itself; not run here:", *why]
        return [*lines, *(f"  warning: {fault}" for fault in self.warnings)]

    def entry(self) -> dict[str, object]:
        """As JSON; lines and columns count from 1, ``path`` is the place in the template."""
        return {
            "file": str(self.path),
            "ok": not self.faults,
            "faults": [_entry(fault) for fault in self.faults],
            "runs_here": self.runs_here,
            "why_not": [str(fault) for fault in self.faults or self.hindered],
            "warnings": [_entry(fault) for fault in self.warnings],
        }


def _entry(fault: source.Fault) -> dict[str, object]:
    mark = fault.mark
    return {
        "line": mark.line, "column": mark.column, "path": mark.path, "message": fault.message,
    }  # fmt: skip


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files named, and the templates of the folders named and of those inside, each once."""
    known_files: set[Path] = set()
    for path in paths:
        for file in sorted(_templates(path)) if path.is_dir() else [path]:
            if file not in known_files:
                known_files.add(file)
                yield file


def _templates(folder: Path) -> Iterator[Path]:
    return (
        file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file()
    )


def check(
    paths: Iterable[Path],
    allow_unknown_products: bool = False,
    services: unsupported.Services | None = None,
    models: ports.Models | None = None,
) -> list[Checked]:
    """Every template of files and folders. All are read before any is validated: a template is
    known to the others by the name of its file, and the shipped product actions are known to all.
    ``allow_unknown_products``: a product action that is neither is no fault, but runs on OOS only.
    ``services``, ``models``: the products that can be called here, and their APIs."""
    results = {path: _read(path) for path in files(paths)}
    own = {item.name: item for item, _ in results.values() if item is not None}
    known = context.Known(library.joined(own))
    for item in own.values():
        if action := children.action_of(item.name):
            known.setdefault(action, item)
    book = _Book(known, allow_unknown_products, services, models)
    faults = {path: book.faults(template, wrong) for path, (template, wrong) in results.items()}
    return [
        Checked(
            path,
            tuple(faults[path]),
            () if faults[path] else tuple(book.hindered(template)),
            tuple(braces.warnings(template)) if template is not None else (),
        )
        for path, (template, _) in results.items()
    ]


class _Book:
    """What is known of all templates that are checked together."""

    def __init__(
        self,
        known: Mapping[str, model.Template],
        lenient: bool,
        services: unsupported.Services | None,
        models: ports.Models | None,
    ) -> None:
        self.known, self.lenient = known, lenient
        self.services, self.models = services, models
        self._wrong: dict[int, list[source.Fault]] = {}
        self._own: dict[int, list[source.Fault]] = {}

    def faults(
        self, template: model.Template | None, misreads: list[source.Fault]
    ) -> list[source.Fault]:
        if template is None:
            return misreads
        faults = validate.validate(template, self.known, self.lenient, self.lenient, self.models)
        if self.lenient:
            misreads = [fault for fault in misreads if not model.local(fault)]
        self._wrong[id(template)] = parse.together(misreads, faults)
        return self._wrong[id(template)]

    def hindered(self, template: model.Template | None) -> list[source.Fault]:
        """Why it does not run here: itself, or what it uses."""
        if template is None:
            return []
        faults = list(hidden.faults(template, self.known))
        for each in children.reach(template, self.known, self._open).values():
            wrong = [] if each is template else self._wrong.get(id(each), [])
            faults += [*wrong, *self._hindered(each)]
        return parse.in_order(faults)

    def _open(self, template: model.Template) -> bool:
        return not self._wrong.get(id(template)) and not self._hindered(template)

    def _hindered(self, template: model.Template) -> list[source.Fault]:
        if id(template) not in self._own:
            faults = list(unsupported.of(template, self.services, self.known))
            if self.lenient:
                faults += validate.validate(template, self.known, models=self.models)
            self._own[id(template)] = faults
        return self._own[id(template)]


def _read(path: Path) -> tuple[model.Template | None, list[source.Fault]]:
    try:
        return parse.recovered(path.read_bytes(), path.stem, str(path))
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        return None, [source.Fault(source.Mark(str(path), 1, 1), message)]
