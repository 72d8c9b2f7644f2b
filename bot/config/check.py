"""What several keys say together: who may approve what, and whether that can ever work."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from bot import regexes
from bot.config import check_policies, schema
from bot.config import people as accounts
from bot.config.context import CheckContext as CheckContext
from bot.config.diagnostics import Diagnostics
from bot.source import paths, suggest
from bot.source.tables import Table, table_of
from bot.source.values import ADDRESS, holds, of_this_machine


def check(context: CheckContext) -> None:
    """Note everything that is valid by itself and wrong together."""
    check_platforms(context)
    check_addresses(context)
    check_adapters(context)
    check_traces(context)
    accounts.check_people(context)
    for name, policy in context.file.policy.items():
        check_policies.check_policy(context, name, policy)
    check_groups(context)
    check_operations(context)
    check_forms(context)
    check_patterns(context)
    check_budgets(context)
    check_quotas(context)


def askers(file: schema.File, command: str) -> tuple[str, ...]:
    """The people who may ask for a command."""
    return tuple(
        person.id
        for person in file.person
        if any(
            {"*", command} & set(file.role[role].commands)
            for role in person.roles
            if role in file.role
        )
    )


# ----------------------------------------------------------------------------- connections


def check_platforms(context: CheckContext) -> None:
    adapters = context.file.adapters
    if not context.given_platforms:
        tables = " or ".join(f"[{one.name}]" for one in adapters.chats if not one.evaluation)
        key = next(iter(table_of(adapters.chats[0].settings).model_fields))
        context.diagnostics.fault((), f"there is no chat platform: add {tables}", key)
    cloud = f"[{adapters.cloud.name}]"
    if adapters.cloud.name not in context.parts.values:
        message = f"there is no {cloud}: approved operations would have nowhere to run"
        context.diagnostics.fault((), message, cloud)


def loopback(address: str) -> bool:
    """Does this address stay on this machine?"""
    return of_this_machine(urlsplit(address).hostname or "")


def check_addresses(context: CheckContext) -> None:
    """Plain http to another machine would show it, and everyone on the way, secrets and scripts."""
    adapters = context.file.adapters
    tables: list[tuple[paths.Path, Table | None]] = [
        ((one.name,), context.file.table(one.name))
        for one in (*adapters.chats, adapters.cloud, adapters.robots)
    ]
    tables.append((("web",), context.file.web))
    for place, table in (*tables, *context.parts.entries("bus")):
        for path, address in addresses(table) if table is not None else ():
            plain = address.startswith("http://") and not loopback(address)
            if plain and not context.file.security.allow_plain_http:
                context.diagnostics.fault(
                    (*place, *path),
                    "http:// to another machine would send secrets and scripts readable by anyone "
                    "in between; use https://, or set allow_plain_http in [security]",
                )


def addresses(table: Table) -> Iterator[tuple[paths.Path, str]]:
    """The addresses in a table of an adapter, each with the path to it."""
    for key, info in type(table).model_fields.items():
        value = getattr(table, key)
        if value is not None and holds(info, ADDRESS):
            if isinstance(value, str):
                yield (key,), value
            elif isinstance(value, Mapping):
                yield from (((key, name), str(address)) for name, address in value.items())
            else:
                yield from (((key, index), address) for index, address in enumerate(value))


def check_adapters(context: CheckContext) -> None:
    """What the adapters find wrong with their tables as a whole."""
    adapters = context.file.adapters
    for one in (*adapters.chats, adapters.cloud, adapters.robots):
        table = context.file.table(one.name)
        for flaw in one.check(table) if table is not None else ():
            if not any(context.faulty(one.name, *path) for path in flaw.unless):
                context.diagnostics.fault((one.name, *flaw.path), flaw.message, flaw.about)


def check_traces(context: CheckContext) -> None:
    """Are the packages there that traces are sent by?"""
    if context.file.web.traces is None or context.faulty("web", "traces"):
        return
    if importlib.util.find_spec("opentelemetry") is None:
        context.diagnostics.fault(
            ("web", "traces"),
            'the packages that send traces are not installed: pip install "countersign[otel]"; in '
            'a checkout .venv/bin/python -m pip install -c requirements.lock ".[otel]"',
        )


# ----------------------------------------------------------------------------- the rest


def check_groups(context: CheckContext) -> None:
    chats: dict[tuple[str, str], paths.Path] = {}
    named: dict[tuple[str, str], paths.Path] = {}
    for path, group in context.parts.entries("group"):
        for key, value, places in (("chat", group.chat, chats), ("name", group.name, named)):
            other = places.setdefault((group.platform, value), path)
            if other != path:
                line = context.diagnostics.line(other)
                message = f"the group of line {line} has this {key} on {group.platform} already"
                context.diagnostics.fault((*path, key), message)
        _check_platform(context, path, group.platform, "group")
        for chat in context.file.adapters.chats:
            start = chat.chat_start
            if start and group.platform != chat.name and group.chat.startswith(start):
                message = f"is a chat of {chat.name} by its beginning ({start}): nobody hears of it"
                context.diagnostics.warn((*path, "chat"), message)
        own = context.file.adapters.chat(group.platform)
        if own.direct_start and group.chat.startswith(own.direct_start):
            message = f"begins with {own.direct_start}, as direct chats do: a group may not"
            context.diagnostics.fault((*path, "chat"), message)
        if group.chat == group.name and not own.named_chats:
            message = "is the name: here stands the platform's own id of the chat"
            context.diagnostics.warn((*path, "chat"), message)


def _check_platform(context: CheckContext, path: paths.Path, platform: str, what: str) -> None:
    adapters = context.file.adapters
    others = (adapters.cloud.name, adapters.robots.name)
    if platform.partition(".")[0] not in (*context.given_platforms, *others):
        message = f"there is no [{platform}], so this {what} has no effect"
        context.diagnostics.warn((*path, "platform"), message)


def check_operations(context: CheckContext) -> None:
    """Tables of commands against what their files say."""
    file, diagnostics = context.file, context.diagnostics
    for name, command in file.command.items():
        if len(command.targets) > command.most_targets:
            most = command.most_targets
            message = f"names {len(command.targets)} instances, but most_targets is {most}"
            diagnostics.fault(("command", name, "targets"), message)
        _check_globs(context, name, command)
        known = (context.commands or {}).get(name)
        if known is None:
            continue
        if known.kind != "operation":
            diagnostics.warn(("command", name), f"{name} runs nothing, so this table has no effect")
        parameters = {parameter.name: parameter for parameter in known.parameters}
        table = ("command", name, "allowed_values")
        for parameter, values in command.allowed_values.items():
            check_parameter(diagnostics, table, parameter, list(parameters))
            for index, value in enumerate(values if parameter in parameters else ()):
                message = parameters[parameter].misfit(value)
                if message:
                    diagnostics.fault((*table, parameter, index), message)
    for role, rights in file.role.items():
        for index, command_name in enumerate(rights.commands):
            known = (context.commands or {}).get(command_name)
            if known and known.kind == "operation" and command_name not in file.command:
                message = f"has no table [command.{command_name}], so nobody can ask for it"
                diagnostics.warn(("role", role, "commands", index), f"{command_name} {message}")


_NO_NAME = re.compile(r"[^\w.:*?\[\]-]")


def _check_globs(context: CheckContext, name: str, command: schema.Command) -> None:
    """Patterns that no instance's name fits, and usual instances that none of them fits."""
    globs = command.allowed_targets
    for index, glob in enumerate(globs):
        strange = _NO_NAME.search(re.sub(r"\[.[^]]*\]", "", glob))
        wanted = "* is any text, ? one character, [abc] one of these"
        place = ("command", name, "allowed_targets", index)
        if strange:
            message = f"holds {strange[0]!r}, which no name of an instance has: {wanted}"
            context.diagnostics.warn(place, message)
        elif ".*" in glob:
            message = f"reads like a regular expression, and the dot is only a dot: {wanted}"
            context.diagnostics.warn(place, message)
    if any(glob.startswith(("i-", "*", "?", "[")) for glob in globs):
        return  # one may be allowed by its id, which is not known here
    for index, target in enumerate(command.targets):
        plain = not target.startswith(("i-", "tag:"))
        if plain and not any(fnmatchcase(target, glob) for glob in globs):
            message = f"{target} fits none of allowed_targets, so it is always refused"
            context.diagnostics.fault(("command", name, "targets", index), message)


def check_parameter(
    diagnostics: Diagnostics, table: paths.Path, name: str, known: list[str]
) -> None:
    if name not in known:
        hint = suggest.meant(name, known, quote="") or f"; it has {', '.join(known) or 'none'}"
        diagnostics.fault((*table, name), f"the command has no parameter {name}{hint}")


def check_forms(context: CheckContext) -> None:
    places: dict[tuple[str, str], paths.Path] = {}
    for path, form in context.parts.entries("form"):
        other = places.setdefault((form.platform, form.form), path)
        if other != path:
            line = context.diagnostics.line(other)
            message = f"the form of line {line} is this one already; a form asks for one command"
            context.diagnostics.fault((*path, "form"), message)
        _check_platform(context, path, form.platform, "form")
        known = (context.commands or {}).get(form.command)
        if known is None:
            continue
        parameters = {parameter.name: parameter for parameter in known.parameters}
        table = context.file.command.get(form.command)
        for parameter, text in form.args.items():
            check_parameter(context.diagnostics, (*path, "args"), parameter, list(parameters))
            if parameter in parameters and text.startswith("="):
                allowed = table.allowed_values.get(parameter, ()) if table is not None else ()
                message = parameters[parameter].misfit(text[1:], allowed)
                if message:
                    context.diagnostics.fault((*path, "args", parameter), message)
        for parameter in known.parameters:
            usual = parameter.name == "targets" and has_targets(context.file, form.command)
            if parameter.required and parameter.name not in form.args and not usual:
                message = f"{form.command} needs the parameter {parameter.name}; say which field"
                context.diagnostics.fault((*path, "args"), message, parameter.name)


def has_targets(file: schema.File, command: str) -> bool:
    return command in file.command and bool(file.command[command].targets)


def check_patterns(context: CheckContext) -> None:
    for path, pattern in context.parts.entries("security", "pattern"):
        check_regex(context, (*path, "regex"), pattern.regex)
        if context.faulty(*path, "action") or context.faulty(*path, "policy"):
            continue
        if pattern.action == "escalate" and pattern.policy is None:
            message = 'policy is missing: action = "escalate" needs the policy to ask for'
            context.diagnostics.fault(path, message, "policy")
        if pattern.action != "escalate" and pattern.policy is not None:
            message = f'has no use with action = "{pattern.action}"; only "escalate" asks for one'
            context.diagnostics.fault((*path, "policy"), message, "action")


def check_regex(context: CheckContext, path: paths.Path, pattern: str) -> None:
    """Patterns that are judged apart, or that every text has."""
    regex = regexes.compiled(pattern)
    if not regex.linear:
        message = (
            f"RE2 has not what stands here ({regex.why}), so it is judged apart for at most "
            f"{regexes.LIMIT:g} s, and what takes longer is refused; can it be said without?"
        )
        context.diagnostics.warn(path, message)
    elif regex.search("") and regex.search("\x01\ue000"):
        message = "is found in every text, so it tells nothing apart: can it match nothing?"
        context.diagnostics.warn(path, message)


def check_budgets(context: CheckContext) -> None:
    """Only kinds of calls that the platform knows, counted by what it has."""
    cloud, robots = context.file.adapters.cloud.name, context.file.adapters.robots.name
    others = {cloud: ("lookup", "run"), robots: ("say",)}
    for path, budget in context.parts.entries("budget"):
        runs = budget.platform == cloud
        caller = budget.platform.partition(".")[0]
        kinds = others.get(caller, ("say", "card", "lookup"))
        for index, kind in enumerate(budget.kinds):
            if kind not in kinds:
                message = f"{budget.platform} has no {kind}; it has {', '.join(kinds)}"
                context.diagnostics.fault((*path, "kinds", index), message)
        wrong: Any = "chat" if runs else "region"
        if budget.per == wrong:
            right = "region" if runs else "chat"
            context.diagnostics.fault(
                (*path, "per"), f'{budget.platform} has no {wrong}; write "{right}"'
            )
        _check_platform(context, path, budget.platform, "budget")


def check_quotas(context: CheckContext) -> None:
    """One entry for a platform that is there."""
    platforms: set[str] = set()
    for path, quota in context.parts.entries("quota"):
        if quota.platform in platforms:
            message = f"there is another quota of {quota.platform}; a platform has one"
            context.diagnostics.fault((*path, "platform"), message)
        platforms.add(quota.platform)
        _check_platform(context, path, quota.platform, "quota")
