"""A store that was put back from a copy: what becomes of the requests that were open in it.

What happened after the copy was made is unknown here. So what was not decided yet is held (the
restore itself did that), what runs at the far end is followed there, and of what this bot itself
carried out, or was about to, people are told that nobody knows.
"""

from __future__ import annotations

from datetime import datetime

from bot import model, texts
from bot.core import live_runs, run_hold, run_script, run_template
from bot.core.decision import DecisionBuilder
from bot.deployment import Deployment


def restored(
    deployment: Deployment, event: model.Restored, view: model.View, now: datetime
) -> model.Decision:
    """Tell in the request's thread what was restored, and what to do now."""
    builder = DecisionBuilder(deployment, view, now)
    if view.request is None or view.request.state.final:
        return builder.receipt()
    state = builder.it.state.value
    builder.change()
    builder.enter("countersign", "request.restored", state=state)
    if not builder.it.hold and driven_here(builder):
        live_runs.forget(builder)
        builder.take_back("call:")
        why = texts.say(builder.it.locale, "restored.unknown")
        run_template.end(builder, model.State.UNKNOWN, why)
        return builder.receipt()
    if run_hold.is_held(builder.it):
        run_hold.look_up(builder, run_script.queue_start)
    key = "say.restored.held" if builder.it.hold else "say.restored.followed"
    if builder.it.scheduled:
        key = "say.restored.scheduled"
    builder.tell_sentence("restored", key, builder.asker())
    builder.update_card()
    return builder.receipt()


def driven_here(builder: DecisionBuilder) -> bool:
    """Does what comes next follow from this store alone, so that nobody at the far end can say how
    far it is? A step that was started there, or may have been, is looked up."""
    return not builder.steps
