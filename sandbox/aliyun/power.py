"""The APIs that change machines: start, stop, reboot, create, delete, and what they are called.

A machine passes through its statuses on the sandbox's clock: Running → Stopping → Stopped →
Starting → Running; a reboot takes it down and up in one go. Source:
https://help.aliyun.com/zh/ecs/developer-reference/api-ecs-2014-05-26-rebootinstance and its
neighbours.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

from sandbox import world
from sandbox.aliyun.commands import tags_of
from sandbox.aliyun.errors import ApiError, invalid, status_error
from sandbox.aliyun.machines import ids_of, no_instance
from sandbox.aliyun.state import Cloud, Machine
from sandbox.base import Clock

Act = Literal["reboot", "start", "stop", "delete", "create"]
ACTS: tuple[str, ...] = get_args(Act)
STAGES: Mapping[Act, tuple[str, ...]] = {
    "reboot": ("Stopping", "Starting", "Running"),
    "start": ("Starting", "Running"),
    "stop": ("Stopping", "Stopped"),
    "create": ("Pending", "Starting", "Running"),
    "delete": ("Released",),
}
"""The statuses that an act leads through; all but the last take their time."""
NEEDS: Mapping[Act, tuple[str, ...]] = {
    "reboot": ("Running",),
    "start": ("Stopped",),
    "stop": ("Running",),
    "delete": ("Stopped",),
}
_BROKEN_INSIDE = ("InternalError", "ServiceUnavailable")
_TYPE = re.compile(r"ecs\.[a-z0-9-]+\.[a-z0-9-]+")


class Power:
    """Switches machines. ``seconds``: how long each passing status lasts; ``acts``: what really
    happened, in order; ``broken``: the code with which an act on an instance fails."""

    def __init__(self, cloud: Cloud, clock: Clock) -> None:
        self.cloud = cloud
        self.clock = clock
        self.seconds = 1.0
        self.acts: list[dict[str, Any]] = []
        self.broken: dict[tuple[str, str], str] = {}
        self.jobs: dict[str, asyncio.Task[None]] = {}

    async def close(self) -> None:
        """Leave the machines where they are."""
        jobs = list(self.jobs.values())
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)

    # ------------------------------------------------------------------ the APIs

    def one(self, act: Act, asked: dict[str, Any], request: str) -> dict[str, Any]:
        """RebootInstance, StartInstance, StopInstance, DeleteInstance."""
        check_mode(asked)
        machine = self.cloud.find(asked["InstanceId"], asked.get("RegionId", ""))
        if machine is None:
            raise no_instance()
        self._check(act, machine, force=bool(asked.get("Force")))
        if asked.get("DryRun"):
            raise ApiError(
                400, "DryRunOperation", "Request validation has been passed with DryRun flag set."
            )
        self._do(act, machine, request)
        return {}

    def several(self, act: Act, asked: dict[str, Any], request: str) -> dict[str, Any]:
        """RebootInstances, StartInstances, StopInstances."""
        check_mode(asked)
        way = asked.get("BatchOptimization") or "AllTogether"
        if way not in ("AllTogether", "SuccessFirst"):
            raise invalid("BatchOptimization", "neither AllTogether nor SuccessFirst")
        errors: dict[str, ApiError] = {}
        ids = ids_of(asked)
        for one in ids:
            try:
                self._check(act, self.cloud.find(one, asked["RegionId"]))
            except ApiError as error:
                if way == "AllTogether":
                    raise
                errors[one] = error
        if asked.get("DryRun"):
            raise ApiError(400, "DRYRUN.SUCCESS", "The dry run has been passed.")
        items = [self._part(act, one, errors.get(one), request) for one in ids]
        return {"InstanceResponses": {"InstanceResponse": items}}

    def _part(self, act: Act, id: str, error: ApiError | None, request: str) -> dict[str, Any]:
        machine = self.cloud.find(id)
        before = machine.status if machine else ""
        if machine is not None and error is None:
            self._do(act, machine, request)
        return {
            "InstanceId": id,
            "PreviousStatus": before,
            "CurrentStatus": machine.status if machine else "",
            "Code": error.code if error else "200",
            "Message": error.message if error else "success",
        }

    def create(self, asked: dict[str, Any], request: str) -> dict[str, Any]:
        """RunInstances."""
        for name in ("InstanceType", "ImageId"):
            if not asked.get(name):
                raise ApiError(400, f"MissingParameter.{name}", f"{name} is mandatory.")
        if not _TYPE.fullmatch(asked["InstanceType"]):
            raise ApiError(
                403, "InvalidInstanceType.ValueNotSupported", "The instance type is not supported."
            )
        amount = asked.get("Amount", 1)
        if not 1 <= amount <= 100:
            raise ApiError(403, "InvalidAmount.NotSupported", "Amount is between 1 and 100.")
        tags = tags_of(asked)
        if code := self.broken.get(("", "create")):
            raise broken(code, "create")
        if asked.get("DryRun"):
            raise ApiError(
                400, "DryRunOperation", "Request validation has been passed with DryRun flag set."
            )
        made = [self._new(asked, tags, n, request) for n in range(1, amount + 1)]
        return {"InstanceIdSets": {"InstanceIdSet": [machine.id for machine in made]}}

    def _new(self, asked: dict[str, Any], tags: dict[str, str], n: int, request: str) -> Machine:
        id = f"i-sandbox0new{self.cloud.number():04d}"
        name = asked.get("InstanceName") or id
        if asked.get("UniqueSuffix") and asked.get("Amount", 1) > 1:
            name = f"{name}{n:03d}"
        machine = self.cloud.add(
            world.Machine(id, name, asked["RegionId"], "Pending", False, tuple(tags.items()))
        )
        machine.created = self.clock.now()
        machine.description = asked.get("Description", "")
        machine.host = asked.get("HostName") or id
        machine.kind, machine.image = asked["InstanceType"], asked["ImageId"]
        groups = [asked.get("SecurityGroupId", ""), *asked.get("SecurityGroupIds", [])]
        machine.groups = tuple(filter(None, groups))
        machine.protected = asked.get("DeletionProtection", False)
        self._do("create", machine, request)
        return machine

    def modify(self, asked: dict[str, Any]) -> dict[str, Any]:
        """ModifyInstanceAttribute: the name, the host's name, the description, the password, the
        security groups and whether it may be deleted."""
        machine = self.cloud.find(asked["InstanceId"], asked.get("RegionId", ""))
        if machine is None:
            raise no_instance()
        served = {
            "InstanceName", "Description", "HostName", "DeletionProtection", "SecurityGroupIds",
            "Password",
        }  # fmt: skip
        for name in sorted(set(asked) - served - {"InstanceId", "RegionId"}):
            raise invalid(name, "the sandbox does not change that")
        name = asked.get("InstanceName", machine.name)
        if not 2 <= len(name) <= 128 or name.startswith(("http://", "https://")):
            raise ApiError(400, "InvalidInstanceName.Malformed", "It has 2 to 128 characters.")
        description = asked.get("Description", machine.description)
        if len(description) > 256 or description.startswith(("http://", "https://")):
            raise ApiError(400, "InvalidDescription.Malformed", "It has 2 to 256 characters.")
        if "Password" in asked and not 8 <= len(asked["Password"]) <= 30:
            raise ApiError(400, "InvalidPassword.Malformed", "It has 8 to 30 characters.")
        machine.name, machine.description = name, description
        machine.host = asked.get("HostName", machine.host)
        machine.protected = asked.get("DeletionProtection", machine.protected)
        machine.groups = tuple(asked.get("SecurityGroupIds", machine.groups))
        self.cloud.changed(machine)
        return {}

    # ------------------------------------------------------------------ what happens

    def _check(self, act: Act, machine: Machine | None, force: bool = False) -> None:
        """Raises ApiError if the act cannot be."""
        if machine is None:
            raise no_instance()
        if code := self.broken.get((machine.id, act)):
            raise broken(code, act)
        if act == "delete" and machine.protected:
            raise ApiError(
                403,
                "InvalidOperation.DeletionProtection",
                "The operation is not allowed due to deletion protection.",
            )
        allowed = (*NEEDS[act], "Running") if force else NEEDS[act]
        if machine.status not in allowed:
            raise status_error()

    def _do(self, act: Act, machine: Machine, request: str) -> None:
        self.acts.append(
            {
                "instance": machine.id,
                "act": act,
                "at": self.clock.now(),
                "request_id": request,
            }
        )
        first, *rest = STAGES[act]
        self.settle(machine, first)
        if rest:
            job = asyncio.get_running_loop().create_task(self._pass(machine, rest))
            self.jobs[machine.id] = job
            job.add_done_callback(lambda done: self._over(machine.id, done))

    def _over(self, id: str, job: asyncio.Task[None]) -> None:
        if self.jobs.get(id) is job:
            del self.jobs[id]

    async def _pass(self, machine: Machine, stages: Iterable[str]) -> None:
        due = self.clock.now()
        for status in stages:
            due += self.seconds
            await self.clock.sleep_until(due)
            self._be(machine, status)

    def settle(self, machine: Machine, status: str) -> None:
        """Put a machine into a status at once; what it was passing through is over."""
        if job := self.jobs.pop(machine.id, None):
            job.cancel()
        self._be(machine, status)

    def _be(self, machine: Machine, status: str) -> None:
        machine.status = status
        if status != "Running":
            self.cloud.interrupt(machine)
        elif machine.installed:
            machine.agent_up.set()
        self.cloud.changed(machine)


def check_mode(asked: Mapping[str, Any]) -> None:
    if asked.get("StoppedMode", "") not in ("", "StopCharging", "KeepCharging"):
        raise invalid("StoppedMode", "neither StopCharging nor KeepCharging")


def broken(code: str, act: str) -> ApiError:
    status = 500 if code.startswith(_BROKEN_INSIDE) else 403
    return ApiError(status, code, f"The sandbox was told to let {act} fail.")
