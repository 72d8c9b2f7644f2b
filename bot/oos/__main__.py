"""``python -m bot.oos validate``: is a template one that can be run here?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from bot.oos import model, parse, validate

SUFFIXES = (".yml", ".yaml", ".json")


@click.group()
def main() -> None:
    """OOS templates."""


@main.command("validate")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON document with every fault.")
@click.option(
    "--allow-unknown-products",
    is_flag=True,
    help="Accept ACS::<Product>::<Name> actions that have no template among PATHS.",
)
def check(paths: tuple[Path, ...], as_json: bool, allow_unknown_products: bool) -> None:
    """Check templates (files, or every template in folders). One line for each: ok, or its faults.

    Templates given together know each other by name. Exit status 1: at least one has faults.
    """
    results = checked(list(files(paths)), allow_unknown_products)
    if as_json:
        click.echo(json.dumps([_entry(path, faults) for path, faults in results.items()], indent=2))
    else:
        for path, faults in results.items():
            click.echo(f"{path}: ok" if not faults else "\n".join(map(str, faults)))
    if any(results.values()):
        raise click.exceptions.Exit(1)


def files(paths: tuple[Path, ...]) -> Iterator[Path]:
    """The templates of files and folders, each once, in order of name."""
    seen: set[Path] = set()
    for path in paths:
        inner = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in inner:
            wanted = not path.is_dir() or (file.suffix.lower() in SUFFIXES and file.is_file())
            if wanted and file not in seen:
                seen.add(file)
                yield file


def checked(
    paths: list[Path], allow_unknown_products: bool = False
) -> dict[Path, list[model.Fault]]:
    """Faults by file. Every template is read before any is validated: they may use each other."""
    found: dict[Path, list[model.Fault]] = {}
    read: dict[Path, model.Template] = {}
    for path in paths:
        try:
            read[path] = parse.parse(path.read_bytes(), path.stem, str(path))
            found[path] = []
        except model.TemplateError as error:
            found[path] = list(error.faults)
        except OSError as error:
            message = f"cannot be read: {error.strerror}"
            found[path] = [model.Fault(model.Mark(str(path), 1, 1), message)]
    known = {template.name: template for template in read.values()}
    for path, template in read.items():
        found[path] = validate.validate(
            template, known_templates=known, allow_unknown_products=allow_unknown_products
        )
    return found


def _entry(path: Path, faults: list[model.Fault]) -> dict[str, object]:
    return {
        "file": str(path),
        "ok": not faults,
        "faults": [
            {
                "line": fault.mark.line,
                "column": fault.mark.column,
                "path": fault.mark.path,
                "message": fault.message,
            }
            for fault in faults
        ],
    }


if __name__ == "__main__":
    main()
