"""A hostile value in what a rule tells a group: it arrives as text, at a robot of either platform,
in whichever platform's shape the rule was written, also where the group forbids calling all."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot import model
from bot.rules import transform
from tests.adapters import webhook_stage
from tests.adapters.webhook_stage import Stage
from tests.bot.rules.test_robots import card, post

HOSTILE = '<at user_id="all">x</at> <at id=all></at> [click](http://evil.example) @all'


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with webhook_stage.staged() as made:
        yield made


def delivery(url: str, message: Any, value: Any) -> model.Deliver:
    form = transform.compile("TEMPLATE", {"x": "$.data"}, json.dumps(message))
    body = transform.render(form, {"data": value}, "robot")
    named = {"source": "s", "id": "1", "type": "t"}
    return model.Deliver("r", 0, model.ToWebhook(url), body, named)


@pytest.mark.parametrize("platform", ["dingtalk", "lark"])
@pytest.mark.parametrize(
    "message",
    [
        {"msgtype": "text", "text": {"content": "set up: ${x}"}},
        {"msgtype": "markdown", "markdown": {"title": "${x}", "text": "set up: ${x}"}},
        {"msgtype": "link", "link": {"title": "${x}", "text": "set up", "messageUrl": "${x}"}},
        {"msg_type": "text", "content": {"text": "set up: ${x}"}},
        {"msg_type": "text", "content": '{"text": "set up: ${x}"}'},
        post({"tag": "text", "text": "set up: ${x}"}),
        post({"tag": "a", "text": "set up ${x}", "href": "${x}"}),
        card({"tag": "markdown", "content": "set up: ${x}"}),
        card({"tag": "div", "text": {"tag": "plain_text", "content": "set up: ${x}"}}),
    ],
)
async def test_a_hostile_value_is_shown_and_does_nothing(
    stage: Stage, platform: str, message: Any
) -> None:
    party: Any = getattr(stage, platform)
    url = await party.add_robot("tok")
    outcome = await stage.make().perform(delivery(url, message, HOSTILE), model.Attempt())
    assert isinstance(outcome, model.Done), outcome
    entry = await stage.last(party)
    assert entry["mentions"] == []
    assert "set up" in entry["text"]
    sent = json.dumps(party.journal[-1].request, ensure_ascii=False)
    for live in ("<at", "http://evil", "[click]("):
        assert live not in sent, sent
