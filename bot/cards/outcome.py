"""The audit reply of a request that has ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot import model, texts
from bot.cards import definitions, runs
from bot.cards.glass import glass_rows
from bot.cards.lead import LOOKS, lead_text, partly, word_of
from bot.cards.parts import (
    Row,
    bold,
    code,
    name_of,
    para,
    people,
    quoted,
    sentence,
    span,
    standing_text,
    state_word,
    title_of,
    votes_list,
    words,
)
from bot.cards.results import output_blocks, result_rows, succeeded
from bot.deployment import Deployment


def outcome_message(
    deployment: Deployment,
    request: model.Request,
    votes: Sequence[model.Vote],
    results: Sequence[model.InstanceResult],
    stamp: str,
    run_name: str,
) -> model.Message:
    """The audit reply: how it ended, who asked for what, what each instance or task did, failures
    first, what was printed; then who approved, how long it took, the code and the stamp of its
    audit entry."""
    locale, plan = request.locale, request.plan
    assert plan is not None
    headline = headline_of(request, results)
    mentions = tuple(
        account for account in (request.account,) if account.platform == request.place.platform
    )
    mark = LOOKS[word_of(request, results)].mark
    blocks: list[model.Block] = [
        para(bold(f"{mark} {headline} "), *people(mentions)),
        para(span(lead_text(deployment, request))),
        *quoted(request.reason),
    ]
    if rows := definitions.incident_rows(request):
        blocks.append(model.Block("facts", rows=tuple(rows)))
    if request.note:
        blocks.append(para(*words(request.note)))
    if request.state is model.State.NOT_STARTED:
        blocks.append(para(span(texts.say(locale, "say.revote", id=request.id))))
    elif isinstance(plan, model.TemplateOperation):
        blocks += runs.progress_blocks(request, plan)
        blocks += runs.output_blocks(request, request.progress.outputs if request.progress else {})
    elif not plan.internal:
        if request.state is model.State.UNKNOWN:
            blocks.append(para(span(texts.say(locale, "say.unknown.what", name=run_name))))
        rows = result_rows(request, plan, results)
        blocks += [model.Block("list", rows=tuple(rows)), *output_blocks(request, plan, results)]
    blocks.append(model.Block("facts", rows=evidence_rows(deployment, request, votes, stamp)))
    return model.Message(headline, tuple(blocks), mentions, quote=request.text)


def headline_of(request: model.Request, results: Sequence[model.InstanceResult]) -> str:
    """How it ended, in a sentence."""
    facts = {"id": request.id, "command": request.command}
    if partly(request, results):
        progress, plan = request.progress, request.plan
        good, total = sum(map(succeeded, results)), len(plan.instances) if plan else 0
        if progress is not None:
            good, total = progress.done, progress.total
        return texts.say(request.locale, "say.partly_failed", done=good, total=total, **facts)
    key = {
        model.State.SUCCEEDED: "say.succeeded",
        model.State.FAILED: "say.failed",
        model.State.NOT_STARTED: "say.outcome.not_started",
        model.State.CANCELLED: f"say.{request.word}",
    }.get(request.state, "say.unknown")
    if request.plan is not None and request.plan.internal and key == "say.succeeded":
        key = "say.succeeded.internal"
    return texts.say(request.locale, key, **facts)


def evidence_rows(
    deployment: Deployment, request: model.Request, votes: Sequence[model.Vote], stamp: str
) -> tuple[Row, ...]:
    """Who approved, how long it took, the code of what was voted on, and the audit entry."""
    locale, standing = request.locale, request.standing
    approvers = dict.fromkeys(
        name_of(deployment, vote.person)
        + (f" ({texts.say(locale, 'card.via.form')})" if vote.via == "form" else "")
        + (f" ({standing_text(locale, standing)})" if vote.via == "standing" and standing else "")
        + (f" ({texts.say(locale, f'card.vote.{vote.word}')})" if vote.word else "")
        for vote in votes
        if vote.approve and vote.word != "ratify"
    )
    agreed = texts.joined(locale, approvers, "list")
    if request.broken:
        agreed = agreed or texts.say(locale, "say.approved_by.nobody")
    rows: list[Row] = [*glass_rows(deployment, request)]
    rows.append((texts.say(locale, "say.approved_by"), (span(agreed),)))
    began, ended = request.started_at or request.approved_at, request.ended_at
    at_once = request.plan is not None and bool(request.plan.internal)
    if began and ended and request.state is not model.State.NOT_STARTED and not at_once:
        took = max(timedelta(), ended - began - timedelta(seconds=request.stepped))
        rows.append((texts.say(locale, "say.duration"), (span(texts.duration(locale, took)),)))
    rows.append((texts.say(locale, "card.code"), (code(request.code),)))
    rows.append((texts.say(locale, "say.audit"), (span(f"№ {stamp}"),)))
    return tuple(rows)


def ending_message(
    deployment: Deployment,
    request: model.Request,
    votes: Sequence[model.Vote],
    stamp: str,
    text: str,
    mentions: tuple[model.Account, ...],
    why: str = "",
    title: str = "",
) -> model.Message:
    """How a request ended of which nothing ran: a sentence, a voter's reason, the votes, the code
    and the stamp of its audit entry."""
    locale = request.locale
    marked = f"{LOOKS[request.word].mark} {text}"
    said = sentence(title or title_of(request), marked, mentions, request.text)
    rows: list[Row] = []
    if request.plan is not None:
        rows.append((texts.say(locale, "card.code"), (code(request.code),)))
    rows.append((texts.say(locale, "say.audit"), (span(f"№ {stamp}"),)))
    known = any(vote.reason == why for vote in votes)
    blocks = (
        *said.blocks,
        *(() if known else quoted(why)),
        *votes_list(deployment, request, votes),
        model.Block("facts", rows=tuple(rows)),
    )
    return model.Message(said.title, blocks, said.mentions, said.quote)


def fallback_message(
    request: model.Request, stamp: str, mentions: tuple[model.Account, ...] = ()
) -> model.Message:
    """How a request ended, where that could not be told as it should have been: the number, the
    code, the verdict and the stamp. Nothing else may go where the whole was not meant to go."""
    locale = request.locale
    facts = {
        "id": request.id,
        "code": request.code if request.plan is not None else "–",
        "state": state_word(locale, request),
        "stamp": stamp,
    }
    return sentence(f"#{request.id}", texts.say(locale, "say.fallback", **facts), mentions)
