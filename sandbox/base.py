"""What the three stand-ins share: a clock that tests can move, faults on demand, a journal of every
call received, and the control methods by which tests and the demo play the people.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.door import Handler, at_home


class Clock:
    """The sandbox's time: the real one plus an offset that ``advance`` moves."""

    def __init__(self) -> None:
        self.offset = 0.0
        self._moved: list[asyncio.Event] = []

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self.offset

    def ms(self) -> int:
        return int(self.now() * 1000)

    def advance(self, seconds: float) -> None:
        self.offset += seconds
        for event in self._moved:
            event.set()

    async def sleep_until(self, when: float) -> None:
        """Wait until the sandbox's clock shows ``when``; a moved clock is noticed at once."""
        event = asyncio.Event()
        self._moved.append(event)
        try:
            while (left := when - self.now()) > 0:
                event.clear()
                try:
                    await asyncio.wait_for(event.wait(), timeout=left)
                except TimeoutError:
                    continue
        finally:
            self._moved.remove(event)


Change = tuple[str, str]
"""What kind of thing changed, and which one."""


class Watch:
    """The changes since somebody last took them, each once, in the order of their first time."""

    def __init__(self) -> None:
        self._changed: dict[Change, None] = {}
        self._event = asyncio.Event()

    def note(self, change: Change) -> None:
        self._changed[change] = None
        self._event.set()

    async def changes(self) -> list[Change]:
        """Wait until something has changed, and take all that has."""
        await self._event.wait()
        self._event.clear()
        found, self._changed = list(self._changed), {}
        return found


class Changes:
    """Tells whoever watches a party what changed in it; nobody looks through all there is."""

    def __init__(self) -> None:
        self._watches: list[tuple[frozenset[str], Watch]] = []

    def watch(self, *kinds: str) -> Watch:
        """Watch for changes of these kinds, from now on and for good."""
        watch = Watch()
        self._watches.append((frozenset(kinds), watch))
        return watch

    def note(self, kind: str, key: str) -> None:
        for kinds, watch in self._watches:
            if kind in kinds:
                watch.note((kind, key))


@dataclass
class Fault:
    """One ordered misbehaviour. ``api`` names the call it waits for ("*": any), ``do`` what to do,
    ``times`` how often, ``after`` how many matching calls pass first, ``args`` the details."""

    api: str
    do: str
    times: int = 1
    after: int = 0
    args: dict[str, Any] = field(default_factory=dict)


class Faults:
    """The faults waiting to happen, in the order of their asking; and ``weather``: what
    befalls which share of all calls, between 0 and 1."""

    def __init__(self, changes: Changes) -> None:
        self.waiting: list[Fault] = []
        self.weather: dict[str, float] = {}
        self.chance = random.Random()
        self._changes = changes

    def add(self, fault: Fault) -> None:
        self.waiting.append(fault)
        self._changes.note("faults", "")

    def take(self, api: str, *kinds: str) -> Fault | None:
        """The next fault for this call among ``kinds`` (all kinds if none is named), used up. The
        call that is served now is marked with it."""
        fault = self._ordered(api, kinds) or self._by_chance(api, kinds)
        if fault is not None and (served := _SERVED.get()):
            served[0].fault = fault.do
        return fault

    def _by_chance(self, api: str, kinds: tuple[str, ...]) -> Fault | None:
        for do, share in self.weather.items():
            if do in kinds and self.chance.random() < share:
                return Fault(api, do)
        return None

    def _ordered(self, api: str, kinds: tuple[str, ...]) -> Fault | None:
        for fault in self.waiting:
            if fault.api not in (api, "*") or (kinds and fault.do not in kinds):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self.waiting.remove(fault)
            self._changes.note("faults", "")
            return fault
        return None

    def clear(self) -> None:
        self.waiting.clear()
        self._changes.note("faults", "")


@dataclass
class Call:
    """One call received, or one push: what was asked, what was answered. ``seconds``: how long it
    took, None while it is open; ``lost``: the answer reached nobody; ``payload``: what was pushed,
    of which ``request`` is the name; ``port``: where the caller came in, 0 where nobody knows;
    ``fault``: the misbehaviour that it met with."""

    at: float
    api: str
    request: Any
    status: int = 0
    code: str = ""
    answer: Any = None
    number: int = 0
    began: float = field(default_factory=time.monotonic)
    seconds: float | None = None
    lost: bool = False
    payload: Any = None
    port: int = 0
    fault: str = ""


_PORT: ContextVar[int] = ContextVar("port", default=0)
_SERVED: ContextVar[list[Call] | None] = ContextVar("served", default=None)
"""Where the call goes that stands for the request that is served now."""


def port_of(transport: asyncio.BaseTransport | None) -> int:
    """The port of a server at which a connection came in; 0: there is none."""
    name = transport.get_extra_info("sockname") if transport is not None else None
    return int(name[1]) if name else 0


def port_served() -> int:
    """The port at which the request came that is served now; 0: none is, as where people act."""
    return _PORT.get()


def control(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Mark a coroutine of a ``Party`` as callable by tests over the control port."""
    method.__control__ = True  # type: ignore[attr-defined]
    return method


class Party:
    """One stand-in platform: an aiohttp application, its state, and its control methods.

    Subclasses set ``name``, fill ``self.app`` in ``__init__``, keep ``self.journal`` up to date and
    mark control methods with ``@control``. ``self.base_url`` is set once the port is known.
    """

    name = ""
    max_line_size = 8190

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.changes = Changes()
        self.faults = Faults(self.changes)
        self.journal: list[Call] = []
        self.app = web.Application(client_max_size=4 << 20, middlewares=[at_home, self._timed])
        self.base_url = ""

    @web.middleware
    async def _timed(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Note when the call that a request is has ended, and whether anybody got the answer."""
        served: list[Call] = []
        token, port = _SERVED.set(served), _PORT.set(port_of(request.transport))
        try:
            return await handler(request)
        finally:
            _SERVED.reset(token)
            _PORT.reset(port)
            for call in served:
                call.lost = request.transport is None or request.transport.is_closing()
                self.ended(call)

    def record(self, api: str, request: Any) -> Call:
        """Put a call into the journal: the one that is served now, or what is over at once."""
        number, port = len(self.journal), port_served()
        call = Call(self.clock.now(), api, request, number=number, port=port)
        served = _SERVED.get()
        if served == []:
            served.append(call)
        else:
            call.seconds = 0.0
        self.journal.append(call)
        self.changes.note("call", str(call.number))
        return call

    def ended(self, call: Call) -> None:
        call.seconds = time.monotonic() - call.began
        self.changes.note("call", str(call.number))

    async def close(self) -> None:
        """Stop background tasks; called before the server goes down."""

    @control
    async def fault(self, api: str, do: str, times: int = 1, after: int = 0, **args: Any) -> None:
        """Let the next call(s) of ``api`` misbehave."""
        self.faults.add(Fault(api, do, times, after, args))

    @control
    async def weather(self, do: str, share: float, seed: int = 0) -> None:
        """Let this share of all calls, or pushes, misbehave from now on; 0: none any more."""
        self.faults.weather.pop(do, None)
        if share:
            self.faults.weather[do] = share
            self.faults.chance.seed(f"{seed} {self.name} {do}")

    @control
    async def clear_faults(self) -> None:
        self.faults.clear()

    @control
    async def calls(self, api: str = "", since: int = 0) -> list[dict[str, Any]]:
        """The journal (or one API's part of it) from entry ``since`` on, as plain dicts."""
        return [
            {
                "at": c.at,
                "api": c.api,
                "request": c.request,
                "status": c.status,
                "code": c.code,
                "answer": c.answer,
                "fault": c.fault,
            }
            for c in self.journal[since:]
            if not api or c.api == api
        ]
