"""Saying a word to an execution: approve, reject, confirm, resume, stop.

A word is for one task of one execution. Before it is said, and after any doubt, the execution is
looked at: where it waits for something else by now, or for nothing, there is nothing left to say.
So a repeated approval never passes the next one.
https://www.alibabacloud.com/help/en/oos/developer-reference/api-oos-2019-06-01-notifyexecution
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from adapters import openapi
from adapters.oos import story
from adapters.oos.api import Api
from adapters.oos.reading import Place, Reader
from adapters.oos.settings import Settings
from bot import model

log = logging.getLogger(__name__)

WORDS = {
    "approve": ("Approve",),
    "reject": ("Reject",),
    "confirm": ("Approve", "ExecuteTask"),
    "resume": ("Approve", "ExecuteTask"),
}
"""The NotifyType of a word. The reference says that Approve agrees to a task of high risk, too, and
not by which type a pause is passed: where the first is refused, the second is tried."""
LONGEST_NOTE = 200
LOOKS = 4
"""How often a task of several approvals is looked at to see whether they were counted."""


class Teller:
    def __init__(self, api: Api, reader: Reader, settings: Settings) -> None:
        self.api = api
        self.reader = reader
        self.settings = settings

    async def stop(self, effect: model.StopRun) -> model.Outcome:
        """Cancel an execution; one that has ended, or is not known any more, is stopped."""
        region = effect.region or self.settings.region
        fields = {"ExecutionId": effect.invocation}
        try:
            await self.api.call("CancelExecution", region, fields, effect.request)
        except openapi.Failure as failure:
            if failure.kind != "refused":
                return failure.harmless()
            try:
                item = await self.reader.execution(region, effect.invocation)
            except openapi.Failure as other:
                return other.harmless()
            if item is not None and item.get("Status") not in story.FINAL:
                return failure.harmless()
        return model.Done(effect.invocation)

    async def tell(self, effect: model.SignalRun) -> model.Outcome:
        """Say it, unless the execution has moved on."""
        region = effect.region or self.settings.region
        try:
            place = await self._place(region, effect)
        except openapi.Failure as failure:
            return failure.harmless()
        if place is None:
            return model.Done(effect.invocation)
        times = story.need_of(place.row) if effect.word == "approve" else 1
        try:
            for _ in range(times):
                await self._say(region, effect, place)
        except openapi.Failure as failure:
            return await self._doubted(region, effect, failure)
        if times > 1:
            return await self._counted(region, effect, place.path, times)
        return model.Done(effect.invocation)

    async def _say(self, region: str, effect: model.SignalRun, place: Place) -> None:
        """Raises Failure."""
        fields: dict[str, str] = {
            "ExecutionId": place.execution,
            "TaskName": str(place.row.get("TaskName") or ""),
            "TaskExecutionId": str(place.row["TaskExecutionId"]),
        }
        if effect.note:
            fields["NotifyNote"] = effect.note[:LONGEST_NOTE]
        *others, last = WORDS[effect.word]
        for kind in others:
            try:
                await self._notify(region, fields | {"NotifyType": kind}, effect.request)
            except openapi.Failure as failure:
                if failure.kind != "refused" or failure.doubt:
                    raise
                log.info("%s does not pass %s: %s", kind, effect.task, failure.reason)
            else:
                return
        await self._notify(region, fields | {"NotifyType": last}, effect.request)

    async def _notify(self, region: str, fields: dict[str, str], request: int) -> None:
        if fields["NotifyType"] == "ExecuteTask":
            fields = fields | {"Parameters": "{}"}
        await self.api.call("NotifyExecution", region, fields, request, repeatable=False)

    async def _place(self, region: str, effect: model.SignalRun) -> Place | None:
        """The task that the word is for; None: the execution has moved on. Raises Failure."""
        item: Any = await self.reader.execution(region, effect.invocation)
        if item is None:
            reason = "The execution does not exist (any more) in this region."
            raise openapi.Failure("refused", reason, "EntityNotExists.Execution")
        if item.get("Status") in story.FINAL:
            return None
        place = await self.reader.place(region, item)
        named = ("", place.path, str(place.row["TaskExecutionId"])) if place is not None else ()
        if effect.task not in named:
            return None
        return place

    async def _doubted(
        self, region: str, effect: model.SignalRun, failure: openapi.Failure
    ) -> model.Outcome:
        """It was not (surely) heard. Done if the execution has moved on all the same."""
        try:
            place = await self._place(region, effect)
        except openapi.Failure as other:
            return other.harmless()
        return model.Done(effect.invocation) if place is None else failure.harmless()

    async def _counted(
        self, region: str, effect: model.SignalRun, path: str, times: int
    ) -> model.Outcome:
        """Were several approvals, all said by us, counted as several? The API does not tell."""
        for look in range(LOOKS):
            try:
                if await self._place(region, effect) is None:
                    return model.Done(effect.invocation)
            except openapi.Failure as failure:
                return failure.harmless()
            await asyncio.sleep(openapi.pause(look))
        reason = (
            f"OOS wants {times} approvals of {path} and counts all of ours as one: let "
            "others approve in the OOS console, or set MinRequiredApprovals to 1."
        )
        return model.Refused(reason, "ApprovalsNotCounted")
