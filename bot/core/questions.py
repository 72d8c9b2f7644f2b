"""What a run asks of people: the one question of all it waits for that is put to them now."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot import cards, model, redact, texts
from bot.core import live_runs, plan_preview, plan_template, reachability, reminders
from bot.core.decision import DecisionBuilder
from bot.oos.engine import calls, interpreter
from bot.policy import identity, quorum
from bot.source import masks

PATIENT = frozenset({"pause", "batch", "person", "held", "unknown"})
"""What a run waits for without a vote."""


def ballot(
    builder: DecisionBuilder, run: live_runs.Live, waits: interpreter.Await
) -> model.ApprovalStep:
    """The first thing that the run asks of people."""
    request = builder.it
    rule = quorum.of(builder.deployment.book, request)
    for one in waits.pauses:
        if one.kind == "held":
            return asking(builder, "held", "held", one.task, run, builder.held)
        if one.kind == "person":
            step = asking(builder, one.key or "person", "person", one.task, run)
            return replace(step, by=one.person)
    for approval in waits.approvals:
        if approval.kind == "canary":
            shown = canary_text(approval.shown, names_of(builder))
            return asking(builder, approval.key, "canary", approval.task, run, shown)
        voters, ram = named(builder, approval.approvers, rule)
        step = asking(builder, approval.key, "approval", approval.task, run, notice_text(approval))
        return replace(step, voters=voters, need=max(1, approval.min_required), ram=ram)
    pause = waits.pauses[0]
    kind = "batch" if pause.kind == "batch" else "pause"
    return asking(builder, pause.key, kind, pause.task, run)


def named(
    builder: DecisionBuilder, users: Sequence[str], rule: quorum.Quorum
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Who votes where a task names these RAM users, and which of them are no known person. Where
    it names none, the approvers of the request vote."""
    holders = {user: identity.of_ram(builder.deployment.book, user) for user in users}
    people = tuple(dict.fromkeys(one.id for one in holders.values() if one is not None))
    nobody = tuple(user for user, one in holders.items() if one is None)
    return (people, nobody) if users else (rule.named, ())


def asking(
    builder: DecisionBuilder, key: str, kind: Any, task: str, run: live_runs.Live, shown: str = ""
) -> model.ApprovalStep:
    """``digest`` tells this question from all others that the run asks, so that an answer to one
    never counts for another. A pause by a person has no place of its own: each is another."""
    count = f":{run.count}" if kind in ("person", "held", "unknown") else ""
    text = f"{builder.it.digest}:{key}{count}"
    rule = quorum.of(builder.deployment.book, builder.it)
    return model.ApprovalStep(
        key=key,
        kind=kind,
        task=task,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        shown=shown if kind == "unknown" else redact.covered(builder.it.plan, shown),
        expires_at=builder.now + rule.expires if kind not in PATIENT else None,
    )


def notice_text(approval: interpreter.Approval) -> str:
    """What the message says that asks for the approval."""
    content = approval.notice.content if approval.notice is not None else None
    if isinstance(content, dict):
        for part in content.values():
            if isinstance(part, dict):
                for name in ("content", "text"):
                    if isinstance(part.get(name), str):
                        return str(part[name])
    return content if isinstance(content, str) else ""


def names_of(builder: DecisionBuilder) -> dict[str, str]:
    """What people call the plan's instances, by id."""
    plan = builder.it.plan
    return {one.id: one.name or one.id for one in plan.instances} if plan is not None else {}


def canary_text(shown: Any, names: Mapping[str, str]) -> str:
    """What the first items of a loop gave, a line each."""
    lines = []
    for one in shown or ():
        item = one["item"] if isinstance(one["item"], str) else model.canonical(one["item"])
        item = names.get(item, item)
        line = f"{item}: {one['status']}"
        outputs = {name: value for name, value in one["outputs"].items() if value not in (None, "")}
        if outputs:
            line += f" {model.canonical(outputs)}"
        lines.append(f"{line} {one['error']}" if "error" in one else line)
    return "\n".join(lines)


# ----------------------------------------------------------------------------- doubts


def doubt(builder: DecisionBuilder, run: live_runs.Live, key: str) -> model.ApprovalStep:
    """Whether a call of which nobody knows happened: each is asked about by itself, for of two of
    them one may have happened and the other not."""
    return asking(builder, key, "unknown", key, run, call_text(builder, run, key))


def call_text(builder: DecisionBuilder, run: live_runs.Live, key: str) -> str:
    """The call and all that it was given, a line each, so that people know where to look it up."""
    call, plan = run.state.call(key), builder.it.plan
    if call is None or plan is None or not isinstance(call.what, calls.Api):
        return ""
    what = call.what
    lines = [f"{what.service} {what.api}", f"RegionId: {what.region}"]
    inputs = covered(builder, plan, {**what.parameters, **what.query})
    lines += [
        f"{name}: {written(value)}" for name, value in inputs.items() if is_shown(name, value)
    ]
    return "\n".join(lines)


def covered(
    builder: DecisionBuilder, plan: model.Plan, inputs: Mapping[str, object]
) -> Mapping[str, Any]:
    """What a call is given, without what is hidden. In templates of earlier releases that may stand
    anywhere."""
    if not isinstance(plan, model.TemplateOperation) or not plan.hidden:
        return inputs
    if plan_preview.faults_of(plan_template.subject_of(builder, plan)):
        return dict(redact.covered(plan, inputs))
    return dict(redact.of_call(plan, inputs))


def elsewhere(builder: DecisionBuilder, execution: model.Execution) -> str:
    """What an execution elsewhere shows of what it waits for. What a risky call is given stays as
    it is but for secrets; where one is covered, the last line says how to read it."""
    waiting, plan = execution.waiting, builder.it.plan
    assert waiting is not None
    text = waiting.shown
    if isinstance(plan, model.TemplateOperation) and plan.hidden:
        old = waiting.kind != "confirm" or bool(
            plan_preview.faults_of(plan_template.subject_of(builder, plan))
        )
        text = redact.covered(plan, text) if old else redact.of_script(plan, text)
    return with_note(text, builder.it.locale, execution)


def with_note(text: str, locale: str, execution: model.Execution) -> str:
    """The text, and where to read what is covered in it."""
    if masks.MASK not in text:
        return text
    note = texts.say(locale, "ballot.covered", mark=masks.MASK, execution=execution.id)
    return f"{text}\n\n{note}"


def is_shown(name: str, value: object) -> bool:
    return name.casefold() != "regionid" and value not in (None, "", [], {})


def written(value: object) -> str:
    return value if isinstance(value, str) else model.canonical(value)


# ----------------------------------------------------------------------------- asking


def ask(builder: DecisionBuilder, asks: model.ApprovalStep) -> None:
    """Say in the thread what the run waits for, to those who can answer it."""
    rule, votes = builder.ballot()
    request = builder.it
    waiting = quorum.tally(rule, votes).waiting_for if asks.voted else ()
    builder.enter("countersign", "run.waiting", why=asks.kind, task=asks.task, digest=asks.digest)
    message = cards.ballot_message(
        builder.deployment, request, asks, waiting or askers(builder, asks)
    )
    builder.tell(f"ballot:{asks.digest[:16]}", message)
    if asks.voted:
        if not quorum.can_pass(rule):
            tell_nobody(builder, asks)
        if asks.expires_at is not None:
            wait_for_votes(builder, rule)


def wait_for_votes(builder: DecisionBuilder, rule: quorum.Quorum) -> None:
    """Remember when the votes on a question must be in, and when to remind people of it."""
    builder.remind("ballot_expires", rule.expires)
    reachability.follow_people(builder)
    reminders.wait(builder, "ballot", rule, builder.now + rule.expires)


def tell_nobody(builder: DecisionBuilder, asks: model.ApprovalStep) -> None:
    """Say that not enough people can agree to what was asked, and what can be done."""
    ends = texts.say(builder.it.locale, "say.ballot.ends") if asks.expires_at is not None else ""
    key = "say.ballot.no_ram" if asks.ram else "say.ballot.nobody"
    facts = {"task": asks.task, "users": list(asks.ram), "ends": ends}
    builder.tell_sentence(f"nobody:{asks.digest[:16]}", key, builder.asker(), **facts)


def askers(builder: DecisionBuilder, asks: model.ApprovalStep) -> tuple[str, ...]:
    """Who is asked where nobody votes: the requester to resume, the approvers about a doubt."""
    if asks.kind not in ("unknown", "held"):
        return (builder.it.person,) if asks.kind != "person" else ()
    return quorum.electorate(quorum.of(builder.deployment.book, builder.it))


def remind(builder: DecisionBuilder) -> None:
    """Mention those whose vote the run still waits for."""
    asks = builder.it.ballot
    if asks is None or not asks.voted or asks.expires_at is None:
        return
    reminders.remind(builder, "ballot", asks.expires_at)
