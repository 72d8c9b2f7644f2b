"""The official OOS SDK pointed at the stand-in, and a few templates to run there."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from sandbox import world
from sandbox.aliyun import Aliyun
from tests.sandbox.aliyun_party import REGION, WEB1, until

FINAL = ("Success", "Failed", "Cancelled")


def template(*tasks: dict[str, Any], **more: Any) -> str:
    """A template's text: tasks as the language has them, "Name" and "Action" among them."""
    return json.dumps({"FormatVersion": "OOS-2019-06-01", "Tasks": list(tasks), **more})


def api(name: str, api: str = "DescribeInstances", **more: Any) -> dict[str, Any]:
    """A task that calls an API of ECS; ``parameters`` go to the API, the rest to the task."""
    parameters, properties = more.pop("parameters", {}), more.pop("properties", {})
    asked = {"Service": "ECS", "API": api, "Parameters": parameters, **properties}
    return {"Name": name, "Action": "ACS::ExecuteAPI", "Properties": asked, **more}


def script(name: str, text: str, instance: str = WEB1, **more: Any) -> dict[str, Any]:
    """A task that runs a shell script on an instance."""
    parameters = {"Type": "RunShellScript", "CommandContent": text, "InstanceIds": [instance]}
    outputs = {"id": {"Type": "String", "ValueSelector": "InvokeId"}}
    return api(name, "RunCommand", parameters=parameters, Outputs=outputs, **more)


def approve(name: str = "ask", **properties: Any) -> dict[str, Any]:
    """A task that waits for an approval."""
    return {"Name": name, "Action": "ACS::Approve", "Properties": properties}


class Sdk:
    """The official synchronous client. ``call("StartExecution", …wire fields…)`` gives the body, or
    raises the SDK's exception."""

    def __init__(self, party: Aliyun) -> None:
        self.endpoint = party.base_url.removeprefix("http://")

    async def call(self, action: str, **fields: Any) -> dict[str, Any]:
        return await asyncio.to_thread(self._call, action, fields)

    async def refusal(self, action: str, **fields: Any) -> tuple[int, str]:
        """The status and code of a call that must be refused."""
        try:
            answer = await self.call(action, **fields)
        except Exception as error:
            return getattr(error, "status_code", 0), str(getattr(error, "code", error))
        raise AssertionError(f"{action} was not refused: {answer}")

    def _call(self, action: str, fields: dict[str, Any]) -> dict[str, Any]:
        from alibabacloud_oos20190601 import client, models
        from alibabacloud_tea_openapi import utils_models

        config = utils_models.Config(
            endpoint=self.endpoint,
            protocol="http",
            region_id=REGION,
            access_key_id=world.ALIYUN_KEY_ID,
            access_key_secret=world.ALIYUN_KEY_SECRET,
        )
        request = getattr(models, f"{action}Request")()
        request.from_map({"RegionId": REGION, **fields})
        method = "".join("_" + c.lower() if c.isupper() else c for c in action).lstrip("_")
        body: dict[str, Any] = getattr(client.Client(config), method)(request).body.to_map()
        return body

    async def start(self, content: str, **fields: Any) -> str:
        """StartExecution of a text; the execution's id."""
        answer = await self.call("StartExecution", TemplateContent=content, **fields)
        return str(answer["Execution"]["ExecutionId"])

    async def execution(self, id: str) -> dict[str, Any]:
        (found,) = (await self.call("ListExecutions", ExecutionId=id))["Executions"]
        return dict(found)

    async def reached(self, id: str, *statuses: str) -> dict[str, Any]:
        """The execution once it has one of these statuses."""

        async def there() -> bool:
            return (await self.execution(id))["Status"] in statuses

        await until(there)
        return await self.execution(id)

    async def ended(self, id: str) -> dict[str, Any]:
        return await self.reached(id, *FINAL)

    async def tasks(self, id: str, **fields: Any) -> list[dict[str, Any]]:
        """Its tasks, the first first."""
        answer = await self.call(
            "ListTaskExecutions", ExecutionId=id, SortOrder="Ascending", **fields
        )
        return list(answer["TaskExecutions"])
