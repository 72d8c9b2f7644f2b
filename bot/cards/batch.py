"""The card of requests that are voted on together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot import model, texts
from bot.cards.approvals import asked_block
from bot.cards.lead import LOOKS, Look, bar, does, targets_text, word_of
from bot.cards.parts import Row, bold, code, grouped, name_of, para, quoted, span, votes_list
from bot.cards.request import (
    fold_heading,
    folded,
    instances_text,
    plan_blocks,
    request_card,
    warnings,
)
from bot.deployment import Deployment
from bot.policy import locking, quorum

MOST_PLANS = 3
"""How many plans the card names of which the whole can be read."""


def batch_card(
    deployment: Deployment,
    members: Sequence[model.Request],
    votes: Sequence[model.Vote],
    archive: model.Archive | None,
) -> model.Card:
    """The card as it truthfully stands now: votes are those on the first, whose card it is."""
    lead, locale = members[0], members[0].locale
    pending = lead.state is model.State.PENDING
    look, tag = looks(members)
    needed, subject = quorum.ballot_of(deployment.book, lead)
    cast = quorum.votes_on(subject, votes)
    blocks = [para(bold(lead_text(deployment, members))), *member_blocks(deployment, members)]
    blocks += warning_blocks(deployment, members, archive)
    if pending:
        blocks.append(asked_block(deployment, lead, needed, cast))
    else:
        blocks.append(progress_block(locale, members))
    blocks += votes_list(deployment, lead, cast if pending else votes)
    details = tuple(block for one in members for block in plan_of(deployment, one))
    card = request_card(deployment, lead, votes)
    digest = folded(texts.say(locale, "card.batch.digest"), (digest_block(lead),))
    plans = [f"plan {one.id}" for one in members[:MOST_PLANS]]
    return replace(
        card,
        title=title_of(members),
        tone=look.tone,
        mark=look.mark,
        tag=tag,
        blocks=(*blocks, *details) if pending else tuple(blocks),
        aside=digest if pending else (*details, *digest),
        buttons=buttons(card, members) if pending else (),
        note=card.note if pending else texts.say(locale, "card.batch.note", id=lead.id),
        elsewhere=texts.say(locale, "card.batch.elsewhere", names=plans),
    )


def title_of(members: Sequence[model.Request]) -> str:
    lead = members[0]
    return f"#{lead.id} +{len(members) - 1} {lead.command}"


def looks(members: Sequence[model.Request]) -> tuple[Look, str]:
    """How all of them together are told at a glance, and in a word."""
    lead, ended = members[0], [one for one in members if one.state.final]
    locale = lead.locale
    if lead.state is model.State.PENDING:
        word = word_of(lead)
        return LOOKS[word], texts.say(locale, f"state.{word}")
    words = list(dict.fromkeys(map(word_of, members)))
    if len(ended) == len(members) and len(words) == 1:
        return LOOKS[words[0]], texts.say(locale, f"state.{words[0]}")
    tag = texts.say(locale, "card.batch.done", done=len(ended), total=len(members))
    if len(ended) < len(members):
        return LOOKS["running"], tag
    return LOOKS[next(word for word in words if word != "succeeded")], tag


def lead_text(deployment: Deployment, members: Sequence[model.Request]) -> str:
    """One sentence: who wants how many things, where, how risky."""
    lead = members[0]
    regions = dict.fromkeys(one.plan.region for one in members if one.plan is not None)
    past = all(one.state.final for one in members)
    return texts.say(
        lead.locale,
        "card.batch.lead.past" if past else "card.batch.lead",
        name=name_of(deployment, lead.person),
        count=len(members),
        where=list(filter(None, regions)) or [deployment.region or "–"],
        risk=texts.say(lead.locale, f"risk.{lead.risk}"),
    )


def member_blocks(deployment: Deployment, members: Sequence[model.Request]) -> list[model.Block]:
    """A line for each: its number, what it does, and once it is decided on, how far it is. A reason
    that all have stands once."""
    reasons = {one.reason for one in members}
    rows = [(f"#{one.id}", (span(member_text(deployment, one, reasons)),)) for one in members]
    common = quoted(members[0].reason) if len(reasons) == 1 else ()
    return [model.Block("facts", rows=tuple(rows)), *common]


def member_text(deployment: Deployment, request: model.Request, reasons: set[str]) -> str:
    locale, plan = request.locale, request.plan
    assert plan is not None
    facts = {"does": does(deployment, request, plan)}
    facts["targets"] = targets_text(locale, plan.instances)
    parts = [texts.say(locale, "card.batch.one", **facts)]
    if request.state is not model.State.PENDING:
        parts.append(texts.say(locale, f"state.{word_of(request)}"))
    if len(reasons) > 1 and request.reason:
        parts.append(" ".join(request.reason.split()))
    return " · ".join(parts)


def warning_blocks(
    deployment: Deployment, members: Sequence[model.Request], archive: model.Archive | None
) -> tuple[model.Block, ...]:
    """What somebody has to know of any of them, each said once."""
    held = ((one, locking.others(deployment.book, one, archive)) for one in members)
    blocks = [block for one, others in held for block in warnings(deployment, one, others)]
    rows = dict.fromkeys(row for block in blocks for row in block.rows)
    return (replace(blocks[0], rows=tuple(rows)),) if blocks else ()


def progress_block(locale: str, members: Sequence[model.Request]) -> model.Block:
    """How many of them have ended, as a bar, and the figures."""
    ended, total = sum(one.state.final for one in members), len(members)
    count = texts.say(locale, "card.batch.done", done=ended, total=total)
    return para(bold(f"{bar(ended, total)} {count}"))


def plan_of(deployment: Deployment, request: model.Request) -> tuple[model.Block, ...]:
    """The whole plan of one of them, with its digest, as a section."""
    locale, plan = request.locale, request.plan
    assert plan is not None
    label = texts.say(locale, "card.digest")
    digest = model.Block("facts", rows=((label, (code(grouped(request.digest)),)),))
    heading = f"#{request.id} · {fold_heading(locale, plan)}"
    return folded(heading, (*plan_blocks(deployment, request), digest))


def digest_block(lead: model.Request) -> model.Block:
    """By what all of it is recognised: its code, and the digest that this is the beginning of."""
    locale, batch = lead.locale, lead.batch
    assert batch is not None
    rows: tuple[Row, ...] = (
        (texts.say(locale, "card.code"), (code(model.short(batch.digest)),)),
        (texts.say(locale, "card.batch.digest"), (code(grouped(batch.digest)),)),
    )
    return model.Block("facts", rows=rows)


def buttons(card: model.Card, members: Sequence[model.Request]) -> tuple[model.Button, ...]:
    """Those of the card, which ask about all of it before they approve."""
    lead = members[0]
    targets = {one.id: one for each in members if each.plan for one in each.plan.instances}
    facts = {"count": len(members), "command": lead.command}
    facts["targets"] = instances_text(lead.locale, tuple(targets.values()))
    confirm = texts.say(lead.locale, "card.batch.confirm", **facts)
    return tuple(
        replace(one, confirm=confirm) if one.action == "approve" else one for one in card.buttons
    )
