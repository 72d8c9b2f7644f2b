"""The audit log, and what requests, votes and runs must have in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot import audit, model
from bot.store import highwater
from bot.store.sql import chains, queries, takeover
from bot.store.sql.check import statements
from bot.store.sql.check.finding import Finding
from bot.store.sql.connection import Connection


def findings(connection: Connection) -> Iterator[Finding]:
    for fault in chains.faults(connection):
        yield Finding("audit", f"entry {fault.seq}", f"{fault.kind}: {fault.detail}")
    for seq, request in connection.execute(statements.NAMED):
        yield Finding("lost", f"request {request}", f"is gone; entry {seq} tells of it")
    for (request,) in connection.execute(statements.UNNAMED):
        yield Finding("unrecorded", f"request {request}", "nobody is on record as having asked")
    for (seq,) in connection.execute(statements.STRAYS):
        yield Finding("reference", f"texts of entry {seq}", "the audit log has no such entry")
    deeds = of_log(connection)
    yield from removals(connection, deeds)
    yield from votes(connection, deeds)
    yield from approvals(connection, deeds)


@dataclass(slots=True)
class Deeds:
    """What the audit log says: ``cast`` are votes as (request, person, digest, approve), each at
    its first moment; ``approved`` who approved a request, by (request, digest), and when;
    ``glass`` who had it started without approval, by (request, digest); ``adopted`` the requests of
    executions that ran already; ``people`` were forgotten, by what stands for them; ``removed``
    lists the requests whose texts were removed, as "1-3, 7"."""

    cast: dict[tuple[int, str, str, bool], int] = field(default_factory=dict)
    approved: dict[tuple[int, str], tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    glass: dict[tuple[int, str], str] = field(default_factory=dict)
    adopted: set[int] = field(default_factory=set)
    people: dict[str, str] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)


def of_log(connection: Connection) -> Deeds:
    deeds = Deeds()
    for at, actor, action, request, text in connection.execute(statements.DEEDS):
        try:
            facts = json.loads(text)
            if action == "vote.cast":
                key = (request, actor, facts["digest"], facts["approve"])
                deeds.cast.setdefault(key, at)
            elif action == "standing.used":
                for person in facts["by"]:
                    deeds.cast.setdefault((request, person, facts["digest"], True), at)
            elif action == "request.approved":
                deeds.approved[request, facts["digest"]] = (at, tuple(facts["by"]))
            elif action == "breakglass.used":
                deeds.glass[request, facts["digest"]] = actor
            elif action == "person.forgotten":
                deeds.people[facts["pseudonym"]] = facts["person"]
                deeds.removed.append(facts["requests"])
            elif action == "texts.removed":
                deeds.removed.append(facts.get("requests", ""))
            else:
                deeds.adopted.add(request)
        except (ValueError, KeyError, TypeError):
            continue  # the chain does not verify, which was said
    return deeds


def removals(connection: Connection, deeds: Deeds) -> Iterator[Finding]:
    """Requests that have lost their texts, without an entry that says so."""
    rest = {request: None for (request,) in connection.execute(statements.REMOVED)}
    for text in deeds.removed:
        for request in audit.listed(text, rest):
            del rest[request]
    for request in rest:
        yield Finding(
            "unrecorded", f"request {request}", "nobody is on record as having removed its texts"
        )


def votes(connection: Connection, deeds: Deeds) -> Iterator[Finding]:
    """Votes that nobody is on record as having cast, and votes on record that are gone."""
    rows = set()
    for request, digest, stored, approve in connection.execute(statements.BALLOTS):
        person = deeds.people.get(stored, stored)
        key = (request, person, model.plan_digest(digest), bool(approve))
        rows.add(key)
        if key not in deeds.cast:
            word = "approves" if approve else "rejects"
            where = f"vote of {person} on request {request}"
            yield Finding("vote", where, f"{word}, and the audit log has no such vote")
    for key in deeds.cast.keys() - rows:
        request, person, *_ = key
        where = f"vote of {person} on request {request}"
        yield Finding("vote", where, "is in the audit log, and not in the store")


def approvals(connection: Connection, deeds: Deeds) -> Iterator[Finding]:
    """What was approved, or ran, was approved on record, by people who had voted for it by then; or
    break-glass is on record in place of that, and the request tells of the same."""
    ran = {request for (request,) in connection.execute(statements.RAN)}
    for row in connection.execute(statements.APPROVED):
        request, digest, approved_at, started_at, glass = row
        where = f"request {request}"
        begun = request in ran or started_at is not None
        if (approved_at is None and not begun) or request in deeds.adopted:
            continue
        word = "ran" if begun else "is approved"
        broken = json.loads(glass) if glass is not None else {}
        if broken.get("digest") == digest:
            by = broken["by"]["person"]
            if deeds.glass.get((request, digest)) != deeds.people.get(by, by):
                detail = f"{word} by break-glass of {by}, and the audit log has none of theirs"
                yield Finding("approval", where, detail)
            continue
        if (request, digest) not in deeds.approved:
            detail = f"{word}, and the audit log has no approval of its plan"
            yield Finding("approval", where, detail)
            continue
        at, people = deeds.approved[request, digest]
        if not people:
            yield Finding("approval", where, f"{word}, and nobody approved it")
        for person in people:
            cast = deeds.cast.get((request, person, digest, True))
            if cast is None or cast > at:
                detail = f"{word} on a vote of {person} that is not on record before"
                yield Finding("approval", where, detail)


def of_mark(connection: Connection, mark: highwater.Mark | None) -> Iterator[Finding]:
    """A store that lacks the newest entry which was noted beside it."""
    if mark is None or not mark.seq or takeover.is_known(connection, mark):
        return
    row = connection.execute(queries.AUDIT_HASH, (mark.seq,)).fetchone()
    if row is None:
        yield Finding("mark", f"entry {mark.seq}", "was here, as the high-water mark says")
    elif row[0] != mark.hash:
        yield Finding("mark", f"entry {mark.seq}", "is another than the high-water mark says")
