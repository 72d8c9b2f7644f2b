"""What is stored as text decodes, and says what the columns beside it say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from typing import TypeVar

from pydantic import TypeAdapter

from bot import model
from bot.store import codec
from bot.store.sql import names
from bot.store.sql.check import statements
from bot.store.sql.check.finding import Finding
from bot.store.sql.connection import Connection

T = TypeVar("T")


def findings(connection: Connection) -> Iterator[Finding]:
    for part in PARTS:
        yield from part(connection)


def decoded(adapter: TypeAdapter[T], text: str, where: str) -> T | Finding:
    """The value of a text, or what is wrong with it."""
    try:
        return codec.decode(adapter, text)
    except (ValueError, TypeError, RecursionError) as fault:
        reason = str(fault).partition(" [type=")[0].replace("\n", " ")
        return Finding("body", where, f"cannot be read: {reason[:200]}")


def unreadable(adapter: TypeAdapter[T], text: str, where: str) -> Iterator[Finding]:
    """What is wrong with a text, if anything is."""
    value = decoded(adapter, text, where)
    if isinstance(value, Finding):
        yield value


def differences(where: str, **pairs: tuple[object, object]) -> Iterator[Finding]:
    """Columns that do not say what the body says; each as (column, body)."""
    for name, (column, value) in pairs.items():
        if isinstance(value, Enum):
            value = value.value
        if isinstance(value, datetime):
            value = codec.ms(value)
        if column != value and not (isinstance(value, str) and column == names.bounded(value)):
            yield Finding("column", where, f"{name} is {column!r}, and {value!r} in the body")


def requests(connection: Connection) -> Iterator[Finding]:
    for row in connection.execute(statements.REQUESTS):
        number, state, version, person, platform, chat, card, created, expires, *others = row
        removed, glass, text = others
        where = f"request {number}"
        body = decoded(codec.request, text, where)
        if isinstance(body, Finding):
            yield body
            continue
        yield from differences(
            where,
            id=(number, body.id),
            state=(state, body.state),
            version=(version, body.version),
            person=(person, body.person),
            platform=(platform, body.place.platform),
            chat=(chat, body.place.chat),
            card=(card, body.card),
            created_at=(created, body.created_at),
            expires_at=(expires, body.expires_at),
            removed_at=(bool(removed), bool(body.removed)),
            glass_at=(glass, body.glass.at if body.glass is not None else 0),
        )
        if body.plan is not None and not body.removed and model.digest(body.plan) != body.digest:
            yield Finding("digest", where, "its plan is not the one that its digest was made of")


def rows_of_requests(connection: Connection) -> Iterator[Finding]:
    """Votes, steps and results."""
    for request, digest, person, at, text in connection.execute(statements.VOTES):
        where = f"vote of {person} on request {request}"
        vote = decoded(codec.vote, text, where)
        if isinstance(vote, Finding):
            yield vote
        else:
            yield from differences(
                where,
                request=(request, vote.request),
                digest=(digest, vote.digest),
                person=(person, vote.person),
                at=(at, vote.at),
            )
    for request, index, state, invocation, text in connection.execute(statements.STEPS):
        where = f"step {index} of request {request}"
        step = decoded(codec.step, text, where)
        if isinstance(step, Finding):
            yield step
        else:
            yield from differences(
                where,
                request=(request, step.request),
                index=(index, step.index),
                state=(state, step.state),
                invocation=(invocation, step.invocation),
            )
    for request, instance, text in connection.execute(statements.RESULTS):
        where = f"result of {instance} in request {request}"
        result = decoded(codec.result, text, where)
        if isinstance(result, Finding):
            yield result
        else:
            yield from differences(where, instance=(instance, result.instance))


def effects(connection: Connection) -> Iterator[Finding]:
    for number, kind, text, context, outcome, parts in connection.execute(statements.OUTBOX):
        where = f"effect {number}"
        body = decoded(codec.effect, text, where)
        if isinstance(body, Finding):
            yield body
        else:
            yield from differences(where, kind=(kind, body.kind))
        yield from unreadable(codec.mapping, context, where)
        yield from unreadable(codec.mapping, parts, where) if parts else ()
        yield from unreadable(codec.outcome, outcome, where) if outcome else ()


def events(connection: Connection) -> Iterator[Finding]:
    """The bus, forms that are about others, and what was answered to events."""
    for seq, source, id_, type_, text in connection.execute(statements.BUS):
        where = f"event {seq} of the bus"
        event = decoded(codec.event, text, where)
        if isinstance(event, Finding):
            yield event
        else:
            yield from differences(
                where, source=(source, event.source), id=(id_, event.id), type=(type_, event.type)
            )
    for platform, original, instance, text in connection.execute(statements.LINKS):
        where = f"form {instance} about {original} on {platform}"
        yield from unreadable(codec.link, text, where)
    for rota, text in connection.execute(statements.CALENDARS):
        yield from unreadable(codec.calendar, text, f"calendar of the rota {rota}")
    for name, text in connection.execute(statements.ANSWERS):
        yield from unreadable(codec.receipt, text, f"answer to the event {name}")


def journals(connection: Connection) -> Iterator[Finding]:
    """Entries are numbered from 1 without a gap: a run is worked out of all of them."""
    last = (0, 0)
    for request, seq, kind, key, text in connection.execute(statements.JOURNAL):
        where = f"journal of request {request}, entry {seq}"
        expected = last[1] + 1 if last[0] == request else 1
        if seq != expected:
            yield Finding("journal", where, f"the entries from {expected} on are missing before it")
        last = (request, seq)
        entry = decoded(codec.mapping, text, where)
        if isinstance(entry, Finding):
            yield entry
        else:
            pairs = {"kind": (kind, entry.get("kind")), "key": (key, entry.get("key"))}
            yield from differences(where, **pairs)


def sources(connection: Connection) -> Iterator[Finding]:
    for digest, text in connection.execute(statements.SOURCES):
        if hashlib.sha256(text.encode()).hexdigest() != digest:
            yield Finding("digest", f"template {digest[:12]}", "its text has another digest")


PARTS = (requests, rows_of_requests, effects, events, journals, sources)
