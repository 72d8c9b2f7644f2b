"""OA approval: instances with their tasks and records, the events they push, the calls on them.

https://open.dingtalk.com/document/development/event-bpms-instance-change, …/event-bpms-task-change,
…/obtains-the-details-of-a-single-approval-instance-pop, …/approve-or-reject-the-approval-task
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from sandbox import base, world
from sandbox.dingtalk import errors, limits, openapi, people

CHINA = timezone(timedelta(hours=8))
ROOT = "/v1.0/workflow"
STATUSES = {"NEW", "RUNNING", "TERMINATED", "COMPLETED", "CANCELED"}
Push = Callable[[str, dict[str, Any]], str]


@dataclass
class Task:
    """One approver's turn. ``status`` NEW | RUNNING | COMPLETED | CANCELED; ``result`` as sent."""

    id: int
    person: world.Person
    status: str = "NEW"
    result: str = "NONE"
    begun: float = 0.0
    ended: float = 0.0


@dataclass
class Instance:
    """One filed form. ``result`` is "" until it is COMPLETED, then agree or refuse. ``revokes``,
    ``modifies``: the instance that it is about. ``components`` stand beside the fields as they are.
    For the next so many reads it is told as it was (``behind``), or not found (``unknown``)."""

    id: str
    code: str
    number: str
    title: str
    by: world.Person
    fields: dict[str, str]
    created: float
    tasks: list[Task]
    status: str = "RUNNING"
    result: str = ""
    finished: float = 0.0
    revokes: str = ""
    modifies: str = ""
    components: list[dict[str, Any]] = field(default_factory=list)
    behind: int = 0
    unknown: int = 0
    records: list[dict[str, Any]] = field(default_factory=list)

    def running(self) -> list[Task]:
        return [t for t in self.tasks if t.status == "RUNNING"]


class Forms:
    """The approvals of the example company: approvers decide one after the other."""

    def __init__(
        self, clock: base.Clock, numbers: limits.Limits, push: Push, changes: base.Changes
    ) -> None:
        self._clock = clock
        self._limits = numbers
        self._push = push
        self._changes = changes
        self._count = 0
        self.instances: dict[str, Instance] = {}

    def apis(self) -> list[openapi.Api]:
        api, one = openapi.Api, f"{ROOT}/processInstances"
        return [
            api("GET", one, "workflow_1_0.GetProcessInstanceRequest", self.get),
            api(
                "POST",
                f"{ROOT}/processes/instanceIds/query",
                "workflow_1_0.ListProcessInstanceIdsRequest",
                self.query,
            ),
            api(
                "POST", f"{one}/execute", "workflow_1_0.ExecuteProcessInstanceRequest", self.execute
            ),
            api(
                "POST",
                f"{one}/comments",
                "workflow_1_0.AddProcessInstanceCommentRequest",
                self.comment,
            ),
            api(
                "POST",
                f"{one}/terminate",
                "workflow_1_0.TerminateProcessInstanceRequest",
                self.terminate,
            ),
        ]

    # ------------------------------------------------------------------ what people do

    def file(
        self,
        by: world.Person,
        fields: Mapping[str, Any],
        approvers: Sequence[world.Person],
        code: str,
        revokes: str = "",
        modifies: str = "",
    ) -> Instance:
        """A person files a form, perhaps one about another; the first approver's turn begins."""
        self._count += 1
        now = self._clock.now()
        tasks = [Task(100_468_160_000 + self._count * 100 + i, p) for i, p in enumerate(approvers)]
        written = {
            k: v if isinstance(v, str) else json.dumps(v, ensure_ascii=False)
            for k, v in fields.items()
        }
        number = datetime.fromtimestamp(now, CHINA).strftime("%Y%m%d%H%M%S") + f"{self._count:07d}"
        what = "撤销" if revokes else "修改" if modifies else "审批"
        instance = Instance(
            uuid.uuid4().hex[:22] + f"{self._count:04d}",
            code,
            number,
            f"{by.name}提交的{what}",
            by,
            written,
            now,
            tasks,
            revokes=revokes,
            modifies=modifies,
        )
        self.instances[instance.id] = instance
        self._note(instance, by, "START_PROCESS_INSTANCE", "NONE")
        self._say_instance(instance, "start")
        self._begin_next(instance)
        return instance

    def decide(
        self,
        instance: Instance,
        person: world.Person,
        agree: bool,
        remark: str,
        record: str = "EXECUTE_TASK_NORMAL",
        actor: world.Person | None = None,
    ) -> None:
        """One approver's decision, when it is his or her turn; ``actor`` made it in their place, or
        it passed by itself, as ``record`` says ("" leaves none)."""
        task = next((t for t in instance.running() if t.person == person), None)
        if task is None:
            raise ValueError(f"it is not {person.id}'s turn on {instance.id}")
        task.status, task.result = "COMPLETED", "AGREE" if agree else "REFUSE"
        task.ended = self._clock.now()
        if record:
            self._note(instance, actor or person, record, task.result, remark)
        self._say_task(instance, task, "finish", task.result.lower(), remark=remark)
        if not agree:
            self._finish(instance, "COMPLETED", "refuse")
        elif any(t.status == "NEW" for t in instance.tasks):
            self._begin_next(instance)
        else:
            self._finish(instance, "COMPLETED", "agree")

    def send_back(
        self, instance: Instance, by: world.Person, fields: Mapping[str, str] | None
    ) -> None:
        """An approver sends the form back; its filer submits it again, changed or not, and the
        approvers decide anew. The tasks and records of before stay."""
        if instance.status != "RUNNING":
            raise ValueError(f"{instance.id} is {instance.status}")
        approvers = list(dict.fromkeys(task.person.id for task in instance.tasks))
        for task in instance.tasks:
            if task.status in ("RUNNING", "NEW"):
                task.status, task.ended = "CANCELED", self._clock.now()
        self._note(instance, by, "REDIRECT_PROCESS", "NONE")
        self._note(instance, instance.by, "EXECUTE_TASK_NORMAL", "NONE")
        instance.fields |= fields or {}
        first = 1 + max((task.id for task in instance.tasks), default=100_468_160_000)
        instance.tasks += [Task(first + i, people.person(each)) for i, each in enumerate(approvers)]
        self._begin_next(instance)

    def withdraw(self, instance: Instance) -> None:
        """The person who filed it takes it back."""
        if instance.status != "RUNNING":
            raise ValueError(f"{instance.id} is {instance.status}")
        self._note(instance, instance.by, "TERMINATE_PROCESS_INSTANCE", "NONE")
        self._finish(instance, "TERMINATED", "")

    def _begin_next(self, instance: Instance) -> None:
        task = next((t for t in instance.tasks if t.status == "NEW"), None)
        if task is not None:
            task.status, task.begun = "RUNNING", self._clock.now()
            self._say_task(instance, task, "start")

    def _finish(self, instance: Instance, status: str, result: str) -> None:
        instance.status, instance.result = status, result
        instance.finished = self._clock.now()
        for task in instance.tasks:
            if task.status in ("RUNNING", "NEW"):
                running, task.status, task.ended = (
                    task.status == "RUNNING",
                    "CANCELED",
                    self._clock.now(),
                )
                if running:
                    self._say_task(instance, task, "cancel")
        if status == "COMPLETED":
            self._note(instance, instance.by, "FINISH_PROCESS_INSTANCE", result.upper())
        self._say_instance(instance, "terminate" if status == "TERMINATED" else "finish", result)

    # ------------------------------------------------------------------ events

    def _common(self, instance: Instance, event: str, type: str) -> dict[str, Any]:
        return {
            "processInstanceId": instance.id,
            "corpId": world.DINGTALK_CORP,
            "EventType": event,
            "processCode": instance.code,
            "bizCategoryId": "",
            "businessId": instance.number,
            "title": instance.title,
            "type": type,
            "createTime": int(instance.created * 1000),
        }

    def _say_instance(self, instance: Instance, type: str, result: str = "") -> None:
        event = "bpms_instance_change"
        data = self._common(instance, event, type)
        data |= {"businessType": "", "staffId": instance.by.dingtalk, "url": _page(instance)}
        if result:
            data["result"] = result
        if type != "start":
            data["finishTime"] = int(instance.finished * 1000)
        self._changes.note("form", instance.id)
        self._push(event, data)

    def _say_task(
        self, instance: Instance, task: Task, type: str, result: str = "", **more: str
    ) -> None:
        event = "bpms_task_change"
        data = self._common(instance, event, type)
        data |= {"staffId": task.person.dingtalk, "taskId": task.id}
        if result:
            data |= {"result": result, "finishTime": int(task.ended * 1000)}
        data |= {key: value for key, value in more.items() if value}
        self._changes.note("form", instance.id)
        self._push(event, data)

    # ------------------------------------------------------------------ the calls

    def _instance(self, id: str) -> Instance:
        if id not in self.instances:
            raise errors.Refused("processInstanceInvalidParameter", "审批实例参数错误")
        return self.instances[id]

    async def get(self, body: dict[str, Any]) -> dict[str, Any]:
        instance = self._instance(body["processInstanceId"])
        if instance.unknown > 0:
            instance.unknown -= 1
            raise errors.Refused("processInstanceInvalidParameter", "审批实例参数错误")
        about = [i.id for i in self.instances.values() if instance.id in (i.revokes, i.modifies)]
        result = described(instance, about)
        if instance.behind > 0:
            instance.behind -= 1
            result |= {"status": "RUNNING", "result": "", "finishTime": None}
        return {"success": True, "result": result}

    async def query(self, body: dict[str, Any]) -> dict[str, Any]:
        """Ids of one form filed in a time window, at most 20 to a page."""
        size, start = body["maxResults"], body["nextToken"]
        end = body.get("endTime", self._clock.ms())
        wanted = set(body.get("statuses") or STATUSES)
        fits = 1 <= size <= 20 and start >= 0 and body["startTime"] <= end
        if not fits or wanted - STATUSES or end - body["startTime"] > 120 * 86_400_000:
            raise errors.Refused("invalidParameter", "参数错误")
        users = body.get("userIds")
        found = [
            i.id
            for i in self.instances.values()
            if i.code == body["processCode"]
            and body["startTime"] <= i.created * 1000 <= end
            and i.status in wanted
            and (not users or i.by.dingtalk in users)
        ]
        result: dict[str, Any] = {"list": found[start : start + size]}
        if start + size < len(found):
            result["nextToken"] = str(start + size)
        return {"success": True, "result": result}

    async def execute(self, body: dict[str, Any]) -> dict[str, Any]:
        instance, user = self._instance(body["processInstanceId"]), body["actionerUserId"]
        remark = body.get("remark", "")
        if body["result"] not in ("agree", "refuse") or len(remark) > self._limits.remark_chars:
            raise errors.Refused("invalidParameter", "参数错误")
        if user not in people.BY_USER:
            raise errors.Refused("userNotExist", "用户不存在")
        task = next((t for t in instance.tasks if t.id == body["taskId"]), None)
        if task is None:
            raise errors.Refused("invalidInstanceExecuteTaskId", "任务ID不正确")
        if instance.status != "RUNNING":
            raise errors.Refused("aflowProcessInstStatusException", "审批实例状态异常")
        if task.status != "RUNNING":
            raise errors.Refused("aflowProcessInstCanNotBeExecuted", "任务已被处理")
        if task.person.dingtalk != user:
            raise errors.Refused("needAuth", "没有权限")
        self.decide(instance, task.person, body["result"] == "agree", remark)
        return {"success": True, "result": True}

    async def comment(self, body: dict[str, Any]) -> dict[str, Any]:
        instance = self._instance(body["processInstanceId"])
        by = people.BY_USER.get(body["commentUserId"])
        if by is None:
            raise errors.Refused("userNotExist", "用户不存在")
        if len(body["text"]) > self._limits.remark_chars:
            raise errors.Refused("invalidParameter", "参数错误")
        self._note(instance, by, "ADD_REMARK", "NONE", body["text"])
        data = self._common(instance, "bpms_task_change", "comment")
        self._push("bpms_task_change", data | {"staffId": by.dingtalk, "content": body["text"]})
        return {"success": True, "result": True}

    async def terminate(self, body: dict[str, Any]) -> dict[str, Any]:
        instance = self._instance(body["processInstanceId"])
        if instance.status != "RUNNING":
            raise errors.Refused("aflowProcessInstStatusException", "审批实例状态异常")
        if self._clock.now() - instance.created < 15:
            raise errors.Refused("aflowProcessInstCanNotBeTerminated", "发起15秒内不能撤销")
        if not body.get("isSystem") and body.get("operatingUserId") != instance.by.dingtalk:
            raise errors.Refused("needAuth", "没有权限")
        self.withdraw(instance)
        return {"success": True, "result": True}

    def _note(
        self, instance: Instance, by: world.Person, type: str, result: str, remark: str = ""
    ) -> None:
        instance.records.append(
            {
                "userId": by.dingtalk,
                "type": type,
                "result": result,
                "showName": by.name,
                "date": _minute(self._clock.now()),
                "remark": remark,
                "images": [],
            }
        )


def described(instance: Instance, about: Sequence[str] = ()) -> dict[str, Any]:
    """One instance as ``GET /v1.0/workflow/processInstances`` gives it; ``about`` revoke or modify
    it."""
    action = "REVOKE" if instance.revokes else "MODIFY" if instance.modifies else "NONE"
    return {
        "title": instance.title,
        "businessId": instance.number,
        "originatorUserId": instance.by.dingtalk,
        "originatorDeptId": "-1",
        "originatorDeptName": "Ops",
        "status": instance.status,
        "result": instance.result,
        "createTime": _minute(instance.created),
        "finishTime": _minute(instance.finished) if instance.finished else None,
        "bizAction": action,
        "bizData": "{}",
        "approverUserIds": [],
        "ccUserIds": [],
        "attachedProcessInstanceIds": list(about),
        "mainProcessInstanceId": instance.revokes or instance.modifies,
        "formComponentValues": [
            {
                "id": f"TextField-{index}",
                "name": name,
                "componentType": "TextField",
                "value": value,
                "bizAlias": "",
            }
            for index, (name, value) in enumerate(instance.fields.items(), 1)
        ]
        + instance.components,
        "tasks": [_task(instance, t) for t in instance.tasks if t.status != "NEW" and t.begun],
        "operationRecords": instance.records,
    }


def _task(instance: Instance, task: Task) -> dict[str, Any]:
    link = f"aflow.dingtalk.com?procInsId={instance.id}&taskId={task.id}"
    return {
        "taskId": task.id,
        "userId": task.person.dingtalk,
        "status": task.status,
        "result": task.result,
        "createTime": _minute(task.begun),
        "finishTime": _minute(task.ended) if task.ended else None,
        "activityId": f"sid-{task.id % 100}",
        "processInstanceId": instance.id,
        "mobileUrl": link,
        "pcUrl": link,
    }


def _minute(when: float) -> str:
    """China's wall clock to the minute, labelled Z as the platform does."""
    return datetime.fromtimestamp(when, CHINA).strftime("%Y-%m-%dT%H:%MZ")


def _page(instance: Instance) -> str:
    home = "https://aflow.dingtalk.com/dingtalk/mobile/homepage.htm"
    return f"{home}?corpid={world.DINGTALK_CORP}&procInstId={instance.id}#approval"
