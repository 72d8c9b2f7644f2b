"""Searching all requests: the instances of their plans by name, and the query."""

from __future__ import annotations

import json
import re

from bot import model
from bot.store import codec
from bot.store.sql import lookups
from bot.store.sql.connection import Connection

FOREVER = 1 << 62


def note(connection: Connection, loaded: model.Request | None, request: model.Request) -> None:
    """Let a request be found by the instances of its plan, and no longer by those of the last."""
    last, now = _names(loaded), _names(request)
    for name in last - now:
        connection.execute(lookups.INSTANCE_FORGET, (name, request.id))
    for name in now - last:
        connection.execute(lookups.INSTANCE_NOTE, (name, request.id))


def _names(request: model.Request | None) -> frozenset[str]:
    if request is None or request.plan is None:
        return frozenset()
    instances = request.plan.instances
    return frozenset(name.lower() for one in instances for name in (one.id, one.name) if name)


def matches(
    connection: Connection, search: model.Search, limit: int
) -> tuple[tuple[model.Request, ...], int]:
    """The newest ``limit`` requests that are meant, and how many there are in all."""
    values = _values(search)
    rows = connection.execute(lookups.SEARCH, {**values, "limit": limit})
    requests = tuple(codec.decode(codec.request, body) for (body,) in rows)
    if len(requests) < limit:
        return requests, len(requests)
    total: int = connection.execute(lookups.SEARCH_COUNT, values).fetchone()[0]
    return requests, total


def votes(connection: Connection, requests: tuple[model.Request, ...]) -> tuple[model.Vote, ...]:
    """The votes on these requests, in order."""
    numbers = json.dumps([request.id for request in requests])
    rows = connection.execute(lookups.VOTES_OF, (numbers,))
    return tuple(codec.decode(codec.vote, body) for (body,) in rows)


def _values(search: model.Search) -> dict[str, object]:
    name, places = search.on.lower(), search.sight.places if search.sight is not None else ()
    glob = re.sub(r"[\\%_]", r"\\\g<0>", name).replace("*", "%") if "*" in name else ""
    return {
        "person": search.person,
        "command": search.command,
        "instance": "" if glob else name,
        "glob": glob,
        "prefix": name.partition("*")[0] if glob else "",
        "states": json.dumps(search.states),
        "approver": search.approver,
        "since": codec.ms(search.since) if search.since is not None else 0,
        "until": codec.ms(search.until) if search.until is not None else FOREVER,
        "before": search.before or FOREVER,
        "viewer": search.sight.person if search.sight is not None else "",
        "places": json.dumps(["\x1f".join(place) for place in places]),
    }


def columns(request: model.Request) -> tuple[object, ...]:
    """What an update of a request writes beside its body, in the order of the statement."""
    broken_at = codec.ms(request.glass.at) if request.glass is not None else 0
    expires = codec.ms(request.expires_at)
    return request.state.value, request.version, request.card, expires, broken_at


def broken(connection: Connection, since: int, limit: int) -> tuple[model.Request, ...]:
    """Requests that were started by break-glass since then, the last first."""
    rows = connection.execute(lookups.REQUESTS_BROKEN, (since, limit))
    return tuple(codec.decode(codec.request, body) for (body,) in rows)
