"""How long to go on with what is not sent, and how long to wait between two tries."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot import model
from bot.rules import retry
from bot.store import port

FIRST_RETRY, LAST_RETRY = 1.0, 300.0
HURRIED = model.StartRun | model.RunCall | model.ResolveTargets | model.FetchDefinition
"""What people wait for."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How old an effect that is never sent may grow before it counts as refused. A delivery has the
    retry policy of its rule in place of that."""

    effect: timedelta = timedelta(hours=24)
    run: timedelta = timedelta(minutes=15)

    def of(self, effect: model.StoredEffect) -> timedelta:
        """A form that is read for a request is read before its run may start."""
        before_start = isinstance(effect.body, model.FetchForm) and effect.request
        return self.run if before_start or isinstance(effect.body, HURRIED) else self.effect

    def wait(
        self, row: port.Row, outcome: model.NotSent, now: datetime, chance: random.Random
    ) -> timedelta | None:
        """The wait until the next try, never shorter than the platform said; None: give up."""
        least = timedelta(seconds=outcome.retry_after)
        body = row.effect.body
        if isinstance(body, model.Deliver):
            pause = retry.delay(body.retry, row.failures, chance.uniform)
            return None if pause is None else max(pause, least)
        if now - row.created_at > self.of(row.effect):
            return None
        doublings = min(max(row.effect.attempts - 1, 0), 20)
        usual = min(LAST_RETRY, FIRST_RETRY * 2.0**doublings) * chance.uniform(0.75, 1.25)
        return max(timedelta(seconds=usual), least)
