"""What the tables of rules say together: one place per target, and commands that can be run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from pydantic_core import PydanticCustomError

from bot.config import build_rules, check, rules, run_commands, schema
from bot.config.context import CheckContext
from bot.config.diagnostics import Command
from bot.rules import ruleset, tree
from bot.source import paths, values
from bot.source.secret import FORMS as FORMS_OF_SECRETS
from bot.source.secret import Secret

OF: Mapping[str, tuple[str, ...]] = {
    "args": ("command",),
    "person": ("command", "run_command"),
    "policy": ("command", "run_command"),
    "platform": ("command", "run_command", "group"),
    "mention": ("group", "thread"),
}
"""Keys that only some targets have a use for."""
ASKS = ("command", "run_command")
BESIDE = (("command", "group"), ("run_command", "group"), ("run_command", "command"))
"""Keys that lead nowhere themselves beside the key before them."""
FORMS = ("form", "value", "template")
ONE = (
    "say where it leads, by one of command, run_command, group, thread, robot, url, endpoint "
    "and bus"
)


def check_rules(context: CheckContext) -> None:
    """Note everything about rules that is valid by itself and wrong together."""
    _check_names(context, "rule", "name")
    _check_names(context, "endpoint", "name")
    _check_names(context, "bus", "name")
    for path, rule in context.parts.entries("rule"):
        _check_rule(context, path, rule)
    for path, target in targets(context):
        key = build_rules.key_of(target)
        _check_keys(context, path, target, key)
        if key in ASKS:
            run_commands.check_table(context, path, target)
            _check_command(context, path, target)
        elif key == "url" and not context.faulty("webhook", "hosts"):
            _check_url(context, path, target)
    for path, endpoint in context.parts.entries("endpoint"):
        for header, value in endpoint.headers.items():
            message = header_fault(header, value)
            if message:
                context.diagnostics.fault((*path, "headers", header), message)
    for path, bus in context.parts.entries("bus"):
        _check_bus(context, path, bus)


def targets(context: CheckContext) -> Iterator[tuple[paths.Path, rules.Target]]:
    """All targets of all rules, each with its path in the file."""
    for index, rule in enumerate(context.file.rule):
        for number, target in enumerate(rule.target):
            yield context.parts.origin(("rule", index, "target", number)), target


_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_OURS = re.compile(
    "x-countersign-.*|idempotency-key|content-type|content-length|content-encoding|host|"
    "transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|accept-encoding|proxy-.*",
    re.IGNORECASE,
)
_SECRET = re.compile("authorization|cookie|.*(token|secret|api-?key).*", re.IGNORECASE)


def header_fault(name: str, value: Secret) -> str:
    """What is wrong with a header of an endpoint; empty: nothing."""
    if not _HEADER.fullmatch(name):
        return "is no name of a header"
    if _OURS.fullmatch(name):
        return "is a header that the bot itself sets"
    if _SECRET.fullmatch(name) and value.source == values.HERE:
        return f"is a secret by its name; write {FORMS_OF_SECRETS}"
    if value.known and not re.fullmatch(r"[\x20-\x7e]{1,4096}", value.reveal()):
        return "holds what no header may hold: it is ASCII, in one line"
    return ""


def _check_bus(context: CheckContext, path: paths.Path, bus: schema.Bus) -> None:
    if context.faulty(*path):
        return
    if not bus.endpoint and not bus.account:
        message = "endpoint is missing; write it, or the account whose own it is"
        context.diagnostics.fault(path, message, "endpoint")
    if not bus.bus:
        try:
            values.bus_name(bus.name)
        except PydanticCustomError as error:
            message = f"bus is missing: the name is not that of a bus there, which {error}"
            context.diagnostics.fault(path, message, "bus")


def _check_names(context: CheckContext, section: str, key: str) -> None:
    places: dict[str, paths.Path] = {}
    for path, table in context.parts.entries(section):
        other = places.setdefault(getattr(table, key), path)
        if other != path:
            line = context.diagnostics.line(other)
            message = f"the {section} of line {line} has this {key} already"
            context.diagnostics.fault((*path, key), message)


def _check_rule(context: CheckContext, path: paths.Path, rule: rules.Rule) -> None:
    if context.faulty(*path, "pattern") or context.faulty(*path, "when"):
        return
    if rule.pattern is not None and rule.when is not None:
        message = "is the short form of a pattern; the rule has one already, leave one out"
        context.diagnostics.fault((*path, "when"), message, "pattern")
    elif rule.pattern is None and rule.when is None:
        message = "pattern is missing: say which events are meant, by pattern or by when"
        context.diagnostics.fault(path, message, "pattern")


# ----------------------------------------------------------------------------- targets


def _check_keys(context: CheckContext, path: paths.Path, target: rules.Target, key: str) -> None:
    """Exactly one key says where, and the others have a use there."""
    keys = [name for name in build_rules.KINDS if getattr(target, name) is not None]
    others = [name for name in keys if name != key and (key, name) not in BESIDE]
    if not key and not context.faulty(*path):
        context.diagnostics.fault(path, ONE)
    for name in others:
        message = f"is a second place beside {key}; write a [[rule.target]] for each"
        context.diagnostics.fault((*path, name), message)
    if not key:
        return
    for name, kinds in OF.items():
        if name in target.model_fields_set and key not in kinds:
            listed = " or ".join(kinds)
            context.diagnostics.fault(
                (*path, name), f"has no use with {key}; it goes with {listed}"
            )
    if key in (*ASKS, "bus"):
        why = {"command": "args say what it gets", "bus": "it gets the event itself"}.get(
            key, "Parameters say what it gets"
        )
        for name in FORMS:
            if name in target.model_fields_set:
                context.diagnostics.fault((*path, name), f"has no use with {key}: {why}")
    if key in ASKS and target.group is None and not context.faulty(*path, "group"):
        message = "group is missing: a command is asked for in a group, where its card is shown"
        context.diagnostics.fault(path, message, "group")


def _check_url(context: CheckContext, path: paths.Path, target: rules.Target) -> None:
    """Addresses lead to the hosts of [webhook] only, as do those that templates name."""
    allowed = context.file.robots.hosts
    if _origin(target.url or "") not in {_origin(_spelled(host)) for host in allowed}:
        host = urlsplit(target.url or "").netloc
        message = f"{host} is not among the hosts of [webhook] ({', '.join(allowed)}); add it there"
        context.diagnostics.fault((*path, "url"), message)


def _spelled(host: str) -> str:
    return host if host.startswith("http://") else f"https://{host}"


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    usual = 443 if parts.scheme == "https" else 80
    return parts.scheme, parts.hostname or "", parts.port or usual


# ----------------------------------------------------------------------------- commands


def _check_command(context: CheckContext, path: paths.Path, target: rules.Target) -> None:
    """Could this command be asked for, with these arguments, there, by that person?"""
    file, name = context.file, run_commands.command_of(context.file, target)
    if not name:
        return
    group = build_rules.place_of(file, target)
    if group is not None and not {"*", name} & set(group.commands):
        message = f"the group {group.name} does not allow {name}: see its commands"
        context.diagnostics.fault((*path, "group"), message)
    known = {person.id for person in file.person}
    if target.person in known and target.person not in check.askers(file, name):
        message = f"{target.person} has no role that may ask for {name}"
        context.diagnostics.fault((*path, "person"), message)
    command = (context.commands or {}).get(name)
    if command is None:
        return
    if command.kind != "operation":
        message = f"{name} only tells something; a rule asks for operations"
        context.diagnostics.fault((*path, "command"), message)
        return
    _check_arguments(context, path, target, command)


def _check_arguments(
    context: CheckContext, path: paths.Path, target: rules.Target, command: Command
) -> None:
    """Would the command take what it is given, and is it given all that it needs?"""
    name = command.name
    parameters = [parameter.name for parameter in command.parameters]
    arguments = run_commands.arguments(target, path)
    for parameter, (place, _) in arguments.items():
        if parameter == run_commands.TARGETS and place[-1] == "InstanceIds":
            if parameter not in parameters:
                message = f"{name} takes no targets; write them into [command.{name}]"
                context.diagnostics.fault(place, message)
            continue
        check.check_parameter(context.diagnostics, place[:-1], parameter, parameters)
    run_commands.check_constants(context, path, target, list(command.parameters))
    for needed in command.parameters:
        usual = needed.name == "targets" and check.has_targets(context.file, name)
        if needed.required and needed.name not in arguments and not usual:
            message = f"{name} needs the parameter {needed.name}; say where it stands in the event"
            table = "args" if target.run_command is None else "run_command"
            context.diagnostics.fault((*path, table), message, needed.name)


# ----------------------------------------------------------------------------- loops

DATA = (
    "actor",
    "facts",
    "request",
    "InvocationStatus",
    "invocationStatus",
    "note",
    "results",
    "outputs",
)
"""What the bot's own events have in their data."""
OWN = ("countersign.run.completed", "countersign.request.asked", "countersign.x")
"""Types of these events: two that there are, and what only a condition on all of them takes."""
ATTRIBUTES = ("id", "specversion", "time", "subject", "datacontenttype")
"""What else they have."""
AS = {"detail": "data", "detail-type": "type"}


def check_loops(context: CheckContext, made: Mapping[str, ruleset.Rule]) -> None:
    """Warn of rules that ask for a command because of what happens to that very command."""
    for index, rule in enumerate(context.file.rule):
        for number, target in enumerate(rule.target):
            pattern = made.get(rule.name)
            command = run_commands.command_of(context.file, target)
            key = "command" if target.run_command is None else "run_command"
            if pattern and command and comes_round(pattern, command):
                context.diagnostics.warn(
                    context.parts.origin(("rule", index, "target", number, key)),
                    f"the rule means events of {command} itself, too, so it would ask for "
                    "it because of it; that is stopped after one round. Name in the pattern what "
                    "it is about: source, or data.request.command",
                )


def comes_round(rule: ruleset.Rule, command: str) -> bool:
    """May an event about this very command match? Only what tells our events and commands apart
    is looked at; everything else is taken to hold."""
    return any(
        all(_possible(field, command) for field in branch) for branch in rule.pattern.branches
    )


FOREIGN = ("shop", "order.paid")
"""Sources and types of others' events."""


def check_foreign(context: CheckContext, made: Mapping[str, ruleset.Rule]) -> None:
    """Warn of rules that believe what others could send to be a result of the bot's own."""
    if all(source.kind in context.file.adapters.platforms for source in context.file.sources):
        return
    for index, rule in enumerate(context.file.rule):
        pattern = made.get(rule.name)
        if pattern and any(_forgeable(branch) for branch in pattern.pattern.branches):
            key = "when" if rule.pattern is None else "pattern"
            context.diagnostics.warn(
                context.parts.origin(("rule", index, key)),
                "means results of the bot's own and asks for neither type nor source, so whoever "
                "may send events can forge one: ask for the type, too, as in "
                '$.type == "countersign.run.completed"',
            )


def _forgeable(branch: tuple[tree.Field, ...]) -> bool:
    """Is a branch about the bot's own results, and could an event of others be one?"""
    results = False
    for field in branch:
        first = field.path[0]
        place = (AS.get(first, first), *field.path[1:])
        if place in (("source",), ("type",)):
            foreign = [name for name in named(field) if not name.startswith(OWN[2][:-2])]
            if not any_holds(field, (*FOREIGN, *foreign)) or not _possible(field, ""):
                return False
        results = results or (place[0] == "data" and len(place) > 1 and place[1] in DATA)
    return results


def _possible(field: tree.Field, command: str) -> bool:
    """Could an event about this command have at this place what is asked for?"""
    first = field.path[0]
    place = (AS.get(first, first), *field.path[1:])
    if place == ("source",):
        return any_holds(field, (f"{ruleset.AUDIT_SOURCE}/x", *named(field, ruleset.AUDIT_SOURCE)))
    if place == ("type",):
        return any_holds(field, (*OWN, *named(field, f"{ruleset.AUDIT_SOURCE}.")))
    if place == ("data", "request", "command"):
        return any_holds(field, (command,))
    if place[0] == "data":
        return len(place) < 2 or place[1] in DATA or field.absent_will_do
    return place[0] in ATTRIBUTES or field.absent_will_do


def named(field: tree.Field, start: str = "") -> tuple[str, ...]:
    """Values that the field names and that begin so."""
    names = (
        getattr(one, name, None)
        for option in field.options
        for one in option
        for name in ("value", "text")
    )
    return tuple(value for value in names if isinstance(value, str) and value.startswith(start))


def any_holds(field: tree.Field, values: tuple[str, ...]) -> bool:
    return any(
        all(condition.holds(value) for condition in option)
        for option in field.options
        for value in values
    )
