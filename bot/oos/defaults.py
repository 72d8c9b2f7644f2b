"""Defaults that name other parameters: ``Default: '{{ imageId }}-copy'``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.oos import expressions, model


def needed(item: model.Parameter, known: Mapping[str, model.Parameter]) -> list[model.Parameter]:
    """The parameters that a parameter's Default names; ``known``: by folded name."""
    if item.default is None:
        return []
    folded = (model.fold(name) for name, _, _ in expressions.references(item.default))
    return [known[name] for name in dict.fromkeys(folded) if name in known]


def in_order(parameters: Iterable[model.Parameter]) -> list[model.Parameter]:
    """Parameters, each after those that its Default names. Of a circle, one comes too early: its
    Default has no value."""
    known = {model.fold(item.name): item for item in parameters}
    ordered: dict[str, model.Parameter] = {}
    for first in known.values():
        way = [first]
        seen = {first.name}
        while way:
            before = [one for one in needed(way[-1], known) if one.name not in {*ordered, *seen}]
            if before:
                seen.add(before[0].name)
                way.append(before[0])
            else:
                item = way.pop()
                ordered.setdefault(item.name, item)
    return list(ordered.values())


def circle(
    item: model.Parameter, parameters: Iterable[model.Parameter]
) -> tuple[model.Parameter, ...]:
    """The way from a parameter's Default back to the parameter itself, both ends included; empty:
    there is none."""
    known = {model.fold(one.name): one for one in parameters}
    ways: list[tuple[model.Parameter, ...]] = [(item,)]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        for one in needed(way[-1], known):
            if one.name == item.name:
                return (*way, one)
            if one.name not in seen:
                seen.add(one.name)
                ways.append((*way, one))
    return ()
