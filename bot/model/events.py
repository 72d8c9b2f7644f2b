"""What enters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.model.bus import CommandRequested, EventReceived, IngressRejected
from bot.model.oncall import CalendarEvent
from bot.model.outcomes import Outcome
from bot.model.people import Account, Place
from bot.model.requests import RunStatus
from bot.model.rich import Card
from bot.model.usage import QuotaReached


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """Somebody wrote to the bot. ``text`` has the bot's own mention removed. ``mentions`` are the
    other people named. ``quoted`` is the platform's reference of the message quoted, if any.
    ``unread``: what was sent in place of words ("" where it was words): picture, file, voice,
    video, sticker, card, forward, location, other."""

    id: str
    at: datetime
    account: Account
    place: Place
    text: str
    mentions: tuple[Account, ...] = ()
    quoted: str = ""
    unread: str = ""


@dataclass(frozen=True, slots=True)
class CardAction:
    """Somebody pressed a button of a card. ``card`` is the platform's reference of the card;
    ``request`` and ``code`` are what the button carried (0 and "" where it carried none)."""

    id: str
    at: datetime
    account: Account
    place: Place
    card: str
    action: str
    request: int = 0
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MessageRecalled:
    """A message was taken back: by its "author", by a "moderator" of the chat or the organisation,
    or nobody knows by whom ("")."""

    id: str
    at: datetime
    platform: str
    tenant: str
    message: str
    by: Literal["author", "moderator", ""] = ""


@dataclass(frozen=True, slots=True)
class FormChanged:
    """Something happened to an OA approval form. It carries no fields: those are fetched.
    ``changed``: what it came to has to be read."""

    id: str
    at: datetime
    platform: str
    tenant: str
    form: str
    instance: str
    status: Literal["approved", "rejected", "withdrawn", "changed"]


@dataclass(frozen=True, slots=True)
class Started:
    """The bot is back after it took its last event at ``since``."""

    id: str
    at: datetime
    since: datetime


@dataclass(frozen=True, slots=True)
class Restored:
    """The store was put back from a copy, in which this request was open."""

    id: str
    at: datetime
    request: int


@dataclass(frozen=True, slots=True)
class TimerDue:
    """A due-time row of the store came due."""

    id: str
    at: datetime
    request: int
    timer: str


@dataclass(frozen=True, slots=True)
class InstanceResult:
    """What one instance did. ``status`` is Cloud Assistant's InvocationStatus; ``dropped`` counts
    the bytes that the platform cut from the middle of ``output``."""

    instance: str
    status: str
    exit_code: int | None = None
    output: str = ""
    dropped: int = 0
    error: str = ""
    started_at: str = ""
    finished_at: str = ""


@dataclass(frozen=True, slots=True)
class InvocationPolled:
    """The far end was looked at: results of one request's invocation, as they stand now."""

    id: str
    at: datetime
    request: int
    invocation: str
    results: tuple[InstanceResult, ...]
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """What an execution on another engine waits for: an "approval" (by ``approvers``, RAM user
    names, ``need`` of them; nobody named: whoever the policy allows), a "confirm" of a task of
    high risk, or a "pause" to be resumed. ``shown`` is what people should see of it. ``id`` is the
    engine's own name of the task that waits, for several may be called ``task``."""

    kind: Literal["approval", "confirm", "pause"]
    task: str
    approvers: tuple[str, ...] = ()
    need: int = 1
    shown: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Execution:
    """An execution on another engine, as it stands now. ``waiting`` if its status is Waiting;
    ``template`` and ``by`` (who started it) as the engine names them."""

    id: str
    status: Literal["Started", "Queued", "Running", "Waiting", "Success", "Failed", "Cancelled"]
    progress: RunStatus = field(default_factory=RunStatus)
    waiting: Waiting | None = None
    template: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class ExecutionPolled:
    """The far end was looked at: the execution of one request's run."""

    id: str
    at: datetime
    request: int
    execution: Execution


@dataclass(frozen=True, slots=True)
class ExecutionFound:
    """An execution that nobody asked the bot for waits on an engine for what people may decide."""

    id: str
    at: datetime
    engine: str
    region: str
    execution: Execution


@dataclass(frozen=True, slots=True)
class Delayed:
    """The other side has not answered for some seconds: a call (``effect``), or the reading of the
    results of ``request``. ``what``: which API on which host, in words; ``reason``: what went wrong
    so far. ``until``: when a call is given up at the latest."""

    id: str
    at: datetime
    what: str
    reason: str = ""
    effect: int = 0
    request: int = 0
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class EffectCompleted:
    """An effect left and came back with one of the four outcomes. ``attempt``: which try of it.
    ``late``: that try had been taken over, and its outcome settles nothing."""

    id: str
    at: datetime
    effect: int
    attempt: int
    outcome: Outcome
    late: bool = False


@dataclass(frozen=True, slots=True)
class ConfigurationRead:
    """The configuration and its commands were read, with the digest ``before``, and were found to
    be different; or, where there are ``faults``, were refused. ``by``: a "start" of the bot, a
    "signal" (SIGHUP), or a "command" (``python -m bot reload``) that ``actor`` gave. ``added``,
    ``removed`` and ``changed`` name tables, keys and command files."""

    id: str
    at: datetime
    actor: str
    by: Literal["start", "signal", "command"]
    before: str
    digest: str = ""
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CalendarRead:
    """The calendar of a rota was read: its events from ``at`` on. ``fault``: why it could not be
    ("": it could)."""

    id: str
    at: datetime
    rota: str
    events: tuple[CalendarEvent, ...] = ()
    fault: str = ""


Event = (
    MessageReceived
    | CardAction
    | MessageRecalled
    | FormChanged
    | Started
    | Restored
    | TimerDue
    | Delayed
    | InvocationPolled
    | ExecutionPolled
    | ExecutionFound
    | EffectCompleted
    | EventReceived
    | IngressRejected
    | CommandRequested
    | QuotaReached
    | ConfigurationRead
    | CalendarRead
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer given at once to whoever brought the event: a toast and, for a click, the card as
    it now stands. ``duplicate`` says that the event had been taken before. ``code``
    tells programs what it means: "changed", another event was known by this name; "conflict", this
    one was refused for that; "" for everything else."""

    toast: str = ""
    tone: Literal["success", "info", "warning", "error"] = "info"
    card: Card | None = None
    duplicate: bool = False
    code: str = ""


WORDS: Mapping[type, str] = {
    MessageReceived: "Asked",
    CardAction: "Clicked",
    MessageRecalled: "Recalled",
    InvocationPolled: "Observed",
    ExecutionPolled: "ExecutionSeen",
    EffectCompleted: "Settled",
    EventReceived: "Arrived",
    IngressRejected: "Turned",
    CommandRequested: "Ordered",
}
"""The words of the store and the audit log where they differ from the names of the types."""


def word_of(event: Event) -> str:
    """The kind of an event, as it stands in the store and the audit log."""
    return WORDS.get(type(event), type(event).__name__)
