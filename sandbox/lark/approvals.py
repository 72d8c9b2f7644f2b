"""approval/v4: forms that people file, tasks that approvers decide, the events about both.

Events have the v1.0 schema, are pushed only for approval codes that the app subscribed to, and keep
their order per instance and type.
https://open.feishu.cn/document/server-docs/approval-v4/approval-overview
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox import base, world
from sandbox.lark import state
from sandbox.lark.gate import Api, Ask, Gate, Refusal

WINDOW_MS = 10 * 3600 * 1000

Push = Callable[..., Any]
"""``push(kind, id, payload, lane=…)`` starts a delivery."""


@dataclass
class Task:
    id: str
    who: str
    started: int
    status: str = "PENDING"
    ended: int = 0
    kind: str = ""
    node: str = "Manager"


@dataclass
class Instance:
    """``reverts``, ``modifies``: the instance that it is about. For the next so many reads it is
    told as it was (``behind``), or not found (``unknown``)."""

    code: str
    approval: str
    who: str
    form: str
    started: int
    serial: str
    uuid: str
    kind: str = "AND"
    status: str = "PENDING"
    reverted: bool = False
    reverts: str = ""
    modifies: str = ""
    behind: int = 0
    unknown: int = 0
    ended: int = 0
    tasks: list[Task] = field(default_factory=list)
    timeline: list[dict[str, Any]] = field(default_factory=list)


class Approvals:
    def __init__(self, clock: base.Clock, gate: Gate, push: Push, changes: base.Changes) -> None:
        self.clock = clock
        self.push = push
        self.changes = changes
        self.known = {
            world.LARK_FORM: "New hire",
            world.LARK_RESOURCE_FORM: "Resource request",
        }
        self.subscribed: set[str] = set()
        self.instances: dict[str, Instance] = {}
        self._task_number = 7_000_000_000_000_000_000
        root = "/open-apis/approval/v4"
        slow = 100
        for verb, handler in (("subscribe", self.subscribe), ("unsubscribe", self.unsubscribe)):
            api = Api(f"approval/v4/approvals/{verb}", per_minute=slow)
            gate.add("POST", f"{root}/approvals/{{code}}/{verb}", api, handler)
        definition = Api("approval/v4/approvals/get")
        gate.add("GET", f"{root}/approvals/{{code}}", definition, self.definition)
        gate.add(
            "GET", f"{root}/instances", Api("approval/v4/instances", per_minute=slow), self.list
        )
        gate.add(
            "GET", f"{root}/instances/{{instance}}", Api("approval/v4/instances/get"), self.get
        )
        needed = ("approval_code", "instance_code", "user_id", "task_id")
        for verb, handler in (("approve", self.approve), ("reject", self.reject)):
            api = Api(f"approval/v4/tasks/{verb}", model="task", required=needed, per_minute=slow)
            gate.add("POST", f"{root}/tasks/{verb}", api, handler)

    # ---- the API

    def _known(self, code: str) -> None:
        if code not in self.known:
            raise Refusal(1390002, "approval code not found")

    async def subscribe(self, ask: Ask) -> dict[str, Any]:
        self._known(ask.path["code"])
        if ask.path["code"] in self.subscribed:
            raise Refusal(1390007, "subscription existed")
        self.subscribed.add(ask.path["code"])
        return _success({})

    async def unsubscribe(self, ask: Ask) -> dict[str, Any]:
        self._known(ask.path["code"])
        if ask.path["code"] not in self.subscribed:
            raise Refusal(1390007, "subscription not existed")
        self.subscribed.discard(ask.path["code"])
        return _success({})

    async def definition(self, ask: Ask) -> dict[str, Any]:
        """An approval as it is defined; who approves and what is asked stand in the instances."""
        self._known(ask.path["code"])
        about = {"approval_name": self.known[ask.path["code"]], "status": "ACTIVE"}
        return _success({**about, "form": "[]", "node_list": [], "viewers": []})

    async def get(self, ask: Ask) -> dict[str, Any]:
        instance = self.find(ask.path["instance"])
        if instance.unknown > 0:
            instance.unknown -= 1
            raise Refusal(1390003, "instance code not found")
        told = self.describe(instance)
        if instance.behind > 0:
            instance.behind -= 1
            told |= {"status": "PENDING", "end_time": "0"}
        return _success(told)

    def find(self, name: str) -> Instance:
        """By instance code or by the caller's uuid; raises ``Refusal`` 1390003."""
        for instance in self.instances.values():
            if name in (instance.code, instance.uuid):
                return instance
        raise Refusal(1390003, "instance code not found")

    async def list(self, ask: Ask) -> dict[str, Any]:
        code = ask.query.get("approval_code", "")
        self._known(code)
        try:
            start, end = int(ask.query["start_time"]), int(ask.query["end_time"])
            size, skip = int(ask.query.get("page_size", 100)), int(ask.query.get("page_token") or 0)
        except (KeyError, ValueError) as error:
            raise Refusal(1390001, f"param is invalid: {error}") from error
        if not 0 <= end - start <= WINDOW_MS or not 1 <= size <= 100:
            raise Refusal(1390001, "param is invalid: the window is at most 10 hours")
        found = [
            i.code
            for i in self.instances.values()
            if i.approval == code and start <= i.started <= end
        ]
        more = skip + size < len(found)
        data = {"instance_code_list": found[skip : skip + size], "has_more": more}
        return _success({**data, "page_token": str(skip + size) if more else ""})

    async def approve(self, ask: Ask) -> dict[str, Any]:
        return self._by_api(ask, True)

    async def reject(self, ask: Ask) -> dict[str, Any]:
        return self._by_api(ask, False)

    def _by_api(self, ask: Ask, agree: bool) -> dict[str, Any]:
        self._known(ask.body["approval_code"])
        instance = self.find(ask.body["instance_code"])
        id_type = ask.query.get("user_id_type", "open_id")
        if id_type not in ("open_id", "union_id", "user_id"):
            raise Refusal(1390001, f"param is invalid: user_id_type {id_type!r}")
        who = state.resolve_as(id_type, ask.body["user_id"])
        for task in instance.tasks:
            if task.id == ask.body["task_id"] and task.who == who and task.status == "PENDING":
                self.decide(instance, task, agree, str(ask.body.get("comment") or ""))
                return _success({})
        raise Refusal(1390010, "task id not found")

    # ---- what people do

    def file(
        self,
        who: str,
        fields: dict[str, Any],
        approvers: tuple[str, ...],
        approval: str,
        kind: str,
        widgets: Sequence[dict[str, Any]] = (),
        *,
        reverts: str = "",
        modifies: str = "",
    ) -> Instance:
        """A person files a form, perhaps one about another; the tasks of its approvers (open_ids)
        are pending at once. ``widgets`` stand in it beside its fields, as they are."""
        now = self.clock.ms()
        instance = Instance(
            code=str(uuid.uuid4()).upper(),
            approval=approval,
            who=who,
            form=json.dumps([*widgets_of(fields), *widgets], ensure_ascii=False),
            started=now,
            serial=f"2026{len(self.instances) + 1:08d}",
            uuid=str(uuid.uuid4()),
            kind=kind,
            reverts=reverts,
            modifies=modifies,
        )
        self.known.setdefault(approval, "Form")
        self.instances[instance.code] = instance
        self._log(instance, "START", who)
        self._tell_instance(instance, "PENDING")
        for approver in approvers:
            self._ask(instance, approver)
        if reverts:
            original = self.find(reverts)
            original.status = "PENDING"
            self._tell_instance(original, "PENDING")
        return instance

    def _ask(self, instance: Instance, approver: str, **how: str) -> Task:
        self._task_number += 1
        task = Task(str(self._task_number), approver, self.clock.ms(), **how)  # type: ignore[arg-type]
        instance.tasks.append(task)
        self._tell_task(instance, task)
        return task

    def decide(self, instance: Instance, task: Task, agree: bool, comment: str = "") -> None:
        """An approver decides. AND: all must agree; OR: the first decision counts."""
        self._end_task(instance, task, "APPROVED" if agree else "REJECTED")
        self._log(instance, "PASS" if agree else "REJECT", task.who, task.id, comment)
        left = [one for one in instance.tasks if one.status == "PENDING"]
        if agree and left and instance.kind == "AND":
            for other in left:
                self._tell_task(instance, other)
            return
        for other in left:
            self._end_task(instance, other, "DONE")
        self._end(instance, "APPROVED" if agree else "REJECTED")

    def pass_alone(self, instance: Instance, task: Task, told: bool) -> None:
        """A task passes by itself: it is nobody's, and ``told`` says whether as one of that type
        or, as if somebody had agreed, without a word of it in the timeline."""
        if told:
            task.kind, task.who = "AUTO_PASS", ""
            self._log(instance, "AUTO_PASS", "", task.id)
        self._end_task(instance, task, "APPROVED")
        if not any(one.status == "PENDING" for one in instance.tasks):
            self._end(instance, "APPROVED")

    def roll_back(self, instance: Instance, by: str, fields: dict[str, Any] | None) -> None:
        """An approver rolls the form back to its filer, who submits it again, changed or not: a
        task of the node it starts at. What was agreed to before stays as it was."""
        approvers = list(dict.fromkeys(one.who for one in instance.tasks if one.node != "发起"))
        for task in instance.tasks:
            if task.status == "PENDING":
                self._end_task(instance, task, "DONE")
        self._log(instance, "ROLLBACK", by)
        again = self._ask(instance, instance.who, node="发起")
        if fields:
            instance.form = json.dumps(widgets_of(fields), ensure_ascii=False)
        self._end_task(instance, again, "APPROVED")
        self._log(instance, "PASS", instance.who, again.id)
        for approver in approvers:
            self._ask(instance, approver)

    def withdraw(self, instance: Instance) -> None:
        for task in instance.tasks:
            if task.status == "PENDING":
                self._end_task(instance, task, "DONE")
        self._log(instance, "CANCEL", instance.who)
        self._end(instance, "CANCELED")

    def revert(self, instance: Instance) -> None:
        """The initiator takes a passed request back: the status stays, ``reverted`` says it."""
        instance.reverted = True
        self._tell_instance(instance, "REVERTED")

    def cc(self, instance: Instance, reader: str) -> None:
        now = self.clock.ms()
        body = {
            "id": str(now),
            "user_id": state.user_id(reader),
            "create_time": now,
            "operate": "CREATE",
            "from": state.user_id(instance.who),
        }
        self._tell(instance, "approval_cc", body)

    def _end(self, instance: Instance, status: str) -> None:
        instance.status, instance.ended = status, self.clock.ms()
        self._tell_instance(instance, status)
        if instance.reverts:
            original = self.find(instance.reverts)
            original.status = "APPROVED"
            if status == "APPROVED":
                self.revert(original)
            else:
                self._tell_instance(original, "APPROVED")

    def _end_task(self, instance: Instance, task: Task, status: str) -> None:
        task.status, task.ended = status, self.clock.ms()
        self._tell_task(instance, task)

    def _log(
        self, instance: Instance, kind: str, who: str, task: str = "", comment: str = ""
    ) -> None:
        instance.timeline.append(
            {
                "type": kind,
                "create_time": str(self.clock.ms()),
                "user_id": state.user_id(who),
                "open_id": who,
                "task_id": task,
                "comment": comment,
                "ext": "{}",
                "node_key": "START" if kind == "START" else "APPROVAL_1",
            }
        )

    # ---- events

    def _tell_instance(self, instance: Instance, status: str) -> None:
        now = self.clock.ms()
        body = {
            "status": status,
            "operate_time": now if status == "REVERTED" else str(now),
            "instance_operate_time": str(now),
            "uuid": instance.uuid,
        }
        self._tell(instance, "approval_instance", body)

    def _tell_task(self, instance: Instance, task: Task) -> None:
        body = {
            "task_id": task.id,
            "open_id": task.who,
            "user_id": state.user_id(task.who),
            "status": task.status,
            "operate_time": str(self.clock.ms()),
            "custom_key": "manager",
            "def_key": "node-1",
            "extra": "",
        }
        self._tell(instance, "approval_task", body)

    def _tell(self, instance: Instance, kind: str, body: dict[str, Any]) -> None:
        self.changes.note("form", instance.code)
        if instance.approval not in self.subscribed:
            return
        event_id = uuid.uuid4().hex
        event = {
            "app_id": world.LARK_APP_ID,
            "tenant_key": world.LARK_TENANT,
            "type": kind,
            "approval_code": instance.approval,
            "instance_code": instance.code,
            **body,
        }
        payload = {
            "ts": f"{self.clock.now():.6f}",
            "uuid": event_id,
            "token": "",
            "type": "event_callback",
            "event": event,
        }
        self.push("push.event", event_id, payload, lane=f"{instance.code}/{kind}")

    def describe(self, instance: Instance) -> dict[str, Any]:
        """The answer of ``GET instances/:id``: times are strings in ms, "0" is not yet."""
        tasks = [
            {
                "id": task.id,
                "user_id": state.user_id(task.who),
                "open_id": task.who,
                "status": task.status,
                "node_id": "node-1" if task.node == "Manager" else "START",
                "node_name": task.node,
                "custom_node_id": "manager" if task.node == "Manager" else "",
                "type": task.kind or instance.kind,
                "start_time": str(task.started),
                "end_time": str(task.ended),
            }
            for task in instance.tasks
        ]
        about = {
            "reverted_instance_code": instance.reverts,
            "modified_instance_code": instance.modifies,
        }
        return {
            **{name: code for name, code in about.items() if code},
            "approval_name": self.known[instance.approval],
            "approval_code": instance.approval,
            "instance_code": instance.code,
            "serial_number": instance.serial,
            "uuid": instance.uuid,
            "user_id": state.user_id(instance.who),
            "open_id": instance.who,
            "department_id": "od-1",
            "status": instance.status,
            "reverted": instance.reverted,
            "start_time": str(instance.started),
            "end_time": str(instance.ended),
            "form": instance.form,
            "task_list": tasks,
            "timeline": instance.timeline,
            "comment_list": [],
        }


def widgets_of(fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The widgets of a form that was filled in with these values."""
    return [
        {"id": f"widget{number}", "custom_id": key, "name": key, "type": "input", "value": value}
        for number, (key, value) in enumerate(fields.items(), 1)
    ]


def _success(data: dict[str, Any]) -> dict[str, Any]:
    return {"code": 0, "msg": "success", "data": data}
