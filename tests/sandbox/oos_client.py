"""The official OOS SDK pointed at the stand-in, and a few templates to run there."""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox.aliyun_party import WEB1, Caller, until

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


class Sdk(Caller):
    """OOS."""

    package = "alibabacloud_oos20190601"

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
