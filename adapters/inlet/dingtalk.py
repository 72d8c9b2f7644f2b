"""DingTalk's callbacks over HTTP, made into the frames that its Stream mode would bring.

Three kinds come to one address: events (encrypted; ``open-dingtalk/DingTalk-Callback-Crypto``),
messages to a robot in HTTP mode (headers ``timestamp`` and ``sign``; ``receive-message``) and
buttons of cards (``x-ddpaas-signature``; ``event-callback-card``), all documented on
open.dingtalk.com. The last two sign only the time, not the body: what reaches them has to come over
TLS, and a signature is good for an hour.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapters.inlet import callback, ciphers, gate, refusal, strict
from adapters.inlet.settings import Source

CHAT_TOPIC = "/v1.0/im/bot/messages/get"
CARD_TOPIC = "/v1.0/card/instances/callback"
WINDOW = 3600.0
_PADDING = 32
_HEAD = 16 + 4
"""Random bytes, and the length of what follows."""


def read(
    source: Source, headers: Mapping[str, str], query: Mapping[str, str], body: bytes, now: datetime
) -> callback.Callback:
    """The frame of a request. Raises Refusal."""
    payload = callback.mapping(strict.parse(body, strict.DEPTH + 2))
    if "encrypt" in payload:
        return _event(source, query, payload["encrypt"], now)
    if "x-ddpaas-signature" in headers:
        timestamp = headers.get("x-ddpaas-signature-timestamp", "")
        wanted = card_signature(source.card_secret or source.secret, timestamp)
        signature = headers["x-ddpaas-signature"]
        topic = CARD_TOPIC
    else:
        timestamp, signature = headers.get("timestamp", ""), headers.get("sign", "")
        wanted = robot_signature(source.secret, timestamp)
        topic = CHAT_TOPIC
    secret = (source.card_secret or source.secret) if topic == CARD_TOPIC else source.secret
    if not secret or not gate.same(signature, wanted):
        raise callback.forged()
    _check_time(timestamp, now)
    frame = {
        "type": "CALLBACK",
        "headers": {
            "topic": topic,
            "time": timestamp,
            # a press of a button has no id of its own; sent again, it is signed for the same time
            "messageId": strict.fingerprint([timestamp, payload]),
        },
        "data": payload,
    }
    if topic == CARD_TOPIC:
        return callback.Callback(frame, lambda said: said or {})
    return callback.Callback(frame, lambda _: {"msgtype": "empty"})


def robot_signature(secret: str, timestamp: str) -> str:
    return _hmac(secret, f"{timestamp}\n{secret}")


def card_signature(secret: str, timestamp: str) -> str:
    return _hmac(secret, timestamp)


def event_signature(token: str, timestamp: str, nonce: str, encrypted: str) -> str:
    text = "".join(sorted((token, timestamp, nonce, encrypted)))
    return hashlib.sha1(text.encode("utf-8", "surrogateescape")).hexdigest()


def _hmac(secret: str, text: str) -> str:
    digest = hmac.new(secret.encode(), text.encode("utf-8", "surrogateescape"), hashlib.sha256)
    return base64.b64encode(digest.digest()).decode()


def _check_time(timestamp: str, now: datetime) -> None:
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 16):
        raise callback.forged()
    if abs(now.timestamp() - int(timestamp) / 1000) > WINDOW:
        raise refusal.Refusal(401, "stale", "the timestamp is too far from now")


# ----------------------------------------------------------------------------- events


def _event(
    source: Source, query: Mapping[str, str], encrypted: object, now: datetime
) -> callback.Callback:
    signature = query.get("msg_signature") or query.get("signature", "")
    timestamp = query.get("timestamp") or query.get("timeStamp", "")
    if not source.encrypt_key or not isinstance(encrypted, str):
        raise callback.forged()
    wanted = event_signature(source.token, timestamp, query.get("nonce", ""), encrypted)
    if not gate.same(signature, wanted):
        raise callback.forged()
    payload = _opened(source, encrypted)

    def reply(_: Mapping[str, object] | None) -> Mapping[str, Any]:
        return sealed(source, "success", now)

    kind = callback.text(payload.get("EventType"))
    if kind in ("", "check_url"):
        return callback.Callback(None, reply)
    corp = callback.text(payload.get("CorpId")) or callback.text(payload.get("corpId"))
    headers = {"eventType": kind, "eventCorpId": corp or source.tenant, "time": timestamp}
    for name in ("eventId", "eventBornTime"):
        if payload.get(name) is not None:
            headers[name] = payload[name]
    return callback.Callback({"type": "EVENT", "headers": headers, "data": payload}, reply)


def _key(source: Source) -> bytes:
    return base64.b64decode(source.encrypt_key + "=")


def _opened(source: Source, encrypted: str) -> Mapping[str, Any]:
    """What stands in it, if it was meant for us."""
    key = _key(source)
    try:
        plain = ciphers.decrypt(key, key[: ciphers.BLOCK], ciphers.decoded(encrypted), _PADDING)
    except ciphers.Undecipherable:
        raise callback.forged() from None
    end = _HEAD + int.from_bytes(plain[_HEAD - 4 : _HEAD], "big")
    if len(plain) < _HEAD or end > len(plain):
        raise callback.forged()
    if source.owner and not gate.same(plain[end:].decode("utf-8", "replace"), source.owner):
        raise callback.forged()
    try:
        return callback.mapping(strict.parse(plain[_HEAD:end], strict.DEPTH + 2))
    except refusal.Refusal:
        raise callback.forged() from None


def sealed(source: Source, text: str, now: datetime) -> Mapping[str, Any]:
    """A text as DingTalk wants to be answered: encrypted and signed."""
    key, said = _key(source), text.encode()
    plain = secrets.token_bytes(16) + len(said).to_bytes(4, "big") + said + source.owner.encode()
    secret = ciphers.encrypt(key, key[: ciphers.BLOCK], plain, _PADDING)
    encrypted = base64.b64encode(secret).decode()
    timestamp, nonce = str(int(now.timestamp() * 1000)), secrets.token_hex(8)
    return {
        "msg_signature": event_signature(source.token, timestamp, nonce, encrypted),
        "timeStamp": timestamp,
        "nonce": nonce,
        "encrypt": encrypted,
    }
