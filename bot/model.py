"""The words of the house as types: what enters, what is decided, what leaves.

Nothing here imports anything of the project, and nothing here does I/O. Every type is a frozen
dataclass made of strings, numbers, aware datetimes, tuples and dicts of such, so that each of them
can be written to the store and read back unchanged (see ``bot.store.codec``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# ----------------------------------------------------------------------------- who and where


@dataclass(frozen=True, slots=True)
class Account:
    """One login on one platform: what the platform uses to name and to @-mention somebody.

    ``platform`` is the adapter's name in the configuration, ``tenant`` the organisation
    as the platform names it, ``id`` the person there. An empty ``id`` is an outsider.
    """

    platform: str
    tenant: str
    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was said, and so where it is answered.

    ``message`` is the message to answer, ``thread`` the topic it stands in, ``webhook`` a
    short-lived address that answers in this chat until ``webhook_until``.
    """

    platform: str
    tenant: str
    chat: str
    message: str = ""
    thread: str = ""
    webhook: str = ""
    webhook_until: datetime = EPOCH
    direct: bool = False


# ----------------------------------------------------------------------------- rich text
# No string in these types is ever markup: adapters escape every one of them for the platform at
# hand. Only the structure is trusted, so nobody's text can mention, link or break a card.


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text. ``style``: plain, bold, code. With ``at`` it is a person's name that
    mentions (and, in a message or a new card, notifies) that account."""

    text: str
    style: Literal["plain", "bold", "code"] = "plain"
    at: Account | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a message or card.

    ``para``: ``spans`` on one line · ``facts``: ``rows`` of (label, spans) · ``pre``: ``text`` as
    preformatted lines · ``quote``: ``text`` quoted · ``rule``: a dividing line.
    """

    kind: Literal["para", "facts", "pre", "quote", "rule"]
    spans: tuple[Span, ...] = ()
    rows: tuple[tuple[str, tuple[Span, ...]], ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A message to a thread. ``title`` is what a list of chats shows of it; ``mentions`` are
    notified whether or not a span names them. ``quote`` is what it answers, quoted where the
    platform cannot reply natively."""

    title: str
    blocks: tuple[Block, ...]
    mentions: tuple[Account, ...] = ()
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    """``action`` comes back in ``Clicked.action``. ``confirm`` (optional) is asked before."""

    action: str
    label: str
    style: Literal["primary", "danger", "default"] = "default"
    confirm: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """The request's card. ``request`` and ``code`` travel in each button and come back in
    ``Clicked``; ``ask_reason`` (label) shows a reason field where the platform has one."""

    request: int
    code: str
    title: str
    tone: Literal["orange", "blue", "green", "red", "grey"]
    tag: str
    blocks: tuple[Block, ...]
    buttons: tuple[Button, ...] = ()
    ask_reason: str = ""
    note: str = ""
    mentions: tuple[Account, ...] = ()


# ----------------------------------------------------------------------------- what enters


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody wrote to the bot. ``text`` has the bot's own mention removed. ``mentions`` are the
    other people named. ``quoted`` is the platform's reference of the message quoted, if any."""

    id: str
    at: datetime
    account: Account
    place: Place
    text: str
    mentions: tuple[Account, ...] = ()
    quoted: str = ""


@dataclass(frozen=True, slots=True)
class Clicked:
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
class Recalled:
    """A message was taken back by its author."""

    id: str
    at: datetime
    platform: str
    tenant: str
    message: str


@dataclass(frozen=True, slots=True)
class FormChanged:
    """An OA approval form reached a state. It carries no fields: those are fetched."""

    id: str
    at: datetime
    platform: str
    tenant: str
    form: str
    instance: str
    status: Literal["approved", "rejected", "withdrawn"]


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
class Observed:
    """The far end was looked at: results of one request's invocation, as they stand now."""

    id: str
    at: datetime
    request: int
    invocation: str
    results: tuple[InstanceResult, ...]
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """An effect left and came back with one of the four outcomes."""

    id: str
    at: datetime
    effect: int
    outcome: Outcome


Event = Asked | Clicked | Recalled | FormChanged | TimerDue | Observed | Settled


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer given at once to whoever brought the event: a toast and, for a click, the card as
    it now stands. ``duplicate`` says that the event had been taken before."""

    toast: str = ""
    tone: Literal["success", "info", "warning", "error"] = "info"
    card: Card | None = None
    duplicate: bool = False


# ----------------------------------------------------------------------------- outcomes


@dataclass(frozen=True, slots=True)
class Done:
    """It happened. ``ref`` is the other side's reference; ``data`` what it answered."""

    ref: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    kind: Literal["done"] = "done"


@dataclass(frozen=True, slots=True)
class Refused:
    """The other side said no. Never retried."""

    reason: str
    code: str = ""
    kind: Literal["refused"] = "refused"


@dataclass(frozen=True, slots=True)
class NotSent:
    """It provably did not happen. Retried after ``retry_after`` seconds (0: the usual back-off)."""

    reason: str
    retry_after: float = 0.0
    kind: Literal["not_sent"] = "not_sent"


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have happened. Looked up by its token, else a person is asked; never sent again on a
    guess."""

    reason: str
    token: str = ""
    kind: Literal["unknown"] = "unknown"


Outcome = Done | Refused | NotSent | Unknown


# ----------------------------------------------------------------------------- what will run


@dataclass(frozen=True, slots=True)
class Instance:
    id: str
    name: str = ""
    region: str = ""
    status: str = ""
    agent: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """What exactly will run. Frozen when the card is shown; the digest covers every field.

    ``script`` is the rendered text (its parameters already quoted); or ``command_id`` names a
    command stored in Cloud Assistant and ``parameters`` are its values.
    """

    command: str
    version: str
    instances: tuple[Instance, ...]
    region: str
    script: str = ""
    script_type: str = "RunShellScript"
    command_id: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    workdir: str = ""
    timeout: int = 60
    engine: str = "ecs"


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces: the same value always gives the same text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(plan: Plan) -> str:
    """SHA-256 over the canonical JSON of the whole plan, in hex."""
    return hashlib.sha256(canonical(asdict(plan)).encode()).hexdigest()


def short(full: str) -> str:
    """The code of a digest that people read and type: its first eight hex digits."""
    return full[:8]


class State(StrEnum):
    PLANNING = "planning"
    PENDING = "pending"
    APPROVED = "approved"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    UNKNOWN = "unknown"

    @property
    def final(self) -> bool:
        return self in FINAL


FINAL = frozenset(
    {
        State.SUCCEEDED,
        State.FAILED,
        State.REJECTED,
        State.EXPIRED,
        State.CANCELLED,
        State.REFUSED,
        State.UNKNOWN,
    }
)


@dataclass(frozen=True, slots=True)
class FormOrigin:
    """The OA form that asked: ``approvers`` are the accounts that agreed to it there."""

    platform: str
    tenant: str
    form: str
    instance: str
    title: str = ""
    approvers: tuple[Account, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One operation that was asked for, from the asking to its end."""

    id: int
    state: State
    version: int
    command: str
    args: Mapping[str, Any]
    person: str
    account: Account
    place: Place
    locale: str
    text: str
    policy: str
    risk: str
    created_at: datetime
    expires_at: datetime
    reason: str = ""
    plan: Plan | None = None
    digest: str = ""
    card: str = ""
    form: FormOrigin | None = None
    approved_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    stopping: bool = False
    note: str = ""
    ended_by: str = ""

    @property
    def code(self) -> str:
        return short(self.digest)


@dataclass(frozen=True, slots=True)
class Vote:
    """One per (request, person): what they decided, on which digest."""

    request: int
    person: str
    account: Account
    approve: bool
    digest: str
    at: datetime
    reason: str = ""
    via: Literal["card", "text", "form"] = "card"


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a run. Written as started, with its token, before the call is made.

    ``index`` counts from 0; ``instances`` are the ids this call covers (at most 100).
    """

    request: int
    index: int
    token: str
    batch: str
    region: str
    instances: tuple[str, ...]
    invocation: str = ""
    state: Literal["started", "running", "finished", "failed", "unknown"] = "started"
    error: str = ""


# ----------------------------------------------------------------------------- what leaves


@dataclass(frozen=True, slots=True)
class Say:
    """Send a message to a thread. ``key`` makes a repeated send harmless where the platform can."""

    place: Place
    message: Message
    key: str
    kind: Literal["say"] = "say"


@dataclass(frozen=True, slots=True)
class ShowCard:
    """Send the request's card to a thread; ``Done.ref`` is what later updates name."""

    place: Place
    card: Card
    key: str
    kind: Literal["show_card"] = "show_card"


@dataclass(frozen=True, slots=True)
class UpdateCard:
    """Change the card for everybody. ``ref`` is filled in from the request when it is sent."""

    place: Place
    card: Card
    ref: str = ""
    kind: Literal["update_card"] = "update_card"


@dataclass(frozen=True, slots=True)
class FetchForm:
    """Read an OA form. ``Done.data``: {"status": approved|rejected|withdrawn|running|reverted,
    "title": str, "originator": account id, "approvers": [account ids that agreed],
    "fields": {name or id or custom id: text}}."""

    platform: str
    tenant: str
    form: str
    instance: str
    kind: Literal["fetch_form"] = "fetch_form"


@dataclass(frozen=True, slots=True)
class Resolve:
    """Find instances. ``targets``: ids, names, or ``tag:key=value``; empty lists all.
    ``Done.data``: {"instances": [{id, name, region, status, agent}], "unknown": [target],
    "ambiguous": {target: [ids]}}."""

    targets: tuple[str, ...]
    region: str = ""
    kind: Literal["resolve"] = "resolve"


@dataclass(frozen=True, slots=True)
class StartRun:
    """Start one step of an approved plan."""

    request: int
    plan: Plan
    digest: str
    step: Step
    name: str
    tags: Mapping[str, str]
    kind: Literal["start_run"] = "start_run"


@dataclass(frozen=True, slots=True)
class StopRun:
    request: int
    region: str
    invocation: str
    instances: tuple[str, ...]
    kind: Literal["stop_run"] = "stop_run"


Effect = Say | ShowCard | UpdateCard | FetchForm | Resolve | StartRun | StopRun


@dataclass(frozen=True, slots=True)
class NewEffect:
    """An effect to queue. ``key`` is unique for ever: queuing it twice queues it once. ``lane``:
    at most one in flight, in order. ``replaces`` drops unsent updates of the same lane.
    ``context`` is handed back to ``decide`` with the outcome. ``doubt``: the same may have happened
    before. ``after``: seconds to wait first."""

    key: str
    lane: str
    body: Effect
    request: int = 0
    replaces: bool = False
    context: Mapping[str, Any] = field(default_factory=dict)
    doubt: bool = False
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Timer:
    request: int
    kind: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who, what, on which request, with which facts. Number, time and hashes are added on entry."""

    actor: str
    action: str
    request: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An entry of the audit chain as it stands in the store."""

    seq: int
    at: datetime
    actor: str
    action: str
    request: int
    facts: Mapping[str, Any]
    prev: str
    hash: str


# ----------------------------------------------------------------------------- deciding


@dataclass(frozen=True, slots=True)
class Needs:
    """What ``decide`` must see of the store for one event; empty fields are not looked up.

    The request is found by ``request`` (its number), else by ``card`` (a card's reference or its
    alias on ``platform``), else by ``message`` (the message that asked), else by ``form`` (an OA
    instance on ``platform``), else through ``effect``. ``listing``: "open" (all not final, oldest
    first), "recent" (newest first), "audit" (of ``request`` if given, else the newest entries).
    """

    platform: str = ""
    request: int = 0
    card: str = ""
    message: str = ""
    form: str = ""
    effect: int = 0
    listing: Literal["", "open", "recent", "audit"] = ""
    limit: int = 20
    asks_by: str = ""


@dataclass(frozen=True, slots=True)
class StoredEffect:
    id: int
    key: str
    lane: str
    request: int
    attempts: int
    body: Effect
    context: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """What the store shows to ``decide``. ``next_request`` is the number a new request gets,
    ``audit_seq`` the number of the newest audit entry, ``recent_asks`` how often ``asks_by`` asked
    within the last minute, ``installation`` the random id of this store, ``unsent`` the keys of the
    request's queued effects that were certainly never sent."""

    next_request: int
    audit_seq: int
    installation: str
    request: Request | None = None
    votes: tuple[Vote, ...] = ()
    steps: tuple[Step, ...] = ()
    results: tuple[InstanceResult, ...] = ()
    effect: StoredEffect | None = None
    listing: tuple[Request, ...] = ()
    audit: tuple[AuditRow, ...] = ()
    recent_asks: int = 0
    unsent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything one event changes, written in one transaction.

    ``request`` is new (version 1) or the loaded one changed (version + 1; the write is guarded by
    the loaded state and version). ``results`` belong to it. ``drop_effects`` are keys of queued
    effects to forget unless they were already sent. ``clear_timers`` are kinds of its timers.
    """

    receipt: Receipt = Receipt()
    request: Request | None = None
    votes: tuple[Vote, ...] = ()
    steps: tuple[Step, ...] = ()
    results: tuple[InstanceResult, ...] = ()
    effects: tuple[NewEffect, ...] = ()
    drop_effects: tuple[str, ...] = ()
    timers: tuple[Timer, ...] = ()
    clear_timers: tuple[str, ...] = ()
    audit: tuple[AuditEntry, ...] = ()
