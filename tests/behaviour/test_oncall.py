"""Those on call approve, on both platforms: the hand-over moves the vote to the next one."""

from __future__ import annotations

import asyncio
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


def event(begin: datetime, end: datetime, summary: str) -> str:
    return (
        f"BEGIN:VEVENT\nUID:{summary}\nDTSTART:{begin:%Y%m%dT%H%M%SZ}\n"
        f"DTEND:{end:%Y%m%dT%H%M%SZ}\nSUMMARY:{summary}\nEND:VEVENT\n"
    )


async def test_those_on_call_by_a_calendar_approve_and_the_store_keeps_who_they_are(
    scene: Scene,
) -> None:
    now = scene.clock.now().astimezone(UTC).replace(microsecond=0)
    soon, hour = now + timedelta(minutes=5), timedelta(hours=1)
    shifts = event(now - hour, soon, "On call: Bob") + event(soon, now + hour, "Carol")
    place = scene.settings.path.parent / "duty.ics"
    head = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//tests//EN\n"
    place.write_text(f"{head}{shifts}END:VCALENDAR\n".replace("\n", "\r\n"), "utf-8")
    text = '[[oncall]]\nname = "duty"\ncalendar = "duty.ics"\npeople = ["bob", "carol"]\n\n'
    await edited(
        scene, (APPROVERS, 'approvers = ["oncall:duty"] #'), ("[role.sre]", f"{text}[role.sre]")
    )
    for _ in range(500):
        with scene.reader() as reader:
            if reader.calendars():
                break
        await asyncio.sleep(0.02)
    card = await scene.pending("restart web-01 reason=duty")
    assert card["mentions"] == ["bob"]
    place.unlink()
    known = await scene.ids()
    await scene.advance(301)
    await scene.told(("现在由你值班", "You are on call now"), known, to="carol")
    shown = await scene.card_says(card, ("Carol（值班：duty）", "Carol (on call: duty)"))
    late = await scene.click("bob", shown, "approve")
    assert "Carol" in late["said"], late
    await scene.click("carol", shown, "approve", revision=0)
    await scene.card_says(card, play.SUCCEEDED)
    assert await runs(scene) == 1
