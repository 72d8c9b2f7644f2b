"""The adapter's only logger: whatever is written to it loses its secrets first."""

from __future__ import annotations

import logging
import time

from adapters.common import masking

log = logging.getLogger("adapters.dingtalk")

redact = masking.Masking()
log.addFilter(redact)

_logged_at: dict[str, float] = {}


def seldom(key: str, seconds: float = 60.0) -> bool:
    """Whether to log about ``key`` now: False if that was done less than ``seconds`` ago."""
    now = time.monotonic()
    if now - _logged_at.get(key, -seconds) < seconds:
        return False
    if len(_logged_at) > 1000:
        _logged_at.clear()
    _logged_at[key] = now
    return True
