"""One operation at a time on an instance, on both platforms: the second waits, and starts once."""

from __future__ import annotations

import asyncio
from pathlib import Path

from click.testing import CliRunner

from bot import __main__ as cli
from sandbox import play
from tests import settings
from tests.behaviour import runbooks
from tests.behaviour.conftest import Scene
from tests.behaviour.test_authority import runs

QUEUE = '\n[locks]\ninstances = "queue"\n'
SOON = 30
"""Seconds after which a call is tried again, and within which a script still may run."""
QUEUED = ("排队等待", "waits for its turn")


async def test_the_second_restart_of_a_machine_waits_for_the_first_though_the_bot_was_down(
    platform: str, tmp_path: Path
) -> None:
    async with runbooks.playing(platform, tmp_path, settings.Setting(more=QUEUE)) as scene:
        known = await scene.ids()
        await scene.sandbox.call("aliyun", "fault", api="RunCommand", do="throttle", times=1000)
        first = await scene.pending("restart web-01 reason=one")
        await scene.click("bob", first, "approve")
        await scene.card_says(first, ("已批准", "approved"))
        second = await scene.pending("restart web-01 reason=two")
        assert play.has(second["text"], ("由 #1 使用", "by #1 since")), "the card says who is there"
        answer = await scene.click("bob", second, "approve")
        assert play.has(
            answer["said"], ("要等 #1 先用完 web-01", "#1 has to be done with web-01")
        ), answer
        await scene.card_says(second, QUEUED)
        await scene.told("cancel 2", known)
        await scene.say("alice", "locks")
        await scene.told(("排队：#2", "then #2"), known)
        words = ["status", "--config", str(scene.settings.path)]
        status = await asyncio.to_thread(CliRunner().invoke, cli.main, words)
        assert "in use: web-01 by #1, then #2" in status.output
        await scene.end()
        await scene.sandbox.call("aliyun", "clear_faults")
        await scene.start()
        await scene.advance(SOON)
        await scene.card_says(first, play.SUCCEEDED)
        await scene.card_says(second, play.SUCCEEDED)
        await scene.settled()
        assert await runs(scene) == 2
        said = [one for one in await scene.transcript() if "cancel 2" in one["text"]]
        assert len(said) == 1, "the thread was told once"
        known = await scene.ids()
        await scene.say("alice", "locks")
        await scene.told(("没有操作占用", "No operation has"), known)


async def test_usually_a_card_only_says_who_else_is_at_work_there(scene: Scene) -> None:
    await scene.sandbox.call("aliyun", "fault", api="RunCommand", do="throttle", times=1000)
    first = await scene.pending("restart web-01 reason=one")
    await scene.click("bob", first, "approve")
    await scene.card_says(first, ("已批准", "approved"))
    second = await scene.pending("restart web-01 reason=two")
    assert play.has(second["text"], ("由 #1 使用", "by #1 since"))
    await scene.click("bob", second, "approve")
    await scene.sandbox.call("aliyun", "clear_faults")
    await scene.advance(SOON)
    for card in (first, second):
        await scene.card_says(card, play.SUCCEEDED)
    assert await runs(scene) == 2
