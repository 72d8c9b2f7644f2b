"""What happens to templates while they run here: canaries, pauses, targets that drift, calls that
fail or whose answer is lost, and a bot that is restarted in the middle."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import model
from sandbox import play
from tests import settings
from tests.behaviour import runbooks
from tests.behaviour.conftest import Scene

State = model.State
FLEET = """FormatVersion: OOS-2019-06-01
Description: {en: Reboots a fleet, zh-cn: 批量重启}
Parameters:
  targets: {Type: Json, AssociationProperty: Targets}
Tasks:
  - Name: find
    Action: ACS::SelectTargets
    Properties: {ResourceType: 'ALIYUN::ECS::Instance', Filters: ['{{ targets }}']}
    Outputs:
      ids: {Type: List, ValueSelector: 'Instances.Instance[].InstanceId'}
  - Name: nap
    Action: ACS::Sleep
    Properties: {Duration: PT1M}
  - Name: reboot
    Action: ACS::Template
    Properties:
      TemplateName: reboot-one
      Parameters: {instanceId: '{{ ACS::TaskLoopItem }}'}
    Loop: {Items: '{{ find.ids }}', RateControl: {Mode: Concurrency, Concurrency: 1}}
    Outputs:
      instanceId: {Type: String, ValueSelector: .instanceId}
"""
AWAKE = FLEET.replace("PT1M", "PT0S")
RULE = 'policy = "one-sre"\nallowed_targets = ["web-*"]\n'
EVERYTHING = {'["restart", "provision", "reboot-with-approval"]': '["*"]'}
WEB_03, WEB_04 = runbooks.IDS["web-03"], "i-sandbox0web04"


def fleet(text: str = AWAKE, more: str = "", rule: str = RULE) -> settings.Setting:
    return settings.Setting(
        files={runbooks.PART: runbooks.QUICK, "fleet.yml": text},
        changes=EVERYTHING,
        more=f"{more}\n[command.fleet]\n{rule}",
    )


# ----------------------------------------------------------------------------- people


async def test_a_canary_is_voted_on_with_what_became_of_it(platform: str, tmp_path: Path) -> None:
    policy = '\n[policy.careful]\napprovers = ["role:sre"]\ncanary = 1\n'
    setting = fleet(more=policy, rule=RULE.replace("one-sre", "careful"))
    async with runbooks.playing(platform, tmp_path, setting) as scene:
        known = await scene.ids()
        card = await runbooks.agreed(scene, "fleet web-01 web-02 web-03")
        shown = await runbooks.offering(scene, card, "approve", "web-01: Success")
        assert await runbooks.rebooted(scene) == ["web-01"]
        own = await scene.click("alice", shown, "approve")
        assert own["said"]
        await scene.click("carol", shown, "approve")
        final = await scene.card_says(card, play.SUCCEEDED)
        assert "3/3" in final["text"]
        told = await scene.told(play.AUDIT, known, to="alice")
        assert "Bob" in told["text"]
        assert "Carol" in told["text"]
        assert await runbooks.rebooted(scene) == ["web-01", "web-02", "web-03"]
        await scene.settled()
        cards = [e for e in await scene.transcript() if play.is_request_card(e)]
        assert len(cards) == 1


@pytest.mark.parametrize("platform", ["lark"])
async def test_a_canary_that_is_rejected_stops_there(platform: str, tmp_path: Path) -> None:
    policy = '\n[policy.careful]\napprovers = ["role:sre"]\ncanary = 1\n'
    setting = fleet(more=policy, rule=RULE.replace("one-sre", "careful"))
    async with runbooks.playing(platform, tmp_path, setting) as scene:
        card = await runbooks.agreed(scene, "fleet web-01 web-02")
        shown = await runbooks.offering(scene, card, "approve", "web-01: Success")
        await scene.click("carol", shown, "reject")
        await scene.card_says(card, play.CANCELLED)
        assert await runbooks.rebooted(scene) == ["web-01"]


async def test_it_is_paused_resumed_and_stopped_from_the_card(
    platform: str, tmp_path: Path
) -> None:
    async with runbooks.playing(platform, tmp_path, fleet(FLEET)) as scene:
        known = await scene.ids()
        card = await runbooks.agreed(scene, "fleet web-01 web-02")
        stranger = await scene.click(
            "dave", await runbooks.offering(scene, card, "pause", "nap"), "pause"
        )
        assert stranger["said"]
        await scene.click("alice", await runbooks.offering(scene, card, "pause", "nap"), "pause")
        paused = await runbooks.offering(scene, card, "resume")
        await scene.settled()
        await scene.advance(3600)
        await scene.settled()
        assert await scene.power() == [], "nothing is started while it is paused"
        await scene.click("bob", paused, "resume")
        await scene.card_says(card, play.SUCCEEDED)
        assert await runbooks.rebooted(scene) == ["web-01", "web-02"]

        again = await runbooks.agreed(scene, "fleet web-03")
        await scene.click("alice", await runbooks.offering(scene, again, "stop", "nap"), "stop")
        await scene.card_says(again, play.STOPPED)
        await scene.told(play.STOPPED, known, to="alice")
        await scene.settled()
        await scene.advance(3600)
        await scene.settled()
        assert await runbooks.rebooted(scene) == ["web-01", "web-02"]
        assert runbooks.the_request(scene, 2).state is State.CANCELLED


# ----------------------------------------------------------------------------- targets


async def drifted(scene: Scene) -> play.Entry:
    """Asked for while web-01, web-02 and web-03 are in the tier; then web-03 leaves it and web-04
    joins; then approved."""
    card = await scene.pending("fleet targets=tag:tier=web")
    for id, name, tier in ((WEB_03, "web-03", "db"), (WEB_04, "web-04", "web")):
        await scene.sandbox.call("aliyun", "add_machine", id=id, name=name, tags={"tier": tier})
    await scene.click("bob", card, "approve")
    return card


async def test_targets_that_drift_are_put_to_the_vote_again(platform: str, tmp_path: Path) -> None:
    async with runbooks.playing(platform, tmp_path, fleet()) as scene:
        known = await scene.ids()
        card = await drifted(scene)
        told = await scene.told("web-04", known, to="bob")
        assert "web-03" in told["text"]
        assert await scene.power() == []
        again = await runbooks.offering(scene, card, "approve", "web-04")
        await scene.click("carol", again, "approve")
        await scene.card_says(card, play.SUCCEEDED)
        rebooted = [act["instance"] for act in await scene.power()]
        assert rebooted == [runbooks.IDS["web-01"], runbooks.IDS["web-02"], WEB_04]


@pytest.mark.parametrize("platform", ["dingtalk"])
async def test_targets_that_drift_are_left_out(platform: str, tmp_path: Path) -> None:
    setting = fleet(rule=f'{RULE}drift = "intersect"\n')
    async with runbooks.playing(platform, tmp_path, setting) as scene:
        known = await scene.ids()
        card = await drifted(scene)
        await scene.told("web-03", [*known, card["id"]], to="alice")
        await scene.card_says(card, play.SUCCEEDED)
        assert await runbooks.rebooted(scene) == ["web-01", "web-02"]
        assert runbooks.the_request(scene).gone == (WEB_03,)


# ----------------------------------------------------------------------------- calls that fail


@pytest.mark.parametrize(
    ("platform", "fault", "word"),
    [
        ("dingtalk", "lose_answer", "skip"),
        ("lark", "lose_answer", "skip"),
        ("lark", "hang_up", "retry"),
    ],
)
async def test_a_lost_answer_is_never_repeated_on_a_guess(
    platform: str, tmp_path: Path, fault: str, word: str
) -> None:
    async with runbooks.playing(platform, tmp_path, fleet()) as scene:
        known = await scene.ids()
        await scene.sandbox.call("aliyun", "fault", api="RebootInstance", do=fault, times=1)
        card = await runbooks.agreed(scene, "fleet web-01 web-02")
        asked = await scene.told("无法确认", known, to="carol")
        assert runbooks.IDS["web-01"] in asked["text"]
        shown = await runbooks.offering(scene, card, word)
        happened = await runbooks.rebooted(scene)
        assert happened == (["web-01"] if fault == "lose_answer" else [])
        own = await scene.click("alice", shown, word)
        assert own["said"]
        await scene.click("carol", shown, word)
        await scene.card_says(card, play.SUCCEEDED)
        assert await runbooks.rebooted(scene) == ["web-01", "web-02"]


@pytest.mark.parametrize("platform", ["dingtalk"])
async def test_throttling_is_waited_out(platform: str, tmp_path: Path) -> None:
    async with runbooks.playing(platform, tmp_path, fleet()) as scene:
        for api in ("DescribeInstances", "RebootInstance"):
            await scene.sandbox.call("aliyun", "fault", api=api, do="throttle", times=2)
        card = await runbooks.agreed(scene, "fleet web-01 web-02")
        await scene.card_says(card, play.SUCCEEDED)
        assert await runbooks.rebooted(scene) == ["web-01", "web-02"]


ROBOTS = """
[[webhook.robot]]
name = "unsigned"
platform = "dingtalk"
url = { file = "secrets/robot-ops-url" }

[[webhook.robot]]
name = "wordy"
platform = "dingtalk"
url = { file = "secrets/robot-hr-url" }
"""


@pytest.mark.parametrize(("platform", "robot"), [("dingtalk", "unsigned"), ("lark", "wordy")])
async def test_a_robot_that_refuses_is_told_and_changes_nothing(
    platform: str, tmp_path: Path, robot: str
) -> None:
    gate = f"""FormatVersion: OOS-2019-06-01
Description: {{en: Asks by robot, zh-cn: 机器人审批}}
Tasks:
  - Name: gate
    Action: ACS::Approve
    Properties:
      NotifyType: WebHook
      AppendExecutionLink: false
      WebHook: {{URI: 'robot:{robot}', Content: {{msgtype: text, text: {{content: please}}}}}}
"""
    setting = settings.Setting(
        files={"gate.yml": gate},
        changes=EVERYTHING,
        secrets={"robot-hr-url": "DINGTALK/robot/send?access_token=sandbox-robot-hr"},
        more=f'{ROBOTS}\n[command.gate]\npolicy = "one-sre"\n',
    )
    async with runbooks.playing(platform, tmp_path, setting) as scene:
        known = await scene.ids()
        card = await runbooks.agreed(scene, "gate")
        told = await scene.told("没有发出", known)
        assert ("加签" if robot == "unsigned" else "关键词") in told["text"]
        shown = await runbooks.offering(scene, card, "approve", "需要审批")
        await scene.click("carol", shown, "approve")
        await scene.card_says(card, play.SUCCEEDED)


# ----------------------------------------------------------------------------- restarts


@pytest.mark.parametrize("platform", ["lark"])
async def test_a_restart_in_the_middle_of_a_sleep_goes_on_with_what_was_voted_on(
    platform: str, tmp_path: Path
) -> None:
    async with runbooks.playing(platform, tmp_path, fleet(FLEET)) as scene:
        known = await scene.ids()
        card = await runbooks.agreed(scene, "fleet web-01")
        await runbooks.offering(scene, card, "pause", "nap")
        await scene.settled()
        await scene.end()
        template = tmp_path / "commands" / "fleet.yml"
        template.write_text(FLEET.replace("TaskLoopItem }}'}", "TaskLoopItem }}0'}"), "utf-8")
        (tmp_path / "commands" / runbooks.PART).write_text(
            runbooks.QUICK.replace("RebootInstance", "StopInstance"), "utf-8"
        )
        await scene.start()
        await scene.settled()
        assert await scene.power() == []
        await scene.advance(61)
        await scene.card_says(card, play.SUCCEEDED)
        await scene.told(play.AUDIT, known, to="alice")
        assert await runbooks.rebooted(scene) == ["web-01"]
        assert runbooks.actions(scene).count("run.begun") == 1
