"""Whatever a bot sends, the stand-in answers as the platform would: never with a crash."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import world
from tests.sandbox import dingtalk_party as dt

ODD: list[Any] = [None, True, 7, -1, 1e300, "", "x", "\u202e\x00{{", [], [[]], ["x"], {}, {"a": {}}]
ROOT = "/v1.0/workflow/processInstances"
BODIES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", dt.CREATE_DELIVER, dt.card(privateData={"u-bob": {"cardParamMap": {"a": "b"}}})),
    ("POST", dt.DELIVER, {"outTrackId": "t", "openSpaceId": f"dtv1.card//IM_GROUP.{dt.OPS}"}),
    (
        "PUT",
        dt.CARDS,
        {
            "outTrackId": "t",
            "cardData": {"cardParamMap": {"msgButtons": "[1]"}},
            "cardUpdateOptions": {"updateCardDataByKey": True},
            "privateData": {"u-bob": {"cardParamMap": {}}},
        },
    ),
    (
        "POST",
        dt.GROUP_SEND,
        {
            "robotCode": world.DINGTALK_ROBOT,
            "openConversationId": dt.OPS,
            "msgKey": "sampleText",
            "msgParam": '{"content": "x"}',
        },
    ),
    (
        "POST",
        "/v1.0/robot/oToMessages/batchSend",
        {
            "robotCode": world.DINGTALK_ROBOT,
            "userIds": ["u-bob"],
            "msgKey": "sampleText",
            "msgParam": '{"content": "x"}',
        },
    ),
    (
        "POST",
        f"{ROOT}/execute",
        {"processInstanceId": "i", "taskId": 1, "actionerUserId": "u-bob", "result": "agree"},
    ),
    (
        "POST",
        "/v1.0/workflow/processes/instanceIds/query",
        {"processCode": "P", "startTime": 1, "endTime": 2, "nextToken": 0, "maxResults": 9},
    ),
    ("POST", dt.OPEN, {"clientId": "i", "clientSecret": "s", "subscriptions": dt.EVERYTHING}),
    ("POST", dt.TOKEN, {"appKey": "i", "appSecret": "s"}),
]
HOOKS: list[dict[str, Any]] = [
    {"msgtype": "text", "text": {"content": "x"}, "at": {"atUserIds": ["u-bob"], "isAtAll": False}},
    {"msgtype": "markdown", "markdown": {"title": "T", "text": "x"}, "msgUuid": "u"},
    {
        "msgtype": "actionCard",
        "actionCard": {"title": "T", "text": "x", "btns": [{"title": "a", "actionURL": "b"}]},
    },
    {"msgtype": "feedCard", "feedCard": {"links": [{"title": "a", "messageURL": "b"}]}},
    {"msgtype": "link", "link": {"title": "T", "text": "x", "messageUrl": "b"}},
]


def spoiled(value: Any) -> Iterator[Any]:
    """The value with each of its parts, at any depth, replaced by each odd thing."""
    yield from ODD
    if isinstance(value, dict):
        for key in value:
            for other in spoiled(value[key]):
                yield value | {key: other}
        yield value | {"unheardOf": 1}
    elif isinstance(value, list) and value:
        for other in spoiled(value[0]):
            yield [other, *copy.deepcopy(value[1:])]


@pytest.mark.parametrize(("method", "path", "body"), BODIES, ids=lambda v: str(v)[-30:])
async def test_spoiled_bodies_are_refused_in_the_platforms_words(
    method: str, path: str, body: dict[str, Any]
) -> None:
    async with dt.served() as client:
        await client.party.configure(qps=0)
        for bad in spoiled(body):
            status, answer = await client.call(method, path, bad)
            assert status < 500, (bad, answer)
            assert status == 200 or {"code", "message", "requestid"} <= set(answer)
        await client.party.transcript("*")
        await client.party.cards("*")


@pytest.mark.parametrize("body", HOOKS, ids=lambda body: body["msgtype"])
async def test_spoiled_webhook_messages(body: dict[str, Any]) -> None:
    async with dt.served() as client:
        await client.party.configure(robot_per_minute=0)
        url = await client.party.add_robot("tok", keywords=["x"])
        for bad in spoiled(body):
            answer = await client.webhook(url, bad)
            assert isinstance(answer["errcode"], int), bad
        await client.party.transcript("*")


async def test_spoiled_acks_leave_the_connection_alive() -> None:
    async with dt.served() as client:
        socket = await client.connect()
        await client.card()
        good = {"response": {"cardData": {"cardParamMap": {"tips": "x"}}, "cardUpdateOptions": {}}}
        ack = {"code": 200, "message": "OK", "headers": {"contentType": "application/json"}}
        sent = 0
        for bad in spoiled(ack | {"data": json.dumps(good)}):
            await socket.ws.send_str(json.dumps(bad))
            sent += 1
        for kind in ("event", "chat", "card"):
            for data in spoiled(good):
                await client.party.configure(event_retries=[], chat_retries=[])
                delivery = client.party.gateway.push(kind, {"outTrackId": "t1"}, "t1")
                frame = await socket.frame()
                await socket.ack(frame, data)
                await dt.until(lambda d=delivery: d.problems or d.acked)
                assert delivery.acked or delivery.problems
        assert len(await client.party.calls("ack")) == sent
        assert [c["open"] for c in await client.party.connections()] == [True]
