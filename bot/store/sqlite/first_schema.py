"""The first migrations of the tables, up to the ninth; those after them stand in ``schema``."""

from __future__ import annotations

import secrets

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


def run(db: sqlite_utils.Database, script: str) -> None:
    """The statements of a script, one by one: a script of SQLite's own would commit before."""
    for statement in script.split(";\n"):
        if statement.strip():
            db.execute(statement)


@migrations()  # type: ignore[untyped-decorator]
def m001_first(db: sqlite_utils.Database) -> None:
    run(db, _FIRST)
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
    run(db, _RUNS)


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
    run(db, _BUS)


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
    run(db, _ATTEMPTS)


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
    run(db, _ASKING)


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
    run(db, _UNTOLD)


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
    run(db, _MARKS)
