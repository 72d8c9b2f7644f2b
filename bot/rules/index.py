"""Many rules at once, for about the price of those that match.

Every branch of every pattern is filed under one of its fields: the one whose values the fewest
other branches share. An event is walked once, only where some rule looks; what stands there finds
the few branches filed under it, and only those are asked in full. Fields are filed by value
(exact, and equal in any case or as a number), by the start or end of text, by network, else by
presence; a branch that asks for nothing but absence is always asked.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.rules import conditions, pattern, tree

_Branch = tuple[int, int, tree.Node]
"""A number of its own, the number of its rule, and what it asks."""
_Filing = tuple[str, Hashable]
"""How a value is found: the kind of key, and the key."""
_PRESENT: _Filing = ("present", True)
_WEIGHT = {
    "is": 1,
    "folded": 1,
    "near": 1,
    "value": 1,
    "prefix": 2,
    "suffix": 2,
    "network": 2,
    "present": 16,
}
"""How much likelier than an exact value a key of this kind is to be met by accident."""


@dataclass(slots=True)
class _Shelf:
    """The branches that are filed under one path, by kind and key. ``lengths`` has the lengths of
    the prefixes and suffixes there are, and ``masks`` the (version, length) of the networks."""

    filed: dict[_Filing, list[_Branch]] = field(default_factory=dict)
    prefixes: set[int] = field(default_factory=set)
    suffixes: set[int] = field(default_factory=set)
    masks: set[tuple[int, int]] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)

    def put(self, filing: _Filing, branch: _Branch) -> None:
        kind, key = filing
        self.kinds.add(kind)
        self.filed.setdefault(filing, []).append(branch)
        if kind in ("prefix", "suffix") and isinstance(key, str):
            (self.prefixes if kind == "prefix" else self.suffixes).add(len(key))
        if isinstance(key, ipaddress.IPv4Network | ipaddress.IPv6Network):
            self.masks.add((key.version, key.prefixlen))

    def keys(self, value: Any, dialect: conditions.Dialect) -> Iterator[_Filing]:
        """The filings that a scalar may be found under."""
        if "is" in self.kinds:
            yield "is", conditions.key(value, dialect)
        if isinstance(value, str):
            yield from self._texts(value)
        elif ("near" in self.kinds or "value" in self.kinds) and conditions.is_number(value):
            yield from (("near", bucket) for bucket in _buckets(value))
            yield "value", value

    def _texts(self, value: str) -> Iterator[_Filing]:
        if "folded" in self.kinds:
            yield "folded", value.lower()
        for length in self.prefixes:
            if length <= len(value):
                yield "prefix", value[:length]
        for length in self.suffixes:
            if length <= len(value):
                yield "suffix", value[len(value) - length :]
        if self.masks and (found := conditions.address(value)):
            for version, length in self.masks:
                if version == found.version:
                    yield "network", ipaddress.ip_network((int(found), length), strict=False)


@dataclass(slots=True)
class _Place:
    """A key on the way to shelves; ``shelf`` is None where nothing is filed."""

    shelf: _Shelf | None = None
    below: dict[str, _Place] = field(default_factory=dict)


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

    def matching(self, event: Mapping[str, Any]) -> tuple[str, ...]:
        """The names of the rules whose patterns match the event."""
        found: set[int] = set()
        for index in self._indices:
            index.collect(event, found)
        return tuple(self._names[rule] for rule in sorted(found))


class _Index:
    """The patterns of one dialect, filed."""

    def __init__(
        self, dialect: conditions.Dialect, patterns: list[tuple[int, pattern.Pattern]]
    ) -> None:
        self.dialect = dialect
        self.judge = tree.JUDGES[dialect]
        self.root = _Place()
        self.always: list[_Branch] = []
        branches = [
            (rule, branch, node)
            for rule, each in patterns
            for branch, node in zip(each.branches, each.nodes, strict=True)
        ]
        filings = [[(f.path, _filings(f)) for f in branch] for _, branch, _ in branches]
        popular = Counter(
            (path, filing) for fields in filings for path, found in fields for filing in found
        )
        for number, (rule, _, node) in enumerate(branches):
            ranked = [
                (sum(popular[path, f] * _WEIGHT[f[0]] for f in found), path, found)
                for path, found in filings[number]
                if found
            ]
            if not ranked:
                self.always.append((number, rule, node))
                continue
            _, path, found = min(ranked, key=lambda each: each[0])
            shelf = self.shelf(path)
            for filing in found:
                shelf.put(filing, (number, rule, node))

    def shelf(self, path: tuple[str, ...]) -> _Shelf:
        place = self.root
        for key in path:
            place = place.below.setdefault(key, _Place())
        if place.shelf is None:
            place.shelf = _Shelf()
        return place.shelf

    def collect(self, event: Mapping[str, Any], found: set[int]) -> None:
        """Add the rules that match. No branch is asked twice."""
        asked: set[int] = set()
        for branch in self.always:
            self.ask(branch, event, found)
        for place, value in self.top(event):
            self.walk(place, value, event, found, asked)

    def ask(self, branch: _Branch, event: Mapping[str, Any], found: set[int]) -> None:
        _, rule, node = branch
        if rule not in found and self.judge.matches(node, event):
            found.add(rule)

    def top(self, event: Mapping[str, Any]) -> Iterator[tuple[_Place, Any]]:
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

    def walk(
        self,
        place: _Place,
        value: Any,
        event: Mapping[str, Any],
        found: set[int],
        asked: set[int],
    ) -> None:
        """Ask what is filed under a value, and go on below it."""
        if place.shelf:
            for filed in self.filed(place.shelf, value):
                for branch in filed:
                    if branch[0] not in asked:
                        asked.add(branch[0])
                        self.ask(branch, event, found)
        if not place.below:
            return
        inside = [value] if isinstance(value, dict) else []
        if self.dialect == "aws" and isinstance(value, list):
            inside = [each for each in tree.flat(value) if isinstance(each, dict)]
        for each in inside:
            few, many = sorted((place.below, each), key=len)
            for key in few:
                if key in many:
                    self.walk(place.below[key], each[key], event, found, asked)

    def filed(self, shelf: _Shelf, value: Any) -> Iterator[list[_Branch]]:
        """The branches that may match a value, by each of its scalars once."""
        seen: set[_Filing] = set()
        if "present" in shelf.kinds:
            yield shelf.filed[_PRESENT]
        for scalar in tree.scalars(value, self.dialect) or ():
            for filing in shelf.keys(scalar, self.dialect):
                if filing in shelf.filed and filing not in seen:
                    seen.add(filing)
                    yield shelf.filed[filing]


def _filings(asked: tree.Field) -> tuple[_Filing, ...]:
    """What a field can be filed under so that no match is missed; empty: it may match nothing."""
    if asked.absent_will_do:
        return ()
    return tuple(dict.fromkeys(f for option in asked.options for f in _best(option)))


def _best(option: tree.Option) -> tuple[_Filing, ...]:
    """The filing of an option: all its conditions hold, so the most telling one is enough."""
    made = [_filed_under(condition) for condition in option]
    return min(made, key=lambda found: sum(_WEIGHT[kind] for kind, _ in found))


def _filed_under(condition: conditions.Condition) -> tuple[_Filing, ...]:
    if isinstance(condition, conditions.Equals):
        return (("is", conditions.key(condition.value, condition.dialect)),)
    if isinstance(condition, conditions.Text):
        if condition.how == "equals-ignore-case":
            return (("folded", condition.text),)
        if condition.how in ("prefix", "suffix") and condition.text and not condition.fold:
            return ((condition.how, condition.text),)
    if isinstance(condition, conditions.Wildcard):
        return (_wildcard(condition),)
    if isinstance(condition, conditions.Numeric):
        equal = [number for name, number in condition.terms if name == "="]
        if equal:
            return (_near(equal[0]),)
    if isinstance(condition, conditions.Cidr):
        return (("network", condition.network),)
    return (_PRESENT,)


def _wildcard(condition: conditions.Wildcard) -> _Filing:
    first, last = condition.pieces[0], condition.pieces[-1]
    if len(condition.pieces) == 1:
        return ("is", first)
    if len(first) >= len(last) and first:
        return ("prefix", first)
    return ("suffix", last) if last else _PRESENT


_PER_UNIT = 1000


def _near(number: int | float) -> _Filing:
    """Where a number is filed that others may be almost equal to."""
    if -conditions.NEAR < number < conditions.NEAR:
        return "near", round(number * _PER_UNIT)
    return "value", number


def _buckets(value: int | float) -> tuple[int, ...]:
    """The buckets a number may be equal to: its own and its neighbours, a thousandth wide."""
    if not -conditions.NEAR < value < conditions.NEAR:
        return ()
    own = round(value * _PER_UNIT)
    return (own - 1, own, own + 1)
