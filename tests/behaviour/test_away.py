"""Who is away is not waited for, and whoever stands in for them decides in their place."""

from __future__ import annotations

from sandbox import play
from tests.behaviour.conftest import Scene
from tests.behaviour.test_authority import edited, runs

APPROVERS = 'approvers = ["role:sre"]           # people by id'
MODE = 'mode = "any"                       # "any" 或签'


async def test_what_waits_moves_to_whoever_stands_in(scene: Scene) -> None:
    await edited(scene, (APPROVERS, 'approvers = ["bob"]\ndelegates = ["dave"] #'), (MODE, "#"))
    card = await scene.pending("restart web-01 reason=away")
    early = await scene.click("dave", card, "approve")
    assert early["said"]
    known = await scene.ids()
    await scene.say("bob", "away until Monday delegate dave")
    await scene.told(("Dave",), known, to="bob")
    told = await scene.told("#1", known, to="dave")
    assert "Bob" in told["text"]
    await scene.card_says(card, ("Bob（不在，Dave 代理）", "Bob (away, Dave stands in)"))
    assert not await runs(scene)
    await scene.click("dave", card, "approve", revision=0)
    await scene.card_says(card, play.SUCCEEDED)
    assert await runs(scene) == 1
    with scene.reader() as reader:
        cast = [row for row in reader.chain() if row.action == "vote.cast"]
        assert [row.facts["on_behalf"] for row in cast] == ["bob"]
    known = await scene.ids()
    await scene.say("bob", "back")
    await scene.told(("回来", "Welcome back"), known, to="bob")
