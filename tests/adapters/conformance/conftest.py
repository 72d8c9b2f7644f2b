"""Each case for each platform. No case may leave a secret in a log."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.adapters.conformance import chat, dingtalk, lark

PLATFORMS = (dingtalk.WIRING, lark.WIRING)


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
