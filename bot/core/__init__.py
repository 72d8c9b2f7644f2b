"""The core: what one event means, given what is known. Pure, synchronous, no I/O.

``read(deployment, event)`` says what must be loaded, and decides then on everything that changes.
The engine writes it in one transaction; nothing else changes a request.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from bot import model
from bot.core import (
    authority,
    bus,
    calendars,
    call_limits,
    configuration,
    delivery,
    executions,
    intake_chat,
    intake_form,
    intake_rule,
    lookups,
    plan_fetch,
    quotas,
    restore,
    run_remote,
    run_script,
    run_template,
    timers,
    votes,
    waits,
)
from bot.deployment import Deployment

__all__ = ["read", "refusal_of_claim"]


Meaning = Callable[[model.View, datetime], model.Decision]


def read(deployment: Deployment, event: model.Event) -> model.Reading:
    """What an event says: what must be loaded for it, and then everything that it changes. What
    people typed is parsed here, once. The same arguments always give the same decision."""
    needs, meaning = _read(deployment, event)

    def decide(view: model.View, now: datetime) -> model.Decision:
        decision = meaning(view, now)
        if deployment.rules is None:
            return decision
        return bus.published(deployment, event, view, decision, now)

    return model.Reading(needs, decide)


def _read(deployment: Deployment, event: model.Event) -> tuple[model.Needs, Meaning]:
    """What the store must show for an event, and what it means by itself, before rules are
    asked."""
    match event:
        case model.MessageReceived():
            message = intake_chat.read(deployment, event)
            return intake_chat.needs(message), partial(intake_chat.decide, deployment, message)
        case model.CardAction(account=account, request=number, card=card):
            needs = model.Needs(platform=account.platform, request=number, card=card)
            return needs, partial(votes.clicked, deployment, event)
        case model.MessageRecalled(platform=platform, message=recalled):
            needs = model.Needs(platform=platform, message=recalled)
            return needs, partial(votes.recalled, deployment, event)
        case model.FormChanged(platform=platform, instance=instance):
            needs = model.Needs(platform=platform, form=instance)
            return needs, partial(intake_form.changed, deployment, event)
        case model.Started():
            needs = model.Needs(listing="open", limit=intake_form.MOST_OPEN)
            return needs, partial(intake_form.look_back, deployment, event)
        case model.ExecutionFound():
            return model.Needs(), partial(executions.take_up, deployment, event)
        case model.EventReceived():
            return bus.needs(event), partial(bus.arrived, deployment, event)
        case model.IngressRejected():
            return model.Needs(), partial(bus.turned, deployment, event)
        case model.ConfigurationRead():
            needs = model.Needs(listing="open", limit=intake_form.MOST_OPEN)
            return needs, partial(configuration.read, deployment, event)
        case model.CalendarRead():
            needs = model.Needs(listing="open", limit=intake_form.MOST_OPEN)
            return needs, partial(calendars.read, deployment, event)
        case model.CommandRequested():
            return model.Needs(), partial(intake_rule.ordered, deployment, event)
        case model.TimerDue(request=number):
            return model.Needs(request=number), partial(timers.timer_due, deployment, event)
        case model.InvocationPolled(request=number):
            return model.Needs(request=number), partial(
                run_script.invocation_polled, deployment, event
            )
        case model.ExecutionPolled(request=number):
            return model.Needs(request=number), partial(
                run_remote.execution_polled, deployment, event
            )
        case model.Restored(request=number):
            return model.Needs(request=number), partial(restore.restored, deployment, event)
        case model.EffectCompleted(effect=effect, outcome=outcome):
            needs = model.Needs(effect=effect, form=intake_form.original_of(outcome))
            return needs, partial(settled, deployment, event)
        case model.QuotaReached():
            return model.Needs(), partial(quotas.reached, deployment, event)
        case model.Delayed(effect=effect, request=number):
            needs = model.Needs(effect=effect, request=number)
            return needs, partial(waits.delayed, deployment, event)


def refusal_of_claim(
    deployment: Deployment, effect: model.StoredEffect, view: model.View, now: datetime
) -> model.Refused | None:
    """Why an effect that was just claimed must not be sent; None: it may be. Asked in the very
    transaction that claims it; a refusal settles the effect, and comes back as
    ``EffectCompleted``."""
    refused = authority.refusal_of_claim(deployment, effect, view, now)
    return refused or call_limits.refusal_of_claim(deployment, effect, view, now)


def settled(
    deployment: Deployment, event: model.EffectCompleted, view: model.View, now: datetime
) -> model.Decision:
    """The outcome of an effect, given to the part of the core that queued it."""
    effect = view.effect
    if effect is None:
        return model.Decision()
    if event.late:
        return delivery.card_overwritten(deployment, event, view, now)
    match effect.body:
        case model.ResolveTargets():
            return lookups.resolved(deployment, event.outcome, view, now)
        case model.FetchDefinition():
            return plan_fetch.fetched(deployment, event.outcome, view, now)
        case model.FetchForm():
            return intake_form.fetched(deployment, event.outcome, view, now)
        case model.ListForms():
            return intake_form.listed(deployment, event.outcome, view, now)
        case model.StartRun():
            return run_script.start_completed(deployment, event.outcome, view, now)
        case model.StopRun():
            return run_script.stop_completed(deployment, event.outcome, view, now)
        case model.ShowCard():
            return delivery.card_shown(deployment, event.outcome, view, now)
        case model.Recall():
            return delivery.taken_back(deployment, event.outcome, view, now)
        case model.RunCall():
            return run_template.call_completed(deployment, event.outcome, view, now)
        case model.SignalRun():
            return run_remote.signal_completed(deployment, event.outcome, view, now)
        case model.Deliver():
            return bus.delivered(deployment, event.outcome, view, now)
        case model.Say() | model.UpdateCard():
            return delivery.message_outcome(deployment, event.outcome, view, now)
