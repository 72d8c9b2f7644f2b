"""Credentials for the SDK: keys, the default chain, or a role assumed for one request.

No inline policy narrows the role's session: where a template names no RamRole, what it does is done
with these very credentials.
"""

from __future__ import annotations

import importlib
from typing import Any

from adapters.oos.settings import Credentials

SESSION_SECONDS = 3600
"""How long an assumed role lasts; the SDK renews it a quarter of an hour before its end."""


def client(settings: Credentials, session: str) -> Any:
    """A credentials client of the SDK; ``session`` matters to an assumed role."""
    sdk = importlib.import_module("alibabacloud_credentials.client")
    return sdk.Client(provider=provider(settings, session))


def provider(settings: Credentials, session: str) -> Any:
    """The SDK's credentials provider for these settings."""
    sdk = importlib.import_module("alibabacloud_credentials.provider")
    if settings.kind == "default" or not settings.key_id:
        base = sdk.DefaultCredentialsProvider()
    elif settings.security_token:
        base = sdk.StaticSTSCredentialsProvider(
            access_key_id=settings.key_id,
            access_key_secret=settings.key_secret,
            security_token=settings.security_token,
        )
    else:
        base = sdk.StaticAKCredentialsProvider(
            access_key_id=settings.key_id, access_key_secret=settings.key_secret
        )
    if settings.kind != "role":
        return base
    return sdk.RamRoleArnCredentialsProvider(
        credentials_provider=base,
        role_arn=settings.role_arn,
        role_session_name=session or settings.role_session_prefix,
        duration_seconds=SESSION_SECONDS,
        external_id=settings.external_id or None,
        sts_endpoint=settings.sts_endpoint or None,
    )


def session_name(settings: Credentials, request: int) -> str:
    """What ActionTrail shows of this request (at most 64 characters); "" without a role."""
    if settings.kind != "role" or not request:
        return ""
    return f"{settings.role_session_prefix}-{request}"[:64]
