"""The stories as people play them: by typing and clicking in a real browser, against the real bot.

Each leaves a picture of what was seen in ``var/pictures``, to be looked at.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Locator, Page, expect

from sandbox.page import playground
from sandbox.page.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")
PICTURES = Path(__file__).resolve().parents[2] / "var" / "pictures"
PATIENCE = 30_000
SERIOUS = ("serious", "critical")
PROFILE: Any = {
    "viewport": {"width": 1440, "height": 900},
    "reduced_motion": "reduce",
    "timezone_id": "Asia/Shanghai",
    "locale": "zh-CN",
}
PANELS = ("machines", "wire", "events", "audit", "forms", "control")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with playground.open_page(tmp_path_factory.mktemp("demo"), "zh-CN") as server:
        yield server


class Person:
    """Somebody at a browser of their own, looking at one platform's group."""

    def __init__(self, page: Page, platform: str) -> None:
        self.page, self.platform = page, platform
        self.group = page.locator(f"chat-group.{platform}")
        self.backstage = page.locator("#backstage")

    async def become(self, name: str) -> None:
        await self.group.locator(".identity").click()
        await self.page.locator(".menu-item", has_text=name).click()
        await expect(self.group.locator(".identity")).to_contain_text(name)

    async def say(self, text: str) -> None:
        await self.group.locator(".write").fill(text)
        await self.group.locator(".write").press("Enter")

    def message(self, *texts: str) -> Locator:
        """The newest message that holds these texts."""
        found = self.group.locator(".message")
        for text in texts:
            found = found.filter(has_text=text)
        return found.last

    def button(self, action: str) -> Locator:
        """The newest button for this action that this group shows."""
        return self.group.locator(f"[data-action={action}]").last

    async def press(self, action: str) -> None:
        """Press that button; where the card asks whether it is meant, say so."""
        await self.button(action).click()
        if self.platform == "lark" and action == "approve":
            await self.page.locator("dialog").get_by_role("button", name="确定").click()

    async def panel(self, name: str) -> Locator:
        await self.page.locator(f"#tab-{name}").click()
        return self.page.locator("#stage-panel")

    async def picture(self, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=PICTURES / f"{name}.png")


@pytest_asyncio.fixture(loop_scope="session")
async def people(browser: Browser, served: Server) -> AsyncIterator[dict[str, Person]]:
    """Two browsers; every error in the console of a page is one of the test."""
    errors: list[str] = []
    contexts = []
    people = {}
    for name in ("one", "other"):
        context = await browser.new_context(**PROFILE)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = await context.new_page()
        page.on("pageerror", lambda error: errors.append(f"uncaught: {error}"))
        page.on("console", lambda line: line.type == "error" and errors.append(line.text))
        await page.goto(served.address)
        await expect(page.locator(".chip")).to_contain_text("已连接", timeout=PATIENCE)
        people[name] = Person(page, "dingtalk")
    yield people
    for context in contexts:
        await context.close()
    assert not errors, f"the console of a page holds errors: {errors}"


@pytest.mark.parametrize("platform", ["lark", pytest.param("dingtalk", marks=pytest.mark.slow)])
async def test_asked_approved_killed_midway_and_told(
    people: dict[str, Person], platform: str
) -> None:
    """Two people at two browsers: one asks, the other approves; the bot is killed while the script
    runs, and both see how it ended."""
    bob, carol = (Person(each.page, platform) for each in people.values())
    await bob.become("Bob")
    await carol.become("Carol")
    await bob.say("run web-03 -- echo begun; sleep 3; echo survived")
    await bob.press("approve")
    await expect(bob.group.locator(".toast")).to_contain_text("自己")
    await bob.picture(f"{platform}-own")
    await carol.press("approve")
    await expect(carol.group.locator(".toast")).to_contain_text("同意")
    machines = await carol.panel("machines")
    await expect(machines.locator(".live").get_by_text("begun")).to_be_visible(timeout=PATIENCE)
    await carol.picture(f"{platform}-running")
    control = await carol.panel("control")
    await control.get_by_role("button", name="kill -9").click()
    await expect(control.locator(".state")).to_contain_text("杀掉")
    await carol.picture(f"{platform}-killed")
    await control.get_by_role("button", name="启动", exact=True).click()
    for person in (bob, carol):
        await expect(person.message("№", "survived")).to_be_visible(timeout=PATIENCE)
        await expect(person.button("approve")).to_have_count(0)
    audit = await carol.panel("audit")
    await audit.get_by_role("button", name="校验").click()
    await expect(audit.locator(".verified")).to_contain_text("链条完整", timeout=PATIENCE)
    await carol.picture(f"{platform}-told")


async def test_a_stranger_an_outsider_and_no_right(people: dict[str, Person]) -> None:
    """Who may not vote is told why, and what hangs in the group stays as it is."""
    alice, other = (Person(each.page, "lark") for each in people.values())
    await alice.become("Alice")
    await alice.say('restart web-02 reason="misuse"')
    await expect(alice.button("approve")).to_be_visible()
    for name, why in (("Mallory", "不认识"), ("Dave", "不在"), ("Alice", "自己")):
        await other.become(name)
        await other.press("approve")
        await expect(other.group.locator(".toast").last).to_contain_text(why)
        await expect(other.button("approve")).to_be_visible()
    await other.become("Carol")
    await other.group.locator(".lk textarea").last.fill("not during the freeze")
    await other.press("reject")
    await expect(alice.message("№", "not during the freeze")).to_be_visible(timeout=PATIENCE)
    await expect(alice.button("approve")).to_have_count(0)
    await alice.picture("lark-rejected")


async def test_a_form_is_filed_agreed_to_and_told(people: dict[str, Person]) -> None:
    person = people["one"]
    forms = await person.panel("forms")
    await forms.get_by_label("员工").or_(forms.locator("[name=emp_id]")).first.fill("E777")
    await forms.locator("form button[type=submit]").click()
    await forms.get_by_role("button", name="Bob").first.click()
    await person.group.get_by_role("button", name="人事群").click()
    await expect(person.message("№", "E777")).to_be_visible(timeout=PATIENCE)
    await person.picture("form-told")


@pytest.mark.slow
async def test_nothing_on_the_page_keeps_anybody_out(
    browser: Browser, served: Server, people: dict[str, Person]
) -> None:
    """axe-core has no serious finding, and nothing is wider than its window: each panel, in both
    languages, light and dark, on a desk and on a phone, with the groups full of stories."""
    for locale in ("zh-CN", "en"):
        for scheme in ("light", "dark"):
            for width, height in ((1440, 900), (375, 812)):
                context = await browser.new_context(
                    **PROFILE | {"viewport": {"width": width, "height": height}},
                    color_scheme=scheme,
                )
                page = await context.new_page()
                await page.goto(served.address)
                if locale == "en":
                    await page.get_by_role("button", name="English").click()
                await _examine(page, f"{locale}-{scheme}-{width}", phone=width < 768)
                await context.close()


async def _examine(page: Page, name: str, phone: bool) -> None:
    views = ["dingtalk", "lark"] if phone else [""]
    for view in [*views, *PANELS]:
        if phone:
            shown = "backstage" if view in PANELS else view
            await page.locator(f".nav-item[data-shows={shown}]").click()
        if view in PANELS:
            await page.locator(f"#tab-{view}").click()
            await expect(page.locator(f".panel-{view} > :not([hidden])").first).to_be_visible()
        await page.screenshot(path=PICTURES / f"page-{name}-{view or 'groups'}.png")
        results = await Axe().run(page)
        serious = [
            (each["id"], [node["target"] for node in each["nodes"]])
            for each in results.response["violations"]
            if each["impact"] in SERIOUS
        ]
        assert not serious, f"{name} {view}: {serious}"
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await page.evaluate(wide) <= 0, f"{name} {view} is wider than its window"
