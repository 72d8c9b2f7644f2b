"""The stand-in of Alibaba Cloud, and both of its executors pointed at it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.aliyun import Aliyun
from adapters.oos import Oos
from adapters.openapi import api
from sandbox import aliyun as party_module
from tests.adapters import aliyun_plans, oos_plans
from tests.sandbox import aliyun_party


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls are tried again at once."""
    monkeypatch.setattr(api, "FIRST_WAIT", 0.005)


@pytest.fixture
async def party(tmp_path: Path) -> AsyncIterator[party_module.Aliyun]:
    async with aliyun_party.served(tmp_path) as party:
        yield party


@pytest.fixture
def clock() -> aliyun_plans.Clock:
    return aliyun_plans.Clock()


@pytest.fixture
async def aliyun(party: party_module.Aliyun, clock: aliyun_plans.Clock) -> AsyncIterator[Aliyun]:
    async with aliyun_plans.executor(party.base_url, clock) as one:
        yield one


@pytest.fixture
async def oos(party: party_module.Aliyun, clock: aliyun_plans.Clock) -> AsyncIterator[Oos]:
    async with oos_plans.executor(party, clock) as one:
        yield one
