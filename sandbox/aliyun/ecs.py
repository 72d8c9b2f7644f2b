"""ECS 2014-05-26: which part of the stand-in serves which action."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sandbox.aliyun import parameters
from sandbox.aliyun.agent import Agents
from sandbox.aliyun.commands import Commands
from sandbox.aliyun.describe import Describe
from sandbox.aliyun.disks import Disks
from sandbox.aliyun.machines import Machines, Tagging
from sandbox.aliyun.power import Power
from sandbox.aliyun.products import Params, Request
from sandbox.aliyun.state import Cloud
from sandbox.aliyun.tokens import Tokens
from sandbox.base import Clock

VERSION = "2014-05-26"

Typed = dict[str, Any]
Serve = Callable[[Typed], dict[str, Any]]
Change = Callable[[Typed, Request], dict[str, Any]]


class Ecs:
    """The product: types the parameters by the SDK's models, then looks or changes."""

    def __init__(self, cloud: Cloud, clock: Clock, agents: Agents) -> None:
        self.commands = Commands(cloud, clock, agents)
        self.power = Power(cloud, clock)
        self.tokens = Tokens(clock)
        self.disks = disks = Disks(cloud, clock)
        describe, machines, tagging = Describe(cloud, clock), Machines(cloud, clock), Tagging(cloud)
        self._looks: Mapping[str, Serve] = {
            "DescribeCommands": describe.commands,
            "DescribeInvocations": describe.invocations,
            "DescribeInvocationResults": describe.results,
            "DescribeCloudAssistantStatus": machines.agents,
            "DescribeInstances": machines.instances,
            "DescribeInstanceStatus": machines.statuses,
            "DescribeInstanceAttribute": machines.attribute,
            "DescribeDisks": disks.describe,
            "DescribeSnapshots": disks.describe_snapshots,
            "DescribeRegions": lambda asked: machines.regions(),
            "ListTagResources": machines.tags,
        }
        self._changes: Mapping[str, Change] = {
            "RunCommand": lambda asked, by: self.commands.run_command(asked, by.caller),
            "InvokeCommand": lambda asked, by: self.commands.invoke_command(asked, by.caller),
            "CreateCommand": lambda asked, by: self.commands.create_command(asked),
            "DeleteCommand": lambda asked, by: self.commands.delete_command(asked),
            "StopInvocation": lambda asked, by: self.commands.stop_invocation(asked),
            "RebootInstance": lambda asked, by: self.power.one("reboot", asked, by.id),
            "StartInstance": lambda asked, by: self.power.one("start", asked, by.id),
            "StopInstance": lambda asked, by: self.power.one("stop", asked, by.id),
            "DeleteInstance": lambda asked, by: self.power.one("delete", asked, by.id),
            "RebootInstances": lambda asked, by: self.power.several("reboot", asked, by.id),
            "StartInstances": lambda asked, by: self.power.several("start", asked, by.id),
            "StopInstances": lambda asked, by: self.power.several("stop", asked, by.id),
            "RunInstances": lambda asked, by: self.power.create(asked, by.id),
            "ModifyInstanceAttribute": lambda asked, by: self.power.modify(asked),
            "AttachDisk": lambda asked, by: disks.attach(asked),
            "DetachDisk": lambda asked, by: disks.detach(asked),
            "CreateSnapshot": lambda asked, by: disks.snapshot(asked),
            "TagResources": lambda asked, by: tagging.tag(asked),
            "UntagResources": lambda asked, by: tagging.untag(asked),
        }

    async def handle(self, action: str, params: Params, request: Request) -> dict[str, Any]:
        """The answer's body. Raises ApiError."""
        typed = await parameters.API.read(action, params)
        if look := self._looks.get(action):
            return look(typed)
        return self.tokens.once(action, typed, partial(self._changes[action], typed, request))
