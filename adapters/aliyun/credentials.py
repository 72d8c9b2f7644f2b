"""Credentials for the SDK: keys, the default chain, or a role assumed for one request."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from typing import Any

from adapters.aliyun.settings import Credentials

LONGEST_POLICY = 2048
SHORTEST_SESSION = 3600
"""Seconds an assumed role lasts; the SDK renews it a quarter of an hour before its end."""
_LOOK = (
    "ecs:DescribeInvocations",
    "ecs:DescribeInvocationResults",
    "ecs:DescribeCloudAssistantStatus",
    "ecs:DescribeInstances",
)


def client(settings: Credentials, session: str, policy: str) -> Any:
    """A credentials client of the SDK; ``session`` and ``policy`` matter to an assumed role."""
    sdk = importlib.import_module("alibabacloud_credentials.client")
    return sdk.Client(provider=provider(settings, session, policy))


def provider(settings: Credentials, session: str, policy: str) -> Any:
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
        duration_seconds=SHORTEST_SESSION,
        policy=policy or None,
        external_id=settings.external_id or None,
        sts_endpoint=settings.sts_endpoint or None,
    )


def session_name(settings: Credentials, request: int) -> str:
    """What ActionTrail shows of this request (at most 64 characters)."""
    return f"{settings.role_session_prefix}-{request}"[:64]


def least(region: str, instances: Sequence[str]) -> str:
    """An inline policy that allows running on these instances and nothing else; "" if it would be
    too long for AssumeRole, where the role's own policy must do."""
    places = [f"acs:ecs:{region}:*:instance/{i}" for i in instances]
    policy = {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["ecs:RunCommand", "ecs:InvokeCommand", "ecs:StopInvocation"],
                "Resource": [*places, f"acs:ecs:{region}:*:command/*"],
            },
            {"Effect": "Allow", "Action": list(_LOOK), "Resource": "*"},
        ],
    }
    text = json.dumps(policy, separators=(",", ":"))
    return text if len(text) <= LONGEST_POLICY else ""
