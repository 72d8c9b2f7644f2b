"""The PostgreSQL database that the bot keeps its store in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot import config, store
from bot.doctor import lines
from bot.doctor.machine import megabytes
from bot.model import checks, ports

if TYPE_CHECKING:
    from bot.store.postgres.look import Contents, Look

OLDEST = 140000
PER_REPLICA = 5
"""Connections for a replica: one that writes, one that listens, two that read, one for a tool."""


def of(settings: config.Config, clock: ports.Clock) -> tuple[checks.Check, ...]:
    """The checks of the database, one after the other on two connections."""
    mark = settings.mark or store.place_of_mark(settings.database)

    async def look() -> Sequence[checks.Finding]:
        return await asyncio.to_thread(looked, settings, mark, clock.now)

    return (checks.Check("database", look),)


def looked(
    settings: config.Config, mark: Path, now: Callable[[], datetime]
) -> list[checks.Finding]:
    from bot.store.postgres import look as database

    place, url = settings.shown_location, str(settings.location)
    try:
        look = database.look(url, mark, settings.bot.lease, now)
    except store.Unusable as error:
        return [lines.problem("database", "doctor.database.away", reason=str(error))]
    return [*server(place, look), *way(place, look), *rights(look), *contents(place, look)]


def server(place: str, look: Look) -> Iterator[checks.Finding]:
    """The server itself: does it keep what it was given?"""
    if look.server.version < OLDEST:
        yield lines.problem("database", "doctor.database.version", release=look.server.release)
    else:
        facts = {"ms": round(look.seconds * 1000), "apart": f"{abs(look.ahead):.1f}"}
        release = look.server.release
        yield lines.ok("database", "doctor.database.reached", place=place, release=release, **facts)
    if look.server.encoding != "UTF8":
        yield lines.problem("encoding", "doctor.database.encoding", encoding=look.server.encoding)
    for setting, on in (("fsync", look.server.fsync), ("full_page_writes", look.server.full_pages)):
        if not on:
            yield lines.problem("durability", "doctor.database.unsafe", setting=setting)
    if look.server.synchronous == "off":
        facts = {"value": look.server.synchronous, "user": look.server.user}
        yield lines.unsure("durability", "doctor.database.asynchronous", **facts)
    if not look.server.autovacuum:
        yield lines.unsure("autovacuum", "doctor.database.unvacuumed")
    if look.server.standby:
        yield lines.problem("primary", "doctor.database.standby")
    elif look.server.readonly:
        yield lines.problem("primary", "doctor.database.readonly", user=look.server.user)
    if look.standbys:
        waited = [each for each in look.standbys if each.waited_for]
        names = [each.name for each in waited or look.standbys]
        facts = {"names": names, "lag": f"{max(each.lag for each in look.standbys):.1f}"}
        if waited:
            yield lines.ok("standby", "doctor.database.followed", **facts)
        else:
            yield lines.unsure("standby", "doctor.database.behind", **facts)


def way(place: str, look: Look) -> Iterator[checks.Finding]:
    """The way there."""
    if look.distant and not look.encrypted:
        yield lines.problem("tls", "doctor.database.open", place=place)
    else:
        key = "doctor.database.encrypted" if look.encrypted else "doctor.database.local"
        yield lines.ok("tls", key, place=place)
    if look.pooler == "transaction":
        yield lines.problem("pooler", "doctor.database.pooled")
    elif look.pooler:
        yield lines.unsure("pooler", "doctor.database.pooler")
    else:
        yield lines.ok("pooler", "doctor.database.direct")
    if look.server.idle_limit:
        seconds = look.server.idle_limit // 1000
        yield lines.unsure("idle", "doctor.database.idle", seconds=seconds, user=look.server.user)
    if look.room < PER_REPLICA:
        facts = {"left": max(look.room, 0), "least": PER_REPLICA}
        yield lines.problem("connections", "doctor.database.full", **facts)
    else:
        facts = {"left": look.room, "replicas": look.room // PER_REPLICA}
        yield lines.ok("connections", "doctor.database.room", **facts)


def rights(look: Look) -> Iterator[checks.Finding]:
    """May the user make tables, and alter those that are there?"""
    facts = {"user": look.server.user, "schema": look.rights.schema or "public"}
    if look.rights.owner:
        owner = look.rights.owner
        yield lines.problem("rights", "doctor.database.others", user=look.server.user, owner=owner)
    elif look.rights.creates:
        yield lines.ok("rights", "doctor.database.rights", **facts)
    else:
        yield lines.problem("rights", "doctor.database.closed", **facts)


def contents(place: str, look: Look) -> Iterator[checks.Finding]:
    """The store that is in it."""
    held = look.contents
    if held is None:
        if look.server.encoding == "UTF8":
            yield lines.ok("store", "doctor.database.none", place=place)
        return
    if held.state.refusal:
        yield lines.problem("store", "doctor.store.newer", reason=held.state.refusal)
    elif held.bots:
        yield lines.ok("store", "doctor.database.store", **size(look, held), bots=held.bots)
    else:
        yield lines.ok("store", "doctor.database.idle_store", **size(look, held))
    if held.state.pending and not held.state.refusal:
        yield lines.ok("store", "doctor.database.upgrades", count=len(held.state.pending))
    if held.older:
        yield lines.problem("mark", "doctor.mark.older", path=place)
    elif held.unmarked:
        yield lines.unsure("mark", "doctor.mark.none", path=place)


def size(look: Look, held: Contents) -> dict[str, object]:
    return {"requests": held.requests, "size": megabytes(look.server.size)}
