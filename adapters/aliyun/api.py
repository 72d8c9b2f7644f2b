"""Calls of the platform's APIs: of ECS by the SDK's own request models, of any other product."""

from __future__ import annotations

import functools
import importlib
from dataclasses import replace
from typing import Any

from adapters import openapi
from adapters.aliyun import products, wire
from adapters.aliyun.settings import Settings
from adapters.openapi import failures
from bot.model import ports


def ecs() -> Any:
    """The SDK's class of clients that know where ECS is. Takes most of a second the first time."""
    return importlib.import_module("alibabacloud_ecs20140526.client").Client


class Api(openapi.Api):
    """The calls of this adapter; without an endpoint they go to the region's own ECS."""

    name = "aliyun"

    def __init__(self, settings: Settings, tap: ports.Tap | None = None) -> None:
        super().__init__(settings, ecs, tap)
        self._origin = settings.origin

    async def call(
        self,
        action: str,
        region: str,
        fields: dict[str, Any],
        session: str = "",
        policy: str = "",
    ) -> dict[str, Any]:
        """One call of ECS, harmless to repeat. ``fields`` are the request model's fields as the
        wire names them (lists are lists, ``Tag`` is [{"Key", "Value"}]); the answer is the response
        body. ``session`` and ``policy`` are for an assumed role. Raises Failure."""
        call = functools.partial(self._call, action, region, fields, session, policy)
        host = self.host("ecs", region)
        work = functools.partial(self.tapped, action, "POST", host, fields, call)
        return await self.attempt(action, work, True, host)

    def host(self, service: str, region: str) -> str:
        """Where calls of a product go."""
        product = products.PRODUCTS.get(service)
        usual = product.at(region) if product else f"{service}.{region}.aliyuncs.com"
        return self._origin(service) or usual

    async def send(self, request: wire.Request, session: str = "") -> Any:
        """One call of any product; the answer is its JSON, an empty one {}. What may have happened
        is tried again only if the request is ``repeatable``. Raises Failure."""
        placed = replace(request, origin=request.origin or self._origin(request.service))
        return await self.make(placed, session, request.repeatable)

    def _call(
        self, action: str, region: str, fields: dict[str, object], session: str, policy: str
    ) -> dict[str, object]:
        client = self.clients.get(region, self._origin("ecs"), session, policy)
        models = importlib.import_module("alibabacloud_ecs20140526.models")
        request = getattr(models, f"{action}Request")()
        request.from_map({"RegionId": region, **fields})
        try:
            body = getattr(client, snake(action))(request).body.to_map()
            if not body.get("RequestId"):
                raise ValueError("an answer without a RequestId")
        except Exception as error:
            raise failures.explain(error, action, "ecs") from None
        return dict(body)


def snake(action: str) -> str:
    """RunCommand → run_command."""
    return "".join("_" + c.lower() if c.isupper() else c for c in action).lstrip("_")
