"""Many rules at once, for about the price of those that match.

Every branch of every pattern is filed under one of its fields: the one whose values the fewest
other branches share. An event is walked once, only where some rule looks; what stands there finds
the few branches filed under it, and only those are asked in full. How each kind of condition is
found is in ``filings``, ``value_index`` and ``exclusions``; a branch that asks for nothing but
absence is always asked.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.rules import conditions, effort, exclusions, filings, grammar, pattern, tree, value_index

_Branch = tuple[int, tuple[int, ...], tree.Node]
"""A number of its own, the numbers of the rules that have it, and what it asks."""
EXCLUSION = 16
"""What it costs to be filed by what is excluded, in terms of ``filings.WEIGHT``."""
FEW = 64
"""So many rules that don't match are cut out of the list of all, rather than the others chosen."""
_BITS = bytes.maketrans(b"01", b"\0\1")


@dataclass(slots=True)
class _Place:
    """A key on the way to what is filed; ``values`` and ``exclusions``: None where nothing is."""

    values: value_index.ValueIndex[_Branch] | None = None
    exclusions: exclusions.Exclusions | None = None
    below: dict[str, _Place] = field(default_factory=dict)


@dataclass(slots=True)
class _Search:
    """What an event has met: rules, and more of them as a mask; ``visited`` are branches."""

    event: Mapping[str, Any]
    spent: effort.Effort
    rules: set[int] = field(default_factory=set)
    mask: int = 0
    visited: set[int] = field(default_factory=set)


class RuleSet:
    """Patterns by name, compiled into one index. ``matching`` gives the names whose pattern
    matches, in the order of the mapping, as if each had been tried."""

    def __init__(self, patterns: Mapping[str, pattern.Pattern]) -> None:
        self._names = tuple(patterns)
        self._indices = [
            _Index(dialect, mine)
            for dialect in pattern.DIALECTS
            if (mine := [(n, p) for n, p in enumerate(patterns.values()) if p.dialect == dialect])
        ]

    def __len__(self) -> int:
        return len(self._names)

    def matching(
        self, event: Mapping[str, object], spent: effort.Effort | None = None
    ) -> tuple[str, ...]:
        """The names of the rules whose patterns match the event. Raises effort.TooCostly where
        that takes more than is left of ``spent``."""
        search = _Search(tree.spelled(event), spent if spent is not None else effort.Effort())
        for index in self._indices:
            index.collect(search)
        if not search.mask:
            return tuple(self._names[rule] for rule in sorted(search.rules))
        for rule in search.rules:
            search.mask |= 1 << rule
        return _chosen(self._names, search.mask)


def _chosen(names: tuple[str, ...], mask: int) -> tuple[str, ...]:
    """The names whose bits are set."""
    missing = (1 << len(names)) - 1 ^ mask
    if missing.bit_count() > FEW:
        bits = f"{mask:0{len(names)}b}"[::-1].encode().translate(_BITS)
        return tuple(itertools.compress(names, bits))
    pieces: list[tuple[str, ...]] = []
    start = 0
    while missing:
        gap = (missing & -missing).bit_length() - 1
        pieces.append(names[start:gap])
        start = gap + 1
        missing &= missing - 1
    return tuple(itertools.chain(*pieces, names[start:]))


class _Index:
    """The patterns of one dialect, filed."""

    def __init__(
        self, dialect: conditions.Dialect, patterns: list[tuple[int, pattern.Pattern]]
    ) -> None:
        self.dialect = dialect
        self.judge = tree.JUDGES[dialect]
        self.root = _Place()
        self.always: list[_Branch] = []
        same: dict[grammar.Branch, tuple[tree.Node, list[int]]] = {}
        for rule, each in patterns:
            for branch, node in zip(each.branches, each.nodes, strict=True):
                same.setdefault(branch, (node, []))[1].append(rule)
        ways = {branch: [filings.ways(condition) for condition in branch] for branch in same}
        popular = filings.counted(
            (condition.path, options)
            for branch, each in ways.items()
            for condition, options in zip(branch, each, strict=True)
        )
        for number, (branch, (node, rules)) in enumerate(same.items()):
            self.file((number, tuple(rules), node), branch, ways[branch], popular)
        for place in _places(self.root):
            for one in (place.values, place.exclusions):
                if one is not None:
                    one.close()

    def file(
        self,
        one: _Branch,
        branch: grammar.Branch,
        ways: Sequence[list[list[filings.Filings]]],
        popular: filings.Popular,
    ) -> None:
        """File a branch where it costs least."""
        choices: list[tuple[int, tree.Field, filings.Filings | None]] = []
        for wanted, options in zip(branch, ways, strict=True):
            if options:
                way = filings.best(wanted.path, options, popular)
                choices.append((filings.cost(wanted.path, way, popular), wanted, way))
                if exclusions.excluding(wanted) is not None:
                    choices.append((EXCLUSION, wanted, None))
        if not choices:
            self.always.append(one)
            return
        _, wanted, best_way = min(choices, key=lambda each: (each[0], each[2] is not None))
        place = self.place(wanted.path)
        if best_way is None:
            if place.exclusions is None:
                place.exclusions = exclusions.Exclusions(self.dialect)
            mask = sum(1 << rule for rule in one[1])
            place.exclusions.put(wanted, branch, mask, one[2])
            return
        if place.values is None:
            place.values = value_index.ValueIndex(self.dialect)
        for filing in best_way:
            place.values.put(filing, one)

    def place(self, path: tuple[str, ...]) -> _Place:
        place = self.root
        for key in path:
            place = place.below.setdefault(key, _Place())
        return place

    def collect(self, search: _Search) -> None:
        """Add the rules that match. No branch is asked twice."""
        search.visited.clear()
        for branch in self.always:
            self.ask(branch, search)
        for place, value in self.top(search.event):
            self.walk(place, value, search, False)

    def ask(self, branch: _Branch, search: _Search) -> None:
        number, rules, node = branch
        if number in search.visited:
            return
        search.visited.add(number)
        search.spent.spend(1)
        if self.judge.matches(node, search.event, search.spent):
            search.rules.update(rules)

    def top(self, event: Mapping[str, object]) -> Iterator[tuple[_Place, object]]:
        """The places and values of the event's top level, whose names have aliases."""
        if len(self.root.below) <= len(event):
            for name, place in self.root.below.items():
                if (value := tree.got(event, name)) is not tree.MISSING:
                    yield place, value
            return
        aliases = (tree.ALIASES[name] for name in event if name in tree.ALIASES)
        for name in dict.fromkeys((*event, *aliases)):
            if name in self.root.below:
                yield self.root.below[name], tree.got(event, name)

    def walk(self, place: _Place, value: object, search: _Search, within_array: bool) -> None:
        """Ask what is filed under a value, and go on below it."""
        if place.values is not None:
            for branch in place.values.present():
                self.ask(branch, search)
        if place.values is not None or place.exclusions is not None:
            self.look(place, value, search, within_array)
        if not place.below:
            return
        inside = [value] if isinstance(value, dict) else []
        if self.dialect == "aws" and isinstance(value, list):
            inside, within_array = search.spent.objects(value), True
        for each in inside:
            search.spent.spend(1)
            few, many = sorted((place.below, each), key=len)
            for key in few:
                if key in many:
                    self.walk(place.below[key], each[key], search, within_array)

    def look(self, place: _Place, value: object, search: _Search, within_array: bool) -> None:
        """Ask what a value's scalars find here."""
        kept = tree.scalars(value, self.dialect, search.spent)
        if kept is None or not kept[0]:
            return
        scalars, size = kept
        search.spent.spend(size)
        if place.values is not None:
            for one in scalars:
                for filed in place.values.by(one, search.spent):
                    for branch in filed:
                        self.ask(branch, search)
        if place.exclusions is not None:
            search.mask |= place.exclusions.matching(
                scalars, search.event, search.spent, within_array
            )


def _places(place: _Place) -> Iterator[_Place]:
    waiting = [place]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += one.below.values()
