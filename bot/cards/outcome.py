"""The audit reply of a request that has ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot import model, texts
from bot.cards import definitions, runs
from bot.cards.parts import (
    MARKS,
    Row,
    bold,
    code,
    name_of,
    para,
    people,
    sentence,
    span,
    state_word,
    targets,
    title_of,
    vote_row,
    words,
)
from bot.cards.results import output_blocks, result_rows
from bot.deployment import Deployment


def outcome_message(
    deployment: Deployment,
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
        model.State.NOT_STARTED: "say.outcome.not_started",
        model.State.CANCELLED: f"say.{request.word}",
    }.get(request.state, "say.unknown")
    headline = texts.say(locale, key, id=request.id, command=request.command)
    mentions = tuple(
        account for account in (request.account,) if account.platform == request.place.platform
    )
    approvers = dict.fromkeys(
        name_of(deployment, vote.person)
        + (f" ({texts.say(locale, 'card.via.form')})" if vote.via == "form" else "")
        + (f" ({texts.say(locale, f'card.vote.{vote.word}')})" if vote.word else "")
        for vote in votes
        if vote.approve
    )
    began, ended = request.started_at or request.approved_at, request.ended_at
    rows = [
        *definitions.incident_rows(request),
        (texts.say(locale, "card.asked_by"), (span(name_of(deployment, request.person)),)),
        (texts.say(locale, "say.approved_by"), (span(texts.joined(locale, approvers, "list")),)),
        (texts.say(locale, "say.ran"), (span(f"{request.command} · "), code(request.code))),
    ]
    if request.reason:
        rows.append((texts.say(locale, "card.reason"), (span(request.reason),)))
    unstarted = request.state is model.State.NOT_STARTED
    doubtful = False
    if isinstance(plan, model.TemplateOperation):
        rows += runs.rows(request, plan)
        printed = runs.output_blocks(request, request.progress.outputs if request.progress else {})
    else:
        rows += script_rows(request, plan, results)
        printed = output_blocks(request, plan, results)
        doubtful = request.state is model.State.UNKNOWN
    if began and ended and not unstarted:
        took = max(timedelta(), ended - began - timedelta(seconds=request.stepped))
        rows.append((texts.say(locale, "say.duration"), (span(texts.duration(locale, took)),)))
    rows.append((texts.say(locale, "say.audit"), (span(f"№ {stamp}"),)))
    blocks: list[model.Block] = [
        para(bold(f"{MARKS.get(request.state, '')} {headline} "), *people(mentions))
    ]
    if request.note:
        blocks.append(para(*words(request.note)))
    if unstarted:
        blocks.append(para(span(texts.say(locale, "say.revote", id=request.id))))
    if doubtful:
        blocks.append(para(span(texts.say(locale, "say.unknown.what", name=run_name))))
    blocks.append(model.Block("facts", rows=tuple(rows)))
    return model.Message(headline, (*blocks, *printed), mentions, quote=request.text)


def script_rows(
    request: model.Request, plan: model.Plan, results: Sequence[model.InstanceResult]
) -> list[Row]:
    """What each instance did; where nothing was started, which they would have been."""
    if request.state is not model.State.NOT_STARTED:
        return result_rows(request, plan, results)
    named = targets(request.locale, plan.instances, "card.targets.plan", request.id)
    return [(texts.say(request.locale, "card.targets"), named)]


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
    said = sentence(title or title_of(request), text, mentions, request.text)
    rows = [*vote_row(deployment, request, votes)]
    if why:
        rows.insert(0, (texts.say(locale, "card.reason"), (span(why),)))
    if request.plan is not None:
        rows.append((texts.say(locale, "card.code"), (code(request.code),)))
    rows.append((texts.say(locale, "say.audit"), (span(f"№ {stamp}"),)))
    blocks = (*said.blocks, model.Block("facts", rows=tuple(rows)))
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
