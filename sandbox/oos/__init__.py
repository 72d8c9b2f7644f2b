"""OOS on loopback: API 2019-06-01, and executions that really run in the sandbox's cloud.

It imports ``bot.oos``, the one room of the bot that the sandbox may share besides ``model``: the
language of templates is pure and has its own tests against the published templates, and a second
reading of it here would only show that the two agree with each other. What is the platform's own
(statuses, ids, waiting, tokens, pages, errors) is written here anew.

API reference: https://www.alibabacloud.com/help/en/oos/developer-reference/api-oos-2019-06-01-overview.
Not served: Mode FailurePause and Debug, LoopMode, timers and events.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.aliyun.errors import ApiError
from sandbox.aliyun.products import Params, Request
from sandbox.base import Clock
from sandbox.oos import acts, parameters
from sandbox.oos.listing import Listing
from sandbox.oos.running import Runner
from sandbox.oos.starting import Starter
from sandbox.oos.state import Executions, view
from sandbox.oos.telling import Teller
from sandbox.oos.templates import Templates

VERSION = "2019-06-01"


class Oos:
    """The product. ``house`` is the cloud in which executions make their calls."""

    def __init__(self, clock: Clock, house: acts.House) -> None:
        self.executions = Executions()
        self.templates = Templates(clock)
        self.runner = Runner(self.executions, acts.Acts(house), clock)
        self.starter = Starter(self.executions, self.templates, self.runner, clock)
        self.listing = Listing(self.executions)
        self.teller = Teller(self.executions, self.runner)
        self.roles: dict[str, list[str]] = {"OOSServiceRole": []}
        """The roles that OOS may assume, and what each lacks of what a template needs."""

    async def close(self) -> None:
        await self.runner.close()

    async def handle(self, action: str, params: Params, request: Request) -> dict[str, Any]:
        """The answer's body. Raises ApiError."""
        asked = await parameters.API.read(action, params)
        return self._act(action, {"RegionId": "cn-hangzhou", **asked}, request.caller)

    def _act(self, action: str, asked: Mapping[str, Any], caller: str) -> dict[str, Any]:
        match action:
            case "StartExecution":
                return {"Execution": self.starter.once(asked, caller)}
            case "ValidateTemplateContent":
                return self.starter.validate(asked)
            case "ListExecutions":
                return self.listing.executions(asked)
            case "ListTaskExecutions":
                return self.listing.tasks(asked)
            case "ListExecutionLogs":
                return self.listing.logs(asked)
            case "NotifyExecution":
                return self.teller.notify(asked, caller)
            case "CancelExecution":
                return self.teller.cancel(asked)
            case "CreateTemplate" | "UpdateTemplate":
                return self.templates.write(action, asked, caller)
            case "GenerateExecutionPolicy":
                return self._needed(asked)
            case "ListTemplates":
                return self.templates.listed(asked)
            case _:
                return self.templates.get(asked)

    def _needed(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """GenerateExecutionPolicy, which tells what the role lacks."""
        self.starter.template(asked)
        lacking = self.roles.get(asked.get("RamRole", ""))
        if lacking is None:
            raise ApiError(404, "EntityNotExists.Role", "The specified role does not exist.")
        missing = [{"Action": lacking, "ServiceName": "ecs", "Resources": "*"}] if lacking else []
        return {"Policy": "{}", "MissingPolicy": str(missing)}

    def start(self, asked: Mapping[str, Any], caller: str) -> str:
        """Start an execution as a person does in the console: its id. Raises ApiError."""
        return str(self.starter.once(asked, caller)["ExecutionId"])

    def add_product(self, action: str, content: str) -> None:
        """Add a cloud product action, as the platform has hundreds of them. Raises ApiError."""
        self.templates.added[action] = self.templates.read(content, action)

    def views(self) -> list[dict[str, Any]]:
        """Every execution, the newest first, with its tasks."""
        return [
            view(one) | {"ClientToken": one.token, "Tasks": [row.view() for row in one.rows]}
            for one in reversed(self.executions.all.values())
        ]
