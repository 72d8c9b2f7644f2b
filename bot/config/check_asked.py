"""What rules ask for that no event will ever have, and texts that were meant as paths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bot import event_schemas, source
from bot.config import check_rules, rules
from bot.config.context import CheckContext
from bot.rules import conditions, ruleset, template, tree
from bot.source import paths, suggest

PARTS = ("id", "source", "type", "detail-type", "subject", "time", "data", "detail")
"""What every event has at its top."""
OTHERS = ("resource", "resources", "date", "tier")
"""What events may have besides, although it looks like one of these."""
STATUSES = ("Success", "Failed", "Cancelled", "Unknown")
ENDED = (("data", "InvocationStatus"), ("data", "invocationStatus"))
_MEANT = re.compile(
    r"\.?(?:event|detail|data|body|headers|query)\.[\w.\[\]-]+|\.[\w.]+\.[\w.]+"
    r"|\$(?:\{.*\}|\w.*)|\{\s*\$?\.?\w[\w.]*\s*\}"
)


def path_meant(text: object) -> str:
    """The path that a constant was probably meant to be; "" for all else."""
    if not isinstance(text, str) or not _MEANT.fullmatch(text):
        return ""
    name = text.strip("${} ").lstrip(".").removeprefix("event.")
    return f"$.{name}" if "." in name or name in PARTS else f"$.data.{name}"


def check_asked(context: CheckContext, made: Mapping[str, ruleset.Rule]) -> None:
    """Warn of what is asked for in vain."""
    for index, rule in enumerate(context.file.rule):
        pattern = made.get(rule.name)
        key = "when" if rule.pattern is None else "pattern"
        if pattern is not None:
            place = context.parts.origin(("rule", index, key))
            for message in dict.fromkeys(_in_vain(context, pattern)):
                context.diagnostics.warn(place, message)
    for path, target in check_rules.targets(context):
        _check_texts(context, path, target)


def _in_vain(context: CheckContext, rule: ruleset.Rule) -> Iterator[str]:
    for branch in rule.pattern.branches:
        for field in branch:
            yield from _of_field(field)
        yield from _of_form(context, branch)


def _of_field(field: tree.Field) -> Iterator[str]:
    first = field.path[0]
    if first not in (*PARTS, *OTHERS):
        near = suggest.nearest(first, PARTS)
        if near and abs(len(near) - len(first)) <= 1 and near[0] == first[:1]:
            yield f"asks for $.{first}, which few events have; did you mean $.{near}?"
    place = (check_rules.AS.get(first, first), *field.path[1:])
    for value in _equal(field):
        if place in (("type",), ("source",)) and "*" in value:
            start = value.partition("*")[0]
            advice = f'write prefix "{start}"' if value == f"{start}*" else "write wildcard"
            yield f'"{value}" is compared as it stands, with its *; {advice} for what begins so'
        elif place == ("type",) and value.startswith(event_schemas.OWN):
            if value not in event_schemas.TYPES:
                hint = (
                    suggest.meant(value, event_schemas.TYPES, quote="")
                    or "; see docs/reference/cloudevents.md"
                )
                yield f"there are no events of the type {value}{hint}"
        elif place in ENDED and value not in STATUSES and value.capitalize() in STATUSES:
            yield f"{place[1]} is never {value}: capital letters count, {value.capitalize()}"


def _of_form(context: CheckContext, branch: tuple[tree.Field, ...]) -> Iterator[str]:
    """Codes of forms that are heard of only where they are subscribed to."""
    fields = {(check_rules.AS.get(f.path[0], f.path[0]), *f.path[1:]): f for f in branch}
    if ("data", "form") not in fields:
        return
    sender, type_ = fields.get(("source",)), fields.get(("type",))
    if type_ is not None and not check_rules.any_holds(type_, (event_schemas.APPROVED,)):
        return
    for chat in context.file.adapters.chats:
        table, wanted = context.file.table(chat.name), chat.subscription
        if table is None or wanted is None:
            continue
        if sender is not None and not check_rules.any_holds(sender, (f"{chat.name}.approval",)):
            continue
        known = {form.form for form in context.file.form} | set(getattr(table, wanted.key))
        for code in _equal(fields["data", "form"]):
            if code not in known and (sender is not None or re.fullmatch(wanted.code, code)):
                yield (
                    f"no events of the {chat.title} form {code} arrive: it is in no [[form]]; add "
                    f"it to {wanted.key} in [{chat.name}]{suggest.meant(code, known, quote='')}"
                )


def _equal(field: tree.Field) -> Iterator[str]:
    for option in field.options:
        for one in option:
            if isinstance(one, conditions.Equals) and isinstance(one.value, str):
                yield one.value


# ----------------------------------------------------------------------------- texts of targets


def _check_texts(context: CheckContext, path: paths.Path, target: rules.Target) -> None:
    """Constants that were meant as paths, and variables that no template shows."""
    texts: dict[paths.Path, object] = {(*path, "args", n): one for n, one in target.args.items()}
    if target.run_command is not None:
        table = (*path, "run_command", "Parameters")
        texts |= {(*table, n): one for n, one in target.run_command.Parameters.items()}
    if target.form == "TEMPLATE" and isinstance(target.value, Mapping):
        texts |= {(*path, "value", name): one for name, one in target.value.items()}
        _check_variables(context, path, target)
    for place, text in texts.items():
        if meant := path_meant(text):
            message = f"is a text that is taken as it stands; the path would be {meant}"
            context.diagnostics.warn(place, message)


def _check_variables(context: CheckContext, path: paths.Path, target: rules.Target) -> None:
    try:
        used = {hole.name for hole in template.holes(target.template or "")}
    except source.Invalid:
        return  # which is a fault of its own
    for name in target.value or ():
        if name not in used:
            context.diagnostics.warn(
                (*path, "value", name), f"is in the template nowhere; there it is ${{{name}}}"
            )
