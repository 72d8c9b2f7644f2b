"""The rows of the bus, and of the letters that go out because of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot import model
from bot.store import codec
from bot.store.sql import queries
from bot.store.sql.connection import Connection

BEHIND_ALL = "\U0010ffff"
"""Sorts behind every other character of a key."""


def publish(connection: Connection, event: model.CloudEvent, now: int) -> None:
    """Put an event on the bus; one that is there already stays as it is."""
    names = (event.source, event.id, event.mark, event.type, event.subject)
    connection.execute(queries.BUS_INSERT, (*names, now, codec.encode(event)))


def redrive(connection: Connection, number: int, now: int) -> bool:
    """Queue a letter once more, as if it had never been tried; False: it is not dead. Nothing is in
    doubt any more, for whoever says so has looked. The count of attempts goes on, as outcomes are
    recognised by it."""
    original = letter(connection, number)
    if original is None or not original.dead:
        return False
    body = codec.encode(_once_more(connection, original))
    return connection.execute(queries.LETTER_REDRIVE, (body, now, number)).rowcount == 1


def _once_more(connection: Connection, original: model.Letter) -> model.Effect:
    """The letter as it is sent again: what the platform must not take for the last one has another
    name."""
    if not original.request:
        again = original.deliver.again + (original.state != "unknown")
        return replace(original.deliver, again=again)
    row = connection.execute(queries.LETTER, (original.number,)).fetchone()
    body = codec.decode(codec.effect, row[4])
    if isinstance(body, model.ShowCard):
        body = replace(body, card=None)
    if isinstance(body, model.Say | model.ShowCard):
        first = body.key.partition(":again")[0]
        key = f"{first}:again{original.attempts}"
        return replace(body, key=key)
    return body


# ----------------------------------------------------------------------------- reading


def marks(connection: Connection, source: str, id: str, wanted: Collection[str]) -> frozenset[str]:
    """Those of the marks by which an event of this source and id is on the bus, or a delivery of it
    is still held."""
    matches = set()
    for mark in wanted:
        first = _first({"source": source, "id": id, "type": "", "mark": mark})
        names = (source, id, mark, first, first + BEHIND_ALL)
        if connection.execute(queries.MARK_IS_TAKEN, names).fetchone()[0]:
            matches.add(mark)
    return frozenset(matches)


def _first(named: dict[str, str]) -> str:
    """How the keys of an event's deliveries begin: the rule and the target are the rest."""
    return model.Deliver("", 0, model.ToHttp(""), None, named).key.removesuffix(":0")


def events(
    connection: Connection,
    since: datetime | None,
    types: Collection[str],
    after: int,
    page: int,
) -> Iterator[tuple[int, model.CloudEvent]]:
    """Events with their numbers, oldest first, read in pages; see ``Reader.bus_events``."""
    values = _within(connection, since, types)
    if values is None:
        return
    values["after"] = max(after, values["after"])
    while True:
        rows = connection.execute(queries.BUS_PAGE, {**values, "page": page}).fetchall()
        for seq, body in rows:
            yield seq, codec.decode(codec.event, body)
        if len(rows) < page:
            return
        values["after"] = rows[-1][0]


def _within(
    connection: Connection, since: datetime | None, types: Collection[str]
) -> dict[str, Any] | None:
    """What limits a look at the bus, as the queries take it; None: nothing is as young as that."""
    values: dict[str, Any] = {"since": 0, "after": 0, "types": json.dumps(list(types))}
    if since is None:
        return values
    first = connection.execute(queries.BUS_FIRST_SINCE, (codec.ms(since),)).fetchone()
    return {**values, "since": codec.ms(since), "after": first[0] - 1} if first else None


def newest(
    connection: Connection, since: datetime | None, types: Collection[str], limit: int
) -> tuple[tuple[int, model.CloudEvent], ...]:
    """The newest events with their numbers, newest first."""
    values = _within(connection, since, types)
    if values is None:
        return ()
    rows = connection.execute(queries.BUS_NEWEST, {**values, "limit": limit})
    return tuple((seq, codec.decode(codec.event, body)) for seq, body in rows)


def event(connection: Connection, number: int) -> model.CloudEvent | None:
    row = connection.execute(queries.BUS_EVENT, (number,)).fetchone()
    return codec.decode(codec.event, row[0]) if row else None


def letter(connection: Connection, number: int) -> model.Letter | None:
    """A delivery in any state; None: this effect is none, or there is none."""
    row = connection.execute(queries.LETTER, (number,)).fetchone()
    return _letter(row) if row else None


def letters(connection: Connection, state: str | None, limit: int) -> tuple[model.Letter, ...]:
    """Dead letters, the last tried first; or, of another state, the newest first."""
    if state is None:
        rows = connection.execute(queries.LETTERS_DEAD, (limit,))
    else:
        rows = connection.execute(queries.LETTERS_IN, (state, limit))
    return tuple(map(_letter, rows))


def letters_of(
    connection: Connection, event: model.CloudEvent, limit: int
) -> tuple[model.Letter, ...]:
    """What rules made of an event, as far as it is remembered."""
    named = {"source": event.source, "id": event.id, "type": event.type, "mark": event.mark}
    first = _first(named)
    rows = connection.execute(queries.LETTERS_OF, (first, first + BEHIND_ALL, limit))
    return tuple(map(_letter, rows))


def _letter(row: tuple[Any, ...]) -> model.Letter:
    number, at, state, attempts, body, outcome, tried, kind, request, key = row
    became = codec.decode(codec.outcome, outcome) if outcome else None
    return model.Letter(
        number,
        codec.at(at),
        state,
        attempts,
        codec.decode(codec.deliver, body) if kind == "deliver" else _word(body, kind, key),
        getattr(became, "reason", ""),
        getattr(became, "code", ""),
        codec.at(tried) if tried else None,
        request if kind != "deliver" else 0,
    )


def _word(body: str, kind: str, key: str) -> model.Deliver:
    """How a request ended, as a letter: where it was to go and its title. What it says in full is
    for those alone whom it was meant for."""
    effect = codec.decode(codec.effect, body)
    assert isinstance(effect, model.Say | model.CardEffect)
    shown = effect.message if isinstance(effect, model.Say) else effect.card
    title = shown.title if shown is not None else ""
    place = effect.place
    named = {"source": "countersign", "id": key, "type": kind}
    return model.Deliver("", 0, model.ToThread(), title, named, place)
