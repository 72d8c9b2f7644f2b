"""The durable state, in an SQLite file or a PostgreSQL database. The only place that knows SQL."""

from __future__ import annotations

import sqlite3

from bot.store import sql as sql
from bot.store.highwater import place as place_of_mark
from bot.store.locations import Location, check, in_use, opened, size, state
from bot.store.port import (
    Allowance,
    Changes,
    Claimed,
    Claims,
    ClockHistory,
    Conflict,
    History,
    Locked,
    Lost,
    OpenEffect,
    OpenStep,
    Queue,
    Quota,
    RateKey,
    Reader,
    Row,
    Status,
    StoreFault,
    Unusable,
    Writer,
)
from bot.store.sql.check.finding import Finding, Report
from bot.store.sql.forgetting import Refused, Traces, forget, traces
from bot.store.sql.takeover import Restored, recognise, take_for_old
from bot.store.sql.transfer import TransferFailed, Transferred
from bot.store.sqlite.copies import CopyFailed, backup, restore
from bot.store.sqlite.files import Store, compact, lock
from bot.store.sqlite.health import Health, health
from bot.store.transfers import Place, put_back, reopen, transfer

Broken = (sqlite3.Error, StoreFault)
"""What a store that is open raises when its disk is full or fails, or its server is gone."""


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
    "Location",
    "Locked",
    "Lost",
    "OpenEffect",
    "OpenStep",
    "Place",
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
    "StoreFault",
    "Traces",
    "TransferFailed",
    "Transferred",
    "Unusable",
    "Writer",
    "backup",
    "check",
    "compact",
    "forget",
    "health",
    "in_use",
    "lock",
    "opened",
    "place_of_mark",
    "put_back",
    "recognise",
    "reopen",
    "restore",
    "size",
    "state",
    "take_for_old",
    "traces",
    "transfer",
]
