"""The APIs of ECS that the stand-in serves, and what each takes."""

from __future__ import annotations

from sandbox.aliyun.reference import Reference

REQUIRED: dict[str, tuple[str, ...]] = {
    "RunCommand": ("RegionId", "Type", "CommandContent"),
    "InvokeCommand": ("RegionId", "CommandId"),
    "CreateCommand": ("RegionId", "Name", "Type", "CommandContent"),
    "DeleteCommand": ("RegionId", "CommandId"),
    "DescribeCommands": ("RegionId",),
    "DescribeInvocations": ("RegionId",),
    "DescribeInvocationResults": ("RegionId",),
    "StopInvocation": ("RegionId", "InvokeId"),
    "DescribeCloudAssistantStatus": ("RegionId",),
    "DescribeInstances": ("RegionId",),
    "DescribeInstanceStatus": ("RegionId",),
    "DescribeInstanceAttribute": ("InstanceId",),
    "DescribeRegions": (),
    "ModifyInstanceAttribute": ("InstanceId",),
    "StartInstance": ("InstanceId",),
    "StopInstance": ("InstanceId",),
    "RebootInstance": ("InstanceId",),
    "StartInstances": ("RegionId", "InstanceId"),
    "StopInstances": ("RegionId", "InstanceId"),
    "RebootInstances": ("RegionId", "InstanceId"),
    "RunInstances": ("RegionId",),
    "DeleteInstance": ("InstanceId",),
    "AttachDisk": ("InstanceId", "DiskId"),
    "DetachDisk": ("InstanceId", "DiskId"),
    "DescribeDisks": ("RegionId",),
    "CreateSnapshot": ("DiskId",),
    "DescribeSnapshots": ("RegionId",),
    "TagResources": ("RegionId", "ResourceType", "ResourceId", "Tag"),
    "UntagResources": ("RegionId", "ResourceType", "ResourceId"),
    "ListTagResources": ("RegionId", "ResourceType"),
}
"""The actions served, and what each needs. Those that go by an instance's id alone may be told its
region, too: a regional endpoint serves no other."""

API = Reference("alibabacloud_ecs20140526.models", REQUIRED)
