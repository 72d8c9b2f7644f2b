"""Which instances there are, and whether they can be reached."""

from __future__ import annotations

from bot import Lookup, Targets, lookup


@lookup(
    aliases=("实例", "机器"),
    summary=("查看实例", "Which instances there are"),
    example="instances tag:env=prod",
)
def instances(targets: Targets = ()) -> Lookup:
    return Lookup(targets)
