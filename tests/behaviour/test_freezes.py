"""Freezes that people ask for, on both platforms: they are voted on, hold what is approved
meanwhile, and are lifted by a vote."""

from __future__ import annotations

from pathlib import Path

from sandbox import play
from tests import settings
from tests.behaviour import runbooks
from tests.behaviour.test_authority import runs
from tests.behaviour.test_calendar import SCHEDULED

FREEZES = """
[command.freeze]
policy = "one-sre"

[command.unfreeze]
policy = "one-sre"
"""
IN_FORCE = ("已生效", "is in force")


async def test_a_freeze_is_voted_on_and_holds_what_is_approved_until_it_is_lifted(
    platform: str, tmp_path: Path
) -> None:
    """Though the bot is started anew meanwhile: the row of the freeze is in its store."""
    async with runbooks.playing(platform, tmp_path, settings.Setting(more=FREEZES)) as scene:
        known = await scene.ids()
        freeze = await scene.pending("freeze restart for 2h the release is under way", "bob")
        assert play.has(freeze["text"], ("- 命令 restart", "- the command restart"))
        await scene.click("carol", freeze, "approve")
        ended = await scene.told(IN_FORCE, known)
        assert "unfreeze #1" in ended["text"]
        card = await scene.pending("restart web-01 reason=frozen")
        await scene.card_says(card, "the release is under way")
        await scene.click("bob", card, "approve")
        await scene.card_says(card, SCHEDULED)
        await scene.settled()
        await scene.end()
        await scene.start()
        known = await scene.ids()
        await scene.say("alice", "freezes")
        listed = await scene.told("#1", known)
        for part in ("restart", "Bob", "Carol", "the release is under way"):
            assert part in listed["text"]
        assert not await runs(scene)
        lift = await scene.pending("unfreeze #1 the release is done", "carol")
        assert "#1 restart" in lift["text"]
        await scene.click("bob", lift, "approve")
        await scene.card_says(card, play.SUCCEEDED)
        await scene.settled()
        assert await runs(scene) == 1


async def test_a_freeze_never_stops_the_way_out_of_it(platform: str, tmp_path: Path) -> None:
    async with runbooks.playing(platform, tmp_path, settings.Setting(more=FREEZES)) as scene:
        for number, text in enumerate(("freeze all for 2h the release", "unfreeze all done"), 1):
            known = await scene.ids()
            card = await scene.pending(text, "bob")
            await scene.click("carol", card, "approve")
            await scene.told(IN_FORCE, known)
            with scene.reader() as reader:
                assert len(reader.freezes(scene.clock.now())) == number % 2
        await scene.click("bob", await scene.pending("restart web-01 reason=own"), "approve")
        await scene.settled()
        assert await runs(scene) == 1
