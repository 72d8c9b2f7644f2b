"""``python -m bot store``: which schema the store has, and whether all in it is as it must be."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot import release
from bot.cli import shell

if TYPE_CHECKING:
    from bot import store as stores

UNCHECKED = 2
"""The status where the check could not be made."""


@click.group(invoke_without_command=True)
@shell.with_config
@click.pass_context
def store(context: click.Context, path: Path) -> None:
    """Look after the store; on its own, say which schema it has and which this program knows.

    Leaves with 1 where this program must not write the store.
    """
    if context.invoked_subcommand is not None:
        return
    from bot import store as stores

    settings = shell.loaded(path, secrets=False, commands=False)
    location, name = shell.location(settings), shell.shown(settings)
    try:
        schemas, size = stores.state(location), stores.size(location) / 1_000_000
    except FileNotFoundError:
        sys.exit(shell.fail(shell.never_ran(settings)))
    except stores.Broken as fault:
        sys.exit(shell.fail(f"{name} cannot be read: {fault}"))
    oldest = f"; written by {schemas.oldest} or later" if schemas.oldest else ""
    click.echo(f"store    {name}, {size:.1f} MB")
    click.echo(f"schema   {schemas.applied[-1] if schemas.applied else 'none'}{oldest}")
    click.echo(f"program  Countersign {release.version()}, schema {schemas.known[-1]}")
    if schemas.refusal:
        sys.exit(shell.fail(f"the store cannot be used: {schemas.refusal}"))
    if schemas.pending:
        names = ", ".join(schemas.pending)
        click.echo(f"pending  {names}: the next start applies them; back up first")


@store.command()
@shell.with_config
@click.argument("copy", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with every finding.")
def check(path: Path, copy: Path | None, as_json: bool) -> None:
    """Check that the store is whole, or the copy FILE; the bot may be running meanwhile.

    Looks at the file or the database, its tables, every stored body, the audit log, and what must
    hold between them: no run without its approval, no request without an end. Nothing is changed.
    Leaves with 0 where all is well, with 1 and a line per finding where it is not, with 2 where
    there is none.
    """
    from bot import store as stores

    settings = shell.loaded(path, secrets=False, commands=False, status=UNCHECKED)
    location = copy or shell.location(settings)
    mark = None if copy is not None else shell.mark(settings)
    try:
        report = stores.check(location, mark)
    except FileNotFoundError as fault:
        reason = str(fault) if copy is not None else shell.never_ran(settings)
        sys.exit(shell.fail(reason, UNCHECKED))
    except stores.Broken as fault:
        sys.exit(shell.fail(f"{shell.shown(settings)} cannot be read: {fault}", UNCHECKED))
    click.echo(as_object(report) if as_json else "\n".join(lines(report)))
    if report.findings:
        count = len(report.findings)
        sys.exit(shell.fail(f"{count} finding{'s' if count != 1 else ''}: the store is not whole"))


@store.command()
@shell.with_config
def compact(path: Path) -> None:
    """Give the room that nothing uses back to the disk, while the bot is stopped.

    Needs as much free room as the store. A file of an earlier release shrinks by itself from then
    on, where `[bot] keep` lets texts go.
    """
    from bot import store as stores

    settings = shell.loaded(path, secrets=False, commands=False)
    shell.file_only(settings, "its autovacuum frees what is unused, and `VACUUM FULL` all of it")
    if not settings.database.exists():
        sys.exit(shell.fail(shell.never_ran(settings)))
    before = settings.database.stat().st_size
    try:
        stores.compact(settings.database)
    except stores.Locked:
        sys.exit(shell.fail("the bot is running: stop it first"))
    except (stores.Unusable, *stores.Broken) as fault:
        sys.exit(shell.fail(str(fault)))
    after = settings.database.stat().st_size
    click.echo(f"ok: {before / 1_000_000:.1f} MB before, {after / 1_000_000:.1f} MB now")


def lines(report: stores.Report) -> list[str]:
    """The findings by kind, each kind with what to do; or what was looked at."""
    if not report.findings:
        rows = ", ".join(f"{count} {table}" for table, count in report.rows.items() if count)
        schema = report.versions.applied[-1]
        pending = report.versions.pending
        tried = f"; {', '.join(pending)} tried on a copy" if pending else ""
        return [f"ok: the store is whole: schema {schema}{tried}; {rows or 'empty'}"]
    text: list[str] = []
    for kind in dict.fromkeys(finding.kind for finding in report.findings):
        same = [finding for finding in report.findings if finding.kind == kind]
        text += [f"{kind}: {finding.where}: {finding.detail}" for finding in same]
        text.append(f"  what to do: {same[0].advice}")
    return text


def as_object(report: stores.Report) -> str:
    schemas = report.versions
    body = {
        "ok": not report.findings,
        "release": release.version(),
        "schema": {
            "store": schemas.applied[-1] if schemas.applied else "",
            "program": schemas.known[-1],
            "oldest": schemas.oldest,
            "pending": schemas.pending,
        },
        "rows": dict(report.rows),
        "findings": [
            {
                "kind": finding.kind,
                "where": finding.where,
                "detail": finding.detail,
                "advice": finding.advice,
            }
            for finding in report.findings
        ],
    }
    return json.dumps(body, ensure_ascii=False, indent=2)
