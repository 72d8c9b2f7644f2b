"""What adapters make of their frames for a capture, and read in them again."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from adapters.dingtalk import forms as dingtalk_forms
from adapters.dingtalk import replay as dingtalk
from adapters.dingtalk.settings import Settings
from adapters.inlet import replay as inlet
from adapters.inlet.settings import Source
from adapters.lark import codec
from adapters.lark import forms as lark_forms
from adapters.lark import replay as lark
from adapters.openapi import Interpreter
from adapters.webhook import replay as webhook
from bot import model
from bot.model import traffic
from bot.redact.disguise import Disguise, Terms

MESSAGE = {
    "schema": "2.0",
    "header": {"event_id": "e1", "event_type": "im.message.receive_v1", "tenant_key": "tk"},
    "event": {
        "sender": {"sender_id": {"open_id": "ou_bob"}, "sender_type": "user"},
        "message": {
            "message_id": "om_1",
            "chat_id": "oc_1",
            "chat_type": "p2p",
            "message_type": "text",
            "content": json.dumps({"text": "restart web-01, says 王小明"}),
        },
    },
}


def frame(payload: bytes, **headers: str) -> bytes:
    pairs = [("type", "event"), *headers.items()]
    return codec.encode(codec.Frame(7, 8, 9, codec.DATA, pairs, payload=payload))


def opened(frames: lark.Frames, data: bytes) -> list[Any]:
    return list(frames.opened(traffic.Frame("lark", "in", data)))


def meanings(content: object) -> list[traffic.Meaning]:
    """What is read in the frames that a content is closed to."""
    reader = lark.Interpreter()
    return [
        reader.frame(traffic.Frame("lark", "in", data))
        for data in lark.Frames().closed(content)
        if isinstance(data, bytes)
    ]


@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_a_payload_in_parts_is_disguised_as_a_whole_and_comes_in_parts_again(count: int) -> None:
    payload, frames = json.dumps(MESSAGE, ensure_ascii=False).encode(), lark.Frames()
    size, contents = -(-len(payload) // count), []
    for turn in range(count):
        part = payload[turn * size : (turn + 1) * size]
        data = frame(part, message_id="m1", sum=str(count), seq=str(turn))
        contents += opened(frames, data)
    [content] = contents
    kept = Disguise(Terms(["ou_bob", "王小明"])).value(content)
    text = json.dumps(kept, ensure_ascii=False)
    assert "bob" not in text
    assert "王小明" not in text
    *parts, last = meanings(kept)
    assert [part.kind for part in parts] == ["part"] * (count - 1)
    assert isinstance(last.event, model.MessageReceived)
    assert last.event.text.startswith("restart web-01")
    assert last.event.account.id == kept["payload"]["event"]["sender"]["sender_id"]["open_id"]


def test_a_packed_payload_is_opened_and_packed_again() -> None:
    data = frame(gzip.compress(json.dumps(MESSAGE).encode()))
    [content] = opened(lark.Frames(), data)
    kept = Disguise(Terms(["ou_bob"])).value(content)
    assert "bob" not in json.dumps(kept)
    [closed] = lark.Frames().closed(kept)
    assert isinstance(closed, bytes)
    packed = codec.decode(closed).payload
    assert packed is not None
    assert json.loads(gzip.decompress(packed))["header"] == MESSAGE["header"]
    [meaning] = meanings(kept)
    assert meaning.problem, "the adapter can't read it, either"


@pytest.mark.parametrize("data", [b"", b"\x08", b"ou_bob\xff" * 9, frame(b"\xff ou_bob", sum="x")])
def test_what_is_no_frame_is_kept_without_people(data: bytes) -> None:
    kept = Disguise(Terms(["ou_bob"])).value(opened(lark.Frames(), data))
    assert "bob" not in json.dumps(kept)


def test_frames_that_nobody_sent_can_be_opened_and_closed_unchanged() -> None:
    for data in (frame(b'{"a":1}'), frame("{文".encode()), codec.ping(3), frame(b"", x="y")):
        [content] = opened(lark.Frames(), data)
        assert list(lark.Frames().closed(json.loads(json.dumps(content)))) == [data]


def test_frames_of_dingtalk_are_their_json() -> None:
    for text in ('{"type": "SYSTEM"}', "no JSON", "[1]"):
        [content] = dingtalk.Frames().opened(traffic.Frame("dingtalk", "in", text))
        [closed] = dingtalk.Frames().closed(content)
        assert closed == text
    reader = dingtalk.Interpreter(Settings("id", "secret", ("corp",)))
    assert reader.frame(traffic.Frame("dingtalk", "in", "[1]")).problem
    assert reader.frame(traffic.Frame("dingtalk", "out", "{}")).problem


def call(answer: object, action: str = "", status: int = 200, **more: Any) -> traffic.Exchange:
    return traffic.Exchange("x", "POST", "https://h/", {}, None, status, answer, "", action, **more)


def test_answers_of_the_cloud_are_read_as_far_as_they_are_known() -> None:
    reader = Interpreter({"Describe": lambda answer: answer["Items"][0]["Id"]})
    good = {"RequestId": "r", "Items": [{"Id": "i"}]}
    assert not reader.exchange(call(good, "Describe")).problem
    assert not reader.exchange(call(json.dumps(good), "Describe")).problem
    assert not reader.exchange(call({}, "Other")).problem
    for bad in ({"Items": []}, {"Items": {"Id": 1}}, [], "<html>", 7):
        assert reader.exchange(call(bad, "Describe")).problem


def test_answers_of_robots_are_judged_by_what_only_their_kind_says() -> None:
    reader = webhook.Interpreter()
    assert (
        reader.exchange(call({"errcode": 0, "errmsg": "ok"})).kind == "answer of a robot (dingtalk)"
    )
    assert reader.exchange(call({"StatusCode": 0, "code": 0})).kind == "answer of a robot (lark)"
    assert "no such robot" in reader.exchange(call({"errcode": 300005})).kind
    assert reader.exchange(call("<html>", status=500)).problem


def test_deliveries_are_read_as_the_server_reads_them() -> None:
    source = Source("shop", "/in/shop", kind="cloudevents", secret="0123456789abcdef")
    reader = inlet.Interpreter(source)
    event = {"specversion": "1.0", "id": "1", "source": "shop", "type": "sold", "data": {}}

    def meaning(body: object, status: int = 202) -> traffic.Meaning:
        headers = {"Content-Type": "application/cloudevents+json"}
        return reader.exchange(
            traffic.Exchange(
                "http", "POST", "/in/shop", headers, body, status, action="shop", way="in"
            )
        )

    assert meaning(event).kind == "delivery of shop: sold"
    assert meaning(event, 401).kind == "delivery of shop, refused: HTTP status 401"
    for bad in ({**event, "type": 7}, {}, "{", None):
        assert meaning(bad).problem


def test_callbacks_over_http_are_read_as_frames() -> None:
    click = {
        "type": "CALLBACK",
        "headers": {"topic": "/v1.0/card/instances/callback", "messageId": "m"},
        "data": {
            "outTrackId": "c1",
            "userId": "u",
            "content": {"cardPrivateData": {"params": {"action": "approve", "rid": "3"}}},
        },
    }
    exchange = traffic.Exchange("http", "POST", "/ding", body=click, status=200, way="in")
    read = dingtalk.Interpreter(Settings("id", "secret", ("corp",))).exchange(exchange)
    assert isinstance(read.event, model.CardAction)
    exchange = traffic.Exchange("http", "POST", "/lark", body=MESSAGE, status=200, way="in")
    assert isinstance(lark.Interpreter().exchange(exchange).event, model.MessageReceived)


PAYLOADS = Path(__file__).resolve().parent.parent / "payloads"


def payloads(platform: str) -> list[Any]:
    """Everything that platforms are documented or known to have sent."""
    documents = [
        json.loads(path.read_text()) for path in sorted((PAYLOADS / platform).glob("*.json"))
    ]
    return [one for each in documents for one in (each if isinstance(each, list) else [each])]


def shape(event: object) -> object:
    """What of an event is no person's."""
    if not isinstance(event, model.MessageReceived | model.CardAction | model.FormChanged):
        return event
    facts = {"kind": type(event), "id": len(event.id), "at": event.at}
    for name in ("action", "request", "code", "form", "instance", "status", "unread"):
        facts[name] = getattr(event, name, None)
    return facts


def test_what_lark_sends_is_read_the_same_without_people() -> None:
    for payload in payloads("lark"):
        kept = Disguise(Terms(starts=("ou_",))).value(payload)
        before, after = (lark.Interpreter().payload(each) for each in (payload, kept))
        assert (before.kind, shape(before.event)) == (after.kind, shape(after.event))
        data, hidden = payload.get("data"), kept.get("data")
        if isinstance(data, dict) and "form" in data:
            one, two = lark_forms.form(data), lark_forms.form(hidden)
            assert one["status"] == two["status"]
            for part in ("approvers", "automatic", "fields"):
                assert len(one[part]) == len(two[part])


def test_what_dingtalk_sends_is_read_the_same_without_people() -> None:
    reader = dingtalk.Interpreter(Settings("id", "secret", ("corp",)))
    for payload in payloads("dingtalk"):
        kept = Disguise(Terms()).value(payload)
        frames = [traffic.Frame("dingtalk", "in", json.dumps(each)) for each in (payload, kept)]
        before, after = map(reader.frame, frames)
        assert (before.kind, shape(before.event)) == (after.kind, shape(after.event))
        if isinstance(payload.get("result"), dict):
            one, two = (dingtalk_forms.read(each["result"]) for each in (payload, kept))
            assert (one["status"], one["action"]) == (two["status"], two["action"])
            for part in ("approvers", "automatic", "fields"):
                assert len(one[part]) == len(two[part])
