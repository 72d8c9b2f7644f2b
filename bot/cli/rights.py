"""``python -m bot doctor --ram``: the policies that the cloud must have for a configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli import shell
from bot.model.rights import Right

if TYPE_CHECKING:
    from bot.doctor import rights
    from bot.model import manifests
    from bot.model.rights import Document

LONGEST = 6144
"""Characters of a policy that the console takes.
https://www.alibabacloud.com/help/en/ram/product-overview/limits"""


def ram(path: Path, as_json: bool) -> None:
    """Print each policy as a document of its own on standard output, and what it is for, and what
    the files don't tell, on standard error. With ``as_json`` one object has all of them."""
    from bot.doctor import rights

    settings = shell.loaded(path, secrets=False)
    needed = rights.of(settings, shell.catalog_of(settings))
    documents = dict(documents_of(settings.adapters, needed))
    if as_json:
        whole = {**documents, "notes": list(needed.notes)}
        click.echo(json.dumps(whole, indent=2, ensure_ascii=False))
        return
    for name, document in documents.items():
        click.echo(f"# {name}", err=True)
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        if len(json.dumps(document, separators=(",", ":"))) > LONGEST:
            long = f"is longer than {LONGEST} characters: make two policies of its statements"
            click.echo(f"warning: {name} {long}", err=True)
    for note in needed.notes:
        click.echo(f"note: {note}", err=True)


def documents_of(
    adapters: manifests.Adapters, needed: rights.Rights
) -> Iterator[tuple[str, Document]]:
    """The policies by what they are for."""
    policy, own = adapters.cloud.policy, "policy of the bot's identity"
    if needed.assumed:
        yield own, policy([Right("sts:AssumeRole", (needed.assumed.lower(),))])
        own = f"policy of the role {needed.assumed}"
    yield own, policy(needed.own)
    for name, granted in needed.roles.items():
        role = "the templates' role" if name == "*" else f"the role {name}"
        yield f"trust policy of {role}", adapters.engine.trust
        yield f"policy of {role}", policy(granted)
