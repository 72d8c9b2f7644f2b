"""The outbox's rows: which are due, whose turn it is, what became of them."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from bot import model
from bot.store import codec
from bot.store.sqlite import queries


@dataclass(frozen=True, slots=True)
class Bucket:
    """What budgets are counted by. ``kind`` is say, card, run or lookup; an executor's effects have
    no platform, and their region stands for the chat."""

    platform: str
    chat: str
    kind: str

    @property
    def key(self) -> str:
        return f"{self.platform}\x1f{self.chat}\x1f{self.kind}"


def bucket_of(effect: model.Effect) -> Bucket:
    match effect:
        case model.Say() | model.Recall():
            return Bucket(effect.place.platform, effect.place.chat, "say")
        case model.ShowCard() | model.UpdateCard():
            return Bucket(effect.place.platform, effect.place.chat, "card")
        case model.FetchForm() | model.ListForms():
            return Bucket(effect.platform, "", "lookup")
        case model.ResolveTargets() | model.FetchDefinition():
            return Bucket("", effect.region, "lookup")
        case model.StartRun():
            return Bucket("", effect.plan.region, "run")
        case model.StopRun() | model.SignalRun():
            return Bucket("", effect.region, "run")
        case model.RunCall():
            return _bucket_of_call(effect)
        case model.Deliver():
            return _bucket_of_delivery(effect)


def _bucket_of_delivery(effect: model.Deliver) -> Bucket:
    """Into a chat it counts as what is said there; to a robot or a server, for that address."""
    if effect.how in ("group", "thread"):
        place, to = effect.place, effect.to
        platform = place.platform if place is not None else str(to["platform"])
        return Bucket(platform, place.chat if place is not None else str(to["chat"]), "say")
    if effect.how == "command":
        return Bucket("rules", "", "run")
    where = effect.to.get("uri") or effect.to.get("target") or effect.to.get("bus") or ""
    return Bucket(effect.how, str(where).replace("\x1f", ""), "say")


def _bucket_of_call(effect: model.RunCall) -> Bucket:
    """A message's budget is that of where it goes; another call's that of its region."""
    notice = effect.what.get("notice") if effect.what["kind"] == "approve" else effect.what
    if effect.what["kind"] in ("notify", "approve"):
        return Bucket("webhook", str((notice or {}).get("uri", "")).replace("\x1f", ""), "say")
    reads = effect.lookup or effect.what.get("reads") or effect.what["kind"] == "select_targets"
    return Bucket("", effect.region, "lookup" if reads else "run")


def bucket_from(key: str) -> Bucket:
    platform, chat, kind = key.split("\x1f")
    return Bucket(platform, chat, kind)


@dataclass(frozen=True, slots=True)
class Claimed:
    """An effect taken out to be sent, and what is on record of the tries before.
    ``card_missing``: an update of a card that was never shown."""

    effect: model.StoredEffect
    bucket: Bucket
    attempt: model.Attempt
    card_missing: bool


@dataclass(frozen=True, slots=True)
class Claims:
    """What was taken out, and when to look again (milliseconds; None: when something changes).
    ``refused``: so many more were taken out, and settled at once."""

    taken: tuple[Claimed, ...]
    next_due: int | None
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much of a bucket may be sent now. ``again`` (milliseconds): when more may, if by time."""

    count: int
    again: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """An effect with where it stands. ``failures``: how often it was tried since it was queued,
    or since people sent it once more. ``uncertain``: one of the tries may have happened."""

    effect: model.StoredEffect
    state: str
    bucket: Bucket
    created_at: datetime
    failures: int
    uncertain: bool = False


def insert(connection: sqlite3.Connection, new: model.NewEffect, now: int) -> bool:
    """Queue an effect; False: one with this key had been queued before."""
    cursor = connection.execute(
        queries.EFFECT_INSERT,
        (
            new.key,
            new.lane or new.key,
            new.request,
            new.body.kind,
            bucket_of(new.body).key,
            int(new.doubt),
            now + round(new.after * 1000),
            now,
            codec.encode(dict(new.context)) if new.context else "{}",
            codec.encode(new.body),
        ),
    )
    if cursor.rowcount != 1:
        return False
    if new.replaces:
        connection.execute(queries.EFFECTS_REPLACE, (now, new.lane or new.key, cursor.lastrowid))
    return True


@functools.lru_cache(maxsize=256)
def decoded(body: str) -> model.Effect:
    """An effect of its text, remembered: what came back is read to be settled, and to be judged."""
    return codec.decode(codec.effect, body)


def _stored(row: tuple[Any, ...], body: model.Effect) -> model.StoredEffect:
    id_, key, lane, request, attempts, _, context = row
    known: Mapping[str, Any] = {} if context == "{}" else codec.decode(codec.mapping, context)
    return model.StoredEffect(id_, key, lane, request, attempts, body, known)


def load(connection: sqlite3.Connection, id_: int) -> Row | None:
    row = connection.execute(queries.EFFECT, (id_,)).fetchone()
    if row is None:
        return None
    *stored, state, created, forgiven, bucket, doubt = row
    effect = _stored(tuple(stored), decoded(stored[5]))
    failures = effect.attempts - forgiven
    return Row(effect, state, bucket_from(bucket), codec.at(created), failures, bool(doubt))


class Quota(Protocol):
    """How much may be sent. ``room`` is asked before, ``take`` is told of each one taken out."""

    def room(self, bucket: Bucket) -> Allowance: ...

    def take(self, bucket: Bucket) -> None: ...


def claim(connection: sqlite3.Connection, now: int, quota: Quota) -> Claims:
    """Mark as in flight what is due, oldest first and one per lane, as far as ``quota`` allows."""
    waiting: list[int] = []
    due: list[tuple[int, int, Bucket]] = []
    full: list[Bucket] = []
    for (key,) in connection.execute(queries.BUCKETS).fetchall():
        bucket = bucket_from(key)
        most = quota.room(bucket).count
        found: list[tuple[int, int]] = []
        if most > 0:
            found = connection.execute(queries.EFFECTS_DUE, (key, now, most)).fetchall()
            due.extend((due_at, id_, bucket) for id_, due_at in found)
        if len(found) >= most:
            full.append(bucket)
        later = connection.execute(queries.EFFECT_NEXT_DUE, (key, now)).fetchone()[0]
        if later is not None:
            waiting.append(later)
    taken: list[Claimed] = []
    for _, id_, bucket in sorted(due, key=lambda entry: entry[:2]):
        if quota.room(bucket).count > 0:
            quota.take(bucket)
            taken.append(_take(connection, id_, now))
        else:
            full.append(bucket)
    for bucket in set(full):
        allowance = quota.room(bucket)
        # room may have come since it was asked for first: then nothing else would wake the outbox
        again = now if allowance.count > 0 else allowance.again
        if again is not None:
            waiting.append(again)
    return Claims(tuple(taken), min(waiting, default=None))


def _take(connection: sqlite3.Connection, id_: int, now: int) -> Claimed:
    connection.execute(queries.EFFECT_CLAIM, (now, id_))
    row = connection.execute(queries.EFFECT_CLAIMED, (id_,)).fetchone()
    *columns, doubt, bucket, first_at, doubt_at = row
    # decoded afresh: what goes out is its adapter's own
    effect = _stored(tuple(columns), codec.decode(codec.effect, columns[5]))
    attempt = model.Attempt(
        number=effect.attempts,
        first_at=codec.at(first_at),
        uncertain=bool(doubt),
        uncertain_since=codec.at(doubt_at or first_at),
        parts_done=_parts(connection, effect.lane),
    )
    if not isinstance(effect.body, model.UpdateCard):
        return Claimed(effect, bucket_from(bucket), attempt, False)
    shown = connection.execute(queries.REQUEST_CARD, (effect.request,)).fetchone()
    ref = effect.body.ref or (shown[0] if shown else "")
    effect = replace(effect, body=replace(effect.body, ref=ref))
    return Claimed(effect, bucket_from(bucket), attempt, not ref)


def _parts(connection: sqlite3.Connection, lane: str) -> dict[str, str]:
    """The parts that the effects of a lane have put on record, with their references."""
    done: dict[str, str] = {}
    for (text,) in connection.execute(queries.EFFECT_PARTS, (lane,)):
        known: Mapping[str, Any] = codec.decode(codec.mapping, text)
        done.update(known)
    return done


def note(connection: sqlite3.Connection, id_: int, part: str, ref: str) -> None:
    """Put on record that a part of an effect in flight is done; earlier doubt is over with it."""
    connection.execute(queries.EFFECT_NOTE, (part, ref, id_))


def settle(connection: sqlite3.Connection, id_: int, outcome: model.Outcome, now: int) -> None:
    """Note how an effect ended: done, refused or unknown."""
    text = codec.encode(outcome)
    connection.execute(queries.EFFECT_SETTLE, (outcome.kind, text, now, id_))


def put_off(
    connection: sqlite3.Connection, id_: int, outcome: model.NotSent, due_at: int, now: int
) -> None:
    """Queue an effect again that did not happen, or may be repeated."""
    text = codec.encode(outcome)
    doubtful = outcome.uncertain
    connection.execute(queries.EFFECT_AGAIN, (due_at, text, now, doubtful, doubtful, id_))


def recover(connection: sqlite3.Connection) -> int:
    """Queue again, in doubt, what was in flight when the process died; returns how many."""
    return connection.execute(queries.EFFECTS_RECOVER).rowcount


@dataclass(frozen=True, slots=True)
class History:
    """What budgets must remember over a restart: ``sent`` are (bucket, milliseconds of the last
    moment at which the call may have arrived), ``paused`` are (bucket, until milliseconds)."""

    sent: tuple[tuple[Bucket, int], ...]
    paused: tuple[tuple[Bucket, int], ...]


def history(connection: sqlite3.Connection, since: int, now: int) -> History:
    """Calls since ``since``, and buckets whose platform said when to come back."""
    sent = [
        (bucket_from(bucket), now if doubt and settled < claimed else max(claimed, settled))
        for bucket, claimed, settled, doubt in connection.execute(queries.EFFECTS_RECENT, (since,))
    ]
    paused = []
    for bucket, due_at, text in connection.execute(queries.EFFECTS_PUT_OFF):
        outcome = codec.decode(codec.outcome, text)
        if isinstance(outcome, model.NotSent) and outcome.retry_after > 0 and due_at > now:
            paused.append((bucket_from(bucket), due_at))
    return History(tuple(sent), tuple(paused))
