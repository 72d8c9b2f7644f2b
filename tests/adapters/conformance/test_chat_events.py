"""Events come at least once and are acknowledged once they are stored, whatever the wire does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot import model
from bot.model import ports
from tests.adapters.conformance import chat
from tests.adapters.conformance.chat import Stage, Wiring, card, until
from tests.adapters.conformance.conftest import wired


def texts(stage: Stage) -> list[str]:
    """What was written, in the order in which it was handed over."""
    return [event.text for event in stage.engine.events if isinstance(event, model.MessageReceived)]


async def acked(stage: Stage) -> bool:
    return all(each["acked"] for each in await stage.party.deliveries())


async def comes_again(stage: Stage) -> None:
    """Let the platform's time pass until it has pushed a second time, and no longer: the second
    push has its own time to be acknowledged in."""
    for _ in range(500):
        [delivery] = await stage.party.deliveries()
        if len(stage.engine.events) > 1 or delivery.get("attempts", 1) > 1:
            break
        stage.party.clock.advance(stage.wiring.again)
        await asyncio.sleep(0.005)
    await until(lambda: len(stage.engine.events) > 1)


async def settled(stage: Stage) -> None:
    """Wait until the platform has an acknowledgement of everything, and push again if need be."""
    for _ in range(500):
        if await acked(stage):
            return
        await asyncio.sleep(0.005)
    raise AssertionError([each for each in await stage.party.deliveries() if not each["acked"]])


async def test_asked_shown_clicked_changed_and_told(stage: Stage) -> None:
    """A whole turn, in the thread where it was asked."""
    wiring = stage.wiring
    written = await stage.party.say("alice", "restart web-01 for @Bob", mention=("bob",))
    [asked] = await until(lambda: stage.engine.events)
    assert isinstance(asked, model.MessageReceived)
    assert asked.account.id == wiring.account("alice").id
    assert asked.place.platform == asked.account.platform == wiring.name
    assert "restart web-01" in asked.text
    assert [each.id for each in asked.mentions] == [wiring.account("bob").id]
    bob = wiring.account("bob")
    effect = model.ShowCard(asked.place, card("systemctl restart", chat.BUTTONS, bob), "k:card")
    shown = await stage.chat.perform(effect, model.Attempt())
    assert isinstance(shown, model.Done)
    [before] = await stage.party.cards(chat.OPS)
    assert before["mentions"] == ["bob"]
    assert before["ref"] == shown.ref
    assert [each["action"] for each in before["buttons"]] == ["approve", "reject"]
    decided = card("all is done", ())
    stage.engine.receipt = model.Receipt("Only Bob may decide", "warning", decided)
    pressed = await stage.party.click("dave", shown.ref, "reject")
    assert (pressed["acked"], pressed["code"], pressed["toast"]) == (True, 0, "Only Bob may decide")
    clicked = stage.engine.events[-1]
    assert isinstance(clicked, model.CardAction)
    assert (clicked.account.id, clicked.card) == (wiring.account("dave").id, shown.ref)
    assert (clicked.action, clicked.request, clicked.code) == ("reject", 7, "c0de1234")
    update = model.UpdateCard(asked.place, decided, shown.ref)
    assert isinstance(await stage.chat.perform(update, model.Attempt()), model.Done)
    [after] = await stage.party.cards(chat.OPS)
    assert "all is done" in after["text"]
    assert after["buttons"] == []
    said = model.Say(asked.place, chat.message("Rejected", bob), "k:said")
    assert isinstance(await stage.chat.perform(said, model.Attempt()), model.Done)
    last = (await stage.said())[-1]
    assert "Rejected" in last["text"]
    assert last["mentions"] == ["bob"]
    if wiring.threads:
        assert last["reply_to"] == before["reply_to"] == written["message"]
    await settled(stage)


async def test_what_was_not_stored_comes_again_as_the_same_event(stage: Stage) -> None:
    stage.engine.problem = RuntimeError("disk full")
    await stage.party.say("alice", "help")
    await until(lambda: stage.engine.events)
    assert not await acked(stage)
    stage.engine.problem = None
    await comes_again(stage)
    await settled(stage)
    assert len({event.id for event in stage.engine.events}) == 1


async def test_what_is_stored_too_late_comes_again_as_the_same_event(stage: Stage) -> None:
    """The engine was slow: the acknowledgement missed its time, and the event comes twice."""
    stage.engine.gate = asyncio.Event()
    await stage.party.say("alice", "help")
    await until(lambda: stage.engine.events)
    await comes_again(stage)
    stage.engine.gate.set()
    await settled(stage)
    assert len({event.id for event in stage.engine.events}) == 1


async def test_while_the_bot_shuts_down_nothing_is_acknowledged(stage: Stage) -> None:
    stage.engine.problem = ports.Closed()
    await stage.party.say("alice", "help")
    await until(lambda: stage.engine.events)
    stage.engine.problem = None
    await stage.party.say("alice", "whoami")
    await until(lambda: len(stage.engine.events) == 2)
    for _ in range(500):
        refused, taken = await stage.party.deliveries()
        if taken["acked"]:
            break
        await asyncio.sleep(0.005)
    assert (refused["acked"], taken["acked"]) == (False, True), "though it would have come first"


async def test_what_was_taken_is_acknowledged_before_it_stops(wiring: Wiring) -> None:
    async with chat.served(wiring) as party:
        stage = Stage(wiring, party)
        stage.engine.gate = asyncio.Event()
        async with chat.connected(stage.chat, stage.engine) as task:
            await party.say("alice", "help")
            await until(lambda: stage.engine.events)
            task.cancel()
            await asyncio.sleep(0)
            stage.engine.gate.set()
            await asyncio.wait([task], timeout=3)
            assert task.cancelled()
            await settled(stage)
        left = [task.get_name() for task in asyncio.all_tasks()]
        assert not [name for name in left if name.startswith(wiring.name)]


async def heard(stage: Stage, written: set[str]) -> None:
    """Wait until all of it was handed over and acknowledged; what was lost comes again in time."""
    for _ in range(100):
        if set(texts(stage)) >= written and await acked(stage):
            return
        stage.party.clock.advance(stage.wiring.again)
        await asyncio.sleep(0.01)
    raise AssertionError(written - set(texts(stage)))


async def opened(stage: Stage, more: int) -> None:
    """Wait until so many connections were opened since the first, and one of them stands."""
    for _ in range(500):
        connections = await stage.party.connections()
        if len(connections) > more and any(each["open"] for each in connections[more:]):
            return
        await asyncio.sleep(0.005)
    raise AssertionError("no other connection was opened")


ENDS: list[tuple[str, dict[str, Any]]] = [
    ("kill_sockets", {}),
    ("ask_disconnect", {}),
    ("age", {"reconnect_after": 0.1}),
]


@wired
@pytest.mark.parametrize(("end", "settings"), ENDS, ids=[end for end, _ in ENDS])
async def test_nothing_is_lost_while_a_connection_is_replaced(
    wiring: Wiring, end: str, settings: dict[str, Any]
) -> None:
    """People write before, while and after one goes and another one stands."""
    async with chat.staged(wiring, **settings) as stage:
        written = [f"help {number}" for number in range(15)]
        for number, text in enumerate(written):
            await stage.party.say("alice", text, direct=True)
            if number % 5 == 2 and end != "age":
                await getattr(stage.party, end)()
            if number % 5 == 4 and end != "age":
                await opened(stage, number // 5 + 1)
        await opened(stage, 1)
        await heard(stage, set(written))
        by_id = {event.id: event.text for event in stage.engine.events}  # type: ignore[union-attr]
        assert sorted(by_id.values()) == sorted(written)


@wired
async def test_a_connection_over_which_nothing_comes_any_more_is_replaced(wiring: Wiring) -> None:
    """It stands, and answers the pings of a websocket; what was lost on it comes again."""
    async with chat.staged(wiring, reconnect_after=0.15) as stage:
        await stage.party.zombie()
        await stage.party.say("alice", "help", direct=True)
        await opened(stage, 1)
        await stage.party.zombie(False)
        await heard(stage, {"help"})


@wired
async def test_a_platform_that_is_away_is_found_when_it_comes_back(wiring: Wiring) -> None:
    """No connection can be had for a while: it is tried again, and never given up."""
    async with chat.staged(wiring) as stage:
        for fault in ("hang_up", "html", "throttle", "error"):
            await stage.party.fault(wiring.opening, fault)
        await stage.party.kill_sockets()
        await stage.party.say("alice", "help", direct=True)
        await opened(stage, 1)
        assert len(await stage.party.calls(wiring.opening)) == 6
        await heard(stage, {"help"})


@wired
async def test_how_the_connection_stands_is_told_as_it_is(wiring: Wiring) -> None:
    """One that is replaced by another stands all the while; one that broke does not."""
    assert wiring.chat("http://127.0.0.1:1", chat.Clock(chat.base.Clock())).connection() is None
    async with chat.staged(wiring) as stage:
        first = stage.chat.connection()
        assert first is not None
        assert (first.up, first.opened) == (True, 1)
        assert 0 <= first.seconds < 5
        assert first.ahead is not None
        assert abs(first.ahead) < 5
        await stage.party.ask_disconnect()
        await opened(stage, 1)
        second = await until(lambda: (now := stage.chat.connection()) and now.opened == 2 and now)
        assert second.up
        await stage.party.fault(wiring.opening, "hang_up", times=1000)
        await stage.party.kill_sockets()
        down = await until(lambda: (now := stage.chat.connection()) and not now.up and now)
        assert (down.opened, down.seconds < 5) == (2, True)
        await stage.party.clear_faults()
        await until(lambda: (now := stage.chat.connection()) and now.up and now.opened == 3)
