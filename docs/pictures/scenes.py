"""What the pictures show, played in both groups of the page."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from playwright.async_api import Locator, Page

from docs.pictures.camera import Camera
from sandbox.standins import StandIns

PLATFORMS = ("dingtalk", "lark")
TEXTS = {
    "en": {
        "restart": 'restart {machines} reason="memory leak"',
        "reject": "reject",
        "reason": "not during the freeze",
        "runbook": "reboot-with-approval {machines} rateControl=1",
        "quote": "Quote",
    },
    "zh-CN": {
        "restart": '重启 {machines} 原因="内存泄漏"',
        "reject": "拒绝",
        "reason": "封网期间不要重启",
        "runbook": "审批后重启 {machines} rateControl=1",
        "quote": "引用回复",
    },
}
"""What people write, and what the page calls quoting."""
MACHINES = {"dingtalk": "web-01 web-02", "lark": "web-03 db-01"}
"""Others on each platform: of the same ones, a card would say that they have been asked for."""
PATIENCE = 60_000.0


class Group:
    """One platform's group in the page."""

    def __init__(self, page: Page, platform: str) -> None:
        self.page, self.platform = page, platform
        self.root = page.locator(f"chat-group.{platform}")
        self.input = self.root.locator("textarea.write")
        self.cards = self.root.locator(".dt-card, .lk-card")
        self.audited = self.root.locator(".drawn", has_text="№")

    def button(self, action: str) -> Locator:
        """The newest button of a card for this action."""
        return self.root.locator(f"[data-action={action}]").last

    async def say(self, text: str) -> None:
        await self.input.fill(text)
        await self.input.press("Enter")

    async def become(self, name: str) -> None:
        await self.root.locator("button.identity").click()
        await self.page.locator(".menu-item", has_text=name).click()

    async def press(self, action: str) -> None:
        """Press a button, and confirm where the platform asks."""
        await self.button(action).click()
        if await self.page.locator("dialog[open]").count():
            await self.page.locator("dialog[open] .d-primary_filled").click()

    async def asked(self, text: str) -> None:
        """Write as Alice, and wait for the card with its buttons."""
        await self.say(text)
        await self.button("approve").wait_for()


@dataclass
class Stage:
    page: Page
    camera: Camera
    locale: str
    company: StandIns

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.groups = [Group(self.page, platform) for platform in PLATFORMS]
        self.texts = TEXTS[self.locale]

    def text(self, name: str, group: Group) -> str:
        return self.texts[name].format(machines=MACHINES[group.platform])

    async def connected(self) -> None:
        """Wait until the bot is there on both platforms."""
        await self.page.locator(".bot-state .dot.good").wait_for()

    async def quiet(self) -> None:
        """Wait until no toast is shown any more."""
        await self.page.locator(".toast").last.wait_for(state="detached")

    async def photograph(self, height: int = 0) -> None:
        """Both groups, as high as what was said in them; or of this height, around their cards."""
        await self.quiet()
        await self.page.mouse.move(0, 0)
        await self.page.evaluate("document.activeElement.blur()")
        size = self.page.viewport_size
        assert size is not None
        if not height:
            scrolled = (
                "all => Math.max(...all.map((each) => each.scrollHeight - each.clientHeight))"
            )
            more = await self.page.locator(".messages").evaluate_all(scrolled)
            height = size["height"] + int(more)
        await self.page.set_viewport_size({**size, "height": height})
        for group in self.groups:
            await group.cards.last.evaluate("card => card.scrollIntoView({ block: 'center' })")
        await self.camera.photograph(self.page.locator("main"))


async def card(stage: Stage) -> None:
    """A card of each platform that waits for its approval, as an approver sees it."""
    for group in stage.groups:
        await group.asked(stage.text("restart", group))
        await group.become("Bob")
    await stage.photograph()


async def rejection(stage: Stage) -> None:
    """On Lark the reason is typed on the card; DingTalk's has no field, so it is written."""
    for group in stage.groups:
        await group.asked(stage.text("restart", group))
        await group.become("Bob")
        if group.platform == "lark":
            await group.root.locator(".lk-card textarea").last.fill(stage.texts["reason"])
            await group.press("reject")
        else:
            await group.root.locator(".message.is-card .message-menu").last.click()
            await stage.page.locator(".menu-item", has_text=stage.texts["quote"]).click()
            await group.say(f"{stage.texts['reject']} {stage.texts['reason']}")
        await group.audited.last.wait_for()
    await stage.photograph()


async def runbook(stage: Stage) -> None:
    """A runbook with one of two instances done."""
    await stage.company.call("aliyun", "set_power", seconds=15)
    for group in stage.groups:
        await group.asked(stage.text("runbook", group))
        await group.become("Bob")
        await group.press("approve")
        await group.button("stop").wait_for()
    for group in stage.groups:
        await group.become("Carol")
        await group.press("approve")
    midway = re.compile(r"1 ?(/|of) ?2")
    await asyncio.gather(
        *(group.cards.filter(has_text=midway).last.wait_for() for group in stage.groups)
    )
    await stage.photograph(640)


async def unfolded(group: Group, camera: Camera) -> None:
    """A look into what a card has folded, where the platform folds."""
    fold = group.cards.last.locator("summary").first
    if await fold.count():
        await camera.point(fold, 500)
        await fold.click()
        await camera.take(2000)
        await fold.click()


async def recording(stage: Stage) -> None:
    """A restart on both platforms: asked, approved, run, told."""
    for seconds, machines in ((1, ("0web01", "0web03")), (2, ("0web02", "00db01"))):
        for machine in machines:
            instance = f"i-sandbox{machine}"
            await stage.company.call("aliyun", "slow_agent", instance=instance, seconds=seconds)
    camera = stage.camera
    await camera.take(1200)
    for group in stage.groups:
        await group.input.focus()
        for part in re.findall(r".{1,6}", stage.text("restart", group)):
            await stage.page.keyboard.insert_text(part)
            await camera.take(140)
        await camera.take(400)
        await group.input.press("Enter")
        await group.button("approve").wait_for()
        await group.cards.last.evaluate("card => card.scrollIntoView({ block: 'start' })")
        await camera.take(2000)
    for group in stage.groups:
        await camera.point(group.root.locator("button.identity"), 500)
        await group.root.locator("button.identity").click()
        await camera.point(stage.page.locator(".menu-item", has_text="Bob"), 900)
        await stage.page.locator(".menu-item", has_text="Bob").click()
        await camera.take(500)
    for group in stage.groups:
        await unfolded(group, camera)
        await camera.point(group.button("approve"))
        await group.button("approve").click()
        if group.platform == "lark":
            yes = stage.page.locator("dialog[open] .d-primary_filled")
            await camera.point(yes, 1400)
            await yes.click()
        await camera.take(500)
        while not await group.audited.count():
            await camera.take(350)
            await asyncio.sleep(0.3)
        await camera.take(1500)
    await stage.quiet()
    await camera.take(3500)
