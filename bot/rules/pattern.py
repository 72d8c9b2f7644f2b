"""Patterns: which events a rule means, in EventBridge's grammar or in a short form.

A pattern is a JSON object with the shape of the events it means: keys are joined by and, the
elements of a key's array by or. An element is a value, or an object with an operator: ``prefix``,
``suffix``, ``contains``, ``anything-but``, ``numeric``, ``cidr``, ``exists``; and, from AWS, since
people paste those, ``wildcard``, ``equals-ignore-case`` and ``$or``. Events are CloudEvents, or
have AWS's envelope: ``data`` also means ``detail``, and ``type`` means ``detail-type``. Of a run's
end, ``InvocationStatus`` also means ``invocationStatus`` (see ``tree.spelled``).

All operators work in both dialects. Where the vendors differ, the dialect decides:

====================== ===================================== ====================================
what                   ``alibaba`` (the default)             ``aws``
====================== ===================================== ====================================
equality               of the text: 80 is "80", true is      of the kind and value: 300 is 300.0,
                       "true"; 300 is not 300.0              80 is not "80"
an empty pattern       matches every event                   is a fault
keys at the top        attributes of events; others and      anything
                       nested ones (but ``data``) are faults
two operators in one   both hold of the same value           a fault
object
numeric                one or two comparisons, also `!=`;    one, or a lower bound and then an upper
                       equal within 1e-7                     one; equal is equal
cidr                   IPv4                                  IPv4 and IPv6
empty prefix, suffix   a fault                               matches all text
anything-but           text, numbers, booleans, null, mixed  all text or all numbers
arrays in events       scalars: any of them; with an object  looked through, nested ones too; what
                       or array in it: none, and nothing is  stands below objects must stand in one
                       found below it                        element
``exists``             of anything, an object and an empty   of scalars: objects and empty arrays
                       array, too                            do not exist
====================== ===================================== ====================================

Sources: Alibaba Cloud, *EventBridge: Event patterns*
(https://www.alibabacloud.com/help/en/eventbridge/user-guide/event-patterns) and Apache RocketMQ
EventBridge, its open-source core; AWS, *Comparison operators for use in event patterns*
(https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html) and
https://github.com/aws/event-ruler. Not imitated: the core excludes a network's first and last
address from ``cidr``, and a pattern on ``data`` never matches an event without any; event-ruler
takes ``{"a.b": …}`` for ``{"a": {"b": …}}``, compares fewer digits, begins the network
10.0.0.77/24 at 10.0.0.77, lets a key in ``$or`` replace the same key beside it (here both hold),
and lets the order of the alphabet decide whether ``exists: false`` below an array of objects is
asked of the element that the other keys mean (here it always is).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot import source
from bot.rules import conditions, effort, grammar, short, tree
from bot.source import json_text, paths, positions, suggest

Dialect = conditions.Dialect
DIALECTS: tuple[Dialect, ...] = ("alibaba", "aws")
LENGTH = 100_000
"""How long a pattern's text may be; the vendors take 4,096 characters."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an event does not match: at ``path``, ``wanted`` is asked for, and ``actual`` is there.
    ``branch`` counts the combinations of ``$or`` from 1; ``near`` is a key of the event that was
    probably meant, empty if none is near."""

    path: str
    wanted: str
    actual: str
    near: str = ""
    branch: int = 1

    def __str__(self) -> str:
        hint = f"; the event has `{self.near}`" if self.near else ""
        return f"{self.path}: wanted {self.wanted}, found {self.actual}{hint}"

    def plain(self) -> dict[str, object]:
        """The reason as JSON."""
        return {
            "path": self.path,
            "wanted": self.wanted,
            "found": self.actual,
            "near": self.near,
            "branch": self.branch,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """A compiled pattern. ``branches`` are its combinations of fields, one of which must hold."""

    dialect: Dialect
    branches: tuple[grammar.Branch, ...]
    nodes: tuple[tree.Node, ...]

    def matches(self, event: Mapping[str, object]) -> bool:
        """Does the event, a CloudEvent or AWS's envelope as JSON values, have what is asked?"""
        judge, spent, event = tree.JUDGES[self.dialect], effort.Effort(None), tree.spelled(event)
        return any(judge.matches(node, event, spent) for node in self.nodes)

    def asks_for(self, known: Mapping[str, object]) -> bool:
        """Could an event match of which only this much is known, and does the pattern ask for any
        of that? What it asks beside is taken to hold."""
        judge, spent = tree.JUDGES[self.dialect], effort.Effort(None)
        for branch in self.branches:
            fields = [each for each in branch if _known(known, each.path)]
            if fields and judge.matches(tree.grown(fields), known, spent):
                return True
        return False

    def explain(self, event: Mapping[str, object]) -> tuple[Reason, ...]:
        """Why the event does not match, by the branch that lacks least; empty: it matches."""
        judge, event = tree.JUDGES[self.dialect], tree.spelled(event)
        best: list[tree.Mismatch] = []
        branch = 0
        for number, node in enumerate(self.nodes, 1):
            mismatches = judge.mismatches(node, event)
            if not mismatches:
                return ()
            if not branch or len(mismatches) < len(best):
                best, branch = mismatches, number
        return tuple(_reason(event, each, branch) for each in best)


def compile(
    text: str | Mapping[str, object], dialect: Dialect = "alibaba", file: str = "pattern"
) -> Pattern:
    """A pattern from JSON text, from the short form (``$.source == "a" && $.data.n > 5``), or from
    a mapping. Invalid has every fault with its line and column in ``file``, or with its JSON
    path where a mapping is given."""
    if dialect not in DIALECTS:
        raise ValueError(f"dialect is one of {', '.join(DIALECTS)}, not {dialect!r}")
    value: object = text
    if isinstance(text, str):
        if len(text) > LENGTH:
            message = f"a pattern of {len(text)} characters; {LENGTH} is the most"
            raise source.Invalid(source.Fault(source.Mark(file, 1, 1), message))
        text = text.removeprefix("\ufeff")
        if text.lstrip()[:1] not in ("{", "[", '"', ""):
            return _compiled(dialect, short.branches(text, dialect, file))
        value = json_text.value(text, file)
    reader = grammar.Reader(positions.Positions(file), dialect)
    branches = reader.pattern(value)
    if reader.faults and isinstance(text, str):
        value, places = json_text.read(text, file)
        reader = grammar.Reader(places, dialect)
        reader.pattern(value)
    if reader.faults:
        raise source.Invalid(*sorted(set(reader.faults)))
    return _compiled(dialect, branches)


def _compiled(dialect: Dialect, branches: list[grammar.Branch]) -> Pattern:
    unique = tuple(dict.fromkeys(branches))
    return Pattern(dialect, unique, tuple(map(tree.grown, unique)))


def _reason(event: Mapping[str, object], mismatch: tree.Mismatch, branch: int) -> Reason:
    missing = mismatch.actual is tree.MISSING
    value = "nothing" if missing else conditions.said(mismatch.actual)
    near = _near(event, mismatch.path) if missing else ""
    return Reason(paths.written(mismatch.path), mismatch.wanted, value, near, branch)


def _near(event: Mapping[str, object], path: tuple[str, ...]) -> str:
    """The key that stands where the path leaves the event, if it resembles the path's."""
    here: Any = event
    for depth, key in enumerate(path):
        known = [str(name) for name in list(here)[:200]] if isinstance(here, Mapping) else []
        inner = tree.got(here, key) if not depth else here.get(key, tree.MISSING)
        if inner is tree.MISSING:
            near = suggest.nearest(key, known)
            return paths.written((*path[:depth], near)) if near else ""
        if not isinstance(inner, Mapping):
            return ""
        here = inner
    return ""


def _known(event: Mapping[str, object], path: tuple[str, ...]) -> bool:
    """Does something stand at the path that conditions can be asked of?"""
    here: Any = tree.got(event, path[0])
    for key in path[1:]:
        here = here.get(key, tree.MISSING) if isinstance(here, Mapping) else tree.MISSING
    return here is not tree.MISSING and not isinstance(here, Mapping)
