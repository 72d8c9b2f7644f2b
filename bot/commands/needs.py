"""What a request needs before it runs: its policies, where they came from, and how they stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot import model, policy, texts
from bot.policy import quorum


@dataclass(frozen=True, slots=True)
class StageNeed:
    """One stage, with the names of people: who agreed, who may decide now, whose turn is later."""

    name: str
    need: int
    have: tuple[str, ...]
    now: tuple[str, ...]
    later: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Need:
    """One policy. ``origin``: why it must be satisfied. ``verdict``: "waiting", "approved" or
    "rejected"; ``against`` of ``veto`` rejections are in. ``unreachable``: why too few people are
    left for it, "" where there are enough."""

    policy: str
    origin: str
    verdict: str
    have: int
    need: int
    against: int
    veto: int
    in_order: bool
    stages: tuple[StageNeed, ...]
    unreachable: str


def needs_of(
    book: policy.Book, request: model.Request, votes: Iterable[model.Vote], locale: str
) -> tuple[Need, ...]:
    """What the request needs that is voted on now, by the votes that are in."""
    needed, digest = quorum.ballot_of(book, request)
    cast = quorum.votes_on(digest, votes)
    short = {one.policy: one for one in quorum.shortages(needed, cast)}
    needs = []
    for (one, kept), part in zip(needed.everything, quorum.parts(needed, cast), strict=True):
        unreachable = ""
        if one in short and part.verdict == "waiting":
            unreachable = shortage_text(book, locale, short[one])
        needs.append(
            Need(
                one.name,
                texts.say(locale, "why.kept") if kept else origin(book, request, one.name, locale),
                part.verdict,
                part.have,
                part.need,
                part.against,
                part.veto,
                one.order == "sequence" and len(one.all_stages) > 1,
                _stages(book, one, part),
                unreachable,
            )
        )
    return tuple(needs)


def _stages(book: policy.Book, one: policy.Policy, part: quorum.Tally) -> tuple[StageNeed, ...]:
    return tuple(
        StageNeed(
            ", ".join(quorum.stage_name(book, stage)) if one.stages else one.name,
            stand.need,
            *(tuple(quorum.names(book, people)) for people in (stand.have, stand.now, stand.later)),
        )
        for stage, stand in zip(one.all_stages, part.stages, strict=True)
    )


def shortage_text(book: policy.Book, locale: str, short: quorum.Shortage) -> str:
    """Which stages of a policy cannot be filled, and who there is."""
    key = "unreachable.stages" if short.lack.people else "unreachable.stage"
    text = texts.say(locale, key, **quorum.shortage_facts(book, short))
    away = [who for who in short.policy.people if who in book.absences.known]
    if away:
        text += texts.say(locale, "unreachable.away", names=quorum.names(book, away))
    return text


def origin(book: policy.Book, request: model.Request, name: str, locale: str) -> str:
    """Where a policy of a request came from, as words."""
    ballot = request.ballot
    if ballot is not None and ballot.kind == "approval":
        return texts.say(locale, "why.task", task=ballot.task)
    if name != request.policy:
        reasons = _reasons(book, request, name) or (request.escalated,)
        return texts.say(locale, "why.added", reason="; ".join(reasons))
    rule = book.commands.get(request.command)
    if rule is not None and rule.policy == name:
        return texts.say(locale, "why.usual", command=request.command)
    if request.form is not None:
        return texts.say(locale, "why.form", title=request.form.title)
    if request.rules:
        return texts.say(locale, "why.rule", rule=request.rules[-1])
    return texts.say(locale, "why.other", command=request.command)


def _reasons(book: policy.Book, request: model.Request, name: str) -> Sequence[str]:
    """Which of the reasons for further people call for this policy."""
    tables = [(one.policy, one.reason) for one in book.patterns]
    tables += [(one.policy, one.reason) for one in book.when]
    spoken = (texts.spoken(request.locale, reason) for by, reason in tables if by == name)
    return [reason for reason in dict.fromkeys(spoken) if reason in request.escalated]
