"""What a condition can be looked up by: the keys that every value has for which it holds.

A filing is a kind and a key. Where a condition can be filed in several ways, the index takes the
one that the fewest others share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable

from bot.rules import conditions, intervals, tree

Filing = tuple[str, Hashable]
Filings = tuple[Filing, ...]
Popular = Counter[tuple[tuple[str, ...], Filing]]
"""How many branches have a filing at a path."""
PRESENT: Filing = ("present", True)
OPEN: Filing = ("open", True)
"""What all ranges without a second bound count as: half of them hold any number."""
WEIGHT = {
    **dict.fromkeys(("is", "folded", "near", "value"), 1),
    **dict.fromkeys(("prefix", "suffix", "folded prefix", "folded suffix", "network"), 2),
    **dict.fromkeys(("contains", "range"), 4),
    "present": 16,
}
"""How much likelier than an exact value a key of this kind is to be met by accident."""
PER_UNIT = 1000
SLACK = 2 * conditions.EPSILON


def ways(field: tree.Field) -> list[list[Filings]]:
    """For each option the ways to file it; empty: the field may hold of nothing at all."""
    if field.absent_will_do:
        return []
    return [[way for one in option for way in under(one)] for option in field.options]


def best(path: tuple[str, ...], ways: list[list[Filings]], popular: Popular) -> Filings:
    """The cheapest way for every option, together: one of the options holds."""
    chosen = (min(each, key=lambda way: cost(path, way, popular)) for each in ways)
    return tuple(dict.fromkeys(filing for way in chosen for filing in way))


def cost(path: tuple[str, ...], way: Filings, popular: Popular) -> int:
    return sum(_cost(path, filing, popular) for filing in way)


def _cost(path: tuple[str, ...], filing: Filing, popular: Popular) -> int:
    kind, key = filing
    weight = popular[path, filing] * WEIGHT[kind]
    if kind == "range" and isinstance(key, tuple) and None in key:
        return max(weight, popular[path, OPEN] // 2)
    return weight


def counted(ways: Iterable[tuple[tuple[str, ...], list[list[Filings]]]]) -> Popular:
    """How popular each filing is, whichever way is taken in the end."""
    popular: Popular = Counter()
    for path, each in ways:
        for filing in {filing for option in each for way in option for filing in way}:
            popular[path, filing] += 1
            if filing[0] == "range" and isinstance(filing[1], tuple) and None in filing[1]:
                popular[path, OPEN] += 1
    return popular


def under(condition: conditions.Condition) -> list[Filings]:
    """The ways to file one condition, each enough by itself."""
    match condition:
        case conditions.Equals(value=value, dialect=dialect):
            return [(("is", conditions.key(value, dialect)),)]
        case conditions.Text(how="equals-ignore-case", text=text):
            return [(("folded", text),)]
        case conditions.Text(how="contains", text=text) if text:
            return [(("contains", text),)]
        case conditions.Text(how="prefix" | "suffix", text=text) if text:
            kind = f"folded {condition.how}" if condition.fold else condition.how
            return [((kind, text),)]
        case conditions.Wildcard():
            return _wildcard(condition.pieces)
        case conditions.Numeric():
            return [(_number(condition),)]
        case conditions.Cidr(network=network):
            return [(("network", network),)]
    return [(PRESENT,)]


def _wildcard(pieces: tuple[str, ...]) -> list[Filings]:
    first, *middle = pieces
    if not middle:
        return [(("is", first),)]
    last = middle.pop()
    filings = [(("contains", piece),) for piece in dict.fromkeys(middle) if piece]
    filings += [(("prefix", first),)] if first else []
    filings += [(("suffix", last),)] if last else []
    return list(filings) or [(PRESENT,)]


def _number(condition: conditions.Numeric) -> Filing:
    low: intervals.Number | None = None
    high: intervals.Number | None = None
    for name, number in condition.terms:
        if name == "=":
            return near(number)
        slack = SLACK if -conditions.NEAR < number < conditions.NEAR else 0
        if name in (">", ">="):
            bound = number - slack
            low = bound if low is None else max(low, bound)
        elif name in ("<", "<="):
            bound = number + slack
            high = bound if high is None else min(high, bound)
    return PRESENT if low is None and high is None else ("range", (low, high))


def near(number: int | float) -> Filing:
    """Where a number is filed that others may be almost equal to."""
    if -conditions.NEAR < number < conditions.NEAR:
        return "near", round(number * PER_UNIT)
    return "value", number


def around(value: int | float) -> tuple[Filing, ...]:
    """Where numbers are filed that this one may be equal to: its own bucket, a thousandth wide, and
    the neighbours."""
    if not -conditions.NEAR < value < conditions.NEAR:
        return (("value", value),)
    own = round(value * PER_UNIT)
    return (("near", own - 1), ("near", own), ("near", own + 1))
