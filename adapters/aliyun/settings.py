"""What the operator tells us about Alibaba Cloud where scripts and a template's calls go."""

from __future__ import annotations

from adapters import openapi
from bot.source.tables import settings


@settings
class Settings(openapi.Settings):
    __doc__ = openapi.Settings.__doc__

    regions: tuple[str, ...] = ()
    """Where instances are looked for beside ``region``."""

    def origin(self, service: str) -> str:
        """Where a service's calls go before all tables; "": nowhere else."""
        if service == "ecs" and self.endpoint:
            return self.endpoint
        return self.endpoints.get(service) or self.endpoints.get("*", "")
