"""The core: what one event means, given what is known. Pure, synchronous, no I/O.

``needs(deployment, event)`` says what must be loaded, ``decide(deployment, event, view, now)`` says
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


def needs(deployment: Deployment, event: model.Event) -> model.Needs:
    """What ``decide`` will have to see for this event."""
    match event:
        case model.MessageReceived():
            return intake_chat.needs(deployment, event)
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
    deployment: Deployment, event: model.Event, view: model.View, now: datetime
) -> model.Decision:
    """Everything this event changes. The same arguments always give the same decision."""
    decision = decided(deployment, event, view, now)
    return (
        decision
        if deployment.rules is None
        else bus.published(deployment, event, view, decision, now)
    )


def decided(
    deployment: Deployment, event: model.Event, view: model.View, now: datetime
) -> model.Decision:
    """What the event means by itself, before rules are asked."""
    match event:
        case model.MessageReceived():
            return intake_chat.asked(deployment, event, view, now)
        case model.CardAction():
            return votes.clicked(deployment, event, view, now)
        case model.MessageRecalled():
            return votes.recalled(deployment, event, view, now)
        case model.FormChanged():
            return intake_form.changed(deployment, event, view, now)
        case model.Started():
            return intake_form.look_back(deployment, event, view, now)
        case model.Delayed():
            return waits.delayed(deployment, event, view, now)
        case model.Restored():
            return restore.restored(deployment, event, view, now)
        case model.TimerDue():
            return timers.timer_due(deployment, event, view, now)
        case model.InvocationPolled():
            return run_script.observed(deployment, event, view, now)
        case model.EffectCompleted():
            return settled(deployment, event, view, now)
        case model.ExecutionPolled():
            return run_remote.seen(deployment, event, view, now)
        case model.ExecutionFound():
            return executions.found(deployment, event, view, now)
        case model.EventReceived():
            return bus.arrived(deployment, event, view, now)
        case model.IngressRejected():
            return bus.turned(deployment, event, view, now)
        case model.CommandRequested():
            return intake_rule.ordered(deployment, event, view, now)


def refusal_of_claim(
    deployment: Deployment, effect: model.StoredEffect, view: model.View, now: datetime
) -> model.Refused | None:
    """Why an effect that was just claimed must not be sent; None: it may be. Asked in the very
    transaction that claims it; a refusal settles the effect, and comes back as
    ``EffectCompleted``."""
    refused = authority.refusal_of_claim(deployment, effect, view, now)
    return refused or call_limits.refusal_of_claim(deployment, effect, view.request)


def settled(
    deployment: Deployment, event: model.EffectCompleted, view: model.View, now: datetime
) -> model.Decision:
    """The outcome of an effect, given to the part of the core that queued it."""
    effect = view.effect
    if effect is None:
        return model.Decision()
    match effect.body:
        case model.ResolveTargets():
            return intake_chat.resolved(deployment, event.outcome, view, now)
        case model.FetchDefinition():
            return plan_fetch.fetched(deployment, event.outcome, view, now)
        case model.FetchForm():
            return intake_form.fetched(deployment, event.outcome, view, now)
        case model.ListForms():
            return intake_form.listed(deployment, event.outcome, view, now)
        case model.StartRun():
            return run_script.started(deployment, event.outcome, view, now)
        case model.StopRun():
            return run_script.stopped(deployment, event.outcome, view, now)
        case model.ShowCard():
            return delivery.card_shown(deployment, event.outcome, view, now)
        case model.Recall():
            return delivery.taken_back(deployment, event.outcome, view, now)
        case model.RunCall():
            return run_template.called(deployment, event.outcome, view, now)
        case model.SignalRun():
            return run_remote.told(deployment, event.outcome, view, now)
        case model.Deliver():
            return bus.delivered(deployment, event.outcome, view, now)
        case model.Say() | model.UpdateCard():
            return delivery.told(deployment, event.outcome, view, now)
