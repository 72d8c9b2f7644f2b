"""The card that an effect sends, drawn at the moment when it is sent."""

from __future__ import annotations

from dataclasses import replace

from bot import model
from bot.cards.batch import batch_card
from bot.cards.request import request_card, superseded_card
from bot.deployment import Deployment
from bot.policy import locking


def draw(
    deployment: Deployment, effect: model.StoredEffect, view: model.View
) -> model.ShowCard | model.UpdateCard:
    """The body of an effect with the card as the request stands in ``view``: its own, or, where the
    card to change is not the one that decides, one that says so."""
    body, request = effect.body, view.request
    assert isinstance(body, model.ShowCard | model.UpdateCard)
    assert request is not None
    if isinstance(body, model.ShowCard):
        return replace(body, card=card_of(deployment, view))
    card = card_of(deployment, view) if body.ref == request.card else superseded_card(request)
    return replace(body, card=card, viewers=request.clickers)


def card_of(deployment: Deployment, view: model.View) -> model.Card:
    """The card of the request in ``view``, with the others that stand on it."""
    request = view.request
    assert request is not None
    others = [one for one in view.batch if one.batch is not None and one.batch == request.batch]
    if others and request.leads:
        return batch_card(deployment, (request, *others), view.votes, view.archive)
    held = locking.others(deployment.book, request, view.archive)
    return request_card(deployment, request, view.votes, view.results, held)
