"""Votes, cancelling and stopping: by a click, by words, or by taking the message back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal

from bot import cards, model, policy, texts
from bot.commands import api
from bot.core import (
    batches,
    break_glass,
    delivery,
    endings,
    plan_reading,
    reachability,
    revote,
    run_control,
    standing_requests,
    timers,
)
from bot.core.decision import DecisionBuilder, refusal_text
from bot.deployment import Deployment
from bot.policy import access, glass, identity, quorum, voting

MOST_CLICKERS = 50
"""How many people an update of a card is made for one by one."""


def clicked(
    deployment: Deployment, event: model.CardAction, view: model.View, now: datetime
) -> model.Decision:
    """A button was pressed: judge who pressed it, which card it stood on, and what it asks."""
    builder = DecisionBuilder(deployment, view, now)
    locale = view.request.locale if view.request else access.locale_of(deployment.book, event.place)
    known = access.person(deployment.book, event.account)
    refusal = known if isinstance(known, policy.Refusal) else None
    if refusal is None and view.request is None:
        refusal = policy.Refusal("vote.no_request")
    if refusal is None:
        refusal = refusal_of_button(builder, event)
    if refusal is None:
        remember(builder, event.account)
    if refusal is None and is_other_card(event, builder.it):
        return other_card(builder, event)
    person, shown = identity.person_of(deployment.book, event.account), builder.request
    if refusal is not None or person is None:
        who = person.id if person else f"{event.account.platform}:{event.account.id or '?'}"
        key = refusal.key if refusal else "refused.unknown_account"
        builder.enter(who, "click.refused", reason=key, action=event.action, card=event.card)
        text = refusal_text(locale, refusal) if refusal else ""
        return builder.receipt(
            text, "warning", card=person is not None and is_stale(builder, shown)
        )
    text, tone = act(builder, person, event.account, event.action, event.reason, "card")
    if builder.request is not shown and event.card and not builder.it.card:
        builder.change(card=event.card)  # shown, though nobody has told us yet
    return builder.receipt(text, tone, card=is_stale(builder, shown))


def remember(builder: DecisionBuilder, account: model.Account) -> None:
    """Note who pressed a button: on some platforms the answer changes what they alone see."""
    clickers = builder.it.clickers
    if account.id not in clickers and len(clickers) < MOST_CLICKERS:
        builder.change(clickers=(*clickers, account.id))


def other_card(builder: DecisionBuilder, event: model.CardAction) -> model.Decision:
    """A card of the request was clicked that is not the one that decides."""
    person = identity.person_of(builder.deployment.book, event.account)
    who = person.id if person is not None else f"{event.account.platform}:{event.account.id}"
    builder.enter(
        who, "click.refused", reason="vote.other_card", action=event.action, card=event.card
    )
    text = texts.say(builder.locale, "vote.other_card", id=builder.it.id)
    return builder.receipt(text, "warning", card=delivery.supersede(builder, event.card))


def is_stale(builder: DecisionBuilder, before: model.Request | None) -> bool:
    """Has the card that was clicked to be shown anew? Not when nothing came of the click."""
    return builder.request is not before or (
        before is not None and before.state is not model.State.PENDING
    )


HALTS = ("stop", "pause")
"""Buttons that only ever halt something. On the request's own card they work, however old it is."""


def refusal_of_button(builder: DecisionBuilder, event: model.CardAction) -> policy.Refusal | None:
    """Does the button belong to what the request asks now? One that does not name its card must at
    least be in the request's own chat."""
    request, facts = builder.it, {"id": builder.it.id}
    away = event.place.chat != request.place.chat and not (request.card and event.card)
    if away or event.account.platform != request.place.platform:
        return policy.Refusal("vote.elsewhere", facts)
    own = bool(request.card) and event.card == request.card
    if event.code == request.code or (own and event.action in HALTS):
        return None
    if request.state in (model.State.PLANNING, model.State.PENDING):
        return policy.Refusal("vote.outdated", facts)
    word = cards.state_word(builder.locale, request)
    return policy.Refusal("vote.outdated_within", facts | {"state": word})


def is_other_card(event: model.CardAction, request: model.Request) -> bool:
    """Was the button on another card of the same plan than the one that decides?"""
    return bool(request.card and event.card and event.card != request.card)


def by_text(
    builder: DecisionBuilder, event: model.MessageReceived, context: api.Context, wish: api.Act
) -> model.Decision:
    """approve / reject / cancel / stop in words, with a number or as a reply to the card. To who
    may not see a request there is none."""
    builder.spoken = locale = access.locale_of(builder.deployment.book, event.place)
    person = context.person
    if builder.request is None or not context.may_see(builder.request):
        key = "vote.no_request" if wish.request else "vote.which"
        builder.enter(person.id, "act.refused", reason=key, action=wish.kind)
        word = "batch split" if wish.kind == "split" else wish.kind
        text = texts.say(locale, key, example=f"{word} 42")
    else:
        refusal = refusal_of_words(builder, event, wish)
        if refusal is not None:
            text = refusal_text(locale, refusal)
            builder.enter(person.id, "vote.refused", reason=refusal.key, via="text")
        else:
            text, _ = act(builder, person, event.account, wish.kind, wish.reason, "text")
    builder.answer(event, text)
    return builder.receipt(text)


def refusal_of_words(
    builder: DecisionBuilder, event: model.MessageReceived, wish: api.Act
) -> policy.Refusal | None:
    """Does the code that was typed, or must be, fit the plan? The number, or a quote of the card,
    is enough only where the card stands, and only after it stood there."""
    request = builder.it
    voted = request.ballot is not None and request.ballot.voted
    opens = wish.kind == "break-glass" and not voted
    if not opens and (
        wish.kind != "approve" or not (voted or request.state is model.State.PENDING)
    ):
        return None
    if wish.code and wish.code.lower() != request.code:
        return policy.Refusal(
            "vote.wrong_code", {"id": request.id, "code": wish.code, "now": request.code}
        )
    if wish.code:
        return None
    changed = any(quorum.bare(vote.digest) != request.subject for vote in builder.votes)
    key = ""
    if voted:
        key = "vote.code_within"
    elif builder.peers():
        key = "vote.code_batch"
    elif changed:
        key = "vote.code_changed"
    elif builder.ballot()[0].code_required:
        key = "vote.code_required"
    elif not is_beside_card(request, event.place):
        key = "vote.code_elsewhere"
    elif not is_after_card(request, event.at):
        key = "vote.code_early"
    if key and opens:
        person = identity.person_of(builder.deployment.book, event.account)
        book = builder.deployment.book
        if person is None or not glass.may_break(book, request, person, builder.now):
            return None  # who has no right is told that, and not to read the card first
        key = "glass.code"
    hint = texts.say(builder.locale, "vote.code_hint")
    return policy.Refusal(key, {"id": request.id, "code_hint": hint}) if key else None


def is_beside_card(request: model.Request, place: model.Place) -> bool:
    """Was it said in the chat of the request's card, and in its topic where it stands in one?"""
    origin = request.place
    here = (place.platform, place.tenant, place.chat) == (
        origin.platform,
        origin.tenant,
        origin.chat,
    )
    return here and (not request.thread or place.thread == request.thread)


def is_after_card(request: model.Request, written_at: datetime) -> bool:
    """Was it written after the card reached the chat? Of a card that an earlier release showed
    only the moment of the asking is known."""
    since = request.card_at or (request.created_at if request.card else None)
    return since is not None and written_at >= since


def act(
    builder: DecisionBuilder,
    person: policy.Person,
    account: model.Account,
    action: str,
    reason: str,
    via: Literal["card", "text"],
) -> run_control.Answer:
    """Do what a known person wants of a request, and say truthfully what came of it."""
    batches.follow(builder)
    refusal = voting.refusal_of_platform(builder.ballot()[0], builder.it, account, action)
    if refusal is not None:
        builder.enter(person.id, "act.refused", reason=refusal.key, action=action[:40])
        return refusal_text(builder.locale, refusal), "warning"
    if action in ("approve", "reject"):
        return vote(builder, person, account, action == "approve", reason[:500], via)
    if action == "break-glass" and via == "text":
        let_expire(builder)
        return break_glass.start(builder, person, account, reason[:500])
    if action in ("ratify", "object"):
        approve = action == "ratify"
        return break_glass.answer(builder, person, account, approve, reason[:500], via)
    if action == "cancel":
        return cancel(builder, person)
    if action == "stop":
        return run_control.stop(builder, person)
    if action == "split":
        return batches.split(builder, person)
    if action == "revoke":
        return standing_requests.revoke(builder, person)
    if action == "revote":
        return revote.revote(builder, person, account)
    if action in run_control.WORDS:
        return run_control.steer(builder, person, account, action, via)
    builder.enter(person.id, "click.refused", reason="vote.unknown_action", action=action[:40])
    return texts.say(builder.locale, "vote.unknown_action"), "warning"


def state_facts(builder: DecisionBuilder) -> str:
    """The state in words, with who brought it about."""
    request = replace(builder.it, locale=builder.locale)
    text = cards.state_word(request.locale, request)
    note = cards.note_of(builder.deployment, request, builder.votes)
    return f"{text} ({note})" if note and request.state is not model.State.PENDING else text


def vote(
    builder: DecisionBuilder,
    person: policy.Person,
    account: model.Account,
    approve: bool,
    reason: str,
    via: Literal["card", "text"],
) -> run_control.Answer:
    """Count a vote if it may be counted; the last one needed decides the request."""
    deployment, locale = builder.deployment, builder.locale
    let_expire(builder)
    request = builder.it
    key = closed(request)
    if key:
        builder.enter(person.id, "vote.refused", reason=f"state {request.state}", via=via)
        facts = {"id": request.id, "state": state_facts(builder)}
        return texts.say(locale, key, **facts), "warning"
    needed, votes = builder.ballot()
    refusal = batches.refusal_of_approval(builder) if approve else None
    refusal = refusal or voting.refusal_of_vote(needed, request, votes, person)
    if refusal is None and approve:
        refusal = plan_reading.still_to_read(builder, person, account)
    if refusal is not None:
        builder.enter(person.id, "vote.refused", reason=refusal.key, via=via)
        others = cards.names_of(deployment, quorum.electorate(needed))
        facts = {"id": request.id, "names": others} | dict(refusal.facts)
        own = refusal.key == "vote.own" and request.ballot is not None
        key = "vote.own_within" if own else refusal.key
        return refusal_text(locale, policy.Refusal(key, facts)), "warning"
    digest = quorum.ballot_of(needed.book, request)[1]
    seconds = plan_reading.seconds(builder, person.id, digest) if approve else None
    builder.vote(
        model.Vote(request.id, person.id, account, approve, digest, builder.now, reason, via)
    )
    behalf = ", ".join(builder.votes[-1].on_behalf)
    builder.enter(
        person.id,
        "vote.cast",
        approve=approve,
        digest=model.plan_digest(digest),
        via=via,
        **batch_facts(builder),
        **({"reason": reason} if reason else {}),
        **({"read": seconds} if seconds is not None else {}),
        **({"on_behalf": behalf} if behalf else {}),
    )
    if builder.it.ballot is not None:
        return run_control.count(builder, person, approve)
    return count(builder, person, approve, reason)


def batch_facts(builder: DecisionBuilder) -> dict[str, str]:
    """What the audit log says beside the digest where a vote counts for others, too."""
    batch = builder.it.batch
    return {"batch": batch.digest} if batch is not None and builder.it.ballot is None else {}


def closed(request: model.Request) -> str:
    """Why there is no vote on the request now, as the key of a sentence; "": there is one."""
    if request.state.final:
        return "vote.ended"
    if request.state is model.State.PENDING or (request.ballot and request.ballot.voted):
        return ""
    if request.state is model.State.PLANNING:
        return "vote.not_yet"
    return "vote.not_voted" if request.ballot is not None else "vote.not_pending"


def let_expire(builder: DecisionBuilder) -> None:
    """What came due is over, though its timer has not fired yet. Time on hold is not time to
    decide."""
    request = builder.it
    if request.hold or request.state.final:
        return
    if request.state is model.State.PENDING and builder.now >= request.expires_at:
        timers.expire(builder)
    elif request.ballot is not None:
        until = request.ballot.expires_at
        if until is not None and builder.now >= until:
            run_control.expire(builder)


def count(
    builder: DecisionBuilder, person: policy.Person, approve: bool, reason: str
) -> run_control.Answer:
    """What the votes come to now."""
    tally = builder.tally()
    deployment, locale, number = builder.deployment, builder.locale, builder.it.id
    others = builder.peers()
    if tally.verdict == "approved":
        run_control.start(builder)
        builder.update_card()
        if others:
            return batch_text(builder, "vote.approved.batch", others), "success"
        if builder.it.state is model.State.NOT_STARTED:
            why = builder.it.note
            return texts.say(locale, "vote.approved.not_started", id=number, why=why), "warning"
        why = cards.wait_text(deployment, locale, builder.it)
        if not why:
            done = builder.it.state is model.State.SUCCEEDED
            key = "internal.approved" if done else "vote.approved"
            return texts.say(locale, key, id=number), "success"
        key = "lock.approved" if builder.it.lock_wait is not None else "opening.approved"
        return texts.say(locale, key, id=number, why=why), "success"
    if tally.verdict == "rejected":
        endings.rejected(builder, person.id, reason)
        if others:
            return batch_text(builder, "vote.rejected.batch", others), "info"
        return texts.say(locale, "vote.rejected", id=number), "info"
    builder.update_card()
    reachability.recheck(builder)
    return run_control.counted(builder, tally, approve), "success"


def batch_text(builder: DecisionBuilder, key: str, others: tuple[model.Request, ...]) -> str:
    """What was decided of all that stand on one card, as a sentence."""
    requests = (builder.it, *others)
    facts = {"count": len(requests), "names": batches.numbers(requests)}
    return texts.say(builder.locale, key, **facts)


def cancel(builder: DecisionBuilder, person: policy.Person) -> run_control.Answer:
    """The requester takes the request back before it runs."""
    request = builder.it
    locale, facts = builder.locale, {"id": request.id}
    name = cards.name_of(builder.deployment, request.person)
    if request.state.final:
        text = texts.say(locale, "cancel.ended", **facts, state=state_facts(builder))
    elif person.id != request.person:
        text = texts.say(locale, "cancel.not_yours", **facts, name=name)
    elif not undecided(request) and not request.scheduled:
        begun = request.state is not model.State.APPROVED
        text = texts.say(locale, "cancel.running" if begun else "cancel.approved", **facts)
    else:
        call_off(builder, person.id, "say.cancelled", name=name)
        return texts.say(locale, "cancel.done", **facts), "info"
    builder.enter(person.id, "cancel.refused", state=request.state.value)
    return text, "warning"


def undecided(request: model.Request) -> bool:
    """Has nobody decided on it yet?"""
    return request.state in (model.State.PLANNING, model.State.PENDING)


def call_off(builder: DecisionBuilder, by: str, key: str, **facts: str) -> None:
    """Cancel a request of which nothing has begun, and say so in its thread. ``by`` is a person's
    id; "" where it was nobody who is known, which the card then says instead of a name."""
    note = "" if by else texts.say(builder.it.locale, f"{key}.note")
    batches.leave(builder)
    builder.finish(model.State.CANCELLED, by=by, note=note, cancelled="called_off")
    builder.enter(by or f"{builder.it.place.platform}:?", "request.cancelled", why=key)
    builder.update_card()
    endings.sentence(builder, "cancelled", key, **facts)


def recalled(
    deployment: Deployment, event: model.MessageRecalled, view: model.View, now: datetime
) -> model.Decision:
    """When the message that asked is taken back the request is, too, unless it was approved and
    does not wait for its time. It is the requester's deed only where the platform says that the
    author did it."""
    builder = DecisionBuilder(deployment, view, now)
    request = view.request
    if request is None:
        return builder.receipt()
    if request.recall and event.by != "author":  # the bot's own doing
        return builder.receipt()
    batches.follow(builder)
    author, request = request.person if event.by == "author" else "", builder.it
    if undecided(request) or request.scheduled:
        key = "say.cancelled.removed" if event.by == "moderator" else "say.cancelled.recalled"
        call_off(builder, author, key)
    else:
        who = author or f"{event.platform}:{event.by or '?'}"
        builder.enter(who, "message.recalled", state=request.state.value)
    return builder.receipt()
