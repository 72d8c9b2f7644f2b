"""Who we are: the signature of a call, and the credentials that make it.

The scheme is that of the official SDKs (https://github.com/aliyun/alibabacloud-eventbridge-sdk):
method, content type, date and the ``x-acs-`` headers are signed, the body is not.
"""

from __future__ import annotations

import base64
import email.utils
import hashlib
import hmac
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from adapters import openapi
from adapters.openapi import credentials, failures

PATH = "/openapi/putEvents"
KIND = "application/cloudevents-batch+json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key; ``token`` belongs to a temporary one."""

    id: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)


class Identity:
    """The credentials of the configuration, renewed by the SDK where they are temporary."""

    def __init__(self, settings: openapi.Credentials) -> None:
        self._settings = settings
        self._client: Any = None
        self._lock = threading.Lock()

    def keys(self) -> Keys:
        """The keys as they are now. It may take a call or two: use a thread. Raises Failure."""
        try:
            with self._lock:
                if self._client is None:
                    self._client = credentials.client(self._settings, "", "")
                credential = self._client.get_credential()
        except ImportError as error:
            reason = "The Alibaba Cloud SDK is not installed."
            raise openapi.Failure("refused", reason) from error
        except ValueError as error:
            reason = "The credentials in the configuration are incomplete."
            raise openapi.Failure("refused", reason) from error
        except Exception as error:
            raise failures.explain(error, "PutEvents", "eventbridge") from None
        return Keys(
            credential.access_key_id or "",
            credential.access_key_secret or "",
            credential.security_token or "",
        )


def headers(keys: Keys, now: datetime) -> dict[str, str]:
    """The headers of one try, signature included."""
    lines = {
        "accept": "application/json",
        "content-type": KIND,
        "date": email.utils.format_datetime(now.astimezone(UTC), usegmt=True),
        "user-agent": "countersign",
        "x-acs-signature-method": "HMAC-SHA1",
        "x-acs-signature-nonce": secrets.token_hex(16),
        "x-acs-signature-version": "1.0",
        "x-eventbridge-version": "2015-06-06",
    }
    if keys.token:
        lines["x-acs-accesskey-id"] = keys.id
        lines["x-acs-security-token"] = keys.token
    lines["authorization"] = f"acs:{keys.id}:{signature(signed('POST', PATH, lines), keys.secret)}"
    return lines


def signed(method: str, path: str, headers: Mapping[str, str]) -> str:
    """The text that is signed. Header names are in small letters."""
    first = (method, *(headers.get(name, "") for name in ("content-md5", "content-type", "date")))
    ours = sorted(name for name in headers if name.startswith("x-acs"))
    return "\n".join((*first, *(f"{name}:{headers[name]}" for name in ours), path))


def signature(text: str, secret: str) -> str:
    mac = hmac.new(secret.encode(), text.encode(), hashlib.sha1)
    return base64.b64encode(mac.digest()).decode()
