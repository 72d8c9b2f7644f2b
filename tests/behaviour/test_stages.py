"""Several groups must agree: one human fills one seat, in order or not, and rejections add up."""

from __future__ import annotations

from sandbox import play
from tests.behaviour.conftest import Scene
from tests.behaviour.test_authority import edited, runs

APPROVERS = 'approvers = ["role:sre"]           # people by id'
MODE = 'mode = "any"                       # "any" 或签'
DAVE = 'lark = "ou_dave"\nroles = []'
CAROL = 'lark = "ou_carol"\nroles = ["sre"]'
DBA = ("[role.sre]", "[role.dba]\ncommands = []\n\n[role.sre]")


async def staged(scene: Scene, stages: str, order: str, *changes: tuple[str, str]) -> None:
    """The usual policy has these stages."""
    await edited(
        scene, (APPROVERS, f"stages = [{stages}] #"), (MODE, f'order = "{order}" #'), *changes
    )


async def test_one_sre_and_one_dba_are_two_people(scene: Scene) -> None:
    await staged(
        scene,
        '{ approvers = ["role:sre"] }, { approvers = ["role:dba"] }',
        "any",
        DBA,
        (CAROL, CAROL.replace('["sre"]', '["sre", "dba"]')),
        (DAVE, DAVE.replace("[]", '["dba"]')),
    )
    card = await scene.pending("restart web-01 reason=both")
    await scene.click("carol", card, "approve")
    shown = await scene.card_says(card, ("sre 1/1 · dba 0/1", "1/1 sre · 0/1 dba"))
    again = await scene.click("carol", shown, "approve")
    assert play.has(again["said"], ("已经", "already")), again
    await scene.settled()
    assert not await runs(scene)
    known = await scene.ids()
    await scene.say("carol", "who 1")
    await scene.told(("dba 0/1",), known, to="carol")
    await scene.click("dave", shown, "approve")
    await scene.card_says(card, play.SUCCEEDED)
    assert await runs(scene) == 1


async def test_two_of_sre_and_then_dave(scene: Scene) -> None:
    two = '{ approvers = ["role:sre"], mode = "count", count = 2 }'
    await staged(scene, f'{two}, {{ approvers = ["dave"] }}', "sequence")
    card = await scene.pending("restart web-01 reason=order")
    assert not {"dave"} & set(card["mentions"]), "it is not his turn"
    early = await scene.click("dave", card, "approve", revision=0)
    assert play.has(early["said"], ("轮到", "turn")), early
    await scene.click("bob", card, "approve")
    await scene.click("carol", card, "approve", revision=0)
    await scene.card_says(card, ("sre 2/2 → Dave 0/1", "2/2 sre → 0/1 Dave"))
    assert not await runs(scene)
    await scene.click("dave", card, "approve", revision=0)
    await scene.card_says(card, play.SUCCEEDED)
    assert await runs(scene) == 1


async def test_whoever_a_tag_names_agrees_and_who_is_nobody_here_refuses(scene: Scene) -> None:
    both = '{ approvers = ["role:sre"] }, { approvers = ["tag:tier"] }'
    await staged(scene, both, "any", (DAVE, f'ram = "db"\n{DAVE}'))
    known = await scene.ids()
    await scene.say("alice", "restart web-01 reason=tagged")
    await scene.told(("tier=web",), known, to="alice")
    card = await scene.pending("restart db-01 service=mysql reason=tagged")
    assert "dave" in card["mentions"]
    await scene.click("bob", card, "approve")
    await scene.click("carol", card, "approve", revision=0)  # databases take every SRE besides
    await scene.settled()
    assert not await runs(scene)
    await scene.click("dave", card, "approve", revision=0)
    await scene.card_says(card, play.SUCCEEDED)


async def test_two_must_reject(scene: Scene) -> None:
    await edited(scene, ("# rejections = 1 ", "rejections = 2 "))
    card = await scene.pending("restart web-01 reason=veto")
    first = await scene.click("bob", card, "reject")
    assert play.has(first["said"], ("现有 1 人", "1 of 2 rejections")), first
    await scene.card_says(card, ("1/2", "1 of 2"))
    await scene.click("carol", card, "reject", revision=0)
    await scene.card_says(card, play.REJECTED)
    assert not await runs(scene)


async def test_who_left_is_missed_in_the_thread_and_on_the_card(scene: Scene) -> None:
    sre = DAVE.replace("[]", '["sre"]')
    two = '{ approvers = ["role:sre"], mode = "count", count = 2 }'
    await staged(scene, two, "any", (DAVE, sre))
    card = await scene.pending("restart web-01 reason=left", "bob")
    known = await scene.ids()
    await edited(scene, (sre, DAVE))
    told = await scene.told(
        ("没有足够的人可以审批", "not enough people can approve it now"), known, to="bob"
    )
    assert "Carol" in told["text"]
    shown = await scene.card_says(card, ("审批人不够", "Too few approvers"))
    await edited(scene, (DAVE, sre))
    await scene.click("carol", shown, "approve", revision=0)
    await scene.click("dave", shown, "approve", revision=0)
    await scene.card_says(card, play.SUCCEEDED)
