"""Those on call approve, on both platforms: the hand-over moves the vote to the next one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sandbox import play
from tests.behaviour.conftest import Scene
from tests.behaviour.test_authority import edited, runs
from tests.behaviour.test_stages import APPROVERS


def rota(since: datetime, people: str) -> str:
    return (
        f'[[oncall]]\nname = "duty"\npeople = [{people}]\nevery = "1d"\ntimezone = "UTC"\n'
        f"since = {since:%Y-%m-%dT%H:%M:%S}\n\n"
    )


async def on_call(scene: Scene, hand_over: datetime) -> None:
    """Bob's day on call ends then, and Carol's begins."""
    text = rota(hand_over - timedelta(days=1), '"bob", "carol"')
    await edited(
        scene, (APPROVERS, 'approvers = ["oncall:duty"] #'), ("[role.sre]", f"{text}[role.sre]")
    )


async def test_at_the_hand_over_the_card_and_the_vote_move_to_the_next_one(scene: Scene) -> None:
    now = scene.clock.now().astimezone(UTC).replace(microsecond=0)
    await on_call(scene, now + timedelta(minutes=5))
    card = await scene.pending("restart web-01 reason=duty")
    assert card["mentions"] == ["bob"]
    early = await scene.click("carol", card, "approve")
    assert "Bob" in early["said"], early
    known = await scene.ids()
    await scene.say("alice", "oncall")
    await scene.told(("之后 Carol", "then Carol"), known, to="alice")
    await scene.advance(301)
    told = await scene.told(("现在由你值班", "You are on call now"), known, to="carol")
    assert "#1" in told["text"]
    shown = await scene.card_says(card, ("Carol（值班：duty）", "Carol (on call: duty)"))
    late = await scene.click("bob", shown, "approve")
    assert "Carol" in late["said"], late
    await scene.settled()
    assert not await runs(scene)
    await scene.click("carol", shown, "approve", revision=0)
    await scene.card_says(card, play.SUCCEEDED)
    assert await runs(scene) == 1


async def test_a_hand_over_while_the_bot_was_down_is_made_up_for(scene: Scene) -> None:
    """The timer is a row of the store: it survives the end of the process."""
    now = scene.clock.now().astimezone(UTC).replace(microsecond=0)
    await on_call(scene, now + timedelta(minutes=5))
    card = await scene.pending("restart web-01 reason=down")
    known = await scene.ids()
    await scene.end()
    scene.clock.offset += timedelta(minutes=6)
    await scene.sandbox.advance(360)
    await scene.start()
    await scene.told(("现在由你值班", "You are on call now"), known, to="carol")
    shown = await scene.card_says(card, ("Carol（值班：duty）", "Carol (on call: duty)"))
    await scene.click("carol", shown, "approve")
    await scene.card_says(card, play.SUCCEEDED)
    assert await runs(scene) == 1
