"""A hidden value that somebody typed into a group: they are told that it stays readable, and it is
taken back where the platform lets the bot."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import model
from tests import settings
from tests.behaviour import runbooks
from tests.behaviour.test_runbook_votes import ANYBODY

SET = """
FormatVersion: OOS-2019-06-01
Description: {en: Sets a password, zh-cn: 修改密码}
Parameters:
  instance: {Type: String, Default: i-sandbox0web01}
  password: {Type: String, NoEcho: true}
Tasks:
  - Name: set
    Action: ACS::ExecuteAPI
    Properties:
      Service: ECS
      API: ModifyInstanceAttribute
      Parameters: {InstanceId: '{{ instance }}', Password: '{{ password }}'}
"""
COMMAND = '[command.set-password]\npolicy = "one-sre"\n\n'


@pytest.mark.parametrize(
    ("platform", "manages"), [("lark", True), ("lark", False), ("dingtalk", False)]
)
async def test_the_message_that_carried_it_is_taken_back_where_it_can_be(
    tmp_path: Path, platform: str, manages: bool
) -> None:
    setting = settings.Setting(
        files={"set-password.yml": SET},
        changes={**ANYBODY, "[command.restart]": COMMAND + "[command.restart]"},
    )
    async with runbooks.playing(platform, tmp_path, setting) as scene:
        if manages:
            await scene.sandbox.call("lark", "let_bot_manage", chat="ops")
        card = await scene.pending("set-password password=s3cr3t-w0rd")
        await scene.settled()
        mine = [e for e in await scene.transcript() if e["from"] == "bot"]
        told = "\n".join(entry["text"] for entry in mine)
        assert "s3cr3t" not in told
        assert "仍能看到那条消息" in told
        assert ("已撤回那条带有隐藏值的消息" in told) is manages
        assert "9–16" in told
        assert "••••••(password)" in card["text"] or "••••••(password)" in told
        await scene.click("bob", card, "approve")
        await scene.settled()
        made = await scene.sandbox.call("aliyun", "calls", api="ModifyInstanceAttribute")
        assert [call["request"]["Password"] for call in made] == ["s3cr3t-w0rd"]
        assert runbooks.the_request(scene).state is model.State.SUCCEEDED
        entries = await scene.transcript()
        if platform == "lark":
            assert any(entry.get("recalled") for entry in entries) is manages
