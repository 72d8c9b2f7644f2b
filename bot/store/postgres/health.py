"""Who works on a database, and how it is, looked at from outside."""

from __future__ import annotations

import contextlib
import time

from bot.store.postgres import schema
from bot.store.postgres.connection import Connection, Lost
from bot.store.postgres.server import NAME, READING

REPLICAS = """
SELECT name FROM replicas WHERE state = 'living' AND
    seen_at > (EXTRACT(epoch FROM clock_timestamp()) - ?) * 1000
ORDER BY id
"""
SESSIONS = """
SELECT COALESCE(host(client_addr), 'socket') || ', process ' || pid || ' of the server'
FROM pg_stat_activity
WHERE datname = current_database() AND application_name = ? AND pid <> pg_backend_pid()
ORDER BY pid
"""

GRACE = 1.0
"""Seconds for which the server may know a session whose client has ended."""


def living(connection: Connection, lease: float) -> list[str]:
    """The bots that work on a database: replicas that gave a sign of life within the ``lease``, in
    seconds, or else the sessions of those that write."""
    if "m015_replicas" in schema.applied(connection):
        names = [str(name) for (name,) in connection.execute(REPLICAS, (lease,))]
        if names:
            return names
    end = time.monotonic() + GRACE
    while names := sessions(connection):
        if time.monotonic() > end:
            return names
        time.sleep(GRACE / 20)
    return []


def sessions(connection: Connection) -> list[str]:
    connection.script("SELECT pg_stat_clear_snapshot()")
    return [str(name) for (name,) in connection.execute(SESSIONS, (NAME,))]


def in_use(url: str, lease: float) -> bool:
    """Does a bot work on a database? False, too, where it cannot be reached."""
    with contextlib.suppress(Lost):
        connection = Connection(url, f"{NAME} reader", READING)
        with contextlib.closing(connection):
            return bool(living(connection, lease))
    return False
