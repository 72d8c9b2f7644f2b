"""What a server's answer means: one of the four outcomes, by its HTTP status alone."""

from __future__ import annotations

import email.utils
from collections.abc import Mapping
from datetime import UTC, datetime

from adapters.endpoints.settings import Endpoint
from bot import model

LONGEST = 3600.0
"""Seconds. A server that asks for a longer pause is asked again after this one."""
_LATER = frozenset({408, 425, 429})
_HINTS: Mapping[int, str] = {
    401: "it refuses the signature or the credentials: check secret and headers of the endpoint, "
    "and this machine's clock",
    403: "it refuses the signature or the credentials: check secret and headers of the endpoint, "
    "and this machine's clock",
    404: "there is nothing at this address: check url of the endpoint",
    405: "the address takes no POST: check url of the endpoint",
    410: "the address is no longer served: check url of the endpoint",
    413: "the message is too long for it: let the rule's template say less",
    415: "it does not take this content type: check shape of the endpoint",
}


def outcome(endpoint: Endpoint, status: int, after: str, now: datetime) -> model.Outcome:
    """A 2xx is only said by who took it, a 5xx only by who did not. ``after``: Retry-After."""
    told = f"{endpoint.name}: HTTP status {status}"
    if 200 <= status < 300:
        return model.Done(data={"status": status})
    if 300 <= status < 400:
        return model.Refused(
            f"{told}: a redirect, which is not followed; give the final address", "redirect"
        )
    if status in _LATER or status >= 500:
        return model.NotSent(told, retry_after(after, now))
    hint = _HINTS.get(status)
    return model.Refused(f"{told}: {hint}" if hint else told, str(status))


def retry_after(text: str, now: datetime) -> float:
    """Seconds that ``Retry-After`` asks for, given as such or as a date; 0.0: it says nothing.
    https://www.rfc-editor.org/rfc/rfc9110#field.retry-after"""
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:9]), LONGEST)
    try:
        at = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return 0.0
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return min(max((at - now).total_seconds(), 0.0), LONGEST)
