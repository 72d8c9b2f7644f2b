"""Events over HTTP in every shape that senders use, from the socket to the engine."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.bindings import http
from cloudevents.core.v1.event import CloudEvent

from adapters.inlet import server, shapes, strict
from bot import model
from bot.runtime import matcher
from tests.adapters import inlet_stage
from tests.adapters.inlet_stage import EVENT, dumped, source, staged
from tests.bot import bus_stage, rig

FOUNDING = {
    "source": "dingtalk.approval",
    "detail-type": "ProvisionRequest",
    "detail": {"emp_id": "E123", "role": "devops"},
}
FINISHED = {
    "id": "45ef4dewdwe1-7c35-447a-bd93-fab****",
    "source": "acs.ecs",
    "specversion": "1.0",
    "subject": "acs.ecs:cn-hangzhou:123456789098****:215672",
    "time": "2020-11-19T21:04:41+08:00",
    "type": "ecs:CloudAssistant:TaskCompleted",
    "aliyunaccountid": "123456789098****",
    "aliyunpublishtime": "2020-11-19T21:04:42Z",
    "aliyuneventbusname": "default",
    "aliyunregionid": "cn-hangzhou",
    "aliyunpublishaddr": "172.25.XX.XX",
    "data": {"commandId": "c-hz045", "exitCode": "0", "invocationStatus": "Success"},
}
"""As the documentation of Cloud Assistant's events shows it."""


CONTENT = strict.fingerprint(["order.paid", "", EVENT["data"]])[7:23]

# ----------------------------------------------------------------------------- CloudEvents


async def test_structured_mode(tmp_path: Path) -> None:
    async with staged(tmp_path, source(person="alice")) as stage:
        answer = await stage.signed_post("/in/shop", EVENT)
        assert (answer.status, answer.body) == (202, {"ids": ["ce:shop:e-1"]})
        [arrived] = stage.taken
        assert arrived == model.EventReceived(
            id=f"in:shop:shop:e-1:{CONTENT}",
            at=rig.START,
            event=model.CloudEvent(
                id="e-1",
                source="shop",
                type="order.paid",
                time=datetime(2026, 3, 1, 8, tzinfo=UTC),
                data={"amount": 12.5, "who": "张三"},
            ),
            via="shop",
            person="alice",
            known_as="in:shop:shop:e-1",
            formerly="ce:shop:e-1",
        )


async def test_what_the_sdk_sends_is_what_arrives(tmp_path: Path) -> None:
    """Both modes, written by the official SDK."""
    attributes = {
        "id": "e/ü 1",
        "source": "https://例.example/源",
        "type": "com.example.t",
        "subject": "a b%c",
        "time": datetime(2026, 2, 3, 4, 5, 6, 789000, tzinfo=UTC),
        "dataschema": "https://schema.example/1",
        "traceparent": "00-abc",
        "datacontenttype": "application/json",
    }
    event = CloudEvent(dict(attributes), {"text": "会签 ✅"})
    async with staged(tmp_path) as stage:
        for message in (http.to_structured_event(event), http.to_binary_event(event)):
            signed = stage.signed(message.body)
            await stage.send("/in/shop", message.body, {**message.headers, **signed})
        first, second = stage.events
        assert first == second
        assert (first.id, first.source, first.subject) == (
            "e/ü 1",
            "https://例.example/源",
            "a b%c",
        )
        assert first.time == attributes["time"]
        assert first.data == {"text": "会签 ✅"}
        assert first.extra == {
            "dataschema": "https://schema.example/1",
            "traceparent": "00-abc",
        }


BINARY = {"ce-id": "1", "ce-source": "shop", "ce-type": "t", "ce-specversion": "1.0"}


@pytest.mark.parametrize(
    ("kind", "body", "data"),
    [
        ("application/json", b'{"a":[1,"\xc3\xa9"]}', {"a": [1, "é"]}),
        ("application/json; charset=utf-8", b"null", None),
        ("application/vnd.x+json", b"7", 7),
        ("text/plain", "会签".encode(), "会签"),
        ("application/octet-stream", b"\xff\x00", "/wA="),
        ("application/json", b"", None),
    ],
)
async def test_binary_mode_takes_all_kinds_of_data(
    tmp_path: Path, kind: str, body: bytes, data: Any
) -> None:
    async with staged(tmp_path) as stage:
        headers = {**BINARY, "Content-Type": kind, **stage.signed(body)}
        answer = await stage.send("/in/shop", body, headers)
        assert answer.status == 202
        assert stage.events[0].data == data
        assert stage.events[0].time == rig.START  # it brought none


@pytest.mark.parametrize(
    ("fields", "data"),
    [
        ({"data_base64": base64.b64encode(b"\xff").decode()}, "/w=="),
        (
            {
                "data_base64": base64.b64encode(b'{"a":1}').decode(),
                "datacontenttype": "application/json",
            },
            {"a": 1},
        ),
        ({"data_base64": base64.b64encode("é".encode()).decode()}, "é"),
        ({"data": "plain", "datacontenttype": "text/plain"}, "plain"),
        ({"data": None}, None),
        ({"data": [1, [2]]}, [1, [2]]),
    ],
)
async def test_structured_mode_takes_all_kinds_of_data(
    tmp_path: Path, fields: dict[str, Any], data: Any
) -> None:
    async with staged(tmp_path) as stage:
        event = {key: value for key, value in EVENT.items() if key != "data"} | fields
        assert (await stage.signed_post("/in/shop", event)).status == 202
        assert stage.events[0].data == data


async def test_a_batch_is_taken_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        many = [{**EVENT, "id": f"e-{number}"} for number in range(3)]
        answer = await stage.signed_post("/in/shop", many, shapes.BATCH)
        assert answer.status == 202
        assert answer.body == {"ids": ["ce:shop:e-0", "ce:shop:e-1", "ce:shop:e-2"]}
        bad = [{**EVENT, "id": "new"}, {**EVENT, "id": 7}]
        answer = await stage.signed_post("/in/shop", bad, shapes.BATCH)
        assert answer.status == 400
        assert answer.body["error"].startswith("entry 1 of the batch: ")
        assert "look at id" in answer.body["error"]
        for wrong in ([], {}, [[]], [EVENT] * 257, "x"):
            assert (await stage.signed_post("/in/shop", wrong, shapes.BATCH)).status == 400
        assert [event.id for event in stage.events] == ["e-0", "e-1", "e-2"]
        # what is partly known is taken as far as it is new
        answer = await stage.signed_post("/in/shop", [*many, {**EVENT, "id": "4"}], shapes.BATCH)
        assert answer.status == 202
        answer = await stage.signed_post("/in/shop", many, shapes.BATCH)
        assert answer.status == 200


@pytest.mark.parametrize(
    "spoilt",
    [
        {"specversion": "0.3"},
        {"specversion": None},
        {"specversion": 1},
        {"id": None},
        {"id": ""},
        {"id": 7},
        {"id": "x" * 1025},
        {"id": "a\u0000b"},
        {"source": ""},
        {"source": None},
        {"type": ["t"]},
        {"time": "yesterday"},
        {"time": "2026-03-01T16:00:00"},
        {"time": 1700000000},
        {"time": "0001-01-01T00:00:00+14:00"},
        {"time": "9999-12-31T23:59:59-14:00"},
        {"time": "1969-12-31T23:59:59Z"},
        {"subject": 5},
        {"Bad-Name": "x"},
        {"nested": {"a": 1}},
        {"n" * 65: "x"},
        {"data": {}, "data_base64": "AA=="},
        {"data": None, "data_base64": "§"},
        {"data": None, "data_base64": 5},
    ],
    ids=lambda spoilt: json.dumps(spoilt)[:40],
)
async def test_what_is_no_event_is_refused(tmp_path: Path, spoilt: dict[str, Any]) -> None:
    async with staged(tmp_path) as stage:
        answer = await stage.signed_post("/in/shop", EVENT | spoilt)
        assert answer.status == 400
        assert 5 < len(answer.body["error"]) < 200
        assert stage.events == []
        await stage.told("unreadable")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"NaN",
        b'{"specversion":"1.0","id":"1","source":"s","type":"t","data":1e999}',
        b"[" * 100_000,
        b'{"a":' * 40_000 + b"1" + b"}" * 40_000,
        b"1" * 5000,
        b'"text"',
        b"[]",
        b"null",
        b'{"specversion":"1.0","id":"1","source":"s","type":"t","data":{"env":"test","env":"prod"}}',
        b'{"specversion":"1.0","id":"1","source":"s","source":"t","type":"t"}',
    ],
    ids=lambda body: repr(body[:12]),
)
async def test_what_is_no_json_object_is_refused(tmp_path: Path, body: bytes) -> None:
    async with staged(tmp_path) as stage:
        answer = await stage.signed_post("/in/shop", body)
        assert answer.status == 400
        assert stage.events == []


async def test_data_may_be_nested_as_deeply_as_the_store_keeps_it(tmp_path: Path) -> None:
    def nested(depth: int) -> Any:
        value: Any = 1
        for _ in range(depth):
            value = [value]
        return value

    async with staged(tmp_path) as stage:
        assert (await stage.signed_post("/in/shop", EVENT | {"data": nested(32)})).status == 202
        answer = await stage.signed_post("/in/shop", EVENT | {"id": "2", "data": nested(33)})
        assert (answer.status, answer.body["error"]) == (400, "the body is nested too deeply")


@pytest.mark.parametrize("missing", ["ce-id", "ce-specversion", "ce-source", "ce-type"])
async def test_binary_mode_needs_its_headers(tmp_path: Path, missing: str) -> None:
    async with staged(tmp_path) as stage:
        headers = {name: value for name, value in BINARY.items() if name != missing}
        headers |= {"Content-Type": "application/json", **stage.signed(b"{}")}
        answer = await stage.send("/in/shop", b"{}", headers)
        assert answer.status == (415 if missing == "ce-type" else 400)
        assert stage.events == []


async def test_a_header_twice_is_refused(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        lines = [*(f"{name}: {value}" for name, value in BINARY.items()), "CE-ID: 2"]
        lines += [f"{name}: {value}" for name, value in stage.signed(b"{}").items()]
        lines += ["Content-Type: application/json", "Content-Length: 2", "Connection: close"]
        head = "POST /in/shop HTTP/1.1\r\nHost: x\r\n" + "\r\n".join(lines) + "\r\n\r\n"
        assert b"is there twice" in await stage.raw(head.encode() + b"{}")
        assert stage.events == []


async def test_lone_halves_of_surrogates_become_readable(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        body = json.dumps(EVENT | {"id": "\ud83d", "data": {"\udc00": "\ud83dx"}}).encode()
        assert (await stage.signed_post("/in/shop", body)).status == 202
        [event] = stage.events
        assert (event.id, event.data) == ("�", {"�": "�x"})


# ----------------------------------------------------------------------------- known again


async def test_an_event_that_comes_again_is_answered_the_same(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        first = await stage.signed_post("/in/shop", EVENT)
        second = await stage.signed_post("/in/shop", EVENT)
        assert (first.status, second.status) == (202, 200)
        assert first.body == second.body
        await stage.told("duplicate")
        assert stage.audit() == [
            ("event.repeated", {"via": "shop", "address": "127.0.0.1", "count": 1})
        ]


async def test_another_event_under_a_known_id_is_not_lost(tmp_path: Path) -> None:
    """A monitor says "firing", and then "resolved" under the same id."""
    resolved = EVENT | {"data": "resolved"}
    async with staged(tmp_path) as stage:
        for event, status in ((EVENT, 202), (resolved, 200), (resolved, 200), (EVENT, 200)):
            assert (await stage.signed_post("/in/shop", event)).status == status
        with stage.opened.reading() as reader:
            kept = [event.data for _, event in reader.bus_events() if event.source == "shop"]
        assert kept == [EVENT["data"], "resolved"]
        facts = {"via": "shop", "source": "shop", "event": "e-1"}
        assert stage.audit()[0] == ("event.changed", facts)


async def test_another_event_under_a_known_id_is_refused_where_it_says_so(tmp_path: Path) -> None:
    async with staged(tmp_path, source(on_conflict="refuse")) as stage:
        for event, status in ((EVENT, 202), (EVENT | {"data": 2}, 409), (EVENT | {"data": 2}, 409)):
            assert (await stage.signed_post("/in/shop", event)).status == status
        again = EVENT | {"time": "2026-03-01T16:00:09+08:00", "aliyunpublishtime": "later"}
        assert (await stage.signed_post("/in/shop", again)).status == 200
        with stage.opened.reading() as reader:
            assert len(list(reader.bus_events())) == 1


async def test_no_sender_swallows_anothers_event(tmp_path: Path) -> None:
    other = source(name="till", path="/till")
    async with staged(tmp_path, source(), other) as stage:
        for path in ("/in/shop", "/till"):
            assert (await stage.signed_post(path, EVENT)).status == 202
        with stage.opened.reading() as reader:
            marks = [event.mark for _, event in reader.bus_events()]
        assert marks == ["shop", "till"]


def test_only_the_same_source_and_id_make_the_same_event() -> None:
    def named(source: str, id: str) -> str:
        event = model.CloudEvent(id, source, "t", rig.START)
        return server.arrival(event)

    assert named("a", "b:c") != named("a:b", "c")
    assert named("a:b", "c") != named("a%3Ab", "c")
    assert named("s", "i") == "ce:s:i"
    long = [named("s" * 1000, "i" * length) for length in (1000, 1001)]
    assert len(set(long)) == 2
    assert all(len(one) < 100 for one in long)


# ----------------------------------------------------------------------------- EventBridge


async def test_the_documents_own_shape(tmp_path: Path) -> None:
    async with staged(tmp_path, source("eventbridge", only=("dingtalk.approval",))) as stage:
        for body in (FOUNDING, dumped(FOUNDING).replace(b", ", b" ,\n")):
            answer = await stage.signed_post("/in/shop", body, "application/json")
        assert answer.status == 200  # the same content is the same event
        event = stage.events[0]
        assert (event.source, event.type) == ("dingtalk.approval", "ProvisionRequest")
        assert event.data == {"emp_id": "E123", "role": "devops"}
        assert event.time == rig.START
        assert event.id.startswith("sha256-")
        other = FOUNDING | {"detail": {"emp_id": "E124", "role": "devops"}}
        answer = await stage.signed_post("/in/shop", other, "application/json")
        assert answer.status == 202


async def test_the_shape_with_all_that_aws_adds(tmp_path: Path) -> None:
    event = FOUNDING | {
        "version": "0",
        "id": "6a7e8feb",
        "account": "111122223333",
        "time": "2017-12-22T18:43:48Z",
        "region": "us-west-1",
        "resources": ["arn:aws:ec2:us-west-1:1:instance/i-1"],
    }
    async with staged(tmp_path, source("eventbridge", only=("dingtalk.approval",))) as stage:
        answer = await stage.signed_post("/in/shop", event, "application/json")
        assert answer.body == {"ids": ["ce:dingtalk.approval:6a7e8feb"]}
        [found] = stage.events
        assert found.time == datetime(2017, 12, 22, 18, 43, 48, tzinfo=UTC)
        assert found.extra == {
            "version": "0",
            "account": "111122223333",
            "region": "us-west-1",
            "resources": ["arn:aws:ec2:us-west-1:1:instance/i-1"],
        }
        for spoilt in ({"source": 5}, {"detail-type": ""}, {"resources": [{}]}, {"time": "x"}):
            answer = await stage.signed_post("/in/shop", event | spoilt, "application/json")
            assert answer.status == 400


async def test_a_finished_task_hurries_and_comes_by_token(tmp_path: Path) -> None:
    async with staged(tmp_path, source("eventbridge", secret="", token="t0ken")) as stage:
        kind = "application/json;charset=UTF-8"
        sent = {"x_eventbridge_signature_token": "t0ken"}
        answer = await stage.post("/in/shop", FINISHED, kind, **sent)
        assert answer.status == 202
        assert stage.hurried == 1
        [event] = stage.events
        assert event.extra["aliyunregionid"] == "cn-hangzhou"
        assert event.data["exitCode"] == "0"
        assert (await stage.post("/in/shop", FINISHED, kind, **sent)).status == 200
        other = FINISHED | {"type": "ecs:Instance:StateChange", "id": "2"}
        assert (await stage.post("/in/shop", other, kind, **sent)).status == 202
        assert stage.hurried == 1


async def test_an_http_event_of_eventbridge(tmp_path: Path) -> None:
    event = {
        **FINISHED,
        "id": "h-1",
        "source": "my.webhook",
        "type": "eventbridge:Events:HTTPEvent",
        "data": {
            "headers": {"X-User": "alice"},
            "path": "/webhook/putEvents",
            "httpMethod": "POST",
            "queryString": {},
            "body": {"k": "v"},
        },
    }
    mapped = source("eventbridge", mapping={"person": "$.data.headers['X-User']"}, person="bob")
    async with staged(tmp_path, mapped) as stage:
        answer = await stage.signed_post("/in/shop", [event], "application/json")
        assert answer.status == 202
        [arrived] = stage.taken
        assert isinstance(arrived, model.EventReceived)
        assert arrived.person == "alice"
        assert arrived.event.data["body"] == {"k": "v"}
        event["data"] = {"headers": {}}
        await stage.signed_post("/in/shop", event | {"id": "h-2"}, "application/json")
        assert stage.taken[-1].person == "bob"  # type: ignore[union-attr]


# ----------------------------------------------------------------------------- webhooks


MAPPING = {
    "source": "monitoring",
    "type": "$.headers.x-event",
    "id": "$.body.alerts[0].fingerprint",
    "subject": "$.query.team",
    "time": "$.body.at",
    "data": "$.body.alerts[-1]",
    "person": "$.body['on call']",
}
ALERT = {
    "alerts": [{"fingerprint": "f-1"}, {"fingerprint": 2, "labels": {"a": "b"}}],
    "on call": "carol",
    "at": "2026-02-28T23:00:00Z",
}


async def test_a_webhook_is_mapped(tmp_path: Path) -> None:
    async with staged(tmp_path, source("webhook", mapping=MAPPING)) as stage:
        body = dumped(ALERT)
        headers = {"Content-Type": "application/json", "X-Event": "firing", **stage.signed(body)}
        answer = await stage.send("/in/shop?team=dba", body, headers)
        assert answer.body == {"ids": ["ce:monitoring:f-1"]}
        [arrived] = stage.taken
        assert isinstance(arrived, model.EventReceived)
        assert arrived.person == "carol"
        assert arrived.event == model.CloudEvent(
            id="f-1",
            source="monitoring",
            type="firing",
            subject="dba",
            time=datetime(2026, 2, 28, 23, tzinfo=UTC),
            data={"fingerprint": 2, "labels": {"a": "b"}},
        )


async def test_a_webhook_without_a_mapping(tmp_path: Path) -> None:
    async with staged(tmp_path, source("webhook", person="alice")) as stage:
        assert (await stage.signed_post("/in/shop", ["any"], "application/json")).status == 202
        [event] = stage.events
        assert (event.source, event.type, event.data) == ("shop", "webhook", ["any"])


@pytest.mark.parametrize("missing", ["id", "type", "data", "time", "subject"])
async def test_a_webhook_whose_mapping_finds_nothing(tmp_path: Path, missing: str) -> None:
    mapping = {missing: "$.body.nothing.here"}
    async with staged(tmp_path, source("webhook", mapping=mapping)) as stage:
        answer = await stage.signed_post("/in/shop", ALERT, "application/json")
        assert answer.status == 400
        assert answer.body["error"] == f"there is no {missing} where the mapping looks for it"


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2020-08-17T16:04:46.149Asia/Shanghai", "2020-08-17T08:04:46.149000+00:00"),
        ("2020-08-17T16:04:46 Asia/Shanghai", "2020-08-17T08:04:46+00:00"),
        ("2020-08-17T16:04:46+08:00[Asia/Shanghai]", "2020-08-17T08:04:46+00:00"),
        ("2026-07-01T12:00:00America/New_York", "2026-07-01T16:00:00+00:00"),
        ("2020-08-17T16:04:46Mars/Olympus", ""),
        ("16:04 Asia/Shanghai", ""),
    ],
)
async def test_times_with_the_name_of_a_zone(tmp_path: Path, written: str, moment: str) -> None:
    mapping = {"time": "$.body.time", "id": "$.body.id"}
    webhook = source("webhook", name="w", path="/w", mapping=mapping)
    other = source("eventbridge", name="e", path="/e")
    async with staged(tmp_path, source(), webhook, other) as stage:
        bare = {"source": "x", "detail-type": "t", "id": "3", "time": written, "detail": 1}
        answers = [
            await stage.signed_post("/in/shop", EVENT | {"time": written}),
            await stage.signed_post("/w", {"time": written, "id": "2"}, "application/json"),
            await stage.signed_post("/e", bare, "application/json"),
        ]
        assert [one.status for one in answers] == [202 if moment else 400] * 3
        assert [one.time.isoformat() for one in stage.events] == [moment] * 3 * bool(moment)


@pytest.mark.parametrize(
    ("at", "moment"),
    [
        (1767225600, "2026-01-01T00:00:00+00:00"),
        ("1767225600", "2026-01-01T00:00:00+00:00"),
        (1767225600.25, "2026-01-01T00:00:00.250000+00:00"),
        (1767225600250, "2026-01-01T00:00:00.250000+00:00"),
        ("2026-01-01 00:00:00", ""),
        ("yesterday", ""),
        (12, ""),
    ],
)
async def test_a_webhook_may_count_its_time_in_seconds_and_is_told_what_else_is_read(
    tmp_path: Path, at: Any, moment: str
) -> None:
    mapping = {"time": "$.body.at", "id": "$.headers.X-Delivery"}
    async with staged(tmp_path, source("webhook", mapping=mapping)) as stage:
        body = dumped({"at": at})
        headers = {"Content-Type": "application/json", "X-Delivery": "d-1", **stage.signed(body)}
        answer = await stage.send("/in/shop", body, headers)
        if moment:
            assert answer.body == {"ids": ["ce:shop:d-1"]}, "capital letters make no other header"
        else:
            assert "the event's time can't be read: write it with its zone" in answer.body["error"]
        assert [one.time.isoformat() for one in stage.events] == [moment] * bool(moment)


# ----------------------------------------------------------------------------- whose events


@pytest.mark.parametrize("named", ["countersign", "countersign/ab12cd"])
@pytest.mark.parametrize("kind", ["eventbridge", "webhook"])
async def test_nobody_speaks_for_the_bot(tmp_path: Path, named: str, kind: str) -> None:
    mapping = {"source": "$.body.source"} if kind == "webhook" else {}
    async with staged(tmp_path, source(kind, mapping=mapping)) as stage:
        answer = await stage.signed_post("/in/shop", EVENT | {"source": named}, "application/json")
        assert answer.status == 403
        assert stage.events == []


async def test_a_sender_speaks_only_for_its_own_sources(tmp_path: Path) -> None:
    async with staged(tmp_path, source(only=("shop", "till/*"))) as stage:
        for number, (named, status) in enumerate(
            [("shop", 202), ("till/7", 202), ("till", 403), ("shop2", 403), ("acs.ecs", 403)]
        ):
            event = EVENT | {"source": named, "id": str(number)}
            assert (await stage.signed_post("/in/shop", event)).status == status
        await stage.told("source")


@pytest.mark.parametrize("only", [(), ("*",)])
@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"source": "dingtalk.approval"}, 403),
        ({"source": "Lark.approval"}, 403),
        ({"type": "dingtalk.approval"}, 403),
        ({"type": "countersign.run.completed"}, 403),
        ({"type": "Countersign.run.completed"}, 403),
        ({"source": "countersigned/x"}, 403),
        ({"type": "approval.approved"}, 403),
        ({"type": "Approval.Approved"}, 403),
        ({"type": "approval.approved", "source": "dingtalks.approval"}, 403),
        ({"type": "approval.approval"}, 202),
        ({"source": "dingtalks.approval", "type": "larks.x"}, 202),
    ],
)
async def test_reserved_names_come_from_nobody_else(
    tmp_path: Path, given: dict[str, str], status: int, only: tuple[str, ...]
) -> None:
    async with staged(tmp_path, source(only=only)) as stage:
        answer = await stage.signed_post("/in/shop", EVENT | given)
        assert answer.status == status
        assert bool(stage.events) == (status == 202), "the door and the core judge alike"


async def test_a_sender_that_is_declared_for_a_reserved_name_may_use_it(tmp_path: Path) -> None:
    async with staged(tmp_path, source(only=("dingtalk.*",))) as stage:
        event = EVENT | {"source": "dingtalk.approval", "type": "dingtalk.filed"}
        assert (await stage.signed_post("/in/shop", event)).status == 202
        agreed = event | {"type": "approval.approved", "id": "2"}
        assert (await stage.signed_post("/in/shop", agreed)).status == 202
        for other in ({"source": "lark.approval"}, {"type": "lark.x"}, {"type": "countersign.x"}):
            assert (await stage.signed_post("/in/shop", event | other)).status == 403


async def test_what_the_core_refuses_is_not_answered_as_taken(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:

        async def refusing(event: model.Event) -> model.Receipt:
            return model.Receipt("this could not be decided", "error")

        stage.answerer = refusing
        answer = await stage.signed_post("/in/shop", EVENT)
        assert (answer.status, answer.body) == (422, {"error": "this could not be decided"})


def test_the_shapes_are_read_without_a_socket() -> None:
    found = shapes.read(
        inlet_stage.source("eventbridge", only=("dingtalk.approval",)),
        "application/json",
        {},
        {},
        dumped(FOUNDING),
        rig.START,
    )
    assert found[0][0].plain()["data"] == FOUNDING["detail"]


async def test_an_event_that_costs_too_much_is_refused_with_its_whole_batch(tmp_path: Path) -> None:
    """The rules are asked before anything is handed over, so that 413 means: nothing was taken."""
    when = "$.source == '/shop' && $.data.a prefix 'x' && $.data.b == {}"
    rules = bus_stage.rules(**{f"r{n}": (when.format(n), bus_stage.webhook()) for n in range(50)})
    matching = matcher.Matcher(lambda: rules)
    costly = {"a": [f"y{n}" for n in range(10_000)], "b": list(range(50))}
    small = EVENT | {"source": "/shop"}
    async with staged(tmp_path, look=matching.look) as stage:
        batch = json.dumps([small, small | {"id": "2", "data": costly}]).encode()
        answer = await stage.signed_post(
            "/in/shop", batch, kind="application/cloudevents-batch+json"
        )
        assert answer.status == 413
        assert "more than 200000 comparisons" in answer.body["error"]
        assert stage.events == []
        await stage.told("too large")
        answer = await stage.signed_post("/in/shop", small)
        assert answer.status == 202
        [taken] = [one for one in stage.taken if isinstance(one, model.EventReceived)]
        assert taken.meant == model.Meant(rules.number, ())
    matching.close()
