"""Which of many ranges hold a number: by sorted bounds, in about log n steps and one per answer."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
Number = int | float
Range = tuple[Number | None, Number | None]
"""The bounds, both within; None: there is none on this side."""


@dataclass(slots=True)
class _Node(Generic[T]):
    """The ranges that hold ``middle``, by their lower and by their upper bound, and the others."""

    middle: Number
    lows: list[Number]
    by_low: list[T]
    highs: list[Number]
    by_high: list[T]
    below: _Node[T] | None
    above: _Node[T] | None


class Intervals(Generic[T]):
    """Made once of ranges and what each stands for."""

    def __init__(self, ranges: Iterable[tuple[Range, T]]) -> None:
        bounded: list[tuple[Number, Number, T]] = []
        rising: list[tuple[Number, T]] = []
        falling: list[tuple[Number, T]] = []
        self._all: list[T] = []
        for (low, high), item in ranges:
            if low is not None and high is not None:
                bounded.append((low, high, item))
            elif low is not None:
                rising.append((low, item))
            elif high is not None:
                falling.append((high, item))
            else:
                self._all.append(item)
        self._lows, self._rising = _sorted(rising)
        self._highs, self._falling = _sorted(falling)
        self._root = _grown(bounded)

    def holding(self, value: Number) -> Iterator[list[T]]:
        """What the ranges stand for that hold the number."""
        yield self._all
        yield self._rising[: bisect_right(self._lows, value)]
        yield self._falling[bisect_left(self._highs, value) :]
        node = self._root
        while node is not None:
            if value < node.middle:
                yield node.by_low[: bisect_right(node.lows, value)]
                node = node.below
            else:
                yield node.by_high[bisect_left(node.highs, value) :]
                node = node.above


def _sorted(items: list[tuple[Number, T]]) -> tuple[list[Number], list[T]]:
    items.sort(key=lambda item: item[0])
    return [bound for bound, _ in items], [item for _, item in items]


def _grown(ranges: list[tuple[Number, Number, T]]) -> _Node[T] | None:
    if not ranges:
        return None
    bounds = sorted(bound for low, high, _ in ranges for bound in (low, high))
    middle = bounds[len(bounds) // 2]
    here = [one for one in ranges if one[0] <= middle <= one[1]]
    lows, by_low = _sorted([(low, item) for low, _, item in here])
    highs, by_high = _sorted([(high, item) for _, high, item in here])
    below = _grown([one for one in ranges if one[1] < middle])
    above = _grown([one for one in ranges if one[0] > middle])
    return _Node(middle, lows, by_low, highs, by_high, below, above)
