"""Taking one event after the other, within the transaction of the writer's thread."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot import model, regexes
from bot.model import ports
from bot.runtime import logs, meter, moves, retry
from bot.store import codec, port

log = logging.getLogger(__name__)

Decide = Callable[[model.Event], model.Reading]


def given_up(row: port.Row, last: model.NotSent) -> model.Outcome:
    """The outcomes of an effect that is not tried again: not carried out, or unknown."""
    reason = f"gave up: {last.reason}"
    if row.uncertain or last.uncertain:
        return model.Unknown(reason)
    return model.Refused(reason, code="gave_up")


@dataclass(slots=True)
class _Facts:
    """What is to be counted and told of an event, once it is taken: the ``actions`` that the audit
    log notes, the ``result`` of an effect's try, how requests moved."""

    actions: list[str] = field(default_factory=list)
    result: tuple[port.Row, model.Outcome] | None = None
    moves: list[moves.Move] = field(default_factory=list)


class Intake:
    """Takes one event after the other, on the writer's thread, within its transaction."""

    def __init__(
        self,
        writer: port.Writer,
        core: Decide,
        clock: ports.Clock,
        failed_toast: Callable[[], str],
        patience: retry.RetryPolicy,
        chance: random.Random | None,
        counts: meter.Meter,
    ) -> None:
        self._writer = writer
        self._reading_of = core
        self._clock = clock
        self._failed_toast = failed_toast
        self._patience = patience
        self._chance = chance or random.Random()
        self._meter = counts
        self._facts = _Facts()
        self.followed = False
        self.moves: list[moves.Move] = []
        self._lines: list[logs.Line | logs.Failure] = []
        self._news: list[tuple[model.Event, str, _Facts]] = []

    def committed(self) -> list[moves.Move]:
        """What was taken is on disk: log and count it. Returns how requests moved by it; nothing
        unless they are ``followed``."""
        for line in self._lines:
            line.write()
        for event, answer, facts in self._news:
            self._count(event, answer, facts)
        known = self.moves
        self.undo()
        return known

    def undo(self) -> None:
        """What was taken is not in the store after all: nothing is told of it."""
        self.moves, self._lines, self._news = [], [], []

    def take(self, event: model.Event, last: bool = False) -> model.Receipt:
        """Decide and write one event. Whatever goes wrong with it harms only itself. Raises
        Unjudged where a pattern must be judged before, unless this is the ``last`` try."""
        now = self._clock.now()
        writer = self._writer
        fault: Exception | None = None
        for attempt in (1, 2):
            writer.savepoint()
            self._facts = _Facts()
            try:
                receipt, lines = self._decided(event, now)
                writer.release()
                self._lines += lines
                self._note(event, "duplicate" if receipt.duplicate else "new")
                return receipt
            except Exception as error:
                if self._writer.is_broken(error):
                    raise
                writer.rollback_to_savepoint()
                if isinstance(error, regexes.Unjudged) and not last:
                    raise
                fault = error
                scrubbed = codec.scrub(event)
                if scrubbed is event and not isinstance(error, port.Conflict):
                    break
                event = scrubbed
                log.warning("event %s is decided again (try %d): %r", event.id, attempt, error)
        assert fault is not None
        return self._refuse(event, now, fault)

    def _note(self, event: model.Event, answer: str) -> None:
        """Remember an event that was taken until it is on disk."""
        self._news.append((event, answer, self._facts))
        self.moves += self._facts.moves

    def _count(self, event: model.Event, answer: str, facts: _Facts) -> None:
        """Count an event that was taken, with what was decided and how an effect's try ended."""
        self._meter.events[type(event).__name__, answer] += 1
        for action in facts.actions:
            self._meter.decisions[action] += 1
        if facts.result is not None:
            row, outcome = facts.result
            party = row.rate_key.platform or meter.CLOUD
            self._meter.effects[row.effect.body.kind, party, outcome.kind] += 1

    def _decided(
        self, event: model.Event, now: datetime
    ) -> tuple[model.Receipt, list[logs.Line | logs.Failure]]:
        """The receipt, and what the log says of it once it is on disk."""
        writer, lines = self._writer, list[logs.Line | logs.Failure]()
        # a timer's row is its own guard: one put in again for the very same time is due once more
        known = None if isinstance(event, model.TimerDue) else writer.answer(event.id)
        if known is None and isinstance(event, model.EventReceived) and event.formerly:
            known = writer.answer(event.formerly)
        if known is not None:
            return replace(known, duplicate=True), lines
        receipt = model.Receipt()
        prepared = self._prepare(event, now)
        if prepared is not None:
            reading = self._reading_of(prepared)
            needs = reading.needs
            view = writer.view(needs, now)
            decision = reading.decide(view, now)
            writer.apply(view, decision, now)
            receipt = decision.receipt
            facts = self._facts
            facts.actions = [entry.action for entry in decision.audit]
            if self.followed:
                facts.moves = list(moves.of_decision(view.request, decision, now))
                if facts.result is not None and view.request is not None:
                    facts.moves.append(moves.Ended(view.request, *facts.result, now))
            lines = [*logs.lines(view.request, decision), *logs.failures(decision)]
            if needs.asks_by:
                writer.record_ask(needs.asks_by, event.id, now)
        writer.record(event.id, model.word_of(event), codec.ms(now), receipt)
        if isinstance(event, model.EventReceived) and event.known_as:
            writer.record(event.known_as, model.word_of(event), codec.ms(now), receipt)
        return receipt, lines

    def _refuse(self, event: model.Event, now: datetime, fault: Exception) -> model.Receipt:
        """Note that an event could not be decided, so that it is neither lost nor taken again."""
        log.error("event %s could not be decided", event.id, exc_info=fault)
        receipt = model.Receipt(toast=self._failed_toast(), tone="error")
        self._facts = _Facts(["event.failed"])
        writer = self._writer
        number = getattr(event, "request", 0)
        entry = model.AuditEntry(
            actor="system",
            action="event.failed",
            request=number if abs(number) < 1 << 63 else 0,
            facts={"event": event.id, "kind": model.word_of(event), "error": type(fault).__name__},
        )
        writer.savepoint()
        try:
            self._prepare(event, now)
            writer.append(entry, codec.ms(now))
            writer.record(event.id, model.word_of(event), codec.ms(now), receipt)
            writer.release()
        except Exception as error:
            if self._writer.is_broken(error):
                raise
            log.exception("nor could it be noted")
            writer.rollback_to_savepoint()
        else:
            self._note(event, "failed")
        return receipt

    def _prepare(self, event: model.Event, now: datetime) -> model.Event | None:
        """Move the row that the event is about; None: there is nothing left to decide."""
        if isinstance(event, model.TimerDue):
            due = self._writer.take_timer(event.request, event.timer, codec.ms(event.at))
            return event if due else None
        if isinstance(event, model.EffectCompleted):
            return self._settle(event, now)
        if isinstance(event, model.Delayed) and event.effect:
            return self._delayed(event)
        return event

    def _delayed(self, event: model.Delayed) -> model.Event | None:
        """None: the call has come back meanwhile."""
        row = self._writer.effect(event.effect)
        if row is None or row.state not in ("queued", "in_flight"):
            return None
        until = row.created_at + self._patience.of(row.effect)
        return replace(event, until=until, request=row.effect.request)

    def _settle(self, event: model.EffectCompleted, now: datetime) -> model.Event | None:
        """None: it changes nothing. Where what ended is not the try that is under way now, but one
        that was taken over, its row stays as it is; the core hears of it only where a card may be
        older for it than what was shown last."""
        row = self._writer.effect(event.effect)
        if row is None or row.state != "in_flight" or row.effect.attempts != event.attempt:
            log.warning(
                "%s ended too late (%s): that try is not under way", event.id, event.outcome.kind
            )
            overwrites = row is not None and may_overwrite(row.effect.body, event.outcome)
            return replace(event, late=True) if overwrites else None
        outcome, moment = event.outcome, codec.ms(now)
        if isinstance(outcome, model.NotSent):
            wait = self._patience.wait(row, outcome, now, self._chance)
            if wait is not None:
                self._facts.result = row, outcome
                self._writer.put_off(row.effect.id, outcome, codec.ms(now + wait), moment)
                return None
            outcome = given_up(row, outcome)
            event = replace(event, outcome=outcome)
        self._writer.settle(row.effect.id, outcome, moment)
        self._facts.result = row, outcome
        if isinstance(outcome, model.Done) and isinstance(row.effect.body, model.ShowCard):
            self._writer.card_shown(row.effect.request, outcome, now)
        return event


def may_overwrite(body: model.Effect, outcome: model.Outcome) -> bool:
    """May a try that ended like this have changed the request's card after a newer update had?"""
    own = isinstance(body, model.UpdateCard) and not body.ref
    doubtful = isinstance(outcome, model.NotSent) and outcome.uncertain
    return own and (doubtful or isinstance(outcome, model.Done | model.Unknown))
