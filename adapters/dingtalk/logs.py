"""The adapter's only logger: whatever is written to it loses its secrets first."""

from __future__ import annotations

import logging
import time

from adapters.common import masking

log = logging.getLogger("adapters.dingtalk")

redact = masking.Masking()
log.addFilter(redact)

_told: dict[str, float] = {}


def seldom(key: str, seconds: float = 60.0) -> bool:
    """Whether to log about ``key`` now: False if that was done less than ``seconds`` ago."""
    now = time.monotonic()
    if now - _told.get(key, -seconds) < seconds:
        return False
    if len(_told) > 1000:
        _told.clear()
    _told[key] = now
    return True
