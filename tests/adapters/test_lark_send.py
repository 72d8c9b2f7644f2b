"""Effects against a loopback platform that answers as told: each ends in one of four outcomes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from adapters.lark import send
from adapters.lark.chat import Lark
from bot import model
from tests.adapters import lark_loopback as loopback
from tests.adapters.test_lark_events import sample

CREATE = "/open-apis/im/v1/messages"
REPLY = "/open-apis/im/v1/messages/om_ask/reply"
PATCH = "/open-apis/im/v1/messages/om_card"
TOKEN = "/open-apis/auth/v3/tenant_access_token/internal"
PLACE = model.Place("lark", "tk", "oc_ops", message="om_ask")
CHAT = model.Place("lark", "tk", "oc_ops")
HELLO = model.Message("Hello", (model.Block("para", (model.Span("hello"),)),), quote="restart")
CARD = model.Card(1, "abcd", "Card", "blue", "NEW", (), (model.Button("ok", "OK"),))
FORM = model.FetchForm("lark", "tk", "", "inst-1")


def again(seconds: float = loopback.Clock().seconds) -> model.Attempt:
    """A second try of what may have happened at that moment."""
    since = datetime.fromtimestamp(seconds, UTC)
    return model.Attempt(2, since, uncertain=True, uncertain_since=since)


@pytest.fixture
async def served() -> Any:
    async with loopback.platform() as running:
        yield running


@pytest.fixture
async def chat(served) -> Any:
    made = Lark(loopback.settings(served, call_timeout=0.3), loopback.Clock())
    yield made
    await made.close()


async def test_a_reply_goes_to_the_thread_with_a_uuid(served, chat):
    assert await chat.perform(model.Say(PLACE, HELLO, "req-1:say"), model.Attempt()) == model.Done(
        "om_1"
    )
    [body] = served.asked(REPLY)
    assert body["msg_type"] == "post"
    assert body["reply_in_thread"] is True
    assert len(body["uuid"]) <= 50
    assert "restart" not in body["content"]


async def test_without_a_message_to_answer_it_goes_to_the_chat(served, chat):
    await chat.perform(model.Say(CHAT, HELLO, "k"), model.Attempt())
    [body] = served.asked(CREATE)
    assert body["receive_id"] == "oc_ops"
    assert "> restart" in body["content"]


ALERT = "/open-apis/im/v1/messages/om_1/urgent_app"
URGENT = model.Say(model.Place("lark", "tk", "ou_bob", direct=True), HELLO, "k", urgent=True)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"code": 0, "data": {"invalid_user_id_list": []}}, ""),
        ({"code": 0, "data": {"invalid_user_id_list": ["ou_bob"]}}, "no such user"),
        ({"code": 230024, "msg": "the quota is used up"}, "230024"),
        ({"code": 99991672, "msg": "access denied"}, "im:message.urgent"),
        (lambda _: web.Response(status=502, text="<html>bad gateway</html>"), "502"),
    ],
)
async def test_an_urgent_message_alerts_its_person_or_says_why_not(served, chat, answer, words):
    served.queue(ALERT, answer)
    outcome = await chat.perform(URGENT, model.Attempt())
    assert isinstance(outcome, model.Done)
    assert served.asked(ALERT) == [{"user_id_list": ["ou_bob"]}]
    assert bool(outcome.data.get("alerted")) is not bool(words)
    assert words in outcome.data.get("calm", "")


@pytest.mark.parametrize("code", [230011, 230019, 230050, 230110, 230111])
async def test_a_target_that_is_gone_falls_back_to_the_chat_with_the_quote(served, chat, code):
    served.queue(REPLY, {"code": code, "msg": "gone"})
    attempt = model.Attempt()
    assert isinstance(await chat.perform(model.ShowCard(PLACE, CARD, "k"), attempt), model.Done)
    assert attempt.calls == 2
    assert len(served.asked(CREATE)) == 1
    assert served.asked(CREATE)[0]["uuid"] == served.asked(REPLY)[0]["uuid"]


@pytest.mark.parametrize("code", [230071, 230072])
async def test_where_there_are_no_threads_it_replies_without(served, chat, code):
    served.queue(REPLY, {"code": code, "msg": "no threads"})
    assert isinstance(await chat.perform(model.Say(PLACE, HELLO, "k"), model.Attempt()), model.Done)
    assert [body["reply_in_thread"] for body in served.asked(REPLY)] == [True, False]


def limited(request: web.Request) -> web.Response:
    return web.json_response(
        {"code": 99991400, "msg": "slow down"}, status=429, headers={"x-ogw-ratelimit-reset": "7"}
    )


@pytest.mark.parametrize(
    ("answer", "after"),
    [
        (limited, 7.0),
        ({"code": 230020, "msg": "frequency"}, 1.0),
        ({"code": 11232, "msg": "load"}, 1.0),
        ({"code": 99991400, "msg": "old style"}, 1.0),
        (lambda _: web.Response(status=429, text="<html>"), 1.0),
        ({"code": 230049, "msg": "being sent"}, 0.0),
        (lambda _: web.json_response({"code": 1395001, "msg": "later"}, status=500), 0.0),
        (lambda _: web.Response(status=502, text="<html>bad gateway</html>"), 0.0),
        (lambda _: web.Response(status=200, text="<html>captive portal</html>"), 0.0),
    ],
)
async def test_what_can_be_repeated_is_not_sent_and_never_elsewhere(served, chat, answer, after):
    served.queue(REPLY, answer)
    outcome = await chat.perform(model.Say(PLACE, HELLO, "k"), model.Attempt())
    assert isinstance(outcome, model.NotSent)
    assert outcome.retry_after == after
    assert served.asked(CREATE) == []
    assert isinstance(await chat.perform(model.Say(PLACE, HELLO, "k"), again()), model.Done)
    first, second = served.asked(REPLY)
    assert first == second


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (99991672, "permission im:message:send_as_bot"),
        (230002, "not in this group"),
        (230025, "too long"),
        (230099, "bad card"),
        (99991401, "allow list"),
        (4242, "4242"),
    ],
)
async def test_a_no_is_refused_with_a_sentence(served, chat, code, words):
    served.queue(REPLY, lambda _: web.json_response({"code": code, "msg": "bad card"}, status=400))
    outcome = await chat.perform(model.Say(PLACE, HELLO, "k"), model.Attempt())
    assert isinstance(outcome, model.Refused)
    assert words in outcome.reason
    assert outcome.code == str(code)
    assert served.asked(CREATE) == []


SCOPES = ["im:message:send_as_bot", "im:message"]


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"permission_violations": [{"type": "x", "subject": each} for each in SCOPES]}},
        {
            "msg": "Access denied. One of the following scopes is required: "
            f"[{', '.join(SCOPES)}].应用尚未开通所需的应用身份权限：[{', '.join(SCOPES)}]"
        },
        {"msg": f"应用尚未开通所需的应用身份权限：[{', '.join(SCOPES)}]，点击链接申请"},
    ],
)
async def test_the_permissions_that_the_platform_misses_are_said(served, chat, body):
    served.queue(REPLY, lambda _: web.json_response({"code": 99991672, **body}, status=400))
    outcome = await chat.perform(model.Say(PLACE, HELLO, "k"), model.Attempt())
    assert isinstance(outcome, model.Refused)
    assert f"lacks the permission {' or '.join(SCOPES)};" in outcome.reason


async def test_an_unanswered_send_is_not_repeated_once_its_uuid_is_forgotten(served):
    clock = loopback.Clock()
    chat = Lark(loopback.settings(served), clock)
    served.queue(REPLY, "hang up", "hang up")
    lost = await chat.perform(model.Say(PLACE, HELLO, "k"), model.Attempt())
    assert isinstance(lost, model.NotSent)
    assert lost.uncertain
    await chat.close()
    chat = Lark(loopback.settings(served), clock)  # as after a restart
    clock.seconds += 3000
    assert isinstance(await chat.perform(model.Say(PLACE, HELLO, "k"), again()), model.NotSent)
    clock.seconds += 600
    outcome = await chat.perform(model.Say(PLACE, HELLO, "k"), again())
    assert isinstance(outcome, model.Unknown)
    assert len(served.asked(REPLY)) == 2
    served.queue(REPLY, {"code": 230020, "msg": "limit"})
    assert isinstance(
        await chat.perform(model.Say(PLACE, HELLO, "other"), model.Attempt()), model.NotSent
    )
    clock.seconds += 7200
    assert isinstance(
        await chat.perform(model.Say(PLACE, HELLO, "other"), model.Attempt()), model.Done
    )
    await chat.close()


async def test_a_stale_token_is_renewed_once(served, chat):
    await chat.perform(model.Say(CHAT, HELLO, "first"), model.Attempt())
    assert served.tokens == 1
    for code in (99991663, 99991661):
        served.queue(CREATE, {"code": code, "msg": "stale"})
        outcome = await chat.perform(model.Say(CHAT, HELLO, str(code)), model.Attempt())
        assert isinstance(outcome, model.Done)
    assert served.tokens == 3
    served.queue(CREATE, {"code": 99991663, "msg": "x"}, {"code": 99991663, "msg": "x"})
    assert isinstance(
        await chat.perform(model.Say(CHAT, HELLO, "z"), model.Attempt()), model.Refused
    )


async def test_the_token_is_renewed_before_it_expires(served):
    clock = loopback.Clock()
    chat = Lark(loopback.settings(served), clock)
    for seconds in (0, 6500, 200):
        clock.seconds += seconds
        await chat.perform(FORM, model.Attempt())
    await chat.close()
    assert served.tokens == 2


async def test_a_card_is_sent_and_changed(served, chat):
    done = await chat.perform(model.ShowCard(PLACE, CARD, "k"), model.Attempt())
    assert done == model.Done("om_1", {"thread": ""})
    [body] = served.asked(REPLY)
    assert body["msg_type"] == "interactive"
    assert json.loads(body["content"])["schema"] == "2.0"
    assert await chat.perform(
        model.UpdateCard(PLACE, CARD, "om_card"), model.Attempt()
    ) == model.Done("om_card")
    [body] = served.asked(PATCH)
    assert set(body) == {"content"}


@pytest.mark.parametrize("code", [230031, 230110])
async def test_a_card_that_can_no_longer_be_changed_is_refused(served, chat, code):
    served.queue(PATCH, {"code": code, "msg": "no"})
    outcome = await chat.perform(model.UpdateCard(PLACE, CARD, "om_card"), model.Attempt())
    assert isinstance(outcome, model.Refused)
    assert served.asked(CREATE) == []


def ours(content: Any, **more: Any) -> dict[str, Any]:
    """A message of the bot's own as the chat's history tells it."""
    return {
        "message_id": "om_there",
        "msg_type": "post",
        "create_time": str(int(loopback.Clock().seconds * 1000)),
        "sender": {"id": "cli_demo", "sender_type": "app"},
        "body": {"content": json.dumps(content)},
        **more,
    }


SAID = {"title": "", "content": [[{"tag": "text", "text": "Hello"}], [{"tag": "text", "text": "hello"}]]}  # fmt: skip  # noqa: E501


@pytest.mark.parametrize(
    ("items", "sent"),
    [
        ([ours(SAID)], False),
        ([], True),
        ([ours({"content": [[{"tag": "text", "text": "something else"}]]})], True),
        ([ours(SAID, parent_id="om_another")], True),
        ([ours(SAID, sender={"id": "ou_alice"})], True),
        ([ours(SAID, create_time="1000")], True),
    ],
)
async def test_what_was_left_unanswered_for_hours_is_looked_for_in_the_chat(
    served, chat, items, sent
):
    served.queue("/open-apis/im/v1/messages/om_ask", {"code": 0, "data": {"items": [{}]}})
    served.queue(CREATE, {"code": 0, "data": {"items": items, "has_more": False}})
    attempt = again(loopback.Clock().seconds)
    chat._clock.seconds += 7200
    outcome = await chat.perform(model.Say(PLACE, HELLO, "k"), attempt)
    assert isinstance(outcome, model.Done)
    assert (outcome.ref != "om_there") == sent
    assert len(served.asked(REPLY)) == sent


async def test_a_card_that_is_being_clicked_is_changed_later(served, chat):
    busy = {"code": 230099, "msg": "Failed …, ext=ErrCode: 11310; ErrMsg: card action is lock; "}
    served.queue(PATCH, busy)
    outcome = await chat.perform(model.UpdateCard(PLACE, CARD, "om_card"), model.Attempt())
    assert isinstance(outcome, model.NotSent)


async def test_somebody_who_does_not_exist_does_not_keep_a_card_from_being_shown(served, chat):
    gone = model.Account("lark", "tk", "ou_gone", "Gone")
    block = model.Block("para", (model.Span("Gone", at=gone),))
    card = model.Card(1, "abcd", "Card", "blue", "NEW", (block,), mentions=(gone,))
    served.queue(REPLY, {"code": 230099, "msg": "ext=ErrCode: 100290; invalid user"})
    assert isinstance(
        await chat.perform(model.ShowCard(PLACE, card, "k"), model.Attempt()), model.Done
    )
    first, second = served.asked(REPLY)
    assert "<at id=ou_gone>" in first["content"]
    assert "ou_gone" not in second["content"]
    assert "@Gone" in second["content"]


@pytest.mark.parametrize("action", ["approve", "retry", "resume"])
async def test_what_a_question_is_about_is_told_whole_before_it_can_be_answered(
    served, chat, action
):
    script = "\n".join(f"echo {n}" for n in range(3500))
    buttons = (model.Button(action, "Go on"),)
    card = model.Card(1, "c", "Run", "orange", "", (model.Block("pre", text=script),), buttons)
    outcome = await chat.perform(model.UpdateCard(PLACE, card, "om_card"), model.Attempt())
    assert isinstance(outcome, model.Done), outcome
    told = "".join(body["content"] for body in served.asked(REPLY))
    assert all(f"echo {n}" in told for n in range(3500))


async def test_a_card_whose_text_cannot_be_delivered_is_not_shown(served, chat):
    block = model.Block("pre", text="x" * 2_000_000)
    card = model.Card(1, "c", "Run", "orange", "", (block,), CARD.buttons)
    outcome = await chat.perform(model.ShowCard(PLACE, card, "k"), model.Attempt())
    assert isinstance(outcome, model.Refused)
    assert served.asked(REPLY) == []


def test_a_uuid_is_short_safe_and_the_same_each_time():
    keys = ["", "a" * 500, "req-1:say", "会签\ud800", "req-2:say"]
    assert len({send.safe_uuid(key) for key in keys}) == len(keys)
    assert all(len(send.safe_uuid(key)) <= 50 and send.safe_uuid(key).isalnum() for key in keys)


# ------------------------------------------------------------------------- forms


def instance(**changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = sample("official_approval_instance_get_response")["data"]
    return {**data, **changes}


async def test_the_documented_form_is_read(served, chat):
    path = "/open-apis/approval/v4/instances/inst-1"
    served.queue(path, sample("official_approval_instance_get_response"))
    outcome = await chat.perform(FORM, model.Attempt())
    assert isinstance(outcome, model.Done)
    assert outcome.data == {
        "status": "running",
        "title": "Payment",
        "originator": "ou_3cda9c969f737aaa05e6915dce306cb9",
        "approvers": ["ou_123456"],
        "automatic": [],
        "fields": {"user_info": "", "widget1": "", "Item application": ""},
        "action": "",
        "original": "",
        "decided": 1564590532967,
        "attached": [],
        "unclear": True,
    }


async def test_the_form_of_another_definition_is_refused(served, chat):
    served.queue("/open-apis/approval/v4/instances/inst-1", {"code": 0, "data": instance()})
    other = model.FetchForm("lark", "tk", "OTHER-FORM", "inst-1")
    assert isinstance(await chat.perform(other, model.Attempt()), model.Refused)


async def test_forms_are_subscribed_to_until_granted(served, caplog):
    base = "/open-apis/approval/v4/approvals/"
    served.queue(f"{base}F1/subscribe", {"code": 1390007, "msg": "subscription existed"})
    served.queue(f"{base}F2/subscribe", {"code": 99991672, "msg": "scope"}, "hang up")
    async with loopback.running(served, loopback.Engine(), forms=("F1", "F2")):
        await served.until(lambda: len(served.asked(f"{base}F2/subscribe")) == 3)
    assert len(served.asked(f"{base}F1/subscribe")) == 1
    assert "approval:definition" in caplog.text


async def test_forms_that_are_new_by_a_reload_are_subscribed_to(served):
    base = "/open-apis/approval/v4/approvals/"
    async with loopback.running(served, loopback.Engine(), forms=("F1",)) as chat:
        await served.until(lambda: served.asked(f"{base}F1/subscribe"))
        chat.follow(("F2", "F1"), ())
        chat.follow(("F2",), ())
        await served.until(lambda: served.asked(f"{base}F2/subscribe"))
    assert [len(served.asked(f"{base}{form}/subscribe")) for form in ("F1", "F2")] == [1, 1]
