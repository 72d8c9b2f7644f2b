"""The connection, against a gateway that misbehaves on order."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.dingtalk import Settings, logs
from adapters.dingtalk.chat import DingTalk
from bot import model
from bot.model import ports
from tests.adapters.dingtalk_gateway import CARD, CHAT, Gateway, chat, until


class Clock(ports.Clock):
    def now(self) -> datetime:
        return datetime.now(UTC)


class Engine:
    """Takes events; ``hold`` makes it wait, ``fail`` makes it fail."""

    def __init__(self) -> None:
        self.events: list[model.Event] = []
        self.receipt = model.Receipt("taken")
        self.fail: Exception | None = None
        self.hold: asyncio.Event | None = None

    async def submit(self, event: model.Event) -> model.Receipt:
        self.events.append(event)
        if self.hold is not None:
            await self.hold.wait()
        if self.fail is not None:
            raise self.fail
        return self.receipt


@pytest.fixture(autouse=True)
def _fresh_logs() -> None:
    logs._logged_at.clear()


@contextlib.asynccontextmanager
async def running(
    gateway: Gateway, engine: Engine, **settings: Any
) -> AsyncIterator[asyncio.Task[None]]:
    options = {"backoff_first": 0.01, "backoff_most": 0.05, "drain_seconds": 1.0} | settings
    adapter = DingTalk(Settings("app", "hush-secret", endpoint=gateway.url, **options), Clock())
    ready = asyncio.Event()
    task = asyncio.create_task(adapter.run(engine.submit, ready.set))
    try:
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait([waiting, task], timeout=5, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=5)
        await adapter.close()
        assert task.done()


async def test_it_opens_as_the_protocol_asks() -> None:
    async with Gateway() as gateway, running(gateway, Engine()):
        body = gateway.opened[0]
        assert body["clientId"] == "app"
        assert body["clientSecret"] == "hush-secret"
        assert body["subscriptions"] == [
            {"type": "EVENT", "topic": "*"},
            {"type": "CALLBACK", "topic": CHAT},
            {"type": "CALLBACK", "topic": CARD},
        ]
        assert body["localIp"] == ""


async def test_a_chat_message_is_acknowledged_after_it_was_taken() -> None:
    async with Gateway() as gateway, running(gateway, engine := Engine()):
        engine.hold = asyncio.Event()
        socket = await gateway.socket(0)
        await socket.chat("c1")
        await until(lambda: engine.events)
        await socket.push("SYSTEM", "p1", {"opaque": "x"}, "ping")
        assert json.loads((await socket.ack("p1"))["data"]) == {"opaque": "x"}
        assert [ack["headers"]["messageId"] for ack in socket.acks] == ["p1"]
        engine.hold.set()
        ack = await socket.ack("c1")
        assert ack == {
            "code": 200,
            "message": "OK",
            "headers": {"messageId": "c1", "contentType": "application/json"},
            "data": '{"response":null}',
        }


async def test_an_event_is_acknowledged_with_its_status() -> None:
    async with Gateway() as gateway, running(gateway, engine := Engine()):
        socket = await gateway.socket(0)
        form = {"processInstanceId": "i", "processCode": "P", "type": "finish", "result": "agree"}
        await socket.push("EVENT", "e1", form, "*", eventType="bpms_instance_change", eventId="ev")
        await socket.push("EVENT", "e2", {}, "*", eventType="user_add_org", eventId="ev2")
        for id in ("e1", "e2"):
            ack = await socket.ack(id)
            assert ack["code"] == 200
            assert json.loads(ack["data"]) == {"status": "SUCCESS", "message": "ok"}
        assert [type(event) for event in engine.events] == [model.FormChanged]


async def test_a_click_is_answered_with_the_card_for_who_clicked() -> None:
    async with Gateway() as gateway, running(gateway, engine := Engine()):
        card = model.Card(7, "c0de", "Restart", "orange", "pending", (), note="waiting")
        engine.receipt = model.Receipt("You may not vote on this.", "warning", card)
        socket = await gateway.socket(0)
        private = {"actionIds": ["approve"], "params": {"rid": "7", "code": "c0de"}}
        body = json.dumps({"cardPrivateData": private})
        click = {"outTrackId": "t", "userId": "u1", "corpId": "corp", "content": body}
        await socket.push("CALLBACK", "k1", click, CARD)
        response = json.loads((await socket.ack("k1"))["data"])["response"]
        assert response["cardUpdateOptions"]["updateCardDataByKey"] is True
        params = response["cardData"]["cardParamMap"]
        assert params["tips"] == "You may not vote on this."
        assert params["title"] == "pending · Restart"
        assert json.loads(params["sys_full_json_obj"]) == {"msgButtons": []}


async def test_an_unknown_topic_is_answered_with_404() -> None:
    async with Gateway() as gateway, running(gateway, engine := Engine()):
        socket = await gateway.socket(0)
        await socket.push("CALLBACK", "x1", {}, "/v1.0/graph/api/invoke")
        assert (await socket.ack("x1"))["code"] == 404
        assert not engine.events


async def test_unknown_system_topics_are_passed_over_in_silence(caplog: Any) -> None:
    async with Gateway() as gateway, running(gateway, Engine()):
        socket = await gateway.socket(0)
        with caplog.at_level(logging.DEBUG, "adapters.dingtalk"):
            for topic in ("CONNECTED", "REGISTERED", "KEEPALIVE"):
                await socket.push("SYSTEM", topic, {}, topic)
            await socket.push("SYSTEM", "p", {}, "ping")
            await socket.ack("p")
        assert not caplog.records
        assert len(socket.acks) == 1


BAD = [
    "",
    "{",
    "null",
    "[]",
    '"text"',
    "[" * 100_000,
    '{"type":"CALLBACK"',
    '{"type":7,"headers":[],"data":{}}',
    '{"type":"CALLBACK","headers":{"topic":{"a":1},"messageId":["z"]}}',
    json.dumps({"type": "EVENT", "headers": {"eventType": ["bpms_instance_change"]}}),
    json.dumps({"type": "SYSTEM", "headers": None, "data": "\ud800"}),
    json.dumps({"type": "CALLBACK", "headers": {"topic": CHAT}, "data": "{" * 50_000}),
    json.dumps({"type": "CALLBACK", "headers": {"topic": CHAT}, "data": '{"a":' * 5_000}),
    "9" * 10_000,
    "x" * 1_000_000,
]


async def test_bad_frames_harm_only_themselves(caplog: Any) -> None:
    async with Gateway() as gateway, running(gateway, engine := Engine()):
        socket = await gateway.socket(0)
        for frame in BAD:
            await socket.send(frame)
        await socket.ws.send_bytes(b"\xff\xfe\x00")
        await socket.chat("good", "\u202eall \x00 fine")
        assert (await socket.ack("good"))["code"] == 200
        assert len(engine.events) == 1
        assert len(gateway.sockets) == 1
        assert len([r for r in caplog.records if "unreadable" in r.getMessage()]) == 1


async def test_an_unreadable_frame_with_an_id_is_answered_with_400() -> None:
    async with Gateway() as gateway, running(gateway, Engine()):
        socket = await gateway.socket(0)
        await socket.send('{"type":"CALLBACK","headers":{"messageId":"cut-1","topic":"/v1')
        assert (await socket.ack("cut-1"))["code"] == 400
        await socket.push("CALLBACK", "data-1", "not json", CHAT)
        assert (await socket.ack("data-1"))["code"] == 400


async def test_when_the_engine_fails_the_platform_is_told(caplog: Any) -> None:
    async with Gateway() as gateway, running(gateway, engine := Engine()):
        engine.fail = RuntimeError("disk full")
        socket = await gateway.socket(0)
        form = {"processInstanceId": "i", "type": "finish", "result": "agree"}
        await socket.chat("c1")
        await socket.push("EVENT", "e1", form, "*", eventType="bpms_instance_change")
        assert (await socket.ack("c1"))["code"] == 500
        ack = await socket.ack("e1")
        assert json.loads(ack["data"])["status"] == "LATER"
        assert any(record.exc_text and "disk full" in record.exc_text for record in caplog.records)


async def test_while_shutting_down_nothing_is_acknowledged_as_taken() -> None:
    async with Gateway() as gateway, running(gateway, engine := Engine()):
        engine.fail = ports.Closed()
        socket = await gateway.socket(0)
        form = {"processInstanceId": "i", "type": "finish", "result": "agree"}
        await socket.chat("c1")
        await socket.push("EVENT", "e1", form, "*", eventType="bpms_instance_change")
        ack = await socket.ack("e1")
        assert ack["code"] == 200
        assert json.loads(ack["data"])["status"] == "LATER"
        assert len(socket.acks) == 1


async def test_one_slow_event_holds_up_nobody() -> None:
    async with Gateway() as gateway:
        engine = Engine()
        first = asyncio.Event()

        async def submit(event: model.Event) -> model.Receipt:
            assert isinstance(event, model.MessageReceived)
            if event.text == "slow":
                await first.wait()
            return model.Receipt()

        engine.submit = submit  # type: ignore[method-assign]
        async with running(gateway, engine):
            socket = await gateway.socket(0)
            await socket.chat("s", "slow")
            for number in range(200):
                await socket.chat(f"q{number}")
            await until(lambda: len(socket.acks) == 200)
            first.set()
            await socket.ack("s")


async def test_more_than_may_be_in_flight_waits_and_then_is_refused() -> None:
    async with Gateway() as gateway, running(gateway, engine := Engine(), max_in_flight=2):
        engine.hold = asyncio.Event()
        socket = await gateway.socket(0)
        form = {"processInstanceId": "i", "type": "finish", "result": "agree"}
        for number in range(2 + 16):
            await socket.chat(f"c{number}")
        await socket.push("EVENT", "e", form, "*", eventType="bpms_instance_change")
        assert json.loads((await socket.ack("e"))["data"])["status"] == "LATER"
        assert len(engine.events) == 2
        engine.hold.set()
        await until(lambda: len(socket.acks) == 1 + 18)


async def test_a_new_connection_stands_before_the_old_one_goes() -> None:
    async with Gateway() as gateway, running(gateway, engine := Engine()):
        old = await gateway.socket(0)
        engine.hold = asyncio.Event()
        await old.chat("before")
        await until(lambda: engine.events)
        await old.send({"type": "SYSTEM", "headers": {"topic": "disconnect"}, "data": "{}"})
        new = await gateway.socket(1)
        await old.chat("after")  # what the platform had already sent on its way
        await until(lambda: len(engine.events) == 2)
        assert not old.closed.is_set()
        engine.hold.set()
        assert (await old.ack("before"))["code"] == 200
        assert (await old.ack("after"))["code"] == 200
        assert not new.acks
        await asyncio.wait_for(old.closed.wait(), 5)
        assert gateway.story == ["open", "connected 0", "open", "connected 1", "closed 0"]


async def test_while_no_new_connection_can_be_had_the_old_one_serves() -> None:
    async with Gateway() as gateway, running(gateway, Engine()):
        old = await gateway.socket(0)
        gateway.answers = [(503, {}), (200, "<html>"), (500, "")]
        gateway.refuse_sockets = 1
        await old.send({"type": "SYSTEM", "headers": {"topic": "disconnect"}, "data": "{}"})
        await old.chat("c1")
        await old.ack("c1")
        await (await gateway.socket(1)).chat("c2")
        await gateway.sockets[1].ack("c2")


async def test_a_broken_wire_is_replaced() -> None:
    async with Gateway() as gateway, running(gateway, Engine()):
        first = await gateway.socket(0)
        transport = first.ws._req.transport  # type: ignore[union-attr]
        transport.abort()  # type: ignore[union-attr]
        second = await gateway.socket(1)
        await second.chat("c1")
        await second.ack("c1")


async def test_closes_in_a_row_are_answered_ever_more_slowly() -> None:
    settings: dict[str, Any] = {"backoff_first": 0.02, "backoff_most": 5.0}
    async with Gateway() as gateway, running(gateway, Engine(), **settings):
        for number in range(5):
            await (await gateway.socket(number)).ws.close()
        await gateway.socket(5)
        pauses = [b - a for a, b in zip(gateway.times, gateway.times[1:], strict=False)]
        for number, pause in enumerate(pauses):
            assert pause >= 0.01 * 2**number


async def test_a_silent_connection_is_replaced() -> None:
    """Half-dead sockets answer WebSocket pings and deliver nothing."""
    async with Gateway() as gateway, running(gateway, Engine(), idle_seconds=0.2):
        first = await gateway.socket(0)
        second = await gateway.socket(1)
        await asyncio.wait_for(first.closed.wait(), 5)
        await second.chat("c1")
        await second.ack("c1")
        assert gateway.story.index("connected 1") < gateway.story.index("closed 0")


async def test_frames_that_stop_while_pings_come_come_again() -> None:
    """Pings of the platform are no life, either: the age of a connection is bounded."""
    async with Gateway() as gateway, running(gateway, engine := Engine(), reconnect_after=0.3):
        first = await gateway.socket(0)
        await first.push("SYSTEM", "p1", {}, "ping")
        second = await gateway.socket(1)
        assert not first.closed.is_set()
        await first.chat("c1")
        await first.ack("c1")
        await second.chat("c2")
        await second.ack("c2")
        assert len(engine.events) == 2
        await asyncio.wait_for(first.closed.wait(), 5)


async def test_frames_keep_a_connection_alive() -> None:
    async with Gateway() as gateway, running(gateway, Engine(), idle_seconds=0.3):
        socket = await gateway.socket(0)
        end = time.monotonic() + 0.7
        while time.monotonic() < end:
            id = f"p{len(socket.acks)}"
            await socket.push("SYSTEM", id, {}, "ping")
            await socket.ack(id)
        assert len(gateway.sockets) == 1


REFUSALS = [
    (401, {"code": "authFailed", "message": "鉴权失败"}),
    (401, ""),
    (400, {"code": "invalidClientIdOrSecret", "message": "无效的clientId或者clientSecret"}),
]


@pytest.mark.parametrize(("status", "body"), REFUSALS)
async def test_refused_credentials_end_it_with_a_sentence(status: int, body: Any) -> None:
    async with Gateway() as gateway:
        gateway.answers = [(status, body)]
        async with running(gateway, Engine()) as task:
            with pytest.raises(
                ports.BadCredentials, match=r"client_id and client_secret in \[ding"
            ):
                await task
        assert len(gateway.opened) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"endpoint": "wss://[", "ticket": "t"},
        {"endpoint": "wss://h:x", "ticket": "t"},
        {"endpoint": "ws://h", "ticket": "\ud800"},
    ],
)
async def test_an_answer_that_cannot_be_read_is_asked_for_again(
    answer: dict[str, str], caplog: Any
) -> None:
    async with Gateway() as gateway:
        gateway.answers = [(200, answer)]
        async with running(gateway, Engine()) as task:
            await gateway.socket(0)
            assert not task.done()
    assert "no connection to DingTalk" in caplog.text


async def test_another_no_is_asked_again_slowly() -> None:
    async with Gateway() as gateway:
        gateway.answers = [(403, {"code": "Forbidden.AccessDenied.IpNotInWhiteList"})]
        settings: dict[str, Any] = {"backoff_first": 0.001, "backoff_most": 0.4}
        async with running(gateway, Engine(), **settings):
            await gateway.socket(0)
            assert gateway.times[1] - gateway.times[0] >= 0.2


async def test_it_ends_when_cancelled_and_acknowledges_what_was_taken() -> None:
    async with Gateway() as gateway:
        engine = Engine()
        async with running(gateway, engine) as task:
            engine.hold = asyncio.Event()
            socket = await gateway.socket(0)
            await socket.chat("c1")
            await until(lambda: engine.events)
            task.cancel()
            await asyncio.sleep(0)
            engine.hold.set()
            await asyncio.wait([task], timeout=3)
            assert task.cancelled()
            await socket.ack("c1")
        names = {each.get_name() for each in asyncio.all_tasks()}
        assert not [name for name in names if name.startswith("dingtalk")]


async def test_no_secret_reaches_a_log(caplog: Any) -> None:
    with caplog.at_level(logging.DEBUG):
        async with Gateway() as gateway:
            gateway.refuse_sockets = 1
            async with running(gateway, Engine()):
                socket = await gateway.socket(0)
                await socket.push("CALLBACK", "x", chat("x"), "/unknown")
                await socket.send('{"session":"SESSION-HEX", broken')
                await socket.send({"type": "SYSTEM", "headers": {"topic": "disconnect"}})
                await gateway.socket(1)
            logs.log.warning("url=%s", "wss://x/connect?ticket=secret-ticket-9&a=1")
            logs.log.error("body %s", {"clientSecret": "hush-secret", "accessToken": "tok-1"})
            try:
                raise ValueError(
                    "https://oapi.dingtalk.com/robot/sendBySession?session=SESSION-HEX"
                )
            except ValueError:
                logs.log.exception("failed")
    text = "\n".join(logging.Formatter().format(record) for record in caplog.records)
    assert "no connection to DingTalk" in text
    for secret in ("secret-ticket", "hush-secret", "SESSION-HEX", "tok-1"):
        assert secret not in text
