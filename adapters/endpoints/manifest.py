"""What the adapter of endpoints declares of itself."""

from __future__ import annotations

from adapters.endpoints.settings import Endpoint, Settings
from bot.model import manifests, ports


def build(endpoints: tuple[Endpoint, ...], clock: ports.Clock) -> ports.Outlet:
    from adapters.endpoints.outlet import Endpoints

    return Endpoints(Settings(endpoints), clock)


MANIFEST = manifests.EndpointsManifest(
    name="endpoint", title="endpoints", settings=Endpoint, build=build
)
