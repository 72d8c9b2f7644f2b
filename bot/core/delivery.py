"""What became of messages and cards: were people told, and what is done where they were not."""

from __future__ import annotations

from datetime import datetime

from bot import cards, model, policy, texts
from bot.core.decision import DecisionBuilder, reason_of
from bot.deployment import Deployment

MOST_CARDS = 3
"""How many cards of one request are sent at most where nobody knows whether they arrived."""


def card_shown(
    house: Deployment, outcome: model.Outcome, view: model.View, now: datetime
) -> model.Decision:
    """The card reached the chat; if it could not, the plan goes out as text, to decide by text."""
    draft = DecisionBuilder(house, view, now)
    if view.request is None or view.effect is None or view.request.state.final:
        return draft.receipt()
    match outcome:
        case model.Done(data=data) if data.get("doubtful"):
            tell_plan(draft, view.effect.id, "say.card_doubtful")
        case model.Done():
            take_back(draft)
        case model.Unknown(reason=reason) if not view.request.card:
            show_another(draft, view.effect, reason)
        case model.Refused(reason=reason) | model.NotSent(reason=reason):
            draft.enter("countersign", "card.failed", reason=reason)
            why = reason_of(draft.it.locale, outcome)
            tell_plan(draft, view.effect.id, "say.card_failed", reason=why)
    return draft.receipt()


def take_back(draft: DecisionBuilder) -> None:
    """The card is there, so that the thread can go on under it: let the bot itself recall the
    message that asked, where that holds a hidden value."""
    if draft.it.recall == "wanted" and draft.it.place.message:
        place = draft.it.place
        draft.change(recall="asked")
        key = f"recall:{draft.view.installation}:{draft.it.id}"
        draft.queue(draft.fresh(key), key, model.Recall(place))


def taken_back(
    house: Deployment, outcome: model.Outcome, view: model.View, now: datetime
) -> model.Decision:
    """The message was recalled, or the platform does not let the bot."""
    draft = DecisionBuilder(house, view, now)
    if view.request is None:
        return draft.receipt()
    done = isinstance(outcome, model.Done)
    draft.change(recall="done" if done else "")
    draft.enter("countersign", "message.taken_back" if done else "message.not_taken_back")
    if done:
        draft.tell_sentence("taken_back", "say.hidden.taken_back", draft.asker())
    return draft.receipt()


def show_another(draft: DecisionBuilder, effect: model.StoredEffect, reason: str) -> None:
    """Nobody knows whether the card arrived: another one is sent, which is the request's own from
    then on. Whoever clicks the earlier one is told so, and it is changed to say so itself."""
    number = int(effect.context.get("card", 1)) + 1
    draft.enter("countersign", "card.unclear", reason=reason, card=number - 1)
    if number > MOST_CARDS:
        return tell_plan(draft, effect.id, "say.card_doubtful")
    draft.show_card(number)
    return draft.tell_sentence(f"card{number}", "say.card_again", draft.asker())


def tell_plan(draft: DecisionBuilder, shown: int, key: str, **facts: str) -> None:
    """Say what is on the card, with how to decide in words, while there is something to decide.
    ``shown`` is the effect by which the card was sent."""
    request = draft.it
    if request.state is not model.State.PENDING or request.hold:
        return
    text = texts.say(request.locale, key, id=request.id, code=request.code, **facts)
    card = draft.card()
    blocks = (cards.para(*cards.people(card.mentions), cards.span(" " + text)), *card.blocks)
    title = cards.title_of(request)
    message = model.Message(title, blocks, card.mentions, request.text)
    name = f"say:{draft.name}:card_failed"
    body = model.Say(request.place, message, draft.fresh(name))
    draft.queue(name, f"chat:{request.id}", body, context={"card": shown})


def nobody_asked(draft: DecisionBuilder, card: int) -> None:
    """Neither the card nor the plan in words reached the chat, so nobody there can decide: the
    requester is told, and the card is a dead letter."""
    if draft.it.state is not model.State.PENDING:
        return
    give_up(draft, card)
    place = place_of(draft, "direct")
    if place is not None:
        text = texts.say(draft.it.locale, "say.nobody_asked", id=draft.it.id, code=draft.it.code)
        key = f"say:{draft.name}:nobody_asked"
        message = cards.sentence(f"#{draft.it.id}", text)
        draft.queue(key, key, model.Say(place, message, draft.fresh(key)))


def supersede(draft: DecisionBuilder, ref: str) -> model.Card:
    """A card of the request that is not its own was clicked: from now on it says so."""
    card = cards.superseded_card(draft.it)
    key = f"{draft.card_key()}:other:{ref}"
    draft.queue(key, key, model.UpdateCard(draft.it.place, card, ref, viewers=draft.it.clickers))
    return card


def told(
    house: Deployment, outcome: model.Outcome, view: model.View, now: datetime
) -> model.Decision:
    """A message or an update left; one that could not is kept in the audit log, and what it had to
    say of how a request ended is told another way."""
    draft, effect = DecisionBuilder(house, view, now), view.effect
    if effect is None or (isinstance(outcome, model.Done) and not outcome.data.get("doubtful")):
        return draft.receipt()
    reason = getattr(outcome, "reason", "")
    draft.enter("countersign", "tell.failed", effect=effect.key, reason=reason)
    if view.request is None:
        return draft.receipt()
    if "final" in effect.context:
        tell_another_way(draft, effect)
    elif "card" in effect.context:
        nobody_asked(draft, int(effect.context["card"]))
    elif is_last_update(draft, effect.body):
        give_up(draft, effect.id)
    return draft.receipt()


def is_last_update(draft: DecisionBuilder, body: model.Effect) -> bool:
    """Is it the update by which everybody's card says how the request ended?"""
    if not isinstance(body, model.UpdateCard) or not draft.it.state.final or not draft.it.card:
        return False
    return body.ref in ("", draft.it.card) and body.card == draft.card()


WAYS = ("thread", "chat", "direct")
"""Where a final word is told: each only if the one before it was refused, or nobody knows."""


def tell_another_way(draft: DecisionBuilder, effect: model.StoredEffect) -> None:
    """Tell in a few words how the request ended, in its chat or to the requester alone; where that
    is refused, too, the message itself is a dead letter."""
    context = effect.context
    letter = int(context.get("letter", effect.id))
    tried = str(context.get("way", WAYS[0]))
    for way in WAYS[WAYS.index(tried) + 1 :]:
        place = place_of(draft, way)
        if place is None:
            continue
        stamp = str(context["final"])
        mentions = () if place.direct else draft.asker()
        key = f"{effect.key}:{way}:{effect.attempts}"
        message = cards.fallback_message(draft.it, stamp, mentions)
        body = model.Say(place, message, draft.fresh(key))
        further = {"final": stamp, "way": way, "letter": letter}
        draft.queue(key, f"chat:{draft.it.id}", body, context=further)
        return
    give_up(draft, letter)


def place_of(draft: DecisionBuilder, way: str) -> model.Place | None:
    """The request's chat without its thread, or the requester, if they are still who asked; None:
    there is no such place. Nothing goes from a direct chat into a group."""
    place, account = draft.it.place, draft.it.account
    if way == "chat":
        return model.Place(place.platform, place.tenant, place.chat, direct=place.direct)
    book = draft.house.book
    if account.platform != place.platform or not account.id:
        found = policy.account_of(book, draft.it.person, place.platform, place.tenant)
        if found is None:
            return None
        account = found
    holder = policy.person_of(book, account)
    if holder is None or holder.id != draft.it.person:
        return None
    if account.tenant not in book.tenants.get(account.platform, frozenset()):
        return None
    return model.Place(account.platform, account.tenant, account.id, direct=True)


def give_up(draft: DecisionBuilder, letter: int) -> None:
    """Nobody could be told: a dead letter, until somebody sends it once more."""
    draft.untold.append(letter)
    draft.enter("countersign", "tell.gave_up", letter=letter)
