"""What the adapter of OOS declares of itself."""

from __future__ import annotations

from adapters import openapi
from adapters.oos import rights
from bot.model import manifests, ports


def build(cloud: openapi.Settings, deps: manifests.EngineDeps) -> ports.Watched:
    from adapters.oos import Oos, Settings

    return Oos(
        Settings(
            region=deps.region or cloud.region,
            endpoint=cloud.endpoints.get("oos") or cloud.endpoints.get("*", ""),
            credentials=cloud.credentials,
            call_timeout=cloud.call_timeout,
            ca_file=cloud.ca_file,
            safety_check=deps.safety_check,
            robots=deps.robots,
            key=deps.key,
        ),
        deps.clock,
    )


MANIFEST = manifests.EngineManifest(
    name="oos", title="OOS", build=build, rights=rights.of, trust=rights.TRUST
)
