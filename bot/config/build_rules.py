"""From the tables of rules to the rulebook, with what is wrong in patterns and transforms told on
the line of the file where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot import model, source
from bot.config import rules, run_commands, schema
from bot.config.context import CheckContext
from bot.config.diagnostics import Diagnostics
from bot.rules import pattern, ruleset, transform
from bot.source import paths

KINDS: Mapping[str, model.How] = {
    "run_command": "command",
    "command": "command",
    "group": "group",
    "thread": "thread",
    "robot": "webhook",
    "url": "webhook",
    "endpoint": "http",
    "bus": "bus",
}
"""The key that says where a target leads → how it is delivered."""


def compiled(context: CheckContext) -> tuple[dict[str, ruleset.Rule], dict[str, ruleset.Rule]]:
    """The rules that are asked and those that are switched off, by name. What is wrong with them
    is noted, and they are left out."""
    active: dict[str, ruleset.Rule] = {}
    silent: dict[str, ruleset.Rule] = {}
    for index, rule in enumerate(context.file.rule):
        meant = _pattern(context, index, rule)
        rules = [
            _target(context, ("rule", index, "target", number), target)
            for number, target in enumerate(rule.target)
        ]
        targets = tuple(target for target in rules if target is not None)
        if meant is not None and len(targets) == len(rules):
            made = ruleset.Rule(rule.name, meant, targets)
            (active if rule.enabled else silent)[rule.name] = made
    return active, silent


def key_of(target: rules.Target) -> str:
    """The key that says where a target leads, the first of those that do; "" if none does."""
    return next((key for key in KINDS if getattr(target, key) is not None), "")


# ----------------------------------------------------------------------------- patterns


def _pattern(context: CheckContext, index: int, rule: rules.Rule) -> pattern.Pattern | None:
    path = context.parts.origin(("rule", index))
    if any(context.faulty(*path, key) for key in ("pattern", "when", "dialect")):
        return None
    key = "when" if rule.pattern is None else "pattern"
    text = rule.when if rule.pattern is None else rule.pattern
    if text is None:
        return None
    if key == "when" and str(text).lstrip()[:1] in ("{", "["):
        message = "is the short form, $.source == …; JSON is written as `pattern`"
        context.diagnostics.fault((*path, key), message)
        return None
    try:
        return pattern.compile(text, rule.dialect)
    except source.Invalid as error:
        _tell(context.diagnostics, (*path, key), error)
    return None


def _tell(diagnostics: Diagnostics, path: paths.Path, error: source.Invalid) -> None:
    """Note the faults of what stands at ``path``, each on its own line."""
    for fault in error.faults:
        mark = fault.mark
        if mark.line:
            diagnostics.fault_within(path, mark.line, mark.column, fault.message)
        else:
            diagnostics.fault((*path, *_steps(mark.path)), fault.message)


def _steps(path: str) -> Iterator[str | int]:
    """The keys and indices of a JSON path; none where it cannot be read again."""
    try:
        steps = paths.parse(path).steps
    except source.Invalid:
        return
    for step in steps:
        yield step[0] if isinstance(step, tuple) else step


# ----------------------------------------------------------------------------- targets


def _target(
    context: CheckContext, where: paths.Path, target: rules.Target
) -> ruleset.Target | None:
    """The target at ``where`` in what is left of the file."""
    path = context.parts.origin(where)
    key = key_of(target)
    if not key:
        return None
    made = ruleset.Target(_to(context.file, target, key), retry=target.retry)
    if KINDS[key] == "command":
        values = _values(context, path, target)
        return None if values is None else _with(made, values=values)
    if key == "bus" or any(context.faulty(*path, part) for part in ("form", "value", "template")):
        return made
    try:
        body = transform.compile(target.form, target.value, target.template)
        transform.check(body, ruleset.PLACES.get(KINDS[key], "json"))
    except source.Invalid as error:
        _tell_transform(context.diagnostics, path, error)
        return None
    return made if body.form == "ORIGINAL" else _with(made, body=body)


def _with(target: ruleset.Target, **more: Any) -> ruleset.Target:
    return ruleset.Target(target.to, retry=target.retry, **more)


def _to(file: schema.File, target: rules.Target, key: str) -> model.Destination:
    """Where a target leads. A group that the file doesn't have is a fault of its own."""
    place = place_of(file, target)
    platform, mentions = place.platform if place else "", tuple(target.mention)
    match key:
        case "group":
            chat = place.chat if place else ""
            return model.ToGroup(platform, _tenant(file, platform), chat, mentions)
        case "thread":
            return model.ToThread(mentions)
        case "robot":
            return model.ToWebhook(f"robot:{target.robot}")
        case "url":
            return model.ToWebhook(str(target.url))
        case "endpoint":
            return model.ToHttp(str(target.endpoint))
        case "bus":
            return model.ToBus(str(target.bus))
    return model.ToCommand(
        command=run_commands.command_of(file, target),
        group=target.group or "",
        platform=platform,
        policy=target.policy or "",
        timeout=(target.run_command.Timeout or 0) if target.run_command is not None else 0,
        person=target.person or "",
    )


def place_of(file: schema.File, target: rules.Target) -> schema.Group | None:
    """The group of a target; None where there is none, which is a fault of its own."""
    named = (group for group in file.group if group.name == target.group)
    return next((g for g in named if target.platform in (None, g.platform)), None)


def _tenant(file: schema.File, platform: str) -> str:
    """The organisation that a chat belongs to, as commands that rules ask for have it."""
    return min(file.tenants(platform), default="")


def _values(
    context: CheckContext, path: paths.Path, target: rules.Target
) -> dict[str, transform.Transform] | None:
    """What makes the parameters of a command; None where something is wrong with it."""
    made: dict[str, transform.Transform] = {}
    arguments = run_commands.arguments(target, path)
    for name, (place, value) in arguments.items():
        try:
            made[name] = run_commands.compiled(value)
        except source.Invalid as error:
            for fault in error.faults:
                context.diagnostics.fault(place, fault.message)
    return made if len(made) == len(arguments) else None


def _tell_transform(diagnostics: Diagnostics, path: paths.Path, error: source.Invalid) -> None:
    """Note what is wrong with a form, its value or its template, at the key that it is about."""
    for fault in error.faults:
        mark = fault.mark
        if mark.line:
            key = "template" if mark.file == "template" else "value"
            diagnostics.fault_within((*path, key), mark.line, mark.column, fault.message)
            continue
        key, _, name = mark.path.partition(".")
        place = (*path, key, name) if name else (*path, key)
        diagnostics.fault(place, fault.message)
