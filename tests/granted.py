"""The policies and permissions that the doctor prints for a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bot.app import adapters
from bot.cli import consoles, shell
from bot.cli import rights as printed
from bot.doctor import rights

OWN = "policy of the bot's identity"


def documents(path: Path) -> dict[str, Any]:
    """Each policy by what it is for. Secrets need not be there."""
    settings = adapters.load(path, secrets=False)
    needed = rights.of(settings, shell.catalog_of(settings))
    return dict(printed.documents_of(settings.adapters, needed))


def of_roles(documents: dict[str, Any]) -> dict[str, Any]:
    """One policy that allows what all roles may do as which OOS runs templates."""
    roles = [each for name, each in documents.items() if name.startswith("policy of the role")]
    return {"Version": "1", "Statement": [one for each in roles for one in each["Statement"]]}


def scopes(path: Path) -> dict[str, set[str]]:
    """The permissions that each platform's console must grant, the doctor's own left out."""
    settings = adapters.load(path, secrets=False)
    made = consoles.consoles_of(settings, shell.catalog_of(settings))
    return {
        name: {one.name for one in console.scopes if one.need != "doctor"}
        for name, console in made.items()
    }


def actions(document: Any) -> set[str]:
    """The actions that a policy allows."""
    return {action for each in document["Statement"] for action in each["Action"]}
