"""The doctor beside a running bot: it sees it, and the bot does not notice."""

from __future__ import annotations

from tests import stores
from tests.behaviour.conftest import Scene
from tests.bot import doctor_stage


async def test_a_running_bot_is_seen_and_not_disturbed(scene: Scene) -> None:
    card = await scene.pending("restart web-01")
    before = await scene.shown()
    entries = await doctor_stage.lines(scene.settings.path)
    assert doctor_stage.of(entries, "problem", "unsure") == ["aliyun.agents"]  # one has none
    store = next(one for one in entries if one["id"] == "store")
    runs = "bots at work: " if stores.POSTGRES else "a bot runs on it"
    assert runs in store["sentence"]
    assert await scene.shown() == before
    if scene.platform != "console":
        links = await scene.call("connections")
        own = [True] * stores.REPLICAS
        assert [one["open"] for one in links] == own, "the bot's own, and no other"
    await scene.click("bob", card, "approve")
    await scene.card_says(card, ("成功", "succeeded"))
