"""What only runs on OOS have: executions that people started in its console, confirmations of risky
calls, and cancelling."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from bot import model
from sandbox import play
from tests import settings
from tests.behaviour import runbooks
from tests.behaviour.conftest import Scene

State = model.State
WEB_01 = runbooks.IDS["web-01"]
CONSOLE = """FormatVersion: OOS-2019-06-01
Tasks:
  - Name: agree
    Action: ACS::Approve
    Properties:
      Approvers: [ram-bob, ram-carol]
  - Name: reboot
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: RebootInstance, Parameters: {InstanceId: i-sandbox0web01}}
"""
RAM = {f'id = "{name}"\n': f'id = "{name}"\nram = "ram-{name}"\n' for name in ("bob", "carol")}
RISKY = """FormatVersion: OOS-2019-06-01
Description: {en: Reboots one machine, zh-cn: 重启一台}
Tasks:
  - Name: reboot
    Action: ACS::ExecuteAPI
    Properties:
      Service: ECS
      API: RebootInstance
      Risk: High
      Parameters: {InstanceId: i-sandbox0web01}
  - Name: rest
    Action: ACS::Sleep
    Properties: {Duration: PT1S}
"""


def watching(platform: str) -> settings.Setting:
    lines = f'watch = true\npolicy = "one-sre"\ngroup = "ops"\nplatform = "{platform}"\n'
    return settings.Setting(changes=RAM | {"[oos]\n": f"[oos]\n{lines}"})


async def executions(scene: Scene) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await scene.sandbox.call("aliyun", "executions")
    return found


async def become(scene: Scene, status: str) -> None:
    """Wait until the one execution has this status."""
    deadline = time.monotonic() + scene.patience
    while True:
        (one,) = await executions(scene)
        if one["Status"] == status:
            return
        assert time.monotonic() < deadline, one
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(("platform", "word"), [("dingtalk", "approve"), ("lark", "reject")])
async def test_what_waits_in_the_console_is_decided_in_the_group(
    platform: str, tmp_path: Path, word: str
) -> None:
    setting = watching(platform)
    async with runbooks.playing(platform, tmp_path, setting, started=False) as scene:
        await scene.sandbox.call("aliyun", "start_in_console", TemplateContent=CONSOLE)
        await become(scene, "Waiting")
        await scene.start()
        card = await scene.new_card("agree", [])
        assert "example" in card["text"]
        stranger = await scene.click("alice", card, word)
        assert stranger["said"]
        assert play.has(card["text"], ("两个人同意", "two people"))
        await scene.click("bob", card, word)
        if word == "approve":  # nobody knows who started it
            await scene.click("carol", card, word)
        await become(scene, "Success" if word == "approve" else "Cancelled")
        await scene.card_says(card, play.SUCCEEDED if word == "approve" else play.CANCELLED)
        told = await scene.told(play.AUDIT, [])
        if word == "reject":
            assert "Bob" in told["text"]
        assert await runbooks.rebooted(scene) == (["web-01"] if word == "approve" else [])
        await scene.settled()
        await scene.end()
        await scene.start()
        await scene.settled()
        with scene.reader() as reader:
            assert len(reader.recent_requests()) == 1, "it is taken up once"


def risky() -> settings.Setting:
    return settings.Setting(
        files={"risky.yml": RISKY},
        changes={'["restart", "provision", "reboot-with-approval"]': '["*"]'},
        more='\n[command.risky]\npolicy = "one-sre"\nengine = "oos"\n',
    )


@pytest.mark.parametrize(("platform", "word"), [("lark", "approve"), ("dingtalk", "reject")])
async def test_a_risky_call_is_confirmed_first(platform: str, tmp_path: Path, word: str) -> None:
    async with runbooks.playing(platform, tmp_path, risky()) as scene:
        card = await runbooks.agreed(scene, "risky")
        shown = await runbooks.offering(scene, card, "approve", "风险高")
        assert "RebootInstance" in shown["text"]
        assert WEB_01 in shown["text"]
        assert await scene.power() == []
        own = await scene.click("alice", shown, word)
        assert own["said"]
        await scene.click("carol", shown, word)
        await scene.card_says(card, play.SUCCEEDED if word == "approve" else play.CANCELLED)
        assert await runbooks.rebooted(scene) == (["web-01"] if word == "approve" else [])


@pytest.mark.parametrize("platform", ["lark"])
async def test_an_execution_is_stopped_from_the_card(platform: str, tmp_path: Path) -> None:
    async with runbooks.playing(platform, tmp_path, runbooks.changed("oos")) as scene:
        known = await scene.ids()
        card = await runbooks.agreed(scene)
        await runbooks.offering(scene, card, "approve", "需要审批")
        await scene.say("alice", "stop 1")
        await become(scene, "Cancelled")
        await scene.card_says(card, play.STOPPED)
        told = await scene.told(play.AUDIT, known, to="alice")
        assert "Alice" in told["text"]
        assert await scene.power() == []
        assert runbooks.the_request(scene).state is State.CANCELLED


@pytest.mark.parametrize("platform", ["dingtalk"])
async def test_throttling_and_lost_answers_start_it_once(platform: str, tmp_path: Path) -> None:
    async with runbooks.playing(platform, tmp_path, runbooks.changed("oos")) as scene:
        for api, do in (
            ("StartExecution", "throttle"),
            ("StartExecution", "lose_answer"),
            ("ListExecutions", "throttle"),
            ("NotifyExecution", "throttle"),
            ("NotifyExecution", "lose_answer"),
        ):
            await scene.sandbox.call("aliyun", "fault", api=api, do=do, times=1)
        await play.reboot(scene)
        assert len([one for one in await executions(scene) if not one["ParentExecutionId"]]) == 1
