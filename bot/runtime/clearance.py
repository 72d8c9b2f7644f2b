"""What may leave of what was claimed: judged, and cards drawn, within the transaction that claims.

It all happens on the writer's thread. So an approval that is withdrawn at that moment holds, a card
says what the store says, and both are on disk before the call is made.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from bot import model, regexes
from bot.model import ports
from bot.runtime import intake, usage
from bot.store import port

log = logging.getLogger(__name__)

Judge = Callable[[model.StoredEffect, model.View, datetime], model.Refused | None]
"""Why an effect that was just claimed must not be sent; None: it may be."""
Draw = Callable[[model.StoredEffect, model.View], model.CardEffect]
"""The body of an effect, with the card as the store has it now."""


class Quota(port.Quota, Protocol):
    """How much may be claimed. ``give_back`` is told of each one that was not sent after all."""

    def give_back(self, rate_key: port.RateKey) -> None: ...


class Ledger(Quota):
    """Remembers what was taken of a quota, so that it can be given back where the transaction is
    undone."""

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self._spent: list[port.RateKey] = []

    def room(self, rate_key: port.RateKey) -> port.Allowance:
        return self._quota.room(rate_key)

    def take(self, rate_key: port.RateKey) -> None:
        self._quota.take(rate_key)
        self._spent.append(rate_key)

    def give_back(self, rate_key: port.RateKey) -> None:
        self._quota.give_back(rate_key)
        self._spent.remove(rate_key)

    def undo(self) -> None:
        """Give back all that was taken."""
        while self._spent:
            self._quota.give_back(self._spent.pop())


class Clearance:
    """Lets effects leave. Without ``judge`` everything may; what is not to leave is settled."""

    def __init__(
        self,
        writer: port.Writer,
        events: intake.Intake,
        judge: Judge | None,
        clock: ports.Clock,
        used: usage.Counter,
    ) -> None:
        self._writer = writer
        self._intake = events
        self._judge = judge
        self._clock = clock
        self._used = used

    def passed(self, claims: port.Claims, quota: Quota, draw: Draw | None) -> port.Claims:
        """Those that may be sent, as they may be sent. Where a pattern must be judged elsewhere
        before, nothing was claimed: Unjudged is raised."""
        spent = [claimed.rate_key for claimed in claims.effects]

        def spare(claimed: port.Claimed) -> None:
            quota.give_back(claimed.rate_key)
            spent.remove(claimed.rate_key)

        try:
            allowed = self._allowed(self._affordable(claims, spare), spare)
            cleared = allowed if draw is None else self._drawn(allowed, draw, spare)
        except regexes.Unjudged:
            for rate_key in spent:
                quota.give_back(rate_key)
            raise
        return replace(claims, effects=tuple(cleared), refused=len(claims.effects) - len(cleared))

    # -- what may happen

    def _affordable(
        self, claims: port.Claims, spare: Callable[[port.Claimed], None]
    ) -> list[port.Claimed]:
        """Those for which the month's quota is enough; ``spare`` is told of the others."""
        affordable: list[port.Claimed] = []
        for claimed in claims.effects:
            if self._used.spare(self._writer, claimed, self._clock.now()):
                spare(claimed)
            else:
                affordable.append(claimed)
        return affordable

    def _allowed(
        self, claims: list[port.Claimed], spare: Callable[[port.Claimed], None]
    ) -> list[port.Claimed]:
        """Those that may be sent; ``spare`` is told of the others."""
        judged = [(claimed, self._outcome(claimed)) for claimed in claims]
        refused = [
            claimed.effect.id
            for claimed, outcome in judged
            if outcome is not None and not _may_have_happened(claimed)
        ]
        allowed: list[port.Claimed] = []
        for claimed, outcome in judged:
            if outcome is None:
                allowed.append(claimed)
            elif _may_have_happened(claimed):
                allowed.append(_only_looked_up(claimed))
            else:
                if isinstance(outcome, model.Refused):
                    others = [number for number in refused if number != claimed.effect.id]
                    outcome = replace(outcome, data={**outcome.data, model.TOGETHER: others})
                self._settle(claimed, outcome)
                spare(claimed)
        return allowed

    def _outcome(self, claimed: port.Claimed) -> model.Refused | model.NotSent | None:
        """Why it is not sent; None: it may be. What cannot be judged is not sent now, but judged
        again later."""
        effect, judge = claimed.effect, self._judge
        starts = isinstance(effect.body, model.StartRun | model.RunCall | model.SignalRun)
        if judge is None or not starts:
            return None
        try:
            return judge(effect, self._view(effect), self._clock.now())
        except regexes.Unjudged:
            raise
        except Exception as fault:
            self._look_at(fault, effect, "judged")
            return model.NotSent(f"it could not be judged: {type(fault).__name__}")

    # -- what is seen of it

    def _drawn(
        self, allowed: list[port.Claimed], draw: Draw, spare: Callable[[port.Claimed], None]
    ) -> list[port.Claimed]:
        """The same with their cards. One that cannot be drawn never can, so it does not hold up
        what is to be said after it: it is refused, and ``spare`` is told."""
        drawn: list[port.Claimed] = []
        for claimed in allowed:
            try:
                drawn.append(self._with_card(claimed, draw))
            except regexes.Unjudged:
                raise
            except Exception as fault:
                self._look_at(fault, claimed.effect, "drawn")
                reason = f"it could not be drawn: {type(fault).__name__}"
                self._settle(claimed, model.Refused(reason, code="not_drawn"))
                spare(claimed)
        return drawn

    def _with_card(self, claimed: port.Claimed, draw: Draw) -> port.Claimed:
        """An update shows what the store says now. The first card is drawn once and kept until it
        is answered: platforms recognise a repetition only if it is the same."""
        effect, body = claimed.effect, claimed.effect.body
        first = isinstance(body, model.ShowCard) and body.card is not None
        if not isinstance(body, model.CardEffect) or first or claimed.card_missing:
            return claimed
        view = self._view(effect)
        drawn = draw(effect, view)
        # which card an update changes is looked up each time, unless it names one by itself
        stored = view.effect.body if view.effect is not None else None
        ref = stored.ref if isinstance(stored, model.UpdateCard) else ""
        kept = replace(drawn, ref=ref) if isinstance(drawn, model.UpdateCard) else drawn
        self._writer.keep_card(effect.id, kept)
        return replace(claimed, effect=replace(effect, body=drawn))

    # -- both

    def _view(self, effect: model.StoredEffect) -> model.View:
        return self._writer.view(model.Needs(effect=effect.id), self._clock.now())

    def _settle(self, claimed: port.Claimed, outcome: model.Outcome) -> None:
        self._intake.take(claimed.effect.completed(self._clock.now(), outcome))

    def _look_at(self, fault: Exception, effect: model.StoredEffect, what: str) -> None:
        """Only where the store itself failed does that end everything."""
        if self._writer.is_broken(fault):
            raise fault
        log.error("effect %d could not be %s", effect.id, what, exc_info=fault)


def _may_have_happened(claimed: port.Claimed) -> bool:
    """Was it sent before, with an outcome that nobody knows?"""
    starts = isinstance(claimed.effect.body, model.StartRun | model.RunCall)
    return claimed.attempt.uncertain and starts


def _only_looked_up(claimed: port.Claimed) -> port.Claimed:
    """One that may have happened before is not made again."""
    effect, body = claimed.effect, claimed.effect.body
    assert isinstance(body, model.StartRun | model.RunCall)
    return replace(claimed, effect=replace(effect, body=replace(body, lookup=True)))
