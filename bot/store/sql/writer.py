"""The one connection that writes, whichever database it is; of the engine's writer thread."""

from __future__ import annotations

import secrets
from abc import abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

from bot import audit, model
from bot.store import codec, highwater, port, shared
from bot.store.sql import (
    absences,
    calendars,
    effects,
    freezes,
    letters,
    locks,
    moments,
    queries,
    replicas,
    retention,
    rows,
    searching,
    standing,
    usage,
    versions,
    views,
)
from bot.store.sql.connection import Connection

PLAIN = model.Receipt()
STRIPPED_WEIGHS = 8
"""What removing the texts of one request writes, counted in jobs."""


class Writer(port.Writer):
    """``keeper`` notes elsewhere how far the store has got (None: nobody does)."""

    newest: ClassVar[str]
    """The newest migration that this code knows."""
    integrity: ClassVar[type[Exception]]
    """What the driver raises where a row is there already, or names one that is not."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.keeper: highwater.Keeper | None = None
        self.changes = port.Changes()
        self._execute = connection.execute
        self.configuration_digest = ""
        self.replica = 0
        """The number under which effects are claimed; 0: nobody else writes the store."""
        self.jobs = 0
        """So much was written in this transaction, counted in jobs."""
        self._head_dirty = False
        self.decided, self.starting = True, False
        """For ``highwater.Keeper``: was anything decided since it last wrote; is a call let out."""
        self.installation: str = self._execute(queries.META, ("installation",)).fetchone()[0]
        self.archive = views.Archive(connection)
        self._learn()

    def _learn(self) -> None:
        """Read what the transaction has to know of those before it, whoever wrote them."""
        row = self._execute(queries.NUMBERS).fetchone()
        last, floor, seq, hash_, sequence, shift, self._moved, digest = row
        self.configuration_digest = digest or ""
        self._last_request: int = max(last or 0, int(floor or 0))
        self._seq: int = seq or 0
        self._hash: str = hash_ or ""
        self._next_seq: int = max(self._seq, sequence or 0) + 1
        self._shift = timedelta(milliseconds=int(shift or 0))

    def _forget(self) -> None:
        """Something was undone: what was worked out of it is no longer true."""
        self.archive.cache.clear()
        self._learn()

    # -- transactions

    @abstractmethod
    def take_lock(self, goes_on: port.GoesOn) -> None:
        """Begin a transaction with the right to write, waiting for it."""

    @abstractmethod
    def overwriting(self) -> AbstractContextManager[None]:
        """Within it, what is deleted does not stay in the files of the database."""

    def begin(self, goes_on: port.GoesOn = port.for_a_minute) -> None:
        self.take_lock(goes_on)
        self._learn()
        if self._moved:  # by others, while this process was stopped
            self._execute(queries.ROLLBACK)
            raise port.StoreFault(versions.moved(self._moved))
        self.changes, self.jobs = port.Changes(), 0

    def commit(self) -> None:
        if self._head_dirty:
            self._execute(queries.AUDIT_HEAD_PUT, (f"{self._seq}:{self._hash}",))
            self._head_dirty = False
        self._execute(queries.COMMIT)
        if self.keeper is not None:
            self.keeper.committed()

    def rollback(self) -> None:
        if self.connection.in_transaction:
            self._execute(queries.ROLLBACK)
        self._head_dirty = False
        self._forget()

    def savepoint(self) -> None:
        self.jobs += 1
        self._execute(queries.SAVEPOINT)

    def release(self) -> None:
        self._execute(queries.RELEASE)

    def rollback_to_savepoint(self) -> None:
        self._execute(queries.ROLLBACK_TO)
        self._execute(queries.RELEASE)
        self._forget()

    def finish(self) -> None:
        if self.keeper is not None:
            self.keeper.write()

    # -- events

    def answer(self, event: str) -> model.Receipt | None:
        row = self._execute(queries.EVENT_ANSWER, (event,)).fetchone()
        if row is None:
            return None
        return codec.decode(codec.receipt, row[0]) if row[0] else PLAIN

    def record(self, event: str, kind: str, at: int, receipt: model.Receipt) -> None:
        text = "" if receipt is PLAIN or receipt == PLAIN else codec.encode(receipt)
        self._execute(queries.EVENT_INSERT, (event, kind, at, text))

    def record_ask(self, person: str, event: str, now: datetime) -> None:
        self._execute(queries.ASKS_FORGET, (codec.ms(now - port.RECENT),))
        self._execute(queries.ASK_INSERT, (person, codec.ms(now), event))

    def _recent_asks(self, person: str, now: datetime) -> int:
        since = codec.ms(now - port.RECENT)
        count: int = self._execute(queries.ASKS_COUNT, (person, since)).fetchone()[0]
        return count

    def view(self, needs: model.Needs, now: datetime) -> model.View:
        return views.load(
            self.archive,
            needs,
            now,
            next_request=self._last_request + 1,
            audit_seq=self._next_seq - 1,
            audit_hash=self._hash,
            installation=self.installation,
            recent_asks=self._recent_asks(needs.asks_by, now) if needs.asks_by else 0,
            shift=self._shift,
            nonce=secrets.token_hex(16),
            salt=secrets.token_hex(16),
        )

    # -- one decision

    def apply(self, view: model.View, decision: model.Decision, now: datetime) -> None:
        moment = codec.ms(now)
        loaded, request = view.request, decision.request
        if loaded is not None and request is not None and request.state is not loaded.state:
            self.decided = True
        self.decided = self.decided or bool(decision.votes)
        for changed in (decision.closed, request):
            if changed is not None:
                self._write_request(loaded, changed)
                self._release(changed, moment)
        for other in decision.regrouped:
            self._write_request(replace(other, version=other.version - 1), other)
        current = request or loaded
        try:
            for vote in decision.votes:
                self._write_vote(vote)
        except self.integrity as fault:
            raise port.Conflict(f"vote: {fault}") from fault
        for step in decision.steps:
            self._write_step(step, current, moment)
        for link in decision.links:
            values = (link.platform, link.original, link.instance, moment, codec.encode(link))
            self._execute(queries.FORM_LINK_PUT, values)
        freezes.put(self.connection, decision.freezes)
        calendars.put(self.connection, decision.calendars)
        standing.put(self.connection, decision.standing)
        absences.put(self.connection, decision.absences)
        for digest, text in decision.sources.items():
            self._execute(queries.SOURCE_INSERT, (digest, moment, text))
        for row in decision.journal:
            self._write_entry(row)
        if decision.results or decision.clear_timers:
            if current is None:
                raise port.Conflict("results or timers of no request")
            for result in decision.results:
                body = codec.encode(result)
                self._execute(queries.RESULT_PUT, (current.id, result.instance, body))
            for kind in decision.clear_timers:
                self._execute(queries.TIMER_CLEAR, (current.id, kind))
        for timer in decision.timers:
            self._write_timer(timer)
        if decision.locks is not None and current is not None and not current.state.final:
            self._due(locks.replace(self.connection, current.id, decision.locks, moment), moment)
        if decision.reopened:
            locks.all_due(self.connection, moment)
            self._due(freezes.reopen(self.connection, moment), moment)
        for key in decision.drop_effects:
            self._execute(queries.EFFECT_DROP, (moment, key))
        for effect in decision.effects:
            if effects.insert(self.connection, effect, moment):
                self.changes.effects = True
        for event in decision.published:
            letters.publish(self.connection, event, moment)
        for number in decision.untold:
            self._execute(queries.EFFECT_UNTOLD, (number,))
        for number in decision.redriven:
            self._redrive(number, moment)
        for entry in decision.audit:
            self.append(entry, moment)

    def _due(self, is_due: bool, now: int) -> None:
        """Timers became due at once, where this is so."""
        if is_due:
            self.changes.timer = now

    def _redrive(self, number: int, now: int) -> None:
        if not letters.redrive(self.connection, number, now):
            raise port.Conflict(f"letter {number} is not dead")
        self.changes.effects = True

    def put(self, loaded: model.Request, request: model.Request) -> None:
        """Write a request that was changed without a decision. Raises ``Conflict``."""
        self._write_request(loaded, request)

    def number_from(self, last: int) -> None:
        """The next request's number comes after ``last``."""
        self._execute(queries.META_PUT, (queries.REQUEST_FLOOR, str(last)))
        self._last_request = max(self._last_request, last)

    def mark(self) -> highwater.Mark:
        """What is newest here, as the high-water mark has it."""
        return highwater.Mark(self.installation, self._seq, self._hash, self._last_request)

    def forget_restore(self) -> None:
        self._execute(queries.META_DROP, (queries.RESTORED,))

    def note_key(self, fingerprint: str) -> str:
        """The fingerprint of the key that all share who write the store; this one, if there was
        none."""
        row = self._execute(queries.META, (queries.KEY,)).fetchone()
        if row is None:
            self._execute(queries.META_PUT, (queries.KEY, fingerprint))
        return fingerprint if row is None else str(row[0])

    def configuration(self) -> str:
        return replicas.configuration(self.connection)

    def note_configuration(self, text: str, digest: str) -> None:
        self._execute(queries.CONFIGURATION_PUT, (text,))
        self._execute(queries.META_DROP, (queries.FORMER_CONFIGURATION,))
        self._execute(queries.META_PUT, (queries.CONFIGURATION_DIGEST, digest))
        self.configuration_digest = digest
        self.changes.configuration = True

    def _write_request(self, loaded: model.Request | None, request: model.Request) -> None:
        body = codec.encode(request)
        if loaded is None or loaded.plan is not request.plan:
            own = loaded if loaded is not None and loaded.id == request.id else None
            searching.note(self.connection, own, request)
        if loaded is None or loaded.id != request.id:
            self._insert_request(request, body)
            return
        if request.version != loaded.version + 1:
            raise port.Conflict(
                f"request {request.id}: version {request.version} after {loaded.version}"
            )
        values = searching.columns(request)
        guard = (request.id, loaded.state.value, loaded.version)
        if self._execute(queries.REQUEST_UPDATE, (*values, body, *guard)).rowcount != 1:
            raise port.Conflict(
                f"request {request.id} is no longer {loaded.state} v{loaded.version}"
            )

    def _release(self, request: model.Request, now: int) -> None:
        """A request that has ended holds nothing, and one that is on hold waits for nothing."""
        if request.state.final or request.hold:
            waiting = not request.state.final
            self._due(locks.release(self.connection, request.id, now, waiting), now)

    def _insert_request(self, request: model.Request, body: str) -> None:
        if request.version != 1:
            raise port.Conflict(f"request {request.id} is new with version {request.version}")
        try:
            self._execute(queries.REQUEST_INSERT, rows.of_request(request, body))
        except self.integrity as fault:
            raise port.Conflict(f"request {request.id}: {fault}") from fault
        self._last_request = max(self._last_request, request.id)

    def card_shown(self, number: int, shown: model.Done, at: datetime) -> None:
        loaded = views.request(self.connection, number)
        if loaded is None:
            return
        ref, alias = shown.ref, str(shown.data.get("alias") or "")
        thread = str(shown.data.get("thread") or "")
        body = codec.encode(replace(loaded, card=ref, card_at=at, thread=thread))
        self._execute(queries.REQUEST_SET_CARD, (ref, alias, body, number))

    def _write_vote(self, vote: model.Vote) -> None:
        values = (vote.request, vote.digest, vote.person, codec.ms(vote.at), codec.encode(vote))
        self._execute(queries.VOTE_INSERT, values)

    def _write_step(self, step: model.Step, request: model.Request | None, now: int) -> None:
        plan = request.plan if request and request.id == step.request else None
        engine = plan.engine if plan else "ecs"
        values = (step.request, step.index, step.state, engine, step.region, step.batch)
        self._execute(queries.STEP_PUT, (*values, step.invocation, now, codec.encode(step)))
        self.changes.steps = True

    def _write_entry(self, row: model.JournalRow) -> None:
        values = (row.request, row.seq, row.entry["kind"], row.entry["key"])
        try:
            self._execute(queries.JOURNAL_INSERT, (*values, codec.encode(dict(row.entry))))
        except self.integrity as fault:
            raise port.Conflict(f"journal of request {row.request}: {fault}") from fault

    def _write_timer(self, timer: model.Timer) -> None:
        due = codec.ms_up(timer.due_at)
        put = queries.TIMER_KEEP if timer.keep else queries.TIMER_PUT
        self._execute(put, (timer.request, timer.kind, due))
        earliest = self.changes.timer
        self.changes.timer = due if earliest is None else min(earliest, due)

    def take_timer(self, request: int, kind: str, now: int) -> bool:
        return self._execute(queries.TIMER_TAKE, (request, kind, now)).rowcount == 1

    def append(self, entry: model.AuditEntry, now: int) -> None:
        hashed, beside = audit.split(entry)
        at, facts = codec.at(now), audit.canonical_facts(hashed)
        seq, prev = self._next_seq, self._hash
        hash_ = audit.digest(
            prev, seq, audit.iso(at), entry.actor, entry.action, entry.request, facts
        )
        values = (seq, now, entry.actor, entry.action, entry.request, facts, prev, hash_)
        self._execute(queries.AUDIT_INSERT, values)
        if beside:
            texts = audit.canonical_facts(beside)
            self._execute(queries.AUDIT_TEXTS_INSERT, (seq, entry.salt, texts))
        self._seq, self._hash, self._next_seq = seq, hash_, seq + 1
        self._head_dirty = True

    # -- the outbox

    def effect(self, number: int) -> port.Row | None:
        return effects.load(self.connection, number)

    def claim(self, now: datetime, quota: port.Quota) -> port.Claims:
        if self.replica:
            replicas.check(self.connection, self.replica)
        claims = effects.claim(self.connection, codec.ms(now), quota, self.replica)
        self.starting = self.starting or any(
            isinstance(one.effect.body, highwater.STARTS) for one in claims.effects
        )
        return claims

    def keep_card(self, number: int, body: model.CardEffect) -> None:
        effects.keep_card(self.connection, number, body)

    def spare(self, number: int, now: int) -> None:
        effects.spare(self.connection, number, now)

    def add_usage(self, platform: str, month: str, counts: Mapping[str, int]) -> model.Usage:
        return usage.add(self.connection, platform, month, counts)

    def usage(self, platform: str, month: str) -> model.Usage:
        return usage.of(self.connection, platform, month)

    def settle(self, number: int, outcome: model.Outcome, now: int) -> None:
        effects.settle(self.connection, number, outcome, now)

    def put_off(self, number: int, outcome: model.NotSent, due_at: int, now: int) -> None:
        effects.put_off(self.connection, number, outcome, due_at, now)

    def note(self, number: int, attempt: int, part: str, ref: str) -> bool:
        return effects.note(self.connection, number, attempt, part, ref)

    def keep_call(self, number: int, attempt: int, call: int, now: datetime) -> bool:
        return effects.keep_call(self.connection, number, attempt, call, codec.ms(now))

    def recover(self) -> int:
        return effects.recover(self.connection)

    def history(self, since: datetime, now: datetime) -> port.History:
        return effects.history(self.connection, codec.ms(since), codec.ms(now))

    # -- replicas

    def join(self, name: str, release: str, digest: str) -> int:
        now = codec.ms(self.time())
        self.replica = replicas.join(self.connection, name, release, self.newest, digest, now)
        return self.replica

    def beat(
        self, lease: timedelta, digest: str, unreached: Mapping[str, datetime]
    ) -> shared.Beat | None:
        now = codec.ms(self.time())
        beat = replicas.beat(self.connection, self.replica, digest, unreached, lease, now)
        self.changes.effects = self.changes.effects or bool(beat and beat.doubtful)
        return beat

    def leave(self) -> None:
        doubtful = replicas.leave(self.connection, self.replica, codec.ms(self.time()))
        self.changes.effects = self.changes.effects or bool(doubtful)

    def calls_of_others(self, since: int, now: int) -> list[shared.Call]:
        replicas.check(self.connection, self.replica)
        return replicas.calls_of_others(self.connection, self.replica, since, now)

    # -- the clock

    def note_time(self, now: datetime) -> None:
        moments.note(self.connection, now)

    def move_clock(self, before: datetime, size: timedelta, now: datetime) -> None:
        moments.move(self.connection, before, size, now)
        self._learn()
        self.changes.effects = self.changes.steps = True
        self.changes.timer = codec.ms(now)

    # -- tidying

    def prune_journals(self, before: int, bite: int) -> int:
        old = self._execute(queries.JOURNALS_OLD, (before, bite)).fetchall()
        with self.overwriting():
            self.connection.executemany(queries.JOURNAL_DELETE, old)
        return len(old)

    def prune_bus(self, before: int, bite: int) -> int:
        with self.overwriting():
            return self._execute(queries.BUS_PRUNE, (before, bite)).rowcount

    def prune(
        self, before: int, dead: int, after: int, bite: int, outside: int | None = None
    ) -> tuple[int, int]:
        older = {"before": before, "outside": before if outside is None else outside}
        gone = self._execute(queries.EVENTS_PRUNE, {**older, "bite": bite}).rowcount
        first = self._execute(queries.OUTBOX_NEXT, (after,)).fetchone()
        if first is None or first[1] >= before:
            return gone, after if gone == bite else 0
        last = first[0] + bite - 1
        with self.overwriting():
            rows = self._execute(queries.OUTBOX_PRUNE, (after, last, before, dead)).rowcount
        return gone + rows, last

    def remove_texts(
        self, before: int, why: str, after: port.Kept, bite: int, now: datetime
    ) -> tuple[int, port.Kept | None]:
        requests, on = retention.ended(self.connection, before, after, bite)
        with self.overwriting():
            at = codec.ms(now)
            entries = [retention.strip(self.connection, one, why, at) for one in requests]
        self.jobs += len(requests) * STRIPPED_WEIGHS
        if requests:
            numbers = retention.ranges([request.id for request in requests])
            self._removed({"requests": numbers, "entries": sum(entries), "why": why}, now)
        return len(requests), on

    def remove_refusals(
        self, before: int, why: str, after: int, bite: int, now: datetime
    ) -> tuple[int, int | None]:
        with self.overwriting():
            gone, on = retention.texts_of_nothing(self.connection, before, after, bite)
        if gone:
            self._removed({"seqs": retention.ranges(gone), "entries": len(gone), "why": why}, now)
        return len(gone), on

    def _removed(self, facts: dict[str, str | int], now: datetime) -> None:
        entry = model.AuditEntry(actor="countersign", action="texts.removed", facts=facts)
        self.append(entry, codec.ms(now))
