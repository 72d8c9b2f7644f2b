"""The adapter's only logger: whatever is written to it loses its secrets first."""

from __future__ import annotations

import logging
import re
import time

log = logging.getLogger("adapters.dingtalk")

_NAMES = (
    r"ticket|session|access_?token|client_?secret|app_?secret|x-acs-dingtalk-access-token|"
    r"accessToken|clientSecret|appSecret|secret|sign"
)
_PAIR = re.compile(rf"""(?ix)\b({_NAMES})(\\?["']?\s*[=:]\s*\\?["']?)([^\s"'\\&,;)}}\]]+)""")


class Redact(logging.Filter):
    """Takes tickets, tokens, sessions and the given secrets out of records, tracebacks included."""

    def __init__(self) -> None:
        super().__init__()
        self.secrets: set[str] = set()

    def clean(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return _PAIR.sub(r"\1\2***", text)

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self.clean(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self.clean(record.exc_text)
        return True


redact = Redact()
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
