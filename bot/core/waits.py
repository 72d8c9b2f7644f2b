"""The cloud does not answer: whoever asked is told what is waited for, and what came of it."""

from __future__ import annotations

from datetime import datetime

from bot import cards, model, texts
from bot.core import places
from bot.core.decision import DecisionBuilder
from bot.deployment import Deployment


def delayed(
    house: Deployment, event: model.Delayed, view: model.View, now: datetime
) -> model.Decision:
    """Say once that a request, or a look-up, waits: for what, why and until when."""
    draft = DecisionBuilder(house, view, now)
    request = view.request
    if request is None:
        return lookup(draft, event)
    if request.state.final or request.waits:
        return draft.receipt()
    draft.change(waits=event.what)
    facts = {"api": event.what, "reason": event.reason}
    where = f"waiting:v{draft.it.version}"
    if event.until is None:
        draft.tell_sentence(where, "say.waiting.results", draft.asker(), **facts)
    else:
        until = cards.moment(house, event.until)
        draft.tell_sentence(where, "say.waiting", draft.asker(), until=until, **facts)
    return draft.receipt()


def lookup(draft: DecisionBuilder, event: model.Delayed) -> model.Decision:
    """A look-up that no request is about: its question is answered with that it waits."""
    effect = draft.view.effect
    if effect is None or "place" not in effect.context or event.until is None:
        return draft.receipt()
    origin = effect.context
    account, locale = model.Account(**origin["account"]), str(origin["locale"])
    until = cards.moment(draft.house, event.until)
    text = texts.say(locale, "say.waiting.lookup", api=event.what, reason=event.reason, until=until)
    message = cards.sentence("", text, (account,), str(origin["text"]))
    key = f"waiting:{effect.key}"
    draft.queue(key, key, model.Say(places.unpack(origin["place"]), message, draft.fresh(key)))
    return draft.receipt()


def over(draft: DecisionBuilder, outcome: model.Outcome | None = None) -> None:
    """It was answered: say so where it goes on, for all other ends tell themselves."""
    what = draft.it.waits
    if not what:
        return
    draft.change(waits="")
    if isinstance(outcome, model.Done):
        draft.tell_sentence(f"waited:v{draft.it.version}", "say.waiting.over", api=what)
