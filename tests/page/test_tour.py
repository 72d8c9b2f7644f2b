"""The guided tour, on the real stand-ins with the real bot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from sandbox import play
from sandbox.page import acts, playground
from sandbox.page.chapters import CHAPTERS
from sandbox.page.server import ACTS

pytestmark = pytest.mark.asyncio(loop_scope="session")
STEPS = [(chapter.name, step) for chapter in CHAPTERS for step in chapter.steps]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[acts.World]:
    folder: Path = tmp_path_factory.mktemp("demo")
    async with playground.open_page(folder, "zh-CN") as server:
        assert server.world is not None
        await server.world.bots.stop()
        await server.world.bots.start()
        yield server.world


def shown(world: acts.World) -> Any:
    return world.board.value("tour", "tour")


async def act(world: acts.World, name: str, **body: object) -> None:
    await acts.perform(ACTS, world, name, body)


async def test_it_waits_for_each_step_and_can_be_left(world: acts.World) -> None:
    await act(world, "tour.start")
    await world.tour.idle()
    first = shown(world)
    assert (first["at"], first["playing"], first["error"]) == (0, False, None)
    assert not [each for each in world.board.keys("messages") if each.startswith("dingtalk")]
    await act(world, "tour.next")
    await act(world, "tour.next")  # pressed twice: one act
    await world.tour.idle()
    assert shown(world)["at"] == 1
    assert [each for each in world.board.keys("messages") if each.startswith("dingtalk")]
    await act(world, "tour.leave")
    assert shown(world)["at"] is None
    await act(world, "tour.next")  # nobody takes the tour: nothing happens
    with pytest.raises(acts.Refused, match="no chapter"):
        await act(world, "tour.start", chapter="nowhere")


@pytest.mark.slow
async def test_every_chapter_goes_as_told(world: acts.World) -> None:
    await act(world, "tour.start")
    for number, (name, step) in enumerate(STEPS):
        await world.tour.idle()
        now = shown(world)
        assert (now["at"], now["error"]) == (number, None), name
        assert now["steps"][number]["text"]["en"] == step.english
        await act(world, "tour.next")
    await world.tour.idle()
    assert shown(world)["at"] is None


@pytest.mark.slow
async def test_a_canary_can_be_answered_by_hand(world: acts.World) -> None:
    stage = play.Play(world.company, "lark", 60)
    known, before = await stage.ids(), len(await stage.power())
    await stage.say("alice", "reboot-with-approval web-01 web-02 web-03 rateControl=2")
    card = await stage.new_card("reboot-with-approval", known)
    await stage.click("bob", card, "approve")
    await stage.click("carol", await stage.new_card("agree", []), "approve")
    await stage.card_says(card, ("金丝雀待审批",))
    assert len(await stage.power()) == before + 1
    await stage.click("carol", card, "approve")
    await stage.card_says(card, play.SUCCEEDED)
    assert len(await stage.power()) == before + 3
