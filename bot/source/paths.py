"""Ways to the values of a document, keys of tables and indices of lists, as people write them.

``$.data.role[0]['x.y']`` is a JSON path, the part of that language that EventBridge's transforms
use: ``$``, ``.key``, ``['any key']``, ``[0]``, ``[-1]`` and ``[*]`` (all elements, as a list). What
searches (``..``, filters, slices) is left out: a transform takes what stands at one place, and its
cost must not depend on what an event makes of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bot.source import Fault, Invalid, Mark

Path = tuple[str | int, ...]
"""The way to a value of a document: ``("person", 0, "roles", 1)``."""
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


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A JSON path as written, and its steps."""

    text: str
    steps: tuple[Step, ...]


def written(path: Iterable[str | int]) -> str:
    """A path as a JSON path."""
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else _key(part) for part in path)


def shown(steps: Iterable[Step]) -> str:
    """The steps of a JSON path as they are written."""
    return "$" + "".join(_key(s[0]) if isinstance(s, tuple) else f"[{s}]" for s in steps)


def indexed(path: Path) -> str:
    """A path in a template: ``Tasks[1].Properties.URI``."""
    text = ""
    for part in path:
        text = within(text, part)
    return text


def within(around: str, part: str | int) -> str:
    """The path in a template of a part of what stands at the path ``around``."""
    if isinstance(part, int):
        return f"{around}[{part}]"
    return f"{around}.{part}" if around else part


def dotted(path: Path) -> str:
    """A path in a file of tables. Indices are left out: the line tells which one is meant."""
    keys = (part for part in path if isinstance(part, str))
    return ".".join(key if re.fullmatch(r"[\w-]+", key) else repr(key) for key in keys)


def _key(key: str) -> str:
    return f".{key}" if re.fullmatch(r"[^\W\d][\w-]*", key) else f"[{key!r}]"


def parse(text: str) -> JsonPath:
    """A JSON path from its text. Invalid where it is none, or more than this module knows; the
    column of the fault's mark is where it stops being one."""
    if not text.startswith("$"):
        raise _wrong("a path begins with `$`", 0)
    steps: list[Step] = []
    at = 1
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            raise _wrong(_hint(text[at:]), at)
        at = match.end()
        steps.append(_step(match))
        if len(steps) > _LONGEST:
            raise _wrong(f"a path of more than {_LONGEST} steps", at)
    return JsonPath(text, tuple(steps))


def _wrong(message: str, offset: int) -> Invalid:
    return Invalid(Fault(Mark(column=offset + 1), message))


def _step(match: re.Match[str]) -> Step:
    if match["index"] is not None:
        return int(match["index"])
    if match["all"] is not None:
        return ALL
    if match["key"] is not None:
        return (match["key"],)
    quoted = match["single"] if match["single"] is not None else match["double"]
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
