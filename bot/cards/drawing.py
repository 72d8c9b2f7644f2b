"""The card that an effect sends, drawn at the moment when it is sent."""

from __future__ import annotations

from dataclasses import replace

from bot import model
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
    if isinstance(body, model.UpdateCard) and body.ref != request.card:
        card = superseded_card(request)
    else:
        others = locking.others(deployment.book, request, view.archive)
        card = request_card(deployment, request, view.votes, view.results, others)
    if isinstance(body, model.ShowCard):
        return replace(body, card=card)
    return replace(body, card=card, viewers=request.clickers)
