"""What the tests of the OOS executor ask of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from adapters.oos import AT_TAG, BATCH_TAG, STEP_TAG, Credentials, Oos, Settings
from adapters.openapi import DIGEST_TAG
from bot import model
from sandbox import world
from sandbox.aliyun import Aliyun
from tests.adapters.aliyun_plans import Clock
from tests.sandbox.aliyun_party import REGION, until
from tests.sandbox.oos_client import script, template

KEY = Credentials("key", world.ALIYUN_KEY_ID, world.ALIYUN_KEY_SECRET)
SLEEP = {"Name": "sleep", "Action": "ACS::Sleep", "Properties": {"Duration": "PT1H"}}
ASKS = {"safety_check": "ConfirmEveryHighRiskAction"}
TOUCH = template(script("touch", "true"))


@asynccontextmanager
async def executor(party: Aliyun, clock: Clock | None = None, **more: Any) -> AsyncIterator[Oos]:
    wanted = {"region": REGION, "endpoint": party.base_url, "credentials": KEY, **ASKS, **more}
    one = Oos(Settings(**wanted), clock or Clock())
    try:
        yield one
    finally:
        await one.close()


def start(
    text: str = "", token: str = "token-1", batch: str = "b1", **fields: Any
) -> model.StartRun:
    """The effect that starts a template by its text, or as the plan's ``fields`` say."""
    wanted = {"script": text, "template": "root", "instances": (), **fields}
    usual = {"command": "restart", "version": "", "region": REGION}
    plan = model.RemoteTemplatePlan(**{**usual, **wanted})
    step = model.Step(7, 0, token, batch, REGION, ())
    now = str(int(datetime.now(UTC).timestamp()))
    tags = {STEP_TAG: token, BATCH_TAG: batch, AT_TAG: now, DIGEST_TAG: model.digest(plan)}
    return model.StartRun(7, plan, model.digest(plan), step, "run #7", tags)


def tell(id: str, word: Any, task: str = "", note: str = "") -> model.SignalRun:
    return model.SignalRun(7, "oos", REGION, id, word, task, note)


async def begun(oos: Oos, *tasks: dict[str, Any], token: str = "token-1", **more: Any) -> str:
    """The id of an execution of these tasks that we started."""
    outcome = await oos.perform(start(template(*tasks, **more), token), model.Attempt())
    assert isinstance(outcome, model.Done), outcome
    return outcome.ref


async def seen(oos: Oos, id: str, *statuses: str) -> model.Execution:
    """What polling tells once the execution has one of these statuses."""
    last: dict[str, model.Execution] = {}

    async def there() -> bool:
        last.update(await oos.poll(REGION, "b1", [id]))
        return last[id].status in statuses

    await until(there)
    return last[id]


async def ended(oos: Oos, id: str) -> model.Execution:
    return await seen(oos, id, "Success", "Failed", "Cancelled")


async def count(party: Aliyun, action: str) -> int:
    return len(await party.calls(action))
