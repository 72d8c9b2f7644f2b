"""Waiting while another program holds the write lock of the store, and saying so."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from typing import TypeVar

from bot.store import port

log = logging.getLogger(__name__)

T = TypeVar("T")
EVERY = 10.0
"""Seconds after which the log tells again that the lock is held."""


def when_free(call: Callable[[], T], goes_on: port.GoesOn = port.for_a_minute, file: str = "") -> T:
    """What ``call`` returns, called again while another program holds the lock. SQLite itself waits
    within each call, as long as the connection's ``busy_timeout`` says. Raises what ``call`` raises
    for any other reason, or once ``goes_on`` says no."""
    begun = warned_at = time.monotonic()
    waited = False
    while True:
        try:
            result = call()
        except sqlite3.OperationalError as fault:
            now = time.monotonic()
            if not is_busy(fault) or not goes_on(now - begun):
                raise
            if not waited or now - warned_at >= EVERY:
                log.warning(
                    "another program has held the write lock of the store%s for %d s: nothing is "
                    "taken or acknowledged until it lets go (`fuser` names who has the file open)",
                    f" {file}" if file else "",
                    now - begun,
                )
                warned_at = now
            waited = True
            continue
        if waited:
            log.warning("the write lock is free after %d s; going on", time.monotonic() - begun)
        return result


def is_busy(fault: sqlite3.Error) -> bool:
    """Is it that another connection holds a lock, and nothing else?"""
    code = getattr(fault, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_BUSY
