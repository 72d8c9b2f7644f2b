"""ECS 2014-05-26: which part of the stand-in serves which action."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from sandbox.aliyun import parameters
from sandbox.aliyun.commands import Commands
from sandbox.aliyun.describe import Describe
from sandbox.aliyun.errors import ApiError
from sandbox.aliyun.products import Params, Request

VERSION = "2014-05-26"
_REGION = re.compile(r"(cn|ap|eu|us|me|na)-[a-z0-9-]+")


class Ecs:
    """The product: types the parameters by the SDK's models, then acts or describes."""

    def __init__(self, commands: Commands, describe: Describe) -> None:
        self.commands = commands
        self.describe = describe
        self._loaded = False

    async def handle(self, action: str, params: Params, request: Request) -> dict[str, Any]:
        """The answer's body. Raises ApiError."""
        if action not in parameters.REQUIRED:
            raise ApiError(404, "InvalidAction.NotFound", "Specified api is not found.")
        if not self._loaded:
            await asyncio.to_thread(parameters.load)
            self._loaded = True
        typed = parameters.parse(action, params)
        if not _REGION.fullmatch(typed["RegionId"]):
            raise ApiError(404, "InvalidRegionId.NotFound", "The RegionId does not exist.")
        return self._act(action, typed, request.caller)

    def _act(self, action: str, typed: dict[str, Any], caller: str) -> dict[str, Any]:
        match action:
            case "RunCommand" | "InvokeCommand" | "CreateCommand":
                return self.commands.once(action, typed, caller)
            case "StopInvocation":
                return self.commands.stop_invocation(typed)
            case "DescribeCommands":
                return self.describe.commands(typed)
            case "DescribeInvocations":
                return self.describe.invocations(typed)
            case "DescribeInvocationResults":
                return self.describe.results(typed)
            case "DescribeCloudAssistantStatus":
                return self.describe.agents(typed)
            case _:
                return self.describe.instances(typed)
