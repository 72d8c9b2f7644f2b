"""Both dialects once more, the slow way: the rule is multiplied out, the event flattened, and every
choice of values is tried. Shares nothing with the room but the grammar."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from fractions import Fraction
from ipaddress import ip_address, ip_network
from typing import Any

SAME = {"data": "detail", "detail": "data", "type": "detail-type", "detail-type": "type"}
Leaf = tuple[tuple[str, ...], Any, dict[tuple[Any, ...], int]]


def matches(pattern: dict[str, Any], event: dict[str, Any], dialect: str) -> bool:
    judge = _alibaba if dialect == "alibaba" else _aws
    return any(judge(rule, event) for rule in _rules(pattern))


def _rules(pattern: dict[str, Any], at: tuple[str, ...] = ()) -> list[list[tuple[Any, Any]]]:
    """Lists of (path, elements), of which one must hold in full."""
    parts: list[list[list[tuple[Any, Any]]]] = []
    for key, inner in pattern.items():
        if key == "$or":
            parts.append([rule for each in inner for rule in _rules(each, at)])
        elif isinstance(inner, dict):
            parts.append(_rules(inner, (*at, key)))
        else:
            parts.append([[((*at, key), inner)]])
    return [list(itertools.chain(*chosen)) for chosen in itertools.product(*parts)]


def _renamed(event: dict[str, Any], name: str) -> str:
    return name if name in event or SAME.get(name) not in event else SAME[name]


def _alibaba(rule: list[tuple[Any, Any]], event: dict[str, Any]) -> bool:
    for path, elements in rule:
        found, here = True, event
        for key in (_renamed(event, path[0]), *path[1:]):
            found = found and isinstance(here, dict) and key in here
            here = here[key] if found else here
        if not found:
            held = {"exists": False} in elements
        elif isinstance(here, dict) or (
            isinstance(here, list) and (not here or any(isinstance(v, list | dict) for v in here))
        ):
            held = {"exists": True} in elements
        else:
            values = here if isinstance(here, list) else [here]
            held = any(_element(e, v, "alibaba") for e in elements for v in values)
        if not held:
            return False
    return True


def _leaves(value: Any, path: tuple[str, ...], where: tuple[Any, ...]) -> Iterator[Leaf]:
    """Every scalar with the keys that lead to it, and the element of every array on the way."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key), (*where, key))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _leaves(inner, path, (*where, at))
    else:
        yield path, value, {where[:n]: w for n, w in enumerate(where) if isinstance(w, int)}


def _aws(rule: list[tuple[Any, Any]], event: dict[str, Any]) -> bool:
    leaves = list(_leaves(event, (), ()))
    choices = []
    for path, elements in rule:
        real = (_renamed(event, path[0]), *path[1:])
        mine = [leaf for leaf in leaves if leaf[0] == real]
        held = [leaf for leaf in mine if any(_element(e, leaf[1], "aws") for e in elements)]
        absent = [(mine, None, None)] if {"exists": False} in elements else []
        choices.append([*held, *absent])
    for chosen in itertools.product(*choices):
        members: dict[Any, int] = {}
        fits = True
        for _, _, where in chosen:
            for array, element in (where or {}).items():
                fits = fits and members.setdefault(array, element) == element
        for mine, _, where in chosen:
            if where is None:
                for _, _, other in mine:
                    fits = fits and any(members.get(a, e) != e for a, e in other.items())
        if fits:
            return True
    return False


def _text(value: Any) -> Any:
    return value if isinstance(value, str) else json.dumps(value)


def _same(one: Any, other: Any, dialect: str) -> bool:
    if one is None or other is None:
        return one is other
    if dialect == "alibaba":
        return bool(_text(one) == _text(other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return isinstance(one, str) == isinstance(other, str) and bool(one == other)


def _element(element: Any, value: Any, dialect: str) -> bool:
    if not isinstance(element, dict):
        return _same(element, value, dialect)
    return all(_operator(name, given, value, dialect) for name, given in element.items())


def _operator(name: str, given: Any, value: Any, dialect: str) -> bool:
    if name == "exists":
        return bool(given)
    if name == "anything-but":
        if isinstance(given, dict):
            [(inner, texts)] = given.items()
            texts = texts if isinstance(texts, list) else [texts]
            return not any(_operator(inner, text, value, dialect) for text in texts)
        many = given if isinstance(given, list) else [given]
        return not any(_same(each, value, dialect) for each in many)
    if name == "numeric":
        return _numeric(given, value, dialect)
    if not isinstance(value, str):
        return False
    if isinstance(given, dict):
        return _operator(name, given["equals-ignore-case"].lower(), value.lower(), dialect)
    if name == "cidr":
        try:
            return "%" not in value and ip_address(value) in ip_network(given, strict=False)
        except ValueError:
            return False
    regex = {
        "prefix": re.escape(given) + ".*",
        "suffix": ".*" + re.escape(given),
        "contains": ".*" + re.escape(given) + ".*",
        "wildcard": _wildcard(given),
        "equals-ignore-case": re.escape(given.lower()),
    }[name]
    tested = value.lower() if name == "equals-ignore-case" else value
    return re.fullmatch(regex, tested, re.DOTALL) is not None


def _wildcard(given: str) -> str:
    tokens = re.findall(r"\\.|.", given, re.DOTALL)
    return "".join(".*" if token == "*" else re.escape(token[-1]) for token in tokens)


def _numeric(given: list[Any], value: Any, dialect: str) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    slack = 1e-7 if dialect == "alibaba" else 0
    for sign, number in zip(given[::2], given[1::2], strict=True):
        equal = abs(Fraction(value) - Fraction(number)) < slack or value == number
        held = {
            "=": equal,
            "!=": not equal,
            "<": value < number,
            ">": value > number,
            "<=": value < number or equal,
            ">=": value > number or equal,
        }[sign]
        if not held:
            return False
    return True
