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
from bot.deployment import Deployment

__all__ = ["decide", "needs", "refusal_of_claim"]


def needs(house: Deployment, event: model.Event) -> model.Needs:
    """What ``decide`` will have to see for this event."""
    match event:
        case model.MessageReceived():
            return intake_chat.needs(house, event)
        case model.CardAction():
            return model.Needs(
                platform=event.account.platform, request=event.request, card=event.card
            )
        case model.MessageRecalled():
            return model.Needs(platform=event.platform, message=event.message)
        case model.FormChanged():
            return model.Needs(platform=event.platform, form=event.instance)
        case model.Started():
            return model.Needs(listing="open", limit=intake_form.MOST_OPEN)
        case model.ExecutionFound():
            return model.Needs()
        case model.EventReceived():
            return bus.needs(event)
        case model.IngressRejected() | model.CommandRequested():
            return model.Needs()
        case (
            model.TimerDue() | model.InvocationPolled() | model.ExecutionPolled() | model.Restored()
        ):
            return model.Needs(request=event.request)
        case model.EffectCompleted():
            return model.Needs(effect=event.effect, form=intake_form.original_of(event.outcome))
        case model.Delayed():
            return model.Needs(effect=event.effect, request=event.request)


def decide(
    house: Deployment, event: model.Event, view: model.View, now: datetime
) -> model.Decision:
    """Everything this event changes. The same arguments always give the same decision."""
    decision = decided(house, event, view, now)
    return decision if house.rules is None else bus.published(house, event, view, decision, now)


def decided(
    house: Deployment, event: model.Event, view: model.View, now: datetime
) -> model.Decision:
    """What the event means by itself, before rules are asked."""
    match event:
        case model.MessageReceived():
            return intake_chat.asked(house, event, view, now)
        case model.CardAction():
            return votes.clicked(house, event, view, now)
        case model.MessageRecalled():
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
        case model.InvocationPolled():
            return run_script.observed(house, event, view, now)
        case model.EffectCompleted():
            return settled(house, event, view, now)
        case model.ExecutionPolled():
            return run_remote.seen(house, event, view, now)
        case model.ExecutionFound():
            return executions.found(house, event, view, now)
        case model.EventReceived():
            return bus.arrived(house, event, view, now)
        case model.IngressRejected():
            return bus.turned(house, event, view, now)
        case model.CommandRequested():
            return intake_rule.ordered(house, event, view, now)


def refusal_of_claim(
    house: Deployment, effect: model.StoredEffect, view: model.View, now: datetime
) -> model.Refused | None:
    """Why an effect that was just claimed must not be sent; None: it may be. Asked in the very
    transaction that claims it; a refusal settles the effect, and comes back as
    ``EffectCompleted``."""
    refused = authority.refusal_of_claim(house, effect, view, now)
    return refused or call_limits.refusal_of_claim(house, effect, view.request)


def settled(
    house: Deployment, event: model.EffectCompleted, view: model.View, now: datetime
) -> model.Decision:
    """The outcome of an effect, given to the part of the core that queued it."""
    effect = view.effect
    if effect is None:
        return model.Decision()
    match effect.body:
        case model.ResolveTargets():
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
        case model.SignalRun():
            return run_remote.told(house, event.outcome, view, now)
        case model.Deliver():
            return bus.delivered(house, event.outcome, view, now)
        case model.Say() | model.UpdateCard():
            return delivery.told(house, event.outcome, view, now)
