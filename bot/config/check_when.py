"""Tables of ``[[policy.when]]`` that can never hold, say nothing, or ask for less than is asked for
anyway."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from bot.config import check, policies, schema
from bot.config.context import CheckContext
from bot.config.when import CONDITIONS, KEY, NARROWING, When
from bot.source import paths


def check_when(context: CheckContext) -> None:
    """Note what is valid by itself and comes to nothing."""
    for path, table in context.parts.entries(KEY):
        _check_keys(context, path, table)
        names = commands_of(context.file, table)
        for index, glob in enumerate(table.commands):
            if not any(fnmatchcase(name, glob) for name in names):
                message = f"no command that has a table [command.…] fits {glob}"
                context.diagnostics.fault((*path, "commands", index), message, glob)
        if names:
            _check_possible(context, path, table, names)
            _check_policy(context, path, table, names)


def commands_of(file: schema.File, table: When) -> list[str]:
    """The operations that a table is about, by its own patterns."""
    return [
        name
        for name in file.command
        if not table.commands or any(fnmatchcase(name, glob) for glob in table.commands)
    ]


def askers(file: schema.File, table: When, command: str) -> tuple[str, ...]:
    """The people who may ask for a command and whom a table is about."""
    roles = {person.id: set(person.roles) for person in file.person}
    people = check.askers(file, command)
    return tuple(who for who in people if not table.roles or roles[who] & set(table.roles))


def _check_keys(context: CheckContext, path: paths.Path, table: When) -> None:
    """Does it say when, and is what stands beside that of use?"""
    diagnostics = context.diagnostics
    conditions = [key for key in CONDITIONS if getattr(table, key) not in ((), {}, None)]
    said = conditions or any(getattr(table, key) for key in NARROWING)
    keys = (*NARROWING, *CONDITIONS)
    if not said and not any(context.faulty(*path, key) or diagnostics.unread(key) for key in keys):
        message = "says not when: without any condition name the policy at the commands themselves"
        diagnostics.fault(path, message)
    if table.match == "any" and len(conditions) < 2:
        message = "has no use with fewer than two conditions: " + ", ".join(CONDITIONS)
        diagnostics.warn((*path, "match"), message)
    if table.regex is not None:
        check.check_regex(context, (*path, "regex"), table.regex)


def _check_possible(context: CheckContext, path: paths.Path, table: When, names: list[str]) -> None:
    """Conditions that hold for none of the commands."""
    for key, message in _impossible(context, table, names):
        rest = "" if table.match == "any" else ", so this table has no effect"
        context.diagnostics.warn((*path, key), f"can never hold: {message}{rest}")
    if context.commands is None:
        return
    known = [command for name in names if (command := context.commands.get(name)) is not None]
    parameters = {each.name.casefold(): each.name for one in known for each in one.parameters}
    for name in table.values:
        if known and name.casefold() not in parameters:
            shown = list(parameters.values())
            check.check_parameter(context.diagnostics, (*path, "values"), name, shown)


def _impossible(context: CheckContext, table: When, names: list[str]) -> Iterator[tuple[str, str]]:
    """Keys that can never hold, each with why."""
    file = context.file
    rules = {name: file.command[name] for name in names}
    most = max(rule.most_targets for rule in rules.values())
    if table.more_targets_than is not None and table.more_targets_than >= most:
        yield "more_targets_than", f"no more than {most} instances are allowed (most_targets)"
    if table.risk and context.commands is not None:
        risks = {
            rule.risk or context.commands[name].risk
            for name, rule in rules.items()
            if rule.risk or name in context.commands
        }
        if risks and not risks & set(table.risk):
            yield "risk", f"the commands are rated {', '.join(sorted(risks))}"
    for name, globs in table.values.items():
        allowed = [rule.allowed_values.get(name) for rule in rules.values()]
        values = [value for only in allowed if only is not None for value in only]
        fits = any(fnmatchcase(value, glob) for value in values for glob in globs)
        if None not in allowed and not fits:
            yield "values", f"allowed_values has none of these for {name}"
    if table.roles and not any(askers(file, table, name) for name in names):
        yield "roles", "nobody with such a role may ask for it"
    groups = [one for one in file.group if one.name in table.groups]
    if groups and not any({"*", *names} & set(one.commands) for one in groups):
        yield "groups", "these groups allow none of the commands"


def _check_policy(context: CheckContext, path: paths.Path, table: When, names: list[str]) -> None:
    """The policy adds to the usual one: worth a word where it adds nobody."""
    chosen = context.file.policy.get(table.policy)
    if chosen is None:
        return
    if all(context.file.command[name].policy == table.policy for name in names):
        message = f"{table.policy} is the usual policy of {', '.join(names[:5])} already"
        context.diagnostics.warn((*path, "policy"), message)
        return
    policies.check_fewer(context, path, table.policy, names)
