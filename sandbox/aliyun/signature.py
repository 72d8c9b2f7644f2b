"""Who is calling: verifies ACS3-HMAC-SHA256 and the older HMAC-SHA1 RPC signature.

Source: https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature and
https://help.aliyun.com/zh/sdk/product-overview/rpc-mechanism.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

from sandbox.aliyun.errors import ApiError, missing

SKEW = 15 * 60
_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([^,]+),Signature=([0-9a-f]{64})"
)
PROTOCOL = frozenset(
    {
        "Action",
        "Version",
        "Format",
        "AccessKeyId",
        "SecurityToken",
        "Signature",
        "SignatureMethod",
        "SignatureNonce",
        "SignatureType",
        "SignatureVersion",
        "Timestamp",
    }
)
"""Parameters of the old-style protocol itself: no API sees them."""


@dataclass(frozen=True)
class Key:
    """An access key. ``token`` is the security token of a temporary one; ``session`` its name."""

    id: str
    secret: str
    token: str = ""
    session: str = ""
    expires: float = float("inf")


@dataclass(frozen=True)
class Incoming:
    """A request as it came in, before anybody believes it. ``headers`` have lower-case names."""

    method: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    body: bytes
    headers: Mapping[str, str]

    @property
    def params(self) -> dict[str, str]:
        return {**self.query, **self.form}


def encode(text: str) -> str:
    return quote(text, safe="~")


def canonical_query(params: Mapping[str, str]) -> str:
    return "&".join(f"{encode(k)}={encode(params[k])}" for k in sorted(params))


@dataclass
class Door:
    """Checks signatures against the known keys and remembers the nonces seen.

    Dates are compared with the real time, since callers do not see a moved sandbox clock.
    """

    keys: dict[str, Key]
    nonces: dict[str, float] = field(default_factory=dict)

    def check(self, incoming: Incoming) -> Key:
        """The key that signed this request. Raises ApiError."""
        if incoming.headers.get("authorization"):
            return self._check_acs3(incoming)
        if "Signature" in incoming.params:
            return self._check_rpc(incoming)
        raise ApiError(
            400, "IncompleteSignature", "The request signature does not conform to the standards."
        )

    def _check_acs3(self, incoming: Incoming) -> Key:
        headers = incoming.headers
        match = _AUTHORIZATION.fullmatch(headers["authorization"])
        if match is None:
            raise ApiError(400, "IncompleteSignature", "The Authorization header is malformed.")
        key_id, listed, given = match.groups()
        signed = listed.split(";")
        unsigned = [h for h in headers if h.startswith("x-acs-") and h not in signed]
        if unsigned or "host" not in signed or signed != sorted(signed):
            raise ApiError(
                400, "IncompleteSignature", f"Headers are not signed: {', '.join(unsigned)}."
            )
        for name in ("x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"):
            if not headers.get(name):
                raise missing(name)
        digest = hashlib.sha256(incoming.body).hexdigest()
        if headers["x-acs-content-sha256"] != digest:
            raise ApiError(400, "SignatureDoesNotMatch", "x-acs-content-sha256 is not the body's.")
        key = self._key(key_id, headers.get("x-acs-security-token", ""))
        lines = "".join(f"{name}:{headers.get(name, '').strip()}\n" for name in signed)
        canonical = "\n".join(
            (
                incoming.method,
                incoming.path,
                canonical_query(incoming.query),
                lines,
                ";".join(signed),
                digest,
            )
        )
        text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
        expected = hmac.new(key.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        self._compare(given, expected, text)
        self._check_date(headers["x-acs-date"])
        self._use_nonce(headers["x-acs-signature-nonce"])
        return key

    def _check_rpc(self, incoming: Incoming) -> Key:
        params = incoming.params
        for name in ("AccessKeyId", "SignatureNonce", "Timestamp", "SignatureMethod"):
            if not params.get(name):
                raise missing(name)
        if params["SignatureMethod"] != "HMAC-SHA1":
            raise ApiError(400, "InvalidParameter.SignatureMethod", "Only HMAC-SHA1 is supported.")
        key = self._key(params["AccessKeyId"], params.get("SecurityToken", ""))
        rest = {k: v for k, v in params.items() if k != "Signature"}
        text = f"{incoming.method}&%2F&{encode(canonical_query(rest))}"
        mac = hmac.new((key.secret + "&").encode(), text.encode(), hashlib.sha1)
        self._compare(params["Signature"], base64.b64encode(mac.digest()).decode(), text)
        self._check_date(params["Timestamp"])
        self._use_nonce(params["SignatureNonce"])
        return key

    def _key(self, key_id: str, token: str) -> Key:
        key = self.keys.get(key_id)
        if key is None:
            raise ApiError(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        if key.token != token:
            raise ApiError(
                400, "InvalidSecurityToken.Malformed", "The security token does not fit the key."
            )
        if key.expires <= time.time():
            raise ApiError(400, "InvalidSecurityToken.Expired", "The security token has expired.")
        return key

    @staticmethod
    def _compare(given: str, expected: str, text: str) -> None:
        if not hmac.compare_digest(given.encode(), expected.encode()):
            raise ApiError(
                400,
                "SignatureDoesNotMatch",
                "Specified signature is not matched with our calculation. server string to sign "
                f"is:{text}",
            )

    @staticmethod
    def _check_date(text: str) -> None:
        try:
            at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
        except ValueError:
            raise ApiError(
                400,
                "InvalidTimeStamp.Format",
                "The time stamp is not well formatted.",
            ) from None
        if abs(time.time() - at) > SKEW:
            raise ApiError(
                400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."
            )

    def _use_nonce(self, nonce: str) -> None:
        now = time.time()
        if len(self.nonces) > 100_000:
            self.nonces = {n: at for n, at in self.nonces.items() if at > now - 2 * SKEW}
        if self.nonces.get(nonce, 0.0) > now - 2 * SKEW:
            raise ApiError(400, "SignatureNonceUsed", "The request signature nonce has been used.")
        self.nonces[nonce] = now
