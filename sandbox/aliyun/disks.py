"""Disks and their snapshots: attach, detach, snapshot, describe.

A disk is Available, Attaching, In_use or Detaching. Source:
https://help.aliyun.com/zh/ecs/developer-reference/api-ecs-2014-05-26-attachdisk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox import world
from sandbox.aliyun.describe import fits, page
from sandbox.aliyun.errors import ApiError, status_error
from sandbox.aliyun.machines import json_ids, no_instance
from sandbox.aliyun.state import Cloud, iso
from sandbox.base import Clock

DATA_DISKS = ("d-sandbox0data1", "d-sandbox0data2")


@dataclass
class Disk:
    """A data disk. Until ``due`` it is on its way to where ``instance`` says; "": to no machine."""

    seq: int
    id: str
    region: str
    created: float
    instance: str = ""
    due: float = 0.0
    with_instance: bool = False

    def status(self, now: float) -> str:
        if now < self.due:
            return "Attaching" if self.instance else "Detaching"
        return "In_use" if self.instance else "Available"


@dataclass
class Snapshot:
    seq: int
    id: str
    disk: Disk
    name: str
    created: float
    due: float


class Disks:
    """Acts on disks. ``seconds``: how long an attachment, a detachment or a snapshot takes."""

    def __init__(self, cloud: Cloud, clock: Clock) -> None:
        self.cloud = cloud
        self.clock = clock
        self.seconds = 1.0
        self.disks = {
            id: Disk(n, id, world.ALIYUN_REGION, clock.now())
            for n, id in enumerate(DATA_DISKS, start=1)
        }
        self.snapshots: dict[str, Snapshot] = {}

    def attach(self, asked: dict[str, Any]) -> dict[str, Any]:
        disk = self._disk(asked)
        self._machine(asked)
        if disk.status(self.clock.now()) != "Available":
            raise status_error()
        disk.instance, disk.due = asked["InstanceId"], self.clock.now() + self.seconds
        disk.with_instance = asked.get("DeleteWithInstance", False)
        return {}

    def detach(self, asked: dict[str, Any]) -> dict[str, Any]:
        disk = self._disk(asked)
        self._machine(asked)
        if disk.status(self.clock.now()) != "In_use" or disk.instance != asked["InstanceId"]:
            raise ApiError(403, "DependencyViolation", "The disk is not attached to this instance.")
        disk.instance, disk.due = "", self.clock.now() + self.seconds
        return {}

    def snapshot(self, asked: dict[str, Any]) -> dict[str, Any]:
        disk, now, number = self._disk(asked), self.clock.now(), self.cloud.number()
        made = Snapshot(
            number,
            f"s-sandbox{number:08d}",
            disk,
            asked.get("SnapshotName", ""),
            now,
            now + self.seconds,
        )
        self.snapshots[made.id] = made
        return {"SnapshotId": made.id}

    def describe(self, asked: dict[str, Any]) -> dict[str, Any]:
        ids, now = json_ids(asked, "DiskIds"), self.clock.now()
        found = [
            disk
            for disk in self.disks.values()
            if disk.region == asked["RegionId"]
            and (ids is None or disk.id in ids)
            and fits(asked, Status=disk.status(now), InstanceId=disk.instance)
        ]
        shown, about = page(asked, found, lambda disk: -disk.seq, 100)
        items = [
            {
                "DiskId": disk.id,
                "RegionId": disk.region,
                "ZoneId": f"{disk.region}-h",
                "InstanceId": disk.instance,
                "Status": disk.status(now),
                "Type": "data",
                "Category": "cloud_essd",
                "Size": 40,
                "DeleteWithInstance": disk.with_instance,
                "CreationTime": iso(disk.created),
            }
            for disk in shown
        ]
        return {"Disks": {"Disk": items}, **about}

    def describe_snapshots(self, asked: dict[str, Any]) -> dict[str, Any]:
        ids, now = json_ids(asked, "SnapshotIds"), self.clock.now()
        found = [
            one
            for one in reversed(self.snapshots.values())
            if one.disk.region == asked["RegionId"]
            and (ids is None or one.id in ids)
            and fits(asked, SnapshotName=one.name)
        ]
        shown, about = page(asked, found, lambda one: one.seq, 100)
        items = [
            {
                "SnapshotId": one.id,
                "SnapshotName": one.name,
                "SourceDiskId": one.disk.id,
                "Status": "accomplished" if now >= one.due else "progressing",
                "Progress": "100%" if now >= one.due else "0%",
                "CreationTime": iso(one.created),
            }
            for one in shown
        ]
        return {"Snapshots": {"Snapshot": items}, **about}

    def _disk(self, asked: dict[str, Any]) -> Disk:
        disk = self.disks.get(asked["DiskId"])
        if disk is None or asked.get("RegionId", disk.region) != disk.region:
            raise ApiError(404, "InvalidDiskId.NotFound", "The specified disk does not exist.")
        return disk

    def _machine(self, asked: dict[str, Any]) -> None:
        machine = self.cloud.find(asked["InstanceId"], asked.get("RegionId", ""))
        if machine is None:
            raise no_instance()
        if machine.status not in ("Running", "Stopped"):
            raise status_error()
