"""Approvals within templates: who counts, when they run out, and what clicks can do to them. Both
engines tell the same story."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import model
from sandbox import play
from tests import settings
from tests.behaviour import runbooks
from tests.behaviour.conftest import Scene

State = model.State
GATE = """FormatVersion: OOS-2019-06-01
Description: {en: Asks two people, zh-cn: 两人审批}
Parameters:
  targets: {Type: Json, AssociationProperty: Targets}
  password: {Type: String, NoEcho: true, Default: ''}
Tasks:
  - Name: find
    Action: ACS::SelectTargets
    Properties: {ResourceType: 'ALIYUN::ECS::Instance', Filters: ['{{ targets }}']}
    Outputs:
      id: {Type: String, ValueSelector: 'Instances.Instance[0].InstanceId'}
  - Name: gate
    Action: ACS::Approve
    Properties:
      Approvers: [ram-bob, ram-carol, ram-dave@1234567890123456.onaliyun.com]
      MinRequiredApprovals: 2
  - Name: describe
    Action: ACS::ExecuteAPI
    Properties:
      Service: ECS
      API: ModifyInstanceAttribute
      Parameters: {InstanceId: '{{ find.id }}', Password: '{{ password }}'}
  - Name: reboot
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: RebootInstance, Parameters: {InstanceId: '{{ find.id }}'}}
"""
RAM = {f'id = "{name}"\n': f'id = "{name}"\nram = "ram-{name}"\n' for name in ("bob", "carol")} | {
    'id = "dave"  ': 'ram = "ram-dave"\nid = "dave"  '
}
ANYBODY = {'["restart", "provision", "reboot-with-approval"]': '["*"]'}


def gated(engine: str) -> settings.Setting:
    more = f'\n[command.gate]\npolicy = "one-sre"\nallowed_targets = ["*"]\nengine = "{engine}"\n'
    return settings.Setting(files={"gate.yml": GATE}, changes=RAM | ANYBODY, more=more)


@pytest.fixture(params=["", "oos"], ids=["local", "oos"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


ONE_EACH = pytest.mark.parametrize(
    ("engine", "platform"), [("", "dingtalk"), ("oos", "lark")], ids=["local", "oos"]
)
OTHERS = pytest.mark.parametrize(
    ("engine", "platform"), [("", "lark"), ("oos", "dingtalk")], ids=["local", "oos"]
)
"""Each engine and each platform once, where the two have nothing to do with each other."""


@pytest.fixture
async def scene(engine: str, platform: str, tmp_path: Path) -> AsyncIterator[Scene]:
    async with runbooks.playing(platform, tmp_path, runbooks.changed(engine)) as found:
        yield found


@pytest.fixture
async def gate(engine: str, platform: str, tmp_path: Path) -> AsyncIterator[Scene]:
    async with runbooks.playing(platform, tmp_path, gated(engine)) as found:
        yield found


async def test_it_takes_as_many_as_the_template_says_of_those_it_names(gate: Scene) -> None:
    known = await gate.ids()
    card = await runbooks.agreed(gate, "gate web-01")
    asks = await gate.told("gate", known, to="dave")
    assert {"bob", "carol", "dave"} <= set(asks["mentions"])
    shown = await runbooks.offering(gate, card, "approve", "需要审批")
    for user in ("alice", "mallory"):
        assert (await gate.click(user, shown, "approve"))["said"]
    await gate.click("dave", shown, "approve")
    again = await gate.click("dave", shown, "approve")
    assert again["said"]
    assert runbooks.the_request(gate).state is State.WAITING
    assert await gate.power() == []
    await gate.click("bob", await runbooks.offering(gate, card, "approve", "需要审批"), "approve")
    await gate.card_says(card, play.SUCCEEDED)
    told = await gate.told(play.AUDIT, known, to="alice")
    assert "Dave" in told["text"]
    assert await runbooks.rebooted(gate) == ["web-01"]


@ONE_EACH
async def test_nobody_decides_so_it_is_reminded_and_cancelled(scene: Scene) -> None:
    known = await scene.ids()
    card = await runbooks.agreed(scene)
    await runbooks.offering(scene, card, "approve", "需要审批")
    await scene.settled()
    await scene.advance(10 * 60 + 1)
    reminder = await scene.told("仍待审批", known, to="carol")
    assert "bob" in reminder["mentions"]
    await scene.advance(20 * 60)
    await scene.until("it is no longer asked", lambda _: not runbooks.the_request(scene).ballot)
    await scene.settled()
    await scene.advance(31)  # by then an old execution is looked at again
    final = await scene.card_says(card, play.CANCELLED)
    assert "到期无人决定" in final["text"]
    await scene.told(play.AUDIT, known, to="alice")
    late = await scene.click("carol", card, "approve", revision=0)
    assert late["said"]
    assert runbooks.the_request(scene).state is State.CANCELLED
    assert await scene.power() == []
    assert runbooks.actions(scene).count("ballot.expired") == 1


@OTHERS
async def test_fifty_people_click_both_buttons_of_an_approval_within(scene: Scene) -> None:
    card = await runbooks.agreed(scene)
    shown = await runbooks.offering(scene, card, "approve", "需要审批")
    people = ["bob", "carol", "dave", "mallory", "alice"] * 10
    clicks = [
        scene.click(user, shown, ("approve", "reject")[number % 2], revision=len(shown["history"]))
        for number, user in enumerate(people)
    ]
    answers = await asyncio.gather(*clicks)
    assert all(answer["acked"] for answer in answers)
    await scene.card_says(card, (*play.SUCCEEDED, *play.CANCELLED))
    await scene.settled()
    request = runbooks.the_request(scene)
    with scene.reader() as reader:
        votes = [vote for vote in reader.votes(1) if vote.digest != request.digest]
    assert len(votes) == 1
    assert votes[0].approve == (request.state is State.SUCCEEDED)
    assert await runbooks.rebooted(scene) == (["web-01", "web-02"] if votes[0].approve else [])


@ONE_EACH
async def test_clicks_that_come_twice_or_late_count_once(scene: Scene) -> None:
    known = await scene.ids()
    await scene.call("fault", api="push.card", do="duplicate", times=20)
    card = await runbooks.agreed(scene)
    shown = await runbooks.offering(scene, card, "approve", "需要审批")
    await scene.click("carol", shown, "approve")
    await scene.card_says(card, play.SUCCEEDED)
    await scene.told(play.AUDIT, known, to="alice")
    for revision in range(len(shown["history"]) + 1):
        for action in ("approve", "reject"):
            late = await scene.click("bob", card, action, revision=revision, force=True)
            assert late["acked"]
    await scene.settled()
    request = runbooks.the_request(scene)
    assert request.state is State.SUCCEEDED
    with scene.reader() as reader:
        assert [vote.person for vote in reader.votes(1)] == ["bob", "carol"]
    assert await runbooks.rebooted(scene) == ["web-01", "web-02"]
    outcomes = [e for e in await scene.transcript() if play.AUDIT in e["text"]]
    assert len(outcomes) == 1


@OTHERS
async def test_a_hidden_value_stands_in_no_chat_no_log_and_no_audit_entry(
    gate: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "s3cr3t-w0rd"
    caplog.set_level("DEBUG")
    card = await runbooks.agreed(gate, f"gate web-01 password={secret}")
    shown = await runbooks.offering(gate, card, "approve", "需要审批")
    await gate.click("bob", shown, "approve")
    await gate.click("carol", await runbooks.offering(gate, card, "approve", "需要审批"), "approve")
    await gate.card_says(card, play.SUCCEEDED)
    await gate.settled()
    made = await gate.sandbox.call("aliyun", "calls", api="ModifyInstanceAttribute")
    assert [call["request"]["Password"] for call in made] == [secret]
    for entry in await gate.transcript():
        if entry["from"] == "bot":
            assert secret not in str(entry)
    with gate.reader() as reader:
        for row in reader.chain():
            assert secret not in str(row.facts)
        assert secret not in runbooks.the_request(gate).text
    assert secret not in caplog.text
