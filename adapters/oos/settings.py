"""What the operator tells us about OOS."""

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
    """``endpoint``: a host, or ``http(s)://host:port``; empty for the region's own.
    ``safety_check``: "ConfirmEveryHighRiskAction" lets people confirm each task of high risk,
    "Skip" does not ask again. Time-outs in seconds. ``safe_token_seconds``: how long the platform
    surely remembers a client token, so that sending the same call again cannot start it twice.
    ``ca_file``: certificates to trust instead of the usual ones."""

    region: str
    endpoint: str = ""
    credentials: Credentials = Credentials()
    safety_check: Literal["ConfirmEveryHighRiskAction", "Skip"] = "ConfirmEveryHighRiskAction"
    connect_timeout: float = 5
    read_timeout: float = 10
    workers: int = 4
    page_size: int = 100
    safe_token_seconds: float = 600
    ca_file: str = ""
