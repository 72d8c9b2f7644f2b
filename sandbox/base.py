"""What the three stand-ins share: a clock that tests can move, faults on demand, a journal of every
call received, and the control methods by which tests and the demo play the people.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.door import at_home


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
    """The faults waiting to happen, in the order in which they were asked for."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self.waiting.append(fault)

    def take(self, api: str, *kinds: str) -> Fault | None:
        """The next fault for this call among ``kinds`` (all kinds if none is named), used up."""
        for fault in self.waiting:
            if fault.api not in (api, "*") or (kinds and fault.do not in kinds):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self.waiting.remove(fault)
            return fault
        return None

    def clear(self) -> None:
        self.waiting.clear()


@dataclass
class Call:
    """One call received: what was asked, what was answered."""

    at: float
    api: str
    request: Any
    status: int = 0
    code: str = ""
    answer: Any = None


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
        self.faults = Faults()
        self.changes = Changes()
        self.journal: list[Call] = []
        self.app = web.Application(client_max_size=4 << 20, middlewares=[at_home])
        self.base_url = ""

    def record(self, api: str, request: Any) -> Call:
        call = Call(self.clock.now(), api, request)
        self.journal.append(call)
        return call

    async def close(self) -> None:
        """Stop background tasks; called before the server goes down."""

    @control
    async def fault(self, api: str, do: str, times: int = 1, after: int = 0, **args: Any) -> None:
        """Let the next call(s) of ``api`` misbehave."""
        self.faults.add(Fault(api, do, times, after, args))

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
            }
            for c in self.journal[since:]
            if not api or c.api == api
        ]
