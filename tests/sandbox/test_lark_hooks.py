"""Custom bots of Lark groups: security settings, limits, shapes, and what is answered."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from sandbox import world
from sandbox.lark import Lark, hooks
from tests.sandbox.lark_client import Bot, playing

OK = {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}


def text(content: str = "hi", **more: Any) -> dict[str, Any]:
    return {"msg_type": "text", "content": {"text": content}, **more}


def signed(stamp: float, secret: str = "s3") -> dict[str, str]:
    told = str(int(stamp))
    return {"timestamp": told, "sign": hooks.signature(told, secret)}


async def post(bot: Bot, url: str, body: Any) -> dict[str, Any]:
    status, answer = await bot.post(url.removeprefix(bot.url), body)
    assert status == 200
    return answer


async def last(lark: Lark, chat: str = "ops") -> dict[str, Any]:
    entry: dict[str, Any] = (await lark.transcript(chat))[-1]
    return entry


def test_the_signature_of_a_known_case() -> None:
    sign = hooks.signature("1757900000", "lark-test-secret")
    assert sign == "rWW3ygiAdSmKEIysYTVjbdbv4Xnqjn35pAGLgGJZsNg="


async def test_the_bots_of_the_example_company() -> None:
    async with playing() as (lark, bot):
        for one in world.LARK_ROBOTS:
            body = text("会签: hi")
            if one.secret:
                body |= signed(time.time(), one.secret)
            assert await post(bot, f"/open-apis/bot/v2/hook/{one.token}", body) == OK
            assert (await last(lark, one.chat))["text"] == "会签: hi"
        assert (await post(bot, "/open-apis/bot/v2/hook/nobody", text()))["code"] == 19001
        told = json.dumps(await lark.calls())
        assert not [one.token for one in world.LARK_ROBOTS if one.token in told]


async def test_a_bot_checks_its_signature() -> None:
    async with playing() as (lark, bot):
        url = await lark.add_robot("tok", secret="s3")
        now = lark.clock.now()
        assert await post(bot, url, text() | signed(now)) == OK
        for more in (
            {},
            signed(now, "s4"),
            signed(now - 3700),
            signed(now) | {"timestamp": str(int(now) + 1)},
            signed(now * 1000),
        ):
            assert (await post(bot, url, text() | more))["code"] == 19021
        lark.clock.advance(7200)
        assert await post(bot, url, text() | signed(lark.clock.now())) == OK
        assert await post(bot, url, text() | signed(time.time())) == OK
        assert len(await lark.transcript()) == 3


async def test_a_bot_checks_keywords_and_addresses() -> None:
    async with playing() as (lark, bot):
        url = await lark.add_robot("tok", keywords=["Alert", "text"])
        assert await post(bot, url, text("x")) == {
            "code": 19024,
            "msg": "Key Words Not Found",
            "data": {},
        }
        assert await post(bot, url, text("Alert: x")) == OK
        url = await lark.add_robot("two", addresses=["10.1.2.*", "10.0.0.0/8"])
        assert (await post(bot, url, text()))["code"] == 19022
        for here in ("127.0.0.*", "127.0.0.1", "127.0.0.0/24"):
            url = await lark.add_robot("two", addresses=[here])
            assert await post(bot, url, text()) == OK


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (text('<at user_id="ou_bob"></at> go'), "@Bob go"),
        (
            {
                "msg_type": "post",
                "content": {
                    "post": {
                        "zh_cn": {
                            "title": "T",
                            "content": [[{"tag": "a", "text": "x", "href": "https://x.test"}]],
                        }
                    }
                },
            },
            "T\nx",
        ),
        (
            {
                "msg_type": "interactive",
                "card": {
                    "schema": "2.0",
                    "body": {"elements": [{"tag": "markdown", "content": "**go**"}]},
                },
            },
            "go",
        ),
        ({"msg_type": "interactive", "card": '{"elements":[]}'}, ""),
    ],
)
async def test_what_is_shown(body: dict[str, Any], shown: str) -> None:
    async with playing() as (lark, bot):
        assert await post(bot, await lark.add_robot("tok"), body) == OK
        entry = await last(lark)
        assert (entry["from"], entry["text"]) == ("bot", shown)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 19002),
        ({"msg_type": "audio"}, 19002),
        ({"msg_type": "text", "content": "hi"}, 9499),
        ({"msg_type": "text", "content": {"text": ""}}, 9499),
        ({"msg_type": "post", "content": {"zh_cn": {"content": []}}}, 9499),
        ({"msg_type": "interactive", "card": "{"}, 9499),
        ({"msg_type": "interactive", "card": {"schema": "3.0"}}, 9499),
        (text('<at user_id="all"></at>'), 9499),
        (text("x" * 20_480), 9499),
    ],
)
async def test_messages_refused(body: Any, code: int) -> None:
    async with playing() as (lark, bot):
        assert (await post(bot, await lark.add_robot("tok"), body))["code"] == code
        assert await lark.transcript() == []


async def test_five_a_second_and_a_hundred_a_minute() -> None:
    async with playing() as (lark, bot):
        url, other = await lark.add_robot("tok"), await lark.add_robot("two")
        for second in range(20):
            for _ in range(5):
                assert await post(bot, url, text()) == OK
            if not second:
                assert (await post(bot, url, text()))["code"] == 11232
                assert await post(bot, other, text()) == OK
            lark.clock.advance(1)
        assert (await post(bot, url, text()))["code"] == 11232
        lark.clock.advance(60)
        assert await post(bot, url, text()) == OK
