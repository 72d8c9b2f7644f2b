"""A delivery → the body and the signed headers of a request.

A signed request carries ``X-Countersign-Timestamp`` (seconds since 1970), ``X-Countersign-Nonce``
(never the same twice) and ``X-Countersign-Signature``: the HMAC-SHA256, in hexadecimal, of
``TIMESTAMP.NONCE.`` followed by the body. It is the signature that the bot itself wants from those
who send it events. ``Idempotency-Key`` is the same for every try of one delivery.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import datetime

from adapters.endpoints.settings import Endpoint
from bot import model

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
STRUCTURED = "application/cloudevents+json; charset=utf-8"
_IDENTITY = ("id", "source", "type")


def signature(secret: str, timestamp: str, nonce: str, body: bytes) -> str:
    """What ``X-Countersign-Signature`` is."""
    head = f"{timestamp}.{nonce}.".encode()
    return hmac.new(secret.encode(), head + body, hashlib.sha256).hexdigest()


def prepared(
    endpoint: Endpoint, effect: model.Deliver, now: datetime
) -> tuple[bytes, dict[str, str]]:
    """The body and the headers of one try. Raises ValueError for what is no JSON."""
    body, kind = _content(endpoint, effect)
    headers = {
        **endpoint.headers,
        "Content-Type": kind,
        "Idempotency-Key": effect.token,
    }
    if endpoint.secret:
        timestamp, nonce = str(int(now.timestamp())), secrets.token_urlsafe(18)
        headers["X-Countersign-Timestamp"] = timestamp
        headers["X-Countersign-Nonce"] = nonce
        headers["X-Countersign-Signature"] = signature(endpoint.secret, timestamp, nonce, body)
    return body, headers


def _content(endpoint: Endpoint, effect: model.Deliver) -> tuple[bytes, str]:
    if endpoint.shape == "structured":
        return _encoded(event_of(effect)), STRUCTURED
    if isinstance(effect.body, str):
        return effect.body.encode(errors="replace"), TEXT
    return _encoded(effect.body), JSON


def event_of(effect: model.Deliver) -> Mapping[str, object]:
    """What is delivered as a CloudEvent. What a transform made of an event is the data of another
    one, with an id of its own: two rules may tell the same server of one event, and it would take
    the second for a repetition. (https://github.com/cloudevents/spec, "id")"""
    body = effect.body
    if _is_event(body):
        return body  # type: ignore[no-any-return]
    cause = effect.event
    return {
        "specversion": "1.0",
        "id": f"{cause['id']}/{effect.rule}/{effect.target}",
        "source": cause["source"],
        "type": cause["type"],
        "datacontenttype": "text/plain" if isinstance(body, str) else "application/json",
        "data": body,
    }


def _is_event(body: object) -> bool:
    if not isinstance(body, Mapping) or body.get("specversion") != "1.0":
        return False
    return all(isinstance(body.get(name), str) and body[name] for name in _IDENTITY)


def _encoded(value: object) -> bytes:
    """As JSON. Half a character, which JSON may hold and UTF-8 may not, becomes a "?"."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode(errors="replace")
