"""The list of adapters, and the configuration read with what they declare.

This list is all that ``bot`` knows of its outside by name.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from bot import config
from bot.model import manifests

M = TypeVar("M")
NAMES = (
    "dingtalk",
    "lark",
    "console",
    "aliyun",
    "oos",
    "webhook",
    "eventbridge",
    "endpoints",
    "inlet",
)


def _of(kind: type[M], declared: list[object]) -> list[M]:
    return [manifest for manifest in declared if isinstance(manifest, kind)]


def declared(names: tuple[str, ...] = NAMES) -> manifests.Adapters:
    """What these adapters declare of themselves, in their order."""
    found: list[object] = [
        importlib.import_module(f"adapters.{name}.manifest").MANIFEST for name in names
    ]
    [cloud] = _of(manifests.CloudManifest, found)
    [engine] = _of(manifests.EngineManifest, found)
    [robots] = _of(manifests.RobotsManifest, found)
    [bus] = _of(manifests.BusManifest, found)
    [endpoint] = _of(manifests.EndpointsManifest, found)
    [inlet] = _of(manifests.InletManifest, found)
    chats = _of(manifests.ChatManifest, found)
    return manifests.Adapters(tuple(chats), cloud, engine, robots, bus, endpoint, inlet)


ADAPTERS = declared()


def load(
    path: Path | str,
    environ: Mapping[str, str] = os.environ,
    *,
    secrets: bool = True,
    known_commands: config.KnownCommands | None = None,
) -> config.Config:
    """The configuration in a file, with the tables of all adapters; see ``config.load``."""
    return config.load(
        path, environ, adapters=ADAPTERS, secrets=secrets, known_commands=known_commands
    )
