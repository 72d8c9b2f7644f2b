"""The durable state, in one SQLite file. The only place that knows SQL."""

from __future__ import annotations

from bot.store.sqlite.copies import Restored, Unfit, backup, recognise, restore, take_for_old
from bot.store.sqlite.effects import Allowance, Bucket, Claimed, Claims, History, Quota, Row
from bot.store.sqlite.files import Broken, Locked, Store, Unusable
from bot.store.sqlite.reader import OpenStep, Reader, Status
from bot.store.sqlite.writer import Changes, Conflict, Writer

__all__ = [
    "Allowance",
    "Broken",
    "Bucket",
    "Changes",
    "Claimed",
    "Claims",
    "Conflict",
    "History",
    "Locked",
    "OpenStep",
    "Quota",
    "Reader",
    "Restored",
    "Row",
    "Status",
    "Store",
    "Unfit",
    "Unusable",
    "Writer",
    "backup",
    "recognise",
    "restore",
    "take_for_old",
]
