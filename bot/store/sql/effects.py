"""The outbox's rows: which are due, whose turn it is, what became of them."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot import model
from bot.store import codec, port, shared
from bot.store.sql import limits, lookups, queries
from bot.store.sql.connection import Connection

REMEMBERED = timedelta(days=1) // timedelta(milliseconds=1)
"""Milliseconds for which a call is remembered that its effect's row does not show any more: no
budget reaches further back."""


def rate_key_of(effect: model.Effect) -> port.RateKey:
    match effect:
        case model.Say() | model.Recall():
            return port.RateKey(effect.place.platform, effect.place.chat, "say")
        case model.ShowCard() | model.UpdateCard():
            return port.RateKey(effect.place.platform, effect.place.chat, "card")
        case model.FetchForm() | model.ListForms():
            return port.RateKey(effect.platform, "", "lookup")
        case model.ResolveTargets() | model.FetchDefinition():
            return port.RateKey("", effect.region, "lookup")
        case model.StartRun():
            return port.RateKey("", effect.plan.region, "run")
        case model.StopRun() | model.SignalRun():
            return port.RateKey("", effect.region, "run")
        case model.RunCall():
            return _rate_key_of_call(effect)
        case model.Deliver():
            return _rate_key_of_delivery(effect)


def _rate_key_of_delivery(effect: model.Deliver) -> port.RateKey:
    """Into a chat it counts as what is said there; to a robot or a server, for that address."""
    match effect.to:
        case model.ToCommand():
            return port.RateKey("rules", "", "run")
        case model.ToThread():
            place = effect.place
            return port.RateKey(place.platform if place else "", place.chat if place else "", "say")
        case model.ToGroup(platform=platform, chat=chat):
            return port.RateKey(platform, chat, "say")
        case model.ToWebhook(uri=where) | model.ToHttp(target=where) | model.ToBus(bus=where):
            return port.RateKey(effect.to.how, where.replace("\x1f", ""), "say")


def _rate_key_of_call(effect: model.RunCall) -> port.RateKey:
    """A message's budget is that of where it goes; another call's that of its region."""
    match effect.what:
        case model.calls.Notify(uri=uri) | model.calls.Approve(notice=model.calls.Notify(uri=uri)):
            return port.RateKey("webhook", uri.replace("\x1f", ""), "say")
        case model.calls.Approve():
            return port.RateKey("webhook", "", "say")
        case what:
            reads = effect.lookup or model.calls.harmless(what)
            return port.RateKey("", effect.region, "lookup" if reads else "run")


def key_of(rate_key: port.RateKey) -> str:
    """A rate key as a column holds it."""
    return f"{rate_key.platform}\x1f{rate_key.chat}\x1f{rate_key.kind}"


def rate_key_from(key: str) -> port.RateKey:
    platform, chat, kind = key.split("\x1f")
    return port.RateKey(platform, chat, kind)


def insert(connection: Connection, new: model.NewEffect, now: int) -> bool:
    """Queue an effect; False: one with this key had been queued before."""
    row = connection.execute(
        queries.EFFECT_INSERT,
        (
            new.key,
            new.lane or new.key,
            new.request,
            new.body.kind,
            key_of(rate_key_of(new.body)),
            int(new.doubt),
            now + round(new.after * 1000),
            now,
            codec.encode(dict(new.context)) if new.context else "{}",
            codec.encode(new.body),
        ),
    ).fetchall()
    if not row:
        return False
    ((number,),) = row
    if new.replaces and model.SPARE in new.context:  # what it replaces may not be spared
        connection.execute(queries.EFFECT_NEEDED, (number, new.lane or new.key))
    if new.replaces:
        connection.execute(queries.EFFECTS_REPLACE, (now, new.lane or new.key, number))
    return True


@functools.lru_cache(maxsize=256)
def decoded(body: str) -> model.Effect:
    """An effect of its text, remembered: what came back is read to be settled, and to be judged."""
    return codec.decode(codec.effect, body)


def _stored(row: tuple[Any, ...], body: model.Effect) -> model.StoredEffect:
    id_, key, lane, request, attempts, _, context = row
    known: Mapping[str, Any] = {} if context == "{}" else codec.decode(codec.mapping, context)
    return model.StoredEffect(id_, key, lane, request, attempts, body, known)


def load(connection: Connection, id_: int) -> port.Row | None:
    row = connection.execute(queries.EFFECT, (id_,)).fetchone()
    if row is None:
        return None
    *stored, state, created, forgiven, rate_key, doubt = row
    effect = _stored(tuple(stored), decoded(stored[5]))
    failures = effect.attempts - forgiven
    return port.Row(
        effect, state, rate_key_from(rate_key), codec.at(created), failures, bool(doubt)
    )


def claim(connection: Connection, now: int, quota: port.Quota, owner: int = 0) -> port.Claims:
    """Mark as in flight what is due, oldest first and one per lane, as far as ``quota`` allows; it
    is in the hands of the replica ``owner`` (0: there is but one)."""
    waiting: list[int] = []
    due: list[tuple[int, int, int, port.RateKey]] = []
    full: list[port.RateKey] = []
    for (key,) in connection.execute(queries.BUCKETS).fetchall():
        rate_key = rate_key_from(key)
        most = quota.room(rate_key).count
        ready: list[tuple[int, int, int]] = []
        if most > 0:
            ready = connection.execute(queries.EFFECTS_DUE, (key, now, most)).fetchall()
            due.extend((due_at, id_, tries, rate_key) for id_, due_at, tries in ready)
        if len(ready) >= most:
            full.append(rate_key)
        later = connection.execute(queries.EFFECT_NEXT_DUE, (key, now)).fetchone()[0]
        if later is not None:
            waiting.append(later)
    claims: list[port.Claimed] = []
    for _, id_, tries, rate_key in sorted(due, key=lambda entry: entry[:2]):
        if quota.room(rate_key).count > 0:
            quota.take(rate_key)
            if tries > 0:
                _keep_try(connection, id_, now)
            claims.append(_take(connection, id_, now, owner))
        else:
            full.append(rate_key)
    for rate_key in set(full):
        allowance = quota.room(rate_key)
        # room may have come since it was asked for first: then nothing else would wake the outbox
        again = now if allowance.count > 0 else allowance.again
        if again is not None:
            waiting.append(again)
    return port.Claims(tuple(claims), min(waiting, default=None))


def _keep_try(connection: Connection, id_: int, now: int) -> None:
    """Remember the last try of an effect, before its row shows the next one."""
    connection.execute(limits.CALLS_FORGET, (now - REMEMBERED,))
    connection.execute(limits.CALL_OF_EARLIER, (id_, now))


def _take(connection: Connection, id_: int, now: int, owner: int) -> port.Claimed:
    (row,) = connection.execute(queries.EFFECT_CLAIM, (now, id_, owner)).fetchall()
    *columns, doubt, rate_key, first_at, doubt_at = row
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
        return port.Claimed(effect, rate_key_from(rate_key), attempt, False)
    shown = connection.execute(queries.REQUEST_CARD, (effect.request,)).fetchone()
    ref = effect.body.ref or (shown[0] if shown else "")
    effect = replace(effect, body=replace(effect.body, ref=ref))
    return port.Claimed(effect, rate_key_from(rate_key), attempt, not ref)


def _parts(connection: Connection, lane: str) -> dict[str, str]:
    """The parts that the effects of a lane have put on record, with their references."""
    done: dict[str, str] = {}
    for (text,) in connection.execute(queries.EFFECT_PARTS, (lane,)):
        known: Mapping[str, Any] = codec.decode(codec.mapping, text)
        done.update(known)
    return done


def note(connection: Connection, id_: int, attempt: int, part: str, ref: str) -> bool:
    """Put on record that a part of an effect in flight is done; earlier doubt is over with it.
    False: it is not this attempt that is under way."""
    values = (part, ref, id_, attempt)
    return connection.execute(queries.EFFECT_NOTE, values).rowcount == 1


def keep_call(connection: Connection, id_: int, attempt: int, number: int, now: int) -> bool:
    """Remember a call that has ended, of a try that makes another one. False: it is not this
    attempt that is under way."""
    connection.execute(limits.CALLS_FORGET, (now - REMEMBERED,))
    values = (id_, attempt, number, now)
    return connection.execute(limits.CALL_OF_TRY, values).rowcount == 1


def spare(connection: Connection, id_: int, now: int) -> None:
    """Let an effect that was taken out not be sent."""
    connection.execute(queries.EFFECT_SPARED, (now, id_))


def keep_card(connection: Connection, id_: int, body: model.CardEffect) -> None:
    """Write down what an effect in flight shows."""
    connection.execute(queries.EFFECT_KEEP, (codec.encode(body), id_))


def settle(connection: Connection, id_: int, outcome: model.Outcome, now: int) -> None:
    """Note how an effect ended: done, refused or unknown."""
    text = codec.encode(outcome)
    connection.execute(queries.EFFECT_SETTLE, (outcome.kind, text, now, id_))


def put_off(
    connection: Connection, id_: int, outcome: model.NotSent, due_at: int, now: int
) -> None:
    """Queue an effect again that did not happen, or may be repeated."""
    text = codec.encode(outcome)
    doubtful = outcome.uncertain
    connection.execute(queries.EFFECT_AGAIN, (due_at, text, now, doubtful, doubtful, id_))


def queues(rows: Iterable[tuple[str, str, str, int, int]]) -> tuple[port.Queue, ...]:
    """Rows of (kind, rate key, state, count, earliest due) as queues: the chats and regions of a
    party together."""
    counts: Counter[tuple[str, str, str]] = Counter()
    earliest: dict[tuple[str, str], int] = {}
    for kind, key, state, count, due in rows:
        queue = (kind, rate_key_from(key).platform)
        counts[(*queue, state)] += count
        if state == "queued":
            earliest[queue] = min(due, earliest.get(queue, due))
    return tuple(
        port.Queue(
            *queue,
            counts[(*queue, "queued")],
            counts[(*queue, "in_flight")],
            codec.at(earliest[queue]) if queue in earliest else None,
        )
        for queue in sorted({(kind, party) for kind, party, _ in counts})
    )


def recover(connection: Connection) -> int:
    """Queue again, in doubt, what was in flight when the process died; returns how many."""
    return connection.execute(queries.EFFECTS_RECOVER).rowcount


def open_of(connection: Connection, request: int) -> tuple[port.OpenEffect, ...]:
    """What of a request is queued or in flight, and what is first in the lanes of these."""
    return tuple(
        port.OpenEffect(
            number,
            kind,
            lane,
            of,
            state,
            rate_key_from(key),
            codec.at(due),
            attempts,
            _reason(outcome),
            bool(doubt),
            codec.at(created),
            codec.at(claimed) if claimed else None,
            behind or 0,
        )
        for (
            *(number, kind, lane, of, state, key, due, attempts, outcome, doubt, created, claimed),
            behind,
        ) in connection.execute(lookups.EFFECTS_OPEN_OF, (request,))
    )


def _reason(outcome: str) -> str:
    """Why the last try of an effect came to nothing."""
    return str(getattr(codec.decode(codec.outcome, outcome), "reason", "")) if outcome else ""


def ended_at(now: int, claimed: int, settled: int, doubt: int) -> int:
    """Until when a call may have arrived that is not under way any more: where nobody saw its end,
    until now."""
    return now if doubt and settled < claimed else max(claimed, settled)


def history(connection: Connection, since: int, now: int) -> port.History:
    """Calls that may have arrived since ``since``, and rate keys whose platform said when to come
    back."""
    claimed = since - shared.LONGEST_CALL // timedelta(milliseconds=1)
    rows = connection.execute(limits.EFFECTS_RECENT, (claimed,)).fetchall()
    ended = [(key, ended_at(now, *moments)) for key, *moments in rows]
    ended += connection.execute(limits.CALLS_RECENT, (since,)).fetchall()
    sent = [(rate_key_from(key), at) for key, at in ended if at > since]
    paused = []
    for rate_key, due_at, text in connection.execute(limits.EFFECTS_PUT_OFF):
        outcome = codec.decode(codec.outcome, text)
        if isinstance(outcome, model.NotSent) and outcome.retry_after > 0 and due_at > now:
            paused.append((rate_key_from(rate_key), due_at))
    return port.History(tuple(sent), tuple(paused))
