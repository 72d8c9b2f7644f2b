"""The commands of a folder, loaded once per process for the same files."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from bot.commands import loader, registry

Key = tuple[tuple[tuple[str, bytes], ...], tuple[str, ...]]
_CATALOGS: dict[Key, registry.Catalog] = {}


def of(folder: Path, elsewhere: Collection[str] = ()) -> registry.Catalog:
    """What ``loader.load`` makes of a folder. Files are compared by their content, so that a folder
    that has changed is loaded anew."""
    files = tuple(
        (str(path.relative_to(folder)), path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    )
    key = (files, tuple(sorted(elsewhere)))
    if key not in _CATALOGS:
        _CATALOGS[key] = loader.load(folder, elsewhere)
    return _CATALOGS[key]
