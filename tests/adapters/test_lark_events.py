"""Whole payloads, as documented and as they really come, to the house's events."""

from __future__ import annotations

import copy
import json
import pathlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.lark import events, messages
from bot import model
from tests import properties
from tests.adapters import lark_loopback as loopback

PAYLOADS = pathlib.Path(__file__).parent.parent / "payloads" / "lark"


def sample(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_text())


def test_the_documented_message_in_a_topic():
    event = events.to_event(
        sample("official_im_message_receive_v1_thread_mention"),
        "ou_84aad35d084aa403a838cf73ee18467",
    )
    assert event == model.MessageReceived(
        id="lark:msg:om_5ce6d572455d361153b7cb51da133945",
        at=datetime(2020, 12, 27, 12, 45, 51, 345000, UTC),
        account=model.Account("lark", "736588c9260f175e", "ou_84aad35d084aa403a838cf73ee18467"),
        place=model.Place(
            "lark",
            "2ca1d211f64f6438",
            "oc_5ce6d572455d361153b7xx51da133945",
            message="om_5ce6d572455d361153b7cb51da133945",
            thread="omt_d4be107c616",
        ),
        text="hello",
        quoted="om_5ce6d572455d361153b7cb5xxfsdfsdfdsf",
    )


def test_the_documented_click_without_a_request_of_ours():
    event = events.to_event(sample("official_card_action_trigger"), "ou_bot")
    assert isinstance(event, model.CardAction)
    assert (event.request, event.code, event.action) == (0, "", "")
    assert event.at == datetime(2020, 10, 29, 13, 14, 58, tzinfo=UTC)
    assert event.account.id.startswith("ou_3c14f3a59eaf")
    assert event.card.startswith("om_574d639e4a44")


@pytest.mark.parametrize(
    "name",
    [
        "official_approval_cc_v1_event",
        "official_approval_task_v1_event",
        "official_approval_instance_get_response",
        "official_im_message_create_response",
        "lark_cli_im_message_receive_v1",
    ],
)
def test_payloads_that_are_no_event_for_us(name):
    assert events.to_event(sample(name), "ou_bot") is None


def test_a_group_message_is_ours_only_if_it_mentions_the_bot():
    payload = loopback.message_payload()
    assert events.to_event(payload, "ou_other") is None
    assert events.to_event(payload, "") is None
    assert events.to_event(payload, "ou_bot") is not None
    payload["event"]["message"]["mentions"] = None
    payload["event"]["message"]["content"] = '{"text": "restart web-01"}'
    assert events.to_event(payload, "ou_bot") is None


def test_a_direct_message_needs_no_mention():
    payload = loopback.message_payload(text="  help \n")
    payload["event"]["message"] |= {"chat_type": "p2p", "mentions": None}
    event = events.to_event(payload, "ou_bot")
    assert isinstance(event, model.MessageReceived)
    assert (event.text, event.place.direct, event.mentions) == ("help", True, ())


def test_mentions_are_resolved_by_key_and_the_bots_own_taken_out():
    payload = loopback.message_payload(
        text="@_user_1 restart @_user_1 web-01 for @_user_2 @_user_12"
    )
    event = events.to_event(payload, "ou_bot")
    assert isinstance(event, model.MessageReceived)
    assert event.text == "restart web-01 for @Bob @_user_12"
    assert event.mentions == (model.Account("lark", "tk_demo", "ou_bob", "Bob"),)


def test_a_post_is_read_line_by_line():
    content = {
        "title": "Deploy",
        "content": [
            [{"tag": "at", "user_id": "@_user_1"}, {"tag": "text", "text": " run "}],
            [{"tag": "a", "text": "web.example", "href": "http://x"}, {"tag": "img"}, "odd"],
            [{"tag": "code_block", "text": "uptime\nid"}],
        ],
    }
    payload = loopback.message_payload()
    for given_content in (content, {"zh_cn": content}):
        payload["event"]["message"] |= {
            "message_type": "post",
            "content": json.dumps(given_content),
        }
        event = events.to_event(payload, "ou_bot")
        assert isinstance(event, model.MessageReceived)
        assert event.text == "Deploy\nrun \nweb.example\nuptime\nid"


@pytest.mark.parametrize(
    ("elements", "text"),
    [
        ([{"tag": "text", "text": "restart "}, {"tag": "code_inline", "text": "web-01"}], ""),
        ([{"tag": "at", "user_id": "@_user_1"}, {"tag": "text", "text": "restart web-01"}], ""),
        ([{"tag": "text", "text": "restart"}, {"tag": "emotion", "emoji_type": "OK"},
          {"tag": "img", "image_key": "i"}, {"tag": "new", "text": "web-01"}], ""),
        ([{"tag": "text", "text": "restart web-01 for"}, {"tag": "at", "user_id": "@_user_2"},
          {"tag": "text", "text": "now"}], "restart web-01 for @Bob now"),
    ],
)  # fmt: skip
def test_no_word_of_a_post_is_lost_or_grown_together(elements, text):
    payload = loopback.message_payload()
    content = json.dumps({"content": [elements]})
    payload["event"]["message"] |= {"message_type": "post", "content": content}
    assert events.to_event(payload, "ou_bot").text == (text or "restart web-01")


@pytest.mark.parametrize(
    "wrap", [lambda post: {"post": post}, lambda post: {"post": {"en_us": post}}]
)
def test_a_post_may_be_wrapped(wrap):
    payload = post(SAID)
    content = json.loads(payload["event"]["message"]["content"])
    payload["event"]["message"] |= {"content": json.dumps(wrap(content)), "chat_type": "p2p"}
    assert events.to_event(payload, "ou_bot").text == "restart web-01 for"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("restart [web-01.example.com](http://web-01.example.com)", "restart web-01.example.com"),
        ("restart [web-01](https://wiki.example.com/m?a=(b))", "restart web-01"),
        ("help [a@b.com](mailto:a@b.com)", "help a@b.com"),
        ("restart [a.example](http://a.example)@_user_2", "restart a.example @Bob"),
        ("restart web-01 [a.io](http://a.io/)@_user_1 now", "restart web-01 a.io now"),
        ("restart web-01@_user_1 reason=x", "restart web-01 reason=x"),
        ("restart web-01@_user_2", "restart web-01 @Bob"),
        (
            "run web-01 -- curl [http://a.example/x](http://a.example/x) '[b](http://c.example)'",
            "run web-01 -- curl http://a.example/x '[b](http://c.example)'",
        ),
        ("run web-01 -- echo [a] (b) [c](d)", "run web-01 -- echo [a] (b) [c](d)"),
    ],
)
def test_a_link_in_a_text_is_what_people_see_of_it(text, read):
    payload = loopback.message_payload(text=f"@_user_1 {text}")
    assert events.to_event(payload, "ou_bot").text == read


def test_links_as_they_come():
    found = [
        events.to_event(payload, "ou_0613548ed72dfb933ad70156da7accd8").text
        for payload in sample("msgs_links")
    ]
    assert found == ["restart web-01.example.com", "help a@b.com"]


def test_who_clicked_may_be_nested():
    for payload in sample("cards_nested_operator"):
        event = events.to_event(payload, "ou_bot")
        assert (event.account.id, event.request) == ("ou_8b406d852417c2ef3d6faddc3285381a", 7)


@pytest.mark.parametrize("kind", ["image", "sticker", "", None, 7])
def test_other_kinds_of_message_are_taken_without_their_content(kind):
    payload = loopback.message_payload()
    payload["event"]["message"]["message_type"] = kind
    event = events.to_event(payload, "ou_bot")
    assert (event.text, bool(event.unread)) == ("", True)


@pytest.mark.parametrize("kind", ["bot", "app"])
def test_other_bots_are_not_listened_to(kind):
    payload = loopback.message_payload()
    payload["event"]["sender"]["sender_type"] = kind
    assert events.to_event(payload, "ou_bot") is None


def test_half_characters_are_replaced_so_that_the_text_can_be_stored():
    payload = loopback.message_payload()
    payload["event"]["message"]["content"] = '{"text":"@_user_1 a\\ud83d b\\ud83d\\ude00"}'
    event = events.to_event(payload, "ou_bot")
    assert isinstance(event, model.MessageReceived)
    assert event.text == "a\ufffd b😀"


@pytest.mark.parametrize(
    "action",
    [
        {"value": {"act": "reject", "rid": 42, "code": "abcd1234"}},
        {"value": json.dumps({"act": "reject", "rid": "42", "code": "abcd1234"})},
        {"name": "btn_reject", "value": {"rid": 42, "code": "abcd1234"}},
    ],
)
def test_a_click_carries_what_its_button_carried(action):
    payload = loopback.click_payload(**action, form_value={"reason": " not now "})
    assert events.to_event(payload, "ou_bot") == model.CardAction(
        id="lark:click:ev-0002",
        at=datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC),
        account=model.Account("lark", "tk_demo", "ou_bob"),
        place=model.Place("lark", "tk_demo", "oc_ops", message="om_card1"),
        card="om_card1",
        action="reject",
        request=42,
        code="abcd1234",
        reason="not now",
    )


@pytest.mark.parametrize(
    "value",
    ["x", "[1]", 7, None, {"rid": True}, {"rid": -3}, {"rid": 2**64}, {"rid": "٣"}, {"rid": 1.5}],
)
def test_a_button_with_an_odd_value_names_no_request(value):
    event = events.to_event(loopback.click_payload(value=value), "ou_bot")
    assert isinstance(event, model.CardAction)
    assert event.request == 0


def test_identity_never_comes_from_the_button():
    value = {"act": "approve", "rid": 1, "open_id": "ou_boss", "operator": "ou_boss"}
    event = events.to_event(loopback.click_payload(value=value), "ou_bot")
    assert isinstance(event, model.CardAction)
    assert event.account.id == "ou_bob"


@pytest.mark.parametrize(
    ("status", "ours"),
    [
        ("APPROVED", "approved"),
        ("REJECTED", "rejected"),
        ("CANCELED", "withdrawn"),
        ("DELETED", "withdrawn"),
        ("REVERTED", "withdrawn"),
        ("PENDING", "changed"),
        ("OVERTIME_CLOSE", "changed"),
        ("NEW_ONE", "changed"),
    ],
)
@pytest.mark.parametrize("operate_time", ["1666079207003", 1666079207003])
def test_the_states_of_an_approval_instance(status, ours, operate_time):
    payload = sample("official_approval_instance_v1_event")
    payload["event"] |= {"status": status, "operate_time": operate_time}
    event = events.to_event(payload, "ou_bot")
    assert event == model.FormChanged(
        id="lark:event:bc447199585340d1f3728d26b1c0297a",
        at=datetime(2022, 10, 18, 7, 46, 47, 3000, UTC),
        platform="lark",
        tenant="xxx",
        form="7C468A54-8745-2245-9675-08B7C63E7A85",
        instance="81D31358-93AF-92D6-7425-01A5D67C4E71",
        status=ours,
    )


def test_a_recalled_message():
    payload = {
        "header": {"event_type": "im.message.recalled_v1", "tenant_key": "tk"},
        "event": {"message_id": "om_1", "chat_id": "oc", "recall_time": "1767225600001"},
    }
    assert events.to_event(payload, "ou_bot") == model.MessageRecalled(
        "lark:recall:om_1", datetime(2026, 1, 1, 0, 0, 0, 1000, UTC), "lark", "tk", "om_1"
    )


def test_a_payload_without_any_time_gets_the_time_it_came():
    payload = loopback.message_payload()
    del payload["event"]["message"]["create_time"], payload["header"]["create_time"]
    now = datetime(2026, 1, 2, tzinfo=UTC)
    event = events.to_event(payload, "ou_bot", now)
    assert isinstance(event, model.MessageReceived)
    assert event.at == now


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize(
    "valid",
    [
        loopback.message_payload(),
        loopback.click_payload(value={"act": "a", "rid": 1}, form_value={"reason": "r"}),
        sample("official_approval_instance_v1_event")
        | {
            "event": sample("official_approval_instance_v1_event")["event"] | {"status": "APPROVED"}
        },
    ],
)
@given(data=st.data())
@settings(max_examples=properties.examples(150), deadline=None)
def test_nothing_in_a_payload_can_make_it_raise_or_unstorable(valid, data):
    payload = copy.deepcopy(valid)
    for _ in range(data.draw(st.integers(1, 3))):
        spot: Any = payload
        while isinstance(spot, dict) and spot:
            key = data.draw(st.sampled_from(sorted(spot)))
            if not isinstance(spot[key], dict) or data.draw(st.booleans()):
                spot[key] = data.draw(anything)
                break
            spot = spot[key]
    event = events.to_event(payload, "ou_bot")
    if event is not None:
        model.canonical(repr(event)).encode()
        assert event.at.tzinfo is not None


@given(anything)
def test_garbage_is_no_event(value):
    assert events.to_event(value, "ou_bot") is None


# ------------------------------------------------------------------------- whatever is sent


OTHERS = json.loads((PAYLOADS / "msgs_every_other_type.json").read_text("utf-8"))


@pytest.mark.parametrize(
    "payload",
    OTHERS,
    ids=lambda one: "-".join(one["event"]["message"][key] for key in ("chat_type", "message_type")),
)
def test_a_message_without_words_is_taken_and_says_what_it_is(payload, caplog):
    caplog.set_level("INFO")
    event = events.to_event(payload, "ou_0613548ed72dfb933ad70156da7accd8")
    assert isinstance(event, model.MessageReceived)
    assert event.text == ""
    assert event.unread in {*messages.UNREAD.values(), "other"}
    assert payload["event"]["message"]["message_type"] in caplog.text


def post(*elements, **more):
    payload = loopback.message_payload()
    payload["event"]["message"] |= {
        "message_type": "post",
        "content": json.dumps({"title": "", "content": [list(elements)]}),
        "mentions": [],
    } | more
    return payload


SAID = {"tag": "text", "text": " restart web-01 for "}


@pytest.mark.parametrize(
    ("at", "bob"),
    [
        ({"tag": "at", "user_id": "ou_bot", "user_name": "ops-bot"}, {}),
        ({"tag": "at", "user_id": "ou_elsewhere", "user_name": "ops-bot"}, {}),
        (
            {"tag": "at", "user_id": "ou_bot"},
            {"tag": "at", "user_id": "ou_bob", "user_name": "Bob"},
        ),
    ],
)
def test_rich_text_may_name_the_bot_in_its_content_only(at, bob):
    event = events.to_event(post(at, SAID, bob), "ou_bot", bot_name="ops-bot")
    assert isinstance(event, model.MessageReceived)
    assert event.text == ("restart web-01 for @Bob" if bob else "restart web-01 for")
    assert [one.id for one in event.mentions] == (["ou_bob"] if bob else [])


def test_rich_text_that_names_somebody_else_is_not_ours():
    at = {"tag": "at", "user_id": "ou_bob", "user_name": "Bob"}
    assert events.to_event(post(at, SAID), "ou_bot", bot_name="ops-bot") is None


@pytest.mark.parametrize(
    ("changes", "ours"),
    [
        ({"id": {"open_id": "ou_of_another_app"}}, True),
        ({"id": {"open_id": "ou_of_another_app"}, "mentioned_type": "bot"}, True),
        ({"id": {}, "mentioned_type": "bot"}, True),
        ({"id": {"open_id": "ou_namesake"}, "mentioned_type": "user"}, False),
        ({"id": {"open_id": "ou_other"}, "name": "deploy-bot", "mentioned_type": "bot"}, False),
    ],
)
def test_the_bot_is_known_by_its_name_where_the_id_is_another_apps(changes, ours):
    payload = loopback.message_payload()
    payload["event"]["message"]["mentions"][0] |= changes
    event = events.to_event(payload, "ou_bot", bot_name="ops-bot")
    assert (event is not None) == ours
    if event is not None:
        assert event.text == "restart web-01"
        assert [one.id for one in event.mentions] == ["ou_bob"]


def test_a_key_that_nothing_explains_is_the_bots():
    payload = loopback.message_payload()
    del payload["event"]["message"]["mentions"]
    assert events.to_event(payload, "ou_bot").text == "restart web-01"


@pytest.mark.parametrize("sender_type", ["bot", "app"])
def test_what_a_bot_wrote_starts_no_conversation(sender_type, caplog):
    caplog.set_level("INFO")
    payload = loopback.message_payload()
    payload["event"]["sender"]["sender_type"] = sender_type
    assert events.to_event(payload, "ou_bot") is None
    assert "a bot wrote it" in caplog.text
