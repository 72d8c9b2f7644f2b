"""Targets that name a stored command in the words of Cloud Assistant: which command that is here,
and the arguments that it gets; and whether an argument that is constant fits its parameter."""

from __future__ import annotations

from typing import Any

from bot import source
from bot.config import references, rules, schema
from bot.config.context import CheckContext
from bot.config.diagnostics import Diagnostics, Parameter
from bot.config.references import ANY
from bot.rules import placeholders, transform
from bot.source import paths

TARGETS = "targets"
"""The parameter that takes instances."""


def unquoted(values: dict[str, Any], diagnostics: Diagnostics) -> dict[str, Any]:
    """The values of a file with targets that are written as JSON in quotes as the tables that they
    are; their faults are told on the lines of the JSON. What is no JSON stays as it is."""
    for path, text in list(references.texts(values, "rule", ANY, "target", ANY, "run_command")):
        document = diagnostics.within_json(path, text)
        if isinstance(document, dict):
            target = values["rule"][path[1]]["target"][path[3]]
            target["run_command"] = document
    return values


def command_of(file: schema.File, target: rules.Target) -> str:
    """The command that a target asks for; "" where that cannot be said."""
    if target.command is not None or target.run_command is None:
        return target.command or ""
    names = stored(file, target.run_command.CommandId)
    return names[0] if len(names) == 1 else ""


def stored(file: schema.File, id: str) -> list[str]:
    """The commands that run this stored command."""
    return [name for name, table in file.command.items() if table.command_id == id]


def arguments(
    target: rules.Target, path: paths.Path
) -> dict[str, tuple[paths.Path, tuple[object, ...]]]:
    """Each parameter with the place of its value in the file, and that value; instances are
    several."""
    table = target.run_command
    if table is None:
        return {name: ((*path, "args", name), (one,)) for name, one in target.args.items()}
    path = (*path, "run_command")
    places: dict[str, tuple[paths.Path, tuple[Any, ...]]] = {
        n: ((*path, "Parameters", n), (one,)) for n, one in table.Parameters.items()
    }
    if table.InstanceIds:
        places[TARGETS] = ((*path, "InstanceIds"), table.InstanceIds)
    return places


def compiled(value: tuple[object, ...]) -> transform.Transform:
    """What makes a value. Invalid says what is wrong with it."""
    if len(value) > 1:
        return placeholders.joined([str(one) for one in value])
    return placeholders.argument(value[0])


def check_table(context: CheckContext, path: paths.Path, target: rules.Target) -> None:
    """Is the stored command one that people can vote on, and only one?"""
    table = target.run_command
    if table is None:
        return
    place = (*path, "run_command", "CommandId")
    names = stored(context.file, table.CommandId)
    if target.command is not None:
        if target.command not in names and not context.faulty("command", target.command):
            message = (
                f"[command.{target.command}] does not run it; write command_id = "
                f'"{table.CommandId}" there'
            )
            context.diagnostics.fault(place, message, "command_id")
    elif not names:
        message = (
            f'no command runs {table.CommandId}; write command_id = "{table.CommandId}" into the '
            "[command.NAME] that does, by whose policy people vote on it"
        )
        context.diagnostics.fault(place, message, "command_id")
    elif len(names) > 1:
        message = f"is run by {' and by '.join(names)}; say which: command = …"
        context.diagnostics.fault(place, message, "command")
    if TARGETS in table.Parameters and table.InstanceIds:
        message = "are instances, and so are InstanceIds; leave one out"
        context.diagnostics.fault((*path, "run_command", "Parameters", TARGETS), message)


def check_constants(
    context: CheckContext, path: paths.Path, target: rules.Target, parameters: list[Parameter]
) -> None:
    """Constants that the command would refuse, whatever the event, are faults now."""
    known = {parameter.name: parameter for parameter in parameters}
    table = context.file.command.get(command_of(context.file, target))
    for name, (place, value) in arguments(target, path).items():
        if name not in known or context.faulty(*place):
            continue
        try:
            made = compiled(value)
        except source.Invalid:
            continue  # which is a fault of its own
        if made.form != "CONSTANT":
            continue
        allowed = table.allowed_values.get(name, ()) if table is not None else ()
        message = known[name].misfit(str(transform.render(made, {}, "text")), allowed)
        if message:
            context.diagnostics.fault(place, message, name)
