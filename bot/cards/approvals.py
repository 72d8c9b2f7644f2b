"""Who must agree to a request, how far that is, and whose turn it is."""

from __future__ import annotations

from collections.abc import Sequence

from bot import model, policy, texts
from bot.cards.parts import Row, bold, moment, name_of, names_of, span
from bot.commands import needs
from bot.deployment import Deployment
from bot.policy import calendar, delegation, oncall, quorum


def asked_block(
    deployment: Deployment,
    request: model.Request,
    needed: quorum.Quorum,
    cast: Sequence[model.Vote],
) -> model.Block:
    """Who may decide, how many are still needed, by when, and whose turn it is."""
    locale, ballot = request.locale, request.ballot
    until = request.expires_at if ballot is None else ballot.expires_at
    rows = approver_rows(deployment, request.locale, needed, cast)
    tally = quorum.tally(needed, cast)
    facts = {"left": max(0, tally.need - tally.have), "have": tally.have, "need": tally.need}
    still = texts.say(locale, "card.still", **facts)
    short = quorum.shortages(needed, cast)
    if until is not None:
        still += texts.say(locale, "card.still.until", time=moment(deployment, until))
    if tally.later:
        still += texts.say(locale, "card.still.turn", names=names_of(deployment, tally.waiting_for))
    rows.append((texts.say(locale, "card.needed"), (bold(still),)))
    if tally.against:
        facts = {"have": tally.against, "need": tally.veto}
        count = texts.say(locale, "card.against.count", **facts)
        rows.append((texts.say(locale, "card.against"), (bold(count),)))
    if short:
        why = needs.shortage_text(deployment.book, locale, short[0])
        rows.append((texts.say(locale, "card.unreachable"), (bold(why),)))
    return model.Block("facts", rows=tuple(rows))


def approver_rows(
    deployment: Deployment, locale: str, needed: quorum.Quorum, cast: Sequence[model.Vote] = ()
) -> list[Row]:
    """Who must agree; where several policies add up, what each of them asks for."""
    rows: list[Row] = []
    for (one, kept), part in zip(needed.everything, quorum.parts(needed, cast), strict=True):
        if one.stages:
            agree = stages_text(deployment, locale, one, part)
        else:
            people = quorum.approvers_of(needed, one)
            agree = ", ".join(present_names(deployment, locale, needed, one, people))
            if one.by_oncall:
                rotas = list(oncall.names(one.people))
                key = "card.on_call" if agree else "card.off_call"
                agree = texts.say(locale, key, names=agree, rotas=rotas)
            if len(people) > 1:
                agree += " · " + texts.say(locale, f"card.mode.{one.mode}", need=one.count)
        if len(needed.everything) > 1:
            agree += f" ({one.name})"
        label = "card.approvers.kept" if kept else "card.approvers"
        rows.append((texts.say(locale, label), (span(agree),)))
    return rows


def present_names(
    deployment: Deployment,
    locale: str,
    needed: quorum.Quorum,
    one: policy.Policy,
    people: Sequence[str],
) -> list[str]:
    """What approvers are called; who is away is said to be, and who stands in for them."""
    names = []
    for who, name in zip(people, names_of(deployment, people), strict=True):
        if who not in needed.book.absences.known:
            names.append(name)
            continue
        other = delegation.stand_in(needed.book, one, needed.involved | needed.barred, who)
        key = "card.away.delegate" if other else "card.away"
        more = {"delegate": names_of(deployment, (other,))[0]} if other else {}
        names.append(texts.say(locale, key, name=name, **more))
    return names


def stages_text(deployment: Deployment, locale: str, one: policy.Policy, part: quorum.Tally) -> str:
    """How each stage of a policy stands."""
    stages = []
    for stage, stand in zip(one.all_stages, part.stages, strict=True):
        names = "+".join(quorum.stage_name(deployment.book, stage))
        facts = {"names": names, "have": len(stand.have), "need": stand.need}
        stages.append(texts.say(locale, "card.stage", **facts))
    return texts.say(locale, f"card.stages.{one.order}").join(stages)


def standing_rows(deployment: Deployment, request: model.Request) -> tuple[Row, ...]:
    """The standing approval whose votes count for it."""
    use, locale = request.standing, request.locale
    if use is None:
        return ()
    facts = {"number": use.number, "use": use.use, "most": use.most}
    name = name_of(deployment, use.person)
    until = calendar.shown(use.until, deployment.book.timezone)
    text = texts.say(locale, "card.standing.use", name=name, time=until, **facts)
    return ((texts.say(locale, "card.standing"), (span(text),)),)
