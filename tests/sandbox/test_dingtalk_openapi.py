"""What all REST calls share (tokens, rates, bodies, faults), robot messages and recalls."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from sandbox import world
from tests.sandbox import dingtalk_party as dt


def group(key: str = "sampleText", param: Any = None, **changes: Any) -> dict[str, Any]:
    return {
        "robotCode": world.DINGTALK_ROBOT,
        "openConversationId": dt.OPS,
        "msgKey": key,
        "msgParam": param if isinstance(param, str) else json.dumps(param or {"content": "hi"}),
    } | changes


async def test_the_token_is_the_same_until_it_is_nearly_over() -> None:
    async with dt.served() as client:
        first = await client.login()
        client.clock.advance(6800)
        assert await client.login() == first
        client.clock.advance(200)
        second = await client.login()
        assert second != first
        status, _ = await client.post(dt.GROUP_SEND, group(), token=first)
        assert status == 200
        client.clock.advance(201)
        status, answer = await client.post(dt.GROUP_SEND, group(), token=first)
        assert (status, answer["code"]) == (400, "InvalidAuthentication")
        assert (await client.post(dt.GROUP_SEND, group(), token=second))[0] == 200
        assert first not in json.dumps(await client.party.calls())


async def test_wrong_app_secrets_and_missing_or_expired_tokens() -> None:
    async with dt.served() as client:
        wrong = {"appKey": world.DINGTALK_CLIENT_ID, "appSecret": "no"}
        status, answer = await client.post(dt.TOKEN, wrong)
        assert (status, answer["code"]) == (400, "invalidClientIdOrSecret")
        status, answer = await client.post(dt.GROUP_SEND, group(), token="")
        assert (status, answer["code"]) == (400, "AuthenticationFailed.MissingParameter")
        assert (await client.post(dt.GROUP_SEND, group()))[0] == 200
        await client.party.expire_token()
        status, answer = await client.post(dt.GROUP_SEND, group())
        assert (status, answer["code"]) == (400, "InvalidAuthentication")
        assert set(answer) == {"code", "requestid", "message"}


async def test_twenty_calls_a_second_per_api() -> None:
    async with dt.served() as client:
        for _ in range(20):
            assert (await client.post(dt.GROUP_SEND, group()))[0] == 200
        status, answer = await client.post(dt.GROUP_SEND, group())
        assert (status, answer["code"]) == (
            403,
            "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi",
        )
        await client.card()
        client.clock.advance(1)
        assert (await client.post(dt.GROUP_SEND, group()))[0] == 200


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("text/plain", "UnsupportedMediaType"),
        ("application/json", "InvalidJSON"),
    ],
)
async def test_bodies_that_are_no_json(kind: str, code: str) -> None:
    async with dt.served() as client:
        url = client.party.base_url + dt.GROUP_SEND
        async with client.http.post(url, data="{", headers={"Content-Type": kind}) as response:
            assert (await response.json())["code"] == code
            assert 400 <= response.status < 500


async def test_paths_that_do_not_exist() -> None:
    async with dt.served() as client:
        status, answer = await client.post("/v1.0/robot/groupMessage/send", group())
        assert (status, answer["code"]) == (404, "InvalidAction.NotFound")
        assert client.party.journal[-1].code == "InvalidAction.NotFound"


@pytest.mark.parametrize(
    ("key", "param", "text", "links"),
    [
        ("sampleText", {"content": "hi @u-bob"}, "hi @u-bob", []),
        ("sampleMarkdown", {"title": "T", "text": "**a** [b](http://c)"}, "a b", ["http://c"]),
        (
            "sampleActionCard2",
            {
                "title": "T",
                "text": "# x",
                "actionTitle1": "Yes",
                "actionURL1": "dtmd://dingtalkclient/sendMessage?content=yes",
                "actionTitle2": "No",
                "actionURL2": "https://no",
            },
            "x",
            ["dtmd://dingtalkclient/sendMessage?content=yes", "https://no"],
        ),
    ],
)
async def test_group_messages_mention_nobody(
    key: str, param: Any, text: str, links: list[str]
) -> None:
    async with dt.served() as client:
        status, answer = await client.post(dt.GROUP_SEND, group(key, param))
        (entry,) = await client.party.transcript("ops")
    assert status == 200
    assert entry["id"] == answer["processQueryKey"]
    assert (entry["from"], entry["text"], entry["links"]) == ("bot", text, links)
    assert entry["mentions"] == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (group(robotCode="x"), "invalidParameter.robotCode.notExsit"),
        (group(robotCode=None), "invalidParameter.robotCode.empty"),
        (group(openConversationId="cidX"), "invalid.openConversationId"),
        (group(openConversationId=None), "miss.openConversationId"),
        (group("sampleHello"), "invalidParameter.msgKey.invalid"),
        (group(param="{"), "invalidParameter.msgParam.invalid"),
        (group(param='{"content": 7}'), "invalidParameter.msgParam.invalid"),
        (group(param='{"text": "x"}'), "invalidParameter.msgParam.invalid"),
        (group(param='{"content": "x", "at": "u-bob"}'), "invalidParameter.msgParam.invalid"),
        (group(param={"content": "x" * 15_000}), "invalidParameter.msgParam.tooLong"),
        (group(msgParam={"content": "x"}), "InvalidParameter"),
        (group(at={"atUserIds": ["u-bob"]}), "InvalidParameter"),
        (group(msgKey=None), "MissingmsgKey"),
    ],
)
async def test_group_messages_refused(body: dict[str, Any], code: str) -> None:
    async with dt.served() as client:
        status, answer = await client.post(dt.GROUP_SEND, body)
        assert (status, answer["code"]) == (400, code)
        assert await client.party.transcript("*") == []
        assert [c["code"] for c in await client.party.calls("robot/groupMessages/send")] == [code]


async def test_messages_to_people() -> None:
    path = "/v1.0/robot/oToMessages/batchSend"
    base = {
        "robotCode": world.DINGTALK_ROBOT,
        "msgKey": "sampleText",
        "msgParam": '{"content": "psst"}',
    }
    async with dt.served() as client:
        _, answer = await client.post(path, base | {"userIds": ["u-bob", "u-nobody"]})
        assert answer["invalidStaffIdList"] == ["u-nobody"]
        assert answer["flowControlledStaffIdList"] == []
        assert [e["text"] for e in await client.party.transcript("bob")] == ["psst"]
        assert await client.party.transcript("ops") == []
        status, answer = await client.post(path, base | {"userIds": ["u-bob"] * 21})
        assert (status, answer["code"]) == (400, "invalidParameter.userIds.overMax")


async def test_taking_back() -> None:
    recall = "/v1.0/robot/groupMessages/recall"
    base = {"robotCode": world.DINGTALK_ROBOT, "openConversationId": dt.OPS}
    async with dt.served() as client:
        _, sent = await client.post(dt.GROUP_SEND, group())
        key = sent["processQueryKey"]
        carrier = (await client.card())["result"]["deliverResults"][0]["carrierId"]
        _, answer = await client.post(recall, base | {"processQueryKeys": [key, carrier, "no"]})
        assert answer["successResult"] == [key, carrier]
        assert list(answer["failedResult"]) == ["no"]
        left = await client.party.transcript("ops")
        assert [(e["text"], e["recalled"]) for e in left] == [("", True), ("", True)]
        assert await client.party.cards("ops") == []
        status, _ = await client.post(recall, base | {"processQueryKeys": ["k"] * 21})
        assert status == 400


async def test_faults_of_a_call() -> None:
    async with dt.served() as client:
        await client.login()
        party, send = client.party, "robot/groupMessages/send"
        await party.fault(send, "error", status=503, code="system.error", message="no", after=1)
        assert (await client.post(dt.GROUP_SEND, group()))[0] == 200
        status, answer = await client.post(dt.GROUP_SEND, group())
        assert (status, answer["code"], answer["message"]) == (503, "system.error", "no")
        await party.fault(send, "throttle")
        assert (await client.post(dt.GROUP_SEND, group()))[0] == 403
        await party.fault(send, "html")
        with pytest.raises(aiohttp.ContentTypeError):
            await client.post(dt.GROUP_SEND, group())
        assert len(await party.transcript("ops")) == 1
        for do, said in (("hang_up", 1), ("lose_answer", 2)):
            await party.fault(send, do)
            with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
                await client.post(dt.GROUP_SEND, group())
            assert len(await party.transcript("ops")) == said
        await party.fault("*", "slow", seconds=0.05)
        assert (await client.post(dt.GROUP_SEND, group()))[0] == 200
        await party.fault(send, "throttle", times=9)
        await party.clear_faults()
        assert (await client.post(dt.GROUP_SEND, group()))[0] == 200
