"""One change after the vote, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.mutations import kinds, worlds

KINDS = {"it must not start": kinds.DECISIVE, "it must start all the same": kinds.COSMETIC}


@dataclass(frozen=True)
class Outcome:
    """``reason``: the key of the refusal ("": it starts). ``fault``: why that is wrong."""

    world: str
    kind: str
    reason: str
    fault: str = ""


def starts(folder: Path) -> dict[str, worlds.Start]:
    """All worlds, played up to their start."""
    made: dict[str, worlds.Start] = {}
    for number, (name, world) in enumerate(worlds.WORLDS.items()):
        place = folder / str(number)
        place.mkdir()
        made[name] = worlds.started(place, world)
    return made


def outcomes(kind: kinds.Kind, all_starts: dict[str, worlds.Start], tries: int) -> set[bool]:
    """What a kind of change came to in each world, so often: was the start refused?"""
    return {
        changed.refusal() is not None
        for number in range(tries)
        for start in all_starts.values()
        if (changed := kind(Random(number), start)) is not None
    }


def tried(chance: Random, all_starts: dict[str, worlds.Start]) -> Outcome:
    """Change one thing of one world. What is not there to be changed is left, and something else
    tried."""
    while True:
        world = chance.choice(list(all_starts))
        matters = chance.random() < 0.7
        table = kinds.DECISIVE if matters else kinds.COSMETIC
        kind = chance.choice(list(table))
        changed = table[kind](chance, all_starts[world])
        if changed is not None:
            break
    refusal = changed.refusal()
    reason = str(refusal.data.get("key", refusal.code)) if refusal is not None else ""
    fault = ""
    if matters and not reason:
        fault = "it starts"
    if not matters and reason:
        fault = f"it is refused: {reason}"
    return Outcome(world, kind, reason, fault)
