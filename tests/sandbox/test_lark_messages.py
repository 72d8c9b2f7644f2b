"""Sending, replying and updating: every limit and error code, and what people then see."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from sandbox import world
from sandbox.lark import Lark
from tests.sandbox.lark_client import IM, Bot, button, card, decision, markdown, playing, until

HOOKED = "/open-apis/interactive/v1/card/update"


@pytest_asyncio.fixture
async def played() -> AsyncIterator[tuple[Lark, Bot]]:
    async with playing() as both:
        yield both


# ----------------------------------------------------------------------------- tokens, the gate


async def test_tokens(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    path = "/open-apis/auth/v3/tenant_access_token/internal"
    assert (await bot.post(path, {"app_id": "cli_x", "app_secret": "y"}))[1]["code"] == 10003
    wrong = {"app_id": world.LARK_APP_ID, "app_secret": "y"}
    assert (await bot.post(path, wrong))[1]["code"] == 10014
    first = await bot.login()
    assert await bot.login() == first
    lark.clock.advance(7200 - 1700)
    second = await bot.login()
    assert second != first
    bot.token = first
    assert (await bot.call("GET", "/open-apis/bot/v3/info"))[1]["bot"]["open_id"] == world.LARK_BOT
    lark.clock.advance(1701)
    assert (await bot.call("GET", "/open-apis/bot/v3/info"))[1]["code"] == 99991663
    bot.token = second
    await lark.expire_token()
    assert (await bot.call("GET", "/open-apis/bot/v3/info"))[1]["code"] == 99991663
    bot.token = "secret"
    assert (await bot.call("GET", "/open-apis/bot/v3/info"))[1]["code"] == 99991671
    async with bot.http.get(bot.url + "/open-apis/bot/v3/info") as response:
        assert (response.status, (await response.json())["code"]) == (400, 99991661)
    journal = json.dumps(await lark.calls())
    assert world.LARK_APP_SECRET not in journal
    assert first not in journal


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"receive_id": "oc_ops", "msg_type": "text"}, "content"),
        ({"receive_id": "oc_ops", "msg_type": "text", "content": {"text": "x"}}, "content"),
        ({"receive_id": "oc_ops", "msg_type": "text", "content": "{}", "uid": "1"}, "uid"),
        ({"receive_id": 7, "msg_type": "text", "content": "{}"}, "receive_id"),
    ],
)
async def test_bodies_are_held_against_the_sdk_models(
    played: tuple[Lark, Bot], body: dict[str, Any], field: str
) -> None:
    lark, bot = played
    status, answer, _ = await bot.call("POST", f"{IM}?receive_id_type=chat_id", body)
    assert (status, answer["code"]) == (400, 99992402)
    assert [one["field"] for one in answer["error"]["field_violations"]] == [field]
    [call] = await lark.calls("im/v1/messages")
    assert (call["code"], call["request"]["body"]) == ("99992402", body)


async def test_a_reply_has_its_own_model(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    said = await lark.say("alice", "help")
    answer = await bot.send({"text": "ok"}, reply=said["message"], reply_in_thread="yes")
    assert answer["code"] == 99992402
    assert (await bot.send({"text": "ok"}, reply=said["message"], receive_id="x"))[
        "code"
    ] == 99992402


async def test_the_app_may_call_fifty_times_a_second(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    path = "/open-apis/bot/v3/info"
    for _ in range(50):
        assert (await bot.call("GET", path))[0] == 200
        lark.clock.advance(0.0001)
    status, answer, headers = await bot.call("GET", path)
    assert (status, answer["code"]) == (429, 99991400)
    assert headers["x-ogw-ratelimit-limit"] == "50"
    assert headers["x-ogw-ratelimit-reset"] == "1"
    lark.clock.advance(1)
    assert (await bot.call("GET", path))[0] == 200


async def test_a_group_takes_five_messages_a_second(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    await bot.login()
    lark.clock.advance(1)
    codes = [(await bot.send({"text": f"m{n}"}))["code"] for n in range(6)]
    assert codes == [0, 0, 0, 0, 0, 230020]
    assert (await bot.send({"text": "other"}, to="oc_hr"))["code"] == 0
    lark.clock.advance(1)
    assert (await bot.send({"text": "again"}))["code"] == 0


async def test_faults(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    await bot.login()
    await lark.fault("im/v1/messages", "error", status=503, code=1395001, message="busy")
    assert (await bot.send({"text": "x"}))["code"] == 1395001
    await lark.fault("im/v1/messages", "throttle", seconds=3)
    assert (await bot.send({"text": "x"}))["code"] == 99991400
    await lark.fault("im/v1/messages", "hang_up")
    with pytest.raises(aiohttp.ClientError):
        await bot.send({"text": "x"})
    assert await lark.transcript() == []
    await lark.fault("im/v1/messages", "lose_answer")
    with pytest.raises(aiohttp.ClientError):
        await bot.send({"text": "x"}, uuid="k1")
    assert (await bot.send({"text": "x"}, uuid="k1"))["code"] == 0
    assert len(await lark.transcript()) == 1
    await lark.fault("im/v1/messages", "slow", seconds=60)
    slow = asyncio.create_task(bot.send({"text": "y"}))
    await until(lambda: len([c for c in lark.journal if c.api == "im/v1/messages"]) == 6)
    lark.clock.advance(60)
    assert (await slow)["code"] == 0
    await lark.fault("im/v1/messages", "html")
    with pytest.raises(aiohttp.ContentTypeError):
        await bot.send({"text": "x"})


# ----------------------------------------------------------------------------- where it lands


async def test_receivers(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    assert (await bot.send({"text": "x"}, to="oc_nowhere"))["code"] == 230034
    await lark.move_bot("hr", False)
    assert (await bot.send({"text": "x"}, to="oc_hr"))["code"] == 230002
    body = {"receive_id": "ou_bob", "msg_type": "text", "content": '{"text":"hi"}'}
    assert (await bot.call("POST", f"{IM}?receive_id_type=open_id", body))[1]["code"] == 0
    assert (await bot.call("POST", f"{IM}?receive_id_type=nickname", body))[1]["code"] == 230001
    assert (await bot.call("POST", f"{IM}?receive_id_type=user_id", body))[1]["code"] == 230034
    [seen] = await lark.transcript("Bob")
    assert seen["text"] == "hi"


async def test_what_the_platform_does_not_have_is_journalled(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    async with bot.http.post(bot.url + "/open-apis/im/v9/x", json={"a": 1}) as response:
        assert response.status == 404
    [call] = await lark.calls("unknown")
    assert (call["request"]["path"], call["request"]["body"]) == ("/open-apis/im/v9/x", {"a": 1})


async def test_bodies_that_are_no_objects(played: tuple[Lark, Bot]) -> None:
    _, bot = played
    await bot.login()
    headers = {"Authorization": f"Bearer {bot.token}"}
    for raw in (b"[1]", b"{", b"[" * 100_000):
        url = f"{bot.url}{IM}?receive_id_type=chat_id"
        async with bot.http.post(url, data=raw, headers=headers) as response:
            assert (response.status, (await response.json())["code"]) == (400, 9499)


async def test_replies_and_threads(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    asked = (await lark.say("alice", "help"))["message"]
    plain = (await bot.send({"text": "here"}, reply=asked))["data"]
    assert (plain["parent_id"], plain["root_id"]) == (asked, asked)
    assert "thread_id" not in plain
    topic = (await bot.send({"text": "there"}, reply=asked, reply_in_thread=True))["data"]
    assert topic["thread_id"].startswith("omt_")
    more = (await bot.send({"text": "on"}, reply=topic["message_id"]))["data"]
    assert (more["thread_id"], more["root_id"]) == (topic["thread_id"], asked)
    quoting = await lark.say("bob", "status", quote=more["message_id"])
    entry = lark.tenant.entries[quoting["message"]]
    assert (entry.thread, entry.parent) == (topic["thread_id"], more["message_id"])
    await lark.recall(asked)
    assert (await bot.send({"text": "late"}, reply=asked))["code"] == 230011
    assert (await bot.send({"text": "late"}, reply="om_none"))["code"] == 230001


async def test_a_uuid_sends_once_in_an_hour(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    first = await bot.send({"text": "x"}, uuid="k")
    again = await bot.send({"text": "other"}, uuid="k")
    assert again["data"]["message_id"] == first["data"]["message_id"]
    assert [one["text"] for one in await lark.transcript()] == ["x"]
    lark.clock.advance(3601)
    assert (await bot.send({"text": "x"}, uuid="k"))["data"] != first["data"]
    assert (await bot.send({"text": "x"}, uuid="k" * 51))["code"] == 230001


async def test_a_refused_message_does_not_use_up_its_uuid(played: tuple[Lark, Bot]) -> None:
    _, bot = played
    assert (await bot.send("not json", uuid="k"))["code"] == 230001
    assert (await bot.send({"text": "x"}, uuid="k"))["code"] == 0


@pytest.mark.parametrize(
    ("kind", "content", "code"),
    [
        ("text", {"text": "x" * (150 * 1024 - 20)}, 0),
        ("text", {"text": "x" * (150 * 1024)}, 230025),
        ("post", {"zh_cn": {"content": [[{"tag": "text", "text": "x" * 31_000}]]}}, 230025),
        ("interactive", card(markdown("x" * 31_000)), 230025),
        ("text", {"txt": "x"}, 230001),
        ("text", {"text": ""}, 230001),
        ("image", {"image_key": "img_x"}, 230001),
        ("post", {"zh_cn": {"content": [[{"tag": "blink", "text": "x"}]]}}, 230001),
        ("post", {"zh_cn": {"content": [[{"tag": "text", "text": "x", "color": "red"}]]}}, 230001),
        ("post", {"zh_cn": {"content": [[{"tag": "at", "user_id": "ou_nobody"}]]}}, 230001),
        ("text", {"text": '<at user_id="all"></at>'}, 230018),
    ],
)
async def test_sizes_and_shapes_of_content(
    played: tuple[Lark, Bot], kind: str, content: Any, code: int
) -> None:
    _, bot = played
    assert (await bot.send(content, kind))["code"] == code


async def test_what_a_text_shows(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    text = (
        '<at user_id="ou_bob">Bob</at> see <b>this</b> [page](https://a.test/x) '
        "or http://b.test/y, &lt;done&gt; a < b"
    )
    await bot.send({"text": text})
    [seen] = await lark.transcript()
    assert seen["text"] == "@Bob see this page or http://b.test/y, &lt;done&gt; a < b"
    assert seen["mentions"] == ["bob"]
    assert seen["links"] == ["https://a.test/x", "http://b.test/y"]
    await lark.allow_at_all("ops")
    await bot.send({"text": '<at user_id="all"></at> wake up'})
    assert len((await lark.transcript())[1]["mentions"]) == len(world.PEOPLE)


async def test_what_a_post_shows(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    lines = [
        [
            {"tag": "text", "text": '<at user_id="all"> [x](http://no.test) '},
            {"tag": "at", "user_id": "ou_carol"},
            {"tag": "a", "text": "log", "href": "https://a.test"},
        ],
        [{"tag": "md", "text": '**done** <at user_id="ou_bob">B</at> `<at user_id="all">`'}],
        [{"tag": "code_block", "language": "BASH", "text": "echo <at>"}],
    ]
    assert (await bot.send({"zh_cn": {"title": "Result", "content": lines}}, "post"))["code"] == 0
    [seen] = await lark.transcript()
    assert seen["text"].split("\n") == [
        "Result",
        '<at user_id="all"> [x](http://no.test) @Carollog',
        'done @Bob <at user_id="all">',
        "echo <at>",
    ]
    assert seen["mentions"] == ["carol", "bob"]
    assert seen["links"] == ["https://a.test"]


# ----------------------------------------------------------------------------- cards later on


async def _sent(bot: Bot, sent: dict[str, Any]) -> str:
    answer = await bot.send(sent, "interactive")
    assert answer["code"] == 0, answer
    return str(answer["data"]["message_id"])


async def test_a_card_is_updated_in_place(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    ref = await _sent(bot, card(markdown("<at id=ou_bob></at> decide"), decision()))
    assert (await bot.patch(ref, card(markdown("<at id=ou_carol></at> said yes"))))["code"] == 0
    [seen] = await lark.cards()
    assert seen["text"] == "Title\n@Carol said yes"
    assert seen["history"] == ["Title\n@Bob decide"]
    assert (seen["revision"], seen["buttons"], seen["mentions"]) == (1, [], ["bob"])


async def test_updates_that_are_refused(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    ref = await _sent(bot, card(markdown("x")))
    said = (await lark.say("alice", "hi"))["message"]
    text = (await bot.send({"text": "x"}))["data"]["message_id"]
    v1 = {"elements": [{"tag": "markdown", "content": "x"}], "config": {"update_multi": True}}
    assert (await bot.patch(said, card(markdown("y"))))["code"] == 230012
    assert (await bot.patch(text, card(markdown("y"))))["code"] == 230001
    downgrade = await bot.patch(ref, v1)
    assert downgrade["code"] == 230099
    assert "200830" in downgrade["msg"]
    assert (await bot.patch(ref, card(markdown("x" * 31_000))))["code"] == 230025
    assert "100290" in (await bot.patch(ref, card(markdown("<at id=ou_zed></at>"))))["msg"]
    lark.clock.advance(1)
    codes = [(await bot.patch(ref, card(markdown(f"y{n}"))))["code"] for n in range(6)]
    assert codes == [0, 0, 0, 0, 0, 230020]
    lark.clock.advance(14 * 86400)
    await bot.login()
    assert (await bot.patch(ref, card(markdown("z"))))["code"] == 230031
    await lark.recall(ref)
    assert (await bot.patch(ref, card(markdown("z"))))["code"] == 230110


async def test_a_card_for_one_viewer_cannot_be_patched(played: tuple[Lark, Bot]) -> None:
    _, bot = played
    ref = await _sent(bot, {"elements": [{"tag": "markdown", "content": "x"}]})
    answer = await bot.patch(ref, card(markdown("y")))
    assert (answer["code"], "update_multi" in answer["msg"]) == (230099, True)


async def test_the_delayed_update_needs_the_clicks_token(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    await bot.join()
    ref = await _sent(bot, card(button("approve")))
    early: list[dict[str, Any]] = []

    async def update(token: str, new: Any = None) -> int:
        body = {"token": token, "card": new or card(markdown("later"))}
        answer = (await bot.call("POST", HOOKED, body))[1]
        early.append(answer)
        return int(answer["code"])

    bot.answer = lambda _: {"code": 200, "data": "e30="}
    clicked = await lark.click("bob", ref, "approve")
    token = bot.got[-1]["event"]["token"]
    assert clicked["acked"]
    assert await update("c-unknown") == 300020
    assert await update(token, {"elements": [{"tag": "markdown", "content": "x"}]}) == 300090
    assert await update(token, card({"tag": "note"})) == 11311
    assert [await update(token), await update(token), await update(token)] == [0, 0, 300040]
    await lark.click("bob", ref, "approve", revision=0)
    lark.clock.advance(1801)
    assert await update(bot.got[-1]["event"]["token"]) == 300030
    assert (await lark.cards())[0]["text"] == "Title\nlater"


async def test_urging(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    ref = await _sent(bot, card(markdown("x")))
    path = f"{IM}/{ref}/urgent_app?user_id_type=open_id"
    answer = (await bot.call("PATCH", path, {"user_id_list": ["ou_bob", "ou_zed"]}))[1]
    assert answer["data"] == {"invalid_user_id_list": ["ou_zed"]}
    assert (await bot.call("PATCH", path, {"user_id_list": ["ou_zed"]}))[1]["code"] == 230001
    assert (await bot.call("PATCH", path, {"user_id_list": "ou_bob"}))[1]["code"] == 99992402
    assert (await lark.cards())[0]["urgent"] == ["bob"]
    said = (await lark.say("alice", "x"))["message"]
    other = f"{IM}/{said}/urgent_app?user_id_type=open_id"
    assert (await bot.call("PATCH", other, {"user_id_list": ["ou_bob"]}))[1]["code"] == 230012
