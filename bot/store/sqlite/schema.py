"""The tables, as migrations that sqlite-utils applies and records.

A migration that has shipped is never edited: add the next one. It expands: it adds tables, indexes,
and columns with defaults, so that the release before still reads and writes the store. What is no
longer used is taken away a release later (``CONTRACTS``). Times are whole milliseconds since
1970; bodies are JSON (``bot.store.codec``), and a column stands beside them only where something is
looked up by it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

import sqlite_utils

from bot.store.sqlite.first_schema import migrations as migrations
from bot.store.sqlite.first_schema import run

_ASKS = """
CREATE TABLE asks (
    person TEXT NOT NULL,
    at INTEGER NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (person, at, event)
) WITHOUT ROWID;
CREATE INDEX asks_at ON asks (at);
"""


@migrations()  # type: ignore[untyped-decorator]
def m010_asks(db: sqlite_utils.Database) -> None:
    """How often somebody asked of late, whichever process took it."""
    run(db, _ASKS)


@migrations()  # type: ignore[untyped-decorator]
def m011_undrawn(db: sqlite_utils.Database) -> None:
    """A card in the outbox may not be drawn yet."""


_USAGE = """
CREATE TABLE usage (
    platform TEXT NOT NULL,
    month TEXT NOT NULL,
    kind TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (platform, month, kind)
) WITHOUT ROWID;
"""


@migrations()  # type: ignore[untyped-decorator]
def m012_usage(db: sqlite_utils.Database) -> None:
    """What was used of each platform in each month, by the kind of count."""
    db.execute(_USAGE.strip().removesuffix(";"))


_TEXTS = """
CREATE TABLE audit_texts (
    seq INTEGER PRIMARY KEY,
    salt TEXT NOT NULL,
    facts TEXT NOT NULL
);
ALTER TABLE requests ADD COLUMN removed_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX requests_kept ON requests (created_at, id) WHERE removed_at = 0;
"""


@migrations()  # type: ignore[untyped-decorator]
def m013_texts(db: sqlite_utils.Database) -> None:
    """What may be removed one day: texts of audit entries, and which requests have lost theirs."""
    run(db, _TEXTS)


_SEARCH = """
CREATE TABLE request_instances (
    instance TEXT NOT NULL,
    request INTEGER NOT NULL,
    PRIMARY KEY (instance, request)
) WITHOUT ROWID;
INSERT OR IGNORE INTO request_instances
    SELECT lower(json_extract(one.value, '$.id')), r.id
    FROM requests AS r, json_each(r.body, '$.plan.instances') AS one;
INSERT OR IGNORE INTO request_instances
    SELECT lower(json_extract(one.value, '$.name')), r.id
    FROM requests AS r, json_each(r.body, '$.plan.instances') AS one
    WHERE json_extract(one.value, '$.name') <> '';
UPDATE requests SET command = json_extract(body, '$.command') WHERE command = '';
CREATE INDEX requests_search ON requests (created_at, id, person, command, state, platform, chat);
CREATE INDEX votes_of_person ON votes (person, json_extract(body, '$.approve'), request);
"""


@migrations()  # type: ignore[untyped-decorator]
def m014_search(db: sqlite_utils.Database) -> None:
    """All requests are found by who asked for what, where, when, and by who approved it."""
    run(db, _SEARCH)


_REPLICAS = """
ALTER TABLE outbox ADD COLUMN owner INTEGER NOT NULL DEFAULT 0;
CREATE TABLE replicas (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    release TEXT NOT NULL,
    schema TEXT NOT NULL,
    digest TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL,
    joined_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
);
"""


@migrations()  # type: ignore[untyped-decorator]
def m015_replicas(db: sqlite_utils.Database) -> None:
    """Which processes work on the store, and which of them has an effect in flight."""
    run(db, _REPLICAS)


_CONFIGURATION = """
CREATE TABLE configuration (
    id INTEGER PRIMARY KEY,
    digests TEXT NOT NULL
);
INSERT INTO configuration SELECT 1, value FROM meta WHERE name = 'configuration';
DELETE FROM meta WHERE name = 'configuration';
"""


@migrations()  # type: ignore[untyped-decorator]
def m016_configuration(db: sqlite_utils.Database) -> None:
    """The digests of a large configuration stand apart: SQLite reads a long row of ``meta`` as a
    whole for each row that it looks for, and every transaction looks for some."""
    run(db, _CONFIGURATION)


_CALLS = """
CREATE TABLE calls (
    effect INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    number INTEGER NOT NULL,
    bucket TEXT NOT NULL,
    owner INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    PRIMARY KEY (effect, attempt, number)
) WITHOUT ROWID;
CREATE INDEX calls_ended ON calls (ended_at);
"""


@migrations()  # type: ignore[untyped-decorator]
def m017_calls(db: sqlite_utils.Database) -> None:
    """The calls of effects of which the outbox knows no more: those of earlier tries, and of a try
    that makes several all but the last."""
    run(db, _CALLS)


@migrations()  # type: ignore[untyped-decorator]
def m018_unreached(db: sqlite_utils.Database) -> None:
    """Which platforms a replica does not reach, as JSON: since when (milliseconds), by name."""
    db.execute("ALTER TABLE replicas ADD COLUMN unreached TEXT NOT NULL DEFAULT ''")


_FREEZES = """
CREATE TABLE freezes (
    request INTEGER PRIMARY KEY,
    until INTEGER NOT NULL,
    lifted_at INTEGER NOT NULL,
    scope TEXT NOT NULL
);
CREATE INDEX freezes_until ON freezes (until);
"""


@migrations()  # type: ignore[untyped-decorator]
def m019_freezes(db: sqlite_utils.Database) -> None:
    """The freezes that people asked for, by the number of the request; ``scope``: the names of
    groups, and patterns of commands, as JSON. ``lifted_at`` 0: it was not."""
    run(db, _FREEZES)


REPORTED = """
CREATE INDEX audit_reported ON audit (action, at, request)
    WHERE action = 'request.approved' OR action = 'request.rejected' OR action = 'request.expired'
    OR action = 'request.reminded' OR action = 'vote.cast' OR substr(action, 1, 11) = 'breakglass.';
"""


@migrations()  # type: ignore[untyped-decorator]
def m020_reported(db: sqlite_utils.Database) -> None:
    """What reports count of the audit log is found by what it is and when it was."""
    run(db, REPORTED)


_LOCKS = """
CREATE TABLE locks (
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    request INTEGER NOT NULL REFERENCES requests (id),
    exclusive INTEGER NOT NULL,
    since INTEGER NOT NULL,
    state TEXT NOT NULL,
    freed_at INTEGER NOT NULL,
    PRIMARY KEY (name, request)
) WITHOUT ROWID;
CREATE UNIQUE INDEX locks_exclusive ON locks (name) WHERE exclusive = 1 AND state = 'held';
CREATE INDEX locks_request ON locks (request);
CREATE INDEX locks_waiting ON locks (name, request) WHERE state = 'waiting';
"""


@migrations()  # type: ignore[untyped-decorator]
def m021_locks(db: sqlite_utils.Database) -> None:
    """Which request has an instance or a resource, and which ones wait for it. Older code would end
    a run and leave its locks."""
    run(db, _LOCKS)


_GLASS = """
ALTER TABLE requests ADD COLUMN glass_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX requests_glass ON requests (glass_at, id) WHERE glass_at > 0;
"""


@migrations()  # type: ignore[untyped-decorator]
def m022_glass(db: sqlite_utils.Database) -> None:
    """Which requests were started by break-glass, and when."""
    run(db, _GLASS)


@migrations()  # type: ignore[untyped-decorator]
def m023_calendars(db: sqlite_utils.Database) -> None:
    """What is kept of the calendars of those who are on call."""
    db.execute("CREATE TABLE calendars (rota TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID")


_STANDING = """
CREATE TABLE standing (
    request INTEGER PRIMARY KEY REFERENCES requests (id),
    command TEXT NOT NULL,
    until INTEGER NOT NULL,
    uses INTEGER NOT NULL,
    most INTEGER NOT NULL,
    revoked_by TEXT NOT NULL,
    bounds TEXT NOT NULL
);
CREATE INDEX standing_command ON standing (command, until) WHERE revoked_by = '';
"""


@migrations()  # type: ignore[untyped-decorator]
def m024_standing(db: sqlite_utils.Database) -> None:
    """Standing approvals, by the request by which each was asked for. Older code would not count
    their votes."""
    run(db, _STANDING)


_ABSENCES = """
CREATE TABLE absences (
    person TEXT PRIMARY KEY,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    delegate TEXT NOT NULL
) WITHOUT ROWID;
"""


@migrations()  # type: ignore[untyped-decorator]
def m025_absences(db: sqlite_utils.Database) -> None:
    """Who is away, and who stands in for them ("": nobody). A vote says on whose behalf it was
    cast; older code does not count it for those."""
    run(db, _ABSENCES)


CONTRACTS: Mapping[str, str] = {"m002_runs": "0.0.0", "m009_marks": "0.0.0"}
"""Migrations that take something away, each with the release whose code was the first to do without
it, which must be an earlier one. (Those of 0.0.0 are from before this rule.)"""
OLDEST = "m025_absences"
"""The oldest schema whose code may still write what this code writes. Whoever changes what older
code would misread, break or write wrongly (a table, or the body of a row) names the schema of that
change here; where no table changes, a migration that does nothing gives it a name. What older code
can live with leaves it as it is."""


def names() -> tuple[str, ...]:
    """The migrations that this release knows, in order."""
    return tuple(one.name for one in migrations.pending(sqlite_utils.Database(memory=True)))


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a store up to date. Every migration is one transaction, recorded with its name."""
    migrations.apply(sqlite_utils.Database(connection))
