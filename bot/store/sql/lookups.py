"""The SQL statements by which requests are searched and one is looked at, those of the freezes of
people, and those of standing approvals, by name."""

from __future__ import annotations

from bot.store.sql.queries import FINAL

_SEARCHED = """
FROM requests WHERE created_at >= :since AND created_at < :until AND id < :before
    AND (:person = '' OR person = :person) AND (:command = '' OR command = :command)
    AND (:viewer = '' OR person = :viewer
        OR platform || char(31) || chat IN (SELECT value FROM json_each(:places)))
    AND (:states = '[]' OR state IN (SELECT value FROM json_each(:states)))
    AND (:instance = '' OR id IN (
        SELECT request FROM request_instances WHERE instance = :instance
    ))
    AND (:glob = '' OR id IN (
        SELECT request FROM request_instances
        WHERE instance >= :prefix AND instance < :prefix || char(1114111)
            AND instance LIKE :glob ESCAPE '\\'
    ))
    AND (:approver = '' OR id IN (
        SELECT request FROM votes WHERE person = :approver AND json_extract(body, '$.approve') = 1
    ))
"""
SEARCH = f"""
SELECT body FROM requests WHERE id IN (
    SELECT id {_SEARCHED} ORDER BY created_at DESC, id DESC LIMIT :limit
) ORDER BY created_at DESC, id DESC
"""
PENDING = (
    f"SELECT body FROM requests WHERE person = ? AND command = ? AND state NOT IN ({FINAL}) "
    "AND state = 'pending' ORDER BY id DESC LIMIT ?"
)
HAS_VOTES = "SELECT 1 FROM votes WHERE request = ? LIMIT 1"
SEARCH_COUNT = f"SELECT COUNT(*) {_SEARCHED}"
INSTANCE_NOTE = """
INSERT INTO request_instances (instance, request) VALUES (?, ?)
ON CONFLICT (instance, request) DO NOTHING
"""
INSTANCE_FORGET = "DELETE FROM request_instances WHERE instance = ? AND request = ?"
VOTES_OF = """
SELECT body FROM votes WHERE request IN (SELECT CAST(value AS BIGINT) FROM json_each(?))
ORDER BY at, person
"""
TIMERS_OF = "SELECT request, kind, due_at FROM timers WHERE request = ? ORDER BY +due_at"
EFFECTS_OPEN_OF = """
SELECT o.id, o.kind, o.lane, o.request, o.state, o.bucket, o.due_at, o.attempts, o.outcome, o.doubt,
    o.created_at, o.claimed_at,
    (SELECT MIN(p.id) FROM outbox AS p
        WHERE p.lane = o.lane AND p.id < o.id AND p.state IN ('queued', 'in_flight'))
FROM outbox AS o WHERE o.state IN ('queued', 'in_flight')
    AND (o.request = ?1 OR o.id IN (SELECT MIN(p.id) FROM outbox AS p JOIN outbox AS q
        ON q.lane = p.lane AND q.request = ?1 AND q.state IN ('queued', 'in_flight')
        WHERE p.state IN ('queued', 'in_flight') GROUP BY p.lane))
ORDER BY o.id
"""
_FREEZES = """
SELECT f.request, f.until, f.scope, (SELECT body FROM requests WHERE id = f.request)
FROM freezes AS f
"""
FREEZES = f"{_FREEZES} WHERE f.lifted_at = 0 AND f.until > ? ORDER BY +f.request"
FREEZES_THEN = (
    f"{_FREEZES} WHERE f.until > ? AND (f.lifted_at = 0 OR f.lifted_at >= ?) ORDER BY +f.request"
)
FREEZE_PUT = """
INSERT INTO freezes (request, until, lifted_at, scope) VALUES (?, ?, ?, ?)
ON CONFLICT (request) DO UPDATE SET lifted_at = excluded.lifted_at
"""
REQUESTS_BROKEN = """
SELECT body FROM requests WHERE glass_at > 0 AND glass_at >= ?
ORDER BY glass_at DESC, id DESC LIMIT ?
"""
"""Those that were started by break-glass."""

# ----------------------------------------------------------------------------- standing approvals

STANDING_PUT = """
INSERT INTO standing (request, command, until, uses, most, revoked_by, bounds)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (request) DO UPDATE SET uses = excluded.uses, revoked_by = excluded.revoked_by
"""
_STANDING = """
SELECT s.until, s.uses, s.most, s.revoked_by, s.bounds, r.body
FROM standing AS s JOIN requests AS r ON r.id = s.request
"""
STANDING = f"{_STANDING} WHERE s.request = ?"
STANDING_OF_COMMAND = f"""{_STANDING}
WHERE s.command = ? AND s.until > ? AND s.revoked_by = '' AND s.uses < s.most
"""
STANDING_IN_FORCE = f"""{_STANDING}
WHERE s.until > ? AND s.revoked_by = '' AND s.uses < s.most ORDER BY s.request DESC LIMIT ?
"""
STANDING_REVOKE = "UPDATE standing SET revoked_by = ? WHERE revoked_by = ''"
STANDING_FORGET = """
DELETE FROM standing WHERE request IN (SELECT CAST(value AS BIGINT) FROM json_each(?))
"""
STANDING_RENAME = "UPDATE standing SET revoked_by = ? WHERE revoked_by = ?"
STANDING_PRUNE = "DELETE FROM standing WHERE until < ?"
