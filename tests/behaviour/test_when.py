"""Further policies by what a request touches (``[[policy.when]]``), on both platforms."""

from __future__ import annotations

from pathlib import Path

from bot import model
from tests import settings
from tests.behaviour import runbooks
from tests.behaviour.conftest import Scene
from tests.behaviour.test_authority import runs
from tests.behaviour.test_reload import reloaded

WHY = "机器多，或是生产环境（every-sre）"


async def test_what_is_tagged_as_production_takes_a_second_person(
    platform: str, tmp_path: Path
) -> None:
    async with runbooks.playing(
        platform, tmp_path, settings.Setting(more=settings.PRODUCTION)
    ) as scene:
        harmless = await scene.pending("restart web-03 reason=own")
        assert WHY not in harmless["text"]
        card = await scene.pending("restart web-01 reason=own")
        assert WHY in card["text"]
        known = await scene.ids()
        await scene.say("carol", "pending")
        assert WHY in (await scene.told("web-01", known))["text"]
        await scene.click("bob", card, "approve")
        await scene.settled()
        assert not await runs(scene)
        await scene.click("carol", card, "approve")
        await scene.card_says(card, ("成功", "succeeded"))
        assert await runs(scene) == 1


async def test_a_table_that_is_added_after_the_vote_began_asks_again(scene: Scene) -> None:
    card = await scene.pending("restart web-01 reason=own")
    path = scene.settings.path
    path.write_text(path.read_text("utf-8") + settings.PRODUCTION, "utf-8")
    [line] = await reloaded(scene)
    assert "policy.when" in line
    await scene.click("bob", card, "approve")
    shown = await scene.card_says(card, ("没有启动", "not started"))
    assert "机器多，或是生产环境" in shown["text"]
    await scene.settled()
    assert not await runs(scene)
    known = await scene.ids()
    await scene.click("alice", shown, "revote")
    again = await scene.new_card("restart", known)
    assert WHY in again["text"]
    for who in ("bob", "carol"):
        await scene.click(who, again, "approve")
    await scene.card_says(again, ("成功", "succeeded"))
    assert await runs(scene) == 1
    with scene.reader() as reader:
        assert reader.request(1).state is model.State.NOT_STARTED
