"""The one queue by which everything leaves: order per lane, budgets per chat, retries, doubt.

An effect is claimed by a commit before its call is made, and its outcome comes back as an event.
So after a crash every call is either known not to have been made, or in doubt: then the performer
is told so and looks it up by its key or token.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Protocol

from bot import failpoints, model
from bot.model import ports
from bot.model.manifests import RateLimit
from bot.runtime import clearance, engine, meter
from bot.store import codec, port

log = logging.getLogger(__name__)

IN_FLIGHT = 64
CALL_DEADLINE = 300.0
LONGEST_SLEEP = 30.0


TELL_AFTER = 8.0
"""Seconds that the cloud may take to answer before it is said that it is waited for."""
WAITED_FOR = (
    model.StartRun,
    model.StopRun,
    model.SignalRun,
    model.RunCall,
    model.ResolveTargets,
    model.FetchDefinition,
)


class Performer(Protocol):
    """A chat or an executor, which carries effects out."""

    def perform(self, effect: Any, attempt: model.Attempt) -> Awaitable[model.Outcome]: ...


Route = Callable[[model.Effect], Performer]
Account = Callable[[port.RateKey], port.RateKey]
"""By which key an effect is counted: one address may be reached by several names."""


@dataclass
class _Window:
    """The last calls that a budget counts, as milliseconds of the monotonic clock, each from when
    it was settled."""

    count: int
    span: int
    sent: deque[int] = field(default_factory=deque)
    flying: int = 0

    def room(self, now: int) -> port.Allowance:
        """A call still in flight fills its place; a settled one does so for the whole span."""
        while self.sent and self.sent[0] + self.span <= now:
            self.sent.popleft()
        free = self.count - self.flying - len(self.sent)
        again = self.sent[0] + self.span if free <= 0 and self.sent else None
        return port.Allowance(max(free, 0), again)


@dataclass(frozen=True, slots=True)
class Usage:
    """How many calls of a budget count now, in the chat where most do; ``paused``: the seconds for
    which its platform wants no more."""

    budget: RateLimit
    calls: int
    paused: float


@dataclass
class _Calls:
    """The calls by one rate key, whatever budgets count them: what a window holds."""

    sent: deque[int] = field(default_factory=deque)
    flying: int = 0


class RateLimiter:
    """How much each rate key may send now. The writer thread asks while it claims, the loop tells
    what came back: a lock keeps the counts true. ``longest``: how far back the budgets reach."""

    def __init__(
        self,
        budgets: Iterable[RateLimit],
        clock: ports.Clock,
        most: int = IN_FLIGHT,
        account: Account = lambda rate_key: rate_key,
    ) -> None:
        self._account = account
        self._clock = clock
        self._most = most
        self._flying: dict[str, int] = {}
        self._calls: dict[port.RateKey, _Calls] = {}
        self._paused: dict[port.RateKey, int] = {}
        self._lock = threading.Lock()
        self.limit(budgets)

    def limit(self, budgets: Iterable[RateLimit]) -> None:
        """From now on these hold. What was sent within the longest of those before counts."""
        with self._lock:
            self._budgets = tuple(budgets)
            longest = max((budget.seconds for budget in self._budgets), default=0.0)
            self.longest = timedelta(seconds=longest)
            self._windows: dict[tuple[RateLimit, str], _Window] = {}
            self._windows_of: dict[port.RateKey, list[_Window]] = {}
            for rate_key, calls in self._calls.items():
                for window in self._of(self._account(rate_key)):
                    window.flying += calls.flying
                    window.sent.extend(calls.sent)
            for window in self._windows.values():
                window.sent = deque(sorted(window.sent))

    def _of(self, rate_key: port.RateKey) -> list[_Window]:
        """The windows that count a key's calls."""
        windows = self._windows_of.get(rate_key)
        if windows is None:
            windows = self._windows_of[rate_key] = [
                self._window(budget, rate_key.chat if budget.per == "chat" else "")
                for budget in self._budgets
                if budget.counts(rate_key.platform, rate_key.kind)
            ]
        return windows

    def _window(self, budget: RateLimit, chat: str) -> _Window:
        new = _Window(budget.count, round(budget.seconds * 1000))
        return self._windows.setdefault((budget, chat), new)

    def room(self, rate_key: port.RateKey) -> port.Allowance:
        """How many may go now. ``again`` is a moment of the clock that people read."""
        rate_key, now, tick = self._account(rate_key), codec.ms(self._clock.now()), self._tick()
        with self._lock:
            until = self._paused.get(rate_key, 0)
            if until > tick:
                return port.Allowance(0, now + until - tick)
            least = port.Allowance(self._most - self._flying.get(rate_key.platform, 0))
            for window in self._of(rate_key):
                room = window.room(tick)
                if room.count <= 0:
                    again = room.again
                    return replace(room, again=None if again is None else now + again - tick)
                if room.count < least.count:
                    least = room
            return least

    def take(self, rate_key: port.RateKey) -> None:
        """One was taken out."""
        with self._lock:
            self._calls.setdefault(rate_key, _Calls()).flying += 1
            rate_key = self._account(rate_key)
            self._flying[rate_key.platform] = self._flying.get(rate_key.platform, 0) + 1
            for window in self._of(rate_key):
                window.flying += 1

    def give_back(self, rate_key: port.RateKey) -> None:
        """One that was taken out was not sent."""
        with self._lock:
            self._calls[rate_key].flying -= 1
            rate_key = self._account(rate_key)
            self._flying[rate_key.platform] -= 1
            for window in self._of(rate_key):
                window.flying -= 1

    def settled(self, rate_key: port.RateKey) -> None:
        """A call came back; the other side counts it from now at the latest."""
        tick = self._tick()
        with self._lock:
            self._note(rate_key, tick).flying -= 1
            rate_key = self._account(rate_key)
            self._flying[rate_key.platform] -= 1
            for window in self._of(rate_key):
                window.flying -= 1
                window.sent.append(tick)

    def pause(self, rate_key: port.RateKey, seconds: float) -> None:
        """Send nothing by this rate key for so long: its platform said so."""
        rate_key, until = self._account(rate_key), self._tick() + round(seconds * 1000)
        with self._lock:
            self._paused[rate_key] = max(until, self._paused.get(rate_key, until))

    def remember(self, history: port.History) -> None:
        """Take up what was sent before a restart, so that it doesn't burst."""
        now, tick = codec.ms(self._clock.now()), self._tick()
        with self._lock:
            for rate_key, at in sorted(history.sent, key=lambda sent: sent[1]):
                self._note(rate_key, tick - max(0, now - at))
                for window in self._of(self._account(rate_key)):
                    window.sent.append(tick - max(0, now - at))
        for rate_key, until in history.paused:
            self.pause(rate_key, (until - now) / 1000)

    def usage(self) -> list[Usage]:
        """How much of each budget is used, and for how long its platform asked for a pause."""
        tick = self._tick()
        with self._lock:
            return [self._usage_of(budget, tick) for budget in self._budgets]

    def _usage_of(self, budget: RateLimit, tick: int) -> Usage:
        windows = [window for (own, _), window in self._windows.items() if own == budget]
        room = min((window.room(tick).count for window in windows), default=budget.count)
        paused = [
            until - tick
            for key, until in self._paused.items()
            if budget.counts(key.platform, key.kind)
        ]
        return Usage(budget, budget.count - room, max(0, *paused, 0) / 1000)

    def _note(self, rate_key: port.RateKey, tick: int) -> _Calls:
        """Remember a call for as long as any budget counts it."""
        calls = self._calls.setdefault(rate_key, _Calls())
        calls.sent.append(tick)
        oldest = tick - self.longest // timedelta(milliseconds=1)
        while calls.sent and calls.sent[0] <= oldest:
            calls.sent.popleft()
        return calls

    def _tick(self) -> int:
        return round(self._clock.monotonic() * 1000)


@dataclass(frozen=True, slots=True)
class Motion:
    """Seconds since the outbox last looked at its queue, and since a call last went out or came
    back; ``in_flight``: so many calls are under way."""

    looked: float
    moved: float
    in_flight: int


class Outbox:
    """Claims what is due, has it performed, and submits its outcome. ``draw`` draws the cards
    that are sent (None: all of them are drawn already)."""

    def __init__(
        self,
        engine: engine.Engine,
        route: Route,
        budgets: Sequence[RateLimit],
        clock: ports.Clock,
        *,
        in_flight: int = IN_FLIGHT,
        call_deadline: float = CALL_DEADLINE,
        account: Account = lambda rate_key: rate_key,
        draw: clearance.Draw | None = None,
    ) -> None:
        self._engine = engine
        self._draw = draw
        self._route = route
        self._limiter = RateLimiter(budgets, clock, in_flight, account)
        self._clock = clock
        self._call_deadline = call_deadline
        self._woken = asyncio.Event()
        self._late: dict[int, asyncio.TimerHandle] = {}
        self._reasons: dict[int, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False
        self._stopped = asyncio.Event()
        self._stopped.set()
        self._turned = self._moved = clock.monotonic()
        engine.watch(self._on_commit)

    async def run(self) -> None:
        """Work until cancelled or drained. Call ``recover`` before, once."""
        self._stopped.clear()
        try:
            while not self._draining:
                self._woken.clear()
                claims = await self._claim()
                if claims is None:
                    return
                if not claims.effects and not claims.refused:
                    await self._sleep(claims.next_due)
        finally:
            self._stopped.set()

    async def recover(self) -> int:
        """Queue what was in flight when the process died, in doubt, and remember what the budgets
        counted; returns how many were in doubt."""
        now = self._clock.now()

        def recover(writer: port.Writer) -> tuple[int, port.History]:
            return writer.recover(), writer.history(now - self._limiter.longest, now)

        count, history = await self._engine.write(recover)
        self._limiter.remember(history)
        return count

    @property
    def motion(self) -> Motion:
        """How it moves."""
        now = self._clock.monotonic()
        return Motion(now - self._turned, now - self._moved, len(self._tasks))

    def budgets(self) -> list[Usage]:
        """How much of each budget is used."""
        return self._limiter.usage()

    def limit(self, budgets: Iterable[RateLimit]) -> None:
        """From now on these budgets hold, on whatever thread this is said."""
        self._limiter.limit(budgets)

    def wake(self) -> None:
        """Look again now: something was queued, or came due."""
        self._woken.set()

    async def drain(self, deadline: float = 10.0) -> bool:
        """Claim nothing more and wait for the calls in flight. False: some were still running
        after ``deadline`` seconds; they are abandoned and looked up after the next start."""
        self._draining = True
        self.wake()
        await self._stopped.wait()
        if not self._tasks:
            return True
        _, late = await asyncio.wait(set(self._tasks), timeout=deadline)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return not late

    def _on_commit(self, changes: port.Changes) -> None:
        if changes.effects:
            self.wake()

    async def _sleep(self, next_due: int | None) -> None:
        if self._draining:
            return
        seconds = LONGEST_SLEEP
        if next_due is not None:
            seconds = min(seconds, max(0.0, (next_due - codec.ms(self._clock.now())) / 1000))
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _claim(self) -> port.Claims | None:
        """Take out what is due and begin to perform it. None: the engine is closed."""
        if self._draining:
            return port.Claims((), None)
        try:
            claims = await self._engine.claim(self._limiter, self._draw)
        except ports.Closed:
            return None
        self._turned = self._clock.monotonic()
        if claims.effects:
            self._moved = self._turned
            failpoints.reach("outbox.claimed")
        for claimed in claims.effects:
            task = asyncio.create_task(self._carry_out(claimed))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return claims

    async def _carry_out(self, claimed: port.Claimed) -> None:
        effect = claimed.effect
        self._mind(claimed)
        try:
            outcome = await self._perform(claimed)
        finally:
            self._limiter.settled(claimed.rate_key)
            self._moved = self._clock.monotonic()
        now = self._clock.now()
        if isinstance(outcome, model.Refused) and not claimed.card_missing:
            log.warning(
                "effect %d (%s) was refused: %s", effect.id, effect.body.kind, outcome.reason
            )
        if isinstance(outcome, model.NotSent) and outcome.retry_after > 0:
            self._limiter.pause(claimed.rate_key, outcome.retry_after)
        if isinstance(outcome, model.NotSent):
            self._reasons[effect.id] = outcome.reason
        elif effect.id in self._late:
            self._late.pop(effect.id).cancel()
            self._reasons.pop(effect.id, None)
        try:
            await self._engine.submit(effect.completed(now, outcome))
        except ports.Closed:
            log.warning("effect %d ended after the engine; it is looked up next time", effect.id)
        self.wake()

    def _mind(self, claimed: port.Claimed) -> None:
        """Say later that a call is waited for, if it has not come back by then."""
        effect = claimed.effect
        before_start = isinstance(effect.body, model.FetchForm) and effect.request
        in_cloud = not claimed.rate_key.platform and isinstance(effect.body, WAITED_FOR)
        if not before_start and not in_cloud:
            return
        if effect.id not in self._late:
            loop = asyncio.get_running_loop()
            self._late[effect.id] = loop.call_later(TELL_AFTER, self._delayed, effect)

    def _delayed(self, effect: model.StoredEffect) -> None:
        where = getattr(self._route(effect.body), "where", None)
        otherwise = getattr(effect.body, "platform", effect.body.kind)
        what = where(effect.body) if where is not None else otherwise
        reason = self._reasons.pop(effect.id, "")
        log.warning("effect %d waits for %s: %s", effect.id, what, reason or "no answer yet")
        event = model.Delayed(
            f"delayed:{effect.id}:{effect.attempts}", self._clock.now(), what, reason, effect.id
        )
        self._engine.submit(event).add_done_callback(_heard)

    async def _perform(self, claimed: port.Claimed) -> model.Outcome:
        effect = claimed.effect
        if claimed.card_missing:
            return model.Refused("the card was never shown", code="no_card")
        kind = effect.body.kind
        attempt = replace(claimed.attempt, record=functools.partial(self._note, effect))
        failpoints.reach(f"outbox.before.{kind}")
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self._call_deadline):
                outcome = await self._route(effect.body).perform(effect.body, attempt)
        except Exception as fault:
            log.exception("effect %d (%s) failed in its performer", effect.id, kind)
            outcome = model.Unknown(f"{type(fault).__name__} in the adapter", _token(effect.body))
        party = claimed.rate_key.platform or meter.CLOUD
        self._engine.meter.calls[kind, party].observe(time.perf_counter() - began)
        failpoints.reach(f"outbox.after.{kind}")
        return outcome

    async def _note(self, effect: model.StoredEffect, part: str, ref: str) -> None:
        """Put on disk that a part of an effect is done. Raises ``ports.Closed``: then the adapter
        goes no further, and what it did not note is in doubt at the next try."""
        attempt = effect.attempts
        if not await self._engine.write(lambda w: w.note(effect.id, attempt, part, ref)):
            raise ports.Closed(f"attempt {attempt} of effect {effect.id} was taken over")
        failpoints.reach("outbox.part")


def _heard(future: asyncio.Future[model.Receipt]) -> None:
    """A wait that the end of the process cut short is no error."""
    if not future.cancelled() and (fault := future.exception()) is not None:
        log.debug("that a call is waited for could not be told: %s", fault)


def _token(effect: model.Effect) -> str:
    """The client token that a call carries, if it does."""
    match effect:
        case model.StartRun(step=step):
            return step.token
        case model.RunCall(token=token) | model.Deliver(token=token):
            return token
        case _:
            return ""
