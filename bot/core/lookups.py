"""Which instances there are: asked for a plan, for a run, or by the ``instances`` command."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot import cards, model, texts
from bot.core import (
    drift,
    endings,
    facts,
    machines,
    places,
    plan_preview,
    plan_template,
    proposal,
    run_template,
    waits,
)
from bot.core.decision import DecisionBuilder, reason_of, refusal_text
from bot.deployment import Deployment


def resolved(
    deployment: Deployment, outcome: model.Outcome, view: model.View, now: datetime
) -> model.Decision:
    """The instances were looked up: for a request's plan, or for the ``instances`` command."""
    builder = DecisionBuilder(deployment, view, now)
    if view.request is None:
        return listed(builder, outcome)
    if not view.request.state.final:
        waits.over(builder)
    if view.request.state is model.State.APPROVED:
        drift.looked(builder, outcome)
    elif view.request.state is model.State.PLANNING:
        planned(builder, outcome)
    elif view.request.state in run_template.GOING:
        run_template.lookup_completed(builder, outcome)
    return builder.receipt()


def planned(builder: DecisionBuilder, outcome: model.Outcome) -> None:
    """Freeze the plan on what was found and put it to the vote, or say why not."""
    context, locale = builder.context, builder.it.locale
    template = bool(context.get("template"))
    freeze = plan_template.freeze if template else proposal.freeze

    def draft() -> model.Plan:
        return freeze(builder, builder.deployment.book.commands[builder.it.command], data)

    if isinstance(outcome, model.Done):
        data = machines.apart(outcome.data, context.get("strays", ()))
        planning = replace(
            facts.planning_of(builder, draft),
            targets=machines.targets_of(data, scripted=not template),
            systems=lambda: facts.refusal_of_systems(builder, context, data),
        )
    else:
        data = {}
        planning = replace(facts.planning_of(builder), failure=reason_of(locale, outcome))
    refusal = proposal.refusal_of_plan(builder, planning)
    if refusal is not None:
        return endings.refuse(builder, refusal)
    try:
        plan = draft()
    except plan_preview.Unshowable as error:
        return endings.refuse(builder, error.refusal)
    return proposal.ask_for_votes(builder, plan)


def listed(builder: DecisionBuilder, outcome: model.Outcome) -> model.Decision:
    """Answer the ``instances`` command."""
    effect = builder.view.effect
    assert effect is not None
    origin = effect.context
    account, locale = model.Account(**origin["account"]), str(origin["locale"])
    if isinstance(outcome, model.Done):
        instances = machines.instances_of(outcome.data)
        message = cards.instances_message(locale, instances, (account,), str(origin["text"]))
        unknown = machines.targets_of(outcome.data, scripted=False).refusal_of_unknown()
        if unknown is not None:
            text = refusal_text(locale, unknown)
            extra = cards.para(*cards.words(text))
            message = model.Message(
                message.title, (*message.blocks, extra), message.mentions, message.quote
            )
    else:
        text = texts.say(locale, "say.lookup_failed", reason=reason_of(locale, outcome))
        message = cards.sentence("", text, (account,), str(origin["text"]))
    key = f"say:{origin['event']}"
    builder.queue(key, key, model.Say(places.unpack(origin["place"]), message, builder.fresh(key)))
    return builder.receipt()
