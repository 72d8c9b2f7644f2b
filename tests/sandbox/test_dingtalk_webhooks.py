"""Session webhooks and custom robots: errcodes in HTTP 200, who is notified, limits, signatures."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from sandbox.dingtalk import webhooks
from tests.sandbox import dingtalk_party as dt

OK = {"errcode": 0, "errmsg": "ok"}
EVERYBODY = ["alice", "bob", "carol", "dave", "mallory"]


def text(content: str = "hi", **at: Any) -> dict[str, Any]:
    return {"msgtype": "text", "text": {"content": content}, "at": at}


def markdown(content: str, **at: Any) -> dict[str, Any]:
    return {"msgtype": "markdown", "markdown": {"title": "T", "text": content}, "at": at}


async def session(client: dt.Client, **more: Any) -> str:
    """The webhook that a message of alice's brings."""
    await client.party.say("alice", "help", **more)
    return str(client.party.gateway.deliveries[-1].payload["sessionWebhook"])


async def last(client: dt.Client, chat: str = "ops") -> dict[str, Any]:
    return (await client.party.transcript(chat))[-1]


async def test_a_session_answers_in_its_own_chat() -> None:
    async with dt.served() as client:
        hr = await session(client, chat="hr")
        alone = await session(client, direct=True)
        assert await client.webhook(hr, text("for hr")) == OK
        assert await client.webhook(alone, text("for alice")) == OK
        assert (await last(client, "hr"))["text"] == "for hr"
        assert (await last(client, "alice"))["text"] == "for alice"
        assert await client.party.transcript("ops") == []
        assert hr.split("=")[1] not in json.dumps(await client.party.calls())


async def test_a_session_ends_after_ninety_minutes() -> None:
    async with dt.served() as client:
        url = await session(client)
        client.clock.advance(5399)
        assert await client.webhook(url, text()) == OK
        client.clock.advance(1)
        gone = {"errcode": 300001, "errmsg": "session 不存在"}
        assert await client.webhook(url, text()) == gone
        assert client.party.journal[-1].code == "300001"
        fresh = await session(client)
        await client.party.expire_webhooks()
        assert await client.webhook(fresh, text()) == gone


@pytest.mark.parametrize(
    ("body", "called"),
    [
        (text("hi", atUserIds=["u-bob", "u-nobody"]), ["bob"]),
        (text("hi @u-bob"), []),
        (text("hi", isAtAll=True), EVERYBODY),
        (text("hi @all"), EVERYBODY),
        (text("mail@allegro.pl"), []),
        (markdown("hi", atUserIds=["u-bob"]), []),
        (markdown("hi @u-bob"), []),
        (markdown("hi @u-bob, @u-carol", atUserIds=["u-bob"]), ["bob"]),
        (markdown("hi @u-bobby", atUserIds=["u-bob"]), []),
        (markdown("hi\n@所有人"), EVERYBODY),
        (markdown("hi @\u200ball"), []),
        (text("hi", atMobiles=["13800000002", "12345678901"]), ["bob"]),
        (markdown("hi", atMobiles=["13800000002"]), []),
        (markdown("hi @13800000002", atMobiles=["13800000002"]), ["bob"]),
    ],
)
async def test_who_is_really_notified(body: dict[str, Any], called: list[str]) -> None:
    async with dt.served() as client:
        url = await session(client)
        assert await client.webhook(url, body) == OK
        assert (await last(client))["mentions"] == called


async def test_who_is_notified_is_shown_by_name() -> None:
    async with dt.served() as client:
        url = await session(client)
        await client.webhook(url, markdown("**@u-bob** and @u-carol", atUserIds=["u-bob"]))
        assert (await last(client))["text"] == "@Bob and @u-carol"


async def test_only_members_are_notified() -> None:
    async with dt.served() as client:
        url = await session(client, direct=True)
        assert await client.webhook(url, text("hi", atUserIds=["u-bob", "u-alice"])) == OK
        assert (await last(client, "alice"))["mentions"] == ["alice"]


async def test_an_action_card_shows_its_buttons() -> None:
    card = {
        "title": "T",
        "text": "### Approve #42",
        "btnOrientation": "1",
        "btns": [{"title": "Yes", "actionURL": "dtmd://dingtalkclient/sendMessage?content=yes"}],
    }
    async with dt.served() as client:
        url = await session(client)
        assert await client.webhook(url, {"msgtype": "actionCard", "actionCard": card}) == OK
        entry = await last(client)
    assert entry["text"] == "Approve #42"
    assert [b["label"] for b in entry["buttons"]] == ["Yes"]
    assert entry["links"] == ["dtmd://dingtalkclient/sendMessage?content=yes"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ([], 40035),
        ({"msgtype": "text"}, 40035),
        ({"msgtype": "text", "text": {"content": ""}}, 40035),
        ({"msgtype": "text", "text": {"content": 7}}, 40035),
        ({"msgtype": "text", "text": {"content": "x", "bold": True}}, 40035),
        ({"msgtype": "text", "text": {"content": "x"}, "at": {"userIds": ["u-bob"]}}, 40035),
        ({"msgtype": "text", "text": {"content": "x"}, "thread": "t"}, 40035),
        ({"msgtype": "markdown", "markdown": {"text": "x"}}, 40035),
        ({"msgtype": "actionCard", "actionCard": {"title": "T", "text": "x"}}, 40035),
        ({"msgtype": "interactiveCard", "interactiveCard": {}}, 400105),
        (text("x" * 20_000), 460101),
    ],
)
async def test_messages_refused(body: Any, code: int) -> None:
    async with dt.served() as client:
        url = await session(client)
        assert (await client.webhook(url, body))["errcode"] == code
        assert len(await client.party.transcript("ops")) == 1


async def test_wrong_content_types_and_garbage() -> None:
    async with dt.served() as client:
        url = await session(client)
        for kind, code in (("text/plain", 43004), ("application/json", 40035)):
            async with client.http.post(url, data="{", headers={"Content-Type": kind}) as answer:
                assert answer.status == 200
                assert (await answer.json())["errcode"] == code


async def test_twenty_messages_a_minute_to_a_group() -> None:
    async with dt.served() as client:
        url = await session(client)
        for _ in range(20):
            assert await client.webhook(url, text()) == OK
        assert (await client.webhook(url, text()))["errcode"] == 660026
        client.clock.advance(60)
        assert await client.webhook(url, text()) == OK


def test_the_signature_of_a_known_case() -> None:
    assert (
        webhooks.signature("1700000000000", "SECtest")
        == "aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g="
    )


def signed(stamp: int, secret: str = "SECx") -> dict[str, str]:
    return {"timestamp": str(stamp), "sign": webhooks.signature(str(stamp), secret)}


async def test_a_custom_robot_checks_its_signature() -> None:
    async with dt.served() as client:
        url = await client.party.add_robot("tok", "ops", secret="SECx")
        now = client.clock.ms()
        assert await client.webhook(url, text(), params=signed(now)) == OK
        entry = await last(client)
        assert (entry["from"], entry["via"]) == ("bot", "custom")
        for params in (
            {},
            signed(now, "SECy"),
            signed(now - 3_700_000),
            signed(now) | {"timestamp": str(now + 1)},
        ):
            assert (await client.webhook(url, text(), params=params))["errcode"] == 310000
        client.clock.advance(7200)
        assert await client.webhook(url, text(), params=signed(int(time.time() * 1000))) == OK
        assert await client.webhook(url, text(), params=signed(client.clock.ms())) == OK
        unknown = url.replace("tok", "other")
        assert (await client.webhook(unknown, text()))["errcode"] == 300005


async def test_a_custom_robot_wants_one_of_its_keywords() -> None:
    async with dt.served() as client:
        url = await client.party.add_robot("tok", "hr", keywords=["Countersign", "会签"])
        assert (await client.webhook(url, text("approved")))["errcode"] == 310000
        assert await client.webhook(url, text("会签: approved")) == OK


async def test_a_custom_robot_takes_messages_of_its_addresses() -> None:
    async with dt.served() as client:
        url = await client.party.add_robot("tok", addresses=["203.0.113.0/24"])
        no = {"errcode": 310000, "errmsg": "ip 127.0.0.1 not in whitelist"}
        assert await client.webhook(url, text()) == no
        url = await client.party.add_robot("tok", addresses=["203.0.113.0/24", "127.0.0.1"])
        assert await client.webhook(url, text()) == OK


async def test_a_custom_robot_is_muted_after_twenty_a_minute() -> None:
    async with dt.served() as client:
        url = await client.party.add_robot("tok")
        for _ in range(20):
            assert await client.webhook(url, text()) == OK
        assert (await client.webhook(url, text()))["errcode"] == 130101
        client.clock.advance(61)
        assert (await client.webhook(url, text()))["errcode"] == 660026
        client.clock.advance(540)
        assert await client.webhook(url, text()) == OK
        assert len(await client.party.transcript("ops")) == 21


async def test_the_same_msg_uuid_is_said_once() -> None:
    async with dt.served() as client:
        url = await client.party.add_robot("tok")
        for _ in range(2):
            assert await client.webhook(url, text() | {"msgUuid": "one"}) == OK
        assert len(await client.party.transcript("ops")) == 1
        wrong = {"msgtype": "text", "text": {}, "msgUuid": "two"}
        assert (await client.webhook(url, wrong))["errcode"] == 40035
        await client.webhook(url, text() | {"msgUuid": "two"})
        assert len(await client.party.transcript("ops")) == 2


async def test_faults_of_a_webhook() -> None:
    async with dt.served() as client:
        url = await session(client)
        await client.party.fault("robot/sendBySession", "error", code=-1)
        assert (await client.webhook(url, text()))["errcode"] == -1
        await client.party.fault("robot/sendBySession", "throttle")
        assert (await client.webhook(url, text()))["errcode"] == 660026
        assert len(await client.party.transcript("ops")) == 1
