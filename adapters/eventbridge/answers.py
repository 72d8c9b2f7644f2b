"""What EventBridge's answer means: one of the four outcomes.

An event that was put twice has the same source and id, by which CloudEvents lets its consumers drop
the second (https://github.com/cloudevents/spec); so whatever is not clear is simply sent again.
Codes: https://www.alibabacloud.com/help/en/eventbridge/error-codes
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from adapters.common import http
from bot import model

SHOWN = 200
RENEWED = 60.0
"""Seconds after which temporary credentials have been renewed."""
_LATER = frozenset({"StsAccessIdExpired", "SecurityTokenInvalid", "InvalidStsAccessKeyId"})
_BUSY = ("Throttling", "TooManyRequests", "ServiceUnavailable", "Internal", "SystemBusy")
_KEY = "check the access key in [aliyun]"
_HINTS: Mapping[str, str] = {
    "InvalidAccessKeyId": _KEY,
    "SignatureDoesNotMatch": f"{_KEY}, and this machine's clock",
    "AccessDenied": "the RAM user or role may not put events: give it eventbridge:PutEvents",
    "AccessDeniedByPreCheck": "the RAM user or role may not put events: give it "
    "eventbridge:PutEvents",
    "ServiceAccessDenied": "the account has not enabled EventBridge",
    "EventBusNotExist": "there is no such bus: check bus, and the endpoint's region",
}


def outcome(name: str, response: http.Answer, now: datetime) -> model.Outcome:
    """The outcome of putting one event. ``name``: the bus."""
    status, body = response.status, response.object()
    code = _field(body, "code")
    if 300 <= status < 400:
        reason = f"{name}: a redirect, which is not followed; check endpoint"
        return model.Refused(reason, "redirect")
    if 200 <= status < 300:
        return _put(name, status, body)
    said = " ".join((_field(body, "message") or "no reason given").split())[:SHOWN]
    if status in (408, 429) or status >= 500 or code.startswith(_BUSY):
        what = f"HTTP status {status} {code}".strip()
        wait, perhaps = response.retry_after(now), status == 408 or status >= 500
        return model.NotSent(f"{name}: {what}: {said}", wait, uncertain=perhaps)
    return _judged(name, code or str(status), said)


def _put(name: str, status: int, body: Mapping[str, object]) -> model.Outcome:
    """The event's own part of an answer: a call may succeed and put nothing."""
    failed, entries = body.get("FailedEntryCount"), body.get("EntryList")
    entry = entries[0] if isinstance(entries, list) and entries else {}
    if not isinstance(failed, int) or not isinstance(entry, Mapping):
        return http.lost(f"{name}: HTTP status {status} without a clear answer", True)
    code = str(entry.get("ErrorCode") or "")
    if failed == 0 and not code:
        return model.Done(str(entry.get("EventId") or ""), {"request": _field(body, "requestId")})
    said = " ".join(str(entry.get("ErrorMessage") or "no reason given").split())[:SHOWN]
    if not code or code.startswith(_BUSY):
        return model.NotSent(f"{name}: {code or 'not put'}: {said}")
    return _judged(name, code, said)


def _judged(name: str, code: str, said: str) -> model.Outcome:
    if code in _LATER:
        return model.NotSent(f"{name}: {code}: {said}", RENEWED)
    hint = _HINTS.get(code)
    reason = f"{hint} ({code}: {said})" if hint else f"{code}: {said}"
    return model.Refused(f"{name}: {reason}", code)


def _field(body: Mapping[str, object], name: str) -> str:
    """A field of an answer; errors write its name small, other answers with a capital."""
    return str(body.get(name) or body.get(name[0].upper() + name[1:]) or "")
