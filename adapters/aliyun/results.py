"""Reading results of many invocations in few calls."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adapters import openapi
from adapters.aliyun.api import Api
from bot import model
from bot.model import ports

REMEMBERED = 1000

Results = dict[str, dict[str, model.InstanceResult]]


class Reader:
    """Reads by batch tag, a page of results at a time; or, when so few invocations of a big batch
    are still open that this takes fewer calls, one by one."""

    def __init__(self, api: Api, page_size: int) -> None:
        self.api = api
        self.page_size = page_size
        self._totals: openapi.Recent[tuple[str, str], int] = openapi.Recent(REMEMBERED)

    async def poll(
        self, region: str, batch: str, invocations: Sequence[str]
    ) -> dict[str, tuple[model.InstanceResult, ...]]:
        """As ``ports.Executor.poll``."""
        wanted = list(dict.fromkeys(invocations))
        if not wanted:
            return {}
        known = self._totals.get((region, batch), 0)
        try:
            if not batch or len(wanted) < self._pages(known):
                results = await self._singly(region, wanted)
            else:
                results = await self._together(region, batch, wanted)
        except openapi.Failure as failure:
            raise ports.PollFailed(failure.reason, failure.retry_after) from None
        return {i: tuple(results[i].values()) for i in wanted if i in results}

    def _pages(self, total: int) -> int:
        return -(-total // self.page_size)

    async def _together(self, region: str, batch: str, wanted: Sequence[str]) -> Results:
        results: Results = {}
        items_read = calls = 0
        token = ""
        fields: dict[str, Any] = {"Tag": [{"Key": openapi.BATCH_TAG, "Value": batch}]}
        while True:
            items, total, token = await self._page(region, fields, token)
            calls += 1
            items_read += len(items)
            collect(results, items)
            if not token or not items:
                self._totals.keep((region, batch), max(total, items_read))
                return {i: results[i] for i in wanted if i in results}
            if calls == 1 and len(wanted) < self._pages(total) - 1:
                self._totals.keep((region, batch), total)
                return await self._singly(region, wanted)

    async def _singly(self, region: str, wanted: Iterable[str]) -> Results:
        parts = await asyncio.gather(*(self._whole(region, i) for i in wanted))
        return {i: part for results in parts for i, part in results.items()}

    async def _whole(self, region: str, invocation: str) -> Results:
        results: Results = {}
        token = ""
        while True:
            items, _, token = await self._page(region, {"InvokeId": invocation}, token)
            collect(results, items)
            if not token or not items:
                return results

    async def _page(
        self, region: str, fields: dict[str, object], token: str
    ) -> tuple[list[dict[str, Any]], int, str]:
        request = {**fields, "ContentEncoding": "PlainText", "MaxResults": self.page_size}
        if token:
            request["NextToken"] = token
        answer = await self.api.call("DescribeInvocationResults", region, request)
        box, items = answer.get("Invocation") or {}, items_of(answer)
        following = str(box.get("NextToken") or "")
        return items, int(box.get("TotalCount") or 0), "" if following == token else following


def items_of(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a page has."""
    box = answer.get("Invocation") or {}
    return (box.get("InvocationResults") or {}).get("InvocationResult") or []


def of_answer(answer: Mapping[str, Any]) -> list[model.InstanceResult]:
    """The results of a page. Raises LookupError, TypeError or ValueError for what is none."""
    return list(map(read, items_of(answer)))


def collect(results: Results, items: Iterable[dict[str, object]]) -> None:
    """Add a page's items; one that moved from page to page counts once."""
    for item in items:
        result = read(item)
        results.setdefault(str(item["InvokeId"]), {})[result.instance] = result


def read(item: dict[str, Any]) -> model.InstanceResult:
    """One item of DescribeInvocationResults. ``exit_code`` is None unless the script ended."""
    code, info = str(item.get("ErrorCode") or ""), str(item.get("ErrorInfo") or "")
    exit_code = item.get("ExitCode")
    return model.InstanceResult(
        instance=str(item["InstanceId"]),
        status=str(item.get("InvocationStatus") or ""),
        exit_code=None if exit_code is None else int(exit_code),
        output=str(item.get("Output") or ""),
        dropped=int(item.get("Dropped") or 0),
        error=f"{code}: {info}" if code and info else code or info,
        started_at=str(item.get("StartTime") or ""),
        finished_at=str(item.get("FinishedTime") or ""),
    )
