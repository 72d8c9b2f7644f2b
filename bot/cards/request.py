"""A request's card, as it truthfully stands at every moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from bot import model, texts
from bot.cards import definitions, runs
from bot.cards.approvals import approver_rows, asked_block, standing_rows
from bot.cards.forms import form_rows
from bot.cards.glass import glass_rows
from bot.cards.lead import LOOKS, lead, word_of
from bot.cards.parts import (
    MOST_NAMED,
    Row,
    accounts_of,
    asked_text,
    bold,
    code,
    exact,
    exact_rows,
    grouped,
    instance_name,
    moment,
    name_of,
    names_of,
    para,
    quoted,
    span,
    targets,
    title_of,
    votes_list,
)
from bot.cards.results import FINISHED, HALTED, result_rows, succeeded
from bot.deployment import Deployment
from bot.policy import calendar, locking, quorum
from bot.source import masks

LATE = timedelta(minutes=2)
"""How long a message may be under way before the card says so."""
WARNING = "⚠"
MOST_WARNINGS = 3
"""Warnings within a plan that are repeated above it."""


def request_card(
    deployment: Deployment,
    request: model.Request,
    votes: Sequence[model.Vote] = (),
    results: Sequence[model.InstanceResult] = (),
    others: Sequence[model.Lock] = (),
) -> model.Card:
    """The card as it truthfully stands now. ``others``: what other requests have of that which it
    needs."""
    locale, plan = request.locale, request.plan
    assert plan is not None
    pending = request.state is model.State.PENDING
    needed, subject = quorum.ballot_of(deployment.book, request)
    cast = quorum.votes_on(subject, votes)
    asks = pending or (request.ballot is not None and request.ballot.voted)
    tally = quorum.tally(needed, cast) if asks else None
    waiting = tally.waiting_for if tally is not None and not request.hold else ()
    blocks = [lead(deployment, request), *quoted(request.reason)]
    blocks += warnings(deployment, request, others)
    if not pending:
        blocks += [*runs.blocks(request), *progress_blocks(request, plan, results)]
    if tally is not None:
        blocks.append(asked_block(deployment, request, needed, cast))
    blocks += votes_list(deployment, request, cast if pending else votes)
    heading = fold_heading(locale, plan)
    details = folded(heading, plan_blocks(deployment, request))
    digest = folded(heading, (digest_block(request),))
    open_ = bool(glass_buttons(request))
    key = "card.elsewhere" if asks else "card.elsewhere.status"
    buttons = (*glass_buttons(request), *buttons_of(request, plan))
    above = any(button.action == "approve" for button in buttons)
    cut = "card.left_out.above" if above else "card.left_out"
    word = word_of(request, results)
    return model.Card(
        request=request.id,
        code=request.code,
        title=title_of(request),
        tone="red" if request.glass is not None else LOOKS[word].tone,
        tag=texts.say(locale, f"state.{word}"),
        mark=LOOKS[word].mark,
        blocks=(*blocks, *details) if pending else tuple(blocks),
        aside=digest if pending else (*details, *digest),
        buttons=buttons,
        ask_reason=texts.say(locale, "card.ask_reason") if asks or open_ else "",
        note=foot(deployment, request, votes),
        mentions=accounts_of(deployment, waiting, request.place),
        elsewhere=texts.say(locale, key, id=request.id),
        left_out=texts.say(locale, cut, count="{count}"),
    )


def folded(heading: str, blocks: Iterable[model.Block]) -> tuple[model.Block, ...]:
    """The blocks as a section of the card."""
    return tuple(replace(block, fold=heading) for block in blocks)


def fold_heading(locale: str, plan: model.Plan) -> str:
    """What is found in the section that holds the plan."""
    if plan.internal:
        return texts.say(locale, "card.fold.internal")
    if isinstance(plan, model.TemplateOperation):
        return texts.say(locale, "card.fold.template")
    return texts.say(locale, "card.fold.script", lines=len(plan.script.splitlines()))


def superseded_card(request: model.Request) -> model.Card:
    """What a card of the request becomes that is not the one that decides: without buttons, it
    says that there is another."""
    locale = request.locale
    text = texts.say(locale, "card.other", id=request.id)
    return model.Card(
        request=request.id,
        code=request.code,
        title=title_of(request),
        tone="grey",
        tag=texts.say(locale, "card.other.tag"),
        mark="⚪",
        blocks=(para(span(text)),),
    )


def buttons_of(request: model.Request, plan: model.Plan) -> tuple[model.Button, ...]:
    """What may be done with it now."""
    if request.state is model.State.NOT_STARTED and not request.renewed:
        return runs.buttons(request.locale, request.id, "revote")
    if request.state is model.State.PENDING:
        return decide_buttons(request, plan)
    if request.stopping or request.state.final or request.state is model.State.PLANNING:
        return ()
    if request.ballot is not None:
        if request.hold:
            names = ("reject", "stop") if request.ballot.voted else ("stop",)
            return runs.buttons(request.locale, request.id, *names)
        return runs.ballot_buttons(request, request.ballot)
    if isinstance(plan, model.TemplatePlan) and request.state is model.State.RUNNING:
        return runs.buttons(request.locale, request.id, "pause", "stop")
    again = ("revote",) if request.scheduled and request.hold == "restored" else ()
    return runs.buttons(request.locale, request.id, *again, "stop")


def glass_buttons(request: model.Request) -> tuple[model.Button, ...]:
    """What approvers may say of it afterwards, as long as that is open."""
    if request.glass is None or request.glass.outcome:
        return ()
    return runs.buttons(request.locale, request.id, "ratify", "object")


def decide_buttons(request: model.Request, plan: model.Plan) -> tuple[model.Button, ...]:
    locale = request.locale
    targets = instances_text(locale, plan.instances)
    key = "card.confirm.internal" if plan.internal else "card.confirm"
    confirm = texts.say(locale, key, command=request.command, targets=targets)
    reject = model.Button("reject", texts.say(locale, "card.button.reject"), "danger")
    if request.hold:
        again = runs.buttons(request.locale, request.id, "revote")
        return (*(again if request.hold == "restored" else ()), reject)
    agree = texts.say(locale, "card.button.approve")
    return model.Button("approve", agree, "primary", confirm), reject


def instances_text(locale: str, instances: Sequence[model.Instance]) -> str:
    """The first instances, and how many more there are."""
    text = ", ".join(instance_name(one) for one in instances[:3])
    if len(instances) > 3:
        text += " " + texts.say(locale, "card.more", count=len(instances) - 3)
    return text


def warnings(
    deployment: Deployment, request: model.Request, others: Sequence[model.Lock] = ()
) -> tuple[model.Block, ...]:
    """What somebody has to know who decides on it or looks at how it ended."""
    locale, plan = request.locale, request.plan
    assert plan is not None
    rows = [
        *definitions.incident_rows(request),
        *glass_rows(deployment, request),
        *hold_rows(request),
        *opening_rows(deployment, request),
        *lock_rows(deployment, request, others),
        *standing_rows(deployment, request),
    ]
    if request.state is model.State.PENDING:
        rows += asking_rows(request)
        if request.form is not None:
            counts = quorum.of(deployment.book, request).form_counts
            rows += form_rows(request, request.form, counts)
        rows += plan_warnings(locale, plan)
    rows += escalated_rows(request)
    return (exact_rows(locale, rows),) if rows else ()


def plan_warnings(locale: str, plan: model.Plan) -> list[Row]:
    """What the plan itself warns of; it stands there, too."""
    rows = definitions.rows(locale, plan)
    if isinstance(plan, model.TemplateOperation):
        rows += definitions.limit_rows(locale, plan)
        lines = [line.strip() for line in plan.preview.splitlines()]
        lines = [line for line in lines if line.startswith(WARNING)]
        label = texts.say(locale, "card.alike")
        rows += [(label, (bold(line),)) for line in dict.fromkeys(lines[:MOST_WARNINGS])]
    return [row for row in rows if row[1][0].text.startswith(WARNING)]


def progress_blocks(
    request: model.Request, plan: model.Plan, results: Sequence[model.InstanceResult]
) -> list[model.Block]:
    """How far it is: a bar with figures, and a line for each instance or task."""
    if isinstance(plan, model.TemplateOperation):
        return runs.progress_blocks(request, plan)
    if plan.internal:
        return []
    if not results and request.state not in STARTED:
        return []
    lines = model.Block("list", rows=tuple(result_rows(request, plan, results)))
    if not results and request.state.final:
        return [lines]
    good, ended = sum(map(succeeded, results)), [r for r in results if r.status in FINISHED]
    halted = sum(result.status in HALTED for result in ended)
    failed = len(ended) - good - halted
    status = model.RunStatus(done=good, failed=failed, total=len(plan.instances))
    return [runs.progress_bar(request.locale, status, len(ended)), lines]


STARTED = frozenset(
    {
        model.State.RUNNING,
        model.State.WAITING,
        model.State.SUCCEEDED,
        model.State.FAILED,
        model.State.UNKNOWN,
    }
)


def plan_blocks(deployment: Deployment, request: model.Request) -> tuple[model.Block, ...]:
    """The whole plan: what was asked, what exactly will run, where, as whom."""
    plan, locale = request.plan, request.locale
    assert plan is not None
    say = texts.say
    rows: list[Row] = [(say(locale, "card.request"), (code(asked_text(request)),))]
    if request.form is not None:
        asker = name_of(deployment, request.person)
        form = say(locale, "form.from", title=request.form.title)
        rows.insert(0, (say(locale, "card.asked_by"), (span(f"{asker} · {form}"),)))
    if isinstance(plan, model.TemplateOperation):
        name = name_of(deployment, request.person)
        typed = {key: name for key in plan.hidden if request.args.get(key) == masks.MASK}
        rows += runs.plan_rows(locale, plan, typed)
        rows += definitions.limit_rows(locale, plan)
        text = template_blocks(locale, plan)
    elif isinstance(plan, model.InternalPlan):
        text = (para(bold(say(locale, "card.internal"))), exact(locale, plan.preview))
    else:
        rows += script_rows(locale, plan)
        text = script_blocks(locale, plan)
    return (exact_rows(locale, rows), *targets_blocks(locale, plan), *text)


def digest_block(request: model.Request) -> model.Block:
    """By what the plan is recognised: its code, and the digest that this is the beginning of."""
    rows = (
        (texts.say(request.locale, "card.code"), (code(request.code),)),
        (texts.say(request.locale, "card.digest"), (code(grouped(request.digest)),)),
        *batch_rows(request),
    )
    return model.Block("facts", rows=rows)


def batch_rows(request: model.Request) -> tuple[Row, ...]:
    """What its code is the beginning of, where it is voted on with others."""
    if request.batch is None:
        return ()
    label = texts.say(request.locale, "card.batch.digest")
    return ((label, (code(grouped(request.batch.digest)),)),)


def sheet_blocks(deployment: Deployment, request: model.Request) -> tuple[model.Block, ...]:
    """All that a vote is about, as a reply: the sentence, the reason, what to know, who decides,
    and the whole plan."""
    locale = request.locale
    rows = [
        (texts.say(locale, "card.risk"), (bold(texts.say(locale, f"risk.{request.risk}")),)),
        (texts.say(locale, "card.expires"), (span(moment(deployment, request.expires_at)),)),
        *approver_rows(deployment, locale, quorum.of(deployment.book, request)),
    ]
    about = replace(request, state=model.State.PENDING)
    return (
        lead(deployment, request),
        *quoted(request.reason),
        *warnings(deployment, about),
        exact_rows(locale, rows),
        *plan_blocks(deployment, request),
        digest_block(request),
    )


def escalated_rows(request: model.Request) -> tuple[Row, ...]:
    """Why it takes more people than usual."""
    if not request.escalated:
        return ()
    return ((texts.say(request.locale, "card.escalated"), (span(request.escalated),)),)


def asking_rows(request: model.Request) -> list[Row]:
    """What approvers should know of the asking: that the message is old, or that another request
    for the same is open."""
    locale = request.locale
    rows: list[Row] = []
    age = request.created_at - request.written_at if request.written_at else timedelta()
    if age > LATE:
        text = texts.say(locale, "card.written.ago", age=age)
        rows.append((texts.say(locale, "card.written"), (bold(text),)))
    if request.alike:
        text = texts.say(locale, "card.alike.open", number=request.alike)
        rows.append((texts.say(locale, "card.alike"), (bold(text),)))
    return rows


def hold_rows(request: model.Request) -> tuple[Row, ...]:
    """Why nothing of it starts now, and no vote counts."""
    if not request.hold or request.state.final:
        return ()
    return ((texts.say(request.locale, "card.hold"), (bold(hold_text(request)),)),)


def opening_rows(deployment: Deployment, request: model.Request) -> tuple[Row, ...]:
    """Until when nothing of it may start, and why."""
    locale = request.locale
    text = wait_text(deployment, locale, request)
    label = "card.opening" if request.lock_wait is None else "card.queued"
    rest = rest_text(deployment, request)
    words = (bold(text), span(f" {rest}")) if rest else (bold(text),)
    return ((texts.say(locale, label), words),) if text else ()


def rest_text(deployment: Deployment, request: model.Request) -> str:
    """How long it still waits, and since when that is so; "": it does not wait for a time."""
    opening, at = request.opening, request.counted_at
    if not request.scheduled or opening is None or at is None:
        return ""
    facts = {"left": opening.at - at, "time": moment(deployment, at)}
    return texts.say(request.locale, "opening.left", **facts)


def wait_text(deployment: Deployment, locale: str, request: model.Request) -> str:
    """What the start of a request waits for besides votes, as a sentence; "": nothing."""
    if request.hold:
        return ""
    if request.lock_wait is not None:
        return lock_text(locale, request.lock_wait)
    return opening_text(deployment, locale, request.opening) if request.opening is not None else ""


def lock_text(locale: str, lock_wait: model.LockWait) -> str:
    """For which request something waits, and on what, as a sentence."""
    return texts.say(locale, "lock.waits", number=lock_wait.holder, name=lock_wait.label)


def lock_rows(
    deployment: Deployment, request: model.Request, others: Sequence[model.Lock]
) -> tuple[Row, ...]:
    """Which other requests are at work on what it needs, and what that means for it."""
    if not others:
        return ()
    locale, say = request.locale, texts.say
    parts = [
        say(
            locale,
            "card.lock.held",
            number=one.request,
            name=one.label,
            time=moment(deployment, one.since),
        )
        for one in others
    ]
    modes = {need.mode for need in locking.needs_of(deployment.book, request)}
    if request.state is model.State.PENDING:
        parts += [say(locale, f"card.lock.{mode}") for mode in locking.EXCLUSIVE if mode in modes]
    return ((say(locale, "card.lock"), (bold(" ".join(parts)),)),)


def opening_text(deployment: Deployment, locale: str, opening: model.Opening) -> str:
    """Until when something waits, and why, as a sentence."""
    time = calendar.shown(opening.at, deployment.book.timezone)
    facts = {"name": opening.name, "reason": opening.reason, "time": time}
    return texts.say(locale, f"opening.{opening.kind}", **facts)


def hold_text(request: model.Request) -> str:
    """Why it is held, as a sentence."""
    key = f"hold.{request.hold}"
    key = key if key in texts.PHRASES else "hold.other"
    return texts.say(request.locale, key, id=request.id)


def script_rows(locale: str, plan: model.ScriptPlan | model.StoredCommandPlan) -> list[Row]:
    """Where a script runs, as whom, in which folder, for how long."""
    say = texts.say
    named = targets(locale, plan.instances, "card.targets.below")
    kind = "default" if plan.script_type == "RunShellScript" else "windows"
    user = code(plan.user) if plan.user else span(say(locale, f"card.run_as.{kind}"))
    rows: list[Row] = [
        (say(locale, "card.targets"), named),
        (say(locale, "card.region"), (code(plan.region),)),
        (say(locale, "card.run_as"), (user,)),
        (say(locale, "card.timeout"), (span(say(locale, "card.seconds", count=plan.timeout)),)),
    ]
    if plan.workdir:
        rows.append((say(locale, "card.workdir"), (code(plan.workdir),)))
    return rows + definitions.script_rows(locale, plan)


def targets_blocks(locale: str, plan: model.Plan) -> tuple[model.Block, ...]:
    """Every instance, where there are too many for a line."""
    if len(plan.instances) <= MOST_NAMED:
        return ()
    heading = texts.say(locale, "card.targets.all", count=len(plan.instances))
    lines = "\n".join(instance_name(instance) for instance in plan.instances)
    return para(bold(heading)), exact(locale, lines)


def template_blocks(
    locale: str, plan: model.TemplatePlan | model.RemoteTemplatePlan
) -> tuple[model.Block, ...]:
    """The values that need lines of their own, and what will be done, in order."""
    heading = texts.say(locale, "card.preview")
    values = runs.value_blocks(locale, plan)
    return (*values, para(bold(heading)), exact(locale, plan.preview))


def script_blocks(
    locale: str, plan: model.ScriptPlan | model.StoredCommandPlan
) -> tuple[model.Block, ...]:
    """The text that will run. Of a stored command that an earlier release did not read, its id."""
    if plan.command_id and not plan.script:
        rows = [(texts.say(locale, "card.command_id"), (code(plan.command_id),))]
        rows += [(name, (code(value),)) for name, value in sorted(plan.parameters.items())]
        return (exact_rows(locale, rows),)
    script = plan.script
    facts = {"lines": len(script.splitlines()), "count": len(script.encode())}
    heading = texts.say(locale, "card.script", kind=plan.script_type, **facts)
    return para(bold(heading)), exact(locale, script)


def foot(deployment: Deployment, request: model.Request, votes: Sequence[model.Vote]) -> str:
    """The line under the card: its code, how to answer it by text, or why it ended. That it was
    approved stands above."""
    locale = request.locale
    goes_on = request.state in (model.State.APPROVED, model.State.RUNNING) and not request.stopping
    note = "" if goes_on else note_of(deployment, request, votes)
    if request.state is model.State.PENDING:
        until = moment(deployment, request.expires_at)
        return f"{texts.say(locale, 'card.foot.pending', code=request.code, time=until)} · {note}"
    shown = texts.say(locale, "card.foot", code=request.code, id=request.id)
    return f"{note} · {shown}" if note else shown


def note_of(deployment: Deployment, request: model.Request, votes: Sequence[model.Vote]) -> str:
    """How to answer the card by text, or who decided."""
    locale = request.locale
    if request.renewed:
        return texts.say(locale, "card.note.renewed", number=request.renewed)
    if request.state is model.State.PENDING:
        key = "card.note.hold" if request.hold else "card.note.pending"
        return texts.say(locale, key, id=request.id, code=request.code)
    if request.ballot is not None and not request.stopping:
        voted = request.ballot.voted
        what: str = "voted" if voted else request.ballot.kind
        if request.hold:
            what = "hold" if voted else "hold_within"
        return texts.say(locale, f"card.note.{what}", id=request.id, code=request.code)
    if request.state in (model.State.APPROVED, model.State.RUNNING) and not request.stopping:
        if request.broken and request.glass is not None:
            by = name_of(deployment, request.glass.by.person)
            return texts.say(locale, "card.note.glass", name=by)
        approvers = names_of(
            deployment, (vote.person for vote in votes if vote.approve and not vote.word)
        )
        return texts.say(locale, "card.note.approved", names=approvers)
    if request.stopping and not request.state.final:
        return texts.say(locale, "card.note.stopping", name=name_of(deployment, request.ended_by))
    if request.state is model.State.EXPIRED:
        return texts.say(locale, "card.note.expired")
    if request.note:
        return texts.plain(request.note)
    by = name_of(deployment, request.ended_by) if request.ended_by else ""
    if by and request.state is model.State.REJECTED:
        return texts.say(locale, "card.note.rejected", name=by)
    if by and request.state is model.State.CANCELLED:
        key = "card.note.stopped" if request.approved_at else "card.note.cancelled"
        return texts.say(locale, key, name=by)
    return ""
