"""Whole payloads in, events out; and what no payload, however odd, may do."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.dingtalk import events
from bot import model
from tests import properties
from tests.adapters.dingtalk_gateway import CARD, CHAT, chat

SAMPLES = Path(__file__).parent.parent / "payloads" / "dingtalk"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def sample(name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((SAMPLES / name).read_text())
    return value


def frame(topic: str, data: Any, **headers: Any) -> dict[str, Any]:
    whole = {"topic": topic, "messageId": "id-1", "time": "1769851697756", **headers}
    data = data if isinstance(data, str) else json.dumps(data)
    return {"type": "CALLBACK", "headers": whole, "data": data}


def asked(**fields: Any) -> model.MessageReceived:
    event = events.to_event(frame(CHAT, chat("1") | fields), NOW)
    assert isinstance(event, model.MessageReceived)
    return event


def clicked(data: Any) -> model.CardAction:
    event = events.to_event(frame(CARD, data), NOW)
    assert isinstance(event, model.CardAction)
    return event


def form(data: Any, **headers: Any) -> Any:
    whole = {"eventType": "bpms_instance_change", "eventId": "ev-1", "eventCorpId": "corp"}
    whole |= {"eventBornTime": 1683533823336, "messageId": "m"} | headers
    return events.to_event({"type": "EVENT", "headers": whole, "data": json.dumps(data)}, NOW)


# ----------------------------------------------------------------------------- samples


def test_the_documented_chat_frame() -> None:
    event = events.to_event(sample("doc_stream_chat_frame.json"), NOW)
    assert isinstance(event, model.MessageReceived)
    assert event.id == "dingtalk:msg:msgLICYe****HgY4JtMQw=="
    assert event.text == "测试数据"
    assert event.account == model.Account("dingtalk", "ding9*****d16741", "", "用户")
    assert event.place.chat == "cidAsXSBLnA=="
    assert event.place.webhook.startswith("https://oapi.dingtalk.com/robot/sendBySession?")
    assert event.at.timestamp() == 1690362101.894  # from ``createA``
    assert event.place.webhook_until.timestamp() == 1690367502.152
    assert event.mentions == ()


def test_the_documented_click() -> None:
    event = events.to_event(sample("doc_stream_card_callback_frame.json"), NOW)
    assert isinstance(event, model.CardAction)
    assert (event.id, event.action, event.card) == ("dingtalk:click:xxxx", "like", "xxxx")
    assert (event.request, event.code) == (0, "")
    assert event.account == model.Account("dingtalk", "dingxxxx", "xxxx")


def test_the_documented_form_event() -> None:
    said = sample("doc_bpms_instance_stream.json")
    data = said.pop("data")
    frame = {"type": "EVENT", "headers": said | {"topic": "*"}, "data": json.dumps(data)}
    event = events.to_event(frame, NOW)
    assert event == model.FormChanged(
        "dingtalk:event:c7c7120f2c07419**ebdba0318c8",
        datetime.fromtimestamp(1683533823.336, UTC),
        "dingtalk",
        "ding9f50b15bxxxx16741",
        "Pro-xxx",
        "9Qgx5QqjR7axMwxxxx",
        "approved",
    )


@pytest.mark.parametrize("name", ["doc_bpms_task_stream.json", "bpms_task_start_2021.json"])
def test_task_events_are_of_no_interest(name: str) -> None:
    said = sample(name)
    headers = {"eventType": "bpms_task_change", "eventId": "e"}
    frame = {"type": "EVENT", "headers": headers, "data": json.dumps(said.get("data", said))}
    ignored = events.to_event(frame, NOW)
    assert isinstance(ignored, events.Ignored)
    assert ignored.code == 200


def test_the_quoting_fixture() -> None:
    event = events.to_event(frame(CHAT, sample("fixture_quote_reply_text.json")), NOW)
    assert isinstance(event, model.MessageReceived)
    assert event.text == "/issue explain the quoted failure"
    assert event.quoted == "quoted-message"
    assert event.place.direct
    assert event.place.chat == "staff-9"


# ----------------------------------------------------------------------------- chat


def test_people_are_named_and_the_bot_is_not() -> None:
    users = [
        {"dingtalkId": "$:bot"},
        {"dingtalkId": "$:u2", "staffId": "0612"},
        {"dingtalkId": "$:guest", "staffId": ""},
        "nonsense",
    ]
    assert asked(atUsers=users).mentions == (
        model.Account("dingtalk", "corp", "0612"),
        model.Account("dingtalk", "corp", ""),
    )


def test_somebody_of_another_organisation_is_an_outsider() -> None:
    account = asked(senderCorpId="elsewhere", senderStaffId="u1").account
    assert account == model.Account("dingtalk", "elsewhere", "", "Li")
    assert asked(senderStaffId="").account.id == ""


RICH = [
    ([{"text": "@bot"}, {"text": " approve 42 "}], "approve 42"),
    ([{"text": "@Ops Bot"}, {"text": "approve 42"}], "approve 42"),
    ([{"text": "@bot approve 42"}], "@bot approve 42"),
    ([{"text": "@Ops Bot approve 42"}], "@Ops Bot approve 42"),
    ([{"text": "@bot"}, {"type": "picture", "downloadCode": "x"}, {"text": "run"}], "run"),
    (
        [{"type": "at", "text": "@bot"}, {"type": "text", "content": "run"}, {"text": " it"}],
        "run it",
    ),
    ([{"text": "app"}, {"text": "rove"}, None, 7, "42"], "approve  42"),
    ([{"text": "restart "}, {"type": "code", "text": "web-01"}], "restart web-01"),
    ([{"text": "restart "}, {"type": "picture", "text": "[pic]"}, "web-01"], "restart web-01"),
    ([{"text": "@bot"}], ""),
    ([], ""),
]


@pytest.mark.parametrize(("parts", "text"), RICH)
def test_rich_text_is_read_without_its_mentions(parts: list[Any], text: str) -> None:
    event = asked(msgtype="richText", text=None, content={"richText": parts})
    assert " ".join(event.text.split()) == " ".join(text.split())


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("@Ops Bot restart web-01", "restart web-01"),
        (" @ops bot\u00a0restart web-01", "restart web-01"),
        ("@Ops Bot", ""),
        ("@Ops Botanist restart web-01", "@Ops Botanist restart web-01"),
        ("restart web-01 for @Ops Bot", "restart web-01 for @Ops Bot"),
    ],
)
def test_the_name_of_the_robot_is_no_part_of_the_text(said: str, text: str) -> None:
    data = chat("1") | {"text": {"content": said}}
    event = events.to_event(frame(CHAT, data), NOW, "Ops Bot")
    assert isinstance(event, model.MessageReceived)
    assert event.text == text


@pytest.mark.parametrize("kind", ["picture", "file", "audio", "unknownMsgType", "interactiveCard"])
def test_what_has_no_words_has_an_empty_text(kind: str) -> None:
    assert asked(msgtype=kind, text=None, content={"downloadCode": "x"}).text == ""


def test_a_quoted_card_is_named_by_its_process_query_key() -> None:
    replied = {"msgId": "q", "msgType": "interactiveCard"}
    text = {"content": " approve", "isReplyMsg": True, "repliedMsg": replied}
    assert asked(text=text, originalProcessQueryKey="pqk").quoted == "pqk"
    rich = {"richText": [{"text": "approve"}], "isReplyMsg": "true", "repliedMsg": replied}
    event = asked(text=None, msgtype="richText", content=rich | {"originalProcessQueryKey": "pqk"})
    assert (event.quoted, event.text) == ("pqk", "approve")


def test_a_message_that_is_no_reply_quotes_nothing() -> None:
    assert asked(originalMsgId="m", originalProcessQueryKey="pqk").quoted == ""


def test_over_quota_is_left_aside_aloud() -> None:
    data = {"errorCode": 20001, "errorMessage": "…", "conversationId": "c", "msgId": "m"}
    ignored = events.to_event(frame(CHAT, data), NOW)
    assert isinstance(ignored, events.Ignored)
    assert ignored.warn
    assert "quota" in ignored.reason


def test_redelivery_has_the_same_id_whatever_the_frame() -> None:
    first = events.to_event(frame(CHAT, chat("1"), messageId="a"), NOW)
    second = events.to_event(frame(CHAT, chat("1"), messageId="b"), NOW)
    assert first == second
    lost = [
        events.to_event(frame(CHAT, chat("1") | {"msgId": None}, messageId=None), NOW)
        for _ in range(2)
    ]
    assert lost[0] == lost[1]
    assert isinstance(lost[0], model.MessageReceived)
    assert lost[0].id.startswith("dingtalk:msg:sha-")


# ----------------------------------------------------------------------------- clicks

PARAMS = {"action": "approve", "id": "approve", "rid": "42", "code": "c0de", "reason": " late "}


def click(body: Any, key: str = "content", **fields: Any) -> dict[str, Any]:
    base = {"outTrackId": "t1", "userId": "0612", "userIdType": 1, "corpId": "corp"}
    return base | {"spaceId": "cid", key: body} | fields


@pytest.mark.parametrize("key", ["content", "value"])
@pytest.mark.parametrize("as_text", [True, False])
@pytest.mark.parametrize(
    "body",
    [
        {"cardPrivateData": {"actionIds": ["x"], "params": PARAMS}},
        {"cardPrivateData": {"actionIds": ["x"]}, "params": PARAMS},
        {"cardPrivateData": {"params": json.dumps(PARAMS)}},
    ],
)
def test_a_click_in_all_its_forms(key: str, as_text: bool, body: dict[str, Any]) -> None:
    event = clicked(click(json.dumps(body) if as_text else body, key))
    assert (event.action, event.request, event.code) == ("approve", 42, "c0de")
    assert event.reason == "late"
    assert event.card == "t1"
    assert event.account == model.Account("dingtalk", "corp", "0612")
    assert event.place.chat == "cid"


def test_a_click_that_names_only_the_button() -> None:
    event = clicked(click({"cardPrivateData": {"actionIds": ["reject"]}}))
    assert (event.action, event.request, event.code) == ("reject", 0, "")


def test_a_click_by_union_id_is_by_nobody_we_know() -> None:
    data = click({"cardPrivateData": {"actionIds": ["reject"]}}, userIdType=2)
    assert clicked(data).account.id == ""


@pytest.mark.parametrize("rid", ["", "-1", "1.5", "４２", "9" * 40, None, [1], "0x1"])
def test_an_odd_request_number_is_none(rid: Any) -> None:
    body = {"cardPrivateData": {"params": {"action": "approve", "rid": rid}}}
    assert clicked(click(body)).request == 0


@pytest.mark.parametrize("data", [{}, click({}), click("[]"), click({"cardPrivateData": 1})])
def test_a_click_without_an_action_is_passed_over(data: dict[str, Any]) -> None:
    ignored = events.to_event(frame(CARD, data), NOW)
    assert isinstance(ignored, events.Ignored)
    assert ignored.code == 200


# ----------------------------------------------------------------------------- forms


@pytest.mark.parametrize(
    ("kind", "result", "status"),
    [
        ("finish", "agree", "approved"),
        ("finish", "refuse", "rejected"),
        ("FINISH", "Agree", "approved"),
        ("terminate", None, "withdrawn"),
        ("delete", "", "withdrawn"),
    ],
)
def test_the_states_of_a_form(kind: str, result: Any, status: str) -> None:
    event = form({"processInstanceId": "i", "processCod": "PROC-1", "type": kind, "result": result})
    assert isinstance(event, model.FormChanged)
    assert (event.status, event.form, event.instance) == (status, "PROC-1", "i")
    assert (event.id, event.tenant) == ("dingtalk:event:ev-1", "corp")


@pytest.mark.parametrize(
    ("kind", "result"),
    [("start", ""), ("finish", ""), ("finish", "redirect"), ("comment", "agree"), (None, "agree")],
)
def test_of_an_undecided_form_it_is_said_that_it_has_changed(kind: Any, result: str) -> None:
    """It may revoke another one, which only reading it tells."""
    event = form({"processInstanceId": "i", "type": kind, "result": result})
    assert isinstance(event, model.FormChanged)
    assert event.status == "changed"


def test_of_every_documented_event_only_those_of_instances_are_ours() -> None:
    told = json.loads((SAMPLES / "bpms_events_every_type.json").read_text("utf-8"))
    ours = [form(data, eventType=data["EventType"]) for data in told]
    statuses = [each.status for each in ours if isinstance(each, model.FormChanged)]
    assert statuses == [
        *("changed", "approved", "rejected", "withdrawn", "withdrawn"),
        *("changed", "changed", "changed"),
    ]


def test_without_the_header_the_organisation_stands_in_the_data() -> None:
    data = {"processInstanceId": "i", "type": "finish", "result": "agree", "corpId": "other"}
    assert form(data, eventCorpId=None).tenant == "other"
    assert isinstance(form(data | {"processInstanceId": ""}), events.Ignored)


# ----------------------------------------------------------------------------- anything at all

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(st.characters(), max_size=8)
    | st.sampled_from(["1", "2", "text", "finish", "agree", CHAT, CARD, "approve"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = sorted(
    {*chat("1"), *PARAMS}
    | {"atUsers", "content", "value", "cardPrivateData", "params", "actionIds", "outTrackId"}
    | {"richText", "isReplyMsg", "repliedMsg", "originalMsgId", "errorCode", "userIdType"}
    | {"processInstanceId", "processCode", "type", "result", "spaceType", "corpId"}
)
LIKELY = st.dictionaries(st.sampled_from(KEYS), JSON, max_size=14)


@settings(max_examples=properties.examples(300), deadline=None)
@given(
    st.sampled_from(["CALLBACK", "EVENT", "SYSTEM", None]),
    st.dictionaries(st.sampled_from(["topic", "eventType", "eventId", "messageId", "time"]), JSON),
    LIKELY | LIKELY.map(lambda data: chat("1") | data) | JSON,
    st.booleans(),
    st.sampled_from([CHAT, CARD, None]),
)
def test_nothing_breaks_it(kind: Any, headers: Any, data: Any, as_text: bool, topic: Any) -> None:
    if topic:
        headers["topic"] = topic
    if kind == "EVENT":
        headers["eventType"] = "bpms_instance_change"
    body = json.dumps(data) if as_text else data
    event = events.to_event({"type": kind, "headers": headers, "data": body}, NOW)
    if isinstance(event, events.Ignored):
        assert event.reason
    else:
        assert event.id.startswith("dingtalk:")
        assert event.at.tzinfo is not None
        repr(event).encode()  # no lone surrogate is left in it
