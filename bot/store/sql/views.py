"""What ``decide`` sees of the store for one event, and the reads that tools share with it."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bot import audit as audit_
from bot import model
from bot.store import codec
from bot.store.sql import (
    absences,
    calendars,
    effects,
    letters,
    locks,
    lookups,
    queries,
    reports,
    searching,
    standing,
    usage,
)
from bot.store.sql.connection import Connection


@functools.lru_cache(maxsize=64)
def decoded(body: str) -> model.Request:
    """A request of its text, remembered: each call of a run asks for the same plan again."""
    return codec.decode(codec.request, body)


def request(connection: Connection, number: int) -> model.Request | None:
    return _one(connection, queries.REQUEST_BY_ID, (number,))


def votes(connection: Connection, number: int) -> tuple[model.Vote, ...]:
    rows = connection.execute(queries.VOTES, (number,))
    return tuple(codec.decode(codec.vote, body) for (body,) in rows)


def steps(connection: Connection, number: int) -> tuple[model.Step, ...]:
    rows = connection.execute(queries.STEPS, (number,))
    return tuple(codec.decode(codec.step, body) for (body,) in rows)


def results(connection: Connection, number: int) -> tuple[model.InstanceResult, ...]:
    rows = connection.execute(queries.RESULTS, (number,))
    return tuple(codec.decode(codec.result, body) for (body,) in rows)


def audit_row(row: tuple[Any, ...]) -> model.AuditRow:
    """An audit entry of its columns, in the order in which every query names them."""
    seq, at, actor, action, number, hashed, prev, hash_, salt, texts = row
    beside = _object(texts) if texts is not None else {}
    facts, leaves = audit_.joined(action, _object(hashed), beside)
    try:
        moment = codec.at(at)
    except (TypeError, OverflowError):
        moment = model.EPOCH
    return model.AuditRow(
        seq, moment, actor, action, number, facts, prev, hash_, leaves, salt or ""
    )


def _object(text: str) -> dict[str, Any]:
    """Facts of their text. What somebody made unreadable gives facts that do not verify."""
    try:
        facts = json.loads(text, object_pairs_hook=audit_.unique)
    except (TypeError, ValueError, RecursionError):
        facts = None
    return facts if isinstance(facts, dict) else {"unreadable": str(text)}


def audit(connection: Connection, number: int, limit: int) -> tuple[model.AuditRow, ...]:
    """The newest entries (of one request, if a number is given), oldest of them first."""
    if number:
        rows = connection.execute(queries.AUDIT_OF_REQUEST, (number, limit)).fetchall()
    else:
        rows = connection.execute(queries.AUDIT_NEWEST, (limit,)).fetchall()
    return tuple(audit_row(row) for row in reversed(rows))


def listing(connection: Connection, kind: str, limit: int) -> tuple[model.Request, ...]:
    """Requests: "open" (all not final, oldest first), "recent" (newest first) or "glass" (started
    by break-glass, the last first)."""
    if kind == "glass":
        return searching.broken(connection, 0, limit)
    query = queries.REQUESTS_OPEN if kind == "open" else queries.REQUESTS_RECENT
    rows = connection.execute(query, (limit,))
    return tuple(codec.decode(codec.request, body) for (body,) in rows)


def all_open(connection: Connection) -> tuple[model.Request, ...]:
    """Every request that has not ended, oldest first."""
    rows = connection.execute(queries.REQUESTS_ALL_OPEN)
    return tuple(codec.decode(codec.request, body) for (body,) in rows)


def having(connection: Connection, held: Sequence[model.Lock]) -> tuple[model.Request, ...]:
    """The requests that have these locks."""
    numbers = dict.fromkeys(one.request for one in held)
    return tuple(one for number in numbers if (one := request(connection, number)) is not None)


def find(
    connection: Connection, needs: model.Needs, effect: model.StoredEffect | None
) -> model.Request | None:
    """The request that ``needs`` names: by number, else by its card, else by the message that
    asked, else by the form, else through ``effect`` (for a form fetched: the request it made)."""
    if needs.request:
        return of_card(connection, needs, request(connection, needs.request))
    match = None
    if needs.card:
        card = (needs.platform, needs.card)
        match = _one(connection, queries.REQUEST_BY_CARD, card)
        match = match or _one(connection, queries.REQUEST_BY_ALIAS, card)
    if match is None and needs.message:
        match = _one(connection, queries.REQUEST_BY_MESSAGE, (needs.platform, needs.message))
    if match is None and effect is not None and effect.request:
        return request(connection, effect.request)
    form = form_of(needs, effect)
    if match is None and form is not None:
        match = _one(connection, queries.REQUEST_BY_FORM, form)
    return of_card(connection, needs, match)


def of_card(
    connection: Connection, needs: model.Needs, subject: model.Request | None
) -> model.Request | None:
    """The request; where the one is needed whose card it is voted on by, that one."""
    if subject is None or not needs.lead or subject.leads or subject.batch is None:
        return subject
    return request(connection, subject.batch.lead) if subject.state.value == "pending" else subject


def batch(connection: Connection, subject: model.Request | None) -> tuple[model.Request, ...]:
    """The other requests of a request's batch, in its order."""
    if subject is None or subject.batch is None:
        return ()
    numbers = (number for number in subject.batch.members if number != subject.id)
    others = (request(connection, number) for number in numbers)
    return tuple(one for one in others if one is not None)


def batch_votes(connection: Connection, subject: model.Request | None) -> tuple[model.Vote, ...]:
    if subject is None or subject.batch is None or subject.leads:
        return ()
    return votes(connection, subject.batch.lead)


def form_of(needs: model.Needs, effect: model.StoredEffect | None) -> tuple[str, str] | None:
    """Which OA form an event is about, as (platform, instance). Of a form that was read: the one
    that it revokes or modifies, unless it was read for the sake of another."""
    if effect is not None:
        if not isinstance(effect.body, model.FetchForm):
            return None
        wanted = effect.context.get("for") or needs.form or effect.body.instance
        return effect.body.platform, str(wanted)
    return (needs.platform, needs.form) if needs.form else None


def links(
    connection: Connection, needs: model.Needs, effect: model.StoredEffect | None
) -> tuple[model.FormLink, ...]:
    form = form_of(needs, effect)
    rows = connection.execute(queries.FORM_LINKS, form) if form is not None else ()
    return tuple(codec.decode(codec.link, body) for (body,) in rows)


def unsent(connection: Connection, subject: model.Request) -> frozenset[str]:
    """Keys of the request's calls that certainly were never made, while it may still be halted."""
    if subject.state not in (model.State.APPROVED, model.State.RUNNING, model.State.WAITING):
        return frozenset()
    return frozenset(key for (key,) in connection.execute(queries.EFFECTS_UNSENT, (subject.id,)))


class Archive:
    """What is read only where a decision needs it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.cache: dict[int, object] = {}

    def entries(self, request: int, after: int) -> tuple[model.JournalRow, ...]:
        """The journal behind entry number ``after``, in order."""
        rows = self.connection.execute(queries.JOURNAL, (request, after))
        return tuple(
            model.JournalRow(request, seq, codec.decode(codec.mapping, body)) for seq, body in rows
        )

    def sent(self, request: int, apart: Sequence[int] = ()) -> tuple[model.Effect, ...]:
        """What of the request was let out to start or to change something; not what provably did
        not leave, nor the effects ``apart``."""
        rows = self.connection.execute(queries.EFFECTS_SENT, (request, json.dumps(list(apart))))
        return tuple(effects.decoded(body) for (body,) in rows)

    def source(self, digest: str) -> str | None:
        """The text of a template by its SHA-256."""
        row = self.connection.execute(queries.SOURCE, (digest,)).fetchone()
        return None if row is None else str(row[0])

    def open_of_person(self, person: str, least: int, limit: int) -> tuple[int, ...]:
        rows = self.connection.execute(queries.REQUESTS_OPEN_OF_PERSON, (person, least, limit))
        return tuple(number for (number,) in rows)

    def has_open(self, command: str, least: int) -> bool:
        return bool(self.connection.execute(queries.COMMAND_HAS_OPEN, (command, least)).fetchone())

    def broken(self, since: datetime, limit: int) -> tuple[model.Request, ...]:
        """The last requests that were started by break-glass since then, the last first."""
        return searching.broken(self.connection, codec.ms(since), limit)

    def pending(self, person: str, command: str, limit: int) -> tuple[model.Request, ...]:
        rows = self.connection.execute(lookups.PENDING, (person, command, limit))
        return tuple(decoded(body) for (body,) in rows)

    def has_votes(self, request: int) -> bool:
        return bool(self.connection.execute(lookups.HAS_VOTES, (request,)).fetchone())

    def alike(self, likeness: str) -> int:
        """The number of the oldest open request of this ``model.likeness``; 0: there is none."""
        row = self.connection.execute(queries.REQUEST_ALIKE, (likeness,)).fetchone()
        return row[0] or 0

    def locks_of(self, request: int) -> tuple[model.Lock, ...]:
        return locks.of(self.connection, request)

    def locks_on(self, names: Sequence[str], apart: int, limit: int) -> tuple[model.Lock, ...]:
        return locks.on(self.connection, names, apart, limit) if names else ()

    def freezes(self, at: datetime) -> tuple[model.Freeze, ...]:
        """The freezes of people that are in force at a moment, oldest first."""
        return freezes(self.connection, at)

    def absences(self, at: datetime) -> tuple[model.Absence, ...]:
        """Who is away at a moment."""
        return absences.known(self.connection, at)

    def votes(self, request: int) -> tuple[model.Vote, ...]:
        return votes(self.connection, request)

    def calendars(self) -> tuple[model.Calendar, ...]:
        return calendars.kept(self.connection)

    def standing_for(self, command: str, now: datetime) -> tuple[model.StandingApproval, ...]:
        return standing.of_command(self.connection, command, now)

    def standing_in_force(self, now: datetime, limit: int) -> tuple[model.StandingApproval, ...]:
        return standing.in_force(self.connection, now, limit)

    def standing(self, number: int) -> model.StandingApproval | None:
        return standing.of(self.connection, number)


def freezes(connection: Connection, at: datetime) -> tuple[model.Freeze, ...]:
    """The freezes of people that are in force at a moment, oldest first."""
    return tuple(map(freeze, connection.execute(lookups.FREEZES, (codec.ms(at),))))


def freeze(row: tuple[Any, ...]) -> model.Freeze:
    """A freeze of its columns, and of the body of the request that asked for it."""
    number, until, scope, body = row
    groups, commands = map(tuple, json.loads(scope))
    request = decoded(body)
    return model.Freeze(number, codec.at(until), groups, commands, request.person, request.reason)


def journal(connection: Connection, subject: model.Request) -> int:
    """How many entries the journal of a request has; only a template's run has any."""
    if not isinstance(subject.plan, model.TemplateOperation):
        return 0
    count: int = connection.execute(queries.JOURNAL_COUNT, (subject.id,)).fetchone()[0]
    return count


def dead(connection: Connection, needs: model.Needs) -> tuple[model.Letter, ...]:
    """The one letter that is asked for, whatever its state; or the newest dead ones."""
    if not needs.letter:
        return letters.letters(connection, None, needs.limit)
    letter = letters.letter(connection, needs.letter)
    return (letter,) if letter is not None else ()


def listing_votes(connection: Connection, needs: model.Needs) -> tuple[model.Vote, ...]:
    if needs.listing != "open":
        return ()
    rows = connection.execute(queries.VOTES_OPEN, (needs.limit,))
    return tuple(codec.decode(codec.vote, body) for (body,) in rows)


def total(connection: Connection, needs: model.Needs, number: int) -> int:
    """How many rows the list that is needed has without its limit."""
    query, values = {
        "open": (queries.REQUESTS_COUNT_OPEN, ()),
        "recent": (queries.REQUESTS_COUNT, ()),
        "dead": (queries.LETTERS_COUNT_DEAD, ()),
        "locks": (locks.LOCKS_COUNT, ()),
        "audit": (queries.AUDIT_COUNT_OF_REQUEST, (number,))
        if number
        else (queries.AUDIT_COUNT, ()),
    }[needs.listing]
    count: int = connection.execute(query, values).fetchone()[0]
    return count


def load(
    archive: Archive,
    needs: model.Needs,
    now: datetime,
    *,
    next_request: int,
    audit_seq: int,
    audit_hash: str,
    installation: str,
    recent_asks: int,
    nonce: str,
    salt: str = "",
    shift: timedelta = timedelta(),
) -> model.View:
    """Everything that ``needs`` asks for, as one consistent view."""
    connection = archive.connection
    row = effects.load(connection, needs.effect) if needs.effect else None
    effect = row.effect if row else None
    subject = find(connection, needs, effect)
    called = effect is not None and isinstance(effect.body, model.RunCall)
    shown: tuple[model.Request, ...] = ()
    count = 0
    entries: tuple[model.AuditRow, ...] = ()
    held: tuple[model.Lock, ...] = ()
    if needs.listing == "audit":
        entries = audit(connection, subject.id if subject else needs.request, needs.limit)
    elif needs.listing == "history":
        shown, count = searching.matches(connection, needs.search or model.Search(), needs.limit)
    elif needs.listing == "locks":
        held = locks.newest(connection, needs.limit)
        shown = having(connection, held)
    elif needs.listing and needs.listing != "dead":
        shown = listing(connection, needs.listing, needs.limit)
    known = needs.known_as and connection.execute(queries.EVENT_ANSWER, (needs.known_as,))
    return model.View(
        known=bool(known and known.fetchone()),
        marks=letters.marks(connection, *needs.marked),
        next_request=next_request,
        audit_seq=audit_seq,
        audit_hash=audit_hash,
        installation=installation,
        shift=shift,
        request=subject,
        votes=votes(connection, subject.id) if subject else (),
        steps=steps(connection, subject.id) if subject else (),
        results=results(connection, subject.id) if subject else (),
        effect=effect,
        listing=shown,
        audit=entries,
        letters=dead(connection, needs) if needs.listing == "dead" else (),
        unsaid=connection.execute(queries.UNSAID).fetchone()[0] if needs.listing == "dead" else 0,
        recent_asks=recent_asks,
        unsent=frozenset() if subject is None or called else unsent(connection, subject),
        journal=journal(connection, subject) if subject else 0,
        archive=archive,
        nonce=nonce,
        salt=salt,
        total=total(connection, needs, subject.id if subject else needs.request)
        if needs.listing not in ("", "history", "glass")
        else count,
        listing_votes=searching.votes(connection, shown)
        if needs.listing == "history"
        else listing_votes(connection, needs),
        links=links(connection, needs, effect),
        usage=usage.months(connection) if needs.listing == "recent" else (),
        report=reports.report(connection, needs.month, now) if needs.month else None,
        locks=held,
        batch=batch(connection, subject),
        batch_votes=batch_votes(connection, subject),
    )


def _one(connection: Connection, query: str, values: tuple[object, ...]) -> model.Request | None:
    row = connection.execute(query, values).fetchone()
    return decoded(row[0]) if row else None
