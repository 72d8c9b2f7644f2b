"""A card whose answer was lost, and a bot that was away for hours: one card decides, and every
other one says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox import play, process
from sandbox.client import Sandbox
from tests.behaviour.conftest import Scene, playing

SHOWN_BY = {"dingtalk": "card/instances/createAndDeliver", "lark": "im/v1/messages/reply"}
NO_HISTORY = {"code": 230027, "message": "Lack of necessary permissions", "status": 400}
LOOKS = ("im/v1/messages/list", "im/v1/messages/get")
HOURS = 3


@pytest.fixture
async def scene(platform: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """A bot whose requests wait for half a day."""
    async with Sandbox() as sandbox:
        path = process.configuration(tmp_path, sandbox.ports)
        text = path.read_text("utf-8").replace('expires = "30m"', 'expires = "12h"')
        path.write_text(text, "utf-8")
        async with playing(sandbox, platform, path) as found:
            yield found


async def shown_and_lost(scene: Scene) -> play.Entry:
    """Somebody asks; the card arrives, its answer does not, and the bot is away for hours."""
    api = SHOWN_BY[scene.platform]
    await scene.call("fault", api=api, do="lose_answer")
    await scene.call("fault", api=api, do="hang_up", times=1000)
    card = await scene.pending('restart web-01 reason="lost"', answer_lost=True)
    await scene.end()
    await scene.call("clear_faults")
    await scene.advance(HOURS * 3600)
    return card


async def cards(scene: Scene) -> list[play.Entry]:
    return [entry for entry in await scene.transcript() if play.is_request_card(entry)]


async def test_after_hours_away_the_card_that_arrived_is_found_and_stays_the_only_one(
    scene: Scene,
) -> None:
    card = await shown_and_lost(scene)
    await scene.start()
    await scene.settled()
    assert [entry["id"] for entry in await cards(scene)] == [card["id"]]
    known = await scene.ids()
    answer = await scene.click("bob", card, "approve")
    assert answer["acked"]
    await scene.card_says(card, play.SUCCEEDED)
    await scene.told(play.AUDIT, known)
    assert len(await scene.runs()) == 1


@pytest.mark.parametrize("platform", ["lark"])
async def test_where_nothing_can_be_looked_up_a_new_card_decides_and_the_old_one_says_so(
    scene: Scene,
) -> None:
    old = await shown_and_lost(scene)
    for api in LOOKS:
        await scene.call("fault", api=api, do="error", times=1000, **NO_HISTORY)
    await scene.start()
    new = await scene.new_card("restart", [old["id"]])
    await scene.told(("以这张新卡片为准", "this new card"), [])
    await scene.settled()
    answer = await scene.click("bob", old, "approve")
    assert play.has(answer["said"], ("另一张卡片", "another card"))
    dead = await scene.card_says(old, ("另一张卡片", "another card"))
    assert dead["buttons"] == []
    assert await scene.runs() == []
    await scene.settled()
    await scene.click("bob", new, "approve")
    await scene.card_says(new, play.SUCCEEDED)
    [dead] = [entry for entry in await cards(scene) if entry["id"] == old["id"]]
    assert dead["buttons"] == []
    assert len(await scene.runs()) == 1


@pytest.mark.parametrize("platform", ["lark"])
async def test_a_click_on_the_card_that_arrived_counts_before_the_bot_knows_its_name(
    scene: Scene,
) -> None:
    await scene.call("fault", api=SHOWN_BY["lark"], do="lose_answer")
    await scene.call("fault", api=SHOWN_BY["lark"], do="hang_up", times=1000)
    card = await scene.pending('restart web-01 reason="lost"', answer_lost=True)
    await scene.click("bob", card, "approve")
    await scene.call("clear_faults")
    await scene.card_says(card, play.SUCCEEDED)
    assert len(await cards(scene)) == 1


@pytest.mark.parametrize("platform", ["dingtalk"])
async def test_a_repeated_creation_that_is_answered_as_undelivered_keeps_the_card(
    scene: Scene,
) -> None:
    card = await shown_and_lost(scene)
    await scene.call("fault", api=SHOWN_BY["dingtalk"], do="exists_undelivered", times=1000)
    await scene.start()
    await scene.told("#1", [card["id"]], to="bob")
    await scene.settled()
    await scene.click("bob", card, "approve")
    await scene.card_says(card, play.SUCCEEDED)
    assert len(await scene.runs()) == 1


@pytest.mark.parametrize("platform", ["dingtalk"])
async def test_who_clicked_sees_the_end_even_if_the_answer_to_a_click_stays_on_their_card(
    scene: Scene,
) -> None:
    await scene.call("configure", overlay_lasts=1)
    card = await scene.pending('restart web-01 reason="seen"')
    await scene.click("alice", card, "approve")
    await scene.click("bob", card, "approve")
    await scene.card_says(card, play.SUCCEEDED)
    await scene.settled()
    for viewer in ("alice", "bob", "carol"):
        seen = await scene.call("transcript", chat="ops", viewer=viewer)
        [own] = [entry for entry in seen if entry["id"] == card["id"]]
        assert play.has(own["text"], play.SUCCEEDED), viewer
        assert own["buttons"] == []
