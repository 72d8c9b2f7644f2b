"""Policies of Resource Access Management (RAM), made of rights.

Grammar: https://help.aliyun.com/zh/ram/user-guide/policy-structure-and-syntax
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from dataclasses import replace

from bot.model.rights import Condition, Document, Right

Place = tuple[tuple[str, ...], tuple[Condition, ...]]


def policy(rights: Iterable[Right]) -> Document:
    """The policy that allows just these: a statement for each set of resources and conditions."""
    statements: dict[Place, list[str]] = {}
    for right in merged(rights):
        statements.setdefault((right.resources, right.conditions), []).append(right.action)
    return {
        "Version": "1",
        "Statement": [
            statement(sorted(actions), *place) for place, actions in sorted(statements.items())
        ],
    }


def statement(
    actions: list[str], resources: tuple[str, ...], conditions: tuple[Condition, ...]
) -> dict[str, object]:
    """One statement that allows; conditions of one operator stand together."""
    made: dict[str, object] = {
        "Effect": "Allow",
        "Action": actions,
        "Resource": "*" if resources == ("*",) else list(resources),
    }
    if conditions:
        operators: dict[str, dict[str, list[str]]] = {}
        for operator, key, values in conditions:
            operators.setdefault(operator, {})[key] = list(values)
        made["Condition"] = operators
    return made


def merged(rights: Iterable[Right]) -> list[Right]:
    """Each action under the same conditions once, with all its resources and who needs them. What a
    wider right allows already is left out."""
    together: dict[tuple[str, tuple[Condition, ...]], Right] = {}
    for right in rights:
        key = (right.action, right.conditions)
        before = together.get(key, replace(right, resources=(), commands=()))
        commands = tuple(dict.fromkeys((*before.commands, *right.commands)))
        resources = narrowest((*before.resources, *right.resources))
        together[key] = replace(right, resources=resources, commands=commands)
    free = {right.action: right.resources for right in together.values() if not right.conditions}
    made: list[Right] = []
    for right in together.values():
        wider = free.get(right.action, ()) if right.conditions else ()
        resources = tuple(each for each in right.resources if not covered(each, wider))
        if resources:
            made.append(replace(right, resources=resources))
    return sorted(made, key=lambda right: (right.action, right.resources, right.conditions))


def narrowest(resources: Iterable[str]) -> tuple[str, ...]:
    """The resources without those that another of them covers."""
    every = sorted(set(resources))
    return tuple(
        one for one in every if not covered(one, (other for other in every if other != one))
    )


def covered(resource: str, wider: Iterable[str]) -> bool:
    """Does one of the wider resources mean this one, too?"""
    return any(fnmatch.fnmatchcase(resource, each) for each in wider)
