"""The one door: every event is deduplicated, decided, written and answered in one transaction.

Events that wait together share a transaction, each within its own savepoint: under load one sync
of the disk serves many of them, and alone an event waits for nobody. A thread of its own writes.
"""

from __future__ import annotations

import asyncio
import logging
import random
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

from bot import checkpoints, logbook, model, ports, store
from bot import patience as patience_
from bot.store import codec

log = logging.getLogger(__name__)

T = TypeVar("T")
Needs = Callable[[model.Event], model.Needs]
Decide = Callable[[model.Event, model.View, datetime], model.Decision]
Judge = Callable[[model.StoredEffect, model.View, datetime], model.Refused | None]
"""Why an effect that was just claimed must not be sent; None: it may be."""


class Quota(store.Quota, Protocol):
    """How much may be claimed. ``give_back`` is told of each one that was not sent after all."""

    def give_back(self, bucket: store.Bucket) -> None: ...


Answer = tuple["asyncio.Future[Any]", Any, BaseException | None]

MOST_TOGETHER = 256
IDLE = 0.05
JOBS_PER_CHECKPOINT = 4000
COMMIT_WEIGHS = 3
"""What a commit writes whatever it holds, counted in jobs. So the write-ahead log stays at some
seventy megabytes, however many jobs share a commit."""


@dataclass(frozen=True, slots=True)
class _Job:
    """Something waiting for the writer thread: an event, or else a ``call``."""

    future: asyncio.Future[Any]
    event: model.Event | None
    call: Callable[[store.Writer], Any] | None


class Engine:
    """Takes events, hands back receipts.

    ``needs`` and ``decide`` are the core. ``failed_toast`` is answered to an event that could not
    be decided. ``failed`` is called (on the loop) when the store can't be written: the process
    should end, for nothing more will be taken. All methods belong to the loop's thread.
    """

    def __init__(
        self,
        house: store.Store,
        needs: Needs,
        decide: Decide,
        clock: ports.Clock,
        *,
        failed_toast: str = "Something went wrong here; it was noted in the audit log.",
        patience: patience_.Patience | None = None,
        failed: Callable[[BaseException], None] | None = None,
        chance: random.Random | None = None,
        judge: Judge | None = None,
    ) -> None:
        if house.writer is None:
            raise ValueError("the engine needs a store that it can write")
        self.store = house
        self.clock = clock
        self._taker = _Taker(
            house.writer,
            needs,
            decide,
            clock,
            failed_toast,
            patience or patience_.Patience(),
            chance,
        )
        self._gate = _Gate(house.writer, self._taker, judge, clock) if judge is not None else None
        self._writer = house.writer
        self._failed = failed
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._watchers: list[Callable[[store.Changes], None]] = []
        self._closed = True
        self._thread: threading.Thread | None = None
        self._ended: asyncio.Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._uncopied = 0

    # -- on the loop's thread

    def start(self) -> None:
        """Begin to take events. Needs a running loop."""
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, event: model.Event) -> asyncio.Future[model.Receipt]:
        """Take an event. The receipt is set once the commit is on disk; ``ports.Closed`` is set if
        the event was not taken (closing, or the disk failed): do not acknowledge it then."""
        return self._put(event, None)

    def write(self, call: Callable[[store.Writer], T]) -> asyncio.Future[T]:
        """Run ``call`` on the writer thread, in the transaction that the next events share. What
        it raises is set on the future, and what it wrote is undone."""
        return self._put(None, call)

    def claim(self, quota: Quota) -> asyncio.Future[store.Claims]:
        """Take out what is due, as far as ``quota`` allows. What starts something is judged in the
        same transaction: what is refused is settled so, and is not among what is returned."""

        def claim(writer: store.Writer) -> store.Claims:
            claims = writer.claim(self.clock.now(), quota)
            return claims if self._gate is None else self._gate.passed(claims, quota)

        return self.write(claim)

    async def read(self, call: Callable[[store.Reader], T]) -> T:
        """Run ``call`` in a thread with a read-only connection; it never blocks the writer."""

        def run() -> T:
            with self.store.reading() as reader:
                return call(reader)

        return await asyncio.to_thread(run)

    def watch(self, watcher: Callable[[store.Changes], None]) -> None:
        """Call ``watcher`` on the loop after every commit that queued effects, put timers in or
        moved steps."""
        self._watchers.append(watcher)

    async def close(self) -> None:
        """Finish what was taken, take nothing more, and wait until the writer has ended."""
        if self._ended is None:
            return
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        await asyncio.shield(self._ended)

    def _put(
        self, event: model.Event | None, call: Callable[[store.Writer], Any] | None
    ) -> asyncio.Future[Any]:
        loop = self._loop or asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        if self._closed:
            future.set_exception(ports.Closed("the bot is shutting down"))
        else:
            self._queue.put(_Job(future, event, call))
        return future

    def _hand_back(self, answers: list[Answer], changes: store.Changes | None) -> None:
        for future, value, fault in answers:
            if future.done():
                continue
            if fault is None:
                future.set_result(value)
            else:
                future.set_exception(fault)
        if changes is not None and changes:
            for watcher in self._watchers:
                watcher(changes)

    def _give_up(self, waiting: list[_Job], fault: BaseException) -> None:
        """The store can't be written: nobody is answered, so that everything comes again."""
        self._closed = True
        while True:
            try:
                job = self._queue.get_nowait()
            except Empty:
                break
            if job is not None:
                waiting.append(job)
        closed = ports.Closed(f"the store can't be written: {fault}")
        self._hand_back([(job.future, None, closed) for job in waiting], None)
        self._end()
        if self._failed is not None:
            self._failed(fault)

    def _end(self) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)

    # -- on the writer's thread

    def _run(self) -> None:
        assert self._loop is not None
        more = True
        while more:
            jobs: list[_Job] = []
            try:
                more = self._gather(jobs)
                if jobs:
                    self._transact(jobs)
            except BaseException as fault:
                log.critical("the store can't be written, stopping", exc_info=True)
                try:
                    self._writer.rollback()
                except sqlite3.Error:
                    log.exception("nor could the transaction be rolled back")
                self._loop.call_soon_threadsafe(self._give_up, jobs, fault)
                return
        self._loop.call_soon_threadsafe(self._end)

    def _gather(self, jobs: list[_Job]) -> bool:
        """Add to ``jobs`` everything that waits now, at least one. False: it was the last."""
        job = self._next()
        while job is not None:
            jobs.append(job)
            if len(jobs) >= MOST_TOGETHER:
                return True
            try:
                job = self._queue.get_nowait()
            except Empty:
                return True
        return False

    def _next(self) -> _Job | None:
        """The next job; while there is none the log is copied back, so that no commit does it."""
        if self._uncopied >= JOBS_PER_CHECKPOINT:
            self._checkpoint()
        if self._uncopied:
            try:
                return self._queue.get(timeout=IDLE)
            except Empty:
                self._checkpoint()
        return self._queue.get()

    def _checkpoint(self) -> None:
        self._writer.checkpoint()
        self._uncopied = 0

    def _transact(self, jobs: list[_Job]) -> None:
        assert self._loop is not None
        writer = self._writer
        writer.begin()
        answers: list[Answer] = [self._do(job) for job in jobs]
        checkpoints.reach("engine.before_commit")
        writer.commit()
        checkpoints.reach("engine.committed")
        for line in self._taker.taken_down():
            line.write()
        self._uncopied += COMMIT_WEIGHS + len(jobs)
        self._loop.call_soon_threadsafe(self._hand_back, answers, writer.changes)

    def _do(self, job: _Job) -> Answer:
        if job.event is not None:
            return job.future, self._taker.take(job.event), None
        assert job.call is not None
        self._writer.savepoint()
        try:
            value = job.call(self._writer)
        except Exception as fault:
            if _fatal(fault):
                raise
            self._writer.rollback_to_savepoint()
            return job.future, None, fault
        self._writer.release()
        return job.future, value, None


def given_up(row: store.Row, last: model.NotSent) -> model.Outcome:
    """What becomes of an effect that is not tried again: it was not taken, or nobody knows."""
    reason = f"gave up: {last.reason}"
    if row.uncertain or last.uncertain:
        return model.Unknown(reason)
    return model.Refused(reason, code="gave_up")


def _fatal(fault: BaseException) -> bool:
    """Is it the store that failed (full disk, I/O error, corruption) and not the event?"""
    return isinstance(fault, sqlite3.DatabaseError) and not isinstance(
        fault,
        sqlite3.IntegrityError | sqlite3.DataError | sqlite3.ProgrammingError,
    )


class _Gate:
    """Judges what was claimed, on the writer's thread, within the transaction that claimed it."""

    def __init__(
        self, writer: store.Writer, taker: _Taker, judge: Judge, clock: ports.Clock
    ) -> None:
        self._writer = writer
        self._taker = taker
        self._judge = judge
        self._clock = clock

    def passed(self, claims: store.Claims, quota: Quota) -> store.Claims:
        """Those that may be sent."""
        left: list[store.Claimed] = []
        for claimed in claims.taken:
            allowed = self._allowed(claimed)
            if allowed is None:
                quota.give_back(claimed.bucket)
            else:
                left.append(allowed)
        return replace(claims, taken=tuple(left), refused=len(claims.taken) - len(left))

    def _allowed(self, claimed: store.Claimed) -> store.Claimed | None:
        """The effect as it may be sent; None: it may not, and that is settled. One that may have
        happened before is looked up only."""
        effect, body = claimed.effect, claimed.effect.body
        if not isinstance(body, model.StartRun | model.RunCall | model.TellRun):
            return claimed
        outcome = self._judged(effect)
        if outcome is None:
            return claimed
        if claimed.attempt.uncertain and isinstance(body, model.StartRun | model.RunCall):
            return replace(claimed, effect=replace(effect, body=replace(body, lookup=True)))
        key = f"effect:{effect.id}:{effect.attempts}"
        self._taker.take(model.Settled(key, self._clock.now(), effect.id, outcome))
        return None

    def _judged(self, effect: model.StoredEffect) -> model.Refused | model.NotSent | None:
        """Why it is not sent. What cannot be judged is not sent now, but judged again later."""
        try:
            view = self._writer.view(model.Needs(effect=effect.id), 0)
            return self._judge(effect, view, self._clock.now())
        except Exception as fault:
            if _fatal(fault):
                raise
            log.exception("effect %d could not be judged", effect.id)
            return model.NotSent(f"it could not be judged: {type(fault).__name__}")


class _Taker:
    """Takes one event after the other, on the writer's thread, within its transaction."""

    def __init__(
        self,
        writer: store.Writer,
        needs: Needs,
        decide: Decide,
        clock: ports.Clock,
        failed_toast: str,
        patience: patience_.Patience,
        chance: random.Random | None,
    ) -> None:
        self._writer = writer
        self._needs = needs
        self._decide = decide
        self._clock = clock
        self._failed_receipt = model.Receipt(toast=failed_toast, tone="error")
        self._patience = patience
        self._chance = chance or random.Random()
        self._asks: dict[str, deque[float]] = {}
        self.lines: list[logbook.Line | logbook.Failure] = []

    def taken_down(self) -> list[logbook.Line | logbook.Failure]:
        """What the log says of what was decided since it was last asked for."""
        lines, self.lines = self.lines, []
        return lines

    def take(self, event: model.Event) -> model.Receipt:
        """Decide and write one event. Whatever goes wrong with it harms only itself."""
        now = self._clock.now()
        writer = self._writer
        fault: Exception | None = None
        for attempt in (1, 2):
            writer.savepoint()
            try:
                receipt, lines = self._decided(event, now)
                writer.release()
                self.lines += lines
                return receipt
            except Exception as error:
                if _fatal(error):
                    raise
                writer.rollback_to_savepoint()
                fault = error
                scrubbed = codec.scrub(event)
                if scrubbed is event and not isinstance(error, store.Conflict):
                    break
                event = scrubbed
                log.warning("event %s is decided again (try %d): %r", event.id, attempt, error)
        assert fault is not None
        return self._refuse(event, now, fault)

    def _decided(
        self, event: model.Event, now: datetime
    ) -> tuple[model.Receipt, list[logbook.Line | logbook.Failure]]:
        """The receipt, and what the log says of it once it is on disk."""
        writer, lines = self._writer, list[logbook.Line | logbook.Failure]()
        # a timer's row is its own guard: one put in again for the very same time is due once more
        known = None if isinstance(event, model.TimerDue) else writer.answer(event.id)
        if known is None and isinstance(event, model.Arrived) and event.formerly:
            known = writer.answer(event.formerly)
        if known is not None:
            return replace(known, duplicate=True), lines
        receipt = model.Receipt()
        prepared = self._prepare(event, now)
        if prepared is not None:
            needs = self._needs(prepared)
            view = writer.view(needs, self._recent_asks(needs.asks_by))
            decision = self._decide(prepared, view, now)
            writer.apply(view, decision, now)
            receipt = decision.receipt
            lines = [*logbook.lines(view.request, decision), *logbook.failures(decision)]
            if needs.asks_by:
                self._asks.setdefault(needs.asks_by, deque()).append(self._clock.monotonic())
        writer.record(event.id, type(event).__name__, codec.ms(now), receipt)
        if isinstance(event, model.Arrived) and event.known_as:
            writer.record(event.known_as, type(event).__name__, codec.ms(now), receipt)
        return receipt, lines

    def _refuse(self, event: model.Event, now: datetime, fault: Exception) -> model.Receipt:
        """Note that an event could not be decided, so that it is neither lost nor taken again."""
        log.error("event %s could not be decided", event.id, exc_info=fault)
        writer = self._writer
        entry = model.AuditEntry(
            actor="system",
            action="event.failed",
            request=getattr(event, "request", 0),
            facts={"event": event.id, "kind": type(event).__name__, "error": type(fault).__name__},
        )
        writer.savepoint()
        try:
            self._prepare(event, now)
            writer.append(entry, codec.ms(now))
            writer.record(event.id, type(event).__name__, codec.ms(now), self._failed_receipt)
        except Exception as error:
            if _fatal(error):
                raise
            log.exception("nor could it be noted")
            writer.rollback_to_savepoint()
        else:
            writer.release()
        return self._failed_receipt

    def _prepare(self, event: model.Event, now: datetime) -> model.Event | None:
        """Move the row that the event is about; None: there is nothing left to decide."""
        if isinstance(event, model.TimerDue):
            due = self._writer.take_timer(event.request, event.timer, codec.ms(event.at))
            return event if due else None
        if isinstance(event, model.Settled):
            return self._settle(event, now)
        if isinstance(event, model.Delayed) and event.effect:
            return self._delayed(event)
        return event

    def _delayed(self, event: model.Delayed) -> model.Event | None:
        """None: the call has come back meanwhile."""
        row = self._writer.effect(event.effect)
        if row is None or row.state not in ("queued", "in_flight"):
            return None
        until = row.created_at + self._patience.of(row.effect.body)
        return replace(event, until=until, request=row.effect.request)

    def _settle(self, event: model.Settled, now: datetime) -> model.Event | None:
        row = self._writer.effect(event.effect)
        if row is None or row.state not in ("queued", "in_flight"):
            log.warning("%s: no such effect is open", event.id)
            return None
        outcome, moment = event.outcome, codec.ms(now)
        if isinstance(outcome, model.NotSent):
            wait = self._patience.wait(row, outcome, now, self._chance)
            if wait is not None:
                self._writer.put_off(row.effect.id, outcome, codec.ms(now + wait), moment)
                return None
            outcome = given_up(row, outcome)
            event = replace(event, outcome=outcome)
        self._writer.settle(row.effect.id, outcome, moment)
        if isinstance(outcome, model.Done) and isinstance(row.effect.body, model.ShowCard):
            self._writer.card_shown(row.effect.request, outcome, now)
        return event

    def _recent_asks(self, person: str) -> int:
        asks = self._asks.get(person)
        if asks is None:
            return 0
        horizon = self._clock.monotonic() - 60
        while asks and asks[0] <= horizon:
            asks.popleft()
        if not asks:
            del self._asks[person]
        return len(asks)
