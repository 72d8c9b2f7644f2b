"""What an assumed role is narrowed to while one request runs."""

from __future__ import annotations

import json
from collections.abc import Sequence

LONGEST_POLICY = 2048
_LOOK = (
    "ecs:DescribeInvocations",
    "ecs:DescribeInvocationResults",
    "ecs:DescribeCommands",
    "ecs:DescribeCloudAssistantStatus",
    "ecs:DescribeInstances",
)


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
