"""Conditions on the places of an event, as a tree with the shape of the event.

Where the two vendors differ about arrays and presence, this is the module that differs:
Alibaba takes an array of scalars as any of its elements, and knows nothing below an array of
objects; AWS looks through every array, and wants what it finds below one to stand in one element.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

from bot.rules import conditions


class _Missing:
    """What stands where an event has nothing; null is something."""

    def __repr__(self) -> str:
        return "nothing"


MISSING: Final = _Missing()
_NOTHING: Mapping[str, Any] = {}
ALIASES: Mapping[str, str] = {
    "data": "detail",
    "detail": "data",
    "type": "detail-type",
    "detail-type": "type",
}
"""Names of the top level that mean the same in CloudEvents and in AWS's envelope."""
Option = tuple[conditions.Condition, ...]
"""One element of a pattern's array: conditions of which all hold of one value."""


@dataclass(frozen=True, slots=True)
class Field:
    """A path of keys, and the options one of which must hold."""

    path: tuple[str, ...]
    options: tuple[Option, ...]
    absent_will_do: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "absent_will_do", _ABSENT in self.options)

    def __str__(self) -> str:
        return " or ".join(conditions.listed(option, " and ") for option in self.options[:6])


_ABSENT: Final[Option] = (conditions.Exists(False),)
_PRESENT: Final[Option] = (conditions.Exists(True),)


@dataclass(slots=True)
class Node:
    """A place: what is asked of the value there, and of what is below it."""

    path: tuple[str, ...] = ()
    fields: list[Field] = field(default_factory=list)
    children: dict[str, Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A field that does not hold, and what stands there (``MISSING``: nothing)."""

    path: tuple[str, ...]
    wanted: str
    found: Any


def grown(fields: Iterable[Field]) -> Node:
    """The tree of fields all of which must hold."""
    root = Node()
    for each in fields:
        node = root
        for depth, key in enumerate(each.path, 1):
            node = node.children.setdefault(key, Node(each.path[:depth]))
        node.fields.append(each)
    return root


def got(event: Mapping[str, Any], name: str) -> Any:
    """A value of the event's top level, by its name or by the other vendor's name for it."""
    if name in event:
        return event[name]
    return event.get(ALIASES[name], MISSING) if name in ALIASES else MISSING


def flat(values: Iterable[Any]) -> Iterator[Any]:
    """The elements of arrays within arrays, without them."""
    waiting = [iter(values)]
    while waiting:
        for value in waiting[-1]:
            if isinstance(value, list):
                waiting.append(iter(value))
                break
            yield value
        else:
            waiting.pop()


def scalars(value: Any, dialect: conditions.Dialect) -> list[Any] | None:
    """The scalars that conditions are asked about. None: Alibaba compares nothing with this."""
    if isinstance(value, list):
        if dialect == "aws":
            return [each for each in flat(value) if not isinstance(each, dict)]
        return None if any(isinstance(each, list | dict) for each in value) else value
    if isinstance(value, dict):
        return [] if dialect == "aws" else None
    return [] if value is MISSING else [value]


class Holds(IntEnum):
    """Whether what is asked holds: it does not, or by absence alone, or of a value."""

    NOT = 0
    ABSENT = 1
    VALUE = 2


class Judge:
    """How one dialect asks a tree of fields about an event."""

    def __init__(self, dialect: conditions.Dialect) -> None:
        self.dialect = dialect

    def matches(self, root: Node, event: Mapping[str, Any]) -> bool:
        """Does all hold?"""
        return all(self.holds(child, got(event, name)) for name, child in root.children.items())

    def holds(self, node: Node, value: Any) -> Holds:
        """Does all hold that is asked here and below of what stands here?"""
        best = Holds.ABSENT
        for each in node.fields:
            found = self.field_holds(each, value)
            if not found:
                return found
            best = max(best, found)
        if not node.children:
            return best
        if self.dialect == "aws" and isinstance(value, list):
            below = self._in_array(node, value)
        else:
            below = self._below(node, value if isinstance(value, dict) else _NOTHING)
        return max(best, below) if below else below

    def _below(self, node: Node, value: Mapping[str, Any]) -> Holds:
        best = Holds.ABSENT
        for key, child in node.children.items():
            found = self.holds(child, value.get(key, MISSING))
            if not found:
                return found
            best = max(best, found)
        return best

    def _in_array(self, node: Node, value: list[Any]) -> Holds:
        """All holds in one element, which some value makes the one that is meant; or nothing of
        what is asked for stands in any."""
        worst = Holds.ABSENT
        for each in flat(value):
            if isinstance(each, dict):
                found = self._below(node, each)
                if found is Holds.VALUE:
                    return found
                worst = min(worst, found)
        return worst and self._below(node, _NOTHING)

    def field_holds(self, each: Field, value: Any) -> Holds:
        """Does one of the options hold of what stands here (``MISSING``: nothing)?"""
        asked = scalars(value, self.dialect)
        if asked is None or (not asked and value is not MISSING and self.dialect == "alibaba"):
            return Holds.VALUE if _PRESENT in each.options else Holds.NOT
        if not asked:
            return Holds.ABSENT if each.absent_will_do else Holds.NOT
        for option in each.options:
            if len(option) == 1:
                if any(map(option[0].holds, asked)):
                    return Holds.VALUE
            elif any(all(condition.holds(one) for condition in option) for one in asked):
                return Holds.VALUE
        return Holds.NOT

    def mismatches(self, root: Node, event: Mapping[str, Any]) -> list[Mismatch]:
        """All that does not hold; empty exactly where ``matches`` is true."""
        found: list[Mismatch] = []
        for name, child in root.children.items():
            found += self._missed(child, got(event, name))
        return found

    def _missed(self, node: Node, value: Any) -> list[Mismatch]:
        found = [
            Mismatch(each.path, str(each), value)
            for each in node.fields
            if not self.field_holds(each, value)
        ]
        if not node.children:
            return found
        if self.dialect == "aws" and isinstance(value, list):
            return found + self._missed_in_array(node, value)
        inside = value if isinstance(value, dict) else {}
        for key, child in node.children.items():
            found += self._missed(child, inside.get(key, MISSING))
        return found

    def _missed_in_array(self, node: Node, value: list[Any]) -> list[Mismatch]:
        """What the best element lacks: the one with the fewest mismatches."""
        if self._in_array(node, value):
            return []
        best: list[Mismatch] | None = None
        objects: list[Mapping[str, Any]] = [each for each in flat(value) if isinstance(each, dict)]
        for each in objects or [_NOTHING]:
            missed: list[Mismatch] = []
            for key, child in node.children.items():
                missed += self._missed(child, each.get(key, MISSING))
            if best is None or len(missed) < len(best):
                best = missed
        return best or [Mismatch(node.path, "no element with what must be absent", value)]


JUDGES: Mapping[conditions.Dialect, Judge] = {"alibaba": Judge("alibaba"), "aws": Judge("aws")}
