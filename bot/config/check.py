"""What several keys say together: who may approve what, and whether that can ever work."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from bot import regexes
from bot.config import people as accounts
from bot.config import schema
from bot.config.notes import Notes
from bot.config.sight import Sight as Sight
from bot.source import paths, suggest
from bot.source.tables import Table, table_of
from bot.source.values import ADDRESS, holds


def check(sight: Sight) -> None:
    """Note everything that is valid by itself and wrong together."""
    check_platforms(sight)
    check_addresses(sight)
    check_adapters(sight)
    accounts.check_people(sight)
    for name, policy in sight.file.policy.items():
        check_policy(sight, name, policy)
    check_groups(sight)
    check_operations(sight)
    check_forms(sight)
    check_patterns(sight)
    check_budgets(sight)


def approvers(file: schema.File, policy: schema.Policy) -> tuple[str, ...]:
    """The people whom a policy names, each once, in order; roles stand for their holders."""
    found: dict[str, None] = {}
    known = {person.id for person in file.person}
    for name in policy.approvers:
        if name.startswith("role:"):
            role = name.removeprefix("role:")
            found |= dict.fromkeys(person.id for person in file.person if role in person.roles)
        elif name in known:
            found[name] = None
    return tuple(found)


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


def check_platforms(sight: Sight) -> None:
    adapters = sight.file.adapters
    if not sight.given_platforms:
        tables = " or ".join(f"[{name}]" for name in adapters.platforms)
        key = next(iter(table_of(adapters.chats[0].settings).model_fields))
        sight.notes.fault((), f"there is no chat platform: add {tables}", key)
    cloud = f"[{adapters.cloud.name}]"
    if adapters.cloud.name not in sight.parts.values:
        message = f"there is no {cloud}: approved operations would have nowhere to run"
        sight.notes.fault((), message, cloud)


def loopback(address: str) -> bool:
    """Does this address stay on this machine?"""
    return of_this_machine(urlsplit(address).hostname or "")


def of_this_machine(host: str) -> bool:
    """Is this a name or an address that nobody else reaches?"""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_addresses(sight: Sight) -> None:
    """Plain http to another machine would show it, and everyone on the way, secrets and scripts."""
    adapters = sight.file.adapters
    tables: list[tuple[paths.Path, Table | None]] = [
        ((one.name,), sight.file.table(one.name))
        for one in (*adapters.chats, adapters.cloud, adapters.robots)
    ]
    for place, table in (*tables, *sight.parts.entries("bus")):
        for path, address in addresses(table) if table is not None else ():
            plain = address.startswith("http://") and not loopback(address)
            if plain and not sight.file.security.allow_plain_http:
                sight.notes.fault(
                    (*place, *path),
                    "http:// to another machine would send secrets and scripts readable by anyone "
                    "in between; use https://, or set allow_plain_http in [security]",
                )


def addresses(table: Table) -> Iterator[tuple[paths.Path, str]]:
    """The addresses in a table of an adapter, each with the path to it."""
    for key, info in type(table).model_fields.items():
        value = getattr(table, key)
        if holds(info, ADDRESS):
            if isinstance(value, str):
                yield (key,), value
            elif isinstance(value, Mapping):
                yield from (((key, name), str(address)) for name, address in value.items())
            else:
                yield from (((key, index), address) for index, address in enumerate(value))


def check_adapters(sight: Sight) -> None:
    """What the adapters find wrong with their tables as a whole."""
    adapters = sight.file.adapters
    for one in (*adapters.chats, adapters.cloud, adapters.robots):
        table = sight.file.table(one.name)
        for flaw in one.check(table) if table is not None else ():
            if not any(sight.told(one.name, *path) for path in flaw.unless):
                sight.notes.fault((one.name, *flaw.path), flaw.message, flaw.about)


# ----------------------------------------------------------------------------- policies


def check_policy(sight: Sight, name: str, policy: schema.Policy) -> None:
    """Can this policy be satisfied at all?"""
    path: paths.Path = ("policy", name)
    notes, people = sight.notes, approvers(sight.file, policy)
    for index, approver in enumerate(policy.approvers):
        role = approver.removeprefix("role:")
        empty = approver.startswith("role:") and role in sight.file.role
        if empty and not any(role in person.roles for person in sight.file.person):
            message = f"nobody holds the role {role}, so it approves nothing"
            notes.warn((*path, "approvers", index), message)
    named = any(not dangling(sight.file, approver) for approver in policy.approvers)
    if not people and named:
        notes.fault((*path, "approvers"), "names nobody, so nobody could ever approve")
    if policy.mode == "count" and policy.count is None and not sight.told(*path, "count"):
        notes.fault(path, 'count is missing: mode = "count" needs the number of approvals', "count")
    elif policy.mode != "count" and policy.count is not None and not sight.told(*path, "mode"):
        message = f'has no use with mode = "{policy.mode}"; write "count"'
        notes.fault((*path, "count"), message, "mode")
    complete = all(not dangling(sight.file, approver) for approver in policy.approvers)
    if people and complete and policy.mode == "count" and (policy.count or 1) > len(people):
        verb = "is" if len(people) == 1 else "are"
        message = f"needs {policy.count} approvals, but there {verb} only {counted(people)}"
        notes.fault((*path, "count"), message)
    late = policy.remind is not None and policy.remind >= policy.expires
    if late and not sight.told(*path, "expires"):
        message = "the reminder must come before the request expires: remind < expires"
        notes.fault((*path, "remind"), message, "expires")


def dangling(file: schema.File, approver: str) -> bool:
    """Does the name lead nowhere? That is a fault of its own already."""
    if approver.startswith("role:"):
        return approver.removeprefix("role:") not in file.role
    return approver not in {person.id for person in file.person}


def counted(names: Iterable[str]) -> str:
    found = list(names)
    count = f"{len(found)} approver" + ("s" if len(found) != 1 else "")
    return f"{count} ({', '.join(found[:8])})"


# ----------------------------------------------------------------------------- the rest


def check_groups(sight: Sight) -> None:
    chats: dict[tuple[str, str], paths.Path] = {}
    named: dict[tuple[str, str], paths.Path] = {}
    for path, group in sight.parts.entries("group"):
        for key, value, seen in (("chat", group.chat, chats), ("name", group.name, named)):
            other = seen.setdefault((group.platform, value), path)
            if other != path:
                line = sight.notes.line(other)
                message = f"the group of line {line} has this {key} on {group.platform} already"
                sight.notes.fault((*path, key), message)
        _check_platform(sight, path, group.platform, "group")
        for chat in sight.file.adapters.chats:
            start = chat.chat_start
            if start and group.platform != chat.name and group.chat.startswith(start):
                message = f"is a chat of {chat.name} by its beginning ({start}): nobody hears of it"
                sight.notes.warn((*path, "chat"), message)
        chosen = sight.file.adapters.chat(group.platform).named_chats
        if group.chat == group.name and not chosen:
            message = "is the name: here stands the platform's own id of the chat"
            sight.notes.warn((*path, "chat"), message)


def _check_platform(sight: Sight, path: paths.Path, platform: str, what: str) -> None:
    adapters = sight.file.adapters
    others = (adapters.cloud.name, adapters.robots.name)
    if platform.partition(".")[0] not in (*sight.given_platforms, *others):
        message = f"there is no [{platform}], so this {what} has no effect"
        sight.notes.warn((*path, "platform"), message)


def check_operations(sight: Sight) -> None:
    """Tables of commands against what their files say."""
    file, notes = sight.file, sight.notes
    for name, command in file.command.items():
        if len(command.targets) > command.most_targets:
            most = command.most_targets
            message = f"names {len(command.targets)} instances, but most_targets is {most}"
            notes.fault(("command", name, "targets"), message)
        _check_globs(sight, name, command)
        known = (sight.commands or {}).get(name)
        if known is None:
            continue
        if known.kind != "operation":
            notes.warn(("command", name), f"{name} runs nothing, so this table has no effect")
        parameters = {parameter.name: parameter for parameter in known.parameters}
        table = ("command", name, "allowed_values")
        for parameter, values in command.allowed_values.items():
            check_parameter(notes, table, parameter, list(parameters))
            for index, value in enumerate(values if parameter in parameters else ()):
                message = parameters[parameter].misfit(value)
                if message:
                    notes.fault((*table, parameter, index), message)
    for role, rights in file.role.items():
        for index, command_name in enumerate(rights.commands):
            known = (sight.commands or {}).get(command_name)
            if known and known.kind == "operation" and command_name not in file.command:
                message = f"has no table [command.{command_name}], so nobody can ask for it"
                notes.warn(("role", role, "commands", index), f"{command_name} {message}")


_NO_NAME = re.compile(r"[^\w.:*?\[\]-]")


def _check_globs(sight: Sight, name: str, command: schema.Command) -> None:
    """Patterns that no instance's name fits, and usual instances that none of them fits."""
    globs = command.allowed_targets
    for index, glob in enumerate(globs):
        strange = _NO_NAME.search(re.sub(r"\[.[^]]*\]", "", glob))
        wanted = "* is any text, ? one character, [abc] one of these"
        place = ("command", name, "allowed_targets", index)
        if strange:
            message = f"holds {strange[0]!r}, which no name of an instance has: {wanted}"
            sight.notes.warn(place, message)
        elif ".*" in glob:
            message = f"reads like a regular expression, and the dot is only a dot: {wanted}"
            sight.notes.warn(place, message)
    if any(glob.startswith(("i-", "*", "?", "[")) for glob in globs):
        return  # one may be allowed by its id, which is not known here
    for index, target in enumerate(command.targets):
        plain = not target.startswith(("i-", "tag:"))
        if plain and not any(fnmatchcase(target, glob) for glob in globs):
            message = f"{target} fits none of allowed_targets, so it is always refused"
            sight.notes.fault(("command", name, "targets", index), message)


def check_parameter(notes: Notes, table: paths.Path, name: str, known: list[str]) -> None:
    if name not in known:
        hint = suggest.meant(name, known, quote="") or f"; it has {', '.join(known) or 'none'}"
        notes.fault((*table, name), f"the command has no parameter {name}{hint}")


def check_forms(sight: Sight) -> None:
    seen: dict[tuple[str, str], paths.Path] = {}
    for path, form in sight.parts.entries("form"):
        other = seen.setdefault((form.platform, form.form), path)
        if other != path:
            line = sight.notes.line(other)
            message = f"the form of line {line} is this one already; a form asks for one command"
            sight.notes.fault((*path, "form"), message)
        _check_platform(sight, path, form.platform, "form")
        known = (sight.commands or {}).get(form.command)
        if known is None:
            continue
        parameters = {parameter.name: parameter for parameter in known.parameters}
        table = sight.file.command.get(form.command)
        for parameter, text in form.args.items():
            check_parameter(sight.notes, (*path, "args"), parameter, list(parameters))
            if parameter in parameters and text.startswith("="):
                allowed = table.allowed_values.get(parameter, ()) if table is not None else ()
                message = parameters[parameter].misfit(text[1:], allowed)
                if message:
                    sight.notes.fault((*path, "args", parameter), message)
        for parameter in known.parameters:
            usual = parameter.name == "targets" and has_targets(sight.file, form.command)
            if parameter.required and parameter.name not in form.args and not usual:
                message = f"{form.command} needs the parameter {parameter.name}; say which field"
                sight.notes.fault((*path, "args"), message, parameter.name)


def has_targets(file: schema.File, command: str) -> bool:
    return command in file.command and bool(file.command[command].targets)


def check_patterns(sight: Sight) -> None:
    for path, pattern in sight.parts.entries("security", "pattern"):
        regex = regexes.compiled(pattern.regex)
        if not regex.linear:
            message = (
                f"RE2 has not what stands here ({regex.why}), so it is judged apart for at most "
                f"{regexes.LIMIT:g} s, and what takes longer is refused; can it be said without?"
            )
            sight.notes.warn((*path, "regex"), message)
        elif regex.search("") and regex.search("\x01\ue000"):
            message = "is found in every text, so it tells nothing apart: can it match nothing?"
            sight.notes.warn((*path, "regex"), message)
        if sight.told(*path, "action") or sight.told(*path, "policy"):
            continue
        if pattern.action == "escalate" and pattern.policy is None:
            message = 'policy is missing: action = "escalate" needs the policy to ask for'
            sight.notes.fault(path, message, "policy")
        if pattern.action != "escalate" and pattern.policy is not None:
            message = f'has no use with action = "{pattern.action}"; only "escalate" asks for one'
            sight.notes.fault((*path, "policy"), message, "action")


def check_budgets(sight: Sight) -> None:
    """Only kinds of calls that the platform knows, counted by what it has."""
    cloud, robots = sight.file.adapters.cloud.name, sight.file.adapters.robots.name
    others = {cloud: ("lookup", "run"), robots: ("say",)}
    for path, budget in sight.parts.entries("budget"):
        runs = budget.platform == cloud
        caller = budget.platform.partition(".")[0]
        kinds = others.get(caller, ("say", "card", "lookup"))
        for index, kind in enumerate(budget.kinds):
            if kind not in kinds:
                message = f"{budget.platform} has no {kind}; it has {', '.join(kinds)}"
                sight.notes.fault((*path, "kinds", index), message)
        wrong: Any = "chat" if runs else "region"
        if budget.per == wrong:
            right = "region" if runs else "chat"
            sight.notes.fault((*path, "per"), f'{budget.platform} has no {wrong}; write "{right}"')
        _check_platform(sight, path, budget.platform, "budget")
