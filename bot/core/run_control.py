"""What people say to a run that is under way: votes on what it asks, pause, resume, retry, skip."""

from __future__ import annotations

from typing import Literal

from bot import cards, model, policy, texts
from bot.core import authority, run_hold, run_remote, run_script, run_template
from bot.core.decision import DecisionBuilder, refusal_text
from bot.policy import quorum

WORDS = ("pause", "resume", "retry", "skip")
_TOLD = {"pause": "paused", "resume": "resumed", "retry": "retry", "skip": "skip"}


def steer(
    builder: DecisionBuilder,
    person: policy.Person,
    account: model.Account,
    word: str,
    via: Literal["card", "text"],
) -> run_script.Answer:
    """Pause a run, or answer to what it waits for; and say what came of it."""
    request, locale = builder.it, builder.locale
    key = refusal_of_word(builder, person, word)
    if key:
        builder.enter(person.id, "steer.refused", word=word, state=request.state.value)
        turn = key in ("steer.again", "steer.not_yet")
        who = quorum.tally(*answers(builder, word)).waiting_for if turn else who_may(builder, word)
        names = cards.names_of(builder.deployment, who)
        word_ = cards.state_word(locale, request)
        return texts.say(locale, key, id=request.id, names=names, state=word_), "warning"
    refusal = refusal_to_go_on(builder) if word == "resume" else None
    if refusal is not None:
        builder.enter(person.id, "steer.refused", word=word, state=request.state.value)
        return refusal_text(locale, refusal), "warning"
    if word in ("retry", "skip") and not is_answered(builder, person, account, word, via):
        builder.update_card()
        tally = quorum.tally(*answers(builder, word))
        text = texts.say(
            locale, f"steer.{word}.counted", id=request.id, have=tally.have, need=tally.need
        )
        return text, "success"
    builder.enter(
        person.id, f"run.{_TOLD[word]}", task=request.ballot.task if request.ballot else ""
    )
    assert request.plan is not None
    if isinstance(request.plan, model.ScriptOperation):
        run_hold.resume(builder, run_script.queue_start)
    elif isinstance(request.plan, model.TemplatePlan):
        run_template.told(builder, _TOLD[word], person.id)
    else:
        run_remote.tell(builder, "resume")
    return texts.say(locale, f"steer.{word}", id=request.id), "info"


def refusal_to_go_on(builder: DecisionBuilder) -> policy.Refusal | None:
    """Why the run may not go on now, though somebody who may say so wants it to."""
    return authority.refusal_of_start(
        builder.deployment, builder.it, builder.seen(), builder.now, None
    )


def answers(builder: DecisionBuilder, word: str) -> tuple[quorum.Quorum, tuple[model.Vote, ...]]:
    """Whose agreement it needs to answer a doubt with a word, and the votes on that."""
    ballot = builder.it.ballot
    assert ballot is not None
    digest = ballot.answer(word)
    votes = tuple(vote for vote in builder.votes if vote.digest == digest)
    return builder.ballot()[0], votes


def is_answered(
    builder: DecisionBuilder,
    person: policy.Person,
    account: model.Account,
    word: str,
    via: Literal["card", "text"],
) -> bool:
    """Count a person's answer to a doubt: it takes as many people as the run itself took, since a
    call that is made again may happen twice, and one that is skipped may not have happened."""
    request = builder.it
    assert request.ballot is not None
    digest = request.ballot.answer(word)
    vote = model.Vote(request.id, person.id, account, True, digest, builder.now, via=via, word=word)
    builder.vote(vote)
    builder.enter(person.id, "vote.cast", approve=True, digest=digest, via=via, word=word)
    return quorum.tally(*answers(builder, word)).verdict == "approved"


def refusal_of_word(builder: DecisionBuilder, person: policy.Person, word: str) -> str:
    """Why this person may not say this word now, as the key of a sentence; "": they may."""
    request, plan, asks = builder.it, builder.it.plan, builder.it.ballot
    if plan is None or request.state not in run_template.GOING:
        return "stop.not_running" if word == "pause" else "steer.nothing"
    if word == "pause":
        key = refusal_of_pause(request, plan)
        if key:
            return key
    goes_on = word == "resume" and run_hold.is_held(request)
    if isinstance(plan, model.ScriptOperation) and not goes_on:
        return "steer.nothing"
    if word == "resume" and (asks is None or asks.kind not in ("pause", "batch", "person", "held")):
        return "steer.nothing"
    if word in ("retry", "skip") and (asks is None or asks.kind != "unknown"):
        return "steer.nothing"
    if person.id not in who_may(builder, word):
        return "steer.not_yours"
    if word in ("retry", "skip"):
        return refusal_of_answer(builder, person, word)
    return ""


def refusal_of_pause(request: model.Request, plan: model.Plan) -> str:
    """Why a run cannot be paused now, as the key of a sentence; "": it can."""
    asks = request.ballot
    if isinstance(plan, model.ScriptOperation):
        return "steer.script"
    if not isinstance(plan, model.TemplatePlan):
        return "steer.not_here"
    if request.stopping:
        return "stop.already"
    if asks is None or asks.voted:
        return ""
    return "steer.doubt" if asks.kind == "unknown" else "steer.paused"


def refusal_of_answer(builder: DecisionBuilder, person: policy.Person, word: str) -> str:
    """Why this person's answer to a doubt does not count now, as the key of a sentence."""
    rule, votes = answers(builder, word)
    if any(vote.person == person.id for vote in votes):
        return "steer.again"
    if person.id in quorum.tally(rule, votes).waiting_for:
        return ""
    turns = any(one.mode == "sequence" for one in rule.policies)
    return "steer.not_yet" if turns else "steer.again"


def who_may(builder: DecisionBuilder, word: str) -> tuple[str, ...]:
    """The requester and the approvers steer a run. But whoever could approve it, and nobody else,
    says whether a call that may have happened is made again, and whether a run goes on that an
    approver paused, or that was not allowed to."""
    needed, asks = quorum.of(builder.deployment.book, builder.it), builder.it.ballot
    asker = quorum.holders(builder.deployment.book, quorum.requester(builder.it))
    paused = asks is not None and asks.kind == "person" and asks.by not in asker
    held = asks is not None and asks.kind == "held"
    if word in ("retry", "skip") or (word == "resume" and (paused or held)):
        return quorum.electorate(needed)
    return tuple(dict.fromkeys((builder.it.person, *sorted(asker), *needed.approvers)))


def count(builder: DecisionBuilder, person: policy.Person, approve: bool) -> run_script.Answer:
    """What the votes on a question of the run come to now."""
    locale, number = builder.locale, builder.it.id
    tally = builder.tally()
    plan = builder.it.plan
    assert plan is not None
    if tally.verdict != "waiting":
        passed = tally.verdict == "approved"
        if isinstance(plan, model.TemplatePlan):
            run_template.decided(builder, person.id, passed)
        else:
            run_remote.decided(builder, person, passed)
    if tally.verdict == "rejected":
        return texts.say(locale, "steer.rejected", id=number), "info"
    builder.update_card()
    if tally.verdict == "approved":
        return texts.say(locale, "steer.approved", id=number), "success"
    return texts.say(locale, "vote.counted", id=number, have=tally.have, need=tally.need), "success"


def expire(builder: DecisionBuilder) -> None:
    """Nobody decided in time: the run is cancelled."""
    assert builder.it.plan is not None
    if isinstance(builder.it.plan, model.TemplatePlan):
        run_template.expire(builder)
    else:
        run_remote.expire(builder)
