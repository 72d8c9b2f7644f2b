"""Where a vendor would answer otherwise than we do, for ``rule test``: numbers.

We compare every number that JSON can say. Alibaba Cloud documents -1e9 to 1e9 for ``numeric``
(https://www.alibabacloud.com/help/en/eventbridge/user-guide/event-patterns); AWS documents -5e9 to
5e9, and its engine compares what double precision holds exactly (ComparableNumber.java of
https://github.com/aws/event-ruler).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.rules import conditions, effort, pattern, tree
from bot.source import paths

ALIBABA, AWS = 10**9, 5 * 10**9
"""The largest number that each documents for ``numeric``, either side of zero."""


def remarks(compiled: pattern.Pattern, event: Mapping[str, object]) -> tuple[str, ...]:
    """Sentences about the numbers that ``numeric`` compares here and that the vendor might not."""
    lines: dict[str, None] = {}
    for branch in compiled.branches:
        for field in branch:
            for number in _compared(field, event, compiled.dialect):
                if said := _remark(number, compiled.dialect):
                    lines[f"{paths.written(field.path)}: {said}"] = None
    return tuple(lines)


def _compared(
    field: tree.Field, event: Mapping[str, object], dialect: conditions.Dialect
) -> Iterator[int | float]:
    members = [one for option in field.options for one in option]
    numeric = [one for one in members if isinstance(one, conditions.Numeric)]
    for one in numeric:
        yield from (number for _, number in one.terms)
    if numeric:
        yield from filter(conditions.is_number, _values(field.path, event, dialect))


def _values(
    path: tuple[str, ...], event: Mapping[str, object], dialect: conditions.Dialect
) -> Iterator[object]:
    """The scalars that stand at a path."""
    here = [tree.got(event, path[0])]
    for key in path[1:]:
        if dialect == "aws":
            here = list(effort.flat(here))
        here = [each[key] for each in here if isinstance(each, dict) and key in each]
    for each in here:
        scalars = tree.scalars(each, dialect)
        yield from scalars[0] if scalars is not None else ()


def _remark(number: int | float, dialect: conditions.Dialect) -> str:
    text = conditions.number_text(number)[:40]
    if dialect == "alibaba":
        if -ALIBABA <= number <= ALIBABA:
            return ""
        return f"Alibaba Cloud documents -1e9 to 1e9 for `numeric`, and may not compare {text}"
    if not _is_double(number):
        return f"AWS does not compare {text}, which double precision does not hold exactly"
    if -AWS <= number <= AWS:
        return ""
    return f"AWS documents -5e9 to 5e9 for `numeric`; its older engines do not compare {text}"


def _is_double(number: int | float) -> bool:
    try:
        return float(number) == number
    except OverflowError:
        return False
