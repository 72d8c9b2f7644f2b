"""How much may be sent: the budgets of chats, apps and regions, and what has been sent of late."""

from __future__ import annotations

import bisect
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.model import ports
from bot.model.manifests import RateLimit
from bot.store import codec, port, shared

IN_FLIGHT = 64
"""Calls to one platform that are under way at once."""
OVERLAP = 5_000
"""Milliseconds before the last look at others' calls from which the next look reads: clocks of
replicas agree to within some milliseconds."""
REMEMBERED = 12 * OVERLAP
"""Milliseconds for which it is remembered that a call of others was counted."""
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
        self._forget(now)
        free = self.count - self.flying - len(self.sent)
        again = self.sent[0] + self.span if free <= 0 and self.sent else None
        return port.Allowance(max(free, 0), again)

    def excess(self, now: int) -> int:
        """Milliseconds until what is in flight finds its places beside what was sent."""
        self._forget(now)
        over = min(self.flying + len(self.sent) - self.count, len(self.sent))
        return self.sent[over - 1] + self.span - now if over > 0 else 0

    def _forget(self, now: int) -> None:
        while self.sent and self.sent[0] + self.span <= now:
            self.sent.popleft()


@dataclass(frozen=True, slots=True)
class Usage:
    """How many calls of a budget count now, in the chat where most do; ``paused``: the seconds for
    which its platform wants no more."""

    budget: RateLimit
    calls: int
    paused: float


_Name = tuple[int, int, int]
"""An effect, which try of it, and which call of that."""


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
        self._others: dict[_Name, port.RateKey] = {}
        self._learnt: dict[_Name, int] = {}
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

    @property
    def reach(self) -> int:
        """Milliseconds: what was claimed before them does not count any more."""
        return (self.longest + shared.LONGEST_CALL) // timedelta(milliseconds=1)

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
            self._begin(rate_key)
            platform = self._account(rate_key).platform
            self._flying[platform] = self._flying.get(platform, 0) + 1

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
            self._end(rate_key, tick)
            self._flying[self._account(rate_key).platform] -= 1

    def again(self, rate_key: port.RateKey) -> None:
        """A call came back whose try makes another one, which has its place from now on."""
        tick = self._tick()
        with self._lock:
            self._sent(rate_key, tick)

    def excess(self, rate_key: port.RateKey) -> float:
        """Seconds until what is in flight keeps to the budgets, with what was sent before."""
        tick = self._tick()
        with self._lock:
            windows = self._of(self._account(rate_key))
            return max((window.excess(tick) for window in windows), default=0) / 1000

    def learn(self, calls: Sequence[shared.Call]) -> None:
        """Count what other replicas do. ``calls`` are all that they have under way, and all that
        they claimed since a while before this was told last; at first, since the beginning of
        ``reach``."""
        now, tick = codec.ms(self._clock.now()), self._tick()
        named = {(call.effect, call.attempt, call.number): call for call in calls}
        flying = {one: call.rate_key for one, call in named.items() if call.ended is None}
        with self._lock:
            for one in self._others.keys() - flying.keys():
                self._end(self._others.pop(one), tick)
                self._learnt[one] = now
            for one in flying.keys() - self._others.keys():
                self._begin(flying[one])
                self._others[one] = flying[one]
            for one, call in named.items():
                if call.ended is not None and one not in self._learnt:
                    self._learnt[one] = now
                    self._sent(call.rate_key, tick - max(0, now - call.ended))
            self._learnt = {one: at for one, at in self._learnt.items() if at > now - REMEMBERED}
        for call in calls:
            if call.paused > now:
                self.pause(call.rate_key, (call.paused - now) / 1000)

    def _begin(self, rate_key: port.RateKey) -> None:
        self._calls.setdefault(rate_key, _Calls()).flying += 1
        for window in self._of(self._account(rate_key)):
            window.flying += 1

    def _end(self, rate_key: port.RateKey, tick: int) -> None:
        self._note(rate_key, tick).flying -= 1
        for window in self._of(self._account(rate_key)):
            window.flying -= 1
            window.sent.append(tick)

    def _sent(self, rate_key: port.RateKey, tick: int) -> None:
        """A call that ended in the past counts from then on."""
        self._note(rate_key, tick)
        for window in self._of(self._account(rate_key)):
            bisect.insort(window.sent, tick)

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
                self._sent(rate_key, tick - max(0, now - at))
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
