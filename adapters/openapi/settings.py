"""What the operator tells us about Alibaba Cloud, whatever is called there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are. ``kind``: "default" follows the SDK's own chain (environment, profile, the
    instance's RAM role), "key" is a key pair (with ``security_token`` a temporary one), "role"
    assumes ``role_arn`` with the key pair, or with the default chain when there is none.

    An assumed role's session is named ``<role_session_prefix>-<request>``, so that ActionTrail
    tells which request made a call.
    """

    kind: Literal["default", "key", "role"] = "default"
    key_id: str = ""
    key_secret: str = field(default="", repr=False)
    security_token: str = field(default="", repr=False)
    role_arn: str = ""
    role_session_prefix: str = "countersign"
    external_id: str = field(default="", repr=False)
    sts_endpoint: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """``region``: the one for calls that name none. ``endpoint``: where the adapter's own product
    is, a host or ``http(s)://host:port``; empty for its own place in each region. Time-outs in
    seconds. ``workers``: how many calls may be under way at once, each in a thread with a
    connection. ``safe_token_seconds``: how long the platform surely remembers a client token, so
    that sending the same call again cannot run it twice. ``ca_file``: certificates to trust instead
    of the usual ones."""

    region: str
    endpoint: str = ""
    credentials: Credentials = Credentials()
    connect_timeout: float = 5
    read_timeout: float = 10
    workers: int = 8
    safe_token_seconds: float = 600
    ca_file: str = ""
