"""What an examination of a store says: findings of some kinds, and for each kind what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.store.sql import versions

RESTORE = (
    "stop the bot, keep this store as evidence, and put back the newest backup that checks: "
    "`restore`, or `pg_restore` of a dump"
)
WRITTEN = f"somebody wrote to the store past the bot: {RESTORE}"
ADVICE: Mapping[str, str] = {
    "file": RESTORE,
    "newer": "use the release that it names, or put back the backup made before the upgrade",
    "integrity": 'stop the bot, try `sqlite3 OLD ".recover" | sqlite3 NEW` and `restore NEW`; '
    "else `restore` the newest backup that checks",
    "index": "let the owner of the database `REINDEX INDEX` it",
    "reference": RESTORE,
    "schema": f"a table or an index is not as this program makes it: {RESTORE}",
    "body": RESTORE,
    "column": WRITTEN,
    "digest": WRITTEN,
    "audit": f"the audit log was changed: {RESTORE}",
    "lost": RESTORE,
    "unrecorded": WRITTEN,
    "vote": WRITTEN,
    "approval": f"nobody is on record as having approved it: stop what it runs; {WRITTEN}",
    "effect": RESTORE,
    "lane": RESTORE,
    "journal": RESTORE,
    "lock": "`stop N` in the chat of the request ends it, and it holds nothing then; or `restore`",
    "end": "nothing will end it by itself: say `cancel N` or `stop N` in its chat, or `restore`",
    "counter": RESTORE,
    "mark": "the store is older than the one that was here: start the bot, which takes it up as "
    "`restore` does, or put the newer one back",
}
"""What to do about a finding, by its kind."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be. ``kind`` is a key of ``ADVICE``, ``where`` a table's
    row, a request or a file."""

    kind: str
    where: str
    detail: str

    @property
    def advice(self) -> str:
        return ADVICE[self.kind]


@dataclass(frozen=True, slots=True)
class Report:
    """``rows``: how many each table has."""

    versions: versions.State
    rows: Mapping[str, int]
    findings: tuple[Finding, ...]
