"""Shrinks a history that fails to the few parts that make it fail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.chaos import history

TRIES = 3
"""A shorter history fails as well if one of so many plays of it does: not every play is alike."""
Play = Callable[[history.Plan], Awaitable[history.Result]]


async def shrunk(plan: history.Plan, play: Play, say: Callable[[str], None]) -> history.Plan:
    """The plan with as few parts as it still fails with: each part is left out in turn, the
    disturbances before the scenes, for as long as something can be left out. Raises ValueError
    where the whole plan does not fail."""
    if not await _fails(plan, play):
        raise ValueError(f"it did not fail in {TRIES} plays: {plan.replay}")
    left = list(plan.kept if plan.kept is not None else plan.parts)
    shorter = True
    while shorter:
        shorter = False
        for name in sorted(left, reverse=True):
            without = [one for one in left if one != name]
            if without and await _fails(plan.only(without), play):
                left, shorter = without, True
                say(f"it fails without: {plan.parts[name]}")
    return plan.only(left)


async def _fails(plan: history.Plan, play: Play) -> bool:
    for _ in range(TRIES):
        if (await play(plan)).faults:
            return True
    return False
