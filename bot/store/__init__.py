"""The durable state, in one SQLite file. The only place that knows SQL."""

from __future__ import annotations

from bot.store.port import (
    Allowance,
    Changes,
    Claimed,
    Claims,
    ClockHistory,
    Conflict,
    History,
    OpenEffect,
    OpenStep,
    Queue,
    Quota,
    RateKey,
    Reader,
    Row,
    Status,
    Writer,
)
from bot.store.sql.check.finding import Finding, Report
from bot.store.sql.forgetting import Refused, Traces, forget, traces
from bot.store.sql.takeover import Restored, recognise, take_for_old
from bot.store.sqlite.copies import CopyFailed, backup, restore
from bot.store.sqlite.examination import check, state
from bot.store.sqlite.files import Broken, Locked, Store, Unusable, compact, lock
from bot.store.sqlite.health import Health, health, in_use

__all__ = [
    "Allowance",
    "Broken",
    "Changes",
    "Claimed",
    "Claims",
    "ClockHistory",
    "Conflict",
    "CopyFailed",
    "Finding",
    "Health",
    "History",
    "Locked",
    "OpenEffect",
    "OpenStep",
    "Queue",
    "Quota",
    "RateKey",
    "Reader",
    "Refused",
    "Report",
    "Restored",
    "Row",
    "Status",
    "Store",
    "Traces",
    "Unusable",
    "Writer",
    "backup",
    "check",
    "compact",
    "forget",
    "health",
    "in_use",
    "lock",
    "recognise",
    "restore",
    "state",
    "take_for_old",
    "traces",
]
