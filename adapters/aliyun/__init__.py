"""Alibaba Cloud as an executor: approved plans run through ECS Cloud Assistant, and the calls of a
template's run go to whichever product they name.

``Aliyun(Settings(region=…), clock)`` implements ``ports.Executor``. API reference:
https://help.aliyun.com/zh/ecs/developer-reference/api-ecs-2014-05-26-runcommand.
"""

from __future__ import annotations

from collections.abc import Sequence

from adapters import openapi
from adapters.aliyun import definitions, lookups
from adapters.aliyun.api import Api
from adapters.aliyun.calls import Caller
from adapters.aliyun.instances import Finder
from adapters.aliyun.results import Reader
from adapters.aliyun.runs import Runner, invoked
from adapters.aliyun.settings import Settings as Settings
from adapters.openapi import AT_TAG as AT_TAG
from adapters.openapi import BATCH_TAG as BATCH_TAG
from adapters.openapi import STEP_TAG as STEP_TAG
from adapters.openapi import Credentials as Credentials
from bot import model
from bot.model import ports


class Aliyun:
    """Runs plans on ECS instances. Nothing is connected, and no SDK imported, before the first
    call."""

    name = "aliyun"

    def __init__(
        self, settings: Settings, clock: ports.Clock, tap: ports.Tap | None = None
    ) -> None:
        self.settings = settings
        self._api = Api(settings, tap)
        regions = tuple(dict.fromkeys((settings.region, *settings.regions)))
        self._finder = Finder(self._api, regions)
        self._runner = Runner(self._api, self._finder, settings, clock)
        self._caller = Caller(self._api, settings, clock)
        self._reader = Reader(self._api, min(settings.page_size, 50))

    async def perform(self, effect: ports.RunEffect, attempt: model.Attempt) -> model.Outcome:
        """One effect. Never raises for what the platform does."""
        if isinstance(effect, model.StartRun):
            return await self._runner.start(effect, attempt)
        if isinstance(effect, model.StopRun):
            return await self._runner.stop(effect)
        if isinstance(effect, model.RunCall):
            return await self._caller.perform(effect, attempt)
        try:
            if isinstance(effect, model.FetchDefinition):
                region = effect.region or self.settings.region
                return await definitions.fetch(self._api, effect, region)
            if isinstance(effect, model.ResolveTargets):
                return await self._finder.resolve(effect)
        except openapi.Failure as failure:
            return failure.harmless()
        return model.Refused("Cloud Assistant does not do this", code="unsupported")

    async def poll(
        self, region: str, batch: str, invocations: Sequence[str]
    ) -> dict[str, tuple[model.InstanceResult, ...]]:
        """Results of open invocations. Raises ``ports.PollFailed``."""
        return await self._reader.poll(region, batch, invocations)

    async def tokens(self, region: str, digest: str) -> list[str]:
        """The tokens of invocations that carry a plan's digest. Raises ``ports.PollFailed``."""
        region = region or self.settings.region
        try:
            items = await lookups.tagged(self._api, region, openapi.DIGEST_TAG, digest)
        except openapi.Failure as failure:
            raise ports.PollFailed(failure.reason, failure.retry_after) from None
        tokens = [lookups.tags_of(item).get(openapi.STEP_TAG, "") for item in items]
        return [token for token in tokens if token]

    def where(self, effect: ports.RunEffect | str) -> str:
        """Which API on which host an effect calls; of a region: the reading of results there."""
        service, action, region = "ecs", "DescribeInvocationResults", ""
        match effect:
            case str():
                region = effect
            case model.StartRun(plan=plan):
                action = "InvokeCommand" if invoked(plan) else "RunCommand"
                region = plan.region
            case model.StopRun():
                action, region = "StopInvocation", effect.region
            case model.ResolveTargets():
                action, region = "DescribeInstances", effect.region
            case model.FetchDefinition():
                action, region = "DescribeCommands", effect.region
            case model.RunCall(what=model.calls.Api(service=named, api=api)):
                service, action, region = named.lower() or "ecs", api, effect.region
            case model.RunCall():
                action, region = "DescribeInstances", effect.region
        host = self._api.host(service, region or self.settings.region)
        return f"{service.upper()} {action} ({host})"

    async def close(self) -> None:
        await self._api.close()
