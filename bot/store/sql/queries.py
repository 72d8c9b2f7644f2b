"""Every SQL statement, by name. Nothing else holds SQL but ``bot.store.sql.schema``,
``calendars``, ``lookups``, ``limits`` and ``statements`` beside it, and ``bot.store.sql.check``."""

from __future__ import annotations

from bot import model
from bot.model import SPARE

FINAL = ", ".join(f"'{state.value}'" for state in sorted(model.FINAL))
"""The final states as an SQL list. A partial index serves a query only if both spell it alike."""

# ----------------------------------------------------------------------------- transactions

BEGIN = "BEGIN IMMEDIATE"
BEGIN_READING = "BEGIN"
COMMIT = "COMMIT"
ROLLBACK = "ROLLBACK"
SAVEPOINT = "SAVEPOINT job"
RELEASE = "RELEASE job"
ROLLBACK_TO = "ROLLBACK TO job"

NUMBERS = """
SELECT (SELECT MAX(id) FROM requests), (SELECT value FROM meta WHERE name = 'requests.floor'),
    (SELECT MAX(seq) FROM audit), (SELECT hash FROM audit ORDER BY seq DESC LIMIT 1),
    (SELECT seq FROM sqlite_sequence WHERE name = 'audit'),
    (SELECT value FROM meta WHERE name = 'clock.shift'),
    (SELECT value FROM meta WHERE name = 'moved'),
    (SELECT value FROM meta WHERE name = 'configuration.digest')
"""
"""What a transaction has to know of those before it; NULL: there is none."""

# ----------------------------------------------------------------------------- events

EVENT_ANSWER = "SELECT answer FROM events WHERE id = ?"
EVENT_LAST = "SELECT MAX(at) FROM events"
EVENT_INSERT = """
INSERT INTO events (id, kind, at, answer) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
"""

ASKS_COUNT = "SELECT COUNT(*) FROM asks WHERE person = ? AND at > ?"
ASKS_FORGET = "DELETE FROM asks WHERE at <= ?"
ASK_INSERT = """
INSERT INTO asks (person, at, event) VALUES (?, ?, ?) ON CONFLICT (person, at, event) DO NOTHING
"""

# ----------------------------------------------------------------------------- requests

REQUEST_LAST = "SELECT COALESCE(MAX(id), 0) FROM requests"
REQUEST_BY_ID = "SELECT body FROM requests WHERE id = ?"
REQUEST_BY_CARD = "SELECT body FROM requests WHERE platform = ? AND card = ? AND card <> ''"
REQUEST_BY_ALIAS = (
    "SELECT body FROM requests WHERE platform = ? AND card_alias = ? AND card_alias <> ''"
)
REQUEST_BY_MESSAGE = (
    "SELECT body FROM requests WHERE platform = ? AND message = ? AND message <> ''"
)
REQUEST_BY_FORM = """
SELECT body FROM requests
WHERE form_platform = ? AND form_instance = ? AND form_instance <> ''
"""
FORM_LINKS = """
SELECT body FROM form_links WHERE platform = ? AND original = ? ORDER BY at, instance
"""
FORM_LINK_PUT = """
INSERT INTO form_links (platform, original, instance, at, body) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (platform, original, instance) DO UPDATE SET body = excluded.body
"""
REQUEST_INSERT = """
INSERT INTO requests (id, state, version, person, platform, chat, message, form_platform,
    form_instance, card, created_at, expires_at, body, command, likeness)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
REQUEST_UPDATE = """
UPDATE requests SET state = ?, version = ?, card = ?, expires_at = ?, glass_at = ?, body = ?
WHERE id = ? AND state = ? AND version = ?
"""
REQUEST_SET_CARD = "UPDATE requests SET card = ?, card_alias = ?, body = ? WHERE id = ?"
REQUEST_CARD = "SELECT card FROM requests WHERE id = ?"
REQUESTS_OPEN = f"SELECT body FROM requests WHERE state NOT IN ({FINAL}) ORDER BY id LIMIT ?"
REQUESTS_ALL_OPEN = f"SELECT body FROM requests WHERE state NOT IN ({FINAL}) ORDER BY id"
REQUESTS_OPEN_OF_PERSON = (
    f"SELECT id FROM requests WHERE person = ?1 AND state NOT IN ({FINAL}) AND EXISTS ("
    f"SELECT 1 FROM requests WHERE person = ?1 AND state NOT IN ({FINAL}) LIMIT 1 OFFSET ?2 - 1) "
    "ORDER BY id LIMIT ?3"
)
COMMAND_HAS_OPEN = (
    f"SELECT 1 FROM requests WHERE command = ? AND state NOT IN ({FINAL}) LIMIT 1 OFFSET ? - 1"
)
REQUEST_ALIKE = (
    f"SELECT MIN(id) FROM requests WHERE likeness = ? AND likeness <> '' AND state NOT IN ({FINAL})"
)
REQUESTS_RECENT = "SELECT body FROM requests ORDER BY id DESC LIMIT ?"
REQUEST_COUNTS_OPEN = (
    f"SELECT state, COUNT(*) FROM requests WHERE state NOT IN ({FINAL}) GROUP BY state"
)

# ----------------------------------------------------------------------------- votes and runs

VOTES = "SELECT body FROM votes WHERE request = ? ORDER BY at, person"
VOTES_OPEN = f"""
SELECT body FROM votes WHERE request IN
    (SELECT id FROM requests WHERE state NOT IN ({FINAL}) ORDER BY id LIMIT ?)
ORDER BY at, person
"""
VOTE_INSERT = "INSERT INTO votes (request, digest, person, at, body) VALUES (?, ?, ?, ?, ?)"
STEPS = "SELECT body FROM steps WHERE request = ? ORDER BY idx"
STEP_PUT = """
INSERT INTO steps (request, idx, state, engine, region, batch, invocation, since, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (request, idx) DO UPDATE SET
    since = CASE WHEN steps.invocation = excluded.invocation THEN steps.since
        ELSE excluded.since END,
    state = excluded.state, region = excluded.region, batch = excluded.batch,
    invocation = excluded.invocation, body = excluded.body
"""
STEPS_OPEN = """
SELECT engine, since, body FROM steps
WHERE state IN ('started', 'running') AND invocation <> '' AND (request, idx) > (?, ?)
ORDER BY request, idx LIMIT ?
"""
STEP_COUNTS_OPEN = """
SELECT engine, state, COUNT(*) FROM steps
WHERE state IN ('started', 'running') AND invocation <> '' GROUP BY 1, 2
"""
STEP_OPEN = """
SELECT 1 FROM steps WHERE state IN ('started', 'running') AND invocation <> '' AND invocation = ?
"""
RESULTS = "SELECT body FROM results WHERE request = ? ORDER BY instance"
RESULT_PUT = """
INSERT INTO results (request, instance, body) VALUES (?, ?, ?)
ON CONFLICT (request, instance) DO UPDATE SET body = excluded.body
"""

JOURNAL_COUNT = "SELECT COALESCE(MAX(seq), 0) FROM journal WHERE request = ?"
JOURNAL = "SELECT seq, body FROM journal WHERE request = ? AND seq > ? ORDER BY seq"
JOURNAL_INSERT = "INSERT INTO journal (request, seq, kind, key, body) VALUES (?, ?, ?, ?, ?)"
SOURCE = "SELECT text FROM sources WHERE digest = ?"
SOURCE_INSERT = (
    "INSERT INTO sources (digest, at, text) VALUES (?, ?, ?) ON CONFLICT (digest) DO NOTHING"
)

# ----------------------------------------------------------------------------- outbox

EFFECT_INSERT = """
INSERT INTO outbox
(key, lane, request, kind, bucket, state, doubt, due_at, created_at, context, body)
VALUES (?, ?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?)
ON CONFLICT (key) DO NOTHING RETURNING id
"""
EFFECTS_UNSENT = """
SELECT key FROM outbox
WHERE request = ? AND state = 'queued' AND kind IN ('start_run', 'run_call') AND doubt = 0
"""
EFFECTS_SENT = """
SELECT body FROM outbox
WHERE request = ? AND kind IN ('start_run', 'run_call', 'tell_run') AND claimed_at > 0
AND NOT (doubt = 0 AND state IN ('queued', 'dropped'))
AND NOT (state = 'refused' AND json_extract(outcome, '$.code') = 'not_authorised')
AND id NOT IN (SELECT CAST(value AS BIGINT) FROM json_each(?))
"""
EFFECTS_REPLACE = """
UPDATE outbox SET state = 'dropped', settled_at = ?
WHERE lane = ? AND state IN ('queued', 'in_flight') AND state = 'queued' AND kind = 'update_card'
    AND id < ?
"""
"""Both states are named as the index of lanes names them: without that, SQLite reads every row."""
EFFECT_DROP = """
UPDATE outbox SET state = 'dropped', settled_at = ?
WHERE key = ? AND state = 'queued' AND doubt = 0
"""
EFFECT = """
SELECT id, key, lane, request, attempts, body, context, state, created_at, forgiven, bucket,
    doubt
FROM outbox WHERE id = ?
"""
EFFECT_SETTLE = """
UPDATE outbox SET state = ?, outcome = ?, settled_at = ?
WHERE id = ? AND state IN ('queued', 'in_flight')
"""
EFFECT_AGAIN = """
UPDATE outbox SET state = 'queued', due_at = ?, outcome = ?, settled_at = ?,
    doubt = MAX(doubt, ?),
    doubt_at = CASE WHEN ? = 1 AND doubt_at = 0 THEN claimed_at ELSE doubt_at END
WHERE id = ? AND state IN ('queued', 'in_flight')
"""
EFFECTS_RECOVER = """
UPDATE outbox SET state = 'queued', doubt = 1,
    doubt_at = CASE WHEN doubt_at = 0 THEN claimed_at ELSE doubt_at END
WHERE state = 'in_flight'
"""
EFFECTS_ORPHANED = """
UPDATE outbox SET state = 'queued', doubt = 1,
    doubt_at = CASE WHEN doubt_at = 0 THEN claimed_at ELSE doubt_at END
WHERE state = 'in_flight' AND owner NOT IN (SELECT id FROM replicas WHERE state = 'living')
"""
EFFECT_KNOWN = "SELECT 1 FROM outbox WHERE key IN (?, ?)"
EFFECT_PARTS = "SELECT parts FROM outbox WHERE lane = ? AND parts <> '' ORDER BY id"
EFFECT_NOTE = """
UPDATE outbox SET doubt = 0, doubt_at = 0,
    parts = json_patch(CASE parts WHEN '' THEN '{}' ELSE parts END, json_object(?, ?))
WHERE id = ? AND attempts = ? AND state = 'in_flight'
"""
BUCKETS = """
WITH RECURSIVE each (bucket) AS (
    SELECT MIN(bucket) FROM outbox WHERE state = 'queued'
    UNION ALL
    SELECT (SELECT MIN(bucket) FROM outbox WHERE state = 'queued' AND bucket > each.bucket)
    FROM each WHERE each.bucket IS NOT NULL
)
SELECT bucket FROM each WHERE bucket IS NOT NULL
"""
EFFECTS_DUE = """
SELECT id, due_at, attempts FROM outbox AS o
WHERE bucket = ? AND state = 'queued' AND due_at <= ? AND NOT EXISTS (
    SELECT 1 FROM outbox AS p
    WHERE p.lane = o.lane AND p.id < o.id AND p.state IN ('queued', 'in_flight')
)
ORDER BY due_at, id LIMIT ?
"""
EFFECT_NEXT_DUE = (
    "SELECT MIN(due_at) FROM outbox WHERE bucket = ? AND state = 'queued' AND due_at > ?"
)
EFFECT_CLAIM = """
UPDATE outbox SET state = 'in_flight', attempts = attempts + 1, claimed_at = ?1, owner = ?3,
    first_at = CASE WHEN first_at = 0 THEN ?1 ELSE first_at END
WHERE id = ?2 AND state = 'queued'
RETURNING id, key, lane, request, attempts, body, context, doubt, bucket, first_at, doubt_at
"""
EFFECT_SPARED = """
UPDATE outbox SET state = 'dropped', settled_at = ? WHERE id = ? AND state = 'in_flight'
"""
EFFECT_NEEDED = f"""
UPDATE outbox SET context = '{{}}' WHERE id = ?1 AND EXISTS (
    SELECT 1 FROM outbox WHERE lane = ?2 AND state IN ('queued', 'in_flight') AND state = 'queued'
        AND kind = 'update_card' AND id < ?1 AND json_extract(context, '$.{SPARE}') IS NULL
)
"""
EFFECT_KEEP = "UPDATE outbox SET body = ? WHERE id = ? AND state = 'in_flight'"
EFFECT_COUNTS = """
SELECT state, COUNT(*) FROM outbox WHERE state IN ('queued', 'in_flight')
AND NOT (kind = 'fetch_form' AND state = 'queued' AND attempts = 0 AND due_at > created_at)
GROUP BY 1
"""

EFFECT_QUEUES = """
SELECT kind, bucket, state, COUNT(*), MIN(due_at) FROM outbox
WHERE state IN ('queued', 'in_flight') GROUP BY 1, 2, 3
"""

# ----------------------------------------------------------------------------- replicas

REPLICA_JOIN = """
INSERT INTO replicas (name, release, schema, digest, state, joined_at, seen_at)
VALUES (?, ?, ?, ?, 'living', ?, ?) RETURNING id
"""
REPLICA_SEEN = """
UPDATE replicas SET seen_at = ?, digest = ?, unreached = ? WHERE id = ? AND state = 'living'
"""
REPLICA_LIVES = "SELECT 1 FROM replicas WHERE id = ? AND state = 'living'"
REPLICAS_LIVING = """
SELECT MIN(id), MIN(CASE WHEN id = ? THEN NULL ELSE seen_at END) FROM replicas
WHERE state = 'living'
"""
REPLICA_LEAVES = """
UPDATE replicas SET state = 'left', seen_at = ? WHERE id = ? AND state = 'living'
"""
REPLICAS_SILENT = """
UPDATE replicas SET state = 'dead'
WHERE state = 'living' AND (seen_at < ? OR seen_at > ?) RETURNING name
"""
COMMITS_FORGET = "DELETE FROM meta WHERE name >= 'commit:' AND name < 'commit;' AND value < ?"
REPLICAS_FORGET = "DELETE FROM replicas WHERE state <> 'living' AND seen_at < ?"
REPLICAS = """
SELECT id, name, release, schema, digest, state, joined_at, seen_at, unreached
FROM replicas ORDER BY id
"""

# ----------------------------------------------------------------------------- bus and letters

BUS_INSERT = """
INSERT INTO bus (source, id, mark, type, subject, at, body) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (source, id, mark) DO NOTHING
"""
MARK_IS_TAKEN = """
SELECT EXISTS (SELECT 1 FROM bus WHERE source = ? AND id = ? AND mark = ?)
    OR EXISTS (SELECT 1 FROM outbox WHERE kind = 'deliver' AND key >= ? AND key < ?)
"""
BUS_FIRST_SINCE = "SELECT seq FROM bus WHERE at >= ? ORDER BY at, seq LIMIT 1"
_OF_TYPES = "(:types = '[]' OR type IN (SELECT value FROM json_each(:types)))"
BUS_PAGE = f"""
SELECT seq, body FROM bus
WHERE seq > :after AND at >= :since AND {_OF_TYPES} ORDER BY seq LIMIT :page
"""
BUS_NEWEST = f"""
SELECT seq, body FROM bus
WHERE seq > :after AND at >= :since AND {_OF_TYPES} ORDER BY seq DESC LIMIT :limit
"""
BUS_EVENT = "SELECT body FROM bus WHERE seq = ?"
BUS_COUNT = "SELECT COUNT(*) FROM bus"
_IS_LETTER = "(kind = 'deliver' OR untold = 1)"
DEAD = f"{_IS_LETTER} AND state IN ('refused', 'unknown')"
_LETTER = """
SELECT id, created_at, state, attempts, body, outcome, claimed_at, kind, request, key FROM outbox
"""
LETTER = f"{_LETTER} WHERE id = ? AND {_IS_LETTER}"
EFFECT_UNTOLD = "UPDATE outbox SET untold = 1 WHERE id = ?"
UNSAID = """
SELECT (SELECT COUNT(*) FROM outbox WHERE kind IN ('say', 'show_card', 'update_card')
        AND state IN ('refused', 'unknown'))
    + (SELECT COUNT(*) FROM outbox WHERE state = 'queued' AND attempts > 0)
"""
LETTERS_DEAD = f"{_LETTER} WHERE {DEAD} ORDER BY settled_at DESC, id DESC LIMIT ?"
LETTERS_COUNT_DEAD = f"SELECT COUNT(*) FROM outbox WHERE {DEAD}"
LETTERS_IN = f"{_LETTER} WHERE {_IS_LETTER} AND state = ? ORDER BY id DESC LIMIT ?"
LETTERS_OF = f"""
{_LETTER} WHERE kind = 'deliver' AND key >= ? AND key < ? ORDER BY key LIMIT ?
"""
LETTER_COUNTS = f"SELECT state, COUNT(*) FROM outbox WHERE {DEAD} GROUP BY state"
LETTER_REDRIVE = """
UPDATE outbox
SET body = ?, state = 'queued', doubt = 0, doubt_at = 0, forgiven = attempts, due_at = ?,
    outcome = ''
WHERE id = ? AND (kind = 'deliver' OR untold = 1)
    AND state IN ('refused', 'unknown', 'dropped')
"""

# ----------------------------------------------------------------------------- usage

USAGE_ADD = """
INSERT INTO usage (platform, month, kind, count) VALUES (?, ?, ?, ?)
ON CONFLICT (platform, month, kind) DO UPDATE SET count = usage.count + excluded.count
"""
USAGE = "SELECT kind, count FROM usage WHERE platform = ? AND month = ?"
USAGE_MONTHS = "SELECT platform, month, kind, count FROM usage ORDER BY month, platform, kind"

# ----------------------------------------------------------------------------- timers

TIMER_PUT = """
INSERT INTO timers (request, kind, due_at) VALUES (?, ?, ?)
ON CONFLICT (request, kind) DO UPDATE SET due_at = excluded.due_at
"""
TIMER_KEEP = """
INSERT INTO timers (request, kind, due_at) VALUES (?, ?, ?) ON CONFLICT (request, kind) DO NOTHING
"""
TIMER_CLEAR = "DELETE FROM timers WHERE request = ? AND kind = ?"
TIMER_TAKE = "DELETE FROM timers WHERE request = ? AND kind = ? AND due_at <= ?"
TIMERS_DUE = """
SELECT request, kind, due_at FROM timers
WHERE due_at <= ? AND (due_at, request, kind) > (?, ?, ?)
ORDER BY due_at, request, kind LIMIT ?
"""
TIMER_NEXT = "SELECT MIN(due_at) FROM timers"
OPENINGS = """
SELECT body FROM requests WHERE id IN (SELECT request FROM timers WHERE kind = 'opening')
"""
OPENING_DUE = "UPDATE timers SET due_at = ? WHERE request = ? AND kind = 'opening' AND due_at > ?"

# ----------------------------------------------------------------------------- audit and meta

AUDIT_LAST = "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1"
AUDIT_RESTORED = "SELECT facts FROM audit WHERE action = 'store.restored' ORDER BY seq DESC LIMIT 1"
AUDIT_HASH = "SELECT hash FROM audit WHERE seq = ?"
AUDIT_INSERT = """
INSERT INTO audit (seq, at, actor, action, request, facts, prev, hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
AUDIT_TEXTS_INSERT = "INSERT INTO audit_texts (seq, salt, facts) VALUES (?, ?, ?)"
_ENTRY = """
SELECT a.seq, a.at, a.actor, a.action, a.request, a.facts, a.prev, a.hash, t.salt, t.facts
FROM audit AS a LEFT JOIN audit_texts AS t ON t.seq = a.seq
"""
AUDIT_PAGE = f"{_ENTRY} WHERE a.seq > ? ORDER BY a.seq LIMIT ?"
AUDIT_PAGE_OLD = """
SELECT seq, at, actor, action, request, facts, prev, hash, NULL, NULL FROM audit
WHERE seq > ? ORDER BY seq LIMIT ?
"""
"""The same in a store of before, where no text stood apart."""
HAS_TEXTS = "SELECT 1 FROM sqlite_master WHERE name = 'audit_texts'"
AUDIT_COUNT = "SELECT COUNT(*) FROM audit"
AUDIT_COUNT_OF_REQUEST = "SELECT COUNT(*) FROM audit WHERE request = ? AND request > 0"
REQUESTS_COUNT_OPEN = f"SELECT COUNT(*) FROM requests WHERE state NOT IN ({FINAL})"
REQUESTS_COUNT = "SELECT COUNT(*) FROM requests"
AUDIT_NEWEST = f"{_ENTRY} ORDER BY a.seq DESC LIMIT ?"
AUDIT_OF_REQUEST = f"{_ENTRY} WHERE a.request = ? AND a.request > 0 ORDER BY a.seq DESC LIMIT ?"
AUDIT_SEQUENCE = "SELECT seq FROM sqlite_sequence WHERE name = 'audit'"
REQUEST_FLOOR, RESTORED = "requests.floor", "restored"
"""Names in meta: the number above which requests are numbered; the moment of the last restore,
until people were told of it."""
KEY = "key"
"""Name in meta: a fingerprint of the key of the installation."""
OLDEST_SCHEMA, OLDEST_RELEASE = "schema.oldest", "release.oldest"
"""Names in meta: the oldest schema whose code may write the store, and the release it came with."""
MOVED = "moved"
"""Name in meta: where the store was copied to, and when. It is not written any more."""
META_DROP = "DELETE FROM meta WHERE name = ?"
META = "SELECT value FROM meta WHERE name = ?"
AUDIT_HEAD_PUT = """
INSERT INTO meta (name, value) VALUES ('audit.head', ?1)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""
META_PUT = (
    "INSERT INTO meta (name, value) VALUES (?, ?)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
FORMER_CONFIGURATION = "configuration"
"""Name in meta where releases without the table of that name note it. It is newer than the table,
for whatever writes the table removes it."""
CONFIGURATION_DIGEST = "configuration.digest"
"""Name in meta: the digest of what is noted of it."""
CONFIGURATION = """
SELECT value, 0 AS place FROM meta WHERE name = 'configuration'
UNION ALL SELECT digests, 1 FROM configuration ORDER BY place LIMIT 1
"""
CONFIGURATION_PUT = """
INSERT INTO configuration (id, digests) VALUES (1, ?)
ON CONFLICT (id) DO UPDATE SET digests = excluded.digests
"""

# ----------------------------------------------------------------------------- the clock

CLOCK_OUTBOX = """
UPDATE outbox SET due_at = due_at + ?1, created_at = created_at + ?1,
    claimed_at = CASE claimed_at WHEN 0 THEN 0 ELSE claimed_at + ?1 END,
    first_at = CASE first_at WHEN 0 THEN 0 ELSE first_at + ?1 END,
    doubt_at = CASE doubt_at WHEN 0 THEN 0 ELSE doubt_at + ?1 END,
    settled_at = CASE settled_at WHEN 0 THEN 0 ELSE settled_at + ?1 END
WHERE state IN ('queued', 'in_flight')
"""
CLOCK_TIMERS = "UPDATE timers SET due_at = due_at + ?"
PROMISED = "('expire', 'remind', 'ballot', 'ballot_expires', 'opening')"
"""Timers of moments that people were told: they may come earlier than told, and never later."""
CLOCK_TIMERS_FORWARD = f"{CLOCK_TIMERS} WHERE kind NOT IN {PROMISED}"
CLOCK_ASKS = "UPDATE asks SET at = at + ?"
CLOCK_STEPS = """
UPDATE steps SET since = since + ? WHERE state IN ('started', 'running') AND invocation <> ''
"""
STAMPS_SAID = """
SELECT DISTINCT json_extract(context, '$.final') FROM outbox
WHERE context LIKE '%"final":%' AND json_extract(context, '$.final') <> ''
"""
AUDIT_LAST_AT = "SELECT at FROM audit ORDER BY seq DESC LIMIT 1"

# ----------------------------------------------------------------------------- pruning

_OUTSIDE = "(id >= 'in:' AND id < 'in;')"
"""What names an event from outside, and what came by it."""
EVENTS_PRUNE = f"""
DELETE FROM events WHERE id IN (
    SELECT id FROM events WHERE at < MAX(:before, :outside)
    AND at < CASE WHEN {_OUTSIDE} THEN :outside ELSE :before END ORDER BY at LIMIT :bite
)
"""
BUS_PRUNE = (
    "DELETE FROM bus WHERE seq IN (SELECT seq FROM bus WHERE at < ? ORDER BY at, seq LIMIT ?)"
)
OUTBOX_PRUNE = f"""
DELETE FROM outbox WHERE id IN (
    SELECT o.id FROM outbox AS o LEFT JOIN requests AS r ON r.id = o.request
    WHERE o.id > ? AND o.id <= ? AND o.created_at < ? AND o.id < (SELECT MAX(id) FROM outbox)
    AND o.state NOT IN ('queued', 'in_flight')
    AND NOT (
        (o.kind = 'deliver' OR o.untold = 1) AND o.state IN ('refused', 'unknown')
        AND o.settled_at >= ?
    )
    AND (r.id IS NULL OR r.state IN ({FINAL}))
)
"""
OUTBOX_NEXT = "SELECT id, created_at FROM outbox WHERE id > ? ORDER BY id LIMIT 1"
JOURNALS_OLD = f"""
WITH RECURSIVE each (id) AS (
    SELECT MIN(request) FROM journal
    UNION ALL
    SELECT (SELECT MIN(request) FROM journal WHERE request > each.id)
    FROM each JOIN requests AS r ON r.id = each.id WHERE r.created_at < ?1
)
SELECT r.id FROM each JOIN requests AS r ON r.id = each.id
WHERE r.created_at < ?1 AND r.state IN ({FINAL}) LIMIT ?2
"""
JOURNAL_DELETE = "DELETE FROM journal WHERE request = ?"

# ----------------------------------------------------------------------------- copies

STARTS_OPEN = (
    "SELECT id, body FROM outbox WHERE kind = 'start_run' AND state IN ('queued', 'in_flight')"
)
START_IN_DOUBT = """
UPDATE outbox SET body = ?, state = 'queued', doubt = 1, due_at = ?,
    doubt_at = CASE WHEN doubt_at = 0 THEN ? ELSE doubt_at END
WHERE id = ?
"""
