"""What the operator tells us about Alibaba Cloud where scripts and a template's calls go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapters import openapi


@dataclass(frozen=True, slots=True)
class Settings(openapi.Settings):
    """``endpoint`` is that of ECS. ``endpoints``: the same for services by name, "*" for all that
    are not named. ``regions``: where instances are looked for (``region`` always is)."""

    regions: tuple[str, ...] = ()
    max_instances_per_call: int = 100
    page_size: int = 50
    endpoints: Mapping[str, str] = field(default_factory=dict)

    def origin(self, service: str) -> str:
        """Where a service's calls go whatever the tables say; "": nobody said."""
        if service == "ecs" and self.endpoint:
            return self.endpoint
        return self.endpoints.get(service) or self.endpoints.get("*", "")
