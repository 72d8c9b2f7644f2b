"""What the stand-in remembers of executions, and how the API shows it.

Statuses: https://www.alibabacloud.com/help/en/oos/user-guide/status-transition-diagram.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.oos.engine import interpreter
from bot.oos.template import model
from sandbox.aliyun.errors import ApiError
from sandbox.aliyun.state import iso

BEGINNING = datetime.min.replace(tzinfo=UTC)
FINAL = frozenset({"Success", "Failed", "Cancelled"})


def text(value: Any) -> str:
    """JSON as the API writes it into a field."""
    return json.dumps(value, ensure_ascii=False, default=str)


@dataclass
class Row:
    """One task, or one item of a task's loop, as ListTaskExecutions shows it."""

    id: str
    execution: str
    name: str
    action: str
    started: float
    status: str = "Running"
    message: str = ""
    properties: Any = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    ended: float = 0.0
    updated: float = 0.0
    child: str = ""
    parent: str = ""
    item: Any = None
    index: int = -1
    loop: dict[str, Any] = field(default_factory=dict)
    note: str = ""

    def change(self, at: float, **fields: Any) -> None:
        """Set what is different, and when that was."""
        different = {k: v for k, v in fields.items() if getattr(self, k) != v}
        for name, value in different.items():
            setattr(self, name, value)
        if different:
            self.updated = at
        if self.status in (*FINAL, "Skipped") and not self.ended:
            self.ended = at

    def view(self) -> dict[str, Any]:
        return {
            "TaskExecutionId": self.id,
            "ExecutionId": self.execution,
            "TaskName": self.name,
            "TaskAction": self.action,
            "Status": self.status,
            "StatusMessage": self.message,
            "Properties": text(self.properties),
            "Outputs": text(self.outputs),
            "CreateDate": iso(self.started),
            "StartDate": iso(self.started),
            "EndDate": iso(self.ended),
            "UpdateDate": iso(self.updated or self.started),
            "ChildExecutionId": self.child,
            "ParentTaskExecutionId": self.parent,
            "LoopItem": "" if self.item is None else _item(self.item),
            "Loop": self.loop,
            "ExtraData": {"NotifyNote": self.note},
            "TemplateId": "",
        }


def _item(value: Any) -> str:
    return value if isinstance(value, str) else text(value)


@dataclass
class Execution:
    """One execution. A ``parent`` has it for one of its tasks: that one runs it. ``held``: the
    tasks of high risk that wait to be confirmed, ``confirmed`` those that no longer do."""

    number: int
    id: str
    region: str
    template: model.Template
    version: str
    parameters: Mapping[str, Any]
    created: float
    executed_by: str
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    safety_check: str = "ConfirmEveryHighRiskAction"
    token: str = ""
    parent: Execution | None = None
    state: interpreter.State | None = None
    status: str = "Started"
    waiting: str = ""
    message: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    ended: float = 0.0
    updated: float = 0.0
    rows: list[Row] = field(default_factory=list)
    children: dict[str, Execution] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    confirmed: set[str] = field(default_factory=set)
    approvals: dict[str, list[str]] = field(default_factory=dict)
    logs: list[tuple[float, str, str]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    begun: dict[str, int] = field(default_factory=dict)
    items: dict[tuple[str, int], Row] = field(default_factory=dict)
    seen: int = 0
    last: datetime = BEGINNING

    @property
    def top(self) -> Execution:
        """The execution that was started: itself, or that of which it is a part."""
        return self if self.parent is None else self.parent.top

    @property
    def over(self) -> bool:
        return self.status in FINAL

    def row(self, name: str) -> Row | None:
        """The row of a task; None: it has not begun."""
        return next((row for row in self.rows if row.name == name and not row.parent), None)

    def add(self, at: float, name: str, action: str, **fields: Any) -> Row:
        """A row for a task that begins."""
        number = f"{self.id}.t{len(self.rows) + 1:04d}"
        row = Row(number, self.id, name, action, at, **fields)
        self.rows.append(row)
        return row

    def log(self, at: float, message: str, task: str = "") -> None:
        self.updated = at
        self.logs.append((at, task, message))


def view(one: Execution) -> dict[str, Any]:
    """An execution as ListExecutions and StartExecution show it."""
    tops = [row for row in one.rows if not row.parent]
    return {
        "ExecutionId": one.id,
        "ParentExecutionId": one.parent.id if one.parent else "",
        "IsParent": bool(one.children),
        "Category": "Other",
        "TemplateName": one.template.name,
        "TemplateId": f"t-{one.template.name}",
        "TemplateVersion": one.version,
        "Mode": "Automatic",
        "LoopMode": "Automatic",
        "SafetyCheck": one.safety_check,
        "RamRole": "",
        "ExecutedBy": one.executed_by,
        "Description": one.description,
        "Status": one.status,
        "StatusMessage": one.message,
        "StatusReason": "",
        "WaitingStatus": one.waiting,
        "Parameters": dict(one.parameters),
        "Outputs": text(dict(one.outputs)),
        "Tags": dict(one.tags),
        "CreateDate": iso(one.created),
        "StartDate": iso(one.created),
        "EndDate": iso(one.ended),
        "UpdateDate": iso(one.updated or one.created),
        "Counters": {
            "TotalTasks": len(one.template.tasks),
            "SuccessTasks": sum(row.status in ("Success", "Skipped") for row in tops),
            "FailedTasks": sum(row.status == "Failed" for row in tops),
        },
        "CurrentTasks": [
            {"TaskName": row.name, "TaskExecutionId": row.id, "TaskAction": row.action}
            for row in tops
            if row.status in ("Running", "Waiting")
        ],
    }


class Executions:
    """Every execution, numbered as they began, so that pages stay stable while new ones arrive."""

    def __init__(self) -> None:
        self.all: dict[str, Execution] = {}
        self._numbers = itertools.count(1)

    def add(self, **fields: Any) -> Execution:
        one = Execution(next(self._numbers), f"exec-{secrets.token_hex(10)}", **fields)
        self.all[one.id] = one
        return one

    def find(self, id: str, region: str) -> Execution:
        """The execution of an id. Raises ApiError."""
        one = self.all.get(id)
        if one is None or one.region != region:
            raise ApiError(
                404, "EntityNotExists.Execution", f"The specified execution {id} does not exist."
            )
        return one
