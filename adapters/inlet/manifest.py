"""What the server for events declares of itself."""

from __future__ import annotations

from dataclasses import replace

from adapters.inlet.settings import Settings, Source
from bot.model import checks, manifests, ports


def build(
    settings: Settings,
    sources: tuple[Source, ...],
    clock: ports.Clock,
    look: ports.Look,
    tap: ports.Tap | None = None,
) -> ports.Inlet:
    from adapters.inlet.server import Inlet

    return Inlet(replace(settings, sources=sources), clock, look, tap)


def interpreter(source: Source) -> ports.Interpreter:
    from adapters.inlet import replay

    return replay.Interpreter(source)


def examine(settings: Settings, deps: manifests.CheckDeps) -> checks.Checkup:
    """Whether its address is free, or the running bot's own."""
    return checks.Checkup(listens=(settings.listen,))


MANIFEST = manifests.InletManifest(
    name="http",
    title="HTTP",
    settings=Settings,
    source=Source,
    sources="source",
    shown=("listen",),
    build=build,
    examine=examine,
    source_interpreter=interpreter,
)
