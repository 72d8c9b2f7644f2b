"""An access token that many share: fetched once, early, again when refused, and never kept bad."""

from __future__ import annotations

import asyncio

import pytest

from adapters.common.tokens import Token
from tests.adapters.lark_loopback import Clock


class Office:
    """Gives out "t1", "t2" …, each good for so many ``seconds``; ``fault`` is raised instead."""

    def __init__(self) -> None:
        self.asked = 0
        self.seconds = 1000.0
        self.fault: Exception | None = None

    async def fetch(self) -> tuple[str, float]:
        self.asked += 1
        await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault
        return f"t{self.asked}", self.seconds


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_many_wait_for_one_fetch(office: Office, clock: Clock) -> None:
    token = Token(office.fetch, clock, 100)
    assert await asyncio.gather(*(token.get() for _ in range(9))) == ["t1"] * 9
    assert await asyncio.gather(*(token.get("t1") for _ in range(9))) == ["t2"] * 9
    assert await token.get("t1") == "t2"
    assert office.asked == 2


@pytest.mark.parametrize(("seconds", "kept"), [(1000.0, 899), (40.0, 29)])
async def test_one_that_is_nearly_over_is_replaced(
    office: Office, clock: Clock, seconds: float, kept: float
) -> None:
    """``early`` seconds before its end, but never before three quarters of its life."""
    office.seconds = seconds
    token = Token(office.fetch, clock, 100)
    assert await token.get() == "t1"
    clock.seconds += kept
    assert await token.get() == "t1"
    clock.seconds += 2
    assert await token.get() == "t2"


async def test_a_fetch_that_fails_fails_for_all_who_wait_and_is_made_again(
    office: Office, clock: Clock
) -> None:
    token = Token(office.fetch, clock, 100)
    office.fault = PermissionError("no")
    outcomes = await asyncio.gather(*(token.get() for _ in range(5)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {PermissionError}
    assert office.asked == 1
    office.fault = None
    assert await token.get() == "t2"


async def test_who_is_cancelled_while_waiting_takes_nobody_along(
    office: Office, clock: Clock
) -> None:
    token = Token(office.fetch, clock, 100)
    first, second = (asyncio.create_task(token.get()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == "t1"
    await token.close()
