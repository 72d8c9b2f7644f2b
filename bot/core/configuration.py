"""What is noted of a configuration that was read: what is different in it, or why it was refused.

By which configuration something was decided, the order of the audit log tells: what comes after
``configuration.changed`` by the one with that digest, what came before it by the one before.
"""

from __future__ import annotations

from datetime import datetime

from bot import model
from bot.core import reachability
from bot.core.decision import DecisionBuilder
from bot.deployment import Deployment

ABOUT_PEOPLE = frozenset({"person", "role", "policy", "oncall"})
MOST = 200
"""Names and faults that an entry lists; it tells how many there are besides."""


def read(
    deployment: Deployment, event: model.ConfigurationRead, view: model.View, now: datetime
) -> model.Decision:
    """Note it. Requests that are open are judged by the new one whenever they are to go on; what
    waits for its time is at once. Where it is about people, it is looked at whether those that are
    voted on still have enough of them: by a timer each, for this is decided by the one before."""
    builder = DecisionBuilder(deployment, view, now)
    if event.faults:
        builder.enter(
            event.actor,
            "configuration.refused",
            by=event.by,
            digest=event.before,
            faults=listed(event.faults),
        )
        return builder.receipt()
    builder.enter(
        event.actor,
        "configuration.changed",
        by=event.by,
        before=event.before,
        digest=event.digest,
        added=listed(event.added),
        removed=listed(event.removed),
        changed=listed(event.changed),
    )
    builder.reopened = True
    names = (*event.added, *event.removed, *event.changed)
    if any(name.partition(".")[0] in ABOUT_PEOPLE for name in names):
        for request in filter(reachability.asks, view.listing):
            builder.timers.append(model.Timer(request.id, reachability.TIMER, now))
    return builder.receipt()


def listed(names: tuple[str, ...]) -> list[str]:
    """The first of them."""
    more = len(names) - MOST
    return [*names[:MOST], f"… {more} more"] if more > 0 else list(names)
