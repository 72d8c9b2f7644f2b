"""Standing approvals, on both platforms: what is agreed to beforehand runs without a vote.

Which one counts, its uses, and that it was revoked are a row of the store, written in the
transactions of the last vote, of the plan that uses it, and of the word that revokes it.
"""

from __future__ import annotations

from sandbox import play
from tests.behaviour.conftest import Scene
from tests.behaviour.test_authority import edited, runs

ALLOWED = (
    ("[policy.one-sre]\n", "[policy.one-sre]\nstanding = true\n"),
    ('commands = ["restart", "provision"', 'commands = ["standing", "restart", "provision"'),
    ("[command.restart]\n", '[command.standing]\npolicy = "one-sre"\n\n[command.restart]\n'),
)
ASKED = "standing restart i-sandbox0web01 i-sandbox0web02 until {} uses=2 leaks"
MANY = 'approvers = ["role:sre"]           #'
DONE = ("成功", "succeeded")
BY_IT = ("常备审批", "Standing approval")


async def in_force(scene: Scene) -> None:
    """Alice has asked for it, and bob approved it once he had read it."""
    await edited(scene, *ALLOWED)
    until = scene.clock.now().strftime("%Y-") + "12-31"
    card = await scene.pending(ASKED.format(until))
    await scene.click("bob", card, "approve")
    await scene.settled()
    with scene.reader() as reader:
        if not reader.request(1).state.final:
            await scene.click("bob", card, "approve")
    await scene.card_says(card, DONE)
    await scene.settled()


async def test_what_is_within_it_runs_without_a_vote_though_the_bot_was_down(scene: Scene) -> None:
    await in_force(scene)
    await scene.end()
    await scene.start()
    known = await scene.ids()
    await scene.say("alice", "restart web-01 reason=leak")
    ended = await scene.told(play.AUDIT, known)
    assert play.has(ended["text"], play.SUCCEEDED)
    assert play.has(ended["text"], ("Bob (常备审批 #1)", "Bob (standing approval #1)"))
    assert play.has(await scene.shown(), ("第 1/2 次使用", "use 1 of 2"))
    outside = await scene.pending("restart web-03 reason=leak")
    assert not play.has(outside["text"], BY_IT)
    await scene.settled()
    assert await runs(scene) == 1


async def test_who_agreed_and_left_suspends_it(scene: Scene) -> None:
    await in_force(scene)
    await edited(scene, (MANY, 'approvers = ["carol"] #'))
    known = await scene.ids()
    card = await scene.pending("restart web-01 reason=leak")
    await scene.told(("没有使用常备审批", "No standing approval counts"), known)
    await scene.settled()
    assert not await runs(scene)
    await scene.click("carol", card, "approve")
    await scene.card_says(card, DONE)
    assert await runs(scene) == 1


async def test_it_is_listed_and_revoked_at_once(scene: Scene) -> None:
    await in_force(scene)
    known = await scene.ids()
    await scene.say("carol", "standing")
    await scene.told("i-sandbox0web01 i-sandbox0web02 service=nginx", known)
    await scene.say("carol", "standing revoke 1")
    await scene.told(("已撤销", "is revoked"), known)
    card = await scene.pending("restart web-01 reason=leak")
    assert not play.has(card["text"], BY_IT)
    await scene.settled()
    assert not await runs(scene)
