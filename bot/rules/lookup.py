"""What stands in an event at a JSON path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.rules import tree
from bot.source import paths, suggest


@dataclass(frozen=True, slots=True)
class Lost:
    """Nothing stands at a path: ``at`` is the part of it that is there, ``step`` what is missing
    below, and ``near`` the path that was probably meant, empty if none is near."""

    at: str
    step: str
    near: str


def value(path: paths.JsonPath, event: Mapping[str, Any]) -> Any:
    """What stands at a path in an event, or Lost. ``[*]`` gives a list, and leaves out elements
    in which the rest of the path is missing."""
    return _value(path.steps, 0, tree.spelled(event))


def _value(steps: tuple[paths.Step, ...], start: int, here: object) -> object:
    for at in range(start, len(steps)):
        step = steps[at]
        if step == paths.ALL:
            if not isinstance(here, list):
                return _lost(steps, at, here)
            inner = (_value(steps, at + 1, each) for each in here)
            return [each for each in inner if not isinstance(each, Lost)]
        below = _below(step, here, top=at == 0)
        if below is tree.MISSING:
            return _lost(steps, at, here)
        here = below
    return here


def _below(step: paths.Step, here: object, top: bool) -> object:
    if isinstance(step, tuple):
        if not isinstance(here, Mapping):
            return tree.MISSING
        return tree.got(here, step[0]) if top else here.get(step[0], tree.MISSING)
    if isinstance(step, int) and isinstance(here, list) and -len(here) <= step < len(here):
        return here[step]
    return tree.MISSING


def _lost(steps: tuple[paths.Step, ...], at: int, here: object) -> Lost:
    step = steps[at]
    near = ""
    if isinstance(step, tuple) and isinstance(here, Mapping):
        known = [name for name in list(here)[:200] if isinstance(name, str)]
        key = suggest.nearest(step[0], known)
        near = paths.shown((*steps[:at], (key,))) if key else ""
    return Lost(paths.shown(steps[:at]), paths.shown((step,))[1:], near)
