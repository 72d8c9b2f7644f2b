"""What the bot needs of a store that several replicas write: who of them is alive, and what the
others have called of late. Moments of replicas are those of the database's own clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

State = Literal["living", "dead", "left"]
LONGEST_CALL = timedelta(minutes=5)
"""Within this a call has ended that was claimed, one way or another: whoever makes it sees to
that."""


class Fenced(Exception):
    """This replica was taken for dead, and what it had in hand was taken over: it may not go on
    under its number."""


@dataclass(frozen=True, slots=True)
class Replica:
    """A process that works on the store. ``number``: no other process ever has it. ``state``:
    living; dead, when it gave no sign of life for too long; left, when it ended. ``leads``: it does
    what only one of them does. ``digest``: of the configuration that it works with. ``unreached``:
    the platforms to which it has no connection, and since when."""

    number: int
    name: str
    release: str
    schema: str
    digest: str
    state: State
    joined_at: datetime
    seen_at: datetime
    leads: bool
    unreached: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class Beat:
    """What a replica learns when it gives a sign of life. ``at``: what the database's clock shows.
    ``dead``: the names of those that were taken for dead just now. ``doubtful``: how many effects
    of such were queued again, in doubt. ``lapses``: when the first of the others is dead, if it
    gives no sign of life until then (None: there are no others)."""

    at: datetime
    leads: bool
    dead: tuple[str, ...] = ()
    doubtful: int = 0
    lapses: datetime | None = None


@dataclass(frozen=True, slots=True)
class RateKey:
    """What budgets are counted by. ``kind`` is say, card, run or lookup; an executor's effects have
    no platform, and their region stands for the chat."""

    platform: str
    chat: str
    kind: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call of another replica, for a try of an effect. ``number``: which one of that try (0: the
    newest). ``ended``: until when it may have arrived, in milliseconds (None: it is under way);
    ``paused``: until when its platform wants no more (milliseconds, 0: it did not say so)."""

    effect: int
    attempt: int
    number: int
    rate_key: RateKey
    ended: int | None
    paused: int = 0


@dataclass(slots=True)
class Changes:
    """What a transaction changed that somebody waits for. ``timer`` is the earliest due time put
    in (milliseconds, None: none); ``steps``: a run was started or moved; ``configuration``: another
    one is in use; ``hurry``: something has ended at the far end, and is to be looked at now."""

    effects: bool = False
    timer: int | None = None
    steps: bool = False
    configuration: bool = False
    hurry: bool = False

    def __bool__(self) -> bool:
        return self != Changes()


Listener = Callable[[Changes], None]


class Watched(Protocol):
    """What a store tells of those that write it beside this process."""

    def listen(self, listener: Listener) -> AbstractContextManager[None]:
        """Call ``listener`` in a thread of its own with what other replicas change, and, whenever
        something may have been missed, with everything there is."""


class Members(Protocol):
    """What is read of replicas."""

    def replicas(self) -> tuple[Replica, ...]:
        """Those that are alive or were within the last day, in the order in which they came; none:
        the store is that of one process."""


class Membership(Protocol):
    """What a replica writes of itself, within a transaction."""

    def time(self) -> datetime:
        """What the database's clock shows."""

    def join(self, name: str, release: str, digest: str) -> int:
        """Count a process among those that work on the store; returns its number. From here on it
        claims under this number."""

    def beat(self, lease: timedelta, digest: str, unreached: Mapping[str, datetime]) -> Beat | None:
        """Give a sign of life, with what a ``Replica`` says of it. Those that gave none for
        ``lease`` are dead from here on, and what they had in flight is queued again, in doubt.
        None: this replica itself is."""

    def leave(self) -> None:
        """This replica ends; what it still had in flight is queued again, in doubt."""

    def calls_of_others(self, since: int, now: int) -> Sequence[Call]:
        """What other replicas have claimed after ``since`` (milliseconds), and everything that they
        have under way. Raises Fenced."""
