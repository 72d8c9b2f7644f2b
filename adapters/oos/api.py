"""Calls of the OOS API, by parameters in the body: a template is too long for a request line."""

from __future__ import annotations

from typing import Any

from adapters import openapi

VERSION = "2019-06-01"


class Api(openapi.Api):
    """The calls of this adapter; without an endpoint they go to the region's own OOS."""

    name = "oos"

    def host(self, region: str) -> str:
        """Where the calls go."""
        return self.settings.endpoint or f"oos.{region}.aliyuncs.com"

    async def call(
        self,
        action: str,
        region: str,
        fields: dict[str, str],
        request: int = 0,
        repeatable: bool = True,
    ) -> dict[str, Any]:
        """One API call for a request of ours (0: for none); the answer is the response body.
        ``repeatable``: is making it twice the same as making it once? Raises Failure."""
        origin = self.host(region)
        body = {"RegionId": region, **fields}
        wire_request = openapi.Request("oos", action, VERSION, region, origin, body=body)
        session = openapi.session_name(self.settings.credentials, request)
        return dict(await self.make(wire_request, session, repeatable))
