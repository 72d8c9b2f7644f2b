"""Starting a step, and never twice: what its client token, its tag and its age tell."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from adapters.openapi.failures import MISMATCH, Failure
from adapters.openapi.settings import Settings
from bot import model
from bot.model import ports

log = logging.getLogger(__name__)

STEP_TAG = "countersign-step"
AT_TAG = "countersign-at"
BATCH_TAG = "countersign-batch"
DIGEST_TAG = "countersign-digest"
SHORTEST_DIGEST = 8
"""Digits of the digest that earlier releases put into the tag."""

Look = Callable[[], Awaitable[model.Done | model.Unknown | None]]
"""Finds what carries the step's tag; None: there is nothing; Unknown: it is of another plan. Raises
Failure."""


def fits(digest: str, tags: Mapping[str, str]) -> bool:
    """Is what carries these tags a run of the plan with this digest?"""
    tag = tags.get(DIGEST_TAG, "")
    return len(tag) >= SHORTEST_DIGEST and digest.startswith(tag)


def stranger(token: str) -> model.Unknown:
    """A run that has the tag, but is of another plan: it is not ours."""
    return model.Unknown("What carries this step's tag is a run of another plan.", token)


def objection(effect: model.StartRun, engine: str, key: bytes = b"") -> model.Refused | None:
    """What forbids starting this step on an engine whatever the platform says; None: nothing.
    Hidden values are compared with their seals where the installation's key is known."""
    plan, token = effect.plan, effect.step.token
    if model.digest(plan) != effect.digest:
        return model.Refused("The plan is not the one that was approved.", "DigestMismatch")
    if not model.intact(plan, key):
        return model.Refused("The hidden values are not those that were approved.", "SealMismatch")
    if plan.engine != engine:
        return model.Refused(f"This executor does not run {plan.engine!r} plans.", "Engine")
    if not token or len(token) > 64 or not token.isascii():
        return model.Refused("The step's token is no client token.", "ClientToken")
    return None


class Starts:
    """Judges of steps that may have been started before."""

    def __init__(self, settings: Settings, clock: ports.Clock) -> None:
        self.settings = settings
        self.clock = clock

    async def before(
        self, effect: model.StartRun, attempt: model.Attempt, look: Look
    ) -> model.Outcome | None:
        """What became of an earlier try; None: it certainly cannot run twice if sent now. One that
        is on record as never sent, but is older than the platform remembers its token, is looked
        for all the same: the record may be that of a store that was put back."""
        if attempt.uncertain or effect.lookup:
            return await self.known(effect, look)
        age = self._age(effect)
        if age is None or age < self.settings.safe_token_seconds:
            return None
        try:
            return await look()
        except Failure as failure:
            return failure.harmless()

    async def known(self, effect: model.StartRun, look: Look) -> model.Outcome | None:
        """What became of an earlier try; None: it certainly cannot run twice if sent again."""
        token = effect.step.token
        try:
            earlier = await look()
        except Failure as failure:
            return model.Unknown(f"It could not be looked up: {failure.reason}", token)
        if earlier is not None:
            return earlier
        if effect.lookup:
            return model.Unknown("No trace of it was found, and it may not be sent now.", token)
        age = self._age(effect)
        if age is not None and age < self.settings.safe_token_seconds:
            return None
        return model.Unknown(
            "No trace of it was found, and it is too old to be sent again safely.", token
        )

    async def failed(
        self, effect: model.StartRun, failure: Failure, doubt: bool, look: Look
    ) -> model.Outcome:
        """The outcome of a call that failed; ``doubt``: an earlier one may have happened. What was
        refused after a try that may have started it is looked for once more."""
        token = effect.step.token
        if failure.code == MISMATCH or (failure.doubt and failure.kind == "refused"):
            try:
                earlier = await look()
            except Failure as other:
                log.warning("step %s could not be looked up: %s", token, other.reason)
                earlier = None
            return earlier or model.Unknown(failure.reason, token)
        if doubt and failure.kind != "refused":
            return model.Unknown(failure.reason, token)
        return failure.outcome(token)

    def _age(self, effect: model.StartRun) -> float | None:
        """Seconds since the step was written; None if that was not noted."""
        try:
            noted = datetime.fromtimestamp(float(effect.tags.get(AT_TAG, "")), UTC)
        except (ValueError, OverflowError, OSError):
            return None
        return self.clock.age(noted)
