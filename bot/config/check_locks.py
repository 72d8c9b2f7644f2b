"""Locks and resources: whether each can ever matter, and whether its name can be filled."""

from __future__ import annotations

from bot.config.context import CheckContext
from bot.policy import locking
from bot.source import paths


def check_locks(context: CheckContext) -> None:
    """Note what commands say of their resources that comes to nothing."""
    for name, table in context.file.command.items():
        path: paths.Path = ("command", name)
        usual = getattr(context.file.locks, "resources", "")
        mode = table.lock or usual
        if table.resources and mode == "off":
            message = 'have no use, as nobody looks at them where the lock is "off"'
            context.diagnostics.warn((*path, "resources"), message)
        places: dict[str, int] = {}
        for index, resource in enumerate(table.resources):
            place = (*path, "resources", index)
            if places.setdefault(resource.casefold(), index) != index:
                context.diagnostics.warn(place, f"{resource} is named twice")
            _check_places(context, name, place, resource)


def _check_places(context: CheckContext, name: str, place: paths.Path, resource: str) -> None:
    """Is each name in braces that of a parameter whose value may be shown?"""
    if set(locking.PLACE.sub("", resource)) & set("{}"):
        message = "has a brace that stands for nothing; write {parameter} or leave it out"
        context.diagnostics.fault(place, message, resource)
        return
    known = (context.commands or {}).get(name)
    if known is None:
        return
    parameters = {one.name: one for one in known.parameters}
    for parameter in locking.PLACE.findall(resource):
        one = parameters.get(parameter)
        if one is None:
            have = ", ".join(sorted(parameters)) or "none"
            message = f"{name} has no parameter {parameter}; it has: {have}"
            context.diagnostics.fault(place, message, resource)
        elif one.secret:
            message = f"the value of {parameter} is never shown, so no lock can be named by it"
            context.diagnostics.fault(place, message, resource)
