"""Reading many executions in few calls: by their batch's tag, a hundred on a page.

The tasks of an execution are asked for only when it changed. Its times count seconds, so what
looks unchanged is read once more before it is left alone.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from adapters import openapi
from adapters.oos import story
from adapters.oos.api import Api
from adapters.oos.story import Item
from bot import model
from bot.model import ports

OURS = "countersign-"
REMEMBERED = 1000
LEAST = {"Executions": 10, "TaskExecutions": 20}
"""The smallest page that each list has."""


@dataclass(frozen=True, slots=True)
class Place:
    """The task that waits: the execution that has it, which may be a part of another, the path of
    names to it, and the task itself."""

    execution: str
    path: str
    row: Item


@dataclass(slots=True)
class _Known:
    mark: str
    execution: model.Execution
    settled: bool


class Reader:
    def __init__(self, api: Api, page_size: int) -> None:
        self.api = api
        self.page_size = page_size
        self._known: openapi.Recent[str, _Known] = openapi.Recent(REMEMBERED)
        self._totals: openapi.Recent[tuple[str, str], int] = openapi.Recent(REMEMBERED)

    async def poll(
        self, region: str, batch: str, invocations: Sequence[str]
    ) -> dict[str, model.Execution]:
        """As ``ports.Executor.poll``. What does not carry the tag of its batch (somebody else
        started it, or it is too new to be found by it) is looked at alone."""
        wanted = list(dict.fromkeys(invocations))
        if not wanted:
            return {}
        try:
            known = self._totals.get((region, batch), 0)
            few = not batch or len(wanted) < -(-known // self.page_size)
            items = [] if few else await self._together(region, batch, set(wanted))
            there = {item["ExecutionId"] for item in items}
            alone = [self.execution(region, one) for one in wanted if one not in there]
            items += [item for item in await asyncio.gather(*alone) if item is not None]
            executions = await asyncio.gather(*(self._execution(region, item) for item in items))
        except openapi.Failure as failure:
            raise ports.PollFailed(failure.reason, failure.retry_after) from None
        return {execution.id: execution for execution in executions}

    async def waiting(self, region: str) -> list[model.Execution]:
        """Executions that wait and carry no tag of ours, the oldest first."""
        try:
            items = await self._pages("ListExecutions", "Executions", region, {"Status": "Waiting"})
            strangers = [item for item in reversed(items) if not _ours(item)]
            executions = await asyncio.gather(
                *(self._execution(region, item) for item in strangers)
            )
        except openapi.Failure as failure:
            raise ports.PollFailed(failure.reason, failure.retry_after) from None
        return [
            replace(execution, waiting=_introduced(execution.waiting, item))
            for execution, item in zip(executions, strangers, strict=True)
            if execution.waiting is not None
        ]

    async def execution(self, region: str, id: str) -> Item | None:
        """One execution as the platform shows it; None: there is none. Raises Failure."""
        fields = {"ExecutionId": id, "MaxResults": "10"}
        answer = await self.api.call("ListExecutions", region, fields)
        return next(iter(answer.get("Executions") or []), None)

    async def tasks(self, region: str, execution: str, **more: str) -> list[Item]:
        """The tasks of an execution in order, without the items of loops. Raises Failure."""
        fields = {"ExecutionId": execution, "SortOrder": "Ascending", **more}
        rows = await self._pages("ListTaskExecutions", "TaskExecutions", region, fields)
        return story.in_order(rows)

    async def place(self, region: str, item: Item, rows: Sequence[Item] = ()) -> Place | None:
        """The task for which an execution waits, in itself or in a part of it; None: it does not
        wait. Raises Failure."""
        id, status = str(item["ExecutionId"]), str(item.get("Status"))
        rows = rows or await self.tasks(region, id)
        for row in rows:
            child = str(row.get("ChildExecutionId") or "")
            if not child or row.get("Status") in story.ENDED:
                continue
            part = await self.execution(region, child)
            inner = await self.place(region, part) if part is not None else None
            if inner is not None:
                return replace(inner, path=f"{row.get('TaskName')}/{inner.path}")
        open_rows = story.open_row(rows, status)
        if open_rows is not None and open_rows.get("Status") != "Waiting":
            open_rows = await self._surely(region, id)
        return (
            Place(id, str(open_rows.get("TaskName") or ""), open_rows)
            if open_rows is not None
            else None
        )

    async def _surely(self, region: str, execution: str) -> Item | None:
        """The task that is waited for, where none of them says so: the execution and its tasks are
        read one after the other, and it may have gone on in between. Raises Failure."""
        item = await self.execution(region, execution)
        if item is None or item.get("Status") != "Waiting":
            return None
        return story.open_row(await self.tasks(region, execution), "Waiting")

    # ------------------------------------------------------------------ within

    async def _together(self, region: str, batch: str, wanted: set[str]) -> list[Item]:
        fields = {"Tags": json.dumps({openapi.BATCH_TAG: batch})}
        items = await self._pages("ListExecutions", "Executions", region, fields)
        self._totals.keep((region, batch), len(items))
        return [item for item in items if item["ExecutionId"] in wanted]

    async def _pages(
        self, action: str, name: str, region: str, fields: dict[str, str]
    ) -> list[Item]:
        """Every item of every page, each once. Raises Failure."""
        by_id: dict[str, Item] = {}
        token = ""
        key = "ExecutionId" if name == "Executions" else "TaskExecutionId"
        while True:
            query = {**fields, "MaxResults": str(max(self.page_size, LEAST[name]))}
            answer = await self.api.call(
                action, region, query | ({"NextToken": token} if token else {})
            )
            items = answer.get(name) or []
            by_id.update({str(item[key]): item for item in items})
            following = str(answer.get("NextToken") or "")
            if not following or following == token or not items:
                return list(by_id.values())
            token = following

    async def _execution(self, region: str, item: Item) -> model.Execution:
        """The execution with its tasks, read again if there may be news."""
        id = str(item["ExecutionId"])
        parts = ("Status", "StatusMessage", "UpdateDate", "Counters", "CurrentTasks", "Outputs")
        mark = json.dumps([item.get(part) for part in parts], sort_keys=True)
        known = self._known.get(id)
        if known is not None and known.settled and known.mark == mark:
            return known.execution
        rows = await self.tasks(region, id)
        execution = await self._read(region, item, rows)
        parted = any(row.get("ChildExecutionId") for row in rows)
        final = execution.status in story.FINAL
        settled = known is not None and known.mark == mark and (final or not parted)
        return self._known.keep(id, _Known(mark, execution, settled)).execution

    async def _read(self, region: str, item: Item, rows: list[Item]) -> model.Execution:
        id, status = str(item["ExecutionId"]), story.status_of(item)
        progress = story.progress(item, rows, await self._counts(region, id, rows))
        template, by = str(item.get("TemplateName") or ""), str(item.get("ExecutedBy") or "")
        execution = model.Execution(id, status, progress, template=template, by=by)
        place = None if status in story.FINAL else await self.place(region, item, rows)
        if place is None:
            return execution
        inside = await self._inside(region, place)
        waits = story.waiting(place.row, place.path, inside)
        return replace(execution, status="Waiting", waiting=waits)

    async def _counts(
        self, region: str, execution: str, rows: list[Item]
    ) -> tuple[int, int, int, int]:
        """Where the newest loop stands. Raises Failure."""
        looped = [row for row in rows if story.mapping(row.get("Loop"))]
        if not looped:
            return (0, 0, 0, 0)
        loop = story.mapping(looped[-1]["Loop"])
        counts = story.counted(loop)
        if counts is None:
            parent = str(looped[-1]["TaskExecutionId"])
            items = await self.tasks(region, execution, ParentTaskExecutionId=parent)
            counts = story.added_up(loop, items)
        return counts

    async def _inside(self, region: str, place: Place) -> bool:
        """True if items of the waiting task's loop wait themselves. Raises Failure."""
        if not story.mapping(place.row.get("Loop")):
            return False
        parent = str(place.row["TaskExecutionId"])
        fields = {"ParentTaskExecutionId": parent, "Status": "Waiting"}
        return bool(await self.tasks(region, place.execution, **fields))


def _ours(item: Item) -> bool:
    return any(str(key).startswith(OURS) for key in item.get("Tags") or {})


def _introduced(waits: model.Waiting | None, item: Item) -> model.Waiting | None:
    """What is shown begins with which execution it is."""
    if waits is None:
        return None
    shown = "\n\n".join(part for part in (story.about(item), waits.shown) if part)
    return replace(waits, shown=shown)
