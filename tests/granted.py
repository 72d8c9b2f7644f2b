"""The policies that the doctor prints for a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bot.app import adapters
from bot.cli import rights as printed
from bot.cli import shell
from bot.doctor import rights

OWN = "policy of the bot's identity"


def documents(path: Path) -> dict[str, Any]:
    """Each policy by what it is for. Secrets need not be there."""
    settings = adapters.load(path, secrets=False)
    needed = rights.of(settings, shell.catalog_of(settings))
    return dict(printed.documents_of(settings.adapters, needed))


def actions(document: Any) -> set[str]:
    """The actions that a policy allows."""
    return {action for each in document["Statement"] for action in each["Action"]}
