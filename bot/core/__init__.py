"""The core: what one event means, given what is known. Pure, synchronous, no I/O.

``needs(house, event)`` says what must be loaded, ``decide(house, event, view, now)`` says
everything that changes. The engine writes it in one transaction; nothing else changes a request.
"""

from __future__ import annotations

from datetime import datetime

from bot import model
from bot.core import (
    authority,
    bus,
    call_limits,
    delivery,
    executions,
    intake_chat,
    intake_form,
    intake_rule,
    plan_fetch,
    restore,
    run_remote,
    run_script,
    run_template,
    timers,
    votes,
    waits,
)
from bot.deployment import House

__all__ = ["decide", "needs", "refusal_of_claim"]


def needs(house: House, event: model.Event) -> model.Needs:
    """What ``decide`` will have to see for this event."""
    match event:
        case model.Asked():
            return intake_chat.needs(house, event)
        case model.Clicked():
            return model.Needs(
                platform=event.account.platform, request=event.request, card=event.card
            )
        case model.Recalled():
            return model.Needs(platform=event.platform, message=event.message)
        case model.FormChanged():
            return model.Needs(platform=event.platform, form=event.instance)
        case model.Started():
            return model.Needs(listing="open", limit=intake_form.MOST_OPEN)
        case model.ExecutionFound():
            return model.Needs()
        case model.Arrived():
            return bus.needs(event)
        case model.Turned() | model.Ordered():
            return model.Needs()
        case model.TimerDue() | model.Observed() | model.ExecutionSeen() | model.Restored():
            return model.Needs(request=event.request)
        case model.Settled():
            return model.Needs(effect=event.effect, form=intake_form.original_of(event.outcome))
        case model.Delayed():
            return model.Needs(effect=event.effect, request=event.request)


def decide(house: House, event: model.Event, view: model.View, now: datetime) -> model.Decision:
    """Everything this event changes. The same arguments always give the same decision."""
    decision = decided(house, event, view, now)
    return decision if house.rules is None else bus.published(house, event, view, decision, now)


def decided(house: House, event: model.Event, view: model.View, now: datetime) -> model.Decision:
    """What the event means by itself, before rules are asked."""
    match event:
        case model.Asked():
            return intake_chat.asked(house, event, view, now)
        case model.Clicked():
            return votes.clicked(house, event, view, now)
        case model.Recalled():
            return votes.recalled(house, event, view, now)
        case model.FormChanged():
            return intake_form.changed(house, event, view, now)
        case model.Started():
            return intake_form.look_back(house, event, view, now)
        case model.Delayed():
            return waits.delayed(house, event, view, now)
        case model.Restored():
            return restore.restored(house, event, view, now)
        case model.TimerDue():
            return timers.timer_due(house, event, view, now)
        case model.Observed():
            return run_script.observed(house, event, view, now)
        case model.Settled():
            return settled(house, event, view, now)
        case model.ExecutionSeen():
            return run_remote.seen(house, event, view, now)
        case model.ExecutionFound():
            return executions.found(house, event, view, now)
        case model.Arrived():
            return bus.arrived(house, event, view, now)
        case model.Turned():
            return bus.turned(house, event, view, now)
        case model.Ordered():
            return intake_rule.ordered(house, event, view, now)


def refusal_of_claim(
    house: House, effect: model.StoredEffect, view: model.View, now: datetime
) -> model.Refused | None:
    """Why an effect that was just claimed must not be sent; None: it may be. Asked in the very
    transaction that claims it; a refusal settles the effect, and comes back as ``Settled``."""
    refused = authority.refusal_of_claim(house, effect, view, now)
    return refused or call_limits.refusal_of_claim(house, effect, view.request)


def settled(house: House, event: model.Settled, view: model.View, now: datetime) -> model.Decision:
    """The outcome of an effect, given to the part of the core that queued it."""
    effect = view.effect
    if effect is None:
        return model.Decision()
    match effect.body:
        case model.Resolve():
            return intake_chat.resolved(house, event.outcome, view, now)
        case model.FetchDefinition():
            return plan_fetch.fetched(house, event.outcome, view, now)
        case model.FetchForm():
            return intake_form.fetched(house, event.outcome, view, now)
        case model.ListForms():
            return intake_form.listed(house, event.outcome, view, now)
        case model.StartRun():
            return run_script.started(house, event.outcome, view, now)
        case model.StopRun():
            return run_script.stopped(house, event.outcome, view, now)
        case model.ShowCard():
            return delivery.card_shown(house, event.outcome, view, now)
        case model.Recall():
            return delivery.taken_back(house, event.outcome, view, now)
        case model.RunCall():
            return run_template.called(house, event.outcome, view, now)
        case model.TellRun():
            return run_remote.told(house, event.outcome, view, now)
        case model.Deliver():
            return bus.delivered(house, event.outcome, view, now)
        case model.Say() | model.UpdateCard():
            return delivery.told(house, event.outcome, view, now)
