"""The one queue by which everything leaves: order per lane, budgets per chat, retries, doubt.

An effect is claimed by a commit before its call is made, and its outcome comes back as an event.
So after a crash every call is either known not to have been made, or in doubt: then the performer
is told so and looks it up by its key or token.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from bot import failpoints, model
from bot.model import ports
from bot.model.manifests import RateLimit
from bot.runtime import clearance, engine, limits, meter
from bot.store import codec, port, shared

log = logging.getLogger(__name__)

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


class Membership(Protocol):
    """What is asked of this process as one of several that share the store."""

    def look(self, writer: port.Writer, limiter: limits.RateLimiter) -> None:
        """Within the transaction that claims: what the others call counts, too. Raises Fenced."""

    async def may_send(self) -> bool:
        """Do the others surely know that this process is alive? It tells them, if need be."""

    def fenced(self) -> None:
        """This process was taken for dead."""


Route = Callable[[model.Effect], Performer]


@dataclass(frozen=True, slots=True)
class Motion:
    """Seconds since the outbox last looked at its queue, and since a call last went out or came
    back; ``in_flight``: so many calls are under way."""

    looked: float
    moved: float
    in_flight: int


class Outbox:
    """Claims what is due, has it performed, and submits its outcome. ``draw`` draws the cards
    that are sent (None: all of them are drawn already). ``membership``: this process among those
    that share the store (None: it is alone)."""

    def __init__(
        self,
        engine: engine.Engine,
        route: Route,
        budgets: Sequence[RateLimit],
        clock: ports.Clock,
        *,
        in_flight: int = limits.IN_FLIGHT,
        call_deadline: float = shared.LONGEST_CALL.total_seconds(),
        account: limits.Account = lambda rate_key: rate_key,
        draw: clearance.Draw | None = None,
        membership: Membership | None = None,
    ) -> None:
        self._engine = engine
        self._membership = membership
        self._draw = draw
        self._route = route
        self._limiter = limits.RateLimiter(budgets, clock, in_flight, account)
        self._clock = clock
        self._call_deadline = call_deadline
        self._woken = asyncio.Event()
        self._late: dict[int, asyncio.TimerHandle] = {}
        self._reasons: dict[int, str] = {}
        self._tasks: dict[asyncio.Task[None], model.Effect] = {}
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
        counted; returns how many were in doubt. Of several processes each one's is queued by the
        others, or when it joins them."""
        now, alone = self._clock.now(), self._membership is None

        def recover(writer: port.Writer) -> tuple[int, port.History]:
            count = writer.recover() if alone else 0
            self._look(writer)
            return count, writer.history(now - self._limiter.longest, now)

        count, history = await self._engine.write(recover)
        self._limiter.remember(history if alone else replace(history, sent=()))
        return count

    @property
    def motion(self) -> Motion:
        """How it moves."""
        now = self._clock.monotonic()
        return Motion(now - self._turned, now - self._moved, len(self._tasks))

    def budgets(self) -> list[limits.Usage]:
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

    def abandon(self) -> None:
        """Cancel the calls in flight: they are taken over by others, in doubt. The update of a card
        is waited for: where it arrives after a newer one, its end says so."""
        for task, body in self._tasks.items():
            if not isinstance(body, model.UpdateCard):
                task.cancel()

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
            claims = await self._engine.claim(self._limiter, self._draw, self._look)
        except ports.Closed:
            return None
        except shared.Fenced as fence:
            log.warning("%s: nothing is sent until it has joined the others again", fence)
            assert self._membership is not None
            self._membership.fenced()
            return port.Claims((), None)
        self._turned = self._clock.monotonic()
        if claims.effects:
            self._moved = self._turned
            failpoints.reach("outbox.claimed")
        for claimed in claims.effects:
            task = asyncio.create_task(self._carry_out(claimed))
            self._tasks[task] = claimed.effect.body
            task.add_done_callback(self._tasks.pop)
        return claims

    def _look(self, writer: port.Writer) -> None:
        if self._membership is not None:
            self._membership.look(writer, self._limiter)

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
        failpoints.reach(f"outbox.before.{kind}")
        if self._membership is not None and not await self._membership.may_send():
            return model.NotSent("the other replicas may have taken it over")
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self._call_deadline) as deadline:
                attempt = replace(
                    claimed.attempt,
                    record=functools.partial(self._note, effect),
                    pace=functools.partial(self._pace, claimed, deadline),
                )
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

    async def _pace(self, claimed: port.Claimed, deadline: asyncio.Timeout, calls: int) -> None:
        """Count the last call of a try, which makes another one, and wait until limits let that
        go. Each call has the whole deadline. Raises ``ports.Closed`` as ``_note`` does."""
        effect = claimed.effect

        def keep(writer: port.Writer) -> bool:
            self._look(writer)
            return writer.keep_call(effect.id, effect.attempts, calls, self._clock.now())

        deadline.reschedule(None)
        try:
            if not await self._engine.write(keep):
                raise ports.Closed(f"attempt {effect.attempts} of effect {effect.id} is over")
            self._limiter.again(claimed.rate_key)
            while (seconds := self._limiter.excess(claimed.rate_key)) > 0:
                self._moved = self._clock.monotonic()
                await asyncio.sleep(seconds)
                await self._engine.write(self._look)
        except shared.Fenced as fence:
            raise ports.Closed(str(fence)) from None
        if self._membership is not None and not await self._membership.may_send():
            raise ports.Closed("the other replicas may have taken it over")
        deadline.reschedule(asyncio.get_running_loop().time() + self._call_deadline)


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
