"""The durable state, in an SQLite file or a PostgreSQL database. The only place that knows SQL."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from bot.store import sql
from bot.store.highwater import place as place_of_mark
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
from bot.store.sqlite.examination import check, state
from bot.store.sqlite.files import Store, compact, lock
from bot.store.sqlite.health import Health, health, in_use
from bot.store.transfers import Place, reopen, transfer

Broken = (sqlite3.Error, StoreFault)
"""What a store that is open raises when its disk is full or fails, or its server is gone."""
Location = Path | str
"""Where a store is: the file of SQLite, or the address of a PostgreSQL database."""


def opened(
    location: Location, readonly: bool = False, mark: Path | None = None, moved: bool = False
) -> sql.store.Store:
    """Open a store; ``readonly`` is for tools beside a running bot. ``mark``: the file of its
    high-water mark (None: beside the file of SQLite; none is kept for a database). ``moved``: write
    it even if it was copied elsewhere. Raises Locked, Unusable, and FileNotFoundError if there is
    nothing to read."""
    if isinstance(location, Path):
        return Store(location, readonly, mark, moved)
    from bot.store.postgres import server

    return server.Store(location, readonly, mark, moved)


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
    "recognise",
    "reopen",
    "restore",
    "state",
    "take_for_old",
    "traces",
    "transfer",
]
