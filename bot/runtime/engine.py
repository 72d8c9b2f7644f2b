"""The one door: every event is deduplicated, decided, written and answered in one transaction.

Events that wait together share a transaction, each within its own savepoint: under load one sync
of the disk serves many of them, and alone an event waits for nobody. A thread of its own writes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from bot import failpoints, model, regexes
from bot.model import ports
from bot.runtime import clearance, intake, meter, moves, retry, usage
from bot.store import port

log = logging.getLogger(__name__)

T = TypeVar("T")

FAILED = "Something went wrong here; it was noted in the audit log."
BEHIND = "another configuration is in use than this process has"
MOST_TOGETHER = 256
MOST_TRIES = 5000
"""So many patterns may have to be judged elsewhere for one event."""
HEAD_START = 0.2
"""Seconds for which what another replica has queued is left to that one."""
PATIENCE_OF_END = 5.0
"""Seconds that a bot which is to stop waits for a write lock that another program holds, and for a
database that is not reached."""
FIRST_PAUSE, LAST_PAUSE = 0.1, 2.0
"""Seconds between two tries to reach a database."""


@dataclass(frozen=True, slots=True)
class _Job:
    """Something waiting for the writer thread: an event, with or without a ``call`` right after
    it, or a ``call`` alone. ``undo``: what the call changed outside the store is put back, for its
    transaction was lost. ``decides``: the configuration matters to it. ``since`` when, in seconds
    of the counter that measures how long things take."""

    future: asyncio.Future[Any]
    event: model.Event | None
    call: Callable[[port.Writer], Any] | None
    undo: Callable[[], None] | None = None
    decides: bool = False
    tries: int = 0
    since: float = field(default_factory=time.perf_counter)


Answer = tuple[_Job, Any, BaseException | None]


@dataclass(slots=True)
class _Results:
    """What comes of jobs once their transaction is on disk: ``answers``, and ``questions`` about
    patterns, which are to be judged elsewhere before a job is done again. ``held``: jobs that wait
    for the configuration in use."""

    answers: list[Answer] = field(default_factory=list)
    questions: list[tuple[_Job, regexes.Question]] = field(default_factory=list)
    held: list[_Job] = field(default_factory=list)


class Engine:
    """Takes events, hands back receipts.

    ``core`` says what an event means. ``failed_toast`` is answered to an event that could not
    be decided. ``failed`` is called (on the loop) when the store can't be written: the process
    should end, for nothing more will be taken. ``meter`` counts what happens, ``used`` what is used
    of platforms, which is written with each transaction. All methods belong to the loop's thread.

    A database that is lost is connected to again, for as long as it takes, and what was not
    committed is done again: until then nobody is answered. ``lost_at`` says since when.
    """

    def __init__(
        self,
        opened: port.Store,
        core: intake.Decide,
        clock: ports.Clock,
        *,
        failed_toast: Callable[[], str] = lambda: FAILED,
        patience: retry.RetryPolicy | None = None,
        failed: Callable[[BaseException], None] | None = None,
        chance: random.Random | None = None,
        judge: clearance.Judge | None = None,
        used: usage.Counter | None = None,
    ) -> None:
        if opened.writer is None:
            raise ValueError("the engine needs a store that it can write")
        self.store = opened
        self.clock = clock
        self.meter = meter.Meter()
        self._intake = intake.Intake(
            opened.writer,
            core,
            clock,
            failed_toast,
            patience or retry.RetryPolicy(),
            chance,
            self.meter,
        )
        self._used = used or usage.Counter({})
        self._clearance = clearance.Clearance(opened.writer, self._intake, judge, clock, self._used)
        self._writer = opened.writer
        self._failed = failed
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._watchers: list[Callable[[port.Changes], None]] = []
        self._followers: list[Callable[[list[moves.Move]], None]] = []
        self._closed = True
        self._thread: threading.Thread | None = None
        self._ended: asyncio.Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed_at: float | None = None
        self._closing = threading.Event()
        self._pause = 0.0
        self.lost_at: datetime | None = None
        self._is_behind: Callable[[port.Writer], bool] = lambda writer: False
        self._held: list[_Job] = []
        self._waits_to_follow = True

    # -- on the loop's thread

    def start(self) -> None:
        """Begin to take events. Needs a running loop."""
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(
        self, event: model.Event, then: Callable[[port.Writer], None] | None = None
    ) -> asyncio.Future[model.Receipt]:
        """Take an event. The receipt is set once the commit is on disk; ``ports.Closed`` is set if
        the event was not taken (closing, or the disk failed): do not acknowledge it then.
        ``then`` is called on the writer thread, in the same transaction and before anything else
        is decided; it must not fail."""
        return self._put(event, then, decides=not isinstance(event, model.ConfigurationRead))

    @contextlib.contextmanager
    def held_while(self, is_behind: Callable[[port.Writer], bool]) -> Iterator[None]:
        """Within it, nothing is decided and nothing claimed while another configuration is in use
        than this process has: what comes waits for a ``write`` that puts it in place. After it,
        who would wait has ``ports.Closed``. ``is_behind`` is asked in each transaction."""
        self._is_behind = is_behind
        try:
            yield
        finally:
            self._waits_to_follow = False
            self._put(None, lambda writer: None).add_done_callback(asyncio.Future.exception)

    def write(self, call: Callable[[port.Writer], T]) -> asyncio.Future[T]:
        """Run ``call`` on the writer thread, in the transaction that the next events share. What
        it raises is set on the future, and what it wrote is undone."""
        return self._put(None, call)

    def claim(
        self,
        quota: clearance.Quota,
        draw: clearance.Draw | None = None,
        before: Callable[[port.Writer], None] | None = None,
    ) -> asyncio.Future[port.Claims]:
        """Take out what is due, as far as ``quota`` allows; ``before`` that, what else there is to
        do in the transaction. In the same transaction what starts
        something is judged, and cards are drawn by ``draw`` (None: they are sent as they were
        stored): what must not or cannot leave is settled, and is not among what is returned."""

        ledger = clearance.Ledger(quota)

        def claim(writer: port.Writer) -> port.Claims:
            if before is not None:
                before(writer)
            claims = writer.claim(self.clock.now(), ledger)
            return self._clearance.passed(claims, ledger, draw)

        return self._put(None, claim, ledger.undo, decides=True)

    async def read(self, call: Callable[[port.Reader], T]) -> T:
        """Run ``call`` in a thread with a read-only connection; it never blocks the writer. Raises
        Lost where the database is not reached now, whatever connections it had ended before."""

        def run() -> T:
            with self.store.reading() as reader:
                return call(reader)

        try:
            return await asyncio.to_thread(run)
        except port.Lost:
            return await asyncio.to_thread(run)

    def watch(self, watcher: Callable[[port.Changes], None]) -> None:
        """Call ``watcher`` on the loop after every commit that queued effects, put timers in or
        moved steps."""
        self._watchers.append(watcher)

    def listen(self) -> contextlib.AbstractContextManager[None]:
        """Within it, watchers are called for what other replicas commit, too."""
        loop = asyncio.get_running_loop()

        def hear(changes: port.Changes) -> None:
            loop.call_soon_threadsafe(self._hear, changes)

        return self.store.listen(hear)

    def _hear(self, changes: port.Changes) -> None:
        """What another one queued it sends by itself, once it has acknowledged what asked for that:
        this one looks a moment later, in case that it does not."""
        now = replace(changes, effects=False)
        if now:
            self._pass_on(now)
        if changes.effects:
            later = port.Changes(effects=True)
            asyncio.get_running_loop().call_later(HEAD_START, self._pass_on, later)

    def _pass_on(self, changes: port.Changes) -> None:
        for watcher in self._watchers:
            watcher(changes)

    def follow(self, follower: Callable[[list[moves.Move]], None]) -> None:
        """Call ``follower`` on the loop after every commit in which requests moved."""
        self._followers.append(follower)
        self._intake.followed = True

    async def close(self) -> None:
        """Finish what was taken, take nothing more, and wait until the writer has ended."""
        if self._ended is None:
            return
        if not self._closed:
            self._closed, self._closed_at = True, time.monotonic()
            self._closing.set()
            self._queue.put(None)
        await asyncio.shield(self._ended)

    def _put(
        self,
        event: model.Event | None,
        call: Callable[[port.Writer], Any] | None,
        undo: Callable[[], None] | None = None,
        decides: bool = False,
    ) -> asyncio.Future[Any]:
        loop = self._loop or asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        if self._closed:
            future.set_exception(ports.Closed("the bot is shutting down"))
        else:
            self._queue.put(_Job(future, event, call, undo, decides))
        return future

    def _hand_back(self, answers: list[Answer], changes: port.Changes | None) -> None:
        now = time.perf_counter()
        for job, value, fault in answers:
            future = job.future
            if job.event is not None and fault is None:
                self.meter.acks[type(job.event).__name__].observe(now - job.since)
            if future.done():
                continue
            if fault is None:
                future.set_result(value)
            else:
                future.set_exception(fault)
        if changes:
            self._pass_on(changes)

    def _tell(self, news: list[moves.Move]) -> None:
        for follower in self._followers:
            follower(news)

    def _judge(self, job: _Job, question: regexes.Question) -> None:
        """Have a pattern judged elsewhere, then do the job again."""
        assert self._loop is not None

        def again(judged: asyncio.Future[None]) -> None:
            if judged.exception() is not None:
                log.error("a pattern could not be judged", exc_info=judged.exception())
            if not self._closed:
                self._queue.put(replace(job, tries=job.tries + 1))
            elif not job.future.done():
                job.future.set_exception(ports.Closed("the bot is shutting down"))

        self._loop.run_in_executor(None, regexes.answer, question).add_done_callback(again)

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
        self._hand_back([(job, None, closed) for job in waiting], None)
        self._end()
        if self._failed is not None and not isinstance(fault, port.Lost):
            self._failed(fault)

    def _end(self) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)

    # -- on the writer's thread

    def _run(self) -> None:
        with regexes.deferring():
            self._work()

    def _work(self) -> None:
        assert self._loop is not None
        more = True
        while more or self._used.pending:
            jobs = self._held
            try:
                more = more and self._gather(jobs)
                if jobs or not more:
                    self._transact(jobs)
            except port.Lost as fault:
                log.warning("the bot stops, and the database was not reached before: %s", fault)
                self._loop.call_soon_threadsafe(self._give_up, jobs, fault)
                return
            except BaseException as fault:
                log.critical("the store can't be written, stopping", exc_info=True)
                try:
                    self._writer.rollback()
                except Exception:
                    log.exception("nor could the transaction be rolled back")
                self._loop.call_soon_threadsafe(self._give_up, jobs, fault)
                return
        self._writer.finish()
        answers: list[Answer] = [(job, None, ports.Closed(BEHIND)) for job in self._held]
        self._loop.call_soon_threadsafe(self._hand_back, answers, None)
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
        """The next job. While there is none, the store is kept in shape."""
        wait = self._writer.upkeep(idle=False)
        while True:
            try:
                return self._queue.get(timeout=wait)
            except Empty:
                wait = self._writer.upkeep(idle=True)

    def _transact(self, jobs: list[_Job]) -> None:
        """Do the jobs in one transaction; where the database is lost, again in another one, unless
        the first is on disk all the same. Raises Lost where the bot is to stop before."""
        assert self._loop is not None
        while True:
            results = _Results()
            try:
                self._write(jobs, results)
                break
            except port.Lost as fault:
                if self._renewed(fault):
                    break
                self._undo(jobs)
        self._pause = 0.0
        self._used.committed()
        self._held = results.held
        self.meter.jobs += len(jobs) - len(results.held)
        failpoints.reach("engine.committed")
        news = self._intake.committed()
        changes = self._writer.changes
        self._loop.call_soon_threadsafe(self._hand_back, results.answers, changes)
        for job, question in results.questions:
            self._loop.call_soon_threadsafe(self._judge, job, question)
        if news:
            self._loop.call_soon_threadsafe(self._tell, news)

    def _write(self, jobs: list[_Job], results: _Results) -> None:
        writer = self._writer
        writer.begin(self._waits_on)
        for reached in self._used.flush(writer, self.clock.now()):
            self._intake.take(reached, last=True)
        behind = self._is_behind(writer)
        later = [job for job in jobs if behind and job.decides]
        self._do((job for job in jobs if not (behind and job.decides)), results)
        if later and not self._is_behind(writer):
            self._do(later, results)
        elif self._waits_to_follow:
            results.held = later
        else:
            results.answers += [(job, None, ports.Closed(BEHIND)) for job in later]
        failpoints.reach("engine.before_commit")
        began = time.perf_counter()
        writer.commit()
        self.meter.commits.observe(time.perf_counter() - began)

    def _do(self, jobs: Iterable[_Job], results: _Results) -> None:
        for job in jobs:
            try:
                results.answers.append(self._done(job))
            except regexes.Unjudged as unjudged:
                results.questions.append((job, unjudged.question))

    def _renewed(self, fault: port.Lost) -> bool:
        """Connect to the database again, however long that takes. True: the transaction that was
        lost is on disk."""
        if self.lost_at is None:
            self.lost_at = self.clock.now()
            log.error("the database is not reached, nothing is acknowledged until it is: %s", fault)
        while True:
            if self._closing.wait(self._pause):
                time.sleep(min(self._pause, FIRST_PAUSE))
            if not self._waits_on(0.0):
                raise fault
            self._pause = min(max(2 * self._pause, FIRST_PAUSE), LAST_PAUSE)
            try:
                committed = self._writer.renew()
            except port.Lost as again:
                log.debug("the database is not reached: %s", again)
                continue
            log.warning("the database is reached again, after %s", self.clock.now() - self.lost_at)
            self.lost_at = None
            return committed

    def _undo(self, jobs: list[_Job]) -> None:
        """Put back what a lost transaction changed outside the store."""
        self._used.undo()
        self._intake.undo()
        for job in jobs:
            if job.undo is not None:
                job.undo()

    def _waits_on(self, waited: float) -> bool:
        """Another program holds the write lock: it is waited for, for however long, but not once
        the bot is to stop. What was not taken comes again."""
        return self._closed_at is None or time.monotonic() - self._closed_at < PATIENCE_OF_END

    def _done(self, job: _Job) -> Answer:
        """Raises Unjudged: it is done again once a pattern is judged, which the writer does not
        wait for."""
        last = job.tries >= MOST_TRIES
        if job.event is not None:
            receipt = self._intake.take(job.event, last)
            if job.call is not None:
                job.call(self._writer)
            return job, receipt, None
        assert job.call is not None
        self._writer.savepoint()
        try:
            value = job.call(self._writer)
            self._writer.release()
        except regexes.Unjudged as fault:
            self._writer.rollback_to_savepoint()
            if last:
                return job, None, fault
            raise
        except Exception as fault:
            if self._writer.is_broken(fault):
                raise
            self._writer.rollback_to_savepoint()
            return job, None, fault
        return job, value, None
