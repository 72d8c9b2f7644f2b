"""The APIs that look at Cloud Assistant: commands, invocations, results; and how pages are made."""

from __future__ import annotations

import base64
import fnmatch
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sandbox.aliyun.errors import ApiError, invalid
from sandbox.aliyun.state import Cloud, Command, Invocation, Task, iso, parameters_text
from sandbox.base import Clock

T = TypeVar("T")


def page(
    asked: Mapping[str, Any], items: Sequence[T], number: Callable[[T], int], most: int = 50
) -> tuple[list[T], dict[str, Any]]:
    """One page of ``items`` (sorted by falling ``number``) and what to say of the rest. The token
    names the last item shown, so new arrivals shift nothing."""
    if "PageNumber" in asked or "PageSize" in asked:
        at, size = asked.get("PageNumber", 1), asked.get("PageSize", 10)
        if at < 1:
            raise ApiError(403, "InvalidParam.PageNumber", "PageNumber starts at 1.")
        if not 1 <= size <= most:
            raise ApiError(403, "InvalidParam.PageSize", f"PageSize is between 1 and {most}.")
        shown = list(items[(at - 1) * size : at * size])
        return shown, {"TotalCount": len(items), "PageNumber": at, "PageSize": size}
    size = asked.get("MaxResults", 10)
    if not 1 <= size <= most:
        raise ApiError(403, "InvalidParam.PageSize", f"MaxResults is between 1 and {most}.")
    token = asked.get("NextToken", "")
    shown, following = cut(items, lambda item: -number(item), size, token)
    about = {"TotalCount": len(items), "NextToken": following, "PageNumber": 0, "PageSize": size}
    return shown, about


def cut(
    items: Sequence[T], order: Callable[[T], int], size: int, token: str
) -> tuple[list[T], str]:
    """So many items behind those that the token names, and the token of the next; ``order`` rises
    along the items. Raises ApiError."""
    rest = list(items)
    if token:
        try:
            last = int(base64.urlsafe_b64decode(token.encode()))
        except ValueError:
            raise invalid("NextToken", "it was not given out here") from None
        rest = [item for item in items if order(item) > last]
    shown = rest[:size]
    if len(rest) <= size:
        return shown, ""
    return shown, base64.urlsafe_b64encode(str(order(shown[-1])).encode()).decode()


def coded(asked: Mapping[str, Any], text: str) -> str:
    """Describe* APIs answer in Base64 unless asked for plain text."""
    if str(asked.get("ContentEncoding", "Base64")).lower() == "plaintext":
        return text
    return base64.b64encode(text.encode()).decode()


def tag_list(tags: Mapping[str, str]) -> dict[str, Any]:
    return {"Tag": [{"TagKey": k, "TagValue": v} for k, v in tags.items()]}


def fits(asked: Mapping[str, Any], **values: str) -> bool:
    """True if every filter that was given names exactly this value."""
    return all(name not in asked or asked[name] == value for name, value in values.items())


def tagged(tags: Mapping[str, str], wanted: Sequence[Mapping[str, str]]) -> bool:
    """True if every tag of the filter is there; one without a value asks for the key alone."""
    return all(
        w.get("Key", "") in tags and w.get("Value", tags[w["Key"]]) == tags[w["Key"]]
        for w in wanted
    )


class Describe:
    """Reads the cloud. Every method takes typed parameters and returns the answer's body."""

    def __init__(self, cloud: Cloud, clock: Clock) -> None:
        self.cloud = cloud
        self.clock = clock

    def commands(self, asked: dict[str, Any]) -> dict[str, Any]:
        wanted = asked.get("Tag", [])
        found = [
            c
            for c in self.cloud.commands.values()
            if c.kept
            and c.region == asked["RegionId"]
            and fits(asked, CommandId=c.id, Type=c.kind, Provider="User")
            and fnmatch.fnmatchcase(c.name, asked.get("Name", "*"))
            and tagged(c.tags, wanted)
        ]
        found.sort(key=lambda c: c.id, reverse=True)
        shown, about = page(asked, found, lambda c: int(c.id[-8:]))
        return {"Commands": {"Command": [self._command(asked, c) for c in shown]}, **about}

    @staticmethod
    def _command(asked: dict[str, Any], command: Command) -> dict[str, Any]:
        return {
            "CommandId": command.id,
            "Name": command.name,
            "Type": command.kind,
            "Description": command.description,
            "CommandContent": coded(asked, command.content),
            "EnableParameter": command.enable_parameter,
            "Timeout": command.timeout,
            "WorkingDir": command.workdir,
            "Launcher": command.launcher,
            "CreationTime": iso(command.created),
            "Provider": "User",
            "Latest": True,
            "Tags": tag_list(command.tags),
        }

    def invocations(self, asked: dict[str, Any]) -> dict[str, Any]:
        output = asked.get("IncludeOutput", False)
        if output and not ("InvokeId" in asked or "InstanceId" in asked):
            raise invalid("IncludeOutput", "it needs InvokeId or InstanceId")
        wanted = asked.get("Tag", [])
        found = [
            i
            for i in reversed(self.cloud.invocations.values())
            if i.region == asked["RegionId"]
            and fits(
                asked,
                InvokeId=i.id,
                CommandId=i.command.id,
                CommandType=i.command.kind,
                InvokeStatus=i.invoke_status,
                RepeatMode="Once",
            )
            and fnmatch.fnmatchcase(i.command.name, asked.get("CommandName", "*"))
            and any(fits(asked, InstanceId=t.machine.id) for t in i.tasks)
            and tagged(i.tags, wanted)
        ]
        shown, about = page(asked, found, lambda i: i.seq)
        items = [self._invocation(asked, i, output) for i in shown]
        return {"Invocations": {"Invocation": items}, **about}

    @staticmethod
    def _invocation(asked: dict[str, Any], one: Invocation, output: bool) -> dict[str, Any]:
        tasks = [
            {
                "InstanceId": t.machine.id,
                "InvocationStatus": t.status,
                "InstanceInvokeStatus": t.record_status,
                "ErrorCode": t.error_code,
                "ErrorInfo": t.error_info,
                "Dropped": t.output.dropped,
                "Repeats": int(t.runs > 0),
                "CreationTime": iso(one.created),
                "StartTime": iso(t.started),
                "FinishTime": iso(t.finished),
                "StopTime": iso(t.stopped),
                "UpdateTime": iso(t.finished or t.started or one.created),
                "Timed": False,
            }
            | ({} if t.exit_code is None else {"ExitCode": t.exit_code})
            | ({"Output": coded(asked, t.output.text(t.ended))} if output else {})
            for t in one.tasks
            if fits(asked, InstanceId=t.machine.id)
        ]
        return {
            "InvokeId": one.id,
            "CommandId": one.command.id,
            "CommandName": one.command.name,
            "CommandType": one.command.kind,
            "Launcher": one.command.launcher,
            "CommandContent": coded(asked, one.command.content),
            "CommandDescription": one.command.description,
            "Parameters": parameters_text(one.parameters),
            "CreationTime": iso(one.created),
            "Frequency": "",
            "RepeatMode": "Once",
            "Timed": False,
            "Timeout": one.timeout,
            "Username": one.username,
            "WorkingDir": one.workdir,
            "TerminationMode": one.termination,
            "InvocationStatus": one.status,
            "InvokeStatus": one.invoke_status,
            "Tags": tag_list(one.tags),
            "InvokeInstances": {"InvokeInstance": tasks},
        }

    def results(self, asked: dict[str, Any]) -> dict[str, Any]:
        wanted = asked.get("Tag", [])
        source: Iterable[Task] = self.cloud.tasks
        if "InvokeId" in asked:
            one = self.cloud.invocations.get(asked["InvokeId"])
            source = one.tasks if one else []
        found = [
            t
            for t in source
            if t.invocation.region == asked["RegionId"]
            and tagged(t.invocation.tags, wanted)
            and fits(
                asked,
                InstanceId=t.machine.id,
                CommandId=t.invocation.command.id,
                InvokeRecordStatus=t.record_status,
            )
        ]
        found.reverse()
        shown, about = page(asked, found, lambda t: t.seq)
        items = [self._result(asked, t) for t in shown]
        return {"Invocation": {"InvocationResults": {"InvocationResult": items}, **about}}

    @staticmethod
    def _result(asked: dict[str, Any], task: Task) -> dict[str, Any]:
        one = task.invocation
        said = {
            "CommandId": one.command.id,
            "InvokeId": one.id,
            "InstanceId": task.machine.id,
            "InvocationStatus": task.status,
            "InvokeRecordStatus": task.record_status,
            "ErrorCode": task.error_code,
            "ErrorInfo": task.error_info,
            "Output": coded(asked, task.output.text(task.ended)),
            "Dropped": task.output.dropped,
            "Repeats": int(task.runs > 0),
            "StartTime": iso(task.started),
            "FinishedTime": iso(task.finished),
            "StopTime": iso(task.stopped),
            "Username": one.username or "root",
            "TerminationMode": one.termination,
            "Tags": tag_list(one.tags),
        }
        return said if task.exit_code is None else said | {"ExitCode": task.exit_code}
