"""The SQL statements by which texts are removed, by name."""

from __future__ import annotations

from dataclasses import dataclass

from bot.store.sql.queries import DEAD, FINAL


@dataclass(frozen=True, slots=True)
class Bodies:
    """A table whose rows belong to a request: ``select`` gives their keys and bodies, ``update``
    takes a body, the request and the keys."""

    select: str
    update: str


REQUESTS_KEPT = """
SELECT created_at, id, body FROM requests
WHERE removed_at = 0 AND created_at < ? AND (created_at, id) > (?, ?)
ORDER BY created_at, id LIMIT ?
"""
REQUESTS_BUSY = "SELECT DISTINCT request FROM outbox WHERE state IN ('queued', 'in_flight')"
REQUEST_STRIP = f"""
UPDATE requests SET body = ?, removed_at = ?, likeness = '' WHERE id = ? AND state IN ({FINAL})
"""
VOTES_KEPT = Bodies(
    "SELECT digest, person, body FROM votes WHERE request = ?",
    "UPDATE votes SET body = ? WHERE request = ? AND digest = ? AND person = ?",
)
STEPS_KEPT = Bodies(
    "SELECT idx, body FROM steps WHERE request = ?",
    "UPDATE steps SET body = ? WHERE request = ? AND idx = ?",
)
RESULTS_KEPT = Bodies(
    "SELECT instance, body FROM results WHERE request = ?",
    "UPDATE results SET body = ? WHERE request = ? AND instance = ?",
)
LETTERS_DELETE = f"DELETE FROM outbox WHERE {DEAD} AND request = ?"
TEXTS_PAGE = """
SELECT t.seq, a.at, a.request = 0
    OR COALESCE((SELECT r.removed_at FROM requests AS r WHERE r.id = a.request), 0) > 0
FROM audit_texts AS t JOIN audit AS a ON a.seq = t.seq
WHERE t.seq > ? ORDER BY t.seq LIMIT ?
"""
TEXTS_DELETE = "DELETE FROM audit_texts WHERE seq = ?"
TEXTS_DELETE_OF_REQUEST = """
DELETE FROM audit_texts WHERE seq IN (SELECT seq FROM audit WHERE request = ? AND request > 0)
"""
# ----------------------------------------------------------------------------- forgetting a person

REQUESTS_ALL = "SELECT body FROM requests ORDER BY id"
VOTES_OF_PERSON = "SELECT body FROM votes WHERE person = ?"
VOTES_IN_PLACE = """
SELECT body FROM votes WHERE body LIKE '%"on_behalf":%' ORDER BY request, digest, person
"""
"""The votes that were cast in somebody else's place."""
ABSENCES_OF = "SELECT COUNT(*) FROM absences WHERE person = ? OR delegate = ?"
ABSENCES_FORGET = "DELETE FROM absences WHERE person = ?"
STAND_INS_FORGET = "UPDATE absences SET delegate = '' WHERE delegate = ?"
VOTE_FORGET = """
UPDATE votes SET person = ?, body = ? WHERE request = ? AND digest = ? AND person = ?
"""
REQUEST_FORGET = f"""
UPDATE requests SET person = ?, chat = ?, body = ? WHERE id = ? AND state IN ({FINAL})
"""
TEXTS_OF_ACTOR = (
    "SELECT COUNT(*) FROM audit_texts AS t JOIN audit AS a USING (seq) WHERE a.actor = ?"
)
TEXTS_DELETE_OF_ACTOR = """
DELETE FROM audit_texts WHERE seq IN (SELECT seq FROM audit WHERE actor = ?)
"""
ASKS_DELETE = "DELETE FROM asks WHERE person = ?"
ENTRIES_OF_ACTOR = "SELECT COUNT(*) FROM audit WHERE actor = ?"
PSEUDONYM = """
SELECT json_extract(facts, '$.pseudonym') FROM audit
WHERE action = 'person.forgotten' AND json_extract(facts, '$.person') = ? ORDER BY seq LIMIT 1
"""
SENT_OF_REQUEST = """
SELECT COUNT(*) FROM outbox WHERE request IN (SELECT CAST(value AS BIGINT) FROM json_each(?))
"""
EVENTS_DELETE = """
DELETE FROM bus WHERE source >= 'countersign/' AND source < 'countersign0'
    AND subject IN (SELECT value FROM json_each(?))
"""
