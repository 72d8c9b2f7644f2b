"""What the adapter of endpoints declares of itself."""

from __future__ import annotations

from adapters.endpoints.settings import Endpoint, Settings
from bot.model import checks, manifests, ports


def build(
    endpoints: tuple[Endpoint, ...], clock: ports.Clock, tap: ports.Tap | None = None
) -> ports.Outlet:
    from adapters.endpoints.outlet import Endpoints

    return Endpoints(Settings(endpoints), clock, tap)


def examine(endpoint: Endpoint, deps: manifests.CheckDeps) -> checks.Checkup:
    from adapters.endpoints.checks import checkup

    return checkup(endpoint, deps)


MANIFEST = manifests.EndpointsManifest(
    name="endpoint", title="endpoints", settings=Endpoint, build=build, examine=examine
)
