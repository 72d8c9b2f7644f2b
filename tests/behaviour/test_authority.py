"""What is edited in bot.toml while something waits holds at once, on both platforms."""

from __future__ import annotations

from pathlib import Path

from bot import model
from bot.app import adapters
from tests.behaviour.conftest import Scene


def edit(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text("utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


async def edited(scene: Scene, *changes: tuple[str, str]) -> None:
    """The bot is stopped, its file changed, and it is started again."""
    await scene.end()
    path = scene.settings.path
    edit(path, *changes)
    scene.settings = adapters.load(path)
    await scene.start()


async def runs(scene: Scene) -> int:
    return len(await scene.sandbox.call("aliyun", "invocations"))


async def test_renaming_oneself_gives_no_vote_on_ones_own_request(scene: Scene) -> None:
    card = await scene.pending("restart web-01 reason=own", "bob")
    await edited(scene, ('id = "bob"', 'id = "robert"'), ('"bob"', '"robert"'))
    answer = await scene.click("bob", card, "approve")
    assert "自己" in answer["said"] or "own" in answer["said"], answer
    await scene.settled()
    assert not await runs(scene)


async def test_what_was_approved_too_long_ago_is_voted_on_again(scene: Scene) -> None:
    await edited(scene, ('mode = "any"', 'mode = "any"\nrun_within = "5m"'))
    card = await scene.pending("restart web-01 reason=late")
    await scene.sandbox.call("aliyun", "fault", api="RunCommand", do="throttle", times=1000)
    await scene.click("bob", card, "approve")
    await scene.card_says(card, ("已批准", "approved", "已同意"))
    await scene.advance(400)
    shown = await scene.card_says(card, ("没有启动", "not started"))
    await scene.sandbox.call("aliyun", "clear_faults")
    assert [button["action"] for button in shown["buttons"]] == ["revote"]
    assert not await runs(scene)
    known = await scene.ids()
    await scene.click("alice", shown, "revote")
    again = await scene.new_card("restart", known)
    await scene.card_says(card, ("#2",))
    await scene.click("bob", again, "approve")
    await scene.card_says(again, ("成功", "succeeded"))
    assert await runs(scene) == 1
    with scene.reader() as reader:
        assert reader.request(1).state is model.State.NOT_STARTED
        assert reader.request(2).state is model.State.SUCCEEDED
