"""A small fixed part of ``make crash``: deaths on each side of the calls that start a run."""

from __future__ import annotations

import asyncio
import io

import pytest
from rich.console import Console

from tests import postgres
from tests.crash import __main__, cases, deaths, stories, trial

DEATHS = (
    ("dingtalk", "restart", "engine.committed:5"),
    ("lark", "restart", "aliyun.after.RunCommand:1"),
    ("lark", "new_hire", "outbox.after.fetch_form:1"),
    ("dingtalk", "fleet", "aliyun.after.RebootInstance:1"),
    ("lark", "oos", "oos.after.StartExecution:1"),
)
AT_ONCE = 3


def test_the_last_line_says_how_many_trials_passed_and_failed() -> None:
    case = cases.Case(7, "restart", "lark", (deaths.kill("engine.committed:1"),))
    board = __main__.Board(Console(file=io.StringIO(), width=120))
    board.results = [
        trial.Result(case, deaths=list(case.kills)),
        trial.Result(case, ["the card is not true"], list(case.kills)),
        trial.Result(cases.Case(0, "restart", "lark", ())),
    ]
    board.table(96.4)
    assert isinstance(board.console.file, io.StringIO)
    *_, before, last = board.console.file.getvalue().splitlines()
    assert before == "2 seeds, 2 deaths in 96 s"
    assert last == "2 passed, 1 failed"


def test_a_case_is_played_again_on_the_same_store() -> None:
    case = cases.Case(7, "restart", "lark", (deaths.kill("engine.committed:1"),))
    words = "--seed 7 --story restart --platform lark --kill engine.committed:1"
    assert case.replay == f"make crash ARGS='{words}'"
    board = __main__.Board(Console(file=io.StringIO()), postgres.Server("", "t"))
    assert board.replay(case) == f"make crash ARGS='--store postgres {words}'"


def test_a_short_run_plays_every_story_once_and_both_platforms() -> None:
    for first in (0, 1):
        pairs = cases.brief(cases.PAIRS, first)
        assert [story for story, _ in pairs] == list(stories.STORIES)
        assert {platform for _, platform in pairs} == set(deaths.PLATFORMS)
    assert not set(cases.brief(cases.PAIRS, 0)) & set(cases.brief(cases.PAIRS, 1))


@pytest.mark.slow
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
