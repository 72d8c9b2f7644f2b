"""A template that selects its instances while it runs, on both platforms."""

from __future__ import annotations

from pathlib import Path

from sandbox import play
from tests import settings
from tests.behaviour import runbooks

PROD = """FormatVersion: OOS-2019-06-01
Tasks:
  - Name: find
    Action: ACS::SelectTargets
    Properties:
      ResourceType: ALIYUN::ECS::Instance
      Filters: [{Type: Tags, Tags: [{Key: env, Value: prod}]}]
    Outputs:
      ids: {Type: List, ValueSelector: 'Instances.Instance[].InstanceId'}
  - Name: reboot
    Action: ACS::ExecuteAPI
    Properties:
      Service: ECS
      API: RebootInstance
      Parameters: {InstanceId: '{{ ACS::TaskLoopItem }}'}
    Loop:
      Items: '{{ find.ids }}'
      RateControl: {Mode: Concurrency, Concurrency: 1, MaxErrors: 100}
"""
TABLE = """
[command.prod]
policy = "one-sre"
allowed_targets = ["web-01", "web-02"]
most_targets = 1
"""


async def test_a_run_that_selects_everything_touches_only_what_is_allowed(
    platform: str, tmp_path: Path
) -> None:
    setting = settings.Setting(
        files={"prod.yml": PROD},
        changes={'["restart", "provision", "reboot-with-approval"]': '["*"]'},
        more=TABLE,
    )
    async with runbooks.playing(platform, tmp_path, setting) as scene:
        card = await scene.pending("prod")
        assert "只限 web-01, web-02；整个执行最多 1 台" in (await scene.shown()).replace("、", ", ")
        await scene.click("bob", card, "approve")
        await scene.card_says(card, play.SUCCEEDED)
        assert len(await runbooks.rebooted(scene)) == 1
        assert set(await runbooks.rebooted(scene)) <= {"web-01", "web-02"}
        assert "call.refused" in runbooks.actions(scene)
