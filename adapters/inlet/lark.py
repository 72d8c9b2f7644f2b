"""Lark's and Feishu's callbacks over HTTP: encryption, signature, verification of the address.

https://open.feishu.cn/document ("Receive events through webhook", "Receive and handle callbacks").
With an encrypt key the body is ``{"encrypt": …}``: base64 of the 16 bytes of the vector and the
AES-256-CBC text, the key being the SHA-256 of the encrypt key; ``X-Lark-Signature`` is the SHA-256
of timestamp, nonce, encrypt key and body. Without one, only the verification token tells.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime

from adapters.inlet import callback, ciphers, gate, refusal, strict
from adapters.inlet.settings import Source


def read(
    source: Source, headers: Mapping[str, str], body: bytes, now: datetime
) -> callback.Callback:
    """The event of a request. Raises Refusal."""
    payload = callback.mapping(strict.parse(body, strict.DEPTH + 2))
    signed = False
    if source.encrypt_key:
        payload = _decrypted(source.encrypt_key, payload.get("encrypt"))
        signed = gate.same(
            headers.get("x-lark-signature", ""),
            signature(
                source.encrypt_key,
                headers.get("x-lark-request-timestamp", ""),
                headers.get("x-lark-request-nonce", ""),
                body,
            ),
        )
    elif "encrypt" in payload:
        raise refusal.unreadable("the body is encrypted, and this source has no encrypt_key")
    verification = payload.get("type") == "url_verification"
    token = callback.text(callback.mapping(payload.get("header")).get("token"))
    token = token or callback.text(payload.get("token"))
    if source.token and not gate.same(token, source.token):
        raise callback.forged()
    if verification:  # it comes without a signature
        challenge = callback.text(payload.get("challenge"))
        return callback.Callback(None, lambda _: {"challenge": challenge[:1000]})
    if source.encrypt_key and not signed:
        raise callback.forged()
    if source.encrypt_key:
        _check_time(source, headers.get("x-lark-request-timestamp", ""), now)
    return callback.Callback(payload, lambda said: said or {})


def _check_time(source: Source, timestamp: str, now: datetime) -> None:
    """Refuse what was signed too long ago: somebody may have kept it. The time is in seconds; each
    time that an event is sent again it is signed anew."""
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise callback.forged()
    if abs(now.timestamp() - int(timestamp)) > source.window:
        raise refusal.Refusal(401, "stale", "the timestamp is too far from now")


def signature(encrypt_key: str, timestamp: str, nonce: str, body: bytes) -> str:
    head = f"{timestamp}{nonce}{encrypt_key}".encode("utf-8", "surrogateescape")
    return hashlib.sha256(head + body).hexdigest()


def _decrypted(encrypt_key: str, encrypted: object) -> Mapping[str, object]:
    key = hashlib.sha256(encrypt_key.encode()).digest()
    try:
        secret = ciphers.decoded(encrypted)
        plain = ciphers.decrypt(key, _vector(secret), secret[ciphers.BLOCK :], ciphers.BLOCK)
        return callback.mapping(strict.parse(plain, strict.DEPTH + 2))
    except (ciphers.Undecipherable, refusal.Refusal):
        raise callback.forged() from None


def _vector(secret: bytes) -> bytes:
    if len(secret) <= ciphers.BLOCK:
        raise ciphers.Undecipherable
    return secret[: ciphers.BLOCK]
