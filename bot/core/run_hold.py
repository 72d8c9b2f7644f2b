"""A script in several calls that has begun and may not go on at this moment: the calls that are
left are held, and people are asked, as they are of a template's run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

from bot import model
from bot.core import questions
from bot.core.decision import DecisionBuilder

KIND = "held"
Queue = Callable[..., None]
"""Queues the call of a step: ``running.queue_start``."""


def hold(builder: DecisionBuilder, step: model.Step, outcome: model.Refused) -> None:
    """A call was refused at the moment when it would have been made. Neither it nor any other that
    has surely not left is made until somebody says so; why is asked and told once."""
    unsent = builder.view.unsent
    builder.take_back("start:")
    for each in tuple(builder.steps.values()):
        queued = each.state == "started" and key_of(each, unsent)
        if each.index == step.index or queued:
            builder.step(replace(each, state="held"))
    if is_held(builder.it):
        return builder.change()
    reason = str(outcome.data.get("key", ""))
    builder.enter("countersign", "run.held", call=step.token, reason=reason)
    text = f"{builder.it.digest}:{KIND}:{builder.it.version}"
    asks = model.ApprovalStep(
        key=KIND,
        kind="held",
        task="",
        digest=hashlib.sha256(text.encode()).hexdigest(),
        shown=outcome.reason,
    )
    builder.change(state=model.State.WAITING, ballot=asks)
    questions.ask(builder, asks)
    return builder.update_card()


def resume(builder: DecisionBuilder, queue: Queue) -> None:
    """Make the calls that are held."""
    for step in release(builder):
        queue(builder, step, again=f"again{builder.it.version}")
    builder.update_card()


def look_up(builder: DecisionBuilder, queue: Queue) -> None:
    """Out of a restored store: somebody may have said since that it goes on. What became of the
    calls that are held is looked up, and none is made."""
    for step in release(builder):
        queue(builder, step, look=1, lookup=True)


def release(builder: DecisionBuilder) -> list[model.Step]:
    """Nothing is asked any more; returns the steps that were held."""
    going = builder.it.started_at is not None
    state = model.State.RUNNING if going else model.State.APPROVED
    builder.change(state=state, ballot=None)
    steps = [step for step in builder.steps.values() if step.state == KIND]
    for step in steps:
        builder.step(replace(step, state="started"))
    return [replace(step, state="started") for step in steps]


def is_held(request: model.Request) -> bool:
    """Does a script wait because it may not go on?"""
    asks = request.ballot
    held = asks is not None and asks.kind == KIND
    return held and isinstance(request.plan, model.ScriptOperation)


def key_of(step: model.Step, keys: frozenset[str]) -> str:
    """The key among these by which the call of a step is queued; "": none is."""
    own = f"start:{step.token}"
    return next((key for key in keys if key == own or key.startswith(f"{own}:")), "")
