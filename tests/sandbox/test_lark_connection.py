"""The long connection: bootstrap, frames, acks, deadlines, redelivery, order."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from sandbox import world
from sandbox.lark import Lark, frames, sdk
from tests.sandbox.lark_client import Bot, card, decision, playing, until

PAYLOADS = Path(__file__).parent.parent / "payloads" / "lark"


@pytest_asyncio.fixture
async def played() -> AsyncIterator[tuple[Lark, Bot]]:
    async with playing() as both:
        yield both


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 1000040344),
        ({"AppID": world.LARK_APP_ID}, 1000040344),
        ({"AppID": "cli_other", "AppSecret": "x"}, 1000040346),
        ({"AppID": world.LARK_APP_ID, "AppSecret": "wrong"}, 514),
    ],
)
async def test_the_endpoint_refuses_bad_credentials(
    played: tuple[Lark, Bot], body: dict[str, str], code: int
) -> None:
    _, bot = played
    status, answer = await bot.post("/callback/ws/endpoint", body)
    assert (status, answer["code"]) == (200, code)


async def test_the_endpoint_answers_with_a_url_and_settings_and_no_secret_is_journalled(
    played: tuple[Lark, Bot],
) -> None:
    lark, bot = played
    answer = await bot.endpoint()
    assert answer["data"]["ClientConfig"] == {
        "ReconnectCount": -1,
        "ReconnectInterval": 90,
        "ReconnectNonce": 25,
        "PingInterval": 90,
    }
    assert "device_id=" in answer["data"]["URL"]
    assert world.LARK_APP_SECRET not in json.dumps(await lark.calls())
    await lark.client_config({"PingInterval": 5})
    assert (await bot.endpoint())["data"]["ClientConfig"] == {"PingInterval": 5}
    await lark.fault("callback/ws/endpoint", "error", code=1, status=200)
    assert (await bot.endpoint())["code"] == 1


async def test_a_ticket_works_once(played: tuple[Lark, Bot]) -> None:
    _, bot = played
    url = (await bot.endpoint())["data"]["URL"]
    first = await bot.http.ws_connect(url)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await bot.http.ws_connect(url)
    await first.close()
    assert refused.value.headers is not None
    assert refused.value.headers["Handshake-Status"] == "514"


async def test_the_connection_limit_holds_at_both_doors(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    spare = (await bot.endpoint())["data"]["URL"]
    for _ in range(50):
        await bot.join()
    assert (await bot.endpoint())["code"] == 1000040350
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await bot.http.ws_connect(spare)
    assert refused.value.headers is not None
    assert refused.value.headers["Handshake-Autherrcode"] == "1000040350"
    assert len([c for c in await lark.connections() if c["open"]]) == 50


async def test_pings_are_answered_and_may_bring_new_settings(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    socket = await bot.join()
    ping = bytes.fromhex("0800100018f681801020002a0c0a0474797065120470696e67")
    await socket.send_bytes(ping)
    first = await until(lambda: bot.frames and bot.frames.pop())
    assert (frames.headers(first), first.payload) == ({"type": "pong"}, b"")
    await lark.client_config(None, pong={"PingInterval": 7})
    await socket.send_bytes(ping)
    second = await until(lambda: bot.frames and bot.frames.pop())
    assert json.loads(second.payload) == {"PingInterval": 7}
    assert await lark.ping() == {"asked": 1, "answered": 1}


async def test_a_message_reaches_one_client_and_is_acked(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    for _ in range(3):
        await bot.join()
    said = await lark.say("alice", "restart web-01  `x`\n<at> @Bob", mention=["bob"])
    await until(lambda: lark.pushes.deliveries[0].done)
    [delivery] = await lark.deliveries()
    assert delivery["acked"]
    assert delivery["attempts"] == 1
    assert delivery["seconds"] < 1
    [event] = bot.got
    assert event["header"]["event_type"] == "im.message.receive_v1"
    message = event["event"]["message"]
    assert message["message_id"] == said["message"]
    assert json.loads(message["content"])["text"] == "@_user_1 restart web-01  `x`\n<at> @_user_2"
    assert [m["id"]["open_id"] for m in message["mentions"]] == [world.LARK_BOT, "ou_bob"]
    [seen] = await lark.transcript()
    assert seen["text"] == "@Countersign restart web-01  `x`\n<at> @Bob"
    assert seen["mentions"] == ["bob"]


async def test_a_private_message_names_nobody(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    await bot.join()
    await lark.say("alice", "help", direct=True)
    [event] = await until(lambda: bot.got)
    assert event["event"]["message"]["chat_type"] == "p2p"
    assert "mentions" not in event["event"]["message"]


async def test_no_ack_in_time_brings_it_again_on_the_schedule(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    await bot.join()
    bot.answer = lambda _: {"code": 500}
    await lark.say("alice", "help")
    for attempts, wait in ((1, 15), (2, 300), (3, 3600), (4, 21600), (5, 0)):
        await until(lambda n=attempts: len(bot.got) == n)  # type: ignore[misc]
        await until(lambda n=attempts: lark.pushes.deliveries[0].ack is not None)  # type: ignore[misc]
        lark.clock.advance(wait)
    await until(lambda: lark.pushes.deliveries[0].done)
    [delivery] = await lark.deliveries()
    assert (delivery["attempts"], delivery["acked"]) == (5, False)
    times = delivery["pushed_at"]
    gaps = [round(b - a) for a, b in itertools.pairwise(times)]
    assert gaps == [15, 300, 3600, 21600]


async def test_silence_is_a_failure_after_three_seconds(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    await bot.join()
    bot.answer = lambda _: None
    await lark.say("alice", "help")
    await until(lambda: bot.got)
    lark.clock.advance(3)
    await until(lambda: "timeout" in [c.code for c in lark.journal])
    bot.answer = lambda _: {"code": 200}
    lark.clock.advance(15)
    await until(lambda: lark.pushes.deliveries[0].acked)
    assert lark.pushes.deliveries[0].attempts == 2
    assert bot.got[0] == bot.got[1]


def _foreign(frame: Any) -> None:
    frame.LogID += 1


def _bare(frame: Any) -> None:
    del frame.headers[-1]


def _garbled(frame: Any) -> None:
    frame.payload = b"ok"


def _plain_data(frame: Any) -> None:
    frame.payload = b'{"code":200,"data":"{}"}'


@pytest.mark.parametrize("spoil", [_foreign, _bare, _garbled, _plain_data])
async def test_an_ack_that_is_not_the_frame_sent_back_is_none(
    played: tuple[Lark, Bot], spoil: Any
) -> None:
    lark, bot = played
    await bot.join()
    bot.spoil = spoil
    await lark.say("alice", "help")
    await until(lambda: lark.pushes.deliveries[0].problems)
    assert not lark.pushes.deliveries[0].acked


async def test_a_push_may_come_in_parts_and_is_acked_once(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    await bot.join()
    await lark.fault("push.chat", "split", parts=4)
    await lark.say("alice", "分割 " * 50)
    await until(lambda: lark.pushes.deliveries[0].acked)
    assert len(bot.got) == 1
    assert [frames.headers(f)["seq"] for f in bot.frames] == ["0", "1", "2", "3"]


async def test_faults_of_pushes(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    await bot.join()
    await lark.fault("push.chat", "duplicate")
    await lark.say("alice", "one")
    await until(lambda: len(bot.got) == 2)
    assert bot.got[0] == bot.got[1]
    await lark.fault("push.chat", "reorder")
    await lark.say("alice", "two")
    await lark.say("alice", "three")
    await until(lambda: len(bot.got) == 4)
    texts = [json.loads(e["event"]["message"]["content"])["text"] for e in bot.got[2:]]
    assert texts == ["@_user_1 three", "@_user_1 two"]
    await lark.fault("push.chat", "drop_ack")
    await lark.say("alice", "four")
    await until(lambda: len(bot.got) == 5)
    await until(lambda: "drop_ack" in [c.code for c in lark.journal])
    lark.clock.advance(15)
    await until(lambda: len(bot.got) == 6 and lark.pushes.deliveries[-1].acked)
    await lark.push_again(lark.pushes.deliveries[-1].id)
    await until(lambda: len(bot.got) == 7)


async def test_without_a_connection_it_waits_for_the_next_try(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    await lark.say("alice", "help")
    await until(lambda: "no_connection" in [c.code for c in lark.journal])
    await bot.join()
    lark.clock.advance(15)
    await until(lambda: lark.pushes.deliveries[0].acked)


async def test_connections_can_be_closed_cut_and_made_deaf(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    first = await bot.join()
    assert await lark.ask_disconnect() == 1
    await until(lambda: first.closed)
    assert first.close_code == 1001
    second = await bot.join()
    assert await lark.kill_sockets() == 1
    await until(lambda: second.closed)
    assert second.close_code == 1006
    await bot.join()
    await lark.zombie(True)
    await lark.say("alice", "help")
    await until(lambda: lark.pushes.deliveries[0].attempts)
    assert await lark.ping() == {"asked": 1, "answered": 1}
    assert bot.got == []


async def test_anything_can_be_pushed(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    socket = await bot.join()
    await lark.push_raw({"schema": "2.0", "header": {"event_type": "new.thing_v9"}})
    await until(lambda: lark.pushes.deliveries[0].acked)
    await bot.leave()
    raw = (await bot.endpoint())["data"]["URL"]
    socket = await bot.http.ws_connect(raw)
    await lark.push_raw("ffff", frame="binary")
    assert (await socket.receive_bytes()) == b"\xff\xff"
    await lark.push_raw("{not json", kind="push.chat")
    frame = sdk.Frame()
    frame.ParseFromString(await socket.receive_bytes())
    assert frame.payload == b"{not json"
    await socket.close()


async def test_frames_that_are_none_are_journalled_and_harm_nothing(
    played: tuple[Lark, Bot],
) -> None:
    lark, bot = played
    socket = await bot.join()
    await socket.send_bytes(b"\xff\xff\xff")
    await socket.send_str("hello")
    await socket.send_bytes(b"")
    await until(lambda: len([c for c in lark.journal if c.api == "ws.frame"]) == 3)
    assert all(c.code for c in lark.journal if c.api == "ws.frame")
    await lark.say("alice", "help")
    await until(lambda: lark.pushes.deliveries[0].acked)


@pytest.mark.parametrize(
    "name",
    [
        "official_im_message_receive_v1_thread_mention.json",
        "official_card_action_trigger.json",
    ],
)
async def test_events_have_the_fields_of_the_vendors_samples(
    played: tuple[Lark, Bot], name: str
) -> None:
    lark, bot = played
    await bot.join()
    asked = (await lark.say("alice", "help"))["message"]
    hung = await bot.send(card(decision()), "interactive", reply=asked, reply_in_thread=True)
    ref = hung["data"]["message_id"]
    await lark.say("alice", "status", quote=ref, mention=["bob"])
    bot.answer = lambda _: {"code": 200, "data": "e30="}
    await lark.click("bob", ref, "approve", reason="fine")
    await until(lambda: len(bot.got) == 3)
    sample = json.loads((PAYLOADS / name).read_text())
    kind = sample["header"]["event_type"]
    ours = [event for event in bot.got if event["header"]["event_type"] == kind][-1]
    assert _paths(ours) == _paths(sample) - NOT_HERE


NOT_HERE = {
    "event.delivery_type str",
    "event.context.url str",
    "event.context.preview_token str",
    "event.message.user_agent str",
}
"""What only link previews carry, and a field that is newer than most messages."""


def _paths(value: Any, at: str = "") -> set[str]:
    """Every field with its type; values that the bot or the people chose are not looked into."""
    if at in ("event.action.value", "event.action.form_value"):
        return {f"{at} dict"}
    if isinstance(value, dict):
        return {p for k, v in value.items() for p in _paths(v, f"{at}.{k}".lstrip("."))}
    if isinstance(value, list):
        return {p for one in value for p in _paths(one, f"{at}[]")}
    return {f"{at} {type(value).__name__}"}


async def test_a_bot_put_out_of_a_group_hears_nothing_there(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    await bot.join()
    await lark.move_bot("hr", False)
    await lark.say("alice", "help", chat="hr")
    await lark.move_bot("hr", True)
    await lark.say("alice", "talk among us", at_bot=False)
    await until(lambda: len(bot.got) == 2)
    kinds = [event["header"]["event_type"] for event in bot.got]
    assert kinds == ["im.chat.member.bot.deleted_v1", "im.chat.member.bot.added_v1"]


async def test_a_message_taken_back_is_told_and_no_longer_seen(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    await bot.join()
    said = (await lark.say("alice", "help"))["message"]
    await lark.recall(said)
    await until(lambda: len(bot.got) == 2)
    event = next(e for e in bot.got if e["header"]["event_type"] == "im.message.recalled_v1")
    assert (event["event"]["message_id"], event["event"]["chat_id"]) == (said, "oc_ops")
    [seen] = await lark.transcript()
    assert (seen["recalled"], seen["text"]) == (True, "")


async def test_pushes_over_a_dying_connection_fail_at_once(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    await bot.join()
    bot.answer = lambda _: None
    await lark.say("alice", "help")
    await until(lambda: bot.got)
    await lark.kill_sockets()
    await until(lambda: "timeout" in [c.code for c in lark.journal], 1)
    bot.answer = lambda _: {"code": 200}
    await bot.join()
    lark.clock.advance(15)
    await until(lambda: lark.pushes.deliveries[0].acked)


async def test_an_ack_over_another_connection_does_not_count(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    first = await bot.join()
    bot.answer = lambda _: None
    await lark.say("alice", "help")
    [frame] = await until(lambda: bot.frames)
    second = await bot.join()
    took = frame.headers.add()
    took.key, took.value = "biz_rt", "1"
    frame.payload = b'{"code":200}'
    await second.send_bytes(frame.SerializeToString())
    await until(lambda: [c for c in lark.journal if c.api == "ack"])
    assert not lark.pushes.deliveries[0].acked
    await first.send_bytes(frame.SerializeToString())
    await until(lambda: lark.pushes.deliveries[0].acked)
