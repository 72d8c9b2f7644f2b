"""What the tests of the Alibaba Cloud executor ask of it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from adapters.aliyun import AT_TAG, BATCH_TAG, STEP_TAG, Aliyun, Credentials, Settings
from adapters.openapi import DIGEST_TAG
from bot import model
from bot.model import ports
from sandbox import world
from tests.sandbox.aliyun_party import REGION, WEB1, WEB2

KEY = Credentials("key", world.ALIYUN_KEY_ID, world.ALIYUN_KEY_SECRET)


class Clock(ports.Clock):
    """The real time, or later."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(datetime.now(UTC).timestamp() + self.ahead, UTC)


@asynccontextmanager
async def executor(
    endpoint: str, clock: Clock | None = None, **settings: Any
) -> AsyncIterator[Aliyun]:
    wanted = {"region": REGION, "endpoint": endpoint, "credentials": KEY, **settings}
    one = Aliyun(Settings(**wanted), clock or Clock())
    try:
        yield one
    finally:
        await one.close()


def plan(script: str = "true", *instances: str, **fields: Any) -> model.Plan:
    ids = instances or (WEB1, WEB2)
    machines = tuple(model.Instance(i, f"name-of-{i}", REGION, "Running") for i in ids)
    if "parameters" in fields:
        shown = (model.Definition("c-1", "", "0" * 64),)
        fields = {"command_id": "c-1", "definitions": shown, **fields}
    wanted = {"script": script, "instances": machines, **fields}
    kind: Any = model.StoredCommandPlan if "command_id" in fields else model.ScriptPlan
    if "engine" in fields:
        kind = functools.partial(model.RemoteTemplatePlan, template="root")
    return kind(command="run", version="1", region=REGION, **wanted)


def start(plan: model.Plan, token: str = "token-1", **tags: str) -> model.StartRun:
    """The effect that starts the whole plan as one step."""
    step = model.Step(7, 0, token, "batch-1", REGION, tuple(i.id for i in plan.instances))
    labels = {
        STEP_TAG: token,
        BATCH_TAG: "batch-1",
        AT_TAG: str(int(datetime.now(UTC).timestamp())),
        DIGEST_TAG: model.digest(plan),
        **tags,
    }
    digest = model.digest(plan)
    return model.StartRun(7, plan, digest, step, f"run #7 {model.short(digest)}", labels)


def changed(effect: model.StartRun, **fields: Any) -> model.StartRun:
    """The same effect for another plan, digest included."""
    other = dataclasses.replace(effect.plan, **fields)
    digest = model.digest(other)
    tags = {**effect.tags, DIGEST_TAG: digest}
    return dataclasses.replace(effect, plan=other, digest=digest, tags=tags)
