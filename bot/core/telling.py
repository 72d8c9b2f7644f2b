"""What became of messages and cards: were people told, and what is done where they were not."""

from __future__ import annotations

from datetime import datetime

from bot import cards, model, texts
from bot.core.draft import Draft, reason_of
from bot.house import House

MOST_CARDS = 3
"""How many cards of one request are sent at most where nobody knows whether they arrived."""


def card_shown(
    house: House, outcome: model.Outcome, view: model.View, now: datetime
) -> model.Decision:
    """The card reached the chat; if it could not, the plan goes out as text, to decide by text."""
    draft = Draft(house, view, now)
    if view.request is None or view.effect is None or view.request.state.final:
        return draft.receipt()
    match outcome:
        case model.Done(data=data) if data.get("doubtful"):
            tell_plan(draft, "say.card_doubtful")
        case model.Done():
            pass
        case model.Unknown(reason=reason) if not view.request.card:
            show_another(draft, view.effect, reason)
        case model.Refused(reason=reason) | model.NotSent(reason=reason):
            draft.enter("countersign", "card.failed", reason=reason)
            tell_plan(draft, "say.card_failed", reason=reason_of(draft.it.locale, outcome))
    return draft.receipt()


def show_another(draft: Draft, effect: model.StoredEffect, reason: str) -> None:
    """Nobody knows whether the card arrived: another one is sent, which is the request's own from
    then on. Whoever clicks the earlier one is told so, and it is changed to say so itself."""
    number = int(effect.context.get("card", 1)) + 1
    draft.enter("countersign", "card.unclear", reason=reason, card=number - 1)
    if number > MOST_CARDS:
        return tell_plan(draft, "say.card_doubtful")
    draft.show_card(number)
    return draft.tell_sentence(f"card{number}", "say.card_again", draft.asker())


def tell_plan(draft: Draft, key: str, **facts: str) -> None:
    """Say what is on the card, with how to decide in words, while there is something to decide."""
    request = draft.it
    if request.state is not model.State.PENDING:
        return
    text = texts.say(request.locale, key, id=request.id, code=request.code, **facts)
    card = draft.card()
    blocks = (cards.para(*cards.people(card.mentions), cards.span(" " + text)), *card.blocks)
    title = cards.title_of(request)
    draft.tell("card_failed", model.Message(title, blocks, card.mentions, request.text))


def supersede(draft: Draft, ref: str) -> model.Card:
    """A card of the request that is not its own was clicked: from now on it says so."""
    card = cards.superseded_card(draft.it)
    key = f"{draft.card_key()}:other:{ref}"
    draft.queue(key, key, model.UpdateCard(draft.it.place, card, ref))
    return card


def told(house: House, outcome: model.Outcome, view: model.View, now: datetime) -> model.Decision:
    """A message or an update left; one that could not is kept in the audit log."""
    draft = Draft(house, view, now)
    if not isinstance(outcome, model.Done) and view.effect is not None:
        reason = getattr(outcome, "reason", "")
        draft.enter("countersign", "tell.failed", effect=view.effect.key, reason=reason)
    return draft.receipt()
