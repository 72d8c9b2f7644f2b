"""Locks: the rows of those that are held and of those that are waited for, and their statements.

A request loses its locks in the transaction that ends it, and those that wait for them become due
in the same one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from bot import model
from bot.store import codec
from bot.store.sql.connection import Connection
from bot.store.sql.queries import FINAL

COLUMNS = "l.name, l.label, l.request, l.exclusive, l.since, l.state, l.freed_at"
_OPEN = f"FROM locks AS l JOIN requests AS r ON r.id = l.request AND r.state NOT IN ({FINAL})"
LOCKS_OF = f"SELECT {COLUMNS} FROM locks AS l WHERE l.request = ? ORDER BY l.name"
LOCKS_ON = f"""
SELECT {COLUMNS} {_OPEN}
WHERE l.name IN (SELECT value FROM json_each(?)) AND l.request <> ?
ORDER BY l.state, l.since, l.request, l.name LIMIT ?
"""
LOCKS_ALL = f"SELECT {COLUMNS} {_OPEN} ORDER BY l.state, l.since, l.request, l.name LIMIT ?"
LOCKS_COUNT = f"SELECT COUNT(*) {_OPEN}"
LOCK_PUT = """
INSERT INTO locks (name, label, request, exclusive, since, state, freed_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (name, request) DO UPDATE SET label = excluded.label, exclusive = excluded.exclusive,
    since = excluded.since, state = excluded.state, freed_at = excluded.freed_at
"""
LOCKS_DROP = """
DELETE FROM locks WHERE request = ? AND name IN (SELECT value FROM json_each(?))
"""
LOCKS_FREED = """
UPDATE locks SET freed_at = ?
WHERE state = 'waiting' AND name IN (SELECT value FROM json_each(?))
"""
LOCKS_DUE = """
INSERT INTO timers (request, kind, due_at)
SELECT DISTINCT request, 'opening', CAST(? AS BIGINT) FROM locks
WHERE state = 'waiting' AND name IN (SELECT value FROM json_each(?))
ON CONFLICT (request, kind) DO UPDATE SET due_at = excluded.due_at
"""
LOCKS_ALL_DUE = """
INSERT INTO timers (request, kind, due_at)
SELECT DISTINCT request, 'opening', CAST(? AS BIGINT) FROM locks WHERE state = 'waiting'
ON CONFLICT (request, kind) DO UPDATE SET due_at = excluded.due_at
"""


def of(connection: Connection, request: int) -> tuple[model.Lock, ...]:
    """What a request holds or waits for."""
    return tuple(map(_lock, connection.execute(LOCKS_OF, (request,))))


def on(
    connection: Connection, names: Sequence[str], apart: int, limit: int
) -> tuple[model.Lock, ...]:
    """What requests other than ``apart`` hold of these, and then what they wait for, the first in
    the queue first; of requests that have not ended."""
    values = (json.dumps(list(names)), apart, limit)
    return tuple(map(_lock, connection.execute(LOCKS_ON, values)))


def newest(connection: Connection, limit: int) -> tuple[model.Lock, ...]:
    """All that is held, the longest first, and then all that is waited for."""
    return tuple(map(_lock, connection.execute(LOCKS_ALL, (limit,))))


def _lock(row: tuple[Any, ...]) -> model.Lock:
    name, label, request, exclusive, since, state, freed = row
    freed_at = codec.at(freed) if freed else None
    return model.Lock(name, label, request, bool(exclusive), codec.at(since), state, freed_at)


def replace(connection: Connection, request: int, locks: Iterable[model.Lock], now: int) -> bool:
    """Let these be all that a request holds or waits for. True: others became due by that."""
    before = {one.name: one for one in of(connection, request)}
    wanted = {one.name: one for one in locks}
    gone = [name for name in before if name not in wanted]
    if gone:
        connection.execute(LOCKS_DROP, (request, json.dumps(gone)))
    changed = [_row(one) for name, one in wanted.items() if before.get(name) != one]
    if changed:
        connection.executemany(LOCK_PUT, changed)
    return _free(connection, gone, now)


def _row(one: model.Lock) -> tuple[Any, ...]:
    freed = codec.ms(one.freed_at) if one.freed_at is not None else 0
    values = (one.name, one.label, one.request, int(one.exclusive), codec.ms(one.since))
    return (*values, one.state, freed)


def release(connection: Connection, request: int, now: int, waiting: bool = False) -> bool:
    """Let a request hold nothing and wait for nothing; with ``waiting``: wait for nothing. True:
    others became due by that."""
    before = of(connection, request)
    kept = [one for one in before if waiting and one.state == "held"]
    return bool(before) and replace(connection, request, kept, now)


def all_due(connection: Connection, now: int) -> None:
    """Let all that wait be judged anew at once."""
    connection.execute(LOCKS_ALL_DUE, (now,))


def _free(connection: Connection, names: Sequence[str], now: int) -> bool:
    """Note that these were let go, and let those who wait for one be judged anew at once. False:
    nobody waits."""
    if not names:
        return False
    text = json.dumps(list(names))
    if connection.execute(LOCKS_FREED, (now, text)).rowcount < 1:
        return False
    connection.execute(LOCKS_DUE, (now, text))
    return True
