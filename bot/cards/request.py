"""A request's card, as it truthfully stands at every moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot import model, texts
from bot.cards import definitions, runs
from bot.cards.forms import form_rows
from bot.cards.parts import (
    MOST_NAMED,
    Row,
    accounts_of,
    asked_text,
    bold,
    code,
    exact,
    exact_rows,
    instance_name,
    moment,
    name_of,
    names_of,
    para,
    span,
    state_word,
    targets,
    title_of,
    vote_row,
)
from bot.cards.results import FINISHED, result_rows
from bot.deployment import Deployment
from bot.policy import quorum
from bot.source import masks

LATE = timedelta(minutes=2)
"""How long a message may be under way before the card says so."""

TONES: dict[model.State, str] = {
    model.State.PLANNING: "grey",
    model.State.PENDING: "orange",
    model.State.APPROVED: "blue",
    model.State.RUNNING: "blue",
    model.State.WAITING: "orange",
    model.State.SUCCEEDED: "green",
    model.State.FAILED: "red",
    model.State.REJECTED: "red",
    model.State.UNKNOWN: "red",
    model.State.NOT_STARTED: "red",
}


def request_card(
    deployment: Deployment,
    request: model.Request,
    votes: Sequence[model.Vote] = (),
    results: Sequence[model.InstanceResult] = (),
) -> model.Card:
    """The card as it truthfully stands now."""
    locale, plan = request.locale, request.plan
    assert plan is not None
    pending = request.state is model.State.PENDING
    needed, digest = quorum.ballot_of(deployment.book, request)
    cast = quorum.votes_on(digest, votes)
    asks = pending or (request.ballot is not None and request.ballot.voted)
    if pending:
        blocks = plan_blocks(deployment, request)
        if votes_row := vote_row(deployment, request, cast):
            blocks = (model.Block("facts", rows=votes_row), *blocks)
    else:
        blocks = settled_blocks(deployment, request, vote_row(deployment, request, votes), results)
    waiting = quorum.tally(needed, cast).waiting_for if asks and not request.hold else ()
    key = "card.elsewhere" if asks else "card.elsewhere.status"
    buttons = buttons_of(request, plan)
    above = any(button.action == "approve" for button in buttons)
    cut = "card.left_out.above" if above else "card.left_out"
    return model.Card(
        request=request.id,
        code=request.code,
        title=title_of(request),
        tone=TONES.get(request.state, "grey"),  # type: ignore[arg-type]
        tag=state_word(locale, request),
        blocks=blocks,
        buttons=buttons,
        ask_reason=texts.say(locale, "card.ask_reason") if asks else "",
        note=note_of(deployment, request, votes),
        mentions=accounts_of(deployment, waiting, request.place),
        elsewhere=texts.say(locale, key, id=request.id),
        left_out=texts.say(locale, cut, count="{count}"),
    )


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
        blocks=(para(span(text)),),
        note=text,
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
    return runs.buttons(request.locale, request.id, "stop")


def decide_buttons(request: model.Request, plan: model.Plan) -> tuple[model.Button, ...]:
    locale = request.locale
    targets = ", ".join(instance_name(one) for one in plan.instances[:3])
    if len(plan.instances) > 3:
        targets += " " + texts.say(locale, "card.more", count=len(plan.instances) - 3)
    confirm = texts.say(locale, "card.confirm", command=request.command, targets=targets)
    reject = model.Button("reject", texts.say(locale, "card.button.reject"), "danger")
    if request.hold:
        again = runs.buttons(request.locale, request.id, "revote")
        return (*(again if request.hold == "restored" else ()), reject)
    agree = texts.say(locale, "card.button.approve")
    return model.Button("approve", agree, "primary", confirm), reject


def settled_blocks(
    deployment: Deployment,
    request: model.Request,
    votes_row: tuple[Row, ...],
    results: Sequence[model.InstanceResult],
) -> tuple[model.Block, ...]:
    """The body of a card that is no longer voted on: who, what, and how far it is."""
    locale, plan = request.locale, request.plan
    assert plan is not None
    rows = [
        *definitions.incident_rows(request),
        *hold_rows(request),
        (texts.say(locale, "card.asked_by"), (span(name_of(deployment, request.person)),)),
        (texts.say(locale, "card.request"), (code(asked_text(request)),)),
        *escalated_rows(request),
        *votes_row,
        (texts.say(locale, "card.code"), (code(request.code),)),
    ]
    started = request.state in (
        model.State.RUNNING,
        model.State.WAITING,
        model.State.SUCCEEDED,
        model.State.FAILED,
        model.State.UNKNOWN,
    ) or bool(results)
    if isinstance(plan, model.TemplateOperation):
        rows += runs.rows(request, plan)
        return (model.Block("facts", rows=tuple(rows)), *runs.blocks(request))
    if started:
        done = sum(result.status in FINISHED for result in results)
        count = texts.say(locale, "card.progress.count", done=done, total=len(plan.instances))
        rows.append((texts.say(locale, "card.progress"), (bold(count),)))
        rows += result_rows(request, plan, results)
    else:
        named = targets(locale, plan.instances, "card.targets.plan", request.id)
        rows.append((texts.say(locale, "card.targets"), named))
    return (model.Block("facts", rows=tuple(rows)), *runs.blocks(request))


def plan_blocks(deployment: Deployment, request: model.Request) -> tuple[model.Block, ...]:
    """The whole plan: what was asked, what exactly will run, where, as whom, until when."""
    plan, locale = request.plan, request.locale
    assert plan is not None
    say = texts.say
    asker: tuple[model.Span, ...] = (span(name_of(deployment, request.person)),)
    if request.form is not None:
        asker += (span(" · " + say(locale, "form.from", title=request.form.title)),)
    rows: list[Row] = [
        (say(locale, "card.asked_by"), asker),
        (say(locale, "card.request"), (code(asked_text(request)),)),
    ]
    if request.reason:
        rows.append((say(locale, "card.reason"), (span(request.reason),)))
    rows += hold_rows(request)
    rows += asking_rows(request)
    if request.form is not None:
        rows += form_rows(request, request.form, quorum.of(deployment.book, request).form_counts)
    rows += escalated_rows(request)
    if isinstance(plan, model.TemplateOperation):
        name = name_of(deployment, request.person)
        typed = {key: name for key in plan.hidden if request.args.get(key) == masks.MASK}
        rows += runs.plan_rows(locale, plan, typed)
        rows += definitions.limit_rows(locale, plan)
        text = template_blocks(locale, plan)
    else:
        rows += script_rows(locale, plan)
        text = script_blocks(locale, plan)
    rows += [
        (say(locale, "card.risk"), (bold(say(locale, f"risk.{request.risk}")),)),
        (say(locale, "card.code"), (code(request.code),)),
        (say(locale, "card.expires"), (span(moment(deployment, request.expires_at)),)),
        *approver_rows(deployment, request),
    ]
    return (
        exact_rows(locale, rows),
        *targets_blocks(locale, plan),
        *text,
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


def approver_rows(deployment: Deployment, request: model.Request) -> list[Row]:
    """Who must agree; where several policies add up, what each of them asks for."""
    locale, needed = request.locale, quorum.of(deployment.book, request)
    rows: list[Row] = []
    for one, kept in needed.everything:
        people = quorum.electors(needed, one)
        agree = ", ".join(names_of(deployment, people))
        if len(people) > 1:
            agree += " · " + texts.say(locale, f"card.mode.{one.mode}", need=one.count)
        if len(needed.everything) > 1:
            agree += f" ({one.name})"
        label = "card.approvers.kept" if kept else "card.approvers"
        rows.append((texts.say(locale, label), (span(agree),)))
    return rows


def hold_rows(request: model.Request) -> tuple[Row, ...]:
    """Why nothing of it starts now, and no vote counts."""
    if not request.hold or request.state.final:
        return ()
    return ((texts.say(request.locale, "card.hold"), (bold(hold_text(request)),)),)


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


def note_of(deployment: Deployment, request: model.Request, votes: Sequence[model.Vote]) -> str:
    """The line under the card: how to answer it by text, or who decided."""
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
