"""The SQL statements by which calls are counted against limits, by name."""

from __future__ import annotations

EFFECTS_OF_OTHERS = """
SELECT id, attempts, 0, bucket, state, claimed_at, settled_at, doubt, due_at, outcome FROM outbox
WHERE claimed_at > 0 AND claimed_at > :since AND owner <> :own
UNION
SELECT id, attempts, 0, bucket, state, 0, 0, 0, 0, '' FROM outbox
WHERE state = 'in_flight' AND owner <> :own
UNION
SELECT effect, attempt, number, bucket, 'done', ended_at, ended_at, 0, 0, '' FROM calls
WHERE ended_at > :since AND owner <> :own
"""
EFFECTS_RECENT = """
SELECT bucket, claimed_at, settled_at, doubt FROM outbox
WHERE claimed_at > 0 AND claimed_at > ? ORDER BY claimed_at
"""
CALLS_RECENT = "SELECT bucket, ended_at FROM calls WHERE ended_at > ?"
CALL_OF_EARLIER = """
INSERT INTO calls (effect, attempt, number, bucket, owner, ended_at)
SELECT id, attempts, 0, bucket, owner, CASE WHEN settled_at < claimed_at THEN ?2 ELSE settled_at END
FROM outbox WHERE id = ?1
ON CONFLICT (effect, attempt, number) DO NOTHING
"""
"""The last try of an effect that is taken out again. It ended when it was settled; where it never
was, at some moment until now."""
CALL_OF_TRY = """
INSERT INTO calls (effect, attempt, number, bucket, owner, ended_at)
SELECT id, attempts, ?3, bucket, owner, ?4 FROM outbox
WHERE id = ?1 AND attempts = ?2 AND state = 'in_flight'
"""
"""A call that has ended, of a try that is under way and makes another one."""
CALLS_FORGET = "DELETE FROM calls WHERE ended_at < ?"
EFFECTS_PUT_OFF = """
SELECT bucket, due_at, outcome FROM outbox
WHERE state = 'queued' AND attempts > 0 AND outcome <> ''
"""
CLOCK_CALLS = "UPDATE calls SET ended_at = ended_at + ?"
