"""JSON paths, the part of the language that EventBridge's transforms use.

``$``, ``.key``, ``['any key']``, ``[0]``, ``[-1]`` and ``[*]`` (all elements, as a list). What
searches (``..``, filters, slices) is left out: a transform takes what stands at one place, and its
cost must not depend on what an event makes of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.rules import faults, tree

_STEP = re.compile(
    r"""\.(?P<key>[^\W\d][\w-]*)
      | \[\s*(?:
            '(?P<single>(?:[^'\\]|\\['\\])*)'
          | "(?P<double>(?:[^"\\]|\\["\\])*)"
          | (?P<index>-?[0-9]{1,9})
          | (?P<all>\*)
        )\s*\]""",
    re.VERBOSE,
)
_LONGEST = 64
ALL: Final = "*"
"""The step ``[*]``; keys are in a tuple of their own, so that a key ``*`` is not it."""
Step = tuple[str] | int | str


class Misread(Exception):
    """Text that is no path; ``offset`` is where it stops being one."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Path:
    """A path as written, and its steps."""

    text: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Lost:
    """Nothing stands at a path: ``at`` is the part of it that is there, ``step`` what is missing
    below, and ``near`` the path that was probably meant, empty if none is near."""

    at: str
    step: str
    near: str


def parse(text: str) -> Path:
    """A path from its text. Misread where it is none, or more than this module knows."""
    if not text.startswith("$"):
        raise Misread("a path begins with `$`", 0)
    steps: list[Step] = []
    at = 1
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            raise Misread(_hint(text[at:]), at)
        at = found.end()
        steps.append(_step(found))
        if len(steps) > _LONGEST:
            raise Misread(f"a path of more than {_LONGEST} steps", at)
    return Path(text, tuple(steps))


def _step(found: re.Match[str]) -> Step:
    if found["index"] is not None:
        return int(found["index"])
    if found["all"] is not None:
        return ALL
    if found["key"] is not None:
        return (found["key"],)
    quoted = found["single"] if found["single"] is not None else found["double"]
    return (re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL),)


def _hint(rest: str) -> str:
    if rest.startswith(".."):
        return "`..` searches; write the keys one by one"
    if rest.startswith((".*", "[*")):
        return "all elements of an array are written `[*]`"
    if rest.startswith(("[?", "[(")):
        return "a filter searches; take one place, and filter by the pattern"
    if re.match(r"\[[^\]]*[:,]", rest):
        return "one element `[0]` or all `[*]`, no slices and lists"
    if rest.startswith("["):
        return "a key in brackets stands in quotes: ['x.y']"
    if re.match(r"\.[^.\[]", rest):
        return "a key with such characters stands in brackets and quotes: ['x.y']"
    return f"`{rest[:1]}` means nothing here; keys follow a dot or stand in brackets"


def value(path: Path, event: Mapping[str, Any]) -> Any:
    """What stands at a path in an event, or Lost. ``[*]`` gives a list, and leaves out elements
    in which the rest of the path is missing."""
    return _value(path.steps, 0, tree.spelled(event))


def _value(steps: tuple[Step, ...], start: int, here: Any) -> Any:
    for at in range(start, len(steps)):
        step = steps[at]
        if step == ALL:
            if not isinstance(here, list):
                return _lost(steps, at, here)
            inner = (_value(steps, at + 1, each) for each in here)
            return [each for each in inner if not isinstance(each, Lost)]
        below = _below(step, here, top=at == 0)
        if below is tree.MISSING:
            return _lost(steps, at, here)
        here = below
    return here


def _below(step: Step, here: Any, top: bool) -> Any:
    if isinstance(step, tuple):
        if not isinstance(here, Mapping):
            return tree.MISSING
        return tree.got(here, step[0]) if top else here.get(step[0], tree.MISSING)
    if isinstance(step, int) and isinstance(here, list) and -len(here) <= step < len(here):
        return here[step]
    return tree.MISSING


def _lost(steps: tuple[Step, ...], at: int, here: Any) -> Lost:
    step = steps[at]
    near = ""
    if isinstance(step, tuple) and isinstance(here, Mapping):
        known = [name for name in list(here)[:200] if isinstance(name, str)]
        found = faults.nearest(step[0], known)
        near = shown((*steps[:at], (found,))) if found else ""
    return Lost(shown(steps[:at]), shown((step,))[1:], near)


def shown(steps: tuple[Step, ...]) -> str:
    """Steps as a path is written."""
    return "$" + "".join(faults.step(s[0]) if isinstance(s, tuple) else f"[{s}]" for s in steps)
