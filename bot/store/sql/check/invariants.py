"""What effects, open requests and counters must be, whatever has happened."""

from __future__ import annotations

from collections.abc import Iterator

from bot.store.sql.check import statements
from bot.store.sql.check.finding import Finding
from bot.store.sql.connection import Connection

NUMBERS = ("requests.floor", "clock.seen", "clock.shift", "restored")
"""Names in meta whose values are whole numbers."""


def findings(connection: Connection) -> Iterator[Finding]:
    for part in PARTS:
        yield from part(connection)


def effects(connection: Connection) -> Iterator[Finding]:
    for sentence, query in statements.EFFECTS.items():
        for number, *facts in connection.execute(query):
            yield Finding("effect", f"effect {number}", sentence.format(*facts))


def lanes(connection: Connection) -> Iterator[Finding]:
    """One effect of a lane is under way at a time, and it is the oldest that has not ended."""
    for lane, number, count in connection.execute(statements.LANES):
        yield Finding("lane", f"lane {lane}", f"{count} effects are in flight, {number} the first")
    for lane, number, older in connection.execute(statements.OVERTAKEN):
        yield Finding("lane", f"lane {lane}", f"effect {number} left before {older}")


def ends(connection: Connection) -> Iterator[Finding]:
    for number, state in connection.execute(statements.ENDLESS):
        detail = f"is {state}, and no timer, call or question ends it"
        yield Finding("end", f"request {number}", detail)


def locks(connection: Connection) -> Iterator[Finding]:
    """Only what runs, or is about to, holds anything, and nothing waits for nobody."""
    for sentence, query in statements.LOCKS.items():
        for name, *facts in connection.execute(query):
            yield Finding("lock", f"lock {name}", sentence.format(*facts))


def counters(connection: Connection) -> Iterator[Finding]:
    """A number that was given out is not given out again."""
    for table, highest, counter in connection.execute(statements.SEQUENCES):
        if highest > (counter or 0):
            detail = f"numbers go on from {counter}, and {highest} is there"
            yield Finding("counter", table, detail)


def names(connection: Connection) -> Iterator[Finding]:
    """What the store notes of itself."""
    meta = dict(connection.execute(statements.META).fetchall())
    if not meta.get("installation"):
        yield Finding("counter", "meta installation", "is not there")
    for name in NUMBERS:
        if name in meta and not str(meta[name]).lstrip("-").isdecimal():
            yield Finding("counter", f"meta {name}", f"is {meta[name]!r}, which is no number")


PARTS = (effects, lanes, ends, locks, counters, names)
