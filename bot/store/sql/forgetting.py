"""Forgetting a person: a name of nobody takes the place of what tells who they are, and what they
typed is removed. One transaction; the audit chain stays as it is and verifies."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from bot import model, policy
from bot.store import codec, removal
from bot.store.sql import calendars, lookups, retention, statements
from bot.store.sql.connection import Connection
from bot.store.sql.store import Store

BOT = "countersign"
"""The actor of what the bot itself enters in the audit log."""


class Refused(Exception):
    """The person cannot be forgotten now; the message says why."""


@dataclass(slots=True)
class Traces:
    """Where a person stands in a store. ``own`` are the numbers of the requests that they asked
    for, ``others`` of those in which they had another part, ``votes`` how many they cast, ``texts``
    how many audit entries have texts of theirs, ``shifts`` how often a calendar has them on call;
    ``away``: do they stand among those who are away, or stand in for them? What stays: ``entries``
    of the audit log that name them, ``plans`` whose policies list them, ``sent`` effects of their
    requests that are still remembered."""

    person: str
    pseudonym: str
    own: list[int] = field(default_factory=list)
    others: list[int] = field(default_factory=list)
    votes: int = 0
    texts: int = 0
    away: bool = False
    entries: int = 0
    plans: int = 0
    sent: int = 0
    shifts: int = 0

    @property
    def anything(self) -> bool:
        return bool(self.own or self.others or self.votes or self.texts or self.shifts or self.away)


def forget(opened: Store, person: str, actor: str, now: datetime) -> Traces:
    """Forget a person, in one transaction. Raises ``Refused`` while something of theirs is open."""
    writer = opened.writer
    assert writer is not None
    connection = writer.connection
    writer.begin()
    try:
        who, requests, votes, traces = look(connection, person)
        if traces.anything:
            with writer.overwriting():
                rewrite(connection, who, requests, votes, codec.ms(now))
                connection.execute(
                    statements.EVENTS_DELETE, (json.dumps([str(number) for number in traces.own]),)
                )
            facts = {
                "person": person,
                "pseudonym": who.pseudonym,
                "requests": retention.ranges(traces.own),
                "others": retention.ranges(traces.others),
                "votes": traces.votes,
                "entries": traces.texts,
            }
            entry = model.AuditEntry(actor=actor, action="person.forgotten", facts=facts)
            writer.append(entry, codec.ms(now))
        writer.commit()
    except BaseException:
        writer.rollback()
        raise
    writer.finish()
    return traces


def traces(opened: Store, person: str) -> Traces:
    """Where a person stands, and nothing is changed; the bot may be running. Raises ``Refused`` as
    ``forget`` does."""
    with opened.reading() as reader:
        return look(reader.connection, person)[-1]


def look(
    connection: Connection, person: str
) -> tuple[removal.Forgotten, list[model.Request], list[model.Vote], Traces]:
    """Who they are, the requests in which they stand, their votes, and both in numbers."""
    if not person.strip() or person == BOT:
        raise Refused(f"{person!r} is no person")
    rows = connection.execute(statements.VOTES_OF_PERSON, (person,)).fetchall()
    votes = [codec.decode(codec.vote, body) for (body,) in rows]
    accounts = set(accounts_of(connection, person, votes))
    noted = connection.execute(statements.PSEUDONYM, (person,)).fetchone()
    pseudonym = noted[0] if noted else f"former-{secrets.token_hex(4)}"
    who = removal.Forgotten(person, frozenset(accounts), pseudonym)
    requests = []
    numbers = Traces(person, pseudonym, votes=len(votes))
    voted = {vote.request for vote in votes}
    for (body,) in connection.execute(statements.REQUESTS_ALL):
        request = codec.decode(codec.request, body)
        changed = who.request(request) != request
        if not request.state.final and (changed or request.id in voted):
            reason = f"{person} has a part in #{request.id}, which is open"
            raise Refused(f"{reason}: wait until it has ended, or cancel it")
        if request.plan is not None and person in _approvers(request.plan):
            numbers.plans += 1
        if changed:
            requests.append(request)
            (numbers.own if request.person == person else numbers.others).append(request.id)
    shifts = (one for each in calendars.kept(connection) for one in each.shifts)
    numbers.away = bool(connection.execute(statements.ABSENCES_OF, (person, person)).fetchone()[0])
    numbers.shifts = sum(one.person == person for one in shifts)
    numbers.texts = connection.execute(statements.TEXTS_OF_ACTOR, (person,)).fetchone()[0]
    numbers.entries = connection.execute(statements.ENTRIES_OF_ACTOR, (person,)).fetchone()[0]
    own = (json.dumps(numbers.own),)
    numbers.sent = connection.execute(statements.SENT_OF_REQUEST, own).fetchone()[0]
    return who, requests, votes, numbers


def _approvers(plan: model.Plan) -> set[str]:
    """Those whom the policies of a plan list, as they were voted on."""
    policies = policy.from_snapshot(plan.terms.get("policies", {}))
    return {who for one in policies for who in one.people}


def accounts_of(
    connection: Connection, person: str, votes: list[model.Vote]
) -> Iterator[tuple[str, str]]:
    """The accounts by which a person acted, each its platform and id."""
    for vote in votes:
        yield from _accounts(vote.account, vote.accounts)
    for (body,) in connection.execute(statements.REQUESTS_ALL):
        request = codec.decode(codec.request, body)
        if request.person == person:
            yield from _accounts(request.account, request.accounts)
        others = (request.glass.by,) if request.glass is not None else ()
        for party in (*request.causes, *others):
            if party.person == person:
                yield from _accounts(party.account, party.accounts)


def _accounts(
    account: model.Account, held: tuple[tuple[str, str, str], ...]
) -> Iterator[tuple[str, str]]:
    if account.id:
        yield account.platform, account.id
    for platform, _, id_ in held:
        yield platform, id_


def in_place_of(connection: Connection, person: str) -> list[model.Vote]:
    """The votes of others that were cast in somebody's place."""
    rows = connection.execute(statements.VOTES_IN_PLACE).fetchall()
    votes = (codec.decode(codec.vote, body) for (body,) in rows)
    return [vote for vote in votes if person in vote.on_behalf and vote.person != person]


def rewrite(
    connection: Connection,
    who: removal.Forgotten,
    requests: list[model.Request],
    votes: list[model.Vote],
    now: int,
) -> None:
    for old in requests:
        if old.person == who.person and not old.removed:
            retention.strip(connection, old, "person", now)
        new = who.request(old)
        values = (new.person, new.place.chat, codec.encode(new), old.id)
        connection.execute(statements.REQUEST_FORGET, values)
    for vote in (*votes, *in_place_of(connection, who.person)):
        other = who.vote(vote)
        key = (vote.request, vote.digest, vote.person)
        connection.execute(statements.VOTE_FORGET, (other.person, codec.encode(other), *key))
    for statement in (statements.ABSENCES_FORGET, statements.STAND_INS_FORGET):
        connection.execute(statement, (who.person,))
    calendars.put(connection, map(who.calendar, calendars.kept(connection)))
    connection.execute(statements.TEXTS_DELETE_OF_ACTOR, (who.person,))
    connection.execute(statements.ASKS_DELETE, (who.person,))
    own = [request.id for request in requests if request.person == who.person]
    connection.execute(lookups.STANDING_FORGET, (json.dumps(own),))
    connection.execute(lookups.STANDING_RENAME, (who.pseudonym, who.person))
