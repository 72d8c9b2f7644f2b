"""The tables, as migrations that sqlite-utils applies and records.

A migration that has shipped is never edited: add the next one. It expands: it adds tables, indexes,
and columns with defaults, so that the release before still reads and writes the store. What is no
longer used is taken away a release later (``CONTRACTS``). Times are whole milliseconds since
1970; bodies are JSON (``bot.store.codec``), and a column stands beside them only where something is
looked up by it.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping

import sqlite_utils
from sqlite_utils.migrations import Migrations

migrations = Migrations("countersign")

_FINAL_1 = "'cancelled', 'expired', 'failed', 'refused', 'rejected', 'succeeded', 'unknown'"
"""The final states as the first migration wrote them."""

_FIRST = f"""
CREATE TABLE events (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    answer TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX events_at ON events (at);

CREATE TABLE requests (
    id INTEGER PRIMARY KEY,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    person TEXT NOT NULL,
    platform TEXT NOT NULL,
    chat TEXT NOT NULL,
    message TEXT NOT NULL,
    form_platform TEXT NOT NULL,
    form_instance TEXT NOT NULL,
    card TEXT NOT NULL,
    card_alias TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX requests_open ON requests (id) WHERE state NOT IN ({_FINAL_1});
CREATE UNIQUE INDEX requests_message ON requests (platform, message) WHERE message <> '';
CREATE UNIQUE INDEX requests_form ON requests (form_platform, form_instance)
    WHERE form_instance <> '';
CREATE INDEX requests_card ON requests (platform, card) WHERE card <> '';
CREATE INDEX requests_card_alias ON requests (platform, card_alias) WHERE card_alias <> '';

CREATE TABLE votes (
    request INTEGER NOT NULL REFERENCES requests (id),
    person TEXT NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (request, person)
) WITHOUT ROWID;

CREATE TABLE steps (
    request INTEGER NOT NULL REFERENCES requests (id),
    idx INTEGER NOT NULL,
    state TEXT NOT NULL,
    engine TEXT NOT NULL,
    region TEXT NOT NULL,
    batch TEXT NOT NULL,
    invocation TEXT NOT NULL,
    since INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (request, idx)
) WITHOUT ROWID;
CREATE INDEX steps_open ON steps (request, idx)
    WHERE state IN ('started', 'running') AND invocation <> '';

CREATE TABLE results (
    request INTEGER NOT NULL REFERENCES requests (id),
    instance TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (request, instance)
) WITHOUT ROWID;

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    lane TEXT NOT NULL,
    request INTEGER NOT NULL,
    kind TEXT NOT NULL,
    bucket TEXT NOT NULL,
    state TEXT NOT NULL,
    doubt INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    claimed_at INTEGER NOT NULL DEFAULT 0,
    settled_at INTEGER NOT NULL DEFAULT 0,
    context TEXT NOT NULL,
    outcome TEXT NOT NULL DEFAULT '',
    body TEXT NOT NULL
);
CREATE INDEX outbox_due ON outbox (bucket, due_at, id) WHERE state = 'queued';
CREATE INDEX outbox_lane ON outbox (lane, id) WHERE state IN ('queued', 'in_flight');
CREATE UNIQUE INDEX outbox_in_flight ON outbox (lane) WHERE state = 'in_flight';
CREATE INDEX outbox_unsent ON outbox (request) WHERE state = 'queued' AND kind = 'start_run';
CREATE INDEX outbox_claimed ON outbox (claimed_at) WHERE claimed_at > 0;

CREATE TABLE timers (
    request INTEGER NOT NULL REFERENCES requests (id),
    kind TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    PRIMARY KEY (request, kind)
) WITHOUT ROWID;
CREATE INDEX timers_due ON timers (due_at, request, kind);

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    request INTEGER NOT NULL,
    facts TEXT NOT NULL,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX audit_request ON audit (request, seq) WHERE request > 0;

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
"""


def _run(db: sqlite_utils.Database, script: str) -> None:
    for statement in script.split(";\n"):
        if statement.strip():
            db.execute(statement)


@migrations()  # type: ignore[untyped-decorator]
def m001_first(db: sqlite_utils.Database) -> None:
    _run(db, _FIRST)
    db.execute("INSERT INTO meta VALUES ('installation', ?)", [secrets.token_hex(6)])
    db.execute("INSERT INTO meta VALUES ('audit.head', '0:')")


_RUNS = """
CREATE TABLE journal (
    request INTEGER NOT NULL REFERENCES requests (id),
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (request, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX journal_started ON journal (request, key) WHERE kind = 'started';
CREATE TABLE sources (
    digest TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    text TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE votes_by_digest (
    request INTEGER NOT NULL REFERENCES requests (id),
    digest TEXT NOT NULL,
    person TEXT NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (request, digest, person)
) WITHOUT ROWID;
INSERT INTO votes_by_digest
    SELECT request, json_extract(body, '$.digest'), person, at, body FROM votes;
DROP TABLE votes;
ALTER TABLE votes_by_digest RENAME TO votes;
DROP INDEX outbox_unsent;
CREATE INDEX outbox_unsent ON outbox (request)
    WHERE state = 'queued' AND kind IN ('start_run', 'run_call');
"""


@migrations()  # type: ignore[untyped-decorator]
def m002_runs(db: sqlite_utils.Database) -> None:
    """Journals of templates' runs, the templates they run, and votes on more than one question."""
    _run(db, _RUNS)


_BUS = """
CREATE TABLE bus (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    subject TEXT NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (source, id)
);
CREATE INDEX bus_at ON bus (at);
ALTER TABLE outbox ADD COLUMN forgiven INTEGER NOT NULL DEFAULT 0;
CREATE INDEX outbox_dead ON outbox (settled_at, id)
    WHERE kind = 'deliver' AND state IN ('refused', 'unknown');
"""


@migrations()  # type: ignore[untyped-decorator]
def m003_bus(db: sqlite_utils.Database) -> None:
    """The events that rules are asked about, and the letters that could not be delivered."""
    _run(db, _BUS)


_FINAL_4 = (
    "'cancelled', 'expired', 'failed', 'not_started', 'refused', 'rejected', 'succeeded', 'unknown'"
)


@migrations()  # type: ignore[untyped-decorator]
def m004_not_started(db: sqlite_utils.Database) -> None:
    """One more final state: approved, and refused at the moment when it would have started."""
    db.execute("DROP INDEX requests_open")
    db.execute(f"CREATE INDEX requests_open ON requests (id) WHERE state NOT IN ({_FINAL_4})")


_ATTEMPTS = """
ALTER TABLE outbox ADD COLUMN first_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN doubt_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN parts TEXT NOT NULL DEFAULT '';
UPDATE outbox SET first_at = claimed_at, doubt_at = CASE doubt WHEN 0 THEN 0 ELSE claimed_at END
    WHERE claimed_at > 0;
CREATE INDEX outbox_parts ON outbox (lane) WHERE parts <> '';
"""


@migrations()  # type: ignore[untyped-decorator]
def m005_attempts(db: sqlite_utils.Database) -> None:
    """What adapters have to know of earlier tries: since when, and which parts are done."""
    _run(db, _ATTEMPTS)


_ASKING = f"""
ALTER TABLE requests ADD COLUMN command TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN likeness TEXT NOT NULL DEFAULT '';
UPDATE requests SET command = json_extract(body, '$.command') WHERE state NOT IN ({_FINAL_4});
CREATE INDEX requests_open_person ON requests (person, id) WHERE state NOT IN ({_FINAL_4});
CREATE INDEX requests_open_command ON requests (command, id) WHERE state NOT IN ({_FINAL_4});
CREATE INDEX requests_open_likeness ON requests (likeness, id)
    WHERE likeness <> '' AND state NOT IN ({_FINAL_4});
"""


@migrations()  # type: ignore[untyped-decorator]
def m006_asking(db: sqlite_utils.Database) -> None:
    """How many requests of a person or a command are open, and which of them ask for the same."""
    _run(db, _ASKING)


_UNTOLD = """
ALTER TABLE outbox ADD COLUMN untold INTEGER NOT NULL DEFAULT 0;
DROP INDEX outbox_dead;
CREATE INDEX outbox_dead ON outbox (settled_at, id)
    WHERE (kind = 'deliver' OR untold = 1) AND state IN ('refused', 'unknown');
CREATE INDEX outbox_unsaid ON outbox (id)
    WHERE kind IN ('say', 'show_card', 'update_card') AND state IN ('refused', 'unknown');
"""


@migrations()  # type: ignore[untyped-decorator]
def m007_untold(db: sqlite_utils.Database) -> None:
    """How a request ended is a dead letter, too, where nobody could be told."""
    _run(db, _UNTOLD)


_FORMS = """
CREATE TABLE form_links (
    platform TEXT NOT NULL,
    original TEXT NOT NULL,
    instance TEXT NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (platform, original, instance)
) WITHOUT ROWID;
"""


@migrations()  # type: ignore[untyped-decorator]
def m008_form_links(db: sqlite_utils.Database) -> None:
    """OA forms that revoke or modify another."""
    db.execute(_FORMS.strip().removesuffix(";"))


_MARKS = """
CREATE TABLE bus_marked (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    mark TEXT NOT NULL DEFAULT '',
    type TEXT NOT NULL,
    subject TEXT NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (source, id, mark)
);
INSERT INTO bus_marked (seq, source, id, type, subject, at, body)
    SELECT seq, source, id, type, subject, at, body FROM bus;
DELETE FROM sqlite_sequence WHERE name = 'bus_marked';
INSERT INTO sqlite_sequence (name, seq)
    SELECT 'bus_marked', seq FROM sqlite_sequence WHERE name = 'bus';
DROP TABLE bus;
ALTER TABLE bus_marked RENAME TO bus;
CREATE INDEX bus_at ON bus (at);
"""


@migrations()  # type: ignore[untyped-decorator]
def m009_marks(db: sqlite_utils.Database) -> None:
    """Events of the same source and id, by different senders or with different contents."""
    _run(db, _MARKS)


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
    _run(db, _ASKS)


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
    _run(db, _TEXTS)


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
    _run(db, _SEARCH)


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
    _run(db, _REPLICAS)


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
    _run(db, _CONFIGURATION)


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
    _run(db, _CALLS)


@migrations()  # type: ignore[untyped-decorator]
def m018_unreached(db: sqlite_utils.Database) -> None:
    """Which platforms a replica does not reach, as JSON: since when (milliseconds), by name."""
    db.execute("ALTER TABLE replicas ADD COLUMN unreached TEXT NOT NULL DEFAULT ''")


CONTRACTS: Mapping[str, str] = {"m002_runs": "0.0.0", "m009_marks": "0.0.0"}
"""Migrations that take something away, each with the release whose code was the first to do without
it, which must be an earlier one. (Those of 0.0.0 are from before this rule.)"""
OLDEST = "m011_undrawn"
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
