"""Templates of files and folders, checked together: they may use each other by file name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.oos import library, look, model, parse, validate

SUFFIXES = frozenset({".yml", ".yaml", ".json"})


@dataclass(frozen=True, slots=True)
class Checked:
    """A file and what is wrong with the template in it; no faults: it can be run."""

    path: Path
    faults: tuple[model.Fault, ...]

    def lines(self) -> list[str]:
        """As people read it: one line for each fault, or that there is none."""
        return [str(fault) for fault in self.faults] or [f"{self.path}: ok"]

    def entry(self) -> dict[str, Any]:
        """As JSON; lines and columns count from 1, ``path`` is the place in the template."""
        return {
            "file": str(self.path),
            "ok": not self.faults,
            "faults": [
                {
                    "line": fault.mark.line,
                    "column": fault.mark.column,
                    "path": fault.mark.path,
                    "message": fault.message,
                }
                for fault in self.faults
            ],
        }


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files named, and the templates of the folders named and of those inside, each once."""
    seen: set[Path] = set()
    for path in paths:
        for file in sorted(_templates(path)) if path.is_dir() else [path]:
            if file not in seen:
                seen.add(file)
                yield file


def _templates(folder: Path) -> Iterator[Path]:
    return (
        file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file()
    )


def check(paths: Iterable[Path], allow_unknown_products: bool = False) -> list[Checked]:
    """Every template of files and folders. All are read before any is validated: a template is
    known to the others by the name of its file, and the shipped product actions are known to all.
    ``allow_unknown_products``: a product action that is neither is no fault."""
    read = {path: _read(path) for path in files(paths)}
    own = {item.name: item for item, _ in read.values() if item is not None}
    known = look.Known(library.joined(own))
    return [
        Checked(path, tuple(_faults(template, faults, known, allow_unknown_products)))
        for path, (template, faults) in read.items()
    ]


def _faults(
    template: model.Template | None,
    faults: list[model.Fault],
    known: Mapping[str, model.Template],
    allow_unknown_products: bool,
) -> list[model.Fault]:
    if template is None:
        return faults
    found = validate.validate(
        template, known_templates=known, allow_unknown_products=allow_unknown_products
    )
    return parse.together(faults, found)


def _read(path: Path) -> tuple[model.Template | None, list[model.Fault]]:
    try:
        return parse.recovered(path.read_bytes(), path.stem, str(path))
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        return None, [model.Fault(model.Mark(str(path), 1, 1), message)]
