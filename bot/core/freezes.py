"""Freezes that people ask for and agree to: how one begins, and how it is lifted.

Each is a row of the store, which is read in every transaction that starts something, beside the
freezes of the configuration (``policy.calendar``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatchcase

from bot import model, policy, texts
from bot.core import openings
from bot.core.decision import DecisionBuilder, approvers_of
from bot.core.internal import Draft, Question
from bot.policy import calendar
from bot.source import suggest

EVERYTHING = "all"
MOST_NAMED = 8
"""How many commands the plan names that a pattern means."""


def draft_freeze(question: Question) -> Draft | policy.Refusal:
    """A freeze of a scope until a time, or for a span."""
    values, builder = question.values, question.builder
    until = end_of(question)
    if isinstance(until, policy.Refusal):
        return until
    names = [name for name in str(values["scope"]).split(",") if name]
    known = {group.name for group in builder.deployment.book.groups}
    groups = list(dict.fromkeys(name for name in names if name in known))
    commands = ["*" if name == EVERYTHING else name for name in names if name not in known]
    commands = list(dict.fromkeys(commands))
    for pattern in commands:
        if not commands_of(builder, pattern):
            return unknown(builder, pattern, known, question.locale)
    plan = {
        "groups": groups,
        "commands": commands,
        "until": until.isoformat(),
        "reason": values["reason"],
    }
    return Draft(plan, freeze_text(question, groups, commands, until))


def end_of(question: Question) -> datetime | policy.Refusal:
    """When it ends, by "until" or by "for"; one of them must be said."""
    until, span = question.values["until"], question.values["span"]
    if until and span:
        return policy.Refusal("freeze.both")
    if not until and not span.strip("0dhm"):
        return policy.Refusal("freeze.until")
    zone = question.builder.deployment.book.timezone
    start = f"at={until}" if until else f"in={span}"
    at = openings.start_of(start, zone, question.written_at, question.builder.now)
    assert at is not None
    return at


def commands_of(builder: DecisionBuilder, pattern: str) -> list[str]:
    """The operations that a pattern of names means. Internal ones are never frozen."""
    names = (name for name in builder.deployment.book.commands if fnmatchcase(name, pattern))
    known = (builder.deployment.catalog.find(name) for name in names)
    return [command.name for command in known if command is not None and not command.internal]


def unknown(builder: DecisionBuilder, name: str, groups: set[str], locale: str) -> policy.Refusal:
    """What is said of something that is no group and no operation."""
    names = [EVERYTHING, *sorted(groups), *commands_of(builder, "*")]
    near = suggest.several(name, names)
    return policy.Refusal("freeze.unknown", {"name": name, "names": near or names[:MOST_NAMED]})


def freeze_text(
    question: Question, groups: Sequence[str], commands: Sequence[str], until: datetime
) -> str:
    """What will be frozen, until when, and why, as it is put to the vote."""
    builder, locale = question.builder, question.locale
    zone = builder.deployment.book.timezone
    lines = [texts.say(locale, "freeze.plan", time=calendar.shown(until, zone))]
    lines += [texts.say(locale, "freeze.plan.group", name=name) for name in groups]
    for pattern in commands:
        names = commands_of(builder, pattern)
        key = "freeze.plan.command"
        if pattern == "*":
            key = "freeze.plan.all"
        elif names != [pattern]:
            key = "freeze.plan.commands"
        lines.append(texts.say(locale, key, name=pattern, names=", ".join(names[:MOST_NAMED])))
    lines.append(texts.say(locale, "freeze.plan.reason", reason=question.values["reason"]))
    return "\n".join(lines)


def freeze(builder: DecisionBuilder, plan: model.InternalPlan) -> str | policy.Refusal:
    """It begins; unless its end is over already."""
    until = datetime.fromisoformat(plan.parameters["until"])
    time = calendar.shown(until, builder.deployment.book.timezone)
    if until <= builder.now:
        return policy.Refusal("start.past", {"time": time})
    row = model.Freeze(
        builder.it.id,
        until,
        tuple(plan.parameters["groups"]),
        tuple(plan.parameters["commands"]),
        builder.it.person,
        builder.it.reason,
    )
    builder.freezes.append(row)
    builder.reopened = True  # what waits for another one may have to wait for longer
    builder.enter(
        builder.it.person,
        "freeze.begun",
        scope=list(row.scope),
        until=until.isoformat(),
        by=approvers_of(builder.ballot()[1]),
        digest=builder.it.digest,
    )
    scope = texts.joined(builder.it.locale, row.scope, "list")
    return texts.say(
        builder.it.locale, "freeze.begun", scope=scope, time=time, number=builder.it.id
    )


# ----------------------------------------------------------------------------- lifting


def in_force(builder: DecisionBuilder) -> tuple[model.Freeze, ...]:
    archive = builder.view.archive
    return tuple(archive.freezes(builder.now)) if archive is not None else ()


def draft_unfreeze(question: Question) -> Draft | policy.Refusal:
    """To lift the freeze of this number, or all of this scope."""
    builder, locale, name = question.builder, question.locale, str(question.values["name"])
    rows = in_force(builder)
    meant = [row for row in rows if name.removeprefix("#") == str(row.request)]
    meant = meant or [row for row in rows if set(row.scope) == set(name.split(","))]
    if not meant:
        if any(name == one.name for one in builder.deployment.book.freezes):
            return policy.Refusal("unfreeze.file", {"name": name})
        return policy.Refusal("unfreeze.none", {"name": name})
    lines = [texts.say(locale, "unfreeze.plan")]
    lines += [line_of(builder, row, locale) for row in meant]
    return Draft({"freezes": [row.request for row in meant]}, "\n".join(lines))


def line_of(builder: DecisionBuilder, freeze: model.Freeze, locale: str) -> str:
    """A freeze in a line."""
    time = calendar.shown(freeze.until, builder.deployment.book.timezone)
    scope = texts.joined(locale, freeze.scope, "list")
    return texts.say(
        locale, "freeze.line", name=freeze.name, scope=scope, time=time, reason=freeze.reason
    )


def unfreeze(builder: DecisionBuilder, plan: model.InternalPlan) -> str | policy.Refusal:
    """Lift them; what they kept waiting is judged anew at once."""
    meant = set(plan.parameters["freezes"])
    rows = [row for row in in_force(builder) if row.request in meant]
    names = [f"#{number}" for number in sorted(meant)]
    if not rows:
        return policy.Refusal("unfreeze.over", {"names": names})
    builder.freezes += [replace(row, lifted_at=builder.now) for row in rows]
    builder.reopened = True
    builder.enter(
        builder.it.person,
        "freeze.lifted",
        freezes=[row.request for row in rows],
        by=approvers_of(builder.ballot()[1]),
        digest=builder.it.digest,
    )
    return texts.say(builder.it.locale, "unfreeze.done", names=[row.name for row in rows])
