"""Conditions: named truths that a task's When, a choice's When and other conditions name.

https://www.alibabacloud.com/help/en/oos/user-guide/template-conditions
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from bot.oos.expr import functions, values
from bot.oos.template import model

OUTERMOST = ("Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals")
_NESTING = {model.fold(name) for name in OUTERMOST[:3]}
Known = Mapping[str, Any]


class Named(NamedTuple):
    """A name that stands where a condition's may, and where in the value."""

    name: str
    path: str


def folded(template: model.Template) -> Known:
    """The conditions of a template, by their folded names."""
    return {model.fold(name): value for name, value in template.conditions.items()}


def expanded(value: Any, known: Known, within: frozenset[str] = frozenset()) -> object:
    """A When with the conditions in the place of their names. What names itself stays as it is;
    ``validate`` refuses it."""
    if not known:
        return value
    if isinstance(value, str):
        name = model.fold(value.strip())
        if name not in known or name in within:
            return value
        return expanded(known[name], known, within | {name})
    key = _nests(value)
    if not key:
        return value
    inner = value[key]
    if isinstance(inner, list):
        return {key: [expanded(item, known, within) for item in inner]}
    return {key: expanded(inner, known, within)}


def named(value: Any, path: str = "") -> Iterator[Named]:
    """The names in a When, or in a condition, that are no truths and no expressions themselves."""
    if isinstance(value, str):
        if value.strip() and "{{" not in value and values.boolean(value) is None:
            yield Named(value.strip(), path)
        return
    key = _nests(value)
    if not key:
        return
    inner, here = value[key], f"{path}.{key}" if path else key
    if isinstance(inner, list):
        for at, item in enumerate(inner):
            yield from named(item, f"{here}[{at}]")
    else:
        yield from named(inner, here)


def names_itself(name: str, known: Known) -> bool:
    """Does a condition name itself, directly or through others?"""
    visited: set[str] = set()
    todo = [known[model.fold(name)]]
    while todo:
        for inner in named(todo.pop()):
            folded = model.fold(inner.name)
            if folded == model.fold(name):
                return True
            if folded in known and folded not in visited:
                visited.add(folded)
                todo.append(known[folded])
    return False


def outermost(value: object) -> bool:
    """Is it one of the functions that a condition may be?"""
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    function = functions.find(next(iter(value)))
    return function is not None and f"Fn::{function.name}" in OUTERMOST


def _nests(value: object) -> str:
    """The key of And, Or or Not, as it is written; empty: it is something else."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return ""
    (key,) = value
    return key if isinstance(key, str) and model.fold(key) in _NESTING else ""
