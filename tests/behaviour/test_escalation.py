"""A request that nobody decides is brought to mind, by more people and in more ways."""

from __future__ import annotations

from tests.behaviour.conftest import Scene
from tests.behaviour.test_authority import edited, runs

REMIND = 'remind = "10m"                     # the approvers are reminded after so long'
LADDER = """ladder = [
    { after = "5m" },
    { after = "10m", how = "direct" },
    { after = "15m", how = "urgent", who = ["dave"] },
    { after = "20m", how = "group", group = "hr" },
]"""


async def test_a_ladder_tells_more_people_in_more_ways_and_gives_nobody_a_vote(
    scene: Scene,
) -> None:
    named = scene.platform == "lark"
    await edited(scene, (REMIND, LADDER))
    known = await scene.ids()
    card = await scene.pending("restart web-01 reason=late")
    await scene.advance(301)
    told = await scene.told("#1", [*known, card["id"]], to="bob")
    assert "carol" in told["mentions"]
    await scene.advance(300)
    for who in ("bob", "carol"):
        alone = await scene.told("#1 restart", [], who.title() if named else who)
        assert "Bob" in alone["text"]
        assert "Carol" in alone["text"]
    await scene.advance(300)
    alert = await scene.told(("紧急", "Urgent"), [], "Dave" if named else "dave")
    assert alert.get("urgent", ["dave"]) == ["dave"]
    before = await scene.ids("hr")
    await scene.advance(300)
    group = await scene.told("#1 restart", before, "hr")
    assert "ops" in group["text"]
    await scene.settled()
    with scene.reader() as reader:
        alerts = [row.action for row in reader.chain() if row.action.endswith("alerted")]
        hows = [
            row.facts.get("how", "mention")
            for row in reader.chain()
            if row.action == "request.reminded"
        ]
    assert alerts == ["request.alerted" if named else "request.not_alerted"]
    assert hows == ["mention", "direct", "urgent", "group"]
    refused = await scene.click("dave", card, "approve")
    assert refused["said"]
    assert not await runs(scene)
    await scene.click("bob", card, "approve")
    await scene.card_says(card, ("成功", "succeeded"))
    assert await runs(scene) == 1
