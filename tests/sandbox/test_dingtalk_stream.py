"""The Stream gateway: tickets, subscriptions, frames, acknowledgements, redelivery, disconnects."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from sandbox import world
from tests.sandbox import dingtalk_party as dt

SUCCESS = {"status": "SUCCESS", "message": "ok"}
TAKEN = {"response": None}


async def delivery(client: dt.Client, index: int = -1) -> dict[str, Any]:
    return (await client.party.deliveries())[index]


async def test_wrong_credentials_get_401_and_are_not_written_down() -> None:
    async with dt.served() as client:
        body = {"clientId": "nobody", "clientSecret": "hush", "subscriptions": dt.EVERYTHING}
        status, answer = await client.post(dt.OPEN, body)
        journal = await client.party.calls(dt.OPEN)
    assert (status, answer["code"], answer["message"]) == (401, "authFailed", "鉴权失败")
    assert "requestid" in answer
    assert "hush" not in json.dumps(journal)
    assert journal[0]["code"] == "authFailed"


async def test_the_gateway_answers_in_xml_unless_asked_for_json() -> None:
    async with dt.served() as client:
        body = {
            "clientId": world.DINGTALK_CLIENT_ID,
            "clientSecret": world.DINGTALK_CLIENT_SECRET,
            "subscriptions": dt.EVERYTHING,
        }
        async with client.http.post(client.party.base_url + dt.OPEN, json=body) as answer:
            assert answer.content_type == "application/xml"


async def test_events_can_only_be_subscribed_as_a_whole() -> None:
    async with dt.served() as client:
        body = {
            "clientId": world.DINGTALK_CLIENT_ID,
            "clientSecret": world.DINGTALK_CLIENT_SECRET,
            "subscriptions": [{"type": "EVENT", "topic": "bpms_task_change"}],
        }
        status, answer = await client.post(dt.OPEN, body)
    assert (status, answer["code"]) == (400, "InvalidParameter")


@pytest.mark.parametrize("seconds", [0.0, 91.0])
async def test_a_ticket_is_good_once_and_for_ninety_seconds(seconds: float) -> None:
    async with dt.served() as client:
        opened = await client.open()
        client.clock.advance(seconds)
        if not seconds:
            await client.http.ws_connect(opened["endpoint"], params={"ticket": opened["ticket"]})
        with pytest.raises(aiohttp.WSServerHandshakeError) as error:
            await client.http.ws_connect(opened["endpoint"], params={"ticket": opened["ticket"]})
    assert error.value.status == 401


async def test_only_subscribed_topics_are_pushed() -> None:
    async with dt.served() as client:
        events = await client.connect([{"type": "EVENT", "topic": "*"}])
        chats = await client.connect([{"type": "CALLBACK", "topic": dt.CHAT_TOPIC}])
        await client.party.say("alice", "help")
        await client.party.push_event("user_add_org", {"userId": ["x"]})
        assert (await chats.frame())["headers"]["topic"] == dt.CHAT_TOPIC
        assert (await events.frame())["headers"]["eventType"] == "user_add_org"
        assert await chats.silent()
        assert await events.silent()


async def test_each_push_goes_to_one_connection_picked_at_random() -> None:
    async with dt.served() as client:
        sockets = [await client.connect() for _ in range(2)]
        for index in range(40):
            await client.party.push_event("any", {"n": index})
        counts = []
        for socket in sockets:
            count = 0
            while True:
                try:
                    frame = await socket.frame(0.2)
                except TimeoutError:
                    break
                await socket.ack(frame, SUCCESS)
                count += 1
            counts.append(count)
    assert sum(counts) == 40
    assert min(counts) > 0


async def test_a_chat_message_looks_as_on_the_wire() -> None:
    async with dt.served() as client:
        socket = await client.connect()
        said = await client.party.say("alice", 'restart  web-01 reason="<b>"', mention=["bob"])
        frame = await socket.frame()
        await socket.ack(frame, TAKEN)
        data = json.loads(frame["data"])
        got = await dt.until(lambda: client.party.gateway.deliveries[-1].acked)
    assert got
    assert frame["type"] == "CALLBACK"
    assert frame["specVersion"] == "1.0"
    assert isinstance(frame["headers"]["time"], str)
    assert frame["headers"]["time"].isdigit()
    assert data["text"] == {"content": ' restart  web-01 reason="<b>"'}
    assert data["msgId"] == said["message"]
    assert (data["conversationType"], data["conversationTitle"]) == ("2", "ops")
    assert data["senderStaffId"] == "u-alice"
    assert data["atUsers"][0] == {"dingtalkId": world.DINGTALK_BOT_USER}
    assert data["atUsers"][1]["staffId"] == "u-bob"
    assert data["sessionWebhook"].startswith(
        client.party.base_url + "/robot/sendBySession?session="
    )
    assert data["sessionWebhookExpiredTime"] - data["createAt"] == 5_400_000


async def test_a_direct_message_has_no_group() -> None:
    async with dt.served() as client:
        socket = await client.connect()
        await client.party.say("alice", "status", direct=True)
        data = json.loads((await socket.frame())["data"])
    assert data["conversationType"] == "1"
    assert data["text"]["content"] == "status"
    assert "conversationTitle" not in data
    assert "atUsers" not in data


async def test_a_message_can_be_anything() -> None:
    async with dt.served() as client:
        socket = await client.connect()
        rich = {"richText": [{"text": "@bot"}, {"text": "approve 42"}]}
        changes = {"msgtype": "richText", "text": None, "senderStaffId": None, "content": rich}
        await client.party.say("alice", "approve 42", changes=changes)
        data = json.loads((await socket.frame())["data"])
        with pytest.raises(ValueError, match="not in"):
            await client.party.say("alice", "psst", chat="bob")
    assert data["content"] == rich
    assert "text" not in data
    assert "senderStaffId" not in data


async def test_a_quoted_card_is_named_by_its_carrier() -> None:
    async with dt.served() as client:
        socket = await client.connect()
        result = (await client.card())["result"]
        await client.party.say("bob", "approve", quote="t1")
        data = json.loads((await socket.frame())["data"])
    carrier = result["deliverResults"][0]["carrierId"]
    assert data["originalProcessQueryKey"] == carrier
    assert data["text"]["isReplyMsg"] is True
    assert data["text"]["repliedMsg"]["senderId"] == world.DINGTALK_BOT_USER
    assert data["text"]["repliedMsg"]["msgType"] == "interactiveCard"


@pytest.mark.parametrize(
    ("data", "code", "problem"),
    [
        ({"eventType": "echo"}, 200, "status is neither SUCCESS nor LATER"),
        ({"status": "LATER", "message": "busy"}, 200, "LATER"),
        (SUCCESS, 500, "code 500"),
    ],
)
async def test_an_event_not_taken_is_pushed_again(data: Any, code: int, problem: str) -> None:
    async with dt.served() as client:
        socket = await client.connect()
        await client.party.push_event("bpms_task_change", {"type": "start"})
        first = await socket.frame()
        await socket.ack(first, data, code)
        await dt.until(lambda: client.party.gateway.deliveries[0].problems)
        client.clock.advance(10)
        second = await socket.frame()
        await socket.ack(second, SUCCESS)
        await dt.until(lambda: client.party.gateway.deliveries[0].acked)
        seen = await delivery(client)
    assert problem in seen["problems"]
    assert first["data"] == second["data"]
    assert first["headers"]["eventId"] == second["headers"]["eventId"]
    assert first["headers"]["messageId"] != second["headers"]["messageId"]
    assert seen["attempts"] == 2
    assert seen["ack"] == SUCCESS


async def test_events_come_again_after_10_30_60_120_seconds_and_then_no_more() -> None:
    async with dt.served() as client:
        await client.party.configure(ping_every=1e6)
        socket = await client.connect()
        await client.party.push_event("any", {})
        await socket.frame()
        for wait in (10, 30, 60, 120):
            client.clock.advance(wait - 1)
            assert await socket.silent()
            client.clock.advance(1)
            assert (await socket.frame())["headers"]["eventType"] == "any"
        client.clock.advance(1000)
        assert await socket.silent()
        assert (await delivery(client))["attempts"] == 5


async def test_a_chat_message_not_acked_comes_again_after_a_minute() -> None:
    async with dt.served() as client:
        await client.party.configure(ping_every=1e6)
        socket = await client.connect([{"type": "CALLBACK", "topic": dt.CHAT_TOPIC}])
        await client.party.say("alice", "help")
        first = await socket.frame()
        client.clock.advance(4)
        assert await socket.silent()
        await socket.ack(first, TAKEN)
        await dt.until(lambda: client.party.gateway.deliveries[0].problems)
        client.clock.advance(56)
        second = await socket.frame()
        await socket.ack(second, TAKEN)
        await dt.until(lambda: client.party.gateway.deliveries[0].acked)
        codes = [call["code"] for call in await client.party.calls("ack")]
    assert json.loads(first["data"])["msgId"] == json.loads(second["data"])["msgId"]
    assert codes == ["too late"]


async def test_an_ack_counts_only_on_the_socket_of_its_push() -> None:
    async with dt.served() as client:
        taker = await client.connect([{"type": "EVENT", "topic": "*"}])
        other = await client.connect([{"type": "CALLBACK", "topic": dt.CHAT_TOPIC}])
        await client.party.push_event("any", {})
        await other.ack(await taker.frame(), SUCCESS)
        problems = client.party.gateway.deliveries[0].problems
        await dt.until(lambda: problems)
    assert problems == ["on another connection than the push"]


@pytest.mark.parametrize(
    "garbage", ["{", "[]", '{"code": 200}', '{"headers": {"messageId": 7}}', "[" * 99_999]
)
async def test_garbage_is_written_down_and_the_connection_lives(garbage: str) -> None:
    async with dt.served() as client:
        socket = await client.connect()
        await socket.ws.send_str(garbage)
        await dt.until(lambda: [c for c in client.party.journal if c.api == "ack"])
        await client.party.push_event("any", {})
        await socket.ack(await socket.frame(), SUCCESS)
        assert await dt.until(lambda: client.party.gateway.deliveries[0].acked)


async def test_a_ping_wants_its_own_data_back() -> None:
    async with dt.served() as client:
        socket = await client.connect()
        asked = asyncio.create_task(client.party.ping())
        frame = await socket.frame()
        await socket.ack(frame, json.loads(frame["data"]))
        good = (await asked)[0]
        asked = asyncio.create_task(client.party.ping())
        await socket.ack(await socket.frame(), {"opaque": "other"})
        bad = (await asked)[0]
    assert (frame["type"], frame["headers"]["topic"]) == ("SYSTEM", "ping")
    assert good["answered"] is True
    assert bad["answered"] is False


async def test_pings_come_by_themselves() -> None:
    async with dt.served() as client:
        socket = await client.connect()
        await asyncio.sleep(0)
        client.clock.advance(30)
        assert (await socket.frame())["headers"]["topic"] == "ping"


async def test_disconnect_stops_the_pushes_and_closes_ten_seconds_later() -> None:
    async with dt.served() as client:
        old = await client.connect()
        assert await client.party.ask_disconnect() == 1
        frame = await old.frame()
        new = await client.connect()
        await client.party.push_event("any", {})
        assert (await new.frame())["headers"]["eventType"] == "any"
        assert await old.silent()
        client.clock.advance(10.1)
        closing = await old.ws.receive(timeout=3)
    assert frame["headers"]["topic"] == "disconnect"
    assert json.loads(frame["data"]) == {"reason": "connection is expired"}
    assert closing.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


async def test_killed_sockets_lose_what_was_open_and_it_comes_again() -> None:
    async with dt.served() as client:
        first = await client.connect()
        await client.party.push_event("any", {"n": 1})
        await first.frame()
        assert await client.party.kill_sockets() == 1
        gone = await first.ws.receive(timeout=3)
        second = await client.connect()
        client.clock.advance(10)
        again = await second.frame()
        states = [c["open"] for c in await client.party.connections()]
    assert gone.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
    assert json.loads(again["data"]) == {"n": 1}
    assert states == [False, True]


async def test_a_zombie_answers_websocket_pings_only() -> None:
    async with dt.served() as client:
        socket = await client.connect()
        await client.party.zombie(True)
        await client.party.push_event("any", {})
        assert await socket.silent()
        assert (await delivery(client))["attempts"] == 1


@pytest.mark.parametrize(
    ("do", "frames"), [("no_push", 0), ("drop_ack", 1), ("duplicate", 2), ("hang_up", 0)]
)
async def test_faults_of_a_push(do: str, frames: int) -> None:
    async with dt.served() as client:
        socket = await client.connect()
        await client.party.fault("push.event", do)
        await client.party.push_event("any", {})
        got = []
        for _ in range(frames):
            got.append(await socket.frame())
            await socket.ack(got[-1], SUCCESS)
        if do == "hang_up":
            message = await socket.ws.receive(timeout=3)
            assert message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
        else:
            assert await socket.silent()
        acked = (await delivery(client))["acked"]
    assert acked is (do == "duplicate")
    assert len({f["headers"]["messageId"] for f in got}) == frames


async def test_a_held_push_comes_after_the_next_one() -> None:
    async with dt.served() as client:
        socket = await client.connect()
        await client.party.fault("push.event", "reorder")
        for number in (1, 2):
            await client.party.push_event("any", {"n": number})
        order = [json.loads((await socket.frame())["data"])["n"] for _ in range(2)]
    assert order == [2, 1]


async def test_a_held_push_that_nothing_follows_goes_out() -> None:
    async with dt.served() as client:
        socket = await client.connect()
        await client.party.fault("push.event", "reorder")
        await client.party.push_event("any", {})
        assert (await socket.frame())["headers"]["eventType"] == "any"


async def test_a_delivery_can_be_pushed_again_by_hand() -> None:
    async with dt.served() as client:
        socket = await client.connect()
        await client.party.say("alice", "help")
        first = await socket.frame()
        await socket.ack(first, TAKEN)
        await dt.until(lambda: client.party.gateway.deliveries[0].acked)
        await client.party.push_again((await delivery(client))["id"])
        second = await socket.frame()
    assert second["data"] == first["data"]
    assert second["headers"]["messageId"] != first["headers"]["messageId"]


async def test_any_frame_can_be_pushed() -> None:
    async with dt.served() as client:
        socket = await client.connect()
        assert await client.party.push_raw("{not json") == 1
        assert await socket.ws.receive_str() == "{not json"
        await client.party.push_raw("abc", kind="binary")
        assert await socket.ws.receive_bytes() == b"abc"
        await client.party.push_raw("no json either", kind="chat")
        frame = await socket.frame()
    assert frame["data"] == "no json either"
    assert frame["headers"]["topic"] == dt.CHAT_TOPIC


async def test_a_misspelt_fault_is_an_error() -> None:
    async with dt.served() as client:
        with pytest.raises(ValueError, match="no call"):
            await client.party.fault("card/instnces", "error")
        with pytest.raises(ValueError, match="can do"):
            await client.party.fault("push.chat", "html")
