"""Removing the texts of what ended long ago, a bite at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from pydantic import TypeAdapter

from bot import model
from bot.store import codec, port, removal
from bot.store.sql import lookups, queries, statements
from bot.store.sql.connection import Connection

T = TypeVar("T")


def ended(
    connection: Connection, before: int, after: port.Kept, bite: int
) -> tuple[list[model.Request], port.Kept | None]:
    """Requests that ended before ``before`` (milliseconds) and still have their texts, among the
    next ``bite`` behind ``after``; and where to go on (None: all were looked at)."""
    rows = connection.execute(statements.REQUESTS_KEPT, (before, *after, bite)).fetchall()
    busy = {number for (number,) in connection.execute(statements.REQUESTS_BUSY)}
    requests = [codec.decode(codec.request, body) for *_, body in rows]
    chosen = [
        request
        for request in requests
        if request.state.final
        and request.id not in busy
        and codec.ms(request.ended_at or request.expires_at) < before
    ]
    return chosen, (rows[-1][0], rows[-1][1]) if len(rows) == bite else None


def strip(connection: Connection, request: model.Request, why: str, now: int) -> int:
    """Remove the texts of one request that has ended; returns how many audit entries lost some."""
    body = codec.encode(removal.stripped(request, why))
    connection.execute(statements.REQUEST_STRIP, (body, now, request.id))
    rewrite(connection, statements.VOTES_KEPT, request.id, codec.vote, removal.vote)
    rewrite(connection, statements.STEPS_KEPT, request.id, codec.step, removal.step)
    rewrite(connection, statements.RESULTS_KEPT, request.id, codec.result, removal.result)
    for query in (queries.JOURNAL_DELETE, statements.LETTERS_DELETE):
        connection.execute(query, (request.id,))
    return connection.execute(statements.TEXTS_DELETE_OF_REQUEST, (request.id,)).rowcount


def rewrite(
    connection: Connection,
    table: statements.Bodies,
    request: int,
    adapter: TypeAdapter[T],
    change: Callable[[T], T],
) -> None:
    """Change the bodies of the rows that a request has in a table."""
    for *key, body in connection.execute(table.select, (request,)).fetchall():
        old = codec.decode(adapter, body)
        new = change(old)
        if new != old:
            connection.execute(table.update, (codec.encode(new), request, *key))


def texts_of_nothing(
    connection: Connection, before: int, after: int, bite: int
) -> tuple[list[int], int | None]:
    """Remove texts of audit entries that are about no request, as of what was refused at once, or
    about one that has lost its texts already, and standing approvals that have been over since;
    returns the entries, and the one to go on from (None: all were looked at)."""
    rows = connection.execute(statements.TEXTS_PAGE, (after, bite)).fetchall()
    old = [seq for seq, at, alone in rows if at < before and alone]
    connection.execute(lookups.STANDING_PRUNE, (before,))
    connection.executemany(statements.TEXTS_DELETE, [(seq,) for seq in old])
    on = len(rows) == bite and rows[-1][1] < before
    return old, rows[-1][0] if on else None


def ranges(numbers: Sequence[int]) -> str:
    """Numbers in words: "1-3, 7"."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and number == parts[-1][-1] + 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return ", ".join("-".join(map(str, part)) for part in parts)
