"""The ports: what the core needs of the outside, as small interfaces.

Adapters implement these; the core and its tests know nothing else of a platform.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot import model
from bot.model import traffic

Submit = Callable[[model.Event], Awaitable[model.Receipt]]
"""Hands an event to the engine and waits for the commit. The receipt is what to answer at once.
Raises nothing on a bad event: those are refused with a receipt. It raises ``Closed`` while the bot
shuts down: then do not acknowledge, so that the platform delivers again."""


Count = Callable[[model.Meter], None]
"""Told of each call or push that a platform counts; never blocks and never raises."""


def uncounted(meter: model.Meter) -> None:
    """Nobody counts."""


Tap = Callable[[traffic.Frame | traffic.Exchange], None]
"""Takes a copy of what goes over the wire, for a capture. Called from any thread; it never raises,
waits or blocks."""


CountRobot = Callable[[str], None]
"""Told of each message that a custom robot took, by the robot's kind; never blocks or raises."""


def uncounted_robot(kind: str) -> None:
    """Nobody counts."""


class Closed(Exception):
    """The bot is shutting down; the event was not taken."""


class TooCostly(Exception):
    """An event was not taken, for the rules can't be asked about so much; the message says how much
    is too much. It stays so when it is sent again."""


class BadCredentials(Exception):
    """The platform refused our credentials. The message says which to check, and where."""


class CannotListen(OSError):
    """An address can't be listened on; the message says which, and why."""


class Wall(Protocol):
    """A clock as machines have it: it may be set."""

    def now(self) -> datetime: ...


class Clock(Protocol):
    """Where the time comes from. Tests bring their own: a clock that inherits from this needs
    ``now`` only, and is taken never to be set."""

    def now(self) -> datetime:
        """What people read on a clock. It may be set, forward and back: nothing that measures how
        long something takes may use it."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back and never leaps."""
        return self.now().timestamp()

    def age(self, at: datetime) -> float:
        """Seconds since a moment that ``now`` showed, never fewer than have passed."""
        return (self.now() - at).total_seconds()


ChatEffect = model.Say | model.CardEffect | model.Recall | model.FetchForm | model.ListForms
"""What a chat platform carries out."""


RunEffect = (
    model.ResolveTargets
    | model.FetchDefinition
    | model.StartRun
    | model.StopRun
    | model.SignalRun
    | model.RunCall
)
"""What an executor carries out, as far as it is its own: the rest it refuses."""

Sight = tuple[model.InstanceResult, ...] | model.Execution
"""What a look at an invocation shows: what each instance did, or an execution as a whole."""


@dataclass(frozen=True, slots=True)
class Connection:
    """The connection by which a platform's events come. ``up``: one stands, for ``seconds``; if
    not, none has for so long. ``opened``: so many were opened since the start. ``ahead``: the
    seconds by which the platform's clock is ahead of this machine's (None: it did not say)."""

    up: bool
    seconds: float
    opened: int
    ahead: float | None = None


class Chat(Protocol):
    """A chat platform. ``perform`` never raises for what the platform does: it answers with one of
    the four outcomes."""

    name: str

    async def run(self, submit: Submit, ready: Callable[[], None]) -> None:
        """Stay connected until cancelled, handing every event to ``submit``; call ``ready`` once,
        when the first connection stands. Raises BadCredentials."""
        ...

    def connection(self) -> Connection | None:
        """How its connection is now. None: it keeps none, for its events come to the bot, or it has
        not begun to open one."""
        ...

    def follow(self, forms: Sequence[str], groups: Sequence[str]) -> None:
        """From now on these are the codes of its forms and the ids of its groups: the
        configuration was reloaded."""
        ...

    async def perform(self, effect: ChatEffect, attempt: model.Attempt) -> model.Outcome:
        """Send one effect. What is known of earlier tries of it, ``attempt`` says; a message that
        is sent in parts notes each part there before it sends the next. ``attempt.call()`` is
        awaited before each call to the platform: limits count every one."""
        ...

    async def close(self) -> None:
        """Release connections and sessions."""
        ...


class Executor(Protocol):
    """Where approved plans run."""

    name: str

    async def perform(self, effect: RunEffect, attempt: model.Attempt) -> model.Outcome: ...

    def where(self, effect: RunEffect | str) -> str:
        """Which API on which host an effect calls, for people; of a region: the reading of results
        there."""
        ...

    async def poll(
        self, region: str, batch: str, invocations: Sequence[str]
    ) -> Mapping[str, Sight]:
        """These open invocations of one batch as they stand now, by invocation id; one not found
        is absent. Calls grow with pages of 50, never with the number of invocations. Raises
        ``PollFailed`` when the platform could not be read."""
        ...

    async def tokens(self, region: str, digest: str) -> Sequence[str]:
        """The tokens of what was started there by a plan with this digest, as far as a tag tells.
        Raises ``PollFailed``."""
        ...

    async def close(self) -> None: ...


class Watched(Executor, Protocol):
    """An engine on which others start executions, too."""

    async def waiting(self, region: str) -> list[model.Execution]:
        """Executions that wait for what people may decide and that are not ours. Raises
        ``PollFailed``."""
        ...


class Look(Protocol):
    """Finds the rules that events from outside mean. Raises TooCostly for all of them together."""

    async def __call__(
        self, events: Sequence[model.EventReceived]
    ) -> list[model.EventReceived]: ...


class Inlet(Protocol):
    """A server that takes events from outside. ``run`` serves until cancelled: an event is answered
    only after ``submit`` has returned, for then it is on disk. ``hurry`` is called when an event
    says that a run has ended, so that it is looked at now. ``follow`` makes ready for other
    sources, and returns what takes them up at once, on whatever thread."""

    def follow(self, sources: Sequence[Any]) -> Callable[[], None]: ...

    async def run(
        self, submit: Submit, hurry: Callable[[], None], ready: Callable[[], None]
    ) -> None: ...

    async def close(self) -> None: ...


class Outlet(Protocol):
    """Brings what a rule made of an event to a target outside: another server, a bus, a robot."""

    async def perform(self, effect: model.Deliver, attempt: model.Attempt) -> model.Outcome: ...

    async def close(self) -> None: ...


class Frames(Protocol):
    """How the frames of a platform look opened, as JSON, and closed again. It keeps the parts of a
    payload until all have come."""

    def opened(self, frame: traffic.Frame) -> Sequence[object]:
        """The frame as JSON, with its payload whole; none as long as parts are missing. One that
        can't be read is its text."""
        ...

    def closed(self, content: object) -> Sequence[str | bytes]:
        """The frames that ``content`` was opened of. Raises ValueError for what is none."""
        ...


class Interpreter(Protocol):
    """Reads what was captured as the adapter reads it live, without a connection. It never raises
    for what it is given. The body of an exchange that came in is an event, already decrypted."""

    def frame(self, frame: traffic.Frame) -> traffic.Meaning: ...

    def exchange(self, exchange: traffic.Exchange) -> traffic.Meaning: ...


class PollFailed(Exception):
    """The results could not be read now; nothing is known. ``retry_after`` in seconds."""

    def __init__(self, reason: str, retry_after: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Calendars(Protocol):
    """Reads calendars of those who are on call."""

    async def events(
        self, address: str, zone: str, begin: datetime, end: datetime
    ) -> tuple[model.CalendarEvent, ...]:
        """The events between two moments of the calendar at an address, or in a file; ``zone`` is
        where times are read that name none. Raises PollFailed, which tells nothing of the
        address."""
        ...

    async def close(self) -> None: ...


class Models(Protocol):
    """What is known of the APIs of the cloud's products. ``version`` "": the usual one."""

    def names(self, service: str, version: str) -> Collection[str]:
        """Its APIs; none: nothing is known of this version."""

    def parameters(self, service: str, api: str) -> Collection[str]:
        """The parameters of an API, as they go over the wire."""

    def required(self, service: str, api: str) -> Collection[str]:
        """Those that a call cannot be without."""

    def kind(self, service: str, api: str, name: str) -> str:
        """What a parameter takes, by its name on the wire: "number", "boolean", or else."""

    def wire(self, service: str, api: str, name: str) -> str:
        """The parameter that a template means by a name; empty: there is none."""


class Robots(Outlet, Protocol):
    """Brings messages of templates and rules to robots."""

    def account(self, uri: str) -> tuple[str, str]:
        """Who counts what is sent to an address: the kind of robot, and its name."""
        ...
