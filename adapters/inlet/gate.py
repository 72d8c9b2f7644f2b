"""Who may come in: address, signature, token, replay, pace. Nothing here looks at the content.

A signed request carries ``X-Countersign-Timestamp`` (seconds since 1970), ``X-Countersign-Nonce``
(8 to 128 of ``A-Z a-z 0-9 _ -``, never the same twice) and ``X-Countersign-Signature``: the
HMAC-SHA256, in hexadecimal, of ``TIMESTAMP.NONCE.`` followed by the body. A nonce has no full stop,
so that no two requests can share the text that is signed.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from adapters.inlet import refusal, settings
from adapters.inlet.settings import Source
from bot.source import values

TIMESTAMP = "x-countersign-timestamp"
NONCE = "x-countersign-nonce"
SIGNATURE = "x-countersign-signature"
TOKEN = "x-countersign-token"
EVENTBRIDGE_TOKEN = "x-eventbridge-signature-token"
"""Where EventBridge's HTTP target puts the token that is typed there
(https://www.alibabacloud.com/help/en/eventbridge/user-guide/signature-algorithm)."""
FORWARDED = (
    "forwarded",
    "via",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "cf-connecting-ip",
    "true-client-ip",
    "fastly-client-ip",
    "proxy-client-ip",
    "wl-proxy-client-ip",
    "ali-cdn-real-ip",
    "remoteip",
)
FORWARDED_STARTS = ("x-forwarded-", "x-original-", "x-envoy-", "x-amzn-", "slb-")
"""What proxies add: then it is not this machine that speaks, although the connection says so."""
_NONCE = re.compile(r"[A-Za-z0-9_-]{8,128}")
_SECONDS = re.compile(r"[0-9]{1,12}")
MOST_NONCES = 100_000
BURST = 60.0
"""Seconds of its allowance that a sender can use at once."""

Headers = Mapping[str, str]
"""By their names in small letters."""


def signature(secret: str, timestamp: str, nonce: str, body: bytes) -> str:
    """What ``X-Countersign-Signature`` must be."""
    key, head = secret.encode(), f"{timestamp}.{nonce}.".encode()
    return hmac.new(key, head + body, hashlib.sha256).hexdigest()


def same(secret: str, wanted: str) -> bool:
    """Are two texts equal? It takes as long whichever letter differs."""
    return hmac.compare_digest(
        secret.encode("utf-8", "surrogateescape"), wanted.encode("utf-8", "surrogateescape")
    )


class Nonces:
    """The nonces of the requests that were let in, for as long as these could come again."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._until)

    def take(self, nonce: str, until: float, now: float) -> bool:
        """Remember one. False: it is known. Raises Refusal when there is no room."""
        if self._until.get(nonce, 0.0) >= now:
            return False
        if len(self._until) >= MOST_NONCES:
            self._until = {known: end for known, end in self._until.items() if end >= now}
            if len(self._until) >= MOST_NONCES:
                raise refusal.Refusal(429, "rate", "too many requests", {"Retry-After": "60"})
        self._until[nonce] = until
        return True

    def forget(self, nonce: str) -> None:
        """What it came with was not taken after all, so it may come again."""
        self._until.pop(nonce, None)


class Pace:
    """How many events a sender may still send: an allowance that fills up evenly."""

    def __init__(self, per_minute: int) -> None:
        self._rate = per_minute / 60.0
        self._most = max(1.0, per_minute * BURST / 60.0)
        self._tokens = self._most
        self._at = 0.0

    def take(self, count: int, now: float) -> None:
        """Use some of it up. Raises Refusal when it is used up."""
        self._tokens = min(self._most, self._tokens + max(0.0, now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1.0:
            wait = max(1, int((1.0 - self._tokens) / self._rate) + 1)
            raise refusal.Refusal(429, "rate", "too many events", {"Retry-After": str(wait)})
        self._tokens -= count


class Gate:
    """What must be true of a request to one source. ``nonces`` are shared by sources that share a
    secret, or else what was sent to one could be sent to the other."""

    def __init__(self, source: Source, nonces: Nonces) -> None:
        self.source = source
        self.nonces = nonces
        self._networks = settings.networks(source.addresses)
        self._pace = Pace(source.per_minute)

    def check_address(self, address: str) -> None:
        """Refuse who comes from elsewhere."""
        if not self._networks:
            return
        try:
            ip = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            raise refusal.Refusal(403, "address", "not from this address") from None
        plain = getattr(ip, "ipv4_mapped", None) or ip
        if not any(plain in network for network in self._networks):
            raise refusal.Refusal(403, "address", "not from this address")

    def check_presence(self, headers: Headers, query: Mapping[str, str]) -> None:
        """Refuse before its body is read what brings nothing to recognise it by."""
        if not self.source.guarded:
            if why := passed_on(headers):
                raise refusal.Refusal(403, "forwarded", f"{why}, and this source has no secret")
            return
        if self.source.secret and headers.get(SIGNATURE):
            return
        if self.source.token and given_token(headers, query):
            return
        raise self._unsigned()

    def check(self, headers: Headers, query: Mapping[str, str], body: bytes, now: datetime) -> str:
        """Refuse what is forged, stale or replayed; the nonce, which is used up now."""
        if not (self.source.secret or self.source.token):
            return ""
        if self.source.token and same(given_token(headers, query), self.source.token):
            return ""
        if not self.source.secret or not headers.get(SIGNATURE):
            raise refusal.Refusal(401, "forged", "the token is wrong")
        timestamp, nonce = headers.get(TIMESTAMP, ""), headers.get(NONCE, "")
        if not _SECONDS.fullmatch(timestamp) or not _NONCE.fullmatch(nonce):
            raise refusal.Refusal(
                401, "unsigned", f"{TIMESTAMP} is in seconds, {NONCE} 8 to 128 of A-Za-z0-9_-"
            )
        if not same(headers[SIGNATURE], signature(self.source.secret, timestamp, nonce, body)):
            raise refusal.Refusal(401, "forged", "the signature is wrong")
        moment, at = now.timestamp(), int(timestamp)
        if abs(moment - at) > self.source.window:
            raise refusal.Refusal(401, "stale", "the timestamp is too far from now")
        if not self.nonces.take(nonce, at + self.source.window, moment):
            raise refusal.Refusal(401, "replayed", "the nonce was used before")
        return nonce

    def pace(self, count: int, now: datetime) -> None:
        """Refuse what comes too fast."""
        self._pace.take(count, now.timestamp())

    def _unsigned(self) -> refusal.Refusal:
        wanted = " or ".join(
            word
            for word, value in (
                (f"{TIMESTAMP}, {NONCE} and {SIGNATURE}", self.source.secret),
                ("a token", self.source.token),
            )
            if value
        )
        challenge = {"WWW-Authenticate": "Bearer"} if self.source.token else {}
        return refusal.Refusal(401, "unsigned", f"{wanted} must be there", challenge)


def passed_on(headers: Headers) -> str:
    """Why it is not a program of this machine that speaks; "" if nothing says so. A page in a
    browser here is somebody else's, too: it says where it is from, or asks for a name of its own
    that leads here."""
    for name in headers:
        if name in FORWARDED or name.startswith(FORWARDED_STARTS):
            return f"it was passed on ({name})"
    if "origin" in headers:
        return "it comes from a web page (origin)"
    try:
        host = urlsplit(f"//{headers.get('host', '')}").hostname
    except ValueError:
        host = "?"
    if host and not values.of_this_machine(host):
        return "it asks for a host that is not 127.0.0.1 or localhost"
    return ""


def given_token(headers: Headers, query: Mapping[str, str]) -> str:
    """The token that a request brings: as a bearer, in a header, or in the query."""
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return bearer.strip()
    return headers.get(TOKEN) or headers.get(EVENTBRIDGE_TOKEN) or query.get("token", "")
