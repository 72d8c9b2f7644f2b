"""What a card says first: who wants what, where and how risky, and which state it is in."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from bot import model, texts
from bot.cards.parts import bold, name_of, para
from bot.cards.results import succeeded
from bot.deployment import Deployment

Tone = Literal["orange", "yellow", "blue", "green", "red", "purple", "grey"]
NAMED = 4
"""Instances that the sentence names; of more, it names one fewer and says how many there are."""
LONGEST = 40
"""Characters of a parameter's value in the sentence."""


class Look(NamedTuple):
    """How a state is told at a glance, beside its word."""

    mark: str
    tone: Tone


LOOKS: Mapping[str, Look] = {
    "planning": Look("⚪", "grey"),
    "pending": Look("🟠", "orange"),
    "on_hold": Look("⏸", "yellow"),
    "approved": Look("🔵", "blue"),
    "scheduled": Look("🔵", "blue"),
    "queued": Look("🔵", "blue"),
    "glass": Look("🔴", "red"),
    "running": Look("🔵", "blue"),
    "stopping": Look("🔵", "blue"),
    "waiting": Look("🟠", "orange"),
    "midway": Look("🟠", "orange"),
    "canary": Look("🟠", "orange"),
    "paused": Look("⏸", "yellow"),
    "doubtful": Look("❓", "purple"),
    "succeeded": Look("✅", "green"),
    "failed": Look("❌", "red"),
    "partly_failed": Look("❌", "red"),
    "rejected": Look("🚫", "red"),
    "rejected_within": Look("🚫", "red"),
    "expired": Look("⌛", "grey"),
    "expired_within": Look("⌛", "grey"),
    "cancelled": Look("⏹", "grey"),
    "stopped": Look("⏹", "grey"),
    "refused": Look("⛔", "red"),
    "not_started": Look("⛔", "red"),
    "unknown": Look("❓", "purple"),
}
"""By the word for the state, which cards say as the phrase "state.<word>"."""


def word_of(request: model.Request, results: Sequence[model.InstanceResult] = ()) -> str:
    """The word for what people see: a request on hold is that first, and a failure may be one of
    a part only."""
    asks = request.state is model.State.PENDING or request.ballot is not None
    if request.hold and (asks or request.scheduled) and not request.stopping:
        return "on_hold"
    return "partly_failed" if partly(request, results) else request.word


def partly(request: model.Request, results: Sequence[model.InstanceResult]) -> bool:
    """Did it succeed on some instances, or for some items, and fail on others?"""
    if request.state is not model.State.FAILED:
        return False
    if request.progress is not None:
        return bool(request.progress.done and request.progress.failed)
    return any(map(succeeded, results))


def lead_text(deployment: Deployment, request: model.Request) -> str:
    """One sentence: who wants what, where, how risky."""
    locale, plan = request.locale, request.plan
    assert plan is not None
    key = "card.lead" if plan.instances else "card.lead.plain"
    key = "card.lead.internal" if plan.internal else key
    return texts.say(
        locale,
        f"{key}.past" if request.state.final else key,
        name=name_of(deployment, request.person),
        does=does(deployment, request, plan),
        targets=targets_text(locale, plan.instances),
        where=plan.region or deployment.region or "–",
        risk=texts.say(locale, f"risk.{request.risk}"),
    )


def lead(deployment: Deployment, request: model.Request) -> model.Block:
    return para(bold(lead_text(deployment, request)))


def does(deployment: Deployment, request: model.Request, plan: model.Plan) -> str:
    """What the command does, in its own words where the plan was made by the command of now."""
    locale = request.locale
    command = deployment.catalog.find(request.command)
    words = command.does.get(locale, "") if command is not None else ""
    if command is None or command.version != plan.version or not words:
        kind = "template" if isinstance(plan, model.TemplateOperation) else "command"
        return texts.say(locale, f"card.does.{kind}", command=request.command)
    names = {name for _, name, *_ in string.Formatter().parse(words) if name}
    return words.format_map({name: _value(locale, request.args.get(name)) for name in names})


def _value(locale: str, value: object) -> str:
    """A parameter's value, on one line and short."""
    parts = value if isinstance(value, list | tuple) else ["–" if value is None else value]
    text = " ".join(texts.joined(locale, parts, "list").split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def targets_text(locale: str, instances: Sequence[model.Instance]) -> str:
    """The instances by name, or some of them and how many there are."""
    names = [one.name or one.id for one in instances]
    if len(names) <= NAMED:
        return texts.joined(locale, names, "list" if locale == texts.LOCALES[0] else "and")
    some = names[: NAMED - 1]
    return texts.say(locale, "card.lead.many", names=some, total=len(names))


BAR = 10
"""Segments of a bar, at most."""


def bar(done: int, total: int) -> str:
    """How far something is: one segment for each, or for each tenth. Full only at the end."""
    size = min(total, BAR)
    full = done * size // total if total else 0
    return "▰" * full + "▱" * (size - full)
