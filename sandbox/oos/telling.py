"""NotifyExecution and CancelExecution: what people say to an execution.

Approve and Reject are for approvals and for tasks of high risk; ExecuteTask goes on with the
latter, too, and with a pause, of which the reference does not say how it is passed.

https://www.alibabacloud.com/help/en/oos/developer-reference/api-oos-2019-06-01-notifyexecution
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.oos.engine import interpreter, journal
from sandbox.aliyun.errors import ApiError, invalid, missing
from sandbox.oos.running import Runner
from sandbox.oos.state import FINAL, Execution, Executions, Row

TYPES = (
    "ExecuteTask",
    "CancelTask",
    "CompleteExecution",
    "Approve",
    "Reject",
    "RetryTask",
    "SkipTask",
)


class Teller:
    """``distinct_approvers``: whether one caller's approvals of one task count once; the API
    reference does not say."""

    def __init__(self, executions: Executions, runner: Runner) -> None:
        self.executions = executions
        self.runner = runner
        self.distinct_approvers = False

    def cancel(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        one = self.executions.find(asked["ExecutionId"], asked["RegionId"])
        if one.over:
            raise _wrong_status(one)
        self.runner.finish(one.top, "Cancelled", "The execution was cancelled.")
        return {}

    def notify(self, asked: Mapping[str, Any], caller: str) -> dict[str, Any]:
        one = self.executions.find(asked["ExecutionId"], asked["RegionId"])
        kind = asked["NotifyType"]
        if kind not in TYPES:
            raise invalid("NotifyType", f"one of {', '.join(TYPES)}")
        if one.status != "Waiting":
            raise _wrong_status(one)
        if kind == "CompleteExecution":
            return self._complete(one, asked)
        row = self._row(one, asked, kind)
        row.note = asked.get("NotifyNote", "")
        path = path_of(one, row)
        if kind in ("Approve", "Reject"):
            self._vote(one.top, path, kind == "Approve", caller)
        elif kind == "ExecuteTask":
            self._go_on(one.top, path)
        elif kind == "CancelTask":
            self.runner.finish(one.top, "Cancelled", f"The task {row.name} was cancelled.")
        else:
            raise invalid(
                "NotifyType", f"{kind} is for Mode FailurePause, which is not served here"
            )
        return {}

    # ------------------------------------------------------------------ within

    def _complete(self, one: Execution, asked: Mapping[str, Any]) -> dict[str, Any]:
        status = asked.get("ExecutionStatus", "")
        if status not in FINAL:
            raise missing("ExecutionStatus") if not status else invalid("ExecutionStatus", "no end")
        self.runner.finish(one.top, status, "The execution was completed by hand.")
        return {}

    @staticmethod
    def _row(one: Execution, asked: Mapping[str, Any], kind: str) -> Row:
        """The waiting task that is meant: named, or the only one. Raises ApiError."""
        wanted = _ids(asked)
        rows = [
            row
            for row in one.rows
            if row.status == "Waiting"
            and not row.child
            and asked.get("TaskName", row.name) == row.name
            and (not wanted or row.id in wanted)
            and (kind not in ("Approve", "Reject") or votes_on(one, row))
        ]
        if not rows:
            raise ApiError(
                400, "InvalidNotify", f"No task of {one.id} waits for {kind} as it is described."
            )
        return rows[0]

    def _vote(self, one: Execution, path: str, approve: bool, caller: str) -> None:
        if path in one.held:
            if approve:
                self._go_on(one, path)
            else:
                self.runner.finish(one, "Cancelled", f"{path}: Rejected: {caller} rejected it")
            return
        votes = one.approvals.setdefault(path, [])
        person = caller if self.distinct_approvers or not approve else f"{caller}#{len(votes) + 1}"
        votes.append(person)
        at = self.runner.tick(one)
        one.log(at.timestamp(), f"{caller} {'approved' if approve else 'rejected'} {path}.")
        self.runner.tell(one, journal.Voted(f"{path}#0", at, approve, person))

    def _go_on(self, one: Execution, path: str) -> None:
        if path in one.held:
            one.held.discard(path)
            one.confirmed.add(path)
            one.changed.set()
            return
        assert one.state is not None
        at = self.runner.tick(one)
        progress = one.state.next(at)
        if isinstance(progress, interpreter.Await):
            for pause in progress.pauses:
                if pause.task == path:
                    self.runner.tell(one, journal.Signalled("resumed", at, "", pause.key))


def votes_on(one: Execution, row: Row) -> bool:
    """Is this task passed by Approve? Approvals are, and tasks of high risk."""
    return row.action.lower() == "acs::approve" or path_of(one, row) in one.top.held


def path_of(one: Execution, row: Row) -> str:
    """The place of a task as the execution that was started has it."""
    if one.parent is None:
        return row.name
    outer = next(name for name, part in one.parent.children.items() if part is one)
    return f"{outer}/{row.name}"


def _ids(asked: Mapping[str, Any]) -> set[str]:
    """The task executions that are named, if any. Raises ApiError."""
    try:
        ids = json.loads(asked.get("TaskExecutionIds", "[]"))
    except ValueError:
        ids = None
    if not isinstance(ids, list):
        raise invalid("TaskExecutionIds", "not a JSON list of ids")
    return {*map(str, ids), *([asked["TaskExecutionId"]] if "TaskExecutionId" in asked else [])}


def _wrong_status(one: Execution) -> ApiError:
    return ApiError(
        400, "InvalidExecutionStatus", f"The execution {one.id} is {one.status}; it cannot be told."
    )
