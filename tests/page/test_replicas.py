"""Three bots on one database, in a real browser: one is killed in the middle of a run, another is
frozen."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from sandbox.page import acts, playground
from tests.postgres import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")
SCRIPT = "echo begun; sleep 3; echo survived"
SOON = 30_000


@pytest_asyncio.fixture(loop_scope="session")
async def world(page: Page, postgres: Server, tmp_path: Path) -> AsyncIterator[acts.World]:
    """A page with three bots, all connected."""
    opened = playground.open_page(tmp_path, "zh-CN", bots=3, database=postgres.database)
    async with opened as server:
        await page.goto(server.address)
        await page.locator("#tab-control").click()
        await expect(page.locator(".bot-tile[data-state=connected]")).to_have_count(3, timeout=SOON)
        assert server.world is not None
        yield server.world
        await page.close()


def tile(page: Page, name: str) -> Locator:
    return page.locator(f".bot-tile[aria-label={name}]")


async def press(page: Page, name: str, button: str) -> None:
    await tile(page, name).get_by_role("button", name=button, exact=True).click()


@pytest.mark.slow
async def test_the_others_tell_the_end_of_what_the_killed_one_began(
    page: Page, world: acts.World
) -> None:
    """Asked and approved in a group; the leader is killed and another frozen; the third tells the
    end, once. All come back, on one whole audit log, then in another language, then anew."""
    group = page.locator("chat-group[platform=dingtalk]")
    said = {"user": "bob", "text": f"run web-03 -- {SCRIPT}", "chat": "ops"}
    await world.company.call("dingtalk", "say", **said)
    card = group.locator(".message.is-card")
    await expect(card.locator(".flag").first).to_have_text(re.compile("由 bot-[123] 送出"))
    shown = (await world.company.call("dingtalk", "transcript", chat="ops"))[-1]["ref"]
    await world.company.call("dingtalk", "click", user="carol", card=shown, action="approve")
    await expect(card).to_contain_text("执行中", timeout=SOON)
    leader = page.locator(".bot-tile").filter(has=page.get_by_text("领头").locator("visible=true"))
    first = str(await leader.get_attribute("aria-label"))
    second, third = sorted({"bot-1", "bot-2", "bot-3"} - {first})
    await press(page, first, "kill -9")
    await expect(tile(page, first).locator(".state")).to_have_text("已被杀掉")
    await press(page, second, "冻结")
    await expect(tile(page, second).locator(".state")).to_have_text("已冻结")
    end = group.locator(".message", has_text="执行成功").filter(has_text="survived")
    await expect(end).to_have_count(1, timeout=SOON)
    await expect(end.locator(".flag", has_text=third)).to_be_visible()
    await expect(page.locator(".chip")).to_contain_text("1/3")

    for gone in (first, second):
        await expect(tile(page, gone)).to_contain_text("其余的接管了它手上的事", timeout=SOON)
    await expect(leader).to_have_attribute("aria-label", third)
    await press(page, second, "唤醒")
    await press(page, first, "启动")
    await expect(page.locator(".bot-tile[data-state=connected]")).to_have_count(3, timeout=SOON)
    assert len(world.board.keys("runs")) == 1, "it ran once"
    await page.locator("#tab-wire").click()
    await expect(page.locator(".panel-wire .row .bot", has_text=third).first).to_be_visible()
    await page.locator("#tab-audit").click()
    await page.get_by_role("button", name="校验", exact=True).click()
    await expect(page.locator(".verified.good")).to_contain_text("链条完整", timeout=SOON)

    await page.locator("#tab-control").click()
    await page.get_by_label("机器人的语言").select_option("en")
    await expect(page.locator(".bot-tile[data-state=connected]")).to_have_count(3, timeout=SOON)
    await world.company.call("lark", "say", user="alice", text="whoami", chat="ops")
    lark = page.locator("chat-group[platform=lark] .message.bot")
    await expect(lark).to_contain_text("You are Alice", timeout=SOON)
    await page.get_by_role("button", name="全部重来", exact=True).click()
    await page.get_by_role("button", name="再点一次确认", exact=True).click()
    await expect(lark).to_have_count(0, timeout=SOON)
    await expect(page.locator(".bot-tile[data-state=connected]")).to_have_count(3, timeout=SOON)
