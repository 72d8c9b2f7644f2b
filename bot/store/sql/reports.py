"""The numbers of a month: counted by the store where it can, and read row by row where not."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from bot import model
from bot.policy import oncall, snapshots
from bot.store import codec
from bot.store.sql import queries
from bot.store.sql.connection import Connection

HASTY = 3
"""A vote on something long that comes within so many seconds of it cannot have read it."""
PAGE = 500
_MONTH = "a.at >= ? AND a.at < ?"
REPORT_REQUESTS = """
SELECT command, platform, chat, state, COUNT(*) FROM requests
WHERE created_at >= ? AND created_at < ? GROUP BY command, platform, chat, state
"""
REPORT_APPROVED = f"""
SELECT r.command, r.platform, r.chat, a.at - r.created_at, json_extract(a.facts, '$.policy')
FROM audit AS a JOIN requests AS r ON r.id = a.request
WHERE a.action = 'request.approved' AND {_MONTH}
"""
REPORT_REJECTED = f"""
SELECT json_extract(r.body, '$.policy'), json_extract(r.body, '$.policies')
FROM audit AS a JOIN requests AS r ON r.id = a.request
WHERE a.action = 'request.rejected' AND {_MONTH}
"""
REPORT_EXPIRED = f"""
SELECT a.request, r.person, json_extract(r.body, '$.plan')
FROM audit AS a JOIN requests AS r ON r.id = a.request
WHERE a.action = 'request.expired' AND {_MONTH}
"""
REPORT_VOTERS = """
SELECT request, person FROM votes
WHERE request IN (SELECT CAST(value AS BIGINT) FROM json_each(?))
"""
REPORT_REMINDERS = f"""
SELECT COUNT(*) FROM audit AS a WHERE a.action = 'request.reminded' AND {_MONTH}
"""
REPORT_VOTES = f"""
SELECT a.actor, COUNT(*),
    SUM(CASE WHEN CAST(json_extract(a.facts, '$.read') AS BIGINT) < {HASTY} THEN 1 ELSE 0 END)
FROM audit AS a
WHERE a.action = 'vote.cast' AND {_MONTH} AND json_extract(a.facts, '$.read') IS NOT NULL
GROUP BY a.actor
"""
REPORT_BREAK_GLASS = f"""
SELECT a.action, COUNT(*) FROM audit AS a
WHERE substr(a.action, 1, 11) = 'breakglass.' AND a.action > 'breakglass.'
    AND a.action < 'breakglass/' AND {_MONTH}
GROUP BY a.action
"""
REPORT_PENDING = f"""
SELECT created_at FROM requests WHERE state NOT IN ({queries.FINAL}) AND state = 'pending'
"""


class Spread:
    """Times in whole seconds, of which any share is told; memory grows with the different ones."""

    def __init__(self) -> None:
        self.counts = Counter[int]()

    def add(self, milliseconds: int) -> None:
        self.counts[max(0, int(milliseconds)) // 1000] += 1

    def times(self) -> model.Times:
        total = self.counts.total()
        return model.Times(total, self._reached(total, 50), self._reached(total, 95))

    def _reached(self, total: int, percent: int) -> int:
        """The shortest time within which so many of a hundred were over."""
        count = 0
        for seconds, often in sorted(self.counts.items()):
            count += often
            if count * 100 >= total * percent:
                return seconds
        return 0


class Tally:
    """Requests of one kind: their states, and how long approvals took."""

    def __init__(self) -> None:
        self.states, self.spread = Counter[str](), Spread()

    def activity(self) -> model.Activity:
        return model.Activity(dict(sorted(self.states.items())), self.spread.times())


def report(connection: Connection, month: model.Month, now: datetime) -> model.Report:
    """The numbers of a month, and of what is voted on now."""
    span = (codec.ms(month.begin), codec.ms(month.end))
    total, approvals = Tally(), Counter[str]()
    commands: dict[str, Tally] = defaultdict(Tally)
    groups: dict[tuple[str, str], Tally] = defaultdict(Tally)
    for command, platform, chat, state, count in connection.execute(REPORT_REQUESTS, span):
        for tally in (total, commands[command], groups[platform, chat]):
            tally.states[state] += count
    for command, platform, chat, took, names in connection.execute(REPORT_APPROVED, span):
        for tally in (total, commands[command], groups[platform, chat]):
            tally.spread.add(took)
        approvals.update(set(str(names or "").split(" + ")))
    rejections = _rejections(connection, span)
    ages = Spread()
    for (at,) in connection.execute(REPORT_PENDING):
        ages.add(codec.ms(now) - at)
    votes = connection.execute(REPORT_VOTES, span).fetchall()
    expired, unseen = _unseen(connection, span)
    return model.Report(
        month=month,
        now=now,
        total=total.activity(),
        commands={name: commands[name].activity() for name in sorted(commands)},
        groups={chat: groups[chat].activity() for chat in sorted(groups)},
        pending=ages.times(),
        oldest=max(ages.counts, default=0),
        reminders=connection.execute(REPORT_REMINDERS, span).fetchone()[0],
        expired=expired,
        unseen=unseen,
        long_votes={who: count for who, count, _ in votes},
        hasty_votes={who: int(hasty) for who, _, hasty in votes if hasty},
        policies={
            name: (approvals[name], rejections[name]) for name in sorted(approvals | rejections)
        },
        break_glass=dict(sorted(connection.execute(REPORT_BREAK_GLASS, span).fetchall())),
    )


def _rejections(connection: Connection, span: tuple[int, int]) -> Counter[str]:
    """How many requests were rejected, by each policy that they needed."""
    rejections = Counter[str]()
    for usual, names in connection.execute(REPORT_REJECTED, span):
        rejections.update(json.loads(names or "[]") or [usual])
    return rejections


def _unseen(connection: Connection, span: tuple[int, int]) -> tuple[int, dict[str, int]]:
    """How many requests ran out, and on how many of them people could have voted and did not."""
    expired, unseen = 0, Counter[str]()
    rows = iter(connection.execute(REPORT_EXPIRED, span).fetchall())
    while page := list(islice(rows, PAGE)):
        numbers = json.dumps([number for number, _, _ in page])
        voted = {(number, who) for number, who in connection.execute(REPORT_VOTERS, (numbers,))}
        for number, asker, plan in page:
            expired += 1
            people = _electors(json.loads(plan or "null")) - {asker}
            unseen.update(who for who in people if (number, who) not in voted)
    return expired, dict(unseen.most_common())


def _electors(plan: Mapping[str, Any] | None) -> set[str]:
    """The people whom the policies name that stand in a plan, as it is stored. Who was on call by
    their rotas is not kept."""
    terms = (plan or {}).get("terms") or {}
    policies = snapshots.from_snapshot(terms.get("policies") or {})
    people = {who for one in policies for who in one.people}
    return {who for who in people if not who.startswith(oncall.WORD)}
