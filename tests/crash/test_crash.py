"""A small fixed part of ``make crash``: the deaths that cost others their requests and runs."""

from __future__ import annotations

import asyncio

from tests.crash import cases, deaths, trial

DEATHS = (
    ("dingtalk", "restart", "engine.committed:5"),
    ("dingtalk", "late", "outbox.after.say:1"),
    ("dingtalk", "stopped", "aliyun.after.StopInvocation:1"),
    ("dingtalk", "cancelled", "outbox.after.update_card:1"),
    ("lark", "restart", "aliyun.after.RunCommand:1"),
    ("lark", "new_hire", "outbox.after.fetch_form:1"),
    ("lark", "rejected", "engine.before_commit:4"),
    ("lark", "expired", "outbox.after.show_card:1"),
)
AT_ONCE = 3


async def test_killed_and_nothing_lost_nothing_twice() -> None:
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(case: cases.Case) -> trial.Result:
        async with turn:
            return await trial.trial(case)

    wanted = [
        cases.Case(number, story, platform, (deaths.kill(death),))
        for number, (platform, story, death) in enumerate(DEATHS)
    ]
    results = await asyncio.gather(*(one(case) for case in wanted))
    faults = {result.case.replay: result.faults for result in results if result.faults}
    assert not faults
    alive = [result.case.replay for result in results if not result.deaths]
    assert not alive, "nobody died there"
