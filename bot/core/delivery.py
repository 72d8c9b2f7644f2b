"""What became of messages and cards: were people told, and what is done where they were not."""

from __future__ import annotations

from datetime import datetime

from bot import cards, model, texts
from bot.core import plan_reading, reminders
from bot.core.decision import DecisionBuilder, reason_of
from bot.deployment import Deployment
from bot.policy import identity

MOST_CARDS = 3
"""How many cards of one request are sent at most where nobody knows whether they arrived."""


def card_shown(
    deployment: Deployment, outcome: model.Outcome, view: model.View, now: datetime
) -> model.Decision:
    """The card reached the chat; if it could not, the plan goes out as text, to decide by text."""
    builder = DecisionBuilder(deployment, view, now)
    if view.request is None or view.effect is None or view.request.state.final:
        return builder.receipt()
    match outcome:
        case model.Done(data=data) if data.get("doubtful"):
            tell_plan(builder, view.effect.id, "say.card_doubtful")
        case model.Done():
            take_back(builder)
        case model.Unknown(reason=reason) if not view.request.card:
            show_another(builder, view.effect, reason)
        case model.Refused(reason=reason) | model.NotSent(reason=reason):
            builder.enter("countersign", "card.failed", reason=reason)
            why = reason_of(builder.it.locale, outcome)
            tell_plan(builder, view.effect.id, "say.card_failed", reason=why)
    return builder.receipt()


def take_back(builder: DecisionBuilder) -> None:
    """The card is there, so that the thread can go on under it: let the bot itself recall the
    message that asked, where that holds a hidden value."""
    if builder.it.recall == "wanted" and builder.it.place.message:
        place = builder.it.place
        builder.change(recall="asked")
        key = f"recall:{builder.view.installation}:{builder.it.id}"
        builder.queue(builder.fresh(key), key, model.Recall(place))


def taken_back(
    deployment: Deployment, outcome: model.Outcome, view: model.View, now: datetime
) -> model.Decision:
    """The message was recalled, or the platform does not let the bot."""
    builder = DecisionBuilder(deployment, view, now)
    if view.request is None:
        return builder.receipt()
    done = isinstance(outcome, model.Done)
    builder.change(recall="done" if done else "")
    builder.enter("countersign", "message.taken_back" if done else "message.not_taken_back")
    if done:
        builder.tell_sentence("taken_back", "say.hidden.taken_back", builder.asker())
    return builder.receipt()


def show_another(builder: DecisionBuilder, effect: model.StoredEffect, reason: str) -> None:
    """Nobody knows whether the card arrived: another one is sent, which is the request's own from
    then on. Whoever clicks the earlier one is told so, and it is changed to say so itself."""
    number = int(effect.context.get("card", 1)) + 1
    builder.enter("countersign", "card.unclear", reason=reason, card=number - 1)
    if number > MOST_CARDS:
        return tell_plan(builder, effect.id, "say.card_doubtful")
    builder.show_card(number)
    return builder.tell_sentence(f"card{number}", "say.card_again", builder.asker())


def tell_plan(builder: DecisionBuilder, shown: int, key: str, **facts: str) -> None:
    """Say what is on the card, with how to decide in words, while there is something to decide.
    ``shown`` is the effect by which the card was sent."""
    request = builder.it
    if request.state is not model.State.PENDING or request.hold:
        return
    text = texts.say(request.locale, key, id=request.id, code=request.code, **facts)
    card = builder.card()
    blocks = (cards.para(*cards.people(card.mentions), cards.span(" " + text)), *card.blocks)
    title = cards.title_of(request)
    message = model.Message(title, blocks, card.mentions, request.text)
    name = f"say:{builder.name}:card_failed"
    body = model.Say(request.place, message, builder.fresh(name))
    builder.queue(name, f"chat:{request.id}", body, context={"card": shown})


def nobody_asked(builder: DecisionBuilder, card: int) -> None:
    """Neither the card nor the plan in words reached the chat, so nobody there can decide: the
    requester is told, and the card is a dead letter."""
    if builder.it.state is not model.State.PENDING:
        return
    give_up(builder, card)
    place = place_of(builder, "direct")
    if place is not None:
        text = texts.say(
            builder.it.locale, "say.nobody_asked", id=builder.it.id, code=builder.it.code
        )
        key = f"say:{builder.name}:nobody_asked"
        message = cards.sentence(f"#{builder.it.id}", text)
        builder.queue(key, key, model.Say(place, message, builder.fresh(key)))


def supersede(builder: DecisionBuilder, ref: str) -> model.Card:
    """A card of the request that is not its own was clicked: from now on it says so."""
    card = cards.superseded_card(builder.it)
    key = f"{builder.card_key()}:other:{ref}"
    builder.queue(key, key, model.UpdateCard(builder.it.place, ref=ref))
    return card


def card_overwritten(
    deployment: Deployment, event: model.EffectCompleted, view: model.View, now: datetime
) -> model.Decision:
    """A try to update the card ended after it had been taken over, so that the card may show again
    what a newer update had changed: it is updated once more, as the request stands then."""
    builder = DecisionBuilder(deployment, view, now)
    if view.request is not None and view.effect is not None:
        key = f"{builder.card_key()}:after:{event.effect}:{event.attempt}"
        body = model.UpdateCard(builder.it.place)
        builder.queue(key, view.effect.lane, body, replaces=True)
    return builder.receipt()


def message_outcome(
    deployment: Deployment, outcome: model.Outcome, view: model.View, now: datetime
) -> model.Decision:
    """A message or an update left; one that could not is kept in the audit log, and what it had to
    say of how a request ended is told another way."""
    builder, effect = DecisionBuilder(deployment, view, now), view.effect
    if effect is not None and plan_reading.CONTEXT in effect.context and view.request is not None:
        plan_reading.sent(builder, effect, outcome)
    if effect is not None and reminders.CONTEXT in effect.context and view.request is not None:
        reminders.sent(builder, effect, outcome)
    if effect is None or (isinstance(outcome, model.Done) and not outcome.data.get("doubtful")):
        return builder.receipt()
    reason = getattr(outcome, "reason", "")
    builder.enter("countersign", "tell.failed", effect=effect.key, reason=reason)
    if view.request is None:
        return builder.receipt()
    if "final" in effect.context:
        tell_another_way(builder, effect)
    elif "card" in effect.context:
        nobody_asked(builder, int(effect.context["card"]))
    elif is_last_update(builder, effect.body):
        give_up(builder, effect.id)
    return builder.receipt()


def is_last_update(builder: DecisionBuilder, body: model.Effect) -> bool:
    """Is it the update by which everybody's card says how the request ended?"""
    if not isinstance(body, model.UpdateCard) or not builder.it.state.final or not builder.it.card:
        return False
    return body.ref in ("", builder.it.card) and body.card == builder.card()


WAYS = ("thread", "chat", "direct")
"""Where a final word is told: each only if the one before it was refused or is unknown."""


def tell_another_way(builder: DecisionBuilder, effect: model.StoredEffect) -> None:
    """Tell in a few words how the request ended, in its chat or to the requester alone; where that
    is refused, too, the message itself is a dead letter."""
    context = effect.context
    letter = int(context.get("letter", effect.id))
    tried = str(context.get("way", WAYS[0]))
    for way in WAYS[WAYS.index(tried) + 1 :]:
        place = place_of(builder, way)
        if place is None:
            continue
        stamp = str(context["final"])
        mentions = () if place.direct else builder.asker()
        key = f"{effect.key}:{way}:{effect.attempts}"
        message = cards.fallback_message(builder.it, stamp, mentions)
        body = model.Say(place, message, builder.fresh(key))
        further = {"final": stamp, "way": way, "letter": letter}
        builder.queue(key, f"chat:{builder.it.id}", body, context=further)
        return
    give_up(builder, letter)


def place_of(builder: DecisionBuilder, way: str) -> model.Place | None:
    """The request's chat without its thread, or the requester, if they are still who asked; None:
    there is no such place. Nothing goes from a direct chat into a group."""
    place, account = builder.it.place, builder.it.account
    if way == "chat":
        return model.Place(place.platform, place.tenant, place.chat, direct=place.direct)
    book = builder.deployment.book
    if account.platform != place.platform or not account.id:
        own = identity.account_of(book, builder.it.person, place.platform, place.tenant)
        if own is None:
            return None
        account = own
    holder = identity.person_of(book, account)
    if holder is None or holder.id != builder.it.person:
        return None
    if account.tenant not in book.tenants.get(account.platform, frozenset()):
        return None
    return model.Place(account.platform, account.tenant, account.id, direct=True)


def give_up(builder: DecisionBuilder, letter: int) -> None:
    """Nobody could be told: a dead letter, until somebody sends it once more."""
    builder.untold.append(letter)
    builder.enter("countersign", "tell.gave_up", letter=letter)
