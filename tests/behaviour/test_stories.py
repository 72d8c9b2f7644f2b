"""The stories, on both platforms, through the official connections and real shells."""

from __future__ import annotations

import asyncio
import contextlib
import re

from bot import model, store
from sandbox import play
from tests import stores
from tests.behaviour.conftest import Scene


async def test_new_hire(scene: Scene) -> None:
    await play.new_hire(scene)


async def test_restart(scene: Scene) -> None:
    await play.restart(scene)


async def test_rejected(scene: Scene) -> None:
    await play.rejected(scene)


async def test_rejected_by_text(scene: Scene) -> None:
    await play.rejected_by_text(scene)


async def test_cancelled(scene: Scene) -> None:
    await play.cancelled(scene)


async def test_stopped(scene: Scene) -> None:
    await play.stopped(scene)


async def test_expiry_is_announced_and_told(scene: Scene) -> None:
    known = await scene.ids()
    await scene.say("alice", 'restart db-01 reason="nobody looks"')
    card = await scene.new_card("restart", known)
    await scene.advance(10 * 60 + 1)
    reminder = await scene.told("#", [*known, card["id"]], to="bob")
    assert "carol" in reminder["mentions"]
    await scene.advance(20 * 60)
    await scene.card_says(card, play.EXPIRED)
    await scene.told(play.EXPIRED, known, to="alice")
    late = await scene.click("bob", card, "approve", revision=0)
    assert play.has(late["said"], play.EXPIRED)
    assert await scene.runs() == []


async def test_timers_catch_up_after_the_bot_was_down(scene: Scene) -> None:
    card = await scene.pending('restart db-01 reason="over lunch"')
    await scene.settled()
    await scene.end()
    await scene.advance(3600)
    await scene.start()
    await scene.card_says(card, play.EXPIRED)
    assert await scene.runs() == []


async def test_a_click_after_the_time_is_late_even_before_the_timer(scene: Scene) -> None:
    card = await scene.pending("restart db-01 reason=slow")
    await scene.settled()
    await scene.advance(30 * 60 + 1)
    late = await scene.click("bob", card, "approve", revision=0)
    assert play.has(late["said"], play.EXPIRED)
    await scene.card_says(card, play.EXPIRED)


async def test_two_people_must_agree(scene: Scene) -> None:
    known = await scene.ids()
    await scene.say("bob", "run web-01 -- echo hello from the far end")
    shown = await scene.new_card("run", known)
    own = await scene.click("bob", shown, "approve")
    assert own["said"]
    await scene.click("carol", shown, "approve")
    told = await scene.told(play.AUDIT, known, to="bob")
    assert "hello from the far end" in told["text"]


async def test_a_failing_script_is_told_with_its_exit_code(scene: Scene) -> None:
    known = await scene.ids()
    await scene.say("bob", "run web-01 web-02 -- echo broken >&2; exit 7")
    card = await scene.new_card("run", known)
    await scene.click("carol", card, "approve")
    told = await scene.told(play.AUDIT, known, to="bob")
    assert "7" in told["text"]
    assert "broken" in told["text"]
    await scene.card_says(card, ("失败", "failed"))


async def test_fifty_people_click_both_buttons_at_once(scene: Scene) -> None:
    card = await scene.pending("restart web-01 web-02 reason=race")
    people = ["bob", "carol", "dave", "mallory", "alice"] * 10
    clicks = [
        scene.click(user, card, ("approve", "reject")[number % 2], revision=0)
        for number, user in enumerate(people)
    ]
    answers = await asyncio.gather(*clicks)
    assert all(answer["acked"] for answer in answers)
    await scene.card_says(card, (*play.SUCCEEDED, *play.REJECTED))
    await scene.settled()
    with scene.reader() as reader:
        request = reader.request(1)
        votes = reader.votes(1)
    assert len(votes) == 1
    ran = len(await scene.runs())
    assert ran == (2 if request.state is model.State.SUCCEEDED else 0)


async def test_the_audit_chain_verifies_afterwards(scene: Scene) -> None:
    await play.restart(scene)
    await play.rejected(scene)
    with scene.reader() as reader:
        assert reader.verify_audit() == []
        actions = [row.action for row in reader.chain()]
    for action in (
        "request.asked",
        "request.planned",
        "vote.cast",
        "request.approved",
        "run.started",
        "run.finished",
        "click.refused",
        "request.rejected",
    ):
        assert action in actions


async def test_newest_entries_cut_off_with_all_that_points_to_them_are_found(scene: Scene) -> None:
    """By the stamp that the chat has; by that in the store's own messages as well."""
    known = await scene.ids()
    card = await scene.pending("restart web-01 reason=audit")
    await scene.click("bob", card, "approve")
    told = await scene.told(play.AUDIT, known)
    stamp = re.search(r"№ (\d+:[0-9a-f]{32})(?![0-9a-f])", told["text"])
    assert stamp is not None, told["text"]
    await scene.settled()
    await scene.end()
    counter = "UPDATE sqlite_sequence SET seq = 2 WHERE name = 'audit'"
    if stores.POSTGRES:
        counter = "UPDATE meta SET value = '2' WHERE name = 'audit.sequence'"
    with contextlib.closing(store.opened(scene.settings.location)) as opened:
        assert opened.writer is not None
        run = opened.writer.connection.execute
        with opened.reading() as reader:
            assert reader.verify_audit(stamp[1]) == []
        run("DELETE FROM audit WHERE seq > 2")
        end = run("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        run(counter)
        run("UPDATE meta SET value = ? WHERE name = 'audit.head'", (f"{end[0]}:{end[1]}",))
        with opened.reading() as reader:
            assert "cut" in [fault.kind for fault in reader.verify_audit()]
            run("DELETE FROM outbox")
            assert reader.verify_audit() == []
            assert [fault.kind for fault in reader.verify_audit(stamp[1])] == ["cut"]
