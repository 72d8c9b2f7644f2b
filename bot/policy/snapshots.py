"""Policies as a plan's terms keep them: as they were when it was put to the vote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import timedelta
from typing import Any

from bot.policy.model import Policy, Stage

LATER = {
    "stages": [],
    "order": "any",
    "rejections": 1,
    "read_first": True,
    "batch": 0.0,
    "standing": False,
    "delegates": [],
}
"""What policies of earlier releases did not have: not kept where it says nothing, so that the
digest of a plan under such a policy is the same as before."""

NOT_KEPT = {"name", "ladder", "quiet", "quiet_timezone", "quiet_except", "break_glass"}
"""What of a policy no plan keeps: its name is the key, how people are reminded is no part of what
they vote on, and break-glass is judged by the configuration of now."""


def snapshot(policies: Iterable[Policy]) -> dict[str, object]:
    """Policies as they stand now, by name, as JSON: what a plan's terms keep of them."""
    return {one.name: _kept(one) for one in policies}


def _kept(one: Policy) -> dict[str, object]:
    facts = {name: _plain(value) for name, value in asdict(one).items() if name not in NOT_KEPT}
    return {name: value for name, value in facts.items() if LATER.get(name, ...) != value}


def _plain(value: object) -> object:
    """A value of a policy as JSON has it."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


_OF_POLICIES = tuple(one.name for one in fields(Policy) if one.name not in NOT_KEPT)


def from_snapshot(kept: Mapping[str, Any]) -> tuple[Policy, ...]:
    """The policies that ``snapshot`` kept. What it does not name has its default."""
    policies = []
    for name, values in kept.items():
        known = {one: values[one] for one in _OF_POLICIES if one in values}
        for span in ("expires", "remind", "run_within", "batch"):
            if span in known:
                known[span] = timedelta(seconds=known[span])
        known["approvers"] = tuple(known.get("approvers", ()))
        known["delegates"] = tuple(known.get("delegates", ()))
        known["stages"] = tuple(_stage(one) for one in known.get("stages", ()))
        policies.append(Policy(name, **known))
    return tuple(policies)


def _stage(kept: Mapping[str, Any]) -> Stage:
    people, named = tuple(kept["approvers"]), tuple(kept["named"])
    return Stage(people, kept["mode"], kept["count"], named)
