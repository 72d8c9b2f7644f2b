"""Due times of a request: of its votes, its plan and its run, and what is done when they come."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot import model, policy, texts
from bot.core import (
    batches,
    break_glass,
    endings,
    openings,
    reachability,
    reminders,
    run_control,
    run_script,
    run_template,
)
from bot.core.decision import VOTE_TIMERS, DecisionBuilder
from bot.deployment import Deployment

LOST = timedelta(hours=1)
"""How long after that a run without results is given up: a person has to look then."""


def timer_due(
    deployment: Deployment, event: model.TimerDue, view: model.View, now: datetime
) -> model.Decision:
    """A due-time row came due; one that no longer fits the state does nothing."""
    builder = DecisionBuilder(deployment, view, now)
    request = view.request
    if request is not None and event.timer == break_glass.TIMER:
        break_glass.due(builder)
        return builder.receipt()
    if request is None or request.state.final:
        return builder.receipt()
    # what a restored store says of time that ran out may be untrue: it waits for people instead
    pending = request.state is model.State.PENDING and request.hold != "restored"
    if event.timer == "expire" and pending:
        batches.follow(builder)
        renewed = builder.it.expires_at != request.expires_at
        if builder.it.state is model.State.PENDING and not renewed:
            expire(builder)
    elif event.timer == batches.TIMER and pending:
        batches.follow(builder)
    elif event.timer == "remind" and pending and builder.now < request.expires_at:
        if request.leads:
            reminders.remind(builder, "remind", request.expires_at)
    elif event.timer == "plan" and request.state is model.State.PLANNING:
        why = texts.say(request.locale, "refused.lookup.late")
        endings.refuse(builder, policy.Refusal("refused.lookup", {"reason": why}))
    elif event.timer == "definition" and request.state is model.State.PLANNING:
        endings.refuse(builder, policy.Refusal("refused.definition_late"))
    elif event.timer == "overdue" and request.state in run_template.GOING:
        builder.enter("countersign", "run.overdue")
        builder.tell_sentence("overdue", "say.overdue", builder.asker())
        builder.remind("lost", LOST)
    elif event.timer == reachability.TIMER:
        reachability.look_again(builder)
    elif event.timer in VOTE_TIMERS and request.hold:
        return builder.receipt()  # time on hold is not time to decide
    elif event.timer in run_template.TIMERS and request.state in run_template.GOING:
        run_control.runner_of(request).timer_due(builder, event.timer)
    elif event.timer == openings.COUNTDOWN:
        openings.count_again(builder)
    elif event.timer == openings.TIMER:
        run_control.opened(builder)
    elif event.timer == "lost" and request.state in run_template.GOING:
        give_up(builder)
    return builder.receipt()


def give_up(builder: DecisionBuilder) -> None:
    """No results came for far longer than the run may take: nobody can say how it ended."""
    for step in tuple(builder.steps.values()):
        if step.state in ("started", "running"):
            why = texts.say(builder.it.locale, "say.no_results")
            builder.step(replace(step, state="unknown", error=why))
            builder.enter(
                "countersign", "run.unknown", reason="no results", invocation=step.invocation
            )
    builder.change()
    if not run_script.conclude(builder):
        builder.update_card()


def expire(builder: DecisionBuilder) -> None:
    """Time ran out before the votes were in: it does not run, and nobody has refused it."""
    builder.finish(model.State.EXPIRED)
    builder.enter("countersign", "request.expired")
    builder.update_card()
    endings.sentence(builder, "expired", "say.expired")
