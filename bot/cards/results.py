"""What instances did, as rows and as outputs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot import model, texts
from bot.cards.parts import MOST_NAMED, Row, bold, cut, para, sentence, span

FINISHED = frozenset(
    {"Success", "Failed", "Error", "Timeout", "Cancelled", "Terminated", "Invalid", "Aborted"}
)
HALTED = frozenset({"Cancelled", "Terminated"})
"""Ended because somebody stopped it, which is no failure."""
MOST_OUTPUTS = 4
MARKS = {
    "Running": "⏳",
    "Stopping": "⏳",
    "Pending": "⬜",
    "Scheduled": "⬜",
    "Cancelled": "⏹",
    "Terminated": "⏹",
}
"""Marks of what one instance did; what ended otherwise has failed, or succeeded."""


def missing_word(request: model.Request) -> str:
    """What is true of an instance that no result is known of."""
    if not request.state.final:
        return "result.Pending"
    return "state.unknown" if request.state is model.State.UNKNOWN else "result.none"


def result_rows(
    request: model.Request,
    plan: model.Plan,
    results: Sequence[model.InstanceResult],
    most: int = MOST_NAMED,
) -> list[Row]:
    """One line per instance: those that went wrong first, the rest as far as there is room."""
    locale, missing = request.locale, missing_word(request)
    known = {result.instance: result for result in results}

    def rank(instance: model.Instance) -> int:
        result = known.get(instance.id)
        if result is None:
            return 2
        return 1 if succeeded(result) else 0 if result.status in FINISHED else 2

    ordered = sorted(plan.instances, key=rank)
    rows: list[Row] = []
    for instance in ordered[:most]:
        result = known.get(instance.id)
        text = result_text(locale, result) if result else texts.say(locale, missing)
        mark = mark_of(result) if result else "❓" if missing == "state.unknown" else "⬜"
        rows.append((f"{mark} {instance.name or instance.id}", (span(text),)))
    if len(ordered) > most:
        more = texts.say(locale, "card.more.status", count=len(ordered) - most, id=request.id)
        rows.append(("…", (span(more),)))
    return rows


def mark_of(result: model.InstanceResult) -> str:
    if succeeded(result):
        return "✅"
    return MARKS.get(result.status, "❌" if result.status in FINISHED else "⏳")


def took(locale: str, result: model.InstanceResult) -> str:
    """How long it ran there, where the platform says so."""
    try:
        began, ended = map(datetime.fromisoformat, (result.started_at, result.finished_at))
        return texts.duration(locale, ended - began)
    except (TypeError, ValueError):
        return ""


def succeeded(result: model.InstanceResult) -> bool:
    return result.status == "Success" and not result.exit_code


def result_text(locale: str, result: model.InstanceResult) -> str:
    """What one instance did, in a line; an exit code that is not 0 outweighs the word Success."""
    broken = result.status == "Success" and not succeeded(result)
    known = f"result.{'Failed' if broken else result.status}"
    text = texts.say(locale, known) if known in texts.PHRASES else result.status
    if result.exit_code is not None and result.status in ("Success", "Failed"):
        text += " · " + texts.say(locale, "say.exit", code=result.exit_code)
    if result.status in FINISHED and (length := took(locale, result)):
        text += f" · {length}"
    if result.error and result.status != "Success":
        text += f" · {result.error}"
    return text


def output_blocks(
    request: model.Request, plan: model.Plan, results: Sequence[model.InstanceResult]
) -> list[model.Block]:
    """Outputs, failures first; an output that several instances share is shown once. What is cut or
    left out says so, with the command that shows it."""
    locale = request.locale
    names = {instance.id: instance.name or instance.id for instance in plan.instances}
    order = {instance.id: place for place, instance in enumerate(plan.instances)}

    def rank(result: model.InstanceResult) -> tuple[bool, int]:
        return succeeded(result), order.get(result.instance, len(order))

    groups: dict[tuple[str, int], list[str]] = {}
    for result in sorted(results, key=rank):
        key = (result.output, result.dropped)
        groups.setdefault(key, []).append(names.get(result.instance, result.instance))
    blocks = []
    for (output, dropped), who in list(groups.items())[:MOST_OUTPUTS]:
        heading = ", ".join(who[:MOST_NAMED])
        if len(who) > MOST_NAMED:
            heading += " " + texts.say(locale, "card.more", count=len(who) - MOST_NAMED)
        command = f"output {request.id} {who[0]}"
        body = cut(locale, output, dropped, command) or texts.say(locale, "say.no_output")
        blocks += [para(bold(heading)), model.Block("pre", text=body)]
    if remaining := len(groups) - MOST_OUTPUTS:
        more = texts.say(locale, "say.more_outputs", count=remaining, id=request.id)
        blocks += [para(span(more))] if remaining > 0 else []
    return blocks


def instances_message(
    locale: str,
    instances: Sequence[model.Instance],
    mentions: tuple[model.Account, ...],
    quote: str,
) -> model.Message:
    """The answer of the ``instances`` command."""
    title = texts.say(locale, "say.instances", count=len(instances))
    if not instances:
        return sentence(title, texts.say(locale, "say.instances.none"), mentions, quote)
    rows: list[Row] = []
    for instance in sorted(instances, key=lambda instance: instance.name)[:50]:
        text = f"{instance.id} · {instance.status}"
        if not instance.agent:
            text += " · " + texts.say(locale, "say.instances.no_agent")
        rows.append((instance.name or instance.id, (span(text),)))
    if len(instances) > 50:
        more = texts.say(locale, "card.more.instances", count=len(instances) - 50)
        rows.append(("…", (span(more),)))
    blocks = (para(bold(title)), model.Block("list", rows=tuple(rows)))
    return model.Message(title, blocks, mentions, quote)
