"""Credentials for the SDK: keys, the default chain, or a role assumed for one request."""

from __future__ import annotations

import importlib
from typing import Any

from adapters.openapi.settings import Credentials

SESSION_SECONDS = 3600
"""How long an assumed role lasts; the SDK renews it a quarter of an hour before its end."""


def client(settings: Credentials, session: str, policy: str) -> Any:
    """A credentials client of the SDK; ``session`` and ``policy`` matter to an assumed role."""
    sdk = importlib.import_module("alibabacloud_credentials.client")
    return sdk.Client(provider=provider(settings, session, policy))


def provider(settings: Credentials, session: str, policy: str) -> object:
    """The SDK's credentials provider for these settings."""
    sdk = importlib.import_module("alibabacloud_credentials.provider")
    if settings.type == "default" or not settings.key_id:
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
    if settings.type != "role":
        return base
    return sdk.RamRoleArnCredentialsProvider(
        credentials_provider=base,
        role_arn=settings.role_arn,
        role_session_name=session or settings.role_session_prefix,
        duration_seconds=SESSION_SECONDS,
        policy=policy or None,
        external_id=settings.external_id or None,
        sts_endpoint=settings.sts_endpoint or None,
    )


def session_name(settings: Credentials, request: int) -> str:
    """What ActionTrail shows of this request (at most 64 characters); "" without a role, or for
    what belongs to no request (0)."""
    if settings.type != "role" or not request:
        return ""
    return f"{settings.role_session_prefix}-{request}"[:64]
