"""What the bot needs of its store, whichever database keeps it.

One process writes at a time. Whatever it has to know of what was written before, it reads within
the transaction, so that another process can take over at any commit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot import audit, model
from bot.store import conditions, shared

Changes = shared.Changes
RateKey = shared.RateKey
GoesOn = Callable[[float], bool]
"""Is it worth waiting on for the right to write, after so many seconds?"""
A_MINUTE = 60.0


def for_a_minute(waited: float) -> bool:
    """So long is waited where nothing works yet: at the start, and by tools."""
    return waited < A_MINUTE


Kept = tuple[int, int]
"""When a request was asked for, in milliseconds, and its number: a place among those with texts."""
RECENT = timedelta(minutes=1)
"""So long ago is an ask that counts among ``View.recent_asks``."""


class Conflict(Exception):
    """What was loaded is no longer what stands in the store; nothing of this event was written."""


class Locked(Exception):
    """Another bot already runs on this store."""


class Unusable(Exception):
    """The store cannot be opened; the message says why and what to look at."""


class StoreFault(Exception):
    """The database failed."""


class Lost(StoreFault):
    """The connection to the database is gone, and with it the transaction, unless it was on its way
    to the disk already: ``Writer.renew`` finds that out."""


# ----------------------------------------------------------------------------- the outbox


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much a rate key may send now. ``again`` (milliseconds): when more may, if by time."""

    count: int
    again: int | None = None


class Quota(Protocol):
    """How much may be sent. ``room`` is asked before, ``take`` is told of each one taken out."""

    def room(self, rate_key: RateKey) -> Allowance: ...

    def take(self, rate_key: RateKey) -> None: ...


@dataclass(frozen=True, slots=True)
class Claimed:
    """An effect taken out to be sent, and what is on record of the tries before.
    ``card_missing``: an update of a card that was never shown."""

    effect: model.StoredEffect
    rate_key: RateKey
    attempt: model.Attempt
    card_missing: bool


@dataclass(frozen=True, slots=True)
class Claims:
    """What was taken out, and when to look again (milliseconds; None: when something changes).
    ``refused``: so many more were taken out, and settled at once."""

    effects: tuple[Claimed, ...]
    next_due: int | None
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """An effect with where it stands. ``failures``: how often it was tried since it was queued,
    or since people sent it once more. ``uncertain``: one of the tries may have happened."""

    effect: model.StoredEffect
    state: str
    rate_key: RateKey
    created_at: datetime
    failures: int
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """What budgets must remember over a restart: ``sent`` are (rate_key, milliseconds of the last
    moment at which the call may have arrived), ``paused`` are (rate_key, until milliseconds)."""

    sent: tuple[tuple[RateKey, int], ...]
    paused: tuple[tuple[RateKey, int], ...]


# ----------------------------------------------------------------------------- what is read


@dataclass(frozen=True, slots=True)
class OpenStep:
    """A step whose invocation runs at the far end. ``since`` is when we learnt of it."""

    step: model.Step
    engine: str
    since: datetime


@dataclass(frozen=True, slots=True)
class OpenEffect:
    """An effect that is queued or in flight (``state``). ``due_at``: when it may be sent at the
    earliest; ``reason``: why the last of its ``attempts`` came to nothing; ``behind``: the effect
    in its lane that must be settled before it (0: none)."""

    number: int
    kind: str
    lane: str
    request: int
    state: str
    rate_key: RateKey
    due_at: datetime
    attempts: int
    reason: str
    uncertain: bool
    created_at: datetime
    claimed_at: datetime | None
    behind: int


@dataclass(frozen=True, slots=True)
class Status:
    """The store in numbers: requests by state (those not final), effects by state (queued and in
    flight; not forms that are to be read again at a later time), the newest audit entry, the next
    timer, the events on the bus, and dead letters by state (refused; unknown: may have arrived)."""

    installation: str
    requests: Mapping[str, int]
    effects: Mapping[str, int]
    audit: audit.Head
    next_timer: datetime | None
    events: int
    dead: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Queue:
    """Effects of a ``kind`` for one ``party`` (a platform; "": the cloud) that are to be sent, now
    or later, or are in flight. ``due``: since when the oldest of those queued is due (None: none
    is queued)."""

    kind: str
    party: str
    queued: int
    in_flight: int
    due: datetime | None


@dataclass(frozen=True, slots=True)
class ClockHistory:
    """What is known of the machine's clock. ``newest``: what it last showed (None: nobody looked).
    ``steps``: how it was set, each as (what it showed just before, by how much)."""

    newest: datetime | None
    steps: tuple[tuple[datetime, timedelta], ...]


class Reader(shared.Members, conditions.Conditions, model.Absences, Protocol):
    """Reads that never block the writer; each call sees the store as of its own beginning."""

    def request(self, number: int) -> model.Request | None: ...

    def votes(self, number: int) -> tuple[model.Vote, ...]: ...

    def steps(self, number: int) -> tuple[model.Step, ...]: ...

    def results(self, number: int) -> tuple[model.InstanceResult, ...]: ...

    def open_requests(self, limit: int = 1000) -> tuple[model.Request, ...]:
        """Requests that have not ended, oldest first."""

    def open_numbers(self) -> tuple[int, ...]:
        """The numbers of all requests that have not ended."""

    def recent_requests(self, limit: int = 100) -> tuple[model.Request, ...]:
        """Requests, newest first."""

    def knows_start(self, token: str) -> bool:
        """Was a call with this token ever queued here?"""

    def chain(self, after: int = 0, page: int = 1000) -> Iterator[model.AuditRow]:
        """The audit chain behind the entry numbered ``after`` (0: all of it), oldest first, read in
        pages."""

    def configuration(self) -> str:
        """What was noted of the configuration that is in use; "": nothing yet."""

    def audit_head(self) -> audit.Head:
        """What the store knows of the chain's end apart from the entries themselves."""

    def verify_audit(self, expected: str | Sequence[str] = "") -> list[audit.Fault]:
        """Everything wrong with the audit chain, read as of one moment; the stamps in the messages
        that the store sent are held against it, too."""

    def restored(self) -> datetime | None:
        """When the store was put back from a copy, as long as people were not told of it."""

    def timers_due(self, now: datetime, page: int = 500) -> Iterator[model.Timer]:
        """Timers that are due, the longest overdue first."""

    def next_timer(self) -> datetime | None: ...

    def knows_event(self, name: str) -> bool:
        """Was an event taken by this name, as far as that is remembered?"""

    def follows(self, invocation: str) -> bool:
        """Is this the invocation of a step that has not ended?"""

    def last_event(self) -> datetime | None:
        """When the newest event was taken; None: none ever was."""

    def clock(self) -> ClockHistory: ...

    def open_steps(self, page: int = 1000) -> list[OpenStep]:
        """Every step with an invocation that has not ended."""

    def bus_events(
        self,
        since: datetime | None = None,
        types: Collection[str] = (),
        after: int = 0,
        page: int = 500,
    ) -> Iterator[tuple[int, model.CloudEvent]]:
        """The events of the bus with their numbers, oldest first: those taken at ``since`` or
        later, of these ``types`` (none: of all), with numbers above ``after``."""

    def newest_events(
        self, limit: int = 50, since: datetime | None = None, types: Collection[str] = ()
    ) -> tuple[tuple[int, model.CloudEvent], ...]:
        """The newest events of the bus with their numbers, newest first."""

    def bus_event(self, number: int) -> model.CloudEvent | None: ...

    def letters(self, state: str | None = None, limit: int = 100) -> tuple[model.Letter, ...]:
        """Dead letters, the last tried first; or those in another ``state``, newest first."""

    def letter(self, number: int) -> model.Letter | None:
        """A delivery by its number, whatever its state."""

    def letters_of(self, event: model.CloudEvent, limit: int = 100) -> tuple[model.Letter, ...]:
        """What rules made of an event, in order."""

    def search(
        self, search: model.Search, limit: int = 20
    ) -> tuple[tuple[model.Request, ...], int]:
        """The newest ``limit`` requests that are meant, newest first, and how many there are."""

    def votes_of(self, requests: tuple[model.Request, ...]) -> tuple[model.Vote, ...]:
        """The votes on several requests."""

    def source(self, digest: str) -> str | None:
        """The text of a template by its SHA-256; None: it is not kept."""

    def open_effects(self, number: int) -> tuple[OpenEffect, ...]:
        """What of a request is queued or in flight, and what is first in the lanes of these."""

    def timers(self, number: int) -> tuple[model.Timer, ...]:
        """The due times of a request, the earliest first."""

    def history(self, since: datetime, now: datetime) -> History:
        """As ``Writer.history``."""

    def usage(self) -> tuple[model.Usage, ...]:
        """What was used of each platform, month by month, oldest month first."""

    def report(self, month: model.Month, now: datetime) -> model.Report:
        """What happened within a month, in numbers."""

    def calendars(self) -> tuple[model.Calendar, ...]:
        """What is kept of the calendars of those who are on call."""

    def status(self) -> Status: ...

    def queues(self) -> tuple[Queue, ...]:
        """What waits in the outbox, by kind and party."""

    def open_runs(self) -> Mapping[tuple[str, str], int]:
        """How many steps run at the far end, by engine and state."""

    def sizes(self) -> Mapping[str, int]:
        """The bytes of the store's files: "database", and "log", what is not copied into it yet."""


class Writer(shared.Membership, Protocol):
    """Transactions, savepoints, and the writes of one event. Owned by one thread. From ``begin`` to
    ``commit`` anything may raise ``Lost``."""

    installation: str
    """The random name of this store."""
    changes: Changes
    """What the transaction has changed so far, or the last one changed."""
    configuration_digest: str
    """Of the configuration that is in use, as of this transaction; "": it is not noted."""

    # -- transactions

    def begin(self, goes_on: GoesOn = ...) -> None:
        """Take the right to write, which another program may hold, waiting as long as ``goes_on``
        says; and learn what was written before."""

    def commit(self) -> None:
        """Put the transaction on disk; it is there when this returns."""

    def rollback(self) -> None:
        """Undo the whole transaction, if the database has not undone it already."""

    def renew(self) -> bool:
        """After ``Lost``: connect anew, and forget what was worked out of the lost transaction.
        True: that one is in the store, all of it. Raises ``Lost`` for as long as there is no
        connection, or nobody knows."""

    def savepoint(self) -> None: ...

    def release(self) -> None: ...

    def rollback_to_savepoint(self) -> None:
        """Undo what was written since the savepoint, and forget the savepoint."""

    def is_broken(self, fault: BaseException) -> bool:
        """Is it the store that failed (full disk, I/O error, corruption, ``Lost``) and not the
        event?"""

    def upkeep(self, idle: bool) -> float | None:
        """Between two transactions, do what would slow a commit down: what cannot wait, or, where
        nobody waits (``idle``), what is due. Returns the seconds of idleness after which to be
        called again; None: nothing is left to do."""

    def finish(self) -> None:
        """Nothing more will be written: do what was left for idle moments, except for what a later
        start does by itself."""

    # -- events and decisions

    def answer(self, event: str) -> model.Receipt | None:
        """The receipt given when this event was first taken; None: it is new."""

    def record(self, event: str, kind: str, at: int, receipt: model.Receipt) -> None:
        """Remember that an event was taken, and what was answered."""

    def record_ask(self, person: str, event: str, now: datetime) -> None:
        """Remember that somebody asked, for as long as that counts."""

    def view(self, needs: model.Needs, now: datetime) -> model.View:
        """What ``needs`` asks for, as of this transaction."""

    def apply(self, view: model.View, decision: model.Decision, now: datetime) -> None:
        """Write everything that a decision changes. Raises ``Conflict`` where a guard fails."""

    def append(self, entry: model.AuditEntry, now: int) -> None:
        """Add an entry to the audit chain."""

    def card_shown(self, number: int, shown: model.Done, at: datetime) -> None:
        """Note the card of a request: its reference, its topic and when it reached the chat stand
        in the request, its alias in a column only. The version stays, for nothing was decided."""

    def take_timer(self, request: int, kind: str, now: int) -> bool:
        """Remove a timer that is due. False: it was cleared, moved or taken meanwhile."""

    # -- the outbox

    def effect(self, number: int) -> Row | None: ...

    def claim(self, now: datetime, quota: Quota) -> Claims:
        """Mark as in flight what is due, oldest first and one per lane, as far as ``quota``
        allows."""

    def keep_card(self, number: int, body: model.CardEffect) -> None:
        """Write down what an effect in flight shows."""

    def spare(self, number: int, now: int) -> None:
        """Let an effect in flight not be sent: it may be left out, and nothing else needs it."""

    def settle(self, number: int, outcome: model.Outcome, now: int) -> None:
        """Note how an effect ended: done, refused or unknown."""

    def put_off(self, number: int, outcome: model.NotSent, due_at: int, now: int) -> None:
        """Queue an effect again that did not happen, or may be repeated."""

    def note(self, number: int, attempt: int, part: str, ref: str) -> bool:
        """Put on record that a part of an effect in flight is done; earlier doubt is over with
        it. False: it is not this ``attempt`` that is under way."""

    def keep_call(self, number: int, attempt: int, call: int, now: datetime) -> bool:
        """Remember that the ``call``-th call of an attempt has ended, which makes another one.
        False: it is not this attempt that is under way."""

    def recover(self) -> int:
        """Queue again, in doubt, what was in flight when the process died; returns how many."""

    def history(self, since: datetime, now: datetime) -> History:
        """Calls that may have arrived since ``since``, and rate keys whose platform said when to
        come back."""

    # -- what platforms count

    def add_usage(self, platform: str, month: str, counts: Mapping[str, int]) -> model.Usage:
        """Add to what was used of a platform in a month; returns what that is then."""

    def usage(self, platform: str, month: str) -> model.Usage:
        """What was used of a platform in a month."""

    # -- the clock, and restores

    def note_time(self, now: datetime) -> None:
        """Remember what the clock shows, so that the next start knows if it was set back."""

    def move_clock(self, before: datetime, size: timedelta, now: datetime) -> None:
        """The clock was set by ``size``, from ``before`` to ``now``: move every row along that
        measures a pace."""

    def forget_restore(self) -> None:
        """People were told that the store was put back."""

    def configuration(self) -> str:
        """What was noted of the configuration that is in use; "": nothing yet."""

    def note_configuration(self, text: str, digest: str) -> None:
        """Remember the configuration that is in use from now on, and its digest."""

    # -- tidying

    def prune(
        self, before: int, dead: int, after: int, bite: int, outside: int | None = None
    ) -> tuple[int, int]:
        """Delete up to ``bite`` events and outbox rows that are older than ``before``, the names of
        events from outside if they came before ``outside`` (None: the same), dead letters only if
        they were last tried before ``dead``; ``after`` is the outbox row to go on from.
        Returns how many went, and the row to go on from (0: all were looked at)."""

    def prune_journals(self, before: int, bite: int) -> int:
        """Delete the journals of up to ``bite`` requests that ended and are older than ``before``;
        returns how many."""

    def prune_bus(self, before: int, bite: int) -> int:
        """Delete up to ``bite`` events of the bus from before ``before``; returns how many."""

    def remove_texts(
        self, before: int, why: str, after: Kept, bite: int, now: datetime
    ) -> tuple[int, Kept | None]:
        """Remove texts, values and outputs of those requests that ended before ``before``, among
        the next ``bite`` behind ``after``; the audit log tells of it. ``why`` as
        ``Request.removed`` has it. Returns of how many, and where to go on (None: at the end)."""

    def remove_refusals(
        self, before: int, why: str, after: int, bite: int, now: datetime
    ) -> tuple[int, int | None]:
        """Remove what was typed from audit entries that are about no request, or about one that
        lost its texts already, among the next ``bite`` behind entry ``after``; the audit log tells
        of it. Returns of how many, and where to go on (None: at the end)."""

    def give_back(self, pages: int) -> int:
        """Make the file smaller by up to ``pages`` that nothing uses; returns how many are left. Of
        a file that cannot, 0: what is free there is used again."""


class Store(shared.Watched, Protocol):
    """A store that is open. ``writer`` is None where it is open for reading only."""

    @property
    def writer(self) -> Writer | None: ...

    def reading(self) -> AbstractContextManager[Reader]:
        """A reader on a connection that nobody else uses meanwhile."""
