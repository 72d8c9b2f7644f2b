"""One house per module: starting it costs more than attacking it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.fuzz import house as houses


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[houses.House]:
    async with houses.opened(tmp_path_factory.mktemp("house")) as found:
        yield found


@pytest_asyncio.fixture(params=houses.PLATFORMS, loop_scope="module")
async def house(request: pytest.FixtureRequest, whole: houses.House) -> houses.House:
    return whole.on(str(request.param))
