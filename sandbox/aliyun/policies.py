"""What the caller is allowed, where a policy of RAM says it.

Each resource that a call names must be allowed. Sources:
https://help.aliyun.com/zh/ram/user-guide/policy-structure-and-syntax,
https://help.aliyun.com/zh/ecs/user-guide/use-ram-to-implement-permission-control
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox import world
from sandbox.aliyun.errors import ApiError

ACCOUNT = "1234567890123456"
FREE = ("sts:GetCallerIdentity",)
"""What nobody needs to be allowed."""
IDS = ("InstanceId", "InstanceIds")
RUNS = ("RunCommand", "InvokeCommand")
TEMPLATES = ("GetTemplate", "StartExecution")

Tags = Callable[[str], Mapping[str, str]]
"""The tags of an instance, by its id."""


class Policies:
    """``document`` None: everything is allowed. ``used``: the actions that were allowed by it."""

    def __init__(self, tags: Tags) -> None:
        self.document: Mapping[str, Any] | None = None
        self.used: set[str] = set()
        self._tags = tags

    def check(self, product: str, api: str, asked: Mapping[str, str]) -> None:
        """Raises ApiError unless the policy allows the call."""
        action = f"{product}:{api}"
        if self.document is None or action in FREE:
            return
        for resource in resources(product, api, asked):
            if not self._allows(action, resource, asked):
                raise ApiError(
                    403,
                    "Forbidden.RAM" if product == "ecs" else "NoPermission",
                    f"You are not authorized to do this action. Action: {action} Resource: "
                    f"{resource} Context:",
                )
        self.used.add(action)

    def _allows(self, action: str, resource: str, asked: Mapping[str, str]) -> bool:
        assert self.document is not None
        return any(
            matches(listed(statement["Action"]), action)
            and matches(listed(statement["Resource"]), resource)
            and self._holds(statement.get("Condition", {}), resource, asked)
            for statement in self.document["Statement"]
            if statement["Effect"] == "Allow"
        )

    def _holds(self, condition: Mapping[str, Any], resource: str, asked: Mapping[str, str]) -> bool:
        tags = self._tags(resource.rpartition("/")[2]) if ":instance/" in resource else {}
        facts = {f"acs:ResourceTag/{key}": value for key, value in tags.items()}
        facts["ecs:CommandRunAs"] = asked.get("Username", "root")
        for key, values in condition.get("StringEquals", {}).items():
            if facts.get(key) not in listed(values):
                return False
        return True


def matches(patterns: list[str], name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def listed(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def resources(product: str, api: str, asked: Mapping[str, str]) -> Iterator[str]:
    """The resources by which a call is judged."""
    region = asked.get("RegionId") or world.ALIYUN_REGION
    place = f"acs:{product}:{region}:{ACCOUNT}"
    if product == "oos":
        kind = "template" if api in TEMPLATES else "execution"
        yield f"{place}:{kind}/{asked.get('TemplateName') or asked.get('ExecutionId') or 'any'}"
        return
    ids = sorted(named(asked))
    for id in ids:
        yield f"{place}:instance/{id}"
    if api in RUNS:
        yield f"{place}:command/{asked.get('CommandId') or 'any'}"
    elif not ids:
        kind = "disk" if "Disk" in api or "Snapshot" in api else "instance"
        yield f"{place}:{'command' if api == 'DescribeCommands' else kind}/any"


def named(asked: Mapping[str, str]) -> set[str]:
    """The ids of the instances that a call names."""
    ids: set[str] = set()
    for name, value in asked.items():
        if name.partition(".")[0] in IDS:
            ids |= set(json.loads(value)) if value.startswith("[") else {value}
    return ids
