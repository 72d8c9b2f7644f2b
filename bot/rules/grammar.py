"""A pattern's JSON to the fields it asks of an event, all faults at once.

The result is a list of branches; an event matches where all fields of one branch hold. ``$or``
multiplies branches as it does at AWS, up to the same limit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot import source
from bot.rules import conditions, operators, tree
from bot.source import nodes, positions, suggest

BRANCHES = 1000
"""How many combinations ``$or`` may make; AWS's own limit."""
ATTRIBUTES = (
    *("id", "source", "specversion", "type", "datacontenttype", "dataschema", "subject", "time"),
    *("data", "detail", "detail-type", "account", "region", "resources", "version"),
)
"""What stands at the top of an event, in CloudEvents and in AWS's envelope."""
NESTING = ("data", "detail")
Branch = tuple[tree.Field, ...]
_Path = tuple[str | int, ...]


class Reader:
    """Reads one pattern; what is wrong gathers in ``faults``."""

    def __init__(self, places: positions.Positions, dialect: conditions.Dialect) -> None:
        self.places = places
        self.dialect = dialect
        self.faults: list[source.Fault] = []

    def wrong(self, path: _Path, message: str, key: bool = False) -> None:
        self.faults.append(source.Fault(self.places.mark(path, key), message))

    def pattern(self, value: object) -> list[Branch]:
        """The branches of a whole pattern."""
        if not isinstance(value, Mapping):
            self.wrong((), 'a pattern is an object in braces: {"source": ["…"]}')
            return []
        if not value:
            if self.dialect == "aws":
                self.wrong((), "an empty pattern; write the fields that an event must have")
            return [()]
        return self.object(value, (), ())

    def object(self, value: Mapping[Any, Any], place: _Path, keys: tuple[str, ...]) -> list[Branch]:
        """The branches of an object: of each of its keys, multiplied."""
        branches: list[Branch] = [()]
        for key, inner in value.items():
            here = (*place, key)
            if not isinstance(key, str):
                self.wrong(place, f"a key is text, not `{conditions.said(key)}`")
            elif len(place) >= nodes.DEEPEST:
                self.wrong(here, f"nested deeper than {nodes.DEEPEST} levels", key=True)
            elif key == "$or":
                branches = self.product(branches, self.either(inner, here, keys), here)
            elif keys or self.top(key, inner, here):
                branches = self.product(branches, self.entry(inner, here, (*keys, key)), here)
        return branches

    def top(self, key: str, inner: Any, here: _Path) -> bool:
        """False where no event of the dialect can have this at its top."""
        if self.dialect == "aws":
            return True
        if key not in ATTRIBUTES and not re.fullmatch("[a-z0-9]+", key):
            hint = suggest.expected(key, sorted(ATTRIBUTES))
            if key in operators.NAMES:
                hint = ': an operator stands in the array of a key, {"source": [{"prefix": "…"}]}'
            self.wrong(here, f"no attribute of an event is called `{key[:60]}`{hint}", key=True)
            return False
        if isinstance(inner, Mapping) and key not in NESTING:
            hint = suggest.listed(NESTING)
            self.wrong(here, f"`{key}` takes values, it has no keys below it as {hint} has")
            return False
        return True

    def entry(self, value: Any, here: _Path, keys: tuple[str, ...]) -> list[Branch]:
        """The branches of what stands behind a key."""
        if isinstance(value, Mapping):
            if not value:
                self.wrong(here, "an empty object asks for nothing; leave the key out")
                return [()]
            if bare := [key for key, inner in value.items() if _bare(key, inner)]:
                text = f"an operator stands in an array: [{{{conditions.said(bare[0])}: …}}]"
                self.wrong(here, text)
                return [()]
            return self.object(value, here, keys)
        if not isinstance(value, list | tuple):
            self.wrong(here, f"values stand in an array: [{conditions.said(value)}]")
            return [()]
        if not value:
            self.wrong(here, "an empty array matches nothing; name the values, or `exists`")
            return [()]
        options = [self.option(each, (*here, at)) for at, each in enumerate(value)]
        return [(tree.Field(keys, tuple(dict.fromkeys(o for o in options if o))),)]

    def option(self, value: Any, here: _Path) -> tree.Option:
        """One element of an array of values; empty where it is wrong."""
        if not isinstance(value, Mapping):
            try:
                return (operators.exact(value, self.dialect),)
            except operators.BadOperand as error:
                self.wrong(here, error.message)
                return ()
        if not value:
            self.wrong(here, f"an empty object; write {suggest.listed(operators.NAMES)} in it")
        if self.dialect == "aws" and len(value) > 1:
            self.wrong(here, "one operator in one object in the aws dialect; split it in two")
        parts = [
            self.operator(str(name), operand, (*here, name)) for name, operand in value.items()
        ]
        known = tuple(condition for condition in parts if condition)
        if len(known) > 1 and conditions.Exists(False) in known:
            self.wrong(here, "what is absent meets no other condition; split this in two objects")
        return known

    def operator(self, name: str, operand: Any, here: _Path) -> conditions.Condition | None:
        try:
            return operators.read(name, operand, self.dialect)
        except operators.BadOperand as error:
            self.wrong((*here, *error.path), error.message, error.of_key)
            return None

    def either(self, value: Any, here: _Path, keys: tuple[str, ...]) -> list[Branch]:
        """The branches of ``$or``: those of each of its patterns, added."""
        if not isinstance(value, list | tuple) or len(value) < 2:
            self.wrong(here, "`$or` takes an array of at least two patterns")
            return [()]
        branches: list[Branch] = []
        for at, each in enumerate(value):
            if not isinstance(each, Mapping) or not each:
                self.wrong((*here, at), "`$or` takes patterns in braces that are not empty")
            elif any(name in operators.NAMES for name in each):
                self.wrong((*here, at), "`$or` joins keys, not operators of one key")
                return [()]
            else:
                branches += self.object(each, (*here, at), keys)
        return branches or [()]

    def product(self, first: list[Branch], second: list[Branch], here: _Path) -> list[Branch]:
        if len(first) * len(second) > BRANCHES:
            many = f"`$or` makes {len(first) * len(second)} combinations of fields here"
            self.wrong(here, f"{many}, {BRANCHES} is the most; split the rule", key=True)
            return first
        return [(*one, *other) for one in first for other in second]


def _bare(key: object, inner: object) -> bool:
    """Is this an operator whose array was forgotten, rather than a key of the event? Keys may be
    called as operators are."""
    if key in ("anything-but", operators.ANY_CASE):
        return True
    if key not in operators.NAMES:
        return False
    if isinstance(inner, list | tuple):
        return key == "numeric" and len(inner) > 0 and inner[0] in tuple(conditions.COMPARE)
    return not isinstance(inner, Mapping)
