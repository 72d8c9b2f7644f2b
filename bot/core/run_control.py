"""A run from its approval on: it is started, people vote on what it asks, pause it, stop it.

This is the one place that knows which way to run belongs to which kind of plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from bot import cards, model, policy, texts
from bot.core import (
    authority,
    endings,
    form_reading,
    live_runs,
    openings,
    reachability,
    run_internal,
    run_remote,
    run_script,
    run_template,
    runner,
)
from bot.core.decision import DecisionBuilder, approvers_of, refusal_text
from bot.policy import humans, quorum

WORDS: tuple[runner.Signal, ...] = ("pause", "resume", "retry", "skip")
STOPPABLE = (model.State.APPROVED, model.State.RUNNING, model.State.WAITING)
RUNNERS: Mapping[type, runner.Runner] = {
    model.ScriptPlan: run_script,
    model.StoredCommandPlan: run_script,
    model.TemplatePlan: run_template,
    model.RemoteTemplatePlan: run_remote,
    model.InternalPlan: run_internal,
}
Answer = tuple[str, Literal["success", "info", "warning", "error"]]
"""The sentence for the person who acted, and its tone."""


def runner_of(request: model.Request) -> runner.Runner:
    """The way in which a planned request runs."""
    return RUNNERS[type(request.plan)]


# ----------------------------------------------------------------------------- starting


def start(builder: DecisionBuilder) -> None:
    """The votes are in: run it."""
    decide(builder)
    builder.enter(
        "countersign",
        "request.approved",
        by=approvers_of(builder.ballot()[1]),
        digest=builder.it.digest,
        policy=builder.ballot()[0].name,
    )
    begin(builder)


def decide(builder: DecisionBuilder) -> None:
    """It is no longer voted on: it runs. Each such decision draws its own nonce, so none adopts the
    run of another: not of one that was refused or put to the vote again, nor of one that a restored
    store knows nothing of."""
    request, plan = builder.it, builder.it.plan
    assert plan is not None
    nonce = builder.view.nonce or request.nonce
    shift = builder.view.shift.total_seconds()
    builder.change(
        state=model.State.APPROVED,
        approved_at=builder.now,
        nonce=nonce,
        shift=shift,
        opened_at=None,
    )
    builder.cleared.extend(("expire", "remind"))


def begin(builder: DecisionBuilder) -> None:
    """It was approved: start it as soon as it may. The form that asked for it is read once more
    before."""
    if not authority.may_start(builder):
        return
    if builder.it.form is not None:
        form_reading.before_start(builder, builder.it.form)
    else:
        launch(builder)


def opened(builder: DecisionBuilder) -> None:
    """What kept it from starting may be over: judge it anew. What only shows until when that is
    shows what is so now; a run that was held before it changed anything goes on by itself."""
    request, asks = builder.it, builder.it.ballot
    waits = request.opening is not None or request.lock_wait is not None
    if not waits or request.hold or request.stopping:
        return
    if request.scheduled:
        begin(builder)
        if not builder.it.scheduled:
            builder.update_card()
    elif request.state is model.State.PENDING:
        openings.note(builder)
        if builder.it.opening != request.opening:
            builder.update_card()
    elif asks is not None and asks.kind == "held":
        go_on(builder)


def go_on(builder: DecisionBuilder) -> None:
    """A run that the calendar held goes on, where it may; else people say so, or the next opening
    does."""
    at = authority.approved(builder.it, builder.view)
    refusal = authority.refusal_of_start(
        builder.deployment, builder.it, builder.current_view(), builder.now, at
    )
    if refusal is None:
        builder.change(opening=None)
        builder.enter("countersign", "run.resumed", task="")
        runner_of(builder.it).signal(builder, "resume", "countersign")
    else:
        openings.note(builder)
        builder.update_card()


def launch(builder: DecisionBuilder) -> None:
    """Nothing of what was approved was taken back: run it. The targets of a template are looked at
    once more before."""
    plan = builder.it.plan
    assert plan is not None
    if not authority.may_start(builder):
        return
    if plan.selectors:
        key = f"drift:{builder.name}:v{builder.it.version}"
        builder.queue(key, key, model.ResolveTargets((), plan.region, plan.selectors))
    else:
        runner_of(builder.it).start(builder)


def is_due(builder: DecisionBuilder) -> bool:
    """Is it approved, and nothing of it written as started since? An approval that was taken back
    may have left its steps behind."""
    name = f"{live_runs.execution_id(builder)}-"
    ours = any(step.token.startswith(name) for step in builder.steps.values())
    return builder.it.state is model.State.APPROVED and not ours


def go(builder: DecisionBuilder) -> None:
    """The targets were looked at once more: run it."""
    if authority.may_start(builder):
        runner_of(builder.it).start(builder)


# ----------------------------------------------------------------------------- stopping


def stoppers(builder: DecisionBuilder, rule: quorum.Quorum) -> tuple[str, ...]:
    """The approvers, and those who were on call as they voted."""
    potential = rule.book.oncall.potential(rule.named)
    voted = (vote.person for vote in builder.votes if vote.person in potential)
    return (*rule.approvers, *voted)


def stop(builder: DecisionBuilder, person: policy.Person) -> Answer:
    """Stop a running request; what never began is dropped, what runs is told to stop."""
    request = builder.it
    locale, facts = builder.locale, {"id": request.id}
    rule = quorum.of(builder.deployment.book, request)
    name = cards.name_of(builder.deployment, request.person)
    if request.state not in STOPPABLE:
        word = cards.state_word(locale, request)
        text = texts.say(locale, "stop.not_running", **facts, state=word)
    elif person.id not in (request.person, starter_of(request), *stoppers(builder, rule)):
        text = texts.say(locale, "stop.not_yours", **facts, name=name)
    elif request.stopping:
        text = texts.say(locale, "stop.already", **facts)
    else:
        builder.change(stopping=True, ended_by=person.id)
        builder.enter(person.id, "run.stop", state=request.state.value)
        if is_due(builder):
            not_begun(builder)
            return texts.say(locale, "stop.done", **facts), "info"
        runner_of(builder.it).stop(builder, person.id)
        return texts.say(locale, "stop.done", **facts), "info"
    builder.enter(person.id, "stop.refused", state=request.state.value)
    return text, "warning"


def starter_of(request: model.Request) -> str:
    """Who had it started without its votes, by id; "": nobody."""
    return request.glass.by.person if request.glass is not None else ""


def not_begun(builder: DecisionBuilder) -> None:
    """It was stopped while its form, or its targets, were looked at once more."""
    why = texts.say(builder.it.locale, "stop.before_start")
    builder.finish(model.State.CANCELLED, note=why)
    builder.update_card()
    endings.sentence(builder, "outcome", "say.not_started", reason=why)


# ----------------------------------------------------------------------------- words of people


def steer(
    builder: DecisionBuilder,
    person: policy.Person,
    account: model.Account,
    word: runner.Signal,
    via: Literal["card", "text"],
) -> Answer:
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
        person.id,
        f"run.{run_template.PAST[word]}",
        task=request.ballot.task if request.ballot else "",
    )
    if word == "resume":
        openings.over(builder)
    runner_of(request).signal(builder, word, person.id)
    return texts.say(locale, f"steer.{word}", id=request.id), "info"


def refusal_to_go_on(builder: DecisionBuilder) -> policy.Refusal | None:
    """Why the run may not go on now, though somebody who may say so wants it to."""
    return authority.refusal_of_start(
        builder.deployment, builder.it, builder.current_view(), builder.now, None
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
        key = runner_of(request).refusal_of_pause(request)
        if key:
            return key
    if word == "resume" and (asks is None or asks.kind not in ("pause", "batch", "person", "held")):
        return "steer.nothing"
    if word in ("retry", "skip") and (asks is None or asks.kind != "unknown"):
        return "steer.nothing"
    if person.id not in who_may(builder, word):
        return "steer.not_yours"
    if word in ("retry", "skip"):
        return refusal_of_answer(builder, person, word)
    return ""


def refusal_of_answer(builder: DecisionBuilder, person: policy.Person, word: str) -> str:
    """Why this person's answer to a doubt does not count now, as the key of a sentence."""
    rule, votes = answers(builder, word)
    if any(vote.person == person.id for vote in votes):
        return "steer.again"
    if person.id in quorum.tally(rule, votes).waiting_for:
        return ""
    turns = any(each.in_turn for each in rule.policies)
    return "steer.not_yet" if turns else "steer.again"


def who_may(builder: DecisionBuilder, word: str) -> tuple[str, ...]:
    """The requester and the approvers steer a run. But whoever could approve it, and nobody else,
    says whether a call that may have happened is made again, and whether a run goes on that an
    approver paused, or that was not allowed to."""
    needed, asks = quorum.of(builder.deployment.book, builder.it), builder.it.ballot
    asker = humans.holders(builder.deployment.book, humans.requester(builder.it))
    paused = asks is not None and asks.kind == "person" and asks.by not in asker
    held = asks is not None and asks.kind == "held"
    if word in ("retry", "skip") or (word == "resume" and (paused or held)):
        return quorum.electorate(needed)
    return tuple(dict.fromkeys((builder.it.person, *sorted(asker), *needed.approvers)))


def count(builder: DecisionBuilder, person: policy.Person, approve: bool) -> Answer:
    """What the votes on a question of the run come to now."""
    locale, number = builder.locale, builder.it.id
    tally = builder.tally()
    if tally.verdict != "waiting":
        runner_of(builder.it).decided(builder, person.id, tally.verdict == "approved")
    if tally.verdict == "rejected":
        return texts.say(locale, "steer.rejected", id=number), "info"
    builder.update_card()
    if tally.verdict == "approved":
        return texts.say(locale, "steer.approved", id=number), "success"
    reachability.recheck(builder)
    return counted(builder, tally, approve), "success"


def counted(builder: DecisionBuilder, tally: quorum.Tally, approve: bool) -> str:
    """How the votes stand after one that decided nothing yet, as a sentence."""
    if approve:
        facts = {"have": tally.have, "need": tally.need}
        return texts.say(builder.locale, "vote.counted", id=builder.it.id, **facts)
    facts = {"have": tally.against, "need": tally.veto}
    return texts.say(builder.locale, "vote.rejection_counted", id=builder.it.id, **facts)


def expire(builder: DecisionBuilder) -> None:
    """The time to decide is over: the run is cancelled."""
    runner_of(builder.it).expire(builder)
