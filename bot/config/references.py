"""Names that one table uses and another must hold: people, roles, policies, groups, commands.

These checks read the plain values, so that a name is checked even where something else in its table
is wrong, and a table counts as there even where something in it is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.config.diagnostics import Command, Diagnostics
from bot.source import paths, suggest

ANY = "*"
_ROBOT = re.compile(r"=?(?i:robot):\s*([^\s{}]+)\s*")
"""``robot:ops``, where a value is a constant."""


@dataclass(frozen=True, slots=True)
class Names:
    """Everything that has a name. ``commands`` is None where the commands are not known."""

    people: frozenset[str]
    roles: frozenset[str]
    policies: frozenset[str]
    operations: frozenset[str]
    groups: Mapping[str, frozenset[str]]
    commands: Mapping[str, Command] | None
    aliases: Mapping[str, str] = field(default_factory=dict)
    rotas: frozenset[str] = frozenset()


def values_at(
    values: Any, pattern: tuple[str, ...], path: paths.Path = ()
) -> Iterator[tuple[paths.Path, Any]]:
    """The values at a path in which ANY stands for every key or index: (path, value) of each."""
    if not pattern:
        yield path, values
        return
    first, rest = pattern[0], pattern[1:]
    if isinstance(values, dict):
        for key in list(values) if first == ANY else [first]:
            if key in values:
                yield from values_at(values[key], rest, (*path, key))
    elif isinstance(values, list) and first == ANY:
        for index, value in enumerate(values):
            yield from values_at(value, rest, (*path, index))


def texts(values: object, *pattern: str) -> Iterator[tuple[paths.Path, str]]:
    """Those of the values found that are text."""
    for path, value in values_at(values, pattern):
        if isinstance(value, str):
            yield path, value


def names(values: dict[str, Any], commands: Mapping[str, Command] | None) -> Names:
    def keys(section: str) -> frozenset[str]:
        table = values.get(section)
        return frozenset(table) if isinstance(table, dict) else frozenset()

    groups: dict[str, set[str]] = {}
    for path, name in texts(values, "group", ANY, "name"):
        platform = values["group"][path[1]].get("platform")
        groups.setdefault(platform if isinstance(platform, str) else "", set()).add(name)
    return Names(
        people=frozenset(name for _, name in texts(values, "person", ANY, "id")),
        roles=keys("role"),
        policies=keys("policy"),
        operations=keys("command"),
        groups={platform: frozenset(known) for platform, known in groups.items()},
        commands=commands,
        aliases={
            alias: command.name
            for command in (commands or {}).values()
            for alias in command.aliases
        },
        rotas=frozenset(name for _, name in texts(values, "oncall", ANY, "name")),
    )


def check(values: dict[str, Any], known: Names, diagnostics: Diagnostics) -> None:
    """Note every name that nothing holds."""
    for path, name in texts(values, "person", ANY, "roles", ANY):
        _expect("role", name, known.roles, path, diagnostics)
    for path, name in texts(values, "policy_when", ANY, "roles", ANY):
        _expect("role", name, known.roles, path, diagnostics)
    everywhere = frozenset[str]().union(*known.groups.values())
    for path, name in texts(values, "policy_when", ANY, "groups", ANY):
        _expect("group", name, everywhere, path, diagnostics)
    for stage in ((), ("stages", ANY)):
        for path, name in texts(values, "policy", ANY, *stage, "approvers", ANY):
            _check_approver(path, name, known, diagnostics)
    for within in (("people", ANY), ("overrides", ANY, "person"), ("names", ANY)):
        for path, name in texts(values, "oncall", ANY, *within):
            _expect("person", name, known.people, path, diagnostics)
    for key in ("oncall", "oncall_absent"):
        for path, name in texts(values, "policy_when", ANY, key):
            _expect("rota [[oncall]]", name, known.rotas, path, diagnostics)
    for person in (("delegates", ANY), ("ladder", ANY, "who", ANY)):
        for path, name in texts(values, "policy", ANY, *person):
            _check_approver(path, name, known, diagnostics)
    for path, name in texts(values, "policy", ANY, "ladder", ANY, "group"):
        _expect("group", name, everywhere, path, diagnostics)
    for path, name in texts(values, "policy", ANY, "break_glass", "people", ANY):
        _check_approver(path, name, known, diagnostics)
    for path, name in texts(values, "policy", ANY, "break_glass", "groups", ANY):
        _expect("group", name, everywhere, path, diagnostics)
    for pattern in (
        ("command", ANY, "policy"),
        ("form", ANY, "policy"),
        ("security", "pattern", ANY, "policy"),
        ("oos", "policy"),
        ("policy_when", ANY, "policy"),
        ("rule", ANY, "target", ANY, "policy"),
    ):
        for path, name in texts(values, *pattern):
            _expect("policy", name, known.policies, path, diagnostics)
    for path, name in texts(values, "form", ANY, "group"):
        _check_group(path, name, values["form"][path[1]].get("platform"), known, diagnostics)
    for path, name in texts(values, "quota", ANY, "group"):
        if name:
            platform = values["quota"][path[1]].get("platform")
            _check_group(path, name, platform, known, diagnostics, "quota")
    for section in ("freeze", "window"):
        for path, name in texts(values, section, ANY, "groups", ANY):
            if not any(name in groups for groups in known.groups.values()):
                near = suggest.meant(name, frozenset().union(*known.groups.values()), quote="")
                diagnostics.fault(path, f"there is no group {name}{near}", about=name)
    for path, name in texts(values, "oos", "group"):
        _check_somewhere(path, name, values["oos"].get("platform"), known, diagnostics, "watch")
    _check_rules(values, known, diagnostics)
    _check_commands(values, known, diagnostics)


def _check_rules(values: dict[str, Any], known: Names, diagnostics: Diagnostics) -> None:
    """Where rules lead, and on whose behalf."""
    target = ("rule", ANY, "target", ANY)
    for pattern in ((*target, "person"), (*target, "mention", ANY), ("source", ANY, "person")):
        for path, name in texts(values, *pattern):
            _expect("person", name, known.people, path, diagnostics)
    for key, section in (
        ("robot", ("webhook", "robot")),
        ("endpoint", ("endpoint",)),
        ("bus", ("bus",)),
    ):
        there = frozenset(name for _, name in texts(values, *section, ANY, "name"))
        for path, name in texts(values, *target, key):
            _expect(key, name, there, path, diagnostics)
    robots = frozenset(name for _, name in texts(values, "webhook", "robot", ANY, "name"))
    constants: tuple[tuple[str, ...], ...] = (
        ("command", ANY, "allowed_values", ANY, ANY),
        ("form", ANY, "args", ANY),
        (*target, "args", ANY),
        (*target, "run_command", "Parameters", ANY),
    )
    for place in constants:
        for path, text in texts(values, *place):
            named = _ROBOT.fullmatch(text)
            if named:
                _expect("robot", named[1], robots, path, diagnostics)
    for path, name in texts(values, "source", ANY, "mapping", "person"):
        if not name.startswith("$"):
            _expect("person", name, known.people, path, diagnostics)
    for path, table in values_at(values, target):
        if isinstance(table, dict) and isinstance(table.get("group"), str):
            name, platform = table["group"], table.get("platform")
            _check_somewhere((*path, "group"), name, platform, known, diagnostics, "target")


def _check_somewhere(
    path: paths.Path, name: str, platform: Any, known: Names, diagnostics: Diagnostics, what: str
) -> None:
    """A group that is on one platform, or on the one that is named."""
    if isinstance(platform, str):
        _check_group(path, name, platform, known, diagnostics, what)
        return
    here = [where for where, groups in known.groups.items() if name in groups]
    if len(here) > 1:
        both = " and ".join(sorted(here))
        diagnostics.fault(
            path, f"there is a group {name} on {both}; say which: platform = …", "platform"
        )
    elif not here:
        near = suggest.meant(name, frozenset().union(*known.groups.values()), quote="")
        diagnostics.fault(path, f"there is no group {name}{near}", about=name)


def _expect(
    what: str, name: str, known: frozenset[str], path: paths.Path, diagnostics: Diagnostics
) -> None:
    if name not in known:
        diagnostics.fault(
            path, f"there is no {what} {name}{suggest.meant(name, known, quote='')}", about=name
        )


def _check_approver(path: paths.Path, name: str, known: Names, diagnostics: Diagnostics) -> None:
    kind, colon, role = name.partition(":")
    if colon and kind == "tag":
        if not role.strip():
            diagnostics.fault(path, 'names no tag; write "tag:owner"')
    elif colon and kind == "role":
        _expect("role", role, known.roles, path, diagnostics)
    elif colon and kind == "oncall":
        _expect("rota [[oncall]]", role, known.rotas, path, diagnostics)
    elif name not in known.people and name in known.roles:
        diagnostics.fault(path, f'{name} is a role, not a person; write "role:{name}"', about=name)
    else:
        _expect("person", name, known.people, path, diagnostics)


def _check_group(
    path: paths.Path,
    name: str,
    platform: Any,
    known: Names,
    diagnostics: Diagnostics,
    what: str = "form",
) -> None:
    here = known.groups.get(platform, frozenset()) if isinstance(platform, str) else frozenset()
    elsewhere = sorted(where for where, groups in known.groups.items() if name in groups and where)
    if name in here or not isinstance(platform, str):
        return
    if elsewhere:
        there = " and ".join(elsewhere)
        diagnostics.fault(
            path, f"the group {name} is on {there}, but this {what} on {platform}", name
        )
    else:
        diagnostics.fault(
            path,
            f"there is no group {name} on {platform}{suggest.meant(name, here, quote='')}",
            name,
        )


def _check_commands(values: dict[str, Any], known: Names, diagnostics: Diagnostics) -> None:
    """The commands that are named must have a file; what forms ask for must be allowed to run."""
    places = [("form", ANY, "command"), ("rule", ANY, "target", ANY, "command")]
    for pattern in places:
        for path, name in texts(values, *pattern):
            if name in known.operations or not _is_command(name, known):
                continue
            near, what = suggest.meant(name, known.operations, quote=""), pattern[0]
            message = f"there is no table [command.{name}], so the {what} could never run it{near}"
            diagnostics.fault(path, message, about=name)
    if known.commands is None:
        return
    wildcard = [("role", ANY, "commands", ANY), ("group", ANY, "commands", ANY)]
    exact = [("security", "pattern", ANY, "commands", ANY), *places]
    for pattern in wildcard + exact:
        for path, name in texts(values, *pattern):
            if name != ANY or pattern in exact:
                _check_command(path, name, known, diagnostics)
    for path, _ in values_at(values, ("command", ANY)):
        _check_command(path, str(path[1]), known, diagnostics)


def _is_command(name: str, known: Names) -> bool:
    return known.commands is None or name in known.commands


def _check_command(path: paths.Path, name: str, known: Names, diagnostics: Diagnostics) -> None:
    if _is_command(name, known):
        return
    if name in known.aliases:
        diagnostics.fault(
            path, f"{name} is another word for {known.aliases[name]}; write that name here"
        )
    else:
        near = suggest.meant(name, known.commands or (), quote="")
        diagnostics.fault(path, f"there is no command {name}{near}")
