"""People find requests in the chat, on both platforms, and only those that they may see."""

from __future__ import annotations

import asyncio

from click.testing import CliRunner

from bot import __main__ as cli
from sandbox import play
from tests.behaviour.conftest import Scene


async def answer(scene: Scene, user: str, text: str, chat: str = "ops") -> str:
    await scene.settled()
    known = await scene.ids(chat)
    await scene.say(user, text, chat=chat)
    return str((await scene.told("", known, chat=chat, to=user))["text"])


async def test_history(scene: Scene) -> None:
    card = await scene.pending("restart web-01 reason=leak")
    await scene.click("bob", card, "approve")
    await scene.card_says(card, play.SUCCEEDED)
    card = await scene.pending("restart web-02")
    await scene.click("carol", card, "reject")
    await scene.card_says(card, play.REJECTED)
    said = await answer(scene, "alice", "history person=alice command=restart on web-01 since 7d")
    assert "#1" in said
    assert "#2" not in said
    assert play.has(said, ("Bob 批准", "approved by Bob"))
    assert play.has(said, play.SUCCEEDED)
    said = await answer(scene, "dave", "历史 在 web-*")
    assert "#1" in said
    assert "#2" in said
    assert play.has(said, play.REJECTED)
    said = await answer(scene, "dave", "history on web-01", chat="hr")
    assert play.has(said, ("没有你可以查看的这样的申请", "no such request that you may see"))
    assert "#1" not in said


async def test_the_command_line_reads_beside_the_running_bot(scene: Scene) -> None:
    await scene.pending("restart web-01")
    await scene.settled()

    def leave(*words: str) -> str:
        done = CliRunner().invoke(cli.main, [*words, "--config", str(scene.settings.path)])
        assert done.exit_code == 0, done.output
        return done.stdout

    why = await asyncio.to_thread(leave, "requests", "1")
    assert "waits    for 1 approval (0 of 1), by Bob or Carol" in why
    assert "not running" not in why
    assert "restart web-01" in await asyncio.to_thread(leave, "requests", "--on", "web-01")
    status = await asyncio.to_thread(leave, "status")
    assert "open requests: 1 pending" in status
    assert scene.platform in status
