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
    "calendars",
)


def _of(kind: type[M], all_: list[object]) -> list[M]:
    return [manifest for manifest in all_ if isinstance(manifest, kind)]


def manifests_of(names: tuple[str, ...]) -> manifests.Adapters:
    """What these adapters declare of themselves, in their order."""
    all_: list[object] = [
        importlib.import_module(f"adapters.{name}.manifest").MANIFEST for name in names
    ]
    [cloud] = _of(manifests.CloudManifest, all_)
    [engine] = _of(manifests.EngineManifest, all_)
    [robots] = _of(manifests.RobotsManifest, all_)
    [bus] = _of(manifests.BusManifest, all_)
    [endpoint] = _of(manifests.EndpointsManifest, all_)
    [inlet] = _of(manifests.InletManifest, all_)
    [calendars] = _of(manifests.CalendarsManifest, all_)
    chats = _of(manifests.ChatManifest, all_)
    return manifests.Adapters(tuple(chats), cloud, engine, robots, bus, endpoint, inlet, calendars)


ADAPTERS = manifests_of(NAMES)


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
