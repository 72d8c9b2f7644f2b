"""The instances that were found for a plan."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from bot import model
from bot.policy import planning


def instances_of(data: Mapping[str, Any]) -> tuple[model.Instance, ...]:
    return tuple(
        model.Instance(
            id=str(item["id"]),
            name=str(item.get("name", "")),
            region=str(item.get("region", "")),
            status=str(item.get("status", "")),
            agent=bool(item.get("agent", True)),
            tags=tuple(sorted(dict(item.get("tags", {})).items())),
        )
        for item in data.get("instances", ())
    )


def apart(data: Mapping[str, Any], strays: Collection[str]) -> Mapping[str, Any]:
    """What was found, with the instances that are no targets but named by another parameter apart,
    as ``mentions``."""
    if not strays:
        return data
    items = list(data.get("instances", ()))
    chosen = {one for ids in data.get("each", ()) for one in ids}
    return {
        **data,
        "instances": [one for one in items if one["id"] in chosen],
        "mentions": [one for one in items if one["id"] in strays],
    }


def targets_of(data: Mapping[str, Any], scripted: bool) -> planning.Targets:
    """What was found, as the gate judges it. ``scripted``: a script is to run on them."""
    return planning.Targets(
        instances_of(data),
        tuple(data.get("unknown") or ()),
        tuple(data.get("near") or ()),
        {name: tuple(ids) for name, ids in dict(data.get("ambiguous", {})).items()},
        instances_of({"instances": data.get("mentions", ())}),
        selected="each" in data,
        scripted=scripted,
    )
