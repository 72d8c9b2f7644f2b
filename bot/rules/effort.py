"""What the matching of one event may cost, counted in comparisons: elements × conditions.

Senders choose how many elements an event has, and operators how many conditions there are; neither
may make everybody else wait. The count is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from bot.rules import conditions

MOST = 200_000
"""Comparisons that one event is worth: a tenth of a second at the very most."""
LETTERS = 1024
"""So many letters of a text cost as much as one more element."""
FEW = 16
"""Arrays up to this length are not searched for elements that are there twice."""
Kept = tuple[list[Any], int]
"""Scalars that conditions are asked about, and their size in comparisons."""


class TooCostly(Exception):
    """To match an event would take more comparisons than ``most``."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"to match this event takes more than {most} comparisons (elements of its arrays × "
            "conditions that rules have there); send less in one event"
        )
        self.most = most


class Effort:
    """What one event has cost so far. It also keeps what was found out about the event's arrays, so
    that rules which look at the same array don't take it apart again. ``most`` None: no limit."""

    __slots__ = ("_kept", "_most", "_objects", "spent")

    def __init__(self, most: int | None = MOST) -> None:
        self.spent = 0
        self._most = most
        self._kept: dict[tuple[int, conditions.Dialect], Kept | None] = {}
        self._objects: dict[int, list[dict[str, Any]]] = {}

    def spend(self, comparisons: int) -> None:
        """Raises TooCostly."""
        self.spent += comparisons
        if self._most is not None and self.spent > self._most:
            raise TooCostly(self._most)

    def scalars(self, value: list[object], dialect: conditions.Dialect) -> Kept | None:
        """The different scalars of an array. None: Alibaba compares nothing with this one."""
        key = (id(value), dialect)
        if key not in self._kept:
            self.spend(len(value) // LETTERS)
            self._kept[key] = _kept(value, dialect)
        return self._kept[key]

    def objects(self, value: list[object]) -> list[dict[str, object]]:
        """The objects of an array and of the arrays in it."""
        number = id(value)
        if number not in self._objects:
            self._objects[number] = [each for each in flat(value) if isinstance(each, dict)]
        return self._objects[number]


def size(value: object) -> int:
    """What it costs to compare a scalar once."""
    return 1 + len(value) // LETTERS if isinstance(value, str) else 1


def flat(values: Iterable[object]) -> Iterator[object]:
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


def _kept(value: list[object], dialect: conditions.Dialect) -> Kept | None:
    values = value
    if any(issubclass(kind, list | dict) for kind in set(map(type, value))):
        if dialect == "alibaba":
            return None
        values = [each for each in flat(value) if not isinstance(each, dict)]
    if len(values) > FEW:
        values = _different(values)
    return values, sum(map(size, values))


def _different(values: list[object]) -> list[object]:
    """Each value once, where kind and text tell values apart: to Python 1, 1.0 and True are the
    same, and so is zero below zero."""
    marks = map(repr, values) if float in set(map(type, values)) else values
    return list(dict(zip(zip(map(type, values), marks, strict=True), values, strict=True)).values())
