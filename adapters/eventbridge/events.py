"""What a rule made → an event that the bus takes, or a sentence that says why it would not.

Limits: https://help.aliyun.com/en/eventbridge/product-overview/limits
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot import source

LONGEST: Mapping[str, int] = {"source": 128, "type": 64, "subject": 512}
MOST_BYTES = 256 * 1024
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,127}")
_NAME = re.compile(r"[a-z0-9]{1,64}")
_KNOWN = ("specversion", "id", "source", "type", "subject", "time", "data", "datacontenttype")
_PLATFORM = "aliyun"
"""The bus itself sets the attributes that begin so, but for its own name."""
ORIGINAL_ID = "originalid"


class BadEvent(source.Invalid):
    """The bus does not take this. The message is a sentence for people."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def event(body: object, bus: str, now: datetime) -> dict[str, Any]:
    """The event as PutEvents takes it. ``now`` stands in where the event tells no time. Raises
    BadEvent."""
    if not isinstance(body, Mapping) or not {"id", "source", "type"} <= set(body):
        raise BadEvent(
            "content",
            "a bus takes whole events: use the form ORIGINAL, or a template that makes a "
            "CloudEvent with id, source and type",
        )
    for name, most in LONGEST.items():
        _check_text(name, body.get(name, ""), most, required=name != "subject")
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        **_identity(body),
        "source": body["source"],
        "type": body["type"],
        "time": _time(body.get("time"), now),
        "datacontenttype": str(body.get("datacontenttype") or "application/json"),
        **_extensions(body),
        "aliyuneventbusname": bus,
    }
    if body.get("subject"):
        attributes["subject"] = body["subject"]
    if "data" in body:
        attributes["data"] = body["data"]
    return attributes


def encoded(attributes: Mapping[str, Any]) -> bytes:
    """A batch of this one event. Raises BadEvent."""
    try:
        text = json.dumps([attributes], ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (ValueError, TypeError, RecursionError):
        raise BadEvent("content", "the event's data is no JSON") from None
    raw = text.encode(errors="replace")
    if len(raw) > MOST_BYTES:
        raise BadEvent(
            "too_long",
            f"the event has {len(raw):,} bytes and a bus takes {MOST_BYTES:,}; let the rule's "
            "template say less",
        )
    return raw


def _check_text(name: str, value: object, most: int, *, required: bool) -> None:
    if not isinstance(value, str) or (required and not value):
        raise BadEvent("content", f"the event's {name} must be a text")
    if len(value) > most:
        raise BadEvent(
            "too_long", f"the event's {name} has {len(value)} characters and a bus takes {most}"
        )


def _identity(body: Mapping[str, object]) -> dict[str, str]:
    """The id as it is: it is how whoever gets an event twice can tell. One that the bus would not
    take is replaced by another one, always the same, and kept in an attribute of its own."""
    id = body["id"]
    if not isinstance(id, str) or not id:
        raise BadEvent("content", "the event's id must be a text")
    if _ID.fullmatch(id):
        return {"id": id}
    named = f"{body['source']}\n{id}".encode(errors="replace")
    return {"id": hashlib.sha256(named).hexdigest(), ORIGINAL_ID: id}


def _time(time: object, now: datetime) -> str:
    """With milliseconds, without which the official SDKs take no time."""
    if time in (None, ""):
        at = now
    else:
        try:
            at = datetime.fromisoformat(str(time))
        except ValueError:
            raise BadEvent("content", "the event's time is no RFC 3339 time") from None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return at.isoformat(timespec="milliseconds")


def _extensions(body: Mapping[str, object]) -> dict[str, object]:
    """The attributes beside CloudEvents' own; of the platform's own none is passed on."""
    extensions: dict[str, Any] = {}
    for name, value in body.items():
        if name in _KNOWN or name.startswith(_PLATFORM) or value is None:
            continue
        if not _NAME.fullmatch(name):
            raise BadEvent(
                "content",
                f"the event's attribute {name[:40]!r} is not of small letters and digits; "
                "what it says belongs into data",
            )
        if not isinstance(value, str | bool | int):
            raise BadEvent(
                "content", f"the event's attribute {name} must be a text, a whole number or a bool"
            )
        extensions[name] = value
    return extensions
