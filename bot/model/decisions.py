"""What ``decide`` sees of the store, and everything that it says should change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from bot.model.bus import CloudEvent, Letter
from bot.model.effects import Effect, NewEffect, Timer
from bot.model.events import EffectCompleted, InstanceResult, Receipt
from bot.model.locks import Lock
from bot.model.oncall import Calendar
from bot.model.outcomes import Outcome
from bot.model.reports import Month, Report
from bot.model.requests import Absence, FormLink, Freeze, Request, Step, Vote
from bot.model.searches import Search
from bot.model.standing import StandingApproval
from bot.model.usage import Usage


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who, what, on which request, with which facts. Number, time and hashes are added on entry.
    ``salt``: random digits with which those facts are hashed that may be removed one day ("": all
    facts stay)."""

    actor: str
    action: str
    request: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    salt: str = ""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An entry of the audit chain as it stands in the store. ``leaves`` are the digests of those
    facts that may be removed, by their names, and ``salt`` what they were made with; a fact that
    was removed has its leaf alone."""

    seq: int
    at: datetime
    actor: str
    action: str
    request: int
    facts: Mapping[str, Any]
    prev: str
    hash: str
    leaves: Mapping[str, str] = field(default_factory=dict)
    salt: str = ""


@dataclass(frozen=True, slots=True)
class Needs:
    """What ``decide`` must see of the store for one event; empty fields are not looked up.

    The request is found by ``request`` (its number), else by ``card`` (a card's reference or its
    alias on ``platform``), else by ``message`` (the message that asked), else by ``form`` (an OA
    instance on ``platform``; of an effect that read a form, the one that that revokes or modifies),
    else through ``effect``. ``listing``: "open" (all not final, oldest first), "recent" (newest
    first), "history" (those that ``search`` means, newest first), "audit" (of ``request`` if given,
    else the newest entries), "dead" (letters that could not be delivered; ``letter`` is one of them
    by number), "locks" (those that are held, then those that are waited for), "glass" (those that
    were started by break-glass, the last first). ``lead``: in place of a request that is voted on
    with others, the one whose card it is.
    ``known_as``: is an event known by this name? ``marked``: source and id of an event, and marks:
    by which of them does the bus, or a delivery, hold such an event? ``month``: whose numbers are
    wanted.
    """

    platform: str = ""
    request: int = 0
    card: str = ""
    message: str = ""
    form: str = ""
    effect: int = 0
    listing: Literal["", "open", "recent", "history", "audit", "dead", "locks", "glass"] = ""
    search: Search | None = None
    limit: int = 20
    letter: int = 0
    asks_by: str = ""
    known_as: str = ""
    marked: tuple[str, str, tuple[str, ...]] = ("", "", ())
    month: Month | None = None
    lead: bool = False


@dataclass(frozen=True, slots=True)
class StoredEffect:
    id: int
    key: str
    lane: str
    request: int
    attempts: int
    body: Effect
    context: Mapping[str, Any]

    def completed(self, at: datetime, outcome: Outcome) -> EffectCompleted:
        """The event that its present try ended."""
        name = f"effect:{self.id}:{self.attempts}"
        return EffectCompleted(name, at, self.id, self.attempts, outcome)


@dataclass(frozen=True, slots=True)
class JournalRow:
    """An entry of a run's journal. ``seq`` counts from 1 within the request; ``entry`` is what
    ``bot.oos.engine.journal.plain`` wrote."""

    request: int
    seq: int
    entry: Mapping[str, Any]


class Absences(Protocol):
    """Where it is kept who is away."""

    def absences(self, at: datetime) -> Sequence[Absence]:
        """Who is away at a moment."""
        ...


class Archive(Absences, Protocol):
    """What ``decide`` reads of the store only where a template's run needs it. ``cache`` is for
    what it works out of that, by request; it may be emptied at any time."""

    cache: dict[int, object]

    def entries(self, request: int, after: int) -> Sequence[JournalRow]:
        """The journal behind entry number ``after``, in order."""
        ...

    def sent(self, request: int, apart: Sequence[int] = ()) -> Sequence[Effect]:
        """What of the request was let out to start or to change something; not what provably did
        not leave."""
        ...

    def source(self, digest: str) -> str | None:
        """The text of a template by its SHA-256."""
        ...

    def open_of_person(self, person: str, least: int, limit: int) -> Sequence[int]:
        """The numbers of a person's oldest ``limit`` open requests, where there are at least
        ``least``; otherwise none."""
        ...

    def has_open(self, command: str, least: int) -> bool:
        """Has a command at least so many open requests?"""
        ...

    def broken(self, since: datetime, limit: int) -> Sequence[Request]:
        """The last ``limit`` requests that were started by break-glass since then, the last
        first."""
        ...

    def pending(self, person: str, command: str, limit: int) -> Sequence[Request]:
        """A person's newest ``limit`` requests for a command that are voted on, newest first."""
        ...

    def has_votes(self, request: int) -> bool:
        """Has anybody voted on the request?"""
        ...

    def alike(self, likeness: str) -> int:
        """The number of the oldest open request of this ``model.likeness``; 0: there is none."""
        ...

    def freezes(self, at: datetime) -> Sequence[Freeze]:
        """The freezes of people that are in force at a moment, oldest first."""
        ...

    def votes(self, request: int) -> Sequence[Vote]:
        """The votes on a request, in order."""
        ...

    def locks_of(self, request: int) -> Sequence[Lock]:
        """What a request holds or waits for."""
        ...

    def locks_on(self, names: Sequence[str], apart: int, limit: int) -> Sequence[Lock]:
        """What requests other than ``apart`` hold of these, and then what they wait for, the first
        in the queue first."""
        ...

    def calendars(self) -> Sequence[Calendar]:
        """What is kept of the calendars of those who are on call."""
        ...

    def standing_for(self, command: str, now: datetime) -> Sequence[StandingApproval]:
        """The standing approvals for a command that are in force."""
        ...

    def standing_in_force(self, now: datetime, limit: int) -> Sequence[StandingApproval]:
        """The newest standing approvals that are in force, newest first."""
        ...

    def standing(self, number: int) -> StandingApproval | None:
        """The standing approval that was asked for by this request."""
        ...


@dataclass(frozen=True, slots=True)
class View:
    """What the store shows to ``decide``. ``next_request`` is the number a new request gets,
    ``audit_seq`` and ``audit_hash`` the number and hash of the newest audit entry, ``recent_asks``
    how often ``asks_by`` asked within the last minute, ``installation`` the random id of this
    store, ``unsent`` the keys of the request's queued effects that were certainly never sent (not
    looked up where one of its calls came back), ``journal`` how many entries the journal of the
    request's run has, ``unsaid`` (with the list "dead") how many messages and cards were not
    delivered as they were, or are still being tried, ``nonce`` 128 fresh random bits in hex,
    another for each event, ``salt`` as many more, for the audit entries of this one alone,
    ``shift`` by how much the machine's clock was set in all.
    ``listing_votes``: the votes on the requests of an "open" or "history" ``listing``.
    ``total``: how many rows ``listing``, ``audit`` or ``letters`` would have without a limit.
    ``known``: an event from outside has come by this name before. ``marks``: those of the marks
    that were asked about by which the bus, or a delivery, holds such an event.
    ``links``: the forms that revoke or modify the OA form that the event is about.
    ``usage`` (with the list "recent"): what was used of each platform, month by month.
    ``report``: the numbers of the month that was asked about.
    ``locks`` (with the list "locks", whose ``listing`` are the requests that have them).
    ``batch``: the other requests of the request's batch, and ``batch_votes`` the votes on the one
    whose card it is, where that is another."""

    next_request: int
    audit_seq: int
    installation: str
    audit_hash: str = ""
    request: Request | None = None
    votes: tuple[Vote, ...] = ()
    steps: tuple[Step, ...] = ()
    results: tuple[InstanceResult, ...] = ()
    effect: StoredEffect | None = None
    listing: tuple[Request, ...] = ()
    audit: tuple[AuditRow, ...] = ()
    letters: tuple[Letter, ...] = ()
    unsaid: int = 0
    recent_asks: int = 0
    unsent: frozenset[str] = frozenset()
    journal: int = 0
    archive: Archive | None = None
    nonce: str = ""
    salt: str = ""
    shift: timedelta = timedelta()
    total: int = 0
    listing_votes: tuple[Vote, ...] = ()
    links: tuple[FormLink, ...] = ()
    known: bool = False
    marks: frozenset[str] = frozenset()
    usage: tuple[Usage, ...] = ()
    report: Report | None = None
    locks: tuple[Lock, ...] = ()
    batch: tuple[Request, ...] = ()
    batch_votes: tuple[Vote, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What an event says: what the store must show (``needs``) for what is to be decided on it."""

    needs: Needs
    decide: Callable[[View, datetime], Decision]


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything one event changes, written in one transaction.

    ``request`` is new (version 1) or the loaded one changed (version + 1; the write is guarded by
    the loaded state and version). ``results`` belong to it. ``drop_effects`` are keys of queued
    effects to forget unless they were already sent. ``clear_timers`` are kinds of its timers.
    ``journal`` are further entries of its run's, ``sources`` the texts of templates by SHA-256,
    ``published`` events for the bus, ``closed`` is the loaded request, changed, where
    ``request`` is another, new one; ``redriven`` the numbers of dead letters to
    send once more, ``untold`` the effects that are dead letters now: a final word of which people
    could be told nothing, ``links`` what is now known of forms that revoke or modify another.
    ``freezes`` are those of people that began, or were lifted; ``absences`` each take the place of
    the one before of the same person.
    ``calendars``: what is to be kept of these.
    ``reopened``: what waits for its opening, or for a lock, is to be judged anew at once, what was
    approved first before the others.
    ``locks``: all that ``request`` holds or waits for from now on; None: as before, or nothing
    where it ends.
    ``regrouped``: other requests that are put into another batch, or into none; nothing else of
    them is changed (version + 1; the write is guarded by their state and version).
    ``standing``: a standing approval that is in force now, or one that was used once more or
    revoked.
    """

    receipt: Receipt = field(default_factory=Receipt)
    request: Request | None = None
    votes: tuple[Vote, ...] = ()
    steps: tuple[Step, ...] = ()
    results: tuple[InstanceResult, ...] = ()
    effects: tuple[NewEffect, ...] = ()
    drop_effects: tuple[str, ...] = ()
    timers: tuple[Timer, ...] = ()
    clear_timers: tuple[str, ...] = ()
    audit: tuple[AuditEntry, ...] = ()
    journal: tuple[JournalRow, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    published: tuple[CloudEvent, ...] = ()
    redriven: tuple[int, ...] = ()
    closed: Request | None = None
    untold: tuple[int, ...] = ()
    links: tuple[FormLink, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    absences: tuple[Absence, ...] = ()
    reopened: bool = False
    locks: tuple[Lock, ...] | None = None
    calendars: tuple[Calendar, ...] = ()
    regrouped: tuple[Request, ...] = ()
    standing: StandingApproval | None = None
