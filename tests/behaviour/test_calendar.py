"""Freezes and change windows, on both platforms: what is approved waits, and starts once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.app import adapters
from sandbox import play
from tests.behaviour.conftest import Scene
from tests.behaviour.test_authority import runs

SHANGHAI = ZoneInfo("Asia/Shanghai")
SCHEDULED = play.SCHEDULED
HOURS = 3


async def with_freeze(scene: Scene, **lasts: Any) -> str:
    """The bot is started again with a freeze of some hours; returns its end, as cards show it."""
    end = (scene.clock.now() + timedelta(hours=HOURS)).astimezone(SHANGHAI)
    end = end.replace(second=0, microsecond=0)
    await scene.end()
    path = scene.settings.path
    text = path.read_text("utf-8")
    freeze = (
        f'\n[[freeze]]\nname = "release"\nuntil = {end:%Y-%m-%dT%H:%M:%S}\n'
        'timezone = "Asia/Shanghai"\nreason = "the release is under way"\n'
        'reason_zh = "正在发布"\ncommands = ["restart"]\n'
    )
    path.write_text(text + freeze, "utf-8")
    scene.settings = adapters.load(path)
    await scene.start()
    return f"{end:%Y-%m-%d %H:%M}"


async def told_to_wait(scene: Scene) -> int:
    """How often the thread said that the request waits."""
    said = await scene.transcript()
    return len([e for e in said if e["from"] == "bot" and "cancel 1" in e["text"]])


async def test_what_is_approved_in_a_freeze_waits_and_starts_once_though_the_bot_was_down(
    scene: Scene,
) -> None:
    until = await with_freeze(scene)
    known = await scene.ids()
    card = await scene.pending("restart web-01 reason=frozen")
    await scene.card_says(card, (until,))
    await scene.card_says(card, ("正在发布", "the release is under way"))
    answer = await scene.click("bob", card, "approve")
    assert until in answer["said"], answer
    shown = await scene.card_says(card, SCHEDULED)
    assert play.has(shown["text"], ("还要等", "left, as of")), shown["text"]
    await scene.told("cancel 1", known)
    await scene.settled()
    assert not await runs(scene)
    await scene.say("alice", "pending")
    await scene.told(SCHEDULED, known)
    await scene.end()
    scene.clock.offset += timedelta(hours=HOURS)
    await scene.sandbox.advance(HOURS * 3600)
    await scene.start()
    ended = await scene.told(play.AUDIT, known)
    assert play.has(ended["text"], play.SUCCEEDED)
    await scene.settled()
    assert await runs(scene) == 1
    assert await told_to_wait(scene) == 1


async def test_a_freeze_that_begins_between_vote_and_call_lets_nothing_run_until_it_is_lifted(
    scene: Scene,
) -> None:
    known = await scene.ids()
    card = await scene.pending("restart web-01 reason=late")
    await scene.sandbox.call("aliyun", "fault", api="RunCommand", do="throttle", times=1000)
    await scene.click("bob", card, "approve")
    await scene.card_says(card, ("已批准", "approved"))
    before = scene.settings.path.read_text("utf-8")
    until = await with_freeze(scene)
    await scene.sandbox.call("aliyun", "clear_faults")
    await scene.advance(60)
    await scene.card_says(card, (until,))
    await scene.card_says(card, SCHEDULED)
    await scene.settled()
    assert not await runs(scene)
    await scene.end()
    scene.settings.path.write_text(before, "utf-8")
    scene.settings = adapters.load(scene.settings.path)
    await scene.start()
    ended = await scene.told(play.AUDIT, known)
    assert play.has(ended["text"], play.SUCCEEDED)
    await scene.settled()
    assert await runs(scene) == 1


async def test_what_is_asked_for_at_a_time_starts_then_and_once(scene: Scene) -> None:
    known = await scene.ids()
    card = await scene.pending("restart web-01 in=20m reason=load")
    shown = await scene.card_says(card, ("按申请", "as was asked"))
    await scene.click("bob", shown, "approve")
    await scene.card_says(card, SCHEDULED)
    await scene.settled()
    assert not await runs(scene)
    await scene.advance(21 * 60)
    ended = await scene.told(play.AUDIT, known)
    assert play.has(ended["text"], play.SUCCEEDED)
    await scene.settled()
    assert await runs(scene) == 1
