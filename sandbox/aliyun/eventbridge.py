"""EventBridge on loopback: custom buses that take events by PutEvents, and the way out to HTTP.

Sources: https://help.aliyun.com/en/eventbridge/putevents (limits),
https://help.aliyun.com/en/eventbridge/product-overview/limits (fields),
https://www.alibabacloud.com/help/en/eventbridge/error-codes, and for the signature the official
SDKs (https://github.com/aliyun/alibabacloud-eventbridge-sdk). Not served: rules, the signature by
certificate of what goes out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
import uuid
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from sandbox import world
from sandbox.aliyun.errors import ApiError
from sandbox.aliyun.products import Params, Request
from sandbox.aliyun.signature import SKEW, Door, Incoming, Key
from sandbox.base import Clock, Faults

VERSION = "2015-06-06"
VERSION_HEADER = "x-eventbridge-version"
ACTIONS = {"/openapi/putEvents": "PutEvents"}
BUS = "sandbox"
ACCOUNT = "123456789098"
MOST_EVENTS, MOST_EVENT, MOST_BATCH = 16, 64 * 1024, 256 * 1024
LONGEST = {"id": 128, "source": 128, "type": 64, "subject": 512}
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_NAME = re.compile(r"[a-z0-9]+")


class EventBridge:
    """``buses``: what was put, by the name of the bus."""

    def __init__(self, clock: Clock, faults: Faults) -> None:
        self.buses: dict[str, list[dict[str, Any]]] = {BUS: []}
        self._clock = clock
        self._faults = faults

    async def handle(self, action: str, _: Params, request: Request) -> dict[str, Any]:
        """PutEvents: each event is judged by itself. Raises ApiError for the whole call."""
        if action != "PutEvents":
            raise ApiError(404, "InvalidAction", "The specified action is not found.")
        if not request.incoming.headers.get("content-type", "").startswith(
            "application/cloudevents-batch+json"
        ):
            raise ApiError(415, "UnsupportedMediaType", "The content type is not supported.")
        events = _batch(request.incoming.body)
        entries = [self._put(event) for event in events]
        failed = sum(1 for entry in entries if entry["ErrorCode"])
        return {"RequestId": request.id, "FailedEntryCount": failed, "EntryList": entries}

    def _put(self, event: Any) -> dict[str, Any]:
        fault = self._faults.take("PutEvents", "entry")
        error = ("", "")
        if fault is not None:
            error = (str(fault.args.get("code", "")), str(fault.args.get("message", "")))
        else:
            error = self._objection(event)
        if not error[0]:
            now = datetime.fromtimestamp(self._clock.now(), UTC).isoformat(timespec="milliseconds")
            self.buses[event["aliyuneventbusname"]].append(
                {
                    **event,
                    "aliyunaccountid": ACCOUNT,
                    "aliyunregionid": world.ALIYUN_REGION,
                    "aliyunpublishtime": now,
                }
            )
        return {
            "EventId": event.get("id") if isinstance(event, dict) else None,
            "TraceId": str(uuid.uuid4()),
            "ErrorCode": error[0] or None,
            "ErrorMessage": error[1] or None,
        }

    def _objection(self, event: Any) -> tuple[str, str]:
        """The code and the words with which an event is not taken; ("", ""): it is."""
        if not isinstance(event, dict):
            return "InvalidArgument", "The event is not an object."
        for name in ("id", "source", "type", "specversion", "time"):
            if not isinstance(event.get(name), str) or not event[name]:
                return "InvalidArgument", f"The attribute {name} is missing."
        for name, most in LONGEST.items():
            if len(str(event.get(name, ""))) > most:
                return "InvalidArgument", f"The attribute {name} exceeds {most} characters."
        if not _ID.fullmatch(event["id"]):
            return "InvalidArgument", "The attribute id is invalid."
        if event["specversion"] != "1.0":
            return "InvalidArgument", "The attribute specversion is not supported."
        if odd := [name for name in event if not _NAME.fullmatch(name)]:
            return "InvalidArgument", f"The attribute name {odd[0]} is invalid."
        if len(json.dumps(event, ensure_ascii=False).encode()) > MOST_EVENT:
            return "EventSizeExceeded", "The event exceeds 64 KB."
        if event.get("aliyuneventbusname") not in self.buses:
            return "EventBusNotExist", "The event bus does not exist."
        return "", ""

    async def deliver(self, url: str, event: Any, token: str) -> dict[str, Any]:
        """One POST to an HTTP target, with the headers that EventBridge sets, but for the signature
        itself (https://help.aliyun.com/en/eventbridge/user-guide/signature-algorithm)."""
        headers = {
            "content-type": "application/json; charset=utf-8",
            "x-eventbridge-signature-timestamp": str(self._clock.ms()),
            "x-eventbridge-signature-version": "1.0",
        }
        if token:
            headers["x-eventbridge-signature-token"] = token
        body = json.dumps(event, ensure_ascii=False).encode()
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as response,
        ):
            return {"status": response.status, "text": await response.text(errors="replace")}


def _batch(body: bytes) -> list[Any]:
    """The events of a call. Raises ApiError."""
    try:
        events = json.loads(body)
    except (ValueError, RecursionError):
        raise ApiError(400, "InvalidArgument", "The body is not JSON.") from None
    if not isinstance(events, list) or not events:
        raise ApiError(400, "InvalidArgument", "The body is not a batch of events.")
    if len(events) > MOST_EVENTS:
        raise ApiError(400, "InvalidArgument", f"A batch holds at most {MOST_EVENTS} events.")
    if len(body) > MOST_BATCH:
        raise ApiError(400, "InvalidArgument", f"A batch holds at most {MOST_BATCH} bytes.")
    return events


def check(door: Door, incoming: Incoming) -> Key:
    """The key that signed a call. Raises ApiError."""
    headers = incoming.headers
    scheme, _, rest = headers.get("authorization", "").partition(":")
    key_id, _, given = rest.rpartition(":")
    if scheme != "acs" or not key_id or not given:
        raise ApiError(403, "SignatureDoesNotMatch", "The authorization header is malformed.")
    key = door.keys.get(key_id)
    if key is None:
        raise ApiError(403, "InvalidAccessKeyId", "The access Id you provided is not exist.")
    if key.token != headers.get("x-acs-security-token", ""):
        raise ApiError(403, "SecurityTokenInvalid", "The Security token is invalid.")
    if key.expires <= time.time():
        raise ApiError(403, "StsAccessIdExpired", "The sts accessid has expired.")
    lines = [incoming.method, headers.get("content-md5", ""), headers.get("content-type", "")]
    lines.append(headers.get("date", ""))
    lines += [f"{name}:{headers[name]}" for name in sorted(headers) if name.startswith("x-acs")]
    text = "\n".join([*lines, incoming.path])
    wanted = hmac.new(key.secret.encode(), text.encode(), hashlib.sha1).digest()
    if not hmac.compare_digest(given.encode(), base64.b64encode(wanted)):
        raise ApiError(403, "SignatureDoesNotMatch", "The request signature does not match.")
    try:
        at = parsedate_to_datetime(headers.get("date", "")).timestamp()
    except ValueError:
        raise ApiError(403, "SignatureDoesNotMatch", "The date is malformed.") from None
    if abs(time.time() - at) > SKEW:
        raise ApiError(403, "SignatureDoesNotMatch", "The date is too far from now.")
    return key
