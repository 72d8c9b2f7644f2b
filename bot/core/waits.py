"""The cloud does not answer: the requester is told what is waited for, and how it ended."""

from __future__ import annotations

from datetime import datetime

from bot import cards, model, texts
from bot.core import places
from bot.core.decision import DecisionBuilder
from bot.deployment import Deployment


def delayed(
    deployment: Deployment, event: model.Delayed, view: model.View, now: datetime
) -> model.Decision:
    """Say once that a request, or a look-up, waits: for what, why and until when."""
    builder = DecisionBuilder(deployment, view, now)
    request = view.request
    if request is None:
        return lookup(builder, event)
    if request.state.final or request.waits:
        return builder.receipt()
    builder.change(waits=event.what)
    facts = {"api": event.what, "reason": event.reason}
    where = f"waiting:v{builder.it.version}"
    if event.until is None:
        builder.tell_sentence(where, "say.waiting.results", builder.asker(), **facts)
    else:
        until = cards.moment(deployment, event.until)
        builder.tell_sentence(where, "say.waiting", builder.asker(), until=until, **facts)
    return builder.receipt()


def lookup(builder: DecisionBuilder, event: model.Delayed) -> model.Decision:
    """A look-up that no request is about: its question is answered with that it waits."""
    effect = builder.view.effect
    if effect is None or "place" not in effect.context or event.until is None:
        return builder.receipt()
    origin = effect.context
    account, locale = model.Account(**origin["account"]), str(origin["locale"])
    until = cards.moment(builder.deployment, event.until)
    text = texts.say(locale, "say.waiting.lookup", api=event.what, reason=event.reason, until=until)
    message = cards.sentence("", text, (account,), str(origin["text"]))
    key = f"waiting:{effect.key}"
    builder.queue(key, key, model.Say(places.unpack(origin["place"]), message, builder.fresh(key)))
    return builder.receipt()


def over(builder: DecisionBuilder, outcome: model.Outcome | None = None) -> None:
    """It was answered: say so where it goes on, for all other ends tell themselves."""
    what = builder.it.waits
    if not what:
        return
    builder.change(waits="")
    if isinstance(outcome, model.Done):
        builder.tell_sentence(f"waited:v{builder.it.version}", "say.waiting.over", api=what)
