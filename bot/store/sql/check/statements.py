"""The SQL statements of the examination, by name."""

from __future__ import annotations

from bot.store.sql.queries import FINAL

TABLES = (
    "requests", "votes", "steps", "results", "journal", "sources", "outbox", "timers", "events",
    "bus", "form_links", "asks", "usage", "request_instances", "audit", "audit_texts", "meta",
    "configuration", "calls", "freezes", "locks", "calendars", "standing", "absences",
)  # fmt: skip
COUNTS = {table: f"SELECT COUNT(*) FROM {table}" for table in TABLES}

# ----------------------------------------------------------------------------- bodies

REQUESTS = """
SELECT id, state, version, person, platform, chat, card, created_at, expires_at, removed_at > 0,
    glass_at, body
FROM requests ORDER BY id
"""
VOTES = "SELECT request, digest, person, at, body FROM votes ORDER BY request"
STEPS = "SELECT request, idx, state, invocation, body FROM steps ORDER BY request, idx"
RESULTS = "SELECT request, instance, body FROM results ORDER BY request"
OUTBOX = "SELECT id, kind, body, context, outcome, parts FROM outbox ORDER BY id"
BUS = "SELECT seq, source, id, type, body FROM bus ORDER BY seq"
LINKS = "SELECT platform, original, instance, body FROM form_links"
CALENDARS = "SELECT rota, body FROM calendars"
ANSWERS = "SELECT id, answer FROM events WHERE answer <> ''"
JOURNAL = "SELECT request, seq, kind, key, body FROM journal ORDER BY request, seq"
SOURCES = "SELECT digest, text FROM sources"

# ----------------------------------------------------------------------------- the audit log

NAMED = """
SELECT MIN(seq), request FROM audit
WHERE request > 0 AND NOT EXISTS (SELECT 1 FROM requests WHERE requests.id = audit.request)
GROUP BY request
"""
UNNAMED = """
SELECT id FROM requests
WHERE NOT EXISTS (SELECT 1 FROM audit WHERE audit.request = requests.id AND audit.request > 0)
"""
DEEDS = """
SELECT at, actor, action, request, facts FROM audit
WHERE action IN (
    'vote.cast', 'standing.used', 'request.approved', 'breakglass.used', 'execution.found',
    'person.forgotten', 'texts.removed'
)
ORDER BY seq
"""
BALLOTS = """
SELECT request, digest, person, json_extract(body, '$.approve') FROM votes WHERE json_valid(body)
"""
APPROVED = """
SELECT id, json_extract(body, '$.digest'), json_extract(body, '$.approved_at'),
    json_extract(body, '$.started_at'), json_extract(body, '$.glass')
FROM requests WHERE json_valid(body) ORDER BY id
"""
RAN = """
SELECT request FROM steps WHERE invocation <> ''
UNION SELECT request FROM journal
UNION SELECT request FROM outbox
    WHERE kind IN ('start_run', 'run_call', 'tell_run')
    AND (claimed_at > 0 OR state IN ('queued', 'in_flight'))
"""
REMOVED = """
SELECT id FROM requests
WHERE removed_at > 0 OR (json_valid(body) AND json_extract(body, '$.removed') <> '')
"""
STRAYS = """
SELECT seq FROM audit_texts WHERE NOT EXISTS (SELECT 1 FROM audit WHERE audit.seq = audit_texts.seq)
"""

FREEZES = "SELECT request, until, lifted_at, scope FROM freezes ORDER BY request"
FREEZES_OF_RECORD = """
SELECT action, request, facts FROM audit WHERE action IN ('freeze.begun', 'freeze.lifted')
ORDER BY seq
"""

# ----------------------------------------------------------------------------- effects and ends

_ENDED = "('done', 'refused', 'unknown', 'dropped')"
EFFECTS = {
    "has the state {0}, which there is not": f"""
SELECT id, state FROM outbox WHERE state NOT IN ('queued', 'in_flight') AND state NOT IN {_ENDED}
""",
    "is in flight, and nobody claimed it": """
SELECT id FROM outbox WHERE state = 'in_flight' AND (claimed_at = 0 OR attempts = 0)
""",
    "has ended as {0}, and nobody knows when": f"""
SELECT id, state FROM outbox WHERE state IN {_ENDED} AND settled_at = 0
""",
    "has ended as {0} without an outcome": f"""
SELECT id, state FROM outbox WHERE state IN {_ENDED} AND state <> 'dropped' AND outcome = ''
""",
    "is of request {0}, which is not there": """
SELECT id, request FROM outbox
WHERE request > 0 AND NOT EXISTS (SELECT 1 FROM requests WHERE requests.id = outbox.request)
""",
}
"""Effects that cannot be as they are: the sentence, and their numbers with what it tells."""
LANES = """
SELECT lane, MIN(id), COUNT(*) FROM outbox WHERE state = 'in_flight' GROUP BY lane
HAVING COUNT(*) > 1
"""
OVERTAKEN = """
SELECT o.lane, o.id, p.id FROM outbox AS o JOIN outbox AS p
    ON p.lane = o.lane AND p.id < o.id AND p.state IN ('queued', 'in_flight')
WHERE o.state = 'in_flight'
"""
ENDLESS = f"""
SELECT id, state FROM requests AS r WHERE state NOT IN ({FINAL})
AND NOT EXISTS (SELECT 1 FROM timers WHERE timers.request = r.id
    AND kind NOT IN ('remind', 'ballot', 'progress'))
AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.request = r.id
    AND outbox.state IN ('queued', 'in_flight')
    AND kind NOT IN ('say', 'show_card', 'update_card', 'recall'))
AND NOT EXISTS (SELECT 1 FROM steps WHERE steps.request = r.id
    AND steps.state IN ('started', 'held', 'running') AND steps.invocation <> '')
AND NOT EXISTS (SELECT 1 FROM locks WHERE locks.request = r.id AND locks.state = 'waiting')
AND json_valid(body) AND json_extract(body, '$.ballot') IS NULL
AND COALESCE(json_extract(body, '$.hold'), '') = ''
"""
"""Open requests that no timer, effect, step, question or lock of another one ends."""
LOCKS = {
    "is held by request {0}, which is {1}": """
SELECT l.name, l.request, r.state FROM locks AS l JOIN requests AS r ON r.id = l.request
WHERE l.state = 'held' AND r.state NOT IN ('approved', 'running', 'waiting')
""",
    "is waited for by request {0}, which is {1}": """
SELECT l.name, l.request, r.state FROM locks AS l JOIN requests AS r ON r.id = l.request
WHERE l.state = 'waiting' AND r.state <> 'approved'
""",
    "is held exclusively by {0} requests": """
SELECT name, COUNT(*) FROM locks WHERE state = 'held' AND exclusive = 1
GROUP BY name HAVING COUNT(*) > 1
""",
    "is waited for by request {0}, which nothing starts": """
SELECT MIN(w.name), w.request FROM locks AS w WHERE w.state = 'waiting'
AND NOT EXISTS (SELECT 1 FROM timers AS t WHERE t.request = w.request AND t.kind = 'opening')
AND NOT EXISTS (SELECT 1 FROM locks AS m JOIN locks AS o ON o.name = m.name
    WHERE m.request = w.request AND m.state = 'waiting' AND o.request <> m.request
    AND (o.state = 'held'
        OR o.since < m.since OR (o.since = m.since AND o.request < m.request)))
GROUP BY w.request
""",
}
"""Locks that cannot be as they are: the sentence, and their names with what it tells."""
SEQUENCES = """
SELECT 'audit', COALESCE(MAX(seq), 0), (SELECT seq FROM sqlite_sequence WHERE name = 'audit')
FROM audit
UNION ALL
SELECT 'bus', COALESCE(MAX(seq), 0), (SELECT seq FROM sqlite_sequence WHERE name = 'bus') FROM bus
"""
META = "SELECT name, value FROM meta"
