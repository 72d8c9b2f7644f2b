"""How a request looks: its card at every moment, and the messages in its thread.

Only structure is made here; every string goes out as plain text and is escaped by the adapter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from bot import model, policy, texts
from bot.house import House

Row = tuple[str, tuple[model.Span, ...]]

TONES: dict[model.State, str] = {
    model.State.PLANNING: "grey",
    model.State.PENDING: "orange",
    model.State.APPROVED: "blue",
    model.State.RUNNING: "blue",
    model.State.SUCCEEDED: "green",
    model.State.FAILED: "red",
    model.State.REJECTED: "red",
    model.State.UNKNOWN: "red",
}
MARKS: dict[model.State, str] = {
    model.State.SUCCEEDED: "✅",
    model.State.FAILED: "❌",
    model.State.REJECTED: "🚫",
    model.State.CANCELLED: "⏹",
    model.State.EXPIRED: "⌛",
    model.State.UNKNOWN: "❓",
}
FINISHED = frozenset(
    {"Success", "Failed", "Error", "Timeout", "Cancelled", "Terminated", "Invalid", "Aborted"}
)
MOST_NAMED = 8
MOST_OUTPUTS = 4
OUTPUT_LINES = (8, 16)
OUTPUT_CHARS = 1_600
ASKED_CHARS = 200


# ----------------------------------------------------------------------------- small parts


def span(text: str) -> model.Span:
    return model.Span(text)


def bold(text: str) -> model.Span:
    return model.Span(text, "bold")


def code(text: str) -> model.Span:
    return model.Span(text, "code")


def para(*spans: model.Span) -> model.Block:
    return model.Block("para", spans)


def words(text: str) -> tuple[model.Span, ...]:
    """A sentence of the bot's, in which what stands between backticks is to be typed as it is."""
    parts = re.split(r"`([^`\n]+)`", text)
    kinds = (span, code)
    return tuple(kinds[place % 2](part) for place, part in enumerate(parts) if part)


def people(accounts: Iterable[model.Account]) -> tuple[model.Span, ...]:
    """Mentions of these accounts, with a space between them."""
    spans: list[model.Span] = []
    for account in accounts:
        if spans:
            spans.append(span(" "))
        spans.append(model.Span(account.name or account.id, at=account))
    return tuple(spans)


def sentence(
    title: str, text: str, mentions: tuple[model.Account, ...] = (), quote: str = ""
) -> model.Message:
    """A message of one sentence, mentioning people in front of it; `…` in it is code."""
    spans = people(mentions)
    blocks = (para(*spans, *((span(" "),) if spans else ()), *words(text)),)
    return model.Message(title, blocks, mentions, quote)


def moment(house: House, when: datetime) -> str:
    return f"{when.astimezone(house.zone):%m-%d %H:%M}"


def state_word(locale: str, request: model.Request) -> str:
    word = request.state.value
    if request.stopping and not request.state.final:
        word = "stopping"
    elif request.state is model.State.CANCELLED and request.approved_at:
        word = "stopped"
    return texts.say(locale, f"state.{word}")


def name_of(house: House, person: str) -> str:
    known = house.book.people.get(person)
    return known.name if known else person


def names_of(house: House, ids: Iterable[str]) -> list[str]:
    return [name_of(house, person) for person in ids]


def accounts_of(house: House, ids: Iterable[str], place: model.Place) -> tuple[model.Account, ...]:
    """The accounts by which these people can be mentioned in this place."""
    found = (policy.account_of(house.book, who, place.platform, place.tenant) for who in ids)
    return tuple(account for account in found if account is not None)


def instance_name(instance: model.Instance) -> str:
    return f"{instance.name} ({instance.id})" if instance.name else instance.id


def targets_text(locale: str, instances: Sequence[model.Instance]) -> str:
    named = ", ".join(instance_name(instance) for instance in instances[:MOST_NAMED])
    if len(instances) > MOST_NAMED:
        named += " " + texts.say(locale, "card.more", count=len(instances) - MOST_NAMED)
    return named


def title_of(request: model.Request) -> str:
    return f"#{request.id} {request.command}"


# ----------------------------------------------------------------------------- the plan


def asked_text(request: model.Request) -> str:
    """What was typed, on one line; a script in it is not said twice, as the plan tells it whole."""
    text = " ".join(request.text.split())
    return text if len(text) <= ASKED_CHARS else text[:ASKED_CHARS] + " …"


def plan_blocks(house: House, request: model.Request) -> tuple[model.Block, ...]:
    """The whole plan: what was asked, what exactly will run, where, as whom, until when."""
    plan, locale = request.plan, request.locale
    assert plan is not None
    rule = policy.policy_of(house.book, request.policy)
    say = texts.say
    asker: tuple[model.Span, ...] = (span(name_of(house, request.person)),)
    if request.form is not None:
        asker += (span(" · " + say(locale, "form.from", title=request.form.title)),)
    mode = say(locale, f"card.mode.{rule.mode}", need=rule.count)
    electors = names_of(house, policy.electorate(rule, request.person))
    agree = f"{', '.join(electors)} · {mode}" if len(electors) > 1 else ", ".join(electors)
    rows: list[Row] = [
        (say(locale, "card.asked_by"), asker),
        (say(locale, "card.request"), (code(asked_text(request)),)),
    ]
    if request.reason:
        rows.append((say(locale, "card.reason"), (span(request.reason),)))
    if request.form is not None and request.form.late:
        rows.append((say(locale, "card.late"), (span(say(locale, "card.late.why")),)))
    if request.escalated:
        rows.append((say(locale, "card.escalated"), (span(request.escalated),)))
    rows += [
        (say(locale, "card.targets"), (bold(targets_text(locale, plan.instances)),)),
        (
            say(locale, "card.run_as"),
            (span(plan.user or say(locale, "card.run_as.default")),),
        ),
        (
            say(locale, "card.timeout"),
            (span(say(locale, "card.seconds", count=plan.timeout)),),
        ),
        (say(locale, "card.risk"), (bold(say(locale, f"risk.{request.risk}")),)),
        (say(locale, "card.code"), (code(request.code),)),
        (say(locale, "card.expires"), (span(moment(house, request.expires_at)),)),
        (say(locale, "card.approvers"), (span(agree),)),
    ]
    return (model.Block("facts", rows=tuple(rows)), *script_blocks(locale, plan))


def script_blocks(locale: str, plan: model.Plan) -> tuple[model.Block, ...]:
    if plan.command_id:
        values = tuple((name, (code(value),)) for name, value in sorted(plan.parameters.items()))
        stored = (texts.say(locale, "card.command_id"), (code(plan.command_id),))
        return (model.Block("facts", rows=(stored, *values)),)
    return (model.Block("pre", text=plan.script),)


def vote_row(house: House, request: model.Request, votes: Sequence[model.Vote]) -> tuple[Row, ...]:
    if not votes:
        return ()
    locale = request.locale
    parts = []
    for vote in votes:
        word = texts.say(locale, "card.vote.approve" if vote.approve else "card.vote.reject")
        text = f"{name_of(house, vote.person)} {word} {moment(house, vote.at)}"
        if vote.via == "form":
            text += " " + texts.say(locale, "card.via.form")
        parts.append(f"{text}: {vote.reason}" if vote.reason else text)
    return ((texts.say(locale, "card.votes"), (span(" · ".join(parts)),)),)


# ----------------------------------------------------------------------------- the card


def request_card(
    house: House,
    request: model.Request,
    votes: Sequence[model.Vote] = (),
    results: Sequence[model.InstanceResult] = (),
) -> model.Card:
    """The card as it truthfully stands now."""
    locale, plan = request.locale, request.plan
    assert plan is not None
    pending = request.state is model.State.PENDING
    running = request.state in (model.State.APPROVED, model.State.RUNNING)
    votes_row = vote_row(house, request, votes)
    if pending:
        blocks = plan_blocks(house, request)
        if votes_row:
            blocks = (model.Block("facts", rows=votes_row), *blocks)
    else:
        blocks = settled_blocks(house, request, votes_row, results)
    buttons: tuple[model.Button, ...] = ()
    if pending:
        buttons = decide_buttons(request, plan)
    elif running and not request.stopping:
        confirm = texts.say(locale, "card.confirm.stop", id=request.id)
        label = texts.say(locale, "card.button.stop")
        buttons = (model.Button("stop", label, "danger", confirm),)
    rule = policy.policy_of(house.book, request.policy)
    waiting = policy.tally(rule, request.person, tuple(votes)).waiting_for if pending else ()
    state = state_word(locale, request)
    return model.Card(
        request=request.id,
        code=request.code,
        title=title_of(request),
        tone=TONES.get(request.state, "grey"),  # type: ignore[arg-type]
        tag=state,
        blocks=blocks,
        buttons=buttons,
        ask_reason=texts.say(locale, "card.ask_reason") if pending else "",
        note=note_of(house, request, votes),
        mentions=accounts_of(house, waiting, request.place),
    )


def decide_buttons(request: model.Request, plan: model.Plan) -> tuple[model.Button, ...]:
    locale = request.locale
    targets = targets_text(locale, plan.instances[:3])
    if len(plan.instances) > 3:
        targets += " " + texts.say(locale, "card.more", count=len(plan.instances) - 3)
    confirm = texts.say(locale, "card.confirm", command=request.command, targets=targets)
    return (
        model.Button("approve", texts.say(locale, "card.button.approve"), "primary", confirm),
        model.Button("reject", texts.say(locale, "card.button.reject"), "danger"),
    )


def settled_blocks(
    house: House,
    request: model.Request,
    votes_row: tuple[Row, ...],
    results: Sequence[model.InstanceResult],
) -> tuple[model.Block, ...]:
    """The body of a card that is no longer voted on: who, what, and how far it is."""
    locale, plan = request.locale, request.plan
    assert plan is not None
    rows = [
        (texts.say(locale, "card.asked_by"), (span(name_of(house, request.person)),)),
        (texts.say(locale, "card.request"), (code(asked_text(request)),)),
        *votes_row,
        (texts.say(locale, "card.code"), (code(request.code),)),
    ]
    started = request.state in (
        model.State.RUNNING,
        model.State.SUCCEEDED,
        model.State.FAILED,
        model.State.UNKNOWN,
    ) or bool(results)
    if started:
        done = sum(result.status in FINISHED for result in results)
        count = texts.say(locale, "card.progress.count", done=done, total=len(plan.instances))
        rows.append((texts.say(locale, "card.progress"), (bold(count),)))
        rows += result_rows(locale, plan, results, missing_word(request))
    else:
        named = targets_text(locale, plan.instances)
        rows.append((texts.say(locale, "card.targets"), (bold(named),)))
    return (model.Block("facts", rows=tuple(rows)),)


def missing_word(request: model.Request) -> str:
    """What is true of an instance that no result is known of."""
    if not request.state.final:
        return "result.Pending"
    return "state.unknown" if request.state is model.State.UNKNOWN else "result.none"


def result_rows(
    locale: str, plan: model.Plan, results: Sequence[model.InstanceResult], missing: str
) -> list[Row]:
    """One row per instance: those that went wrong first, the rest as far as there is room.
    ``missing`` names the words for an instance without a result."""
    known = {result.instance: result for result in results}

    def rank(instance: model.Instance) -> int:
        result = known.get(instance.id)
        if result is None:
            return 2
        return 1 if succeeded(result) else 0 if result.status in FINISHED else 2

    ordered = sorted(plan.instances, key=rank)
    rows: list[Row] = []
    for instance in ordered[:MOST_NAMED]:
        result = known.get(instance.id)
        text = result_text(locale, result) if result else texts.say(locale, missing)
        rows.append((instance.name or instance.id, (span(text),)))
    if len(ordered) > MOST_NAMED:
        count = len(ordered) - MOST_NAMED
        rows.append(("…", (span(texts.say(locale, "card.more", count=count)),)))
    return rows


def succeeded(result: model.InstanceResult) -> bool:
    return result.status == "Success" and not result.exit_code


def result_text(locale: str, result: model.InstanceResult) -> str:
    """What one instance did, in a line; an exit code that is not 0 outweighs the word Success."""
    broken = result.status == "Success" and not succeeded(result)
    known = f"result.{'Failed' if broken else result.status}"
    text = texts.say(locale, known) if known in texts.PHRASES else result.status
    if result.exit_code is not None and result.status in ("Success", "Failed"):
        text += " · " + texts.say(locale, "say.exit", code=result.exit_code)
    if result.error and result.status != "Success":
        text += f" · {result.error}"
    return text


def note_of(house: House, request: model.Request, votes: Sequence[model.Vote]) -> str:
    """The line under the card: how to answer it by text, or who decided."""
    locale = request.locale
    if request.state is model.State.PENDING:
        return texts.say(locale, "card.note.pending", id=request.id, code=request.code)
    if request.state in (model.State.APPROVED, model.State.RUNNING) and not request.stopping:
        approvers = names_of(house, (vote.person for vote in votes if vote.approve))
        return texts.say(locale, "card.note.approved", names=approvers)
    if request.state in (model.State.APPROVED, model.State.RUNNING):
        return texts.say(locale, "card.note.stopping", name=name_of(house, request.ended_by))
    if request.state is model.State.EXPIRED:
        return texts.say(locale, "card.note.expired")
    if request.note:
        return request.note
    by = name_of(house, request.ended_by) if request.ended_by else ""
    if by and request.state is model.State.REJECTED:
        return texts.say(locale, "card.note.rejected", name=by)
    if by and request.state is model.State.CANCELLED:
        key = "card.note.stopped" if request.approved_at else "card.note.cancelled"
        return texts.say(locale, key, name=by)
    return ""


# ----------------------------------------------------------------------------- the outcome


def cut(locale: str, output: str, dropped: int) -> str:
    """An output short enough for a chat: its head and its tail, and how much is missing between."""
    text = output.rstrip()
    head_lines, tail_lines = OUTPUT_LINES
    lines = text.split("\n")
    head, tail = lines, []
    missing = dropped
    if len(lines) > head_lines + tail_lines:
        head, tail = lines[:head_lines], lines[-tail_lines:]
        missing += len("\n".join(lines[head_lines:-tail_lines]).encode()) + 1
    kept = "\n".join(head), "\n".join(tail)
    room = OUTPUT_CHARS // 2
    if len(kept[0]) + len(kept[1]) > OUTPUT_CHARS:
        whole = "\n".join(part for part in kept if part)
        kept = whole[:room], whole[-room:]
        missing += len(whole[room:-room].encode())
    if not missing:
        return text
    gap = texts.say(locale, "say.dropped", count=missing)
    return "\n".join(part for part in (kept[0], gap, kept[1]) if part)


def outcome_message(
    house: House,
    request: model.Request,
    votes: Sequence[model.Vote],
    results: Sequence[model.InstanceResult],
    stamp: str,
    run_name: str,
) -> model.Message:
    """The audit reply: who asked, who approved, what ran, where, how it ended, and the stamp of
    its audit entry."""
    locale, plan = request.locale, request.plan
    assert plan is not None
    key = {
        model.State.SUCCEEDED: "say.succeeded",
        model.State.FAILED: "say.failed",
        model.State.CANCELLED: "say.stopped",
    }.get(request.state, "say.unknown")
    headline = texts.say(locale, key, id=request.id, command=request.command)
    mentions = tuple(
        account for account in (request.account,) if account.platform == request.place.platform
    )
    approvers = [
        name_of(house, vote.person)
        + (f" ({texts.say(locale, 'card.via.form')})" if vote.via == "form" else "")
        for vote in votes
        if vote.approve
    ]
    began, ended = request.started_at or request.approved_at, request.ended_at
    rows = [
        (texts.say(locale, "card.asked_by"), (span(name_of(house, request.person)),)),
        (texts.say(locale, "say.approved_by"), (span(texts.joined(locale, approvers, "list")),)),
        (texts.say(locale, "say.ran"), (span(f"{request.command} · "), code(request.code))),
    ]
    if request.reason:
        rows.append((texts.say(locale, "card.reason"), (span(request.reason),)))
    rows += result_rows(locale, plan, results, missing_word(request))
    if began and ended:
        rows.append(
            (texts.say(locale, "say.duration"), (span(texts.duration(locale, ended - began)),))
        )
    rows.append((texts.say(locale, "say.audit"), (span(f"№ {stamp}"),)))
    blocks: list[model.Block] = [
        para(bold(f"{MARKS.get(request.state, '')} {headline} "), *people(mentions))
    ]
    if request.note:
        blocks.append(para(span(request.note)))
    if request.state is model.State.UNKNOWN:
        blocks.append(para(span(texts.say(locale, "say.unknown.what", name=run_name))))
    blocks.append(model.Block("facts", rows=tuple(rows)))
    blocks += output_blocks(locale, plan, results)
    return model.Message(headline, tuple(blocks), mentions, quote=request.text)


def output_blocks(
    locale: str, plan: model.Plan, results: Sequence[model.InstanceResult]
) -> list[model.Block]:
    """Outputs, failures first; an output that several instances share is shown once."""
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
        body = cut(locale, output, dropped) or texts.say(locale, "say.no_output")
        blocks += [para(bold(heading)), model.Block("pre", text=body)]
    return blocks


def instances_message(
    locale: str, found: Sequence[model.Instance], mentions: tuple[model.Account, ...], quote: str
) -> model.Message:
    """The answer of the ``instances`` command."""
    title = texts.say(locale, "say.instances", count=len(found))
    if not found:
        return sentence(title, texts.say(locale, "say.instances.none"), mentions, quote)
    rows: list[Row] = []
    for instance in sorted(found, key=lambda instance: instance.name)[:50]:
        text = f"{instance.id} · {instance.status}"
        if not instance.agent:
            text += " · " + texts.say(locale, "say.instances.no_agent")
        rows.append((instance.name or instance.id, (span(text),)))
    if len(found) > 50:
        rows.append(("…", (span(texts.say(locale, "card.more", count=len(found) - 50)),)))
    blocks = (para(bold(title)), model.Block("facts", rows=tuple(rows)))
    return model.Message(title, blocks, mentions, quote)
