"""The APIs that change something: RunCommand, InvokeCommand, CreateCommand, StopInvocation."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandbox.aliyun.agent import Agents
from sandbox.aliyun.errors import ApiError, invalid, limit
from sandbox.aliyun.state import Cloud, Command, Invocation, Machine, Task
from sandbox.base import Clock

CONTENT = 24 * 1024
TYPES = ("RunShellScript", "RunPowerShellScript", "RunBatScript")
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_PLACE = re.compile(r"\{\{\s*([A-Za-z0-9_-]+)\s*\}\}")


def content_of(asked: Mapping[str, Any], default: str) -> str:
    """The text of a command. An unknown encoding means the API's default one."""
    encoding = str(asked.get("ContentEncoding", default)).lower()
    base = encoding == "base64" if default == "PlainText" else encoding != "plaintext"
    content = str(asked["CommandContent"])
    encoded = content if base else base64.b64encode(content.encode()).decode()
    parameters = asked.get("Parameters") or {}
    size = len(encoded) + sum(len(k.encode()) + len(str(v).encode()) for k, v in parameters.items())
    if size > CONTENT:
        raise limit("CmdContent", "The length of the command content exceeds the limit (24 KB).")
    if not base:
        return content
    try:
        return base64.b64decode(content, validate=True).decode()
    except ValueError:
        raise invalid("CommandContent", "it is not Base64 of UTF-8 text") from None


def tags_of(asked: Mapping[str, Any]) -> dict[str, str]:
    """Tags as a dict. Raises ApiError past the documented limits."""
    listed = asked.get("Tag", [])
    if len(listed) > 20:
        raise ApiError(403, "NumberExceed.Tags", "At most 20 tags are allowed.")
    tags: dict[str, str] = {}
    for item in listed:
        key, value = item.get("Key", ""), item.get("Value", "")
        if not key or len(key) > 128 or re.match(r"(?i)aliyun|acs:", key) or "://" in key:
            raise ApiError(400, "InvalidTagKey.Malformed", f"The tag key {key!r} is not valid.")
        if len(value) > 128 or re.match(r"(?i)acs:|https?://", value):
            raise ApiError(400, "InvalidTagValue.Malformed", f"The tag value {value!r} is invalid.")
        if key in tags:
            raise ApiError(400, "Duplicate.TagKey", f"The tag key {key!r} is given twice.")
        tags[key] = value
    return tags


def check_parameters(content: str, enabled: bool, given: Mapping[str, Any]) -> dict[str, str]:
    """The custom parameters of a call, checked against the placeholders of the content."""
    if given and not enabled:
        raise ApiError(404, "Parameter.Disabled", "Parameters given, but EnableParameter is off.")
    if len(given) > 10:
        raise limit("ParameterCount", "At most 10 parameters are allowed.")
    lowered: set[str] = set()
    for key in given:
        if not key:
            raise ApiError(403, "CmdParam.EmptyKey", "A parameter name is empty.")
        if not _NAME.fullmatch(key):
            raise ApiError(403, "CmdParam.InvalidParamName", f"{key!r} is no parameter name.")
        if len(key) > 64:
            raise limit("ParameterKey", "A parameter name is longer than 64 bytes.")
        if key.lower() in lowered:
            raise ApiError(403, "ParameterKey.Duplicate", f"{key!r} is given twice.")
        lowered.add(key.lower())
    if enabled and lowered != {name.lower() for name in _PLACE.findall(content)}:
        raise ApiError(
            403, "Parameter.NotMatched", "The parameters are not those defined in the command."
        )
    return {key: str(value) for key, value in given.items()}


def check_lengths(asked: Mapping[str, Any]) -> None:
    for name, what, most in (
        ("Name", "CmdName", 128),
        ("Description", "CmdDesc", 512),
        ("Username", "Username", 255),
    ):
        if len(asked.get(name, "")) > most:
            raise limit(what, f"{name} is longer than {most} characters.")
    if len(asked.get("WorkingDir", "")) > 200:
        raise invalid("WorkingDir", "longer than 200 characters")
    if not 10 <= asked.get("Timeout", 60) <= 86400:
        raise invalid("Timeout", "not between 10 and 86400 seconds")
    if len(asked.get("Launcher", "").encode()) > 1024:
        raise invalid("Launcher", "longer than 1 KB")
    if asked.get("TerminationMode", "ProcessTree") not in ("Process", "ProcessTree"):
        raise invalid("TerminationMode", "neither Process nor ProcessTree")


class Commands:
    """Acts on the cloud. Every method takes typed parameters and returns the answer's body."""

    def __init__(self, cloud: Cloud, clock: Clock, agents: Agents) -> None:
        self.cloud = cloud
        self.clock = clock
        self.agents = agents
        self.swaps: dict[str, str] = {}

    def change(self, id: str, content: str) -> None:
        """Somebody edits a stored command: what ran before keeps what it was."""
        command = self.cloud.commands[id]
        self.cloud.commands[id] = replace(command, content=content)

    def run_command(self, asked: dict[str, Any], key: str = "") -> dict[str, Any]:
        command = self._new_command(asked, "PlainText", kept=asked.get("KeepCommand", False))
        invocation = self._invocation(command, asked, key)
        if asked.get("RepeatMode") == "DryRun":
            return {}
        self.cloud.commands[command.id] = command
        self._launch(invocation)
        return {"CommandId": command.id, "InvokeId": invocation.id}

    def invoke_command(self, asked: dict[str, Any], key: str = "") -> dict[str, Any]:
        command = self._kept(asked)
        if command.id in self.swaps:
            self.change(command.id, self.swaps.pop(command.id))
            command = self._kept(asked)
        check_lengths(asked)
        invocation = self._invocation(command, asked, key)
        if asked.get("RepeatMode") == "DryRun":
            return {}
        self._launch(invocation)
        return {"InvokeId": invocation.id}

    def create_command(self, asked: dict[str, Any], key: str = "") -> dict[str, Any]:
        command = self._new_command(asked, "Base64", kept=True)
        self.cloud.commands[command.id] = command
        return {"CommandId": command.id}

    def delete_command(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._kept(asked)
        del self.cloud.commands[asked["CommandId"]]
        return {}

    def _kept(self, asked: dict[str, Any]) -> Command:
        command = self.cloud.commands.get(asked["CommandId"])
        if command is None or not command.kept or command.region != asked["RegionId"]:
            raise ApiError(404, "InvalidCmdId.NotFound", "The specified command ID does not exist.")
        return command

    def stop_invocation(self, asked: dict[str, Any]) -> dict[str, Any]:
        invocation = self.cloud.invocations.get(asked["InvokeId"])
        if invocation is None or invocation.region != asked["RegionId"]:
            raise ApiError(404, "InvalidInvokeId.NotFound", "The InvokeId does not exist.")
        wanted = asked.get("InstanceId", [])
        if len(wanted) > 50:
            raise limit("InstanceIds", "At most 50 instances can be stopped at once.")
        strangers = set(wanted) - {task.machine.id for task in invocation.tasks}
        if strangers:
            raise ApiError(404, "InvalidInstance.NotFound", f"Not part of it: {min(strangers)}.")
        for task in invocation.tasks:
            if not task.ended and (not wanted or task.machine.id in wanted):
                task.status = "Stopping"
                task.stop.set()
                self.cloud.changed(task)
        return {}

    def _new_command(self, asked: dict[str, Any], encoding: str, kept: bool) -> Command:
        check_lengths(asked)
        if asked["Type"] not in TYPES:
            raise ApiError(403, "InvalidCmdType.NotFound", "The command type does not exist.")
        content = content_of(asked, encoding)
        number = self.cloud.number()
        return Command(
            f"c-hz0sandbox{number:08d}",
            asked["RegionId"],
            asked.get("Name") or f"cmd-{number}",
            asked["Type"],
            content,
            self.clock.now(),
            asked.get("Description", ""),
            asked.get("EnableParameter", False),
            asked.get("Timeout", 60),
            asked.get("WorkingDir", ""),
            tags_of(asked),
            kept,
            asked.get("Launcher", ""),
        )

    def _machines(self, asked: Mapping[str, Any]) -> list[Machine]:
        wanted = asked.get("InstanceId", [])
        labels = asked.get("ResourceTag", [])
        if bool(wanted) == bool(labels):
            raise invalid("InstanceId", "give either InstanceId or ResourceTag")
        alive = {m.id: m for m in self.cloud.alive(asked["RegionId"])}
        if labels:
            pairs = {(t.get("Key", ""), t.get("Value", "")) for t in labels}
            wanted = [m.id for m in alive.values() if pairs <= set(m.tags.items())]
        if len(wanted) > 100:
            raise limit("InstanceIds", "At most 100 instances are allowed.")
        unknown = [i for i in wanted if i not in alive]
        if unknown or not wanted:
            raise ApiError(
                404, "InvalidInstance.NotFound", f"The instance does not exist: {unknown[:1]}."
            )
        return [alive[i] for i in dict.fromkeys(wanted)]

    def _invocation(self, command: Command, asked: dict[str, Any], key: str) -> Invocation:
        if asked.get("RepeatMode", "Once") not in ("Once", "DryRun") or asked.get("Frequency"):
            raise invalid("RepeatMode", "the sandbox runs commands once only")
        tags = tags_of(asked)
        parameters = check_parameters(
            command.content, command.enable_parameter, asked.get("Parameters") or {}
        )
        machines = self._machines(asked)
        number = self.cloud.number()
        invocation = Invocation(
            number,
            f"t-hz0sandbox{number:08d}",
            command,
            asked["RegionId"],
            parameters,
            asked.get("Timeout", command.timeout),
            asked.get("Username", ""),
            asked.get("WorkingDir", command.workdir),
            self.clock.now(),
            asked.get("TerminationMode", "ProcessTree"),
            tags,
            asked.get("ClientToken", ""),
            key,
        )
        invocation.tasks = [Task(self.cloud.number(), invocation, m) for m in machines]
        return invocation

    def _launch(self, invocation: Invocation) -> None:
        self.cloud.invocations[invocation.id] = invocation
        self.cloud.tasks.extend(invocation.tasks)
        for task in invocation.tasks:
            self.cloud.changed(task)
            self.cloud.changed(task.machine)
            self.agents.deliver(task)
