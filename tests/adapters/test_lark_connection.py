"""The long connection against a loopback platform: what the plain SDK loses, this keeps."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from typing import Any

import pytest

from adapters.lark import codec, connection
from adapters.lark.chat import Lark
from bot import model
from bot.model import ports
from tests.adapters import lark_loopback as loopback


@pytest.fixture
async def served() -> Any:
    async with loopback.platform() as running:
        yield running


@pytest.fixture
def engine() -> loopback.Engine:
    return loopback.Engine()


# ------------------------------------------------------------------------- acknowledging


async def test_an_event_is_acknowledged_after_it_is_stored_and_not_before(served, engine):
    engine.gate = asyncio.Event()
    async with loopback.running(served, engine):
        await served.push(loopback.message_payload("om_1"), "m1")
        await served.push({"header": {"event_type": "nobody.knows_v1"}}, "m2")
        assert await served.ack("m2") == {"code": 200}
        assert served.acks("m1") == []
        engine.gate.set()
        assert await served.ack("m1") == {"code": 200}
    assert [event.id for event in engine.events] == ["lark:msg:om_1"]


async def test_the_ack_is_the_same_frame_with_the_time_taken_and_another_payload(served, engine):
    async with loopback.running(served, engine):
        await served.push(loopback.message_payload(), "m1")
        await served.ack("m1")
    pushed, ack = loopback.data_frame(b"", "m1"), served.acks("m1")[0]
    assert ack.headers[:-1] == pushed.headers
    assert ack.headers[-1][0] == "biz_rt"
    assert ack.headers[-1][1].isdecimal()
    assert (ack.seq_id, ack.log_id, ack.service, ack.method) == (7, 2**63 + 5, loopback.SERVICE, 1)


@pytest.mark.parametrize(
    "payload",
    [
        {"header": {"event_type": "im.chat.member.bot.added_v1"}, "event": {}},
        {"uuid": "u", "event": {"type": "approval_task", "status": "APPROVED"}},
        {},
        [1, 2],
        None,
        b"{broken",
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        {"header": {"event_type": "im.message.receive_v1"}, "event": {"message": "?"}},
    ],
)
async def test_every_event_known_or_not_is_answered_with_200(served, engine, payload):
    async with loopback.running(served, engine):
        await served.push(payload, "m1")
        assert await served.ack("m1") == {"code": 200}
    assert engine.events == []


@pytest.mark.parametrize("kind", ["event", "card"])
async def test_a_click_is_answered_with_toast_and_card_in_either_kind_of_frame(
    served, engine, kind
):
    card = model.Card(42, "abcd1234", "Restart web-01", "red", "REJECTED", ())
    engine.receipt = model.Receipt("Rejected by Bob", "success", card)
    async with loopback.running(served, engine):
        await served.push(loopback.click_payload(value={"act": "reject", "rid": 42}), "m1", kind)
        ack = await served.ack("m1")
    data = loopback.click_data(ack)
    assert ack["code"] == 200
    assert data["toast"] == {"type": "success", "content": "Rejected by Bob"}
    assert data["card"]["type"] == "raw"
    assert data["card"]["data"]["schema"] == "2.0"
    assert data["card"]["data"]["header"]["template"] == "red"


async def test_a_click_that_changes_nothing_is_answered_with_an_empty_object(served, engine):
    async with loopback.running(served, engine):
        await served.push(loopback.click_payload(value={"act": "x"}), "m1")
        assert await served.ack("m1") == {"code": 200, "data": "e30="}
        await served.push({"header": {"event_type": "card.action.trigger"}}, "m2")
        assert await served.ack("m2") == {"code": 200, "data": "e30="}


async def test_what_was_not_stored_is_answered_with_500_and_harms_nothing_else(served, engine):
    engine.problem = RuntimeError("disk full")
    async with loopback.running(served, engine):
        await served.push(loopback.message_payload(), "m1")
        assert await served.ack("m1") == {"code": 500}
        engine.problem = None
        await served.push(loopback.message_payload("om_2"), "m2")
        assert await served.ack("m2") == {"code": 200}


async def test_while_shutting_down_nothing_is_acknowledged(served, engine):
    async with loopback.running(served, engine):
        engine.problem = ports.Closed("bye")
        await served.push(loopback.message_payload(), "m1")
        await served.push({}, "m2")
        await served.ack("m2")
        assert served.acks("m1") == []


async def test_what_was_taken_is_still_answered_when_the_bot_stops(served, engine):
    engine.gate = asyncio.Event()
    async with loopback.running(served, engine):
        await served.push(loopback.message_payload(), "m1")
        await served.push({}, "m2")
        await served.ack("m2")
        asyncio.get_running_loop().call_later(0.05, engine.gate.set)
    assert len(served.acks("m1")) == 1


async def test_submit_may_return_a_future_and_be_done_at_once_or_raise(served, engine):
    def submit(event: model.Event) -> asyncio.Future[model.Receipt]:
        if event.id.endswith("om_closed"):
            raise ports.Closed
        if event.id.endswith("om_bad"):
            raise RuntimeError("no")
        future: asyncio.Future[model.Receipt] = asyncio.get_running_loop().create_future()
        future.set_result(model.Receipt())
        return future

    async with loopback.running(served, engine, submit):
        for name in ("om_closed", "om_bad", "om_good"):
            await served.push(loopback.message_payload(name), name)
        assert await served.ack("om_good") == {"code": 200}
        assert await served.ack("om_bad") == {"code": 500}
        assert served.acks("om_closed") == []


async def test_a_slow_event_does_not_hold_up_the_next_nor_the_pings(served, engine):
    engine.gate = asyncio.Event()
    async with loopback.running(served, engine, idle_seconds=0.25):
        await served.push(loopback.message_payload(), "m1")
        for number in range(5):
            await served.push({}, f"n{number}")
            await served.ack(f"n{number}")
        before = len(served.frames)
        await served.until(lambda: any(_ping(f) for f in served.frames[before:]))
        assert served.acks("m1") == []
        engine.gate.set()
        await served.ack("m1")


async def test_reading_stops_while_too_many_events_are_unanswered(served, engine):
    engine.gate = asyncio.Event()
    async with loopback.running(served, engine, max_in_flight=4):
        for number in range(20):
            await served.push(loopback.message_payload(f"om_{number}"), f"m{number}")
        await served.push({}, "last")
        engine.gate.set()
        await served.ack("last")
        await served.until(lambda: all(served.acks(f"m{n}") for n in range(20)))
    assert len(engine.events) == 20


# ------------------------------------------------------------------------- bad frames


async def test_one_bad_frame_harms_only_itself(served, engine):
    whole = codec.encode(loopback.data_frame(b"{}", "cut"))
    rng = random.Random(1)
    async with loopback.running(served, engine):
        for size in range(0, len(whole), 3):
            await served.send(whole[:size])
        for _ in range(200):
            await served.send(rng.randbytes(rng.randrange(1, 60)))
        await served.sockets[0].send_str("text")
        await served.push(loopback.message_payload(), "m1")
        assert await served.ack("m1") == {"code": 200}
        assert served.opened == 1


async def test_a_megabyte_message_comes_through(served, engine):
    payload = loopback.message_payload(text="@_user_1 run " + "x" * 1_000_000)
    async with loopback.running(served, engine):
        await served.push(payload, "m1")
        assert await served.ack("m1") == {"code": 200}
    assert len(engine.events[0].text) > 1_000_000


async def test_split_frames_are_joined_and_acknowledged_once_on_the_last_part(served, engine):
    raw = json.dumps(loopback.message_payload()).encode()
    cuts = [raw[:100], raw[100:101], b"", raw[101:]]
    async with loopback.running(served, engine):
        for index in (2, 0, 3, 1):
            await served.send(
                codec.encode(loopback.data_frame(cuts[index], "split", "event", 4, index))
            )
        await served.ack("split")
        await served.push({}, "after")
        await served.ack("after")
    assert len(engine.events) == 1
    assert [("seq", "1") in frame.headers for frame in served.acks("split")] == [True]


@pytest.mark.parametrize(("total", "index"), [("3", "9"), ("x", "0"), ("-1", "0"), ("99999", "1")])
async def test_a_part_that_fits_nowhere_is_ignored(served, engine, total, index):
    frame = loopback.data_frame(b"{}", "odd")
    frame.headers[2:4] = [("sum", total), ("seq", index)]
    async with loopback.running(served, engine):
        await served.send(codec.encode(frame))
        await served.push({}, "after")
        await served.ack("after")
    assert served.acks("odd") == []


async def test_an_event_whose_content_was_cut_off_is_not_acknowledged(served, engine):
    frame = loopback.data_frame(b"", "cut")
    frame.payload = None
    async with loopback.running(served, engine):
        await served.send(codec.encode(frame))
        await served.push({}, "after")
        await served.ack("after")
    assert served.acks("cut") == []


# ------------------------------------------------------------------------- staying connected


def _ping(frame: codec.Frame) -> bool:
    return frame.method == codec.CONTROL and ("type", "ping") in frame.headers


async def test_the_first_ping_is_sent_at_once_and_carries_the_service_id(served, engine):
    async with loopback.running(served, engine):
        await served.until(lambda: served.frames)
    assert _ping(served.frames[0])
    assert served.frames[0].service == loopback.SERVICE


async def test_it_connects_again_each_time_the_socket_breaks(served, engine):
    async with loopback.running(served, engine):
        for round_ in range(1, 5):
            await served.until(lambda n=round_: served.opened == n and served.sockets)
            await served.sockets[0].close()
        await served.until(lambda: served.opened == 5)
        await served.push(loopback.message_payload(), "m1")
        assert await served.ack("m1") == {"code": 200}


async def test_refusals_after_the_start_are_tried_again_for_ever(served, engine, caplog):
    async with loopback.running(served, engine, call_timeout=0.3):
        for code in (403, 514, 1000040344, 1000040350, 1, 1000040343, 77):
            served.queue("/callback/ws/endpoint", {"code": code, "msg": "no"})
        served.queue("/callback/ws/endpoint", "hang up", "never")
        await served.sockets[0].close()
        await served.until(lambda: served.opened == 2)
        await served.push(loopback.message_payload(), "m1")
        assert await served.ack("m1") == {"code": 200}
    errors = [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR]
    assert any("app_id and app_secret in [lark]" in line for line in errors)
    assert any("too many (50 at most)" in line for line in errors)


async def test_a_refused_upgrade_is_tried_again_with_a_new_ticket(served, engine):
    served.upgrade_refusals.extend(
        [
            {
                "Handshake-Status": "514",
                "Handshake-Msg": "x",
                "Handshake-Autherrcode": "1000040350",
            },
            {
                "Handshake-Status": "514",
                "Handshake-Msg": "x",
                "Handshake-Autherrcode": "1000040351",
            },
            {"Handshake-Status": "odd"},
            {"Handshake-Status": "9" * 5000, "Handshake-Autherrcode": "9" * 5000},
        ]
    )
    async with loopback.running(served, engine):
        assert served.opened == 1
    assert len(served.asked("/callback/ws/endpoint")) == 5


@pytest.mark.parametrize(
    "url", ["wss://[", "wss://h:x/", "ws://127.0.0.1:1/\ud800"], ids=["host", "port", "character"]
)
async def test_an_address_that_cannot_be_read_is_asked_for_again(served, engine, caplog, url):
    served.queue("/callback/ws/endpoint", {"code": 0, "data": {"URL": url}})
    async with loopback.running(served, engine):
        assert served.opened == 1
    assert "no connection to Lark" in caplog.text


async def test_a_service_id_without_end_is_none(served, engine, monkeypatch):
    served.pongs = False
    monkeypatch.setattr(loopback, "SERVICE", "9" * 5000)
    async with loopback.running(served, engine):
        await served.until(lambda: served.frames)
    assert served.frames[0].service == 0


@pytest.mark.parametrize("code", [403, 514, 1000040344, 1000040346])
async def test_bad_credentials_stop_it_at_the_start_with_what_to_check(served, engine, code):
    served.queue("/callback/ws/endpoint", {"code": code, "msg": "refused"})
    with pytest.raises(ports.BadCredentials, match=r"app_id and app_secret in \[lark\]"):
        async with loopback.running(served, engine):
            pass


async def test_a_wrong_secret_is_noticed_with_the_first_token(served, engine):
    served.queue(
        "/open-apis/auth/v3/tenant_access_token/internal",
        {"code": 10014, "msg": "app secret invalid"},
    )
    with pytest.raises(ports.BadCredentials, match=r"10014.*app_id and app_secret in \[lark\]"):
        async with loopback.running(served, engine):
            pass


async def test_a_server_that_cannot_now_is_tried_again_at_the_start(served, engine):
    served.queue("/open-apis/bot/v3/info", {"code": 1, "msg": "busy"}, "hang up")
    served.queue("/callback/ws/endpoint", {"code": 1, "msg": "system busy"})
    async with loopback.running(served, engine):
        assert served.opened == 1


async def test_a_silent_connection_is_replaced_before_it_is_closed(served, engine):
    async with loopback.running(served, engine, idle_seconds=0.2):
        served.pongs = False
        old = served.sockets[0]
        await served.until(lambda: served.opened == 2)
        assert not old.closed
        await served.until(lambda: served.sockets and old.closed and old not in served.sockets)
        served.pongs = True
        await served.push(loopback.message_payload(), "m1")
        assert await served.ack("m1") == {"code": 200}


async def test_a_healthy_but_quiet_connection_is_kept(served, engine):
    async with loopback.running(served, engine, idle_seconds=0.1):
        await served.until(lambda: sum(map(_ping, served.frames)) > 8)
        assert served.opened == 1


async def test_events_that_stop_while_pings_are_answered_come_again(served, engine, monkeypatch):
    """Half of the platform may have forgotten a connection: its age is bounded, pongs are no life.
    The next one stands before it goes, and what it was still given is taken."""
    monkeypatch.setattr(connection, "DRAIN", 0.3)
    async with loopback.running(served, engine, reconnect_after=0.3, idle_seconds=0.2):
        old = served.sockets[0]
        await served.until(lambda: served.opened == 2)
        assert not old.closed
        await served.push(loopback.message_payload("om_1"), "m1")
        await old.send_bytes(codec.encode(_event_frame("om_2", "m2")))
        await old.send_bytes(codec.encode(_event_frame("om_1", "m3")))
        for message in ("m1", "m2", "m3"):
            assert await served.ack(message) == {"code": 200}
        await served.until(lambda: old not in served.sockets)
        assert served.sockets


def _event_frame(ref: str, message: str) -> codec.Frame:
    return loopback.data_frame(json.dumps(loopback.message_payload(ref)).encode(), message)


async def test_while_no_other_connection_can_be_had_an_old_one_is_kept(served, engine):
    async with loopback.running(served, engine, reconnect_after=0.2, backoff_most=0.05):
        served.queue("/callback/ws/endpoint", *[{"code": 1, "msg": "busy"}] * 5)
        await served.until(lambda: len(served.asked("/callback/ws/endpoint")) > 3)
        await served.push(loopback.message_payload(), "m1")
        assert await served.ack("m1") == {"code": 200}
        await served.until(lambda: served.opened == 2)


async def test_a_connection_that_delivered_is_followed_at_once_however_often_it_is_reset(
    served, engine
):
    async with loopback.running(served, engine, backoff_first=0.1, backoff_most=20.0):
        for number in range(8):
            await served.push(loopback.message_payload(f"om_{number}"), f"m{number}")
            await served.ack(f"m{number}")
            began = asyncio.get_running_loop().time()
            await served.sockets[-1].close()
            await served.until(lambda number=number: served.opened == number + 2)
            assert asyncio.get_running_loop().time() - began < 0.5


async def test_partial_and_absurd_settings_leave_the_others_as_they_were(served, engine):
    served.config = {"PingInterval": 30}
    async with loopback.running(served, engine):
        subject = _connection(served)
        subject._configure({"PingInterval": 30})
        assert (subject._ping_interval, subject._reconnect_interval) == (30, 120)
        for odd in (None, "x", 0, -5, True, 10**9, []):
            subject._configure({"PingInterval": odd, "ReconnectInterval": 60})
        subject._configure(None)
        assert (subject._ping_interval, subject._reconnect_interval) == (30, 60)
        await served.sockets[0].close()
        await served.until(lambda: served.opened == 2)


async def test_settings_in_a_pong_are_taken_over_at_once(served, engine):
    served.config = {"PingInterval": 600}
    served.pong_payload = b'{"PingInterval": 1}'
    async with loopback.running(served, engine):
        await served.until(lambda: sum(map(_ping, served.frames)) >= 2)


def _connection(served: loopback.Loopback, **others: Any) -> connection.Connection:
    return connection.Connection(
        loopback.settings(served, **others), loopback.Clock(), None, "ou_bot"
    )


async def test_the_waits_stay_under_what_the_server_asks(served):
    backoff = _connection(served, backoff_first=1.0, backoff_most=120.0)._keeper.backoff
    assert 60 <= max(backoff.pause() for _ in range(60)) <= 120
    subject = _connection(served, backoff_first=1.0, backoff_most=120.0)
    subject._configure({"ReconnectInterval": 20})
    assert 10 <= max(subject._keeper.backoff.pause() for _ in range(60)) <= 20
    assert 60 <= subject._keeper.backoff.pause(slow=True) <= 120


async def test_the_blocking_entrance_of_the_sdk_is_closed(served):
    with pytest.raises(RuntimeError, match="run"):
        _connection(served).start()


async def test_no_key_ticket_or_secret_reaches_a_log(served, engine, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    served.upgrade_refusals.append({"Handshake-Status": "514", "Handshake-Msg": "no"})
    async with loopback.running(served, engine):
        served.queue("/callback/ws/endpoint", {"code": 403, "msg": "no"}, "hang up")
        await served.sockets[0].close()
        await served.until(lambda: served.opened == 2)
    logging.getLogger("Lark").warning(
        "connected to wss://h/ws?access_key=%s&ticket=%s", loopback.ACCESS_KEY, loopback.TICKET
    )
    out, err = capfd.readouterr()
    told = caplog.text + out + err + repr(loopback.settings(served))
    assert "connected to Lark" in told
    assert "access_key=***" in told
    for secret in (loopback.SECRET, loopback.ACCESS_KEY, loopback.TICKET):
        assert secret not in told


async def test_it_is_a_chat_by_the_protocol(served):
    chat: ports.Chat = Lark(loopback.settings(served), loopback.Clock())
    assert chat.name == "lark"
    await chat.close()
