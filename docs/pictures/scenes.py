"""Plays what the pictures show on the sandbox, and keeps what each platform was sent."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from docs.pictures import dingtalk, lark, look
from sandbox import play, process
from sandbox.client import Sandbox

PICTURES = {
    "card": ("asked", "ended"),
    "rejection": ("rejected",),
    "runbook": ("waiting", "midway"),
}
"""Which scenes each picture shows, in order."""
DRAWN = {"dingtalk": dingtalk, "lark": lark}
SAID = {
    "en": (
        'restart web-01 web-02 reason="memory leak"',
        'restart web-03 reason="new certificate"',
        "reject",
        "not during the freeze",
        "reboot-with-approval web-01 web-02 web-03 rateControl=1",
    ),
    "zh-CN": (
        '重启 web-01 web-02 原因="内存泄漏"',
        '重启 web-03 原因="更换证书"',
        "拒绝",
        "封网期间不要重启",
        "审批后重启 web-01 web-02 web-03 rateControl=1",
    ),
}
"""What people write."""

Scenes = dict[str, list[look.Item]]


class Stage(play.Play):
    """A play whose group can be drawn."""

    async def drawn(self, since: float) -> list[look.Item]:
        """What stands in the group since then, as it is shown now."""
        people = [
            look.Item(entry["at"], entry["from"], look.bubble(entry["text"]))
            for entry in await self.transcript()
            if entry["from"] != "bot"
        ]
        calls: list[dict[str, Any]] = await self.call("calls")
        items = [*people, *DRAWN[self.platform].items(calls)]
        return sorted((item for item in items if item.at >= since), key=lambda item: item.at)

    async def now(self) -> float:
        return max((float(entry["at"]) for entry in await self.transcript()), default=0.0) + 1e-6


async def restart(stage: Stage, said: tuple[str, ...]) -> Scenes:
    known = await stage.ids()
    await stage.say("alice", said[0])
    card = await stage.new_card("web-0", known)
    asked = await stage.drawn(0)
    await stage.click("bob", card, "approve")
    await stage.told(play.AUDIT, known, to="alice")
    await stage.card_says(card, play.SUCCEEDED)
    ended = await stage.drawn(0)
    return {"asked": asked, "ended": [item for item in ended if item.who == "bot"]}


async def rejected(stage: Stage, said: tuple[str, ...]) -> Scenes:
    """On Lark the reason is typed on the card; DingTalk's has no field, so it is written."""
    known, began = await stage.ids(), await stage.now()
    await stage.say("alice", said[1])
    card = await stage.new_card("web-0", known)
    if stage.platform == "lark":
        await stage.click("bob", card, "reject", reason=said[3])
    else:
        await stage.say("bob", f"{said[2]} {said[3]}", quote=card["ref"])
    await stage.card_says(card, play.REJECTED)
    await stage.told(play.AUDIT, known, to="alice")
    return {"rejected": await stage.drawn(began)}


async def runbook(stage: Stage, said: tuple[str, ...]) -> Scenes:
    """Until one of three instances is done."""
    known, began = await stage.ids(), await stage.now()
    await stage.say("alice", said[4])
    card = await stage.new_card("web-0", known)
    await stage.click("bob", card, "approve")
    await stage.card_says(card, ("✋",))
    waiting = cards(await stage.drawn(began))
    await stage.click("carol", await stage.new_card("agree", []), "approve")
    await stage.card_says(card, ("1/3", "1 of 3"))
    return {"waiting": waiting, "midway": cards(await stage.drawn(began))[1:]}


def cards(items: list[look.Item]) -> list[look.Item]:
    """What was asked, and the card; what is said beside it, such as the plan in full, is not."""
    return [items[0], *(item for item in items if 'class="card"' in item.shown)][:2]


async def record(platform: str, locale: str) -> Scenes:
    """All scenes, played on one platform by a bot that speaks one language."""
    scenes: Scenes = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        async with Sandbox(apart=True) as sandbox:
            config = process.configuration(folder, sandbox.ports, locale=locale)
            bot = await process.start_bot(config, folder / "bot.log")
            try:
                await process.connected(sandbox, bot, 60)
                await sandbox.call("aliyun", "set_power", seconds=2)
                stage = Stage(sandbox, platform, patience=60)
                for scene in (restart, rejected, runbook):
                    scenes |= await scene(stage, SAID[locale])
            finally:
                await process.stop_bot(bot, 1)
    return scenes


def recorded(platform: str, locale: str) -> Scenes:
    return asyncio.run(record(platform, locale))
