"""The product actions that ship with the bot: each ``ACS::<Product>::<Name>`` is a template.

They lie in ``products/``, written from the pages of
https://www.alibabacloud.com/help/en/oos/user-guide/ with the parameters and outputs named there.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from bot.oos.template import model, parse

FOLDER = Path(__file__).parents[1] / "products"


@functools.cache
def shipped() -> Mapping[str, model.Template]:
    """By the action's name ("ACS::ECS::RebootInstance"); read once, when first asked for."""
    return MappingProxyType({action(path): _read(path) for path in sorted(FOLDER.glob("*.yml"))})


def action(path: Path) -> str:
    """The action that a file of ``products/`` defines: no file system is troubled with colons."""
    return path.stem.replace("-", "::")


def joined(own: Mapping[str, model.Template]) -> dict[str, model.Template]:
    """The shipped ones and one's own by name; one's own replaces a shipped one of its name."""
    names = {model.fold(name) for name in own}
    kept = {name: item for name, item in shipped().items() if model.fold(name) not in names}
    return {**kept, **own}


def _read(path: Path) -> model.Template:
    return parse.parse(path.read_bytes(), action(path), path.name)
