"""OOS, as the suite needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from adapters.oos import Oos
from bot import model
from sandbox.aliyun import Aliyun as Party
from tests.adapters import aliyun_plans, oos_plans
from tests.adapters.conformance.executor import Engine
from tests.sandbox.oos_client import api, script, template


@asynccontextmanager
async def executor(
    endpoint: str, clock: aliyun_plans.Clock | None = None, **settings: Any
) -> AsyncIterator[Oos]:
    party: Any = SimpleNamespace(base_url=endpoint)
    async with oos_plans.executor(party, clock, **settings) as made:
        yield made


def start(token: str = "token-1", **plan: Any) -> model.StartRun:
    return oos_plans.start(plan.pop("script", oos_plans.TOUCH), token, "batch-1", **plan)


async def runs(party: Party) -> list[dict[str, Any]]:
    names = {"id": "ExecutionId", "token": "ClientToken", "tags": "Tags"}
    return [{name: run[wire] for name, wire in names.items()} for run in await party.executions()]


ENGINE = Engine(
    name="oos",
    executor=executor,
    start=start,
    long={"script": template(oos_plans.SLEEP)},
    other={"script": template(api("look"))},
    script=lambda text: {"script": template(script("touch", f"true {text}"))},
    too_long=70_000,
    runs=runs,
    starting="StartExecution",
    before="ValidateTemplateContent",
    looking="ListExecutions",
    stopping="CancelExecution",
    reading="ListExecutions",
    permission="oos:StartExecution",
    foreign=(
        model.ResolveTargets(("web-01",)),
        model.RunCall(7, "c", "k", "t", model.calls.Api("", "", {}, "")),
    ),
)
