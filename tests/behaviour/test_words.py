"""What people write as they write it: names, links, wrong words. Each is understood, or answered
with what was probably meant."""

from __future__ import annotations

from typing import Any

import pytest

from tests.behaviour.conftest import Scene


async def test_the_name_of_the_bot_may_have_a_space_and_stand_in_the_text(scene: Scene) -> None:
    known = await scene.ids()
    text = "@Ops Bot restart web-01 reason=name"
    changes: dict[str, Any] = {"text": {"content": text}} if scene.platform == "dingtalk" else {}
    await scene.call("say", user="alice", text=text, changes=changes)
    card = await scene.new_card("restart", known)
    assert "#1" in card["text"]
    assert "name" in card["text"]


@pytest.mark.parametrize("platform", ["lark"])
async def test_a_link_that_the_platform_made_of_a_name_is_the_name(scene: Scene) -> None:
    known = await scene.ids()
    await scene.say("alice", "restart [web-01](http://web-01) reason=link")
    card = await scene.new_card("restart", known)
    assert "web-01 (i-" in card["text"]
