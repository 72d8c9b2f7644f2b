"""What the adapter of OOS declares of itself."""

from __future__ import annotations

from dataclasses import replace

from adapters import openapi
from adapters.oos import rights
from adapters.oos.settings import Settings
from bot.model import checks, manifests, ports


def build(cloud: openapi.Settings, deps: manifests.EngineDeps) -> ports.Watched:
    from adapters.oos import Oos

    settings = settings_of(cloud, deps.region)
    own = replace(settings, safety_check=deps.safety_check, robots=deps.robots, key=deps.key)
    return Oos(own, deps.clock, deps.tap)


def examine(cloud: openapi.Settings, deps: manifests.CheckDeps) -> checks.Checkup:
    from adapters.oos.checks import checkup

    return checkup(settings_of(cloud, deps.region), deps)


def interpreter(cloud: openapi.Settings) -> ports.Interpreter:
    from adapters.oos import story

    return openapi.Interpreter(
        {
            "ListExecutions": lambda answer: list(map(story.status_of, answer["Executions"])),
            "ListTaskExecutions": lambda answer: list(map(story.stage, answer["TaskExecutions"])),
        }
    )


def settings_of(cloud: openapi.Settings, region: str) -> Settings:
    """The settings that are the cloud's own."""
    return Settings(
        region=region or cloud.region,
        endpoint=cloud.endpoints.get("oos") or cloud.endpoints.get("*", ""),
        credentials=cloud.credentials,
        call_timeout=cloud.call_timeout,
        ca_file=cloud.ca_file,
        safety_check="ConfirmEveryHighRiskAction",
    )


MANIFEST = manifests.EngineManifest(
    name="oos",
    title="OOS",
    build=build,
    examine=examine,
    interpreter=interpreter,
    rights=rights.of,
    trust=rights.TRUST,
)
