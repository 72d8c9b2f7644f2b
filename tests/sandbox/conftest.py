"""The stand-in of Alibaba Cloud, and the official SDKs pointed at it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.aliyun import Aliyun
from tests.sandbox import aliyun_party, oos_client


@pytest.fixture
async def party(tmp_path: Path) -> AsyncIterator[Aliyun]:
    async with aliyun_party.served(tmp_path) as party:
        yield party


@pytest.fixture
def sdk(party: Aliyun) -> aliyun_party.Sdk:
    return aliyun_party.Sdk(party)


@pytest.fixture
def oos(party: Aliyun) -> oos_client.Sdk:
    return oos_client.Sdk(party)
