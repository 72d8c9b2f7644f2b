"""What every sandbox would import, compile and read for itself at its first calls.

The process that the tests' sandboxes are forked from imports this once (``PRELOAD``), as it takes
longer than most of what a sandbox does in its life.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import time
import typing

from sandbox import __main__ as sandbox
from sandbox.aliyun import parameters as ecs
from sandbox.dingtalk import shapes
from sandbox.oos import parameters as oos
from sandbox.standins import StandIns


def read(model: type) -> None:
    """The fields of a model, and of those in it."""
    for field in shapes.fields(model).values():
        for hint in (field.hint, *typing.get_args(field.hint)):
            if hasattr(hint, "to_map"):
                read(hint)


async def start_once() -> None:
    """Start the stand-ins and end them: their routes and patterns are compiled from then on."""
    async with StandIns() as company:
        for api in company.dingtalk.api.apis.values():
            read(shapes.model_named(api.model))


for product in ("card", "gateway", "oauth2", "robot", "workflow"):
    importlib.import_module(f"alibabacloud_dingtalk.{product}_1_0.models")
ecs.API.load()
oos.API.load()
sandbox.arguments([])
asyncio.run(start_once())
time.strptime("2026-01-01T00:00:00Z", "%Y-%m-%dT%H:%M:%SZ")
gc.freeze()
