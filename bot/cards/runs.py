"""What a template's run adds to a card: its plan, how far it is, and what it waits for."""

from __future__ import annotations

from collections.abc import Mapping

from bot import model, texts
from bot.cards import definitions
from bot.cards.lead import bar
from bot.cards.parts import (
    Row,
    accounts_of,
    bold,
    code,
    cut,
    exact,
    para,
    people,
    span,
    targets,
    title_of,
)
from bot.deployment import Deployment
from bot.source import masks

MOST_STAGES = 12
MOST_VALUE = 300
SHORTEST_RANGE = 8
"""Characters: how long a hidden value is, is told in ranges up to this, then twice as much …"""
STAGE_MARKS = {
    "Success": "✅",
    "Failed": "❌",
    "Skipped": "⏭",
    "Running": "⏳",
    "Waiting": "✋",
    "Cancelled": "⏹",
}
STYLES = {"approve": "primary", "resume": "primary", "retry": "primary", "ratify": "primary"}
PLAIN = frozenset({"pause", "skip", "revote"})


# ----------------------------------------------------------------------------- the plan


def plan_rows(
    locale: str, plan: model.TemplateOperation, typed: Mapping[str, str] = {}
) -> list[Row]:
    """Which template, with which values, on what. Of hidden parameters, how long their values are
    and whose they are: ``typed`` names who typed one."""
    say = texts.say
    where = say(locale, f"card.engine.{plan.engine}")
    rows: list[Row] = [
        (say(locale, "card.template"), (bold(plan.template), span(f" {plan.version} · {where}")))
    ]
    others = [name for name in plan.templates if name != plan.template]
    if others:
        rows.append((say(locale, "card.templates"), (span(texts.joined(locale, others, "list")),)))
    rows += definitions.rows(locale, plan)
    if plan.instances:
        named = targets(locale, plan.instances, "card.targets.below")
        rows.append((say(locale, "card.targets"), named))
    rows.append((say(locale, "card.region"), (code(plan.region),)))
    for name, value in plan.parameters.items():
        text = shown(name, value, plan.hidden)
        if name in plan.hidden:
            note = span(" · " + about_hidden(locale, value, typed.get(name, "")))
            rows.append((name, (span(masks.MASK), note)))
        elif name not in plan.targets and not lengthy(text):
            words = code(text) if text else span(say(locale, "card.empty"))
            rows.append((name, (words,)))
    if isinstance(plan, model.TemplatePlan) and plan.canary:
        text = say(locale, "card.canary.after", count=plan.canary)
        rows.append((say(locale, "card.canary"), (span(text),)))
    return rows


def lengthy(text: str) -> bool:
    """Does a value need lines of its own?"""
    return "\n" in text or len(text) > MOST_VALUE


def value_blocks(locale: str, plan: model.Plan) -> list[model.Block]:
    """The values that are too long for a row; and which instances each of several parameters holds,
    where there is more than one."""
    blocks: list[model.Block] = []
    for name, value in plan.parameters.items():
        text = shown(name, value, plan.hidden)
        if name not in plan.targets and lengthy(text):
            blocks += [para(bold(name)), exact(locale, text)]
        elif name in plan.targets and len(plan.targets) > 1:
            heading = texts.say(locale, "card.targets.of", name=name)
            blocks += [para(bold(heading)), exact(locale, text)]
    return blocks


def shown(name: str, value: object, hidden: tuple[str, ...]) -> str:
    """A parameter's value as a card tells it: whole, for people vote on it."""
    if name in hidden:
        return masks.MASK
    text = value if isinstance(value, str) else model.canonical(value)
    return masks.without_tokens(text) if masks.robot(text) else text


def about_hidden(locale: str, value: object, by: str) -> str:
    """What may be told of a hidden value: that it is empty, or about how long; and whose it is."""
    text = value if isinstance(value, str) else model.canonical(value)
    whose = texts.say(locale, "hidden.typed" if by else "hidden.default", name=by)
    if value in (None, "", [], {}):
        return texts.say(locale, "hidden.empty", whose=whose)
    most = SHORTEST_RANGE
    while most < len(text):
        most *= 2
    least = 1 if most == SHORTEST_RANGE else most // 2 + 1
    return texts.say(locale, "hidden.about", least=least, most=most, whose=whose)


# ----------------------------------------------------------------------------- how far it is


def progress_blocks(request: model.Request, plan: model.Plan) -> list[model.Block]:
    """Instances that were left out, how far its loop is, and its tasks as a numbered list."""
    locale, progress = request.locale, request.progress
    parts: list[model.Block] = []
    if request.gone:
        lost = [one for one in plan.instances if one.id in request.gone]
        gone = targets(locale, lost, "card.targets.plan", request.id)
        parts.append(model.Block("facts", rows=((texts.say(locale, "card.gone"), gone),)))
    if progress is None:
        return parts
    if progress.total:
        parts.append(progress_bar(locale, progress, progress.done + progress.failed))
    if progress.stages:
        rows = stage_rows(locale, progress, request.id)
        parts.append(model.Block("list", rows=tuple(rows)))
    return parts


def progress_bar(locale: str, progress: model.RunStatus, ended: int) -> model.Block:
    """How much has ended, as a bar, and the figures."""
    drawn = bar(ended, progress.total)
    return para(bold(f"{drawn} {progress_line(locale, progress)}"))


def progress_line(locale: str, progress: model.RunStatus) -> str:
    """Where the newest loop stands: "12/40 done, 1 failed, 3 running"; what is none is left out."""
    parts = [texts.say(locale, "loop.done", done=progress.done, total=progress.total)]
    for name in ("failed", "running", "halted"):
        if count := getattr(progress, name):
            parts.append(texts.say(locale, f"loop.{name}", count=count))
    return texts.joined(locale, parts, "list")


def detail_text(locale: str, detail: str, number: int) -> str:
    """Why a task failed, as far as it fits; what is left out says how much and where it stands."""
    if len(detail) <= MOST_VALUE:
        return detail
    facts = {"count": len(detail) - MOST_VALUE, "id": number}
    return f"{detail[:MOST_VALUE]} {texts.say(locale, 'card.detail.cut', **facts)}"


def stage_rows(locale: str, progress: model.RunStatus, number: int) -> list[Row]:
    """The tasks, those around the newest where there are many."""
    stages = progress.stages
    begun = [place for place, stage in enumerate(stages) if stage.status]
    first = max(0, min(begun[-1] if begun else 0, len(stages) - 1) - MOST_STAGES + 3)
    lines: list[Row] = []
    for place, stage in enumerate(stages[first : first + MOST_STAGES], first + 1):
        text = texts.say(locale, f"stage.{stage.status or 'none'}")
        if detail := detail_text(locale, stage.detail, number):
            text += f" · {detail}"
        mark = STAGE_MARKS.get(stage.status, "⬜")
        lines.append((f"{mark} {place}. {stage.name}", (span(text),)))
    remaining = len(stages) - len(lines)
    if remaining:
        lines.append(("…", (span(texts.say(locale, "card.more.tasks", count=remaining)),)))
    return lines


def blocks(request: model.Request) -> tuple[model.Block, ...]:
    """What it waits for."""
    ballot = request.ballot
    if ballot is None:
        return ()
    return ballot_blocks(request, ballot)


# ----------------------------------------------------------------------------- what it waits for


def ballot_blocks(request: model.Request, ballot: model.ApprovalStep) -> tuple[model.Block, ...]:
    text = texts.say(request.locale, f"ballot.{ballot.kind}", task=ballot.task or request.command)
    return (para(bold(text)), *shown_blocks(request, ballot))


def shown_blocks(request: model.Request, ballot: model.ApprovalStep) -> tuple[model.Block, ...]:
    """What a ballot is about: whole, but for what a canary's first items put out, which is marked
    where it is cut."""
    if not ballot.shown:
        return ()
    text = ballot.shown
    if ballot.kind == "canary":
        text = cut(request.locale, text, 0, f"plan {request.id}")
    return (exact(request.locale, text),)


def ballot_buttons(request: model.Request, ballot: model.ApprovalStep) -> tuple[model.Button, ...]:
    """What people may answer to what a run waits for."""
    if ballot.voted:
        names: tuple[str, ...] = ("approve", "reject", "stop")
    elif ballot.kind == "unknown":
        names = ("retry", "skip", "stop")
    else:
        names = ("resume", "stop")
    return buttons(request.locale, request.id, *names)


def buttons(locale: str, number: int, *names: str) -> tuple[model.Button, ...]:
    """Buttons by name; what cannot be taken back is confirmed first."""
    choices = []
    for name in names:
        style = STYLES.get(name, "default" if name in PLAIN else "danger")
        key = f"card.confirm.{name}"
        confirm = texts.say(locale, key, id=number) if key in texts.PHRASES else ""
        label = texts.say(locale, f"card.button.{name}")
        choices.append(model.Button(name, label, style, confirm))  # type: ignore[arg-type]
    return tuple(choices)


def ballot_message(
    deployment: Deployment,
    request: model.Request,
    ballot: model.ApprovalStep,
    waiting_for: tuple[str, ...],
) -> model.Message:
    """What a run waits for, said in the thread to those who can answer it."""
    mentions = accounts_of(deployment, waiting_for, request.place)
    text = texts.say(
        request.locale,
        f"say.ballot.{ballot.kind}",
        id=request.id,
        command=request.command,
        task=ballot.task or request.command,
        code=ballot.code,
    )
    spans = people(mentions)
    first = para(*spans, *((span(" "),) if spans else ()), span(text))
    blocks = (first, *shown_blocks(request, ballot))
    return model.Message(title_of(request), blocks, mentions, quote=request.text)


# ----------------------------------------------------------------------------- the outcome


def output_blocks(request: model.Request, outputs: Mapping[str, object]) -> list[model.Block]:
    """The outputs of a template, each short enough for a chat."""
    locale, command = request.locale, f"output {request.id}"
    blocks: list[model.Block] = []
    for name, value in outputs.items():
        text = value if isinstance(value, str) else model.canonical(value)
        if not text:
            continue
        if "\n" not in text and len(text) <= MOST_VALUE:
            blocks.append(model.Block("facts", rows=((name, (code(text),)),)))
        else:
            blocks += [para(bold(name)), model.Block("pre", text=cut(locale, text, 0, command))]
    return blocks
