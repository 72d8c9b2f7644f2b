"""Conditions on the places of an event, as a tree with the shape of the event.

Where the two vendors differ about arrays and presence, this is the module that differs:
Alibaba takes an array of scalars as any of its elements, and knows nothing below an array of
objects; AWS looks through every array, and wants what it finds below one to stand in one element.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

from bot.rules import conditions, effort


class _Missing:
    """What stands where an event has nothing; null is something."""

    def __repr__(self) -> str:
        return "nothing"


MISSING: Final = _Missing()
_NOTHING: Mapping[str, object] = {}
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
    absent_will_do: bool = field(init=False, compare=False)
    present_will_do: bool = field(init=False, compare=False)
    keys: frozenset[object] = field(init=False, compare=False)
    others: tuple[Option, ...] = field(init=False, compare=False)
    weight: int = field(init=False, compare=False)
    """``keys`` are those of the options that are plain values, ``others`` the other options; to ask
    of one scalar costs ``weight`` comparisons."""

    def __post_init__(self) -> None:
        plain = {one: one[0] for one in self.options if len(one) == 1}
        equal = {o: one for o, one in plain.items() if isinstance(one, conditions.Equals)}
        others = tuple(one for one in self.options if one not in equal)
        keys = frozenset(conditions.key(one.value, one.dialect) for one in equal.values())
        object.__setattr__(self, "absent_will_do", _ABSENT in self.options)
        object.__setattr__(self, "present_will_do", _PRESENT in self.options)
        object.__setattr__(self, "keys", keys)
        object.__setattr__(self, "others", others)
        weight = bool(keys) + sum(one.weight for option in others for one in option)
        object.__setattr__(self, "weight", weight)

    def takes(self, value: object, dialect: conditions.Dialect) -> bool:
        """Does one of the options hold of this scalar?"""
        if self.keys and conditions.key(value, dialect) in self.keys:
            return True
        for option in self.others:
            if len(option) == 1:
                if option[0].holds(value):
                    return True
            elif all(condition.holds(value) for condition in option):
                return True
        return False

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
    actual: Any


def grown(fields: Iterable[Field]) -> Node:
    """The tree of fields all of which must hold."""
    root = Node()
    for each in fields:
        node = root
        for depth, key in enumerate(each.path, 1):
            node = node.children.setdefault(key, Node(each.path[:depth]))
        node.fields.append(each)
    return root


def got(event: Mapping[str, Any], name: str) -> object:
    """A value of the event's top level, by its name or by the other vendor's name for it."""
    if name in event:
        return event[name]
    return event.get(ALIASES[name], MISSING) if name in ALIASES else MISSING


SPELLINGS = ("InvocationStatus", "invocationStatus")
"""How a run ended, as Cloud Assistant's API and this bot write it, and as its event does
(https://www.alibabacloud.com/help/en/ecs/user-guide/subscribe-to-cloud-assistant-events)."""
_SPEAKERS = ("countersign.run.completed", "ecs:CloudAssistant:")


def spelled(event: Mapping[str, object]) -> Mapping[str, object]:
    """The event that a run ended with its status in both spellings; any other event as it is."""
    data = got(event, "data")
    if not isinstance(data, dict):
        return event
    have = [name for name in SPELLINGS if name in data]
    if len(have) != 1 or not str(got(event, "type")).startswith(_SPEAKERS):
        return event
    name = "data" if "data" in event else ALIASES["data"]
    return {**event, name: {**data, **dict.fromkeys(SPELLINGS, data[have[0]])}}


def scalars(
    value: object, dialect: conditions.Dialect, spent: effort.Effort | None = None
) -> effort.Kept | None:
    """The scalars that conditions are asked about, each once, and their size. None: Alibaba
    compares nothing with this."""
    if isinstance(value, list):
        return (spent or effort.Effort(None)).scalars(value, dialect)
    if isinstance(value, dict):
        return ([], 0) if dialect == "aws" else None
    return ([], 0) if value is MISSING else ([value], effort.size(value))


class Holds(IntEnum):
    """Whether what is asked holds: it does not, or by absence alone, or of a value."""

    NOT = 0
    ABSENT = 1
    VALUE = 2


class Judge:
    """How one dialect asks a tree of fields about an event."""

    def __init__(self, dialect: conditions.Dialect) -> None:
        self.dialect = dialect

    def matches(self, root: Node, event: Mapping[str, object], spent: effort.Effort) -> bool:
        """Does all hold? Raises effort.TooCostly."""
        for name, child in root.children.items():
            if not self.holds(child, got(event, name), spent):
                return False
        return True

    def holds(self, node: Node, value: object, spent: effort.Effort) -> Holds:
        """Does all hold that is asked here and below of what stands here?"""
        best = Holds.ABSENT
        for each in node.fields:
            verdict = self.field_holds(each, value, spent)
            if not verdict:
                return verdict
            best = max(best, verdict)
        if not node.children:
            return best
        if self.dialect == "aws" and isinstance(value, list):
            below = self._in_array(node, value, spent)
        else:
            below = self._below(node, value if isinstance(value, dict) else _NOTHING, spent)
        return max(best, below) if below else below

    def _below(self, node: Node, value: Mapping[str, object], spent: effort.Effort) -> Holds:
        best = Holds.ABSENT
        for key, child in node.children.items():
            verdict = self.holds(child, value.get(key, MISSING), spent)
            if not verdict:
                return verdict
            best = max(best, verdict)
        return best

    def _in_array(self, node: Node, value: list[object], spent: effort.Effort) -> Holds:
        """All holds in one element, which some value makes the one that is meant; or nothing of
        what is asked for stands in any."""
        worst = Holds.ABSENT
        for each in spent.objects(value):
            spent.spend(1)
            verdict = self._below(node, each, spent)
            if verdict is Holds.VALUE:
                return verdict
            worst = min(worst, verdict)
        return worst and self._below(node, _NOTHING, spent)

    def field_holds(self, each: Field, value: object, spent: effort.Effort) -> Holds:
        """Does one of the options hold of what stands here (``MISSING``: nothing)?"""
        known = scalars(value, self.dialect, spent)
        if known is None or (not known[0] and value is not MISSING and self.dialect == "alibaba"):
            return Holds.VALUE if each.present_will_do else Holds.NOT
        members, size = known
        if not members:
            return Holds.ABSENT if each.absent_will_do else Holds.NOT
        spent.spend(size * each.weight)
        for one in members:
            if each.takes(one, self.dialect):
                return Holds.VALUE
        return Holds.NOT

    def mismatches(self, root: Node, event: Mapping[str, object]) -> list[Mismatch]:
        """All that does not hold; empty exactly where ``matches`` is true."""
        mismatches: list[Mismatch] = []
        spent = effort.Effort(None)
        for name, child in root.children.items():
            mismatches += self._missed(child, got(event, name), spent)
        return mismatches

    def _missed(self, node: Node, value: object, spent: effort.Effort) -> list[Mismatch]:
        mismatches = [
            Mismatch(each.path, str(each), value)
            for each in node.fields
            if not self.field_holds(each, value, spent)
        ]
        if not node.children:
            return mismatches
        if self.dialect == "aws" and isinstance(value, list):
            return mismatches + self._missed_in_array(node, value, spent)
        inside = value if isinstance(value, dict) else {}
        for key, child in node.children.items():
            mismatches += self._missed(child, inside.get(key, MISSING), spent)
        return mismatches

    def _missed_in_array(
        self, node: Node, value: list[object], spent: effort.Effort
    ) -> list[Mismatch]:
        """What the best element lacks: the one with the fewest mismatches."""
        if self._in_array(node, value, spent):
            return []
        best: list[Mismatch] | None = None
        objects: Sequence[Mapping[str, object]] = spent.objects(value)
        for each in objects or [_NOTHING]:
            missed: list[Mismatch] = []
            for key, child in node.children.items():
                missed += self._missed(child, each.get(key, MISSING), spent)
            if best is None or len(missed) < len(best):
                best = missed
        return best or [Mismatch(node.path, "no element with what must be absent", value)]


JUDGES: Mapping[conditions.Dialect, Judge] = {"alibaba": Judge("alibaba"), "aws": Judge("aws")}
