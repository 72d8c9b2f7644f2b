"""The APIs that look: executions, their tasks, their logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.aliyun.errors import invalid
from sandbox.aliyun.state import iso
from sandbox.oos.pages import page
from sandbox.oos.state import Execution, Executions, Row, view

_COMMON = frozenset({"RegionId", "MaxResults", "NextToken", "SortField", "SortOrder"})
_EXECUTIONS = _COMMON | {
    "ExecutionId",
    "Status",
    "Tags",
    "TemplateName",
    "ParentExecutionId",
    "IncludeChildExecution",
    "ExecutedBy",
    "StartDateAfter",
    "StartDateBefore",
}
_TASKS = _COMMON | {
    "ExecutionId",
    "TaskExecutionId",
    "TaskName",
    "TaskAction",
    "Status",
    "ParentTaskExecutionId",
    "IncludeChildTaskExecution",
}
_LOGS = _COMMON | {"ExecutionId", "TaskExecutionId"}


def _filters(asked: Mapping[str, Any], known: frozenset[str]) -> bool:
    """True if the oldest come first. Refuses filters that this stand-in would not heed."""
    if strange := sorted(asked.keys() - known):
        raise invalid(strange[0], "the stand-in does not filter by it")
    if asked.get("SortField", "StartDate") != "StartDate":
        raise invalid("SortField", "the stand-in sorts by StartDate")
    order: str = asked.get("SortOrder", "Descending")
    if order not in ("Ascending", "Descending"):
        raise invalid("SortOrder", "Ascending or Descending")
    return order == "Ascending"


class Listing:
    def __init__(self, executions: Executions) -> None:
        self.known = executions

    def executions(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        ascending = _filters(asked, _EXECUTIONS)
        found = [one for one in self.known.all.values() if _matches(one, asked)]
        ordered = found if ascending else found[::-1]
        shown, more = page(asked, ordered, lambda one: one.number, 10, ascending)
        return {"Executions": [view(one) for one in shown], **more}

    def tasks(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Task executions of one execution; the items of a loop by their parent, or if asked."""
        ascending = _filters(asked, _TASKS)
        ones = list(self.known.all.values())
        if "ExecutionId" in asked:
            ones = [self.known.find(asked["ExecutionId"], asked["RegionId"])]
        rows = [
            row
            for one in ones
            if one.region == asked["RegionId"]
            for row in one.rows
            if _row_matches(row, asked)
        ]
        numbers = {row.id: n for n, row in enumerate(rows)}
        ordered = rows if ascending else rows[::-1]
        shown, more = page(asked, ordered, lambda row: numbers[row.id], 20, ascending)
        return {"TaskExecutions": [row.view() for row in shown], **more}

    def logs(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        _filters(asked, _LOGS)
        one = self.known.find(asked["ExecutionId"], asked["RegionId"])
        lines = [
            (number, line)
            for number, line in enumerate(one.logs)
            if asked.get("TaskExecutionId", line[1]) == line[1]
        ]
        shown, more = page(asked, lines, lambda line: line[0], 10, ascending=True)
        items = [
            {"Timestamp": iso(at), "TaskExecutionId": task, "LogType": "System", "Message": said}
            for _, (at, task, said) in shown
        ]
        return {"ExecutionLogs": items, "IsTruncated": False, **more}


def _matches(one: Execution, asked: Mapping[str, Any]) -> bool:
    wanted: Mapping[str, str] = asked.get("Tags", {})
    child = asked.get("IncludeChildExecution") or {"ParentExecutionId", "ExecutionId"} & set(asked)
    return bool(
        one.region == asked["RegionId"]
        and (one.parent is None or child)
        and asked.get("ExecutionId", one.id) == one.id
        and asked.get("Status", one.status) == one.status
        and asked.get("TemplateName", "") in one.template.name
        and asked.get("ExecutedBy", one.executed_by) == one.executed_by
        and ("ParentExecutionId" not in asked or _parent(one) == asked["ParentExecutionId"])
        and all(one.tags.get(key) == value for key, value in wanted.items())
        and asked.get("StartDateAfter", "") <= iso(one.created)
        and iso(one.created) <= asked.get("StartDateBefore", "9999")
    )


def _parent(one: Execution) -> str:
    return one.parent.id if one.parent else ""


def _row_matches(row: Row, asked: Mapping[str, Any]) -> bool:
    if "ParentTaskExecutionId" in asked:
        if row.parent != asked["ParentTaskExecutionId"]:
            return False
    elif (
        row.parent and not asked.get("IncludeChildTaskExecution") and "TaskExecutionId" not in asked
    ):
        return False
    return bool(
        asked.get("TaskExecutionId", row.id) == row.id
        and asked.get("TaskName", row.name) == row.name
        and asked.get("TaskAction", row.action) == row.action
        and asked.get("Status", row.status) == row.status
    )
