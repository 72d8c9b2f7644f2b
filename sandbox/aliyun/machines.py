"""The APIs that look at machines: instances, their statuses and agents, their tags, the regions."""

from __future__ import annotations

import fnmatch
import json
from typing import Any

from sandbox.aliyun.commands import tags_of
from sandbox.aliyun.describe import fits, page, tag_list, tagged
from sandbox.aliyun.errors import ApiError, invalid, limit
from sandbox.aliyun.state import Cloud, Machine, iso
from sandbox.base import Clock

REGIONS = {
    "cn-hangzhou": "华东1(杭州)",
    "cn-shanghai": "华东2(上海)",
    "cn-beijing": "华北2(北京)",
    "cn-shenzhen": "华南1(深圳)",
    "cn-hongkong": "中国香港",
    "ap-southeast-1": "新加坡",
    "eu-central-1": "德国(法兰克福)",
}


def no_instance() -> ApiError:
    return ApiError(404, "InvalidInstanceId.NotFound", "The specified InstanceId does not exist.")


def ids_of(asked: dict[str, Any], most: int = 100) -> list[str]:
    """The InstanceId.N of a call, each once. Raises ApiError past the limit."""
    ids = list(dict.fromkeys(asked.get("InstanceId", [])))
    if len(ids) > most:
        raise limit("InstanceIds", f"At most {most} instances are allowed.")
    return ids


def json_ids(asked: dict[str, Any], name: str) -> list[str] | None:
    """Ids that one text parameter holds as a JSON list; None: it was not given."""
    if not asked.get(name):
        return None
    try:
        ids = json.loads(asked[name])
    except ValueError:
        ids = None
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise invalid(name, "not a JSON list of ids")
    if len(ids) > 100:
        raise limit(name, f"{name} names at most 100.")
    return ids


SYSTEMS = {
    "linux": "Alibaba Cloud Linux 3 64-bit",
    "windows": "Windows Server 2022 数据中心版 64位中文版",
}


class Machines:
    """Reads the machines. Every method takes typed parameters and returns the answer's body."""

    def __init__(self, cloud: Cloud, clock: Clock) -> None:
        self.cloud = cloud
        self.clock = clock

    def instances(self, asked: dict[str, Any]) -> dict[str, Any]:
        ids = json_ids(asked, "InstanceIds")
        wanted = asked.get("Tag", [])
        found = [
            m
            for m in self.cloud.alive(asked["RegionId"])
            if (ids is None or m.id in ids)
            and fits(
                asked,
                Status=m.status,
                ZoneId=zone(m),
                ImageId=m.image,
                InstanceType=m.kind,
                InstanceChargeType="PostPaid",
                InstanceNetworkType="vpc",
                VpcId="vpc-sandbox",
            )
            and fnmatch.fnmatchcase(m.name, asked.get("InstanceName", "*").replace("[", "[[]"))
            and tagged(m.tags, wanted)
        ]
        shown, about = self._page(asked, found, 100)
        return {"Instances": {"Instance": [self._instance(m) for m in shown]}, **about}

    def _instance(self, machine: Machine) -> dict[str, Any]:
        about = self._attributes(machine)
        return about | {
            "OSType": machine.system,
            "OSName": SYSTEMS[machine.system],
            "DeletionProtection": machine.protected,
            "ResourceGroupId": "",
            "StartTime": about["CreationTime"],
            "Tags": tag_list(machine.tags),
        }

    def attribute(self, asked: dict[str, Any]) -> dict[str, Any]:
        machine = self.cloud.find(asked["InstanceId"], asked.get("RegionId", ""))
        if machine is None:
            raise no_instance()
        return self._attributes(machine)

    def _attributes(self, machine: Machine) -> dict[str, Any]:
        """What both DescribeInstances and DescribeInstanceAttribute tell."""
        address = 10 + list(self.cloud.machines).index(machine.id)
        return {
            "InstanceId": machine.id,
            "InstanceName": machine.name,
            "HostName": machine.host,
            "Description": machine.description,
            "RegionId": machine.region,
            "ZoneId": zone(machine),
            "Status": machine.status,
            "InstanceType": machine.kind,
            "ImageId": machine.image,
            "Cpu": 2,
            "Memory": 4096,
            "CreationTime": iso(machine.created),
            "InstanceChargeType": "PostPaid",
            "InstanceNetworkType": "vpc",
            "SecurityGroupIds": {"SecurityGroupId": list(machine.groups)},
            "OperationLocks": {"LockReason": []},
            "PublicIpAddress": {"IpAddress": []},
            "VpcAttributes": {
                "VpcId": "vpc-sandbox",
                "VSwitchId": "vsw-sandbox",
                "PrivateIpAddress": {"IpAddress": [f"10.0.{address // 250}.{address % 250 + 1}"]},
            },
        }

    def statuses(self, asked: dict[str, Any]) -> dict[str, Any]:
        ids = ids_of(asked)
        found = [
            m
            for m in self.cloud.alive(asked["RegionId"])
            if (not ids or m.id in ids) and fits(asked, ZoneId=zone(m))
        ]
        shown, about = self._page({"PageNumber": 1, "PageSize": 10, **asked}, found, 50)
        items = [{"InstanceId": m.id, "Status": m.status} for m in shown]
        return {"InstanceStatuses": {"InstanceStatus": items}, **about}

    def agents(self, asked: dict[str, Any]) -> dict[str, Any]:
        ids = ids_of(asked, 50)
        machines = self.cloud.alive(asked["RegionId"])
        if ids:
            shown = [m for m in machines if m.id in ids]
            about: dict[str, Any] = {"TotalCount": len(shown), "NextToken": "", "PageSize": 50}
            if self.cloud.agents_page:
                shown, about = self._page(
                    {"MaxResults": self.cloud.agents_page, **asked}, shown, 50
                )
        else:
            shown, about = self._page(asked, machines, 50)
        items = [self._agent(m) for m in shown]
        box = {"InstanceCloudAssistantStatus": items}
        return {"InstanceCloudAssistantStatusSet": box, **about}

    def _agent(self, machine: Machine) -> dict[str, Any]:
        mine = [t for t in self.cloud.tasks if t.machine is machine]
        return {
            "InstanceId": machine.id,
            "CloudAssistantStatus": "true" if machine.able else "false",
            "CloudAssistantVersion": "2.2.3.857",
            "OSType": machine.system.title(),
            "ActiveTaskCount": sum(not t.ended for t in mine),
            "InvocationCount": len(mine),
            "LastInvokedTime": iso(max((t.started for t in mine), default=0.0)),
            "LastHeartbeatTime": iso(self.clock.now()) if machine.able else "",
            "SupportSessionManager": True,
        }

    def tags(self, asked: dict[str, Any]) -> dict[str, Any]:
        """ListTagResources: of the resources named, or of all that carry the tags asked for."""
        instances_only(asked)
        ids, wanted = asked.get("ResourceId", []), asked.get("Tag", [])
        if not ids and not wanted:
            raise invalid("ResourceId", "give ResourceId or Tag")
        items = [
            {
                "ResourceId": m.id,
                "ResourceType": "instance",
                "TagKey": key,
                "TagValue": value,
            }
            for m in self.cloud.alive(asked["RegionId"])
            if (not ids or m.id in ids) and tagged(m.tags, wanted)
            for key, value in m.tags.items()
        ]
        numbers = {id(item): -n for n, item in enumerate(items)}
        known = {"NextToken": asked["NextToken"]} if "NextToken" in asked else {}
        shown, about = page({"MaxResults": 50, **known}, items, lambda item: numbers[id(item)])
        return {"TagResources": {"TagResource": shown}, "NextToken": about["NextToken"]}

    @staticmethod
    def regions() -> dict[str, Any]:
        return {
            "Regions": {
                "Region": [
                    {
                        "RegionId": region,
                        "LocalName": name,
                        "RegionEndpoint": f"ecs.{region}.aliyuncs.com",
                    }
                    for region, name in REGIONS.items()
                ]
            }
        }

    def _page(
        self, asked: dict[str, Any], found: list[Machine], most: int
    ) -> tuple[list[Machine], dict[str, Any]]:
        order = {machine_id: -n for n, machine_id in enumerate(self.cloud.machines)}
        return page(asked, found, lambda m: order[m.id], most)


class Tagging:
    """TagResources and UntagResources, of instances only."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def tag(self, asked: dict[str, Any]) -> dict[str, Any]:
        machines = self._machines(asked)
        tags = tags_of(asked)
        if any(len(set(m.tags) | set(tags)) > 20 for m in machines):
            raise ApiError(403, "TagNumberLimitExceed", "At most 20 tags are allowed.")
        for machine in machines:
            machine.tags |= tags
            self.cloud.changed(machine)
        return {}

    def untag(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Remove the tags named, or all. One that is not there is no error."""
        machines = self._machines(asked)
        keys = asked.get("TagKey", [])
        if not keys and not asked.get("All", False):
            raise invalid("TagKey", "give TagKey, or All")
        for machine in machines:
            gone = set(keys or machine.tags)
            machine.tags = {k: v for k, v in machine.tags.items() if k not in gone}
            self.cloud.changed(machine)
        return {}

    def _machines(self, asked: dict[str, Any]) -> list[Machine]:
        instances_only(asked)
        ids = list(dict.fromkeys(asked["ResourceId"]))
        if len(ids) > 50:
            raise ApiError(400, "NumberExceed.ResourceIds", "At most 50 resources are allowed.")
        found = [self.cloud.find(one, asked["RegionId"]) for one in ids]
        if None in found:
            raise ApiError(
                404, "InvalidResourceId.NotFound", "The specified ResourceId does not exist."
            )
        return [machine for machine in found if machine is not None]


def instances_only(asked: dict[str, Any]) -> None:
    if asked["ResourceType"].lower() != "instance":
        raise ApiError(
            404, "InvalidResourceType.NotFound", "The ResourceType provided does not exist."
        )


def zone(machine: Machine) -> str:
    return f"{machine.region}-h"
