"""Alike requests of one person on one card, on both platforms: one vote, and each runs and reports
by itself."""

from __future__ import annotations

from sandbox import play
from tests.behaviour.conftest import Scene
from tests.behaviour.test_authority import edited, runs

BATCH = ('# # batch = "1m"', 'batch = "1m" #')
NAMES = ("web-01", "web-02", "web-03")


async def asked(scene: Scene) -> play.Entry:
    """Three restarts, asked for one after the other; returns the card, once it shows all."""
    await edited(scene, BATCH)
    card = await scene.pending(f"restart {NAMES[0]}")
    for number, name in enumerate(NAMES[1:], 2):
        known = await scene.ids()
        await scene.say("alice", f"restart {name}")
        await scene.told(f"batch split {number}", known)
    return await scene.card_says(card, NAMES[-1])


async def test_a_batch_is_one_card_and_one_vote_and_each_is_told_by_itself(scene: Scene) -> None:
    card = await asked(scene)
    assert play.has(card["text"], ("一批 3 项", "batch of 3"))
    cards = [one for one in await scene.transcript() if play.is_request_card(one)]
    assert len(cards) == 1
    known = await scene.ids()
    answer = await scene.click("bob", card, "approve")
    assert play.has(answer["said"], ("#1、#2、#3", "#1, #2, #3")), answer
    await scene.card_says(card, ("已结束 3/3", "3 of 3 done"))
    await scene.settled()
    ended = [
        one
        for one in await scene.transcript()
        if one["id"] not in known and play.has(one["text"], play.AUDIT)
    ]
    assert len(ended) == 3
    assert await runs(scene) == 3


async def test_one_is_split_out_and_the_old_card_counts_for_nothing(scene: Scene) -> None:
    card = await asked(scene)
    known = await scene.ids()
    await scene.say("alice", "batch split 2")
    await scene.told(("单独审批", "voted on alone"), known, to="alice")
    own = await scene.new_card("restart", known)
    assert "web-02" in own["text"]
    await scene.card_says(card, ("一批 2 项", "batch of 2"))
    late = await scene.click("bob", card, "approve", revision=0)
    assert play.has(late["said"], ("不是", "outdated")), late
    await scene.settled()
    assert not await runs(scene)
    await scene.click("bob", own, "reject")
    await scene.click("bob", await scene.card_says(card, ("一批 2 项", "batch of 2")), "approve")
    await scene.card_says(card, ("已结束 2/2", "2 of 2 done"))
    assert await runs(scene) == 2
