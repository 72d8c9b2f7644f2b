"""Cloud Assistant of ECS, as the suite needs it."""

from __future__ import annotations

from typing import Any

from bot import model
from sandbox.aliyun import Aliyun as Party
from tests.adapters import aliyun_plans
from tests.adapters.conformance.executor import Engine


def start(token: str = "token-1", **plan: Any) -> model.StartRun:
    return aliyun_plans.start(aliyun_plans.plan(**plan), token)


async def runs(party: Party) -> list[dict[str, Any]]:
    return await party.invocations()


ENGINE = Engine(
    name="ecs",
    executor=aliyun_plans.executor,
    start=start,
    long={"script": "sleep 1000"},
    other={"script": "echo another plan"},
    script=lambda text: {"script": f"true {text}"},
    too_long=30_000,
    runs=runs,
    starting="RunCommand",
    before="DescribeCloudAssistantStatus",
    looking="DescribeInvocations",
    stopping="StopInvocation",
    reading="DescribeInvocationResults",
    permission="ecs:RunCommand",
    foreign=(model.SignalRun(7, "oos", aliyun_plans.REGION, "exec-1", "approve"),),
)
