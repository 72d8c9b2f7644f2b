"""What the operator tells us about Alibaba Cloud."""

from __future__ import annotations

from collections.abc import Mapping
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
    """``endpoint``: where ECS is, a host or ``http(s)://host:port``; empty for the SDK's own of
    each region. ``endpoints``: the same for services by name, "*" for all that are not named.
    ``regions``: where instances are looked for (``region`` always is). Time-outs in seconds.
    ``safe_token_seconds``: how long the platform surely remembers a client token, so that sending
    the same call again cannot run it twice. ``ca_file``: certificates to trust instead of the
    usual ones."""

    region: str
    endpoint: str = ""
    credentials: Credentials = Credentials()
    regions: tuple[str, ...] = ()
    connect_timeout: float = 5
    read_timeout: float = 10
    workers: int = 8
    max_instances_per_call: int = 100
    page_size: int = 50
    safe_token_seconds: float = 600
    ca_file: str = ""
    endpoints: Mapping[str, str] = field(default_factory=dict)

    def origin(self, service: str) -> str:
        """Where a service's calls go whatever the tables say; "": nobody said."""
        if service == "ecs" and self.endpoint:
            return self.endpoint
        return self.endpoints.get(service) or self.endpoints.get("*", "")
