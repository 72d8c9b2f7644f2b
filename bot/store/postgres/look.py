"""What a doctor asks a database: how it is reached, what it may lose, and who may do what in it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from bot.source.database import shown
from bot.source.values import of_this_machine
from bot.store import highwater
from bot.store.port import Unusable
from bot.store.postgres import health, schema, server
from bot.store.postgres.connection import Connection, Fault
from bot.store.sql import queries, takeover
from bot.store.sql.versions import State

LIMITS = (("statement_timeout", "10s"),)
SETTINGS = """
SELECT current_setting('server_version_num')::int, current_setting('server_version'),
    current_setting('server_encoding'), current_setting('synchronous_commit'),
    current_setting('fsync') = 'on', current_setting('full_page_writes') = 'on',
    current_setting('autovacuum') = 'on', current_setting('default_transaction_read_only') = 'on',
    pg_is_in_recovery(), EXTRACT(epoch FROM clock_timestamp())::float8, current_user,
    (SELECT setting::int FROM pg_settings WHERE name = 'idle_session_timeout'),
    pg_database_size(current_database())
"""
RIGHTS = """
SELECT COALESCE(current_schema(), ''),
    COALESCE(has_schema_privilege(current_schema(), 'CREATE'), false),
    COALESCE((SELECT pg_get_userbyid(relowner) FROM pg_class
        WHERE oid = to_regclass('requests') AND NOT pg_has_role(relowner, 'USAGE')), '')
"""
ROOM = """
SELECT least(
    current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int
        - (SELECT COUNT(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
    (SELECT CASE WHEN rolconnlimit < 0 THEN 1000000 ELSE rolconnlimit
        - (SELECT COUNT(*) FROM pg_stat_activity WHERE usename = current_user) END
        FROM pg_roles WHERE rolname = current_user),
    (SELECT CASE WHEN datconnlimit < 0 THEN 1000000 ELSE datconnlimit
        - (SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()) END
        FROM pg_database WHERE datname = current_database())
)::int
"""
STANDBYS = """
SELECT COALESCE(NULLIF(application_name, ''), host(client_addr), 'standby'),
    COALESCE(sync_state, ''), COALESCE(EXTRACT(epoch FROM replay_lag), 0)::float8
FROM pg_stat_replication ORDER BY 1
"""
PROCESS = "SELECT pg_backend_pid()"


@dataclass(frozen=True, slots=True)
class Standby:
    """A server that follows. ``waited_for``: a commit is told only when it has it, too. ``lag``:
    seconds by which it is behind."""

    name: str
    waited_for: bool
    lag: float


@dataclass(frozen=True, slots=True)
class Contents:
    """A store in a database. ``bots`` are at work on it; ``older`` and ``unmarked`` as in
    ``sqlite.health.Health``."""

    state: State
    requests: int
    bots: tuple[str, ...]
    older: bool
    unmarked: bool


@dataclass(frozen=True, slots=True)
class Server:
    """What a server says of itself, and of a session of this user. ``clock``: seconds since 1970;
    ``idle_limit``: milliseconds after which it ends a session that says nothing (0: never);
    ``size``: bytes of the database."""

    version: int
    release: str
    encoding: str
    synchronous: str
    fsync: bool
    full_pages: bool
    autovacuum: bool
    readonly: bool
    standby: bool
    clock: float
    user: str
    idle_limit: int
    size: int


@dataclass(frozen=True, slots=True)
class Rights:
    """``schema``: where tables are made; ``creates``: this user may; ``owner``: whose the tables
    are that this user may not alter ("": none are)."""

    schema: str
    creates: bool
    owner: str


@dataclass(frozen=True, slots=True)
class Look:
    """What a database says. ``seconds``: from the wish to connect to the first answer; ``ahead``:
    its clock is so many seconds ahead of this machine's; ``room``: connections that this user may
    still open; ``distant`` and ``encrypted`` are of the way there; ``pooler``: how what stands in
    between hands out sessions of the server; ``contents`` is None where there is no store yet."""

    server: Server
    rights: Rights
    seconds: float
    ahead: float
    room: int
    standbys: tuple[Standby, ...]
    distant: bool
    encrypted: bool
    pooler: Literal["", "session", "transaction"]
    contents: Contents | None


def look(url: str, mark: Path | None, lease: float, now: Callable[[], datetime]) -> Look:
    """Look at a database, without a write. ``mark``: the file of the high-water mark; ``lease``:
    seconds after which a replica that gave no sign of life is dead. Raises Unusable."""
    begun = time.monotonic()
    try:
        with contextlib.ExitStack() as open_:
            first = open_.enter_context(contextlib.closing(connected(url)))
            before = now()
            said = Server(*first.execute(SETTINGS).fetchone())
            middle = (before.timestamp() + now().timestamp()) / 2
            seconds = time.monotonic() - begun
            second = open_.enter_context(contextlib.closing(connected(url)))
            return Look(
                said,
                Rights(*first.execute(RIGHTS).fetchone()),
                seconds,
                said.clock - middle,
                first.execute(ROOM).fetchone()[0],
                standbys(first),
                is_distant(first),
                first.encrypted,
                pooler(first, second),
                contents(first, mark, lease) if said.encoding == "UTF8" else None,
            )
    except Fault as fault:
        raise Unusable(f"{shown(url)}: {str(fault).partition(chr(10))[0]}") from fault


def connected(url: str) -> Connection:
    return Connection(url, f"{server.NAME} doctor", LIMITS)


def is_distant(connection: Connection) -> bool:
    """Does the way there leave this machine?"""
    host = connection.host
    return bool(host) and not host.startswith(("/", "@")) and not of_this_machine(host)


def pooler(first: Connection, second: Connection) -> Literal["", "session", "transaction"]:
    """What stands between: a server that two connections share at the same time is proof of a
    pooler that hands it out anew for each transaction; another process than the one that answered
    at the beginning, of some pooler."""
    one, two = process(first), process(second)
    if one == two or process(first) != one:
        return "transaction"
    return "" if one == first.process else "session"


def process(connection: Connection) -> int:
    number: int = connection.execute(PROCESS).fetchone()[0]
    return number


def standbys(connection: Connection) -> tuple[Standby, ...]:
    rows = connection.execute(STANDBYS)
    return tuple(Standby(name, state in ("sync", "quorum"), lag) for name, state, lag in rows)


def contents(connection: Connection, mark: Path | None, lease: float) -> Contents | None:
    if not schema.applied(connection):
        return None
    held = takeover.contents_of(connection)
    noted = highwater.read(mark) if mark is not None else None
    older = False
    if noted is not None and noted.seq > 0:
        row = connection.execute(queries.AUDIT_HASH, (noted.seq,)).fetchone()
        lacks = row is None or row[0] != noted.hash
        older = lacks and not takeover.is_known(connection, noted)
    return Contents(
        server.state(connection),
        held.last_request,
        tuple(health.living(connection, lease)),
        older,
        unmarked=mark is not None and noted is None and held.seq > 0,
    )
