"""A try that another replica has taken over is not gone on with: no failure of the platform."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.dingtalk.chat import DingTalk
from adapters.lark.chat import Lark
from bot import model
from bot.model import ports


async def taken_over(*_: object) -> model.Outcome:
    raise ports.Closed("attempt 1 of effect 7 was taken over")


@pytest.mark.parametrize("kind", [DingTalk, Lark])
async def test_a_try_that_was_taken_over_is_no_failure(
    kind: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    chat = object.__new__(kind)
    chat._perform, chat._sender = taken_over, SimpleNamespace(perform=taken_over)
    outcome = await chat.perform(SimpleNamespace(kind="say"), model.Attempt(1, None))
    assert outcome == model.Unknown("attempt 1 of effect 7 was taken over")
    assert [(record.levelname, record.exc_info) for record in caplog.records] == [("INFO", None)]
