"""What the adapter of EventBridge declares of itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from adapters import openapi
from adapters.eventbridge.settings import Bus, Settings
from bot.model import manifests, ports
from bot.model.rights import Right


def build(
    buses: tuple[Bus, ...],
    cloud: openapi.Settings,
    clock: ports.Clock,
    tap: ports.Tap | None = None,
) -> ports.Outlet:
    from adapters.eventbridge.outlet import EventBridge

    return EventBridge(
        Settings(
            buses=tuple(replace(bus, region=bus.region or cloud.region) for bus in buses),
            credentials=cloud.credentials,
            timeout=cloud.call_timeout,
            ca_file=cloud.ca_file,
        ),
        clock,
        tap,
    )


def rights(buses: tuple[Bus, ...], region: str) -> Iterator[Right]:
    """https://help.aliyun.com/zh/eventbridge/user-guide/custom-policies"""
    for bus in buses:
        owner = f"{bus.region or region}:{bus.account or '*'}"
        place = f"acs:eventbridge:{owner}:eventbus/{bus.bus or bus.name}"
        yield Right("eventbridge:PutEvents", (place,))


MANIFEST = manifests.BusManifest(
    name="bus", title="EventBridge", settings=Bus, build=build, rights=rights
)
