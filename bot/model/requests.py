"""What was asked for, who voted, and the steps of the run."""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from bot.model.batches import Batch
from bot.model.locks import LockWait
from bot.model.people import Account, Party, Place
from bot.model.plans import Plan, canonical, short


class State(StrEnum):
    PLANNING = "planning"
    PENDING = "pending"
    APPROVED = "approved"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NOT_STARTED = "not_started"

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
        State.NOT_STARTED,
    }
)


@dataclass(frozen=True, slots=True)
class FormOrigin:
    """The OA form that asked: ``approvers`` are the accounts that agreed to it there. ``late``: it
    was found after an absence, so what it decided then has to be confirmed now. ``doubt``: why its
    decision is not taken as the approval, as the key of a sentence. Of a form that modifies
    another, ``original``: that one, ``replaces`` the number of its request (0: it has none),
    ``ran`` how far that had come ("" where nothing of it ran), ``changes`` what is different, each
    as (parameter, before, now)."""

    platform: str
    tenant: str
    form: str
    instance: str
    title: str = ""
    approvers: tuple[Account, ...] = ()
    late: bool = False
    doubt: str = ""
    original: str = ""
    replaces: int = 0
    ran: str = ""
    changes: tuple[tuple[str, str, str], ...] = ()

    @property
    def decides(self) -> bool:
        """May what was decided in the form count as the approval?"""
        return not self.late and not self.doubt and not self.ran


@dataclass(frozen=True, slots=True)
class FormLink:
    """An OA form, ``instance``, that revokes or modifies another, ``original``; or, where both are
    the same, one that its platform takes for undecided again. ``status`` is that of ``instance``;
    ``decided``: when it was decided, in milliseconds (0: not known)."""

    platform: str
    original: str
    instance: str
    form: str
    action: Literal["revoke", "modify"]
    status: Literal["approved", "rejected", "withdrawn", "running"]
    decided: int = 0


@dataclass(frozen=True, slots=True)
class ApprovalStep:
    """What a run that waits asks of people. ``key`` names the place in the template. An "approval"
    is voted on by ``voters`` (``need`` of them; ``ram`` are the RAM users named for it that were
    nobody's when it was asked), a "canary" and a "confirm" of a risky call as the
    request itself was, until ``expires_at``; a "pause", a "batch", a "person" (``by`` paused it)
    and a "held" run (it may not go on for now) wait to be resumed; of an "unknown" call a person
    must say whether to make it again. ``digest`` is what a vote must carry; ``shown`` what it is
    about."""

    key: str
    kind: Literal["approval", "canary", "confirm", "pause", "batch", "person", "held", "unknown"]
    task: str
    digest: str
    voters: tuple[str, ...] = ()
    need: int = 1
    shown: str = ""
    expires_at: datetime | None = None
    by: str = ""
    ram: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        return short(self.digest)

    @property
    def whole(self) -> bool:
        """Does it take the same agreement as the plan itself?"""
        return self.kind in ("canary", "confirm")

    @property
    def voted(self) -> bool:
        """Is it decided by votes?"""
        return self.kind in ("approval", "canary", "confirm")

    def answer(self, word: str) -> str:
        """What a vote for "retry" or "skip" carries as its digest, so that the votes for each are
        counted by themselves."""
        return hashlib.sha256(f"{self.digest}:{word}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Opening:
    """When a request may start that may not yet, and why: the ``name`` and the ``reason`` of a
    freeze that ends then, or of a change window that opens; a "time" is that which was asked
    for."""

    at: datetime
    kind: Literal["freeze", "window", "time"]
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Freeze:
    """A freeze that people asked for and agreed to, by the number of its ``request``: until then
    nothing starts that was asked for in one of these groups (by name), or whose command one of
    these patterns names. ``person`` asked for it, for a ``reason`` ("": it was removed).
    ``lifted_at``: it ended before (None: it did not)."""

    request: int
    until: datetime
    groups: tuple[str, ...]
    commands: tuple[str, ...]
    person: str = ""
    reason: str = ""
    lifted_at: datetime | None = None

    @property
    def name(self) -> str:
        return f"#{self.request}"

    @property
    def scope(self) -> tuple[str, ...]:
        """What it was asked for: names of groups, patterns of commands, or "all"."""
        return (*self.groups, *("all" if one == "*" else one for one in self.commands))


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """One task of a template's run, for people: ``status`` is Success, Failed, Skipped, Running,
    Waiting or "" (not begun)."""

    name: str
    action: str
    status: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RunStatus:
    """How far a template's run is: its tasks, and where its newest loop stands (``total`` 0: there
    is none). ``halted``: items that were under way when it was stopped, and may have had their
    effect. ``outputs`` and ``error`` are those of its end."""

    stages: tuple[TaskStatus, ...] = ()
    done: int = 0
    failed: int = 0
    running: int = 0
    total: int = 0
    halted: int = 0
    outputs: Mapping[str, object] = field(default_factory=dict)
    error: str = ""


MIDWAY = {"approval": "midway", "confirm": "midway", "canary": "canary", "unknown": "doubtful"}
"""The words for what a run waits for, by the kind of its question; by any other it is paused."""
WITHIN = {"rejected": "rejected_within", "expired": "expired_within", "called_off": "cancelled"}
"""The words for why a request was cancelled that had been approved; others were stopped."""


@dataclass(frozen=True, slots=True)
class PlanDelivery:
    """The whole plan, as it was sent to somebody whose card does not hold it. ``person`` by id;
    ``digest``: of the plan or the ballot; ``text``: SHA-256 of what was sent; ``at``: when it had
    reached the chat (None: it is on its way)."""

    person: str
    digest: str
    text: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Absence:
    """A person is away from ``since`` to ``until``; ``delegate`` stands in for them where a policy
    lets them ("": nobody does)."""

    person: str
    since: datetime
    until: datetime
    delegate: str = ""


@dataclass(frozen=True, slots=True)
class Reminders:
    """Where the ladders of a request's policies stand: they count from ``since``, when its
    approvers were asked (``shift``: by how many seconds the machine's clock had ever been set
    then); what came due until ``until`` is done."""

    since: datetime
    until: datetime
    shift: float = 0.0


@dataclass(frozen=True, slots=True)
class BrokenGlass:
    """Who had a request run without its votes, when and why: on the plan of this ``digest``.
    ``until``: when the approvers have ratified it or objected at the latest; ``outcome``: what came
    of that ("" as long as it is open)."""

    by: Party
    at: datetime
    reason: str
    digest: str
    until: datetime
    outcome: Literal["", "ratified", "objected", "unanswered"] = ""

    @property
    def ballot(self) -> str:
        """What a vote to ratify it, or to object, carries as its digest."""
        text = f"{self.digest}:{self.at.isoformat()}:break-glass"
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class StandingUse:
    """The standing approval by which a request has votes: its number, who asked for it, until when
    it is in force, and the how manieth of its ``most`` uses this is."""

    number: int
    person: str
    until: datetime
    use: int
    most: int


@dataclass(frozen=True, slots=True)
class Request:
    """One operation that was asked for, from the asking to its end. ``gone`` are instances of the
    plan that no longer fitted when the run began, and were left out. ``cancelled``: why a run that
    had begun was, or "called_off" where nothing of it had.
    ``rules``: the rule that asked for it, after those that asked for what caused
    that. ``nonce``: 128 random bits, in hex, drawn when it was filed and anew when it is approved
    ("" for those of earlier releases): keys, tokens and tags come from it, so that a number given
    out twice never meets what the first one left. ``policies``: all policies that must be
    satisfied, where they are more than ``policy``. ``causes``: who caused it beside the requester.
    ``recall``: how far the bot is with recalling the message that asked, for its hidden value.
    ``hold``: why it is held, as the key of a sentence; nothing of it starts and no vote counts
    until it is lifted. ``written_at``: when the message that asked was written, by the platform's
    clock. ``card_at``: when its card
    reached the chat; ``thread``: the topic that the card stands in ("" where there are none).
    ``least``: so many people must agree to what its run asks, whatever the policy says.
    ``alike``: the number of an open request for the very same, when it was filed (0: none).
    ``asked``: how often a question of a run elsewhere was put anew, as its answer could not be
    passed on.
    ``waits``: which part of the cloud it was said to wait for ("" for none, or none any more).
    ``shift``: by how many seconds the machine's clock had ever been set when it was approved, and
    ``stepped`` by how many until it ended.
    ``clickers``: the account ids of people who pressed a button of its card. ``accounts``: all that
    the requester held when it was filed, as in ``Party``. ``passed``: the questions of its run
    that were agreed to, from the last one on that took the agreement to the whole of it.
    ``incident``: what ran and was not shown, in words. ``renewed``: the request that it became when
    it was put to the vote again. ``timeout``: the seconds that the rule which asked for it lets it
    run (0: as the command says). ``starts_at``: when it was asked to start; ``opening``: until
    when that, a freeze or the change windows let nothing of it start; ``opened_at``: when they
    first did, where that was after its approval; ``counted_at``: when its card last said how long
    it still waits; ``lock_wait``: for what of another request it
    waits.
    ``removed``: why its texts, values and outputs are gone: the days after which they were, as
    "400d", or "person": whose they were was to be forgotten.
    ``unreachable``: it was told that too few people are left who could approve it.
    ``deliveries``: to whom the whole plan was sent because the card does not hold it. ``on_call``:
    those on call by the rotas of its policies, while it is voted on, as far as they were told.
    ``reminders``: None where no policy of it has a ladder. ``glass``: how it was started without
    its votes, the last time that it was.
    ``batch``: those with which it is voted on, or was, on one card.
    ``standing``: the standing approval whose votes count for its plan.
    ``away``: which of its approvers are away, each with who stands in for them ("": nobody), as far
    as people were told."""

    id: int
    state: State
    version: int
    command: str
    args: Mapping[str, object]
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
    escalated: str = ""
    ballot: ApprovalStep | None = None
    progress: RunStatus | None = None
    gone: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    cancelled: Literal["", "stopped", "rejected", "expired", "called_off"] = ""
    nonce: str = ""
    policies: tuple[str, ...] = ()
    causes: tuple[Party, ...] = ()
    hold: str = ""
    recall: Literal["", "wanted", "asked", "done"] = ""
    written_at: datetime | None = None
    card_at: datetime | None = None
    thread: str = ""
    alike: int = 0
    least: int = 1
    asked: int = 0
    waits: str = ""
    shift: float = 0.0
    stepped: float = 0.0
    clickers: tuple[str, ...] = ()
    accounts: tuple[tuple[str, str, str], ...] = ()
    passed: tuple[ApprovalStep, ...] = ()
    incident: str = ""
    renewed: int = 0
    timeout: int = 0
    starts_at: Annotated[datetime | None, Field(exclude_if=operator.not_)] = None
    opening: Annotated[Opening | None, Field(exclude_if=operator.not_)] = None
    counted_at: Annotated[datetime | None, Field(exclude_if=operator.not_)] = None
    opened_at: Annotated[datetime | None, Field(exclude_if=operator.not_)] = None
    lock_wait: Annotated[LockWait | None, Field(exclude_if=operator.not_)] = None
    removed: Annotated[str, Field(exclude_if=operator.not_)] = ""
    unreachable: Annotated[bool, Field(exclude_if=operator.not_)] = False
    deliveries: Annotated[tuple[PlanDelivery, ...], Field(exclude_if=operator.not_)] = ()
    on_call: Annotated[tuple[str, ...], Field(exclude_if=operator.not_)] = ()
    reminders: Annotated[Reminders | None, Field(exclude_if=operator.not_)] = None
    glass: Annotated[BrokenGlass | None, Field(exclude_if=operator.not_)] = None
    batch: Annotated[Batch | None, Field(exclude_if=operator.not_)] = None
    standing: Annotated[StandingUse | None, Field(exclude_if=operator.not_)] = None
    away: Annotated[tuple[tuple[str, str], ...], Field(exclude_if=operator.not_)] = ()

    @property
    def policy_names(self) -> tuple[str, ...]:
        """All policies that must be satisfied; until others were added, the one it began with."""
        return self.policies or (self.policy,)

    @property
    def broken(self) -> bool:
        """Does break-glass stand in for the votes on its plan?"""
        return self.glass is not None and self.glass.digest == self.digest

    @property
    def word(self) -> str:
        """The word for its state, as phrases are named: a run that waits says for what, one that
        was cancelled by what."""
        if self.stopping and not self.state.final:
            return "stopping"
        if self.state is State.WAITING and self.ballot is not None:
            return MIDWAY.get(self.ballot.kind, "paused")
        if self.state is State.APPROVED and self.broken:
            return "glass"
        if self.scheduled:
            return "queued" if self.lock_wait is not None else "scheduled"
        if self.state is State.CANCELLED and self.approved_at:
            return WITHIN.get(self.cancelled, "stopped")
        return self.state.value

    @property
    def scheduled(self) -> bool:
        """Is it approved, and waits for the moment at which it may start?"""
        waits = self.opening is not None or self.lock_wait is not None
        return self.state is State.APPROVED and waits

    @property
    def code(self) -> str:
        """What a button of its card carries: of the ballot, if it waits in the middle of a run; of
        the batch, if it is voted on with others."""
        if self.ballot is not None:
            return self.ballot.code
        return short(self.batch.digest if self.batch is not None else self.digest)

    @property
    def subject(self) -> str:
        """The digest that the votes on its plan carry: behind that of its batch, if it has one."""
        return f"{self.batch.digest}:{self.digest}" if self.batch is not None else self.digest

    @property
    def leads(self) -> bool:
        """Is it told of by a card of its own? The others of a batch are by that of the first."""
        return self.batch is None or self.batch.lead == self.id


def likeness(command: str, args: Mapping[str, object]) -> str:
    """The same for two requests that ask for the same. Values that are never shown are not in
    ``args``, so they do not count."""
    return hashlib.sha256(canonical([command, args]).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Vote:
    """One per (request, digest, person): what they decided, on which plan or ballot. ``word``:
    "retry" or "skip", where it answers for a call of unknown fate, "ratify" or "object", where it
    answers to break-glass. ``accounts``: all that the person held then, as in ``Party``.
    ``on_behalf``: those who were away then and had named this person to stand in for them."""

    request: int
    person: str
    account: Account
    approve: bool
    digest: str
    at: datetime
    reason: str = ""
    via: Literal["card", "text", "form", "standing"] = "card"
    word: str = ""
    accounts: tuple[tuple[str, str, str], ...] = ()
    on_behalf: Annotated[tuple[str, ...], Field(exclude_if=operator.not_)] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a run. Written as started, with its token, before the call is made.

    ``index`` counts from 0; ``instances`` are the ids this call covers (at most 100). One that is
    "held" has not left: the run may not go on for now.
    """

    request: int
    index: int
    token: str
    batch: str
    region: str
    instances: tuple[str, ...]
    invocation: str = ""
    state: Literal["started", "held", "running", "finished", "failed", "unknown"] = "started"
    error: str = ""
