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


async def test_what_was_meant_is_suggested_and_said_once(scene: Scene) -> None:
    known = await scene.ids()
    card = await scene.pending("restart web-01 reason=card")
    for text, suggestion in (
        ("restart WEB-01", "web-01"),
        ("restart web-9", "web-02"),
        ("WEB-01", "restart WEB-01"),
        ("帮我重启一下 web-01", "重启 web-01"),
        ("ok", "approve"),
        ("approve 99", "pending"),
    ):
        known = await scene.ids()
        await scene.say("bob", text, **({"quote": card["id"]} if text == "ok" else {}))
        told = await scene.told(suggestion, known)
        assert "`" not in told["text"] + told.get("title", ""), told
        words = [line.partition("@Bob")[2].strip() for line in told["text"].split("\n")]
        (sentence,) = [line for line in words if line]
        shown = told["text"].replace("> ", "") + told.get("title", "")
        assert shown.count(sentence[:20]) == 1 + (
            scene.platform == "dingtalk" and text[-2:] == "99"
        )
    assert await scene.runs() == []


async def test_windows_gets_powershell_or_a_refusal_before_the_vote(scene: Scene) -> None:
    await scene.sandbox.call(
        "aliyun", "add_machine", id="i-win00001", name="web-win01", system="windows"
    )
    known = await scene.ids()
    await scene.say("alice", "restart web-win01")
    await scene.told("Windows", known)
    await scene.say("bob", "run web-win01 -- Get-Service | Out-String")
    card = await scene.new_card("run", known)
    assert "RunPowerShellScript" in card["text"]
    assert "System" in card["text"]
    assert "#!/bin/bash" not in card["text"]
    assert "Get-Service | Out-String" in card["text"]
    await scene.click("carol", card, "approve")
    await scene.told("№ ", [*known, card["id"]])
