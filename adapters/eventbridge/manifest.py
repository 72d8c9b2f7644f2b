"""What the adapter of EventBridge declares of itself."""

from __future__ import annotations

from dataclasses import replace

from adapters import openapi
from adapters.eventbridge.settings import Bus, Settings
from bot.model import manifests, ports


def build(buses: tuple[Bus, ...], cloud: openapi.Settings, clock: ports.Clock) -> ports.Outlet:
    from adapters.eventbridge.outlet import EventBridge

    return EventBridge(
        Settings(
            buses=tuple(replace(bus, region=bus.region or cloud.region) for bus in buses),
            credentials=cloud.credentials,
            timeout=cloud.call_timeout,
            ca_file=cloud.ca_file,
        ),
        clock,
    )


MANIFEST = manifests.BusManifest(name="bus", title="EventBridge", settings=Bus, build=build)
