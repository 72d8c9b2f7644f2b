"""Alibaba Cloud's Operation Orchestration Service as an executor: it runs templates itself.

``Oos(Settings(region=…), clock)`` implements ``ports.Executor``. API reference:
https://www.alibabacloud.com/help/en/oos/developer-reference/api-oos-2019-06-01-overview.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from adapters import openapi
from adapters.oos import definitions, runs
from adapters.oos.api import Api
from adapters.oos.reading import Reader
from adapters.oos.settings import Settings as Settings
from adapters.oos.telling import Teller
from adapters.openapi import AT_TAG as AT_TAG
from adapters.openapi import BATCH_TAG as BATCH_TAG
from adapters.openapi import STEP_TAG as STEP_TAG
from adapters.openapi import Credentials as Credentials
from bot import model
from bot.model import ports


class Oos:
    """Runs templates on OOS. Nothing is connected, and no SDK imported, before the first call."""

    name = "oos"

    def __init__(
        self, settings: Settings, clock: ports.Clock, tap: ports.Tap | None = None
    ) -> None:
        self.settings = settings
        self._api = Api(settings, tap=tap)
        self._reader = Reader(self._api, min(settings.page_size, 100))
        self._runner = runs.Runner(self._api, settings, clock)
        self._teller = Teller(self._api, self._reader, settings)

    async def perform(self, effect: ports.RunEffect, attempt: model.Attempt) -> model.Outcome:
        """One effect. Never raises for what the platform does."""
        if isinstance(effect, model.StartRun):
            return await self._runner.start(effect, attempt)
        if isinstance(effect, model.StopRun):
            return await self._teller.stop(effect)
        if isinstance(effect, model.SignalRun):
            return await self._teller.tell(effect)
        if isinstance(effect, model.FetchDefinition):
            region = effect.region or self.settings.region
            try:
                return await definitions.fetch(self._api, effect, region)
            except openapi.Failure as failure:
                return failure.harmless()
        return model.Refused("OOS does not do this", code="unsupported")

    async def poll(
        self, region: str, batch: str, invocations: Sequence[str]
    ) -> dict[str, model.Execution]:
        """Executions as they stand now. Raises ``ports.PollFailed``."""
        return await self._reader.poll(region or self.settings.region, batch, invocations)

    async def tokens(self, region: str, digest: str) -> list[str]:
        """The tokens of executions that carry a plan's digest. Raises ``ports.PollFailed``."""
        fields = {"Tags": json.dumps({openapi.DIGEST_TAG: digest}), "MaxResults": "50"}
        region = region or self.settings.region
        try:
            answer = await self._api.call("ListExecutions", region, fields)
        except openapi.Failure as failure:
            raise ports.PollFailed(failure.reason, failure.retry_after) from None
        known = [runs.tags_of(item) for item in answer.get("Executions") or []]
        return [tags[openapi.STEP_TAG] for tags in known if tags.get(openapi.STEP_TAG)]

    async def waiting(self, region: str = "") -> list[model.Execution]:
        """The executions that wait in a region and were not started by us, the oldest first; what
        each waits for says which it is. Raises ``ports.PollFailed``."""
        return await self._reader.waiting(region or self.settings.region)

    def where(self, effect: ports.RunEffect | str) -> str:
        """Which API on which host an effect calls; of a region: the reading of results there."""
        action, region = "ListExecutions", ""
        match effect:
            case str():
                region = effect
            case model.StartRun(plan=plan):
                action, region = "StartExecution", plan.region
            case model.StopRun():
                action, region = "CancelExecution", effect.region
            case model.SignalRun():
                action, region = "NotifyExecution", effect.region
            case model.FetchDefinition():
                action, region = "GetTemplate", effect.region
        return f"OOS {action} ({self._api.host(region or self.settings.region)})"

    async def close(self) -> None:
        await self._api.close()
