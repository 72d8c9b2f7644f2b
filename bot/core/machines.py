"""The instances that were found for a plan, and whether it may run on them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from bot import model, policy
from bot.policy import limits


def instances_of(data: Mapping[str, Any]) -> tuple[model.Instance, ...]:
    return tuple(
        model.Instance(
            id=str(found["id"]),
            name=str(found.get("name", "")),
            region=str(found.get("region", "")),
            status=str(found.get("status", "")),
            agent=bool(found.get("agent", True)),
        )
        for found in data.get("instances", ())
    )


def refusal_of_unknown(data: Mapping[str, Any]) -> policy.Refusal | None:
    """Was something named that is no instance? With the names that may have been meant."""
    facts = {"targets": list(data.get("unknown") or ())}
    if not facts["targets"]:
        return None
    near = list(data.get("near") or ())
    if near:
        return policy.Refusal("refused.unknown_targets_near", facts | {"near": near})
    return policy.Refusal("refused.unknown_targets", facts)


def apart(data: Mapping[str, Any], strays: Collection[str]) -> Mapping[str, Any]:
    """What was found, with the instances that are no targets but named by another parameter apart,
    as ``mentions``."""
    if not strays:
        return data
    found = list(data.get("instances", ()))
    chosen = {one for ids in data.get("each", ()) for one in ids}
    return {
        **data,
        "instances": [one for one in found if one["id"] in chosen],
        "mentions": [one for one in found if one["id"] in strays],
    }


def refusal_of_found(
    rule: policy.CommandRule, data: Mapping[str, Any], scripts: bool
) -> policy.Refusal | None:
    """May the plan run on what was found? Nothing is left out or guessed to make it fit.
    ``scripts``: they must be able to run one."""
    if unknown := refusal_of_unknown(data):
        return unknown
    for target, ids in dict(data.get("ambiguous", {})).items():
        return policy.Refusal("refused.ambiguous_target", {"target": target, "ids": list(ids)})
    named = instances_of({"instances": data.get("mentions", ())})
    refusal = limits.refusal_of_names(rule, named)
    found = instances_of(data)
    if refusal is not None or (named and not found and "each" not in data):
        return refusal
    if not found:
        return policy.Refusal("refused.no_match")
    regions = sorted({instance.region for instance in found})
    if len(regions) > 1:
        return policy.Refusal("refused.several_regions", {"regions": regions})
    if not scripts:
        return limits.refusal_of_targets(rule, found)
    stopped = [i.name or i.id for i in found if i.status and i.status != "Running"]
    if stopped:
        return policy.Refusal("refused.not_running", {"targets": stopped})
    deaf = [i.name or i.id for i in found if not i.agent]
    if deaf:
        return policy.Refusal("refused.no_agent", {"targets": deaf})
    return limits.refusal_of_targets(rule, found)
