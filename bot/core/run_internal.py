"""Internal operations are done as they start: nothing of them is ever under way."""

from __future__ import annotations

from bot import model, policy, texts
from bot.core import authority, endings, runner
from bot.core.decision import DecisionBuilder
from bot.core.internal_operations import OPERATIONS


def start(builder: DecisionBuilder) -> None:
    """Do it, in this very decision; where that is not possible any more, it ends as not started."""
    plan = builder.it.plan
    assert isinstance(plan, model.InternalPlan)
    result = OPERATIONS[plan.internal].apply(builder, plan)
    if isinstance(result, policy.Refusal):
        authority.not_started(builder, authority.refused(builder.it.locale, result))
        return
    builder.finish(model.State.SUCCEEDED, note=texts.plain(result), started_at=builder.now)
    builder.update_card()
    endings.outcome(builder)


def decided(builder: DecisionBuilder, person: str, approve: bool) -> None:
    """It asks nothing once it was approved."""


def signal(builder: DecisionBuilder, word: runner.Signal, person: str) -> None:
    """There is nothing that could go on."""


def refusal_of_pause(request: model.Request) -> str:
    """It is never under way."""
    return "stop.not_running"


def stop(builder: DecisionBuilder, person: str) -> None:
    """There is nothing that could be stopped."""


def timer_due(builder: DecisionBuilder, timer: str) -> None:
    """It has no due times."""


def expire(builder: DecisionBuilder) -> None:
    """It asks nothing that expires."""
