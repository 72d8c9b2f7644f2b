"""Each case for each platform. No case may leave a secret in a log."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sandbox.aliyun import Aliyun
from tests.adapters.aliyun_plans import Clock
from tests.adapters.conformance import chat, cloud_assistant, console, dingtalk, executor, lark, oos

WIRED = (dingtalk.WIRING, lark.WIRING)
"""Those that a network lies before: calls get lost, tokens run out, connections break."""
PLATFORMS = (*WIRED, console.WIRING)
ENGINES = (cloud_assistant.ENGINE, oos.ENGINE)


wired = pytest.mark.parametrize("wiring", WIRED, ids=lambda wiring: wiring.name)


@pytest.fixture(params=PLATFORMS, ids=lambda wiring: wiring.name)
def wiring(request: pytest.FixtureRequest) -> chat.Wiring:
    made: chat.Wiring = request.param
    return made


@pytest.fixture
async def stage(wiring: chat.Wiring, caplog: pytest.LogCaptureFixture) -> AsyncIterator[chat.Stage]:
    """A platform with an adapter that is connected to it."""
    with caplog.at_level("DEBUG"):
        async with chat.staged(wiring) as made:
            yield made
    text = chat.logged(caplog.records)
    assert not [secret for secret in wiring.secrets(made.party) if secret in text]


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.name)
async def runs(
    request: pytest.FixtureRequest, party: Aliyun, clock: Clock
) -> AsyncIterator[executor.Stage]:
    """An engine with an executor for it."""
    engine: executor.Engine = request.param
    async with engine.executor(party.base_url, clock) as made:
        yield executor.Stage(engine, party, clock, made)
