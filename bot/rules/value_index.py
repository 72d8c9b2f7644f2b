"""What is filed at one place of an event, and what a value that stands there finds.

Values find what is filed by equality in a dict, by start and end once for each length, by network
once for each mask, by a part of their text with an automaton (Aho-Corasick), and by a range of
numbers with sorted bounds. What excludes values is filed by what it excludes: a value finds the few
that it is excluded by, and all the others hold.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import ahocorasick

from bot.rules import conditions, effort, filings, intervals

T = TypeVar("T")
HITS = 16
"""So many places where texts are found in a text cost as much as one comparison."""


class ValueIndex(Generic[T]):
    """Filled with ``put``; ``close`` it before it is asked."""

    __slots__ = (
        "_automaton",
        "_filed",
        "_kinds",
        "_lengths",
        "_masks",
        "_ranged",
        "_ranges",
        "dialect",
    )

    def __init__(self, dialect: conditions.Dialect) -> None:
        self.dialect = dialect
        self._filed: dict[filings.Filing, list[T]] = {}
        self._kinds: set[str] = set()
        self._lengths: dict[str, set[int]] = {}
        self._masks: set[tuple[int, int]] = set()
        self._ranged: list[tuple[intervals.Range, T]] = []
        self._ranges: intervals.Intervals[T] | None = None
        self._automaton: Any = None

    def put(self, filing: filings.Filing, item: T) -> None:
        kind, key = filing
        self._kinds.add(kind)
        if kind == "range" and isinstance(key, tuple):
            self._ranged.append((key, item))
            return
        self._filed.setdefault(filing, []).append(item)
        if kind.endswith(("prefix", "suffix")) and isinstance(key, str):
            self._lengths.setdefault(kind, set()).add(len(key))
        if isinstance(key, ipaddress.IPv4Network | ipaddress.IPv6Network):
            self._masks.add((key.version, key.prefixlen))

    def close(self) -> None:
        """Nothing more is put in: build what is searched."""
        if self._ranged:
            self._ranges = intervals.Intervals(self._ranged)
            self._ranged = []
        texts = [key for kind, key in self._filed if kind == "contains"]
        if texts:
            self._automaton = ahocorasick.Automaton()
            for text in texts:
                self._automaton.add_word(text, text)
            self._automaton.make_automaton()

    def present(self) -> list[T]:
        """What is filed under anything that is there."""
        return self._filed.get(filings.PRESENT, [])

    def by(self, value: Any, spent: effort.Effort) -> Iterator[list[T]]:
        """What is filed under this scalar, but for ``present``; some of it may come twice."""
        filed = self._filed
        if "is" in self._kinds:
            yield filed.get(("is", conditions.key(value, self.dialect)), [])
        if isinstance(value, str):
            for filing in self._texts(value, spent):
                if filing in filed:
                    yield filed[filing]
        elif conditions.is_number(value):
            if "near" in self._kinds or "value" in self._kinds:
                for filing in filings.around(value):
                    yield filed.get(filing, [])
            if self._ranges is not None:
                yield from self._ranges.holding(value)

    def _texts(self, value: str, spent: effort.Effort) -> Iterator[filings.Filing]:
        folded = value.lower() if any(kind.startswith("folded") for kind in self._kinds) else ""
        if "folded" in self._kinds:
            yield "folded", folded
        for kind, lengths in self._lengths.items():
            text = folded if kind.startswith("folded") else value
            spent.spend(len(lengths) // 8)
            for length in lengths:
                if length <= len(text):
                    start = kind.endswith("prefix")
                    yield kind, text[:length] if start else text[len(text) - length :]
        if self._automaton is not None:
            yield from (("contains", text) for text in self._within(value, spent))
        if self._masks and (address := conditions.address(value)):
            for version, length in self._masks:
                if version == address.version:
                    yield "network", ipaddress.ip_network((int(address), length), strict=False)

    def _within(self, value: str, spent: effort.Effort) -> Iterator[str]:
        """The texts that are a part of this one, each once."""
        pieces: set[str] = set()
        for number, (_, text) in enumerate(self._automaton.iter(value), 1):
            if number % HITS == 0:
                spent.spend(1)
            if text not in pieces:
                pieces.add(text)
                yield text
