"""Hostile text, from every mouth and machine that the bot ever repeats, through to the groups."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Sequence
from typing import Any

import pytest
from aiohttp import web

from sandbox import play
from tests.fuzz import between, hostile
from tests.fuzz.house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
TOGETHER = 6


def batches(texts: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(texts[at : at + TOGETHER]) for at in range(0, len(texts), TOGETHER)]


async def quiet(house: House, known: Sequence[str], meant: set[str], chat: str = "ops") -> None:
    """Everything said since ``known`` links nowhere, names only those meant, and broke nothing."""
    await house.answers()
    await house.settled()
    new = [entry for entry in await house.transcript(chat) if entry["id"] not in known]
    assert any(entry["from"] == "bot" for entry in new)
    house.quiet(new, (meant | {"carol"}).__contains__)
    assert not (refused := await house.refusals()), refused[0]
    await house.check_log()


def quoted(text: str) -> str:
    return "「" + text.replace("」", "") + "」"


async def test_a_command_that_is_none(house: House) -> None:
    known = await house.ids()
    for text in hostile.TEXTS:
        await house.say("alice", text)
    await quiet(house, known, {"alice"})


async def test_a_reason_on_the_card_and_in_the_thread(house: House) -> None:
    known = await house.ids()
    for text in hostile.TEXTS[:20]:
        await house.say("alice", f"restart web-01 reason={quoted(text)}")
    await house.settled()
    cards = [
        entry
        for entry in await house.transcript()
        if entry["id"] not in known and any(b["action"] == "reject" for b in entry["buttons"])
    ]
    assert len(cards) > 15
    for card, text in zip(cards, itertools.cycle(hostile.TEXTS[20:]), strict=False):
        shown = {b["action"] for b in card["buttons"]}
        assert shown == {"approve", "reject"}, card
        await house.say("bob", f"reject reason={quoted(text)}", quote=card["ref"])
    await quiet(house, known, {"alice", "bob", "carol"})


async def test_a_script_and_what_it_prints(house: House) -> None:
    known = await house.ids()
    lines = [text.replace("CANARY", "/dev/null") for text in hostile.TEXTS]
    script = "cat <<'END_OF_IT'\n" + "\n".join(lines) + "\nEND_OF_IT\nprintf '\\377\\376\\000@all'"
    script = "".join(c for c in script if c in "\n\t" or c.isprintable() or ord(c) > 0x3000)
    await house.say("bob", f"run web-03 --\n{script}")
    card = await house.new_card("run", known)
    answer = await house.click("carol", card, "approve")
    assert answer["acked"], answer
    await house.card_says(card, play.SUCCEEDED)
    await quiet(house, known, {"alice", "bob", "carol"})


async def test_nicknames(house: House) -> None:
    known = await house.ids()
    if house.platform == "dingtalk":
        for text in hostile.TEXTS:
            await house.call("say", user="mallory", text="whoami", changes={"senderNick": text})
            await house.call(
                "say",
                user="mallory",
                text="whoami",
                changes={"senderNick": text, "senderStaffId": text, "senderCorpId": text},
            )
    else:
        await house.answers()
        first = (await house.call("deliveries", kind="push.chat"))[0]["payload"]
        for number, text in enumerate(hostile.TEXTS):
            frame = json.loads(json.dumps(first))
            message = frame["event"]["message"]
            message["message_id"] = f"om_nick{number}"
            key = f"@_user_{number + 5}"
            message["mentions"].append({"key": key, "id": {"open_id": text}, "name": text})
            message["content"] = json.dumps({"text": f"@_user_1 hello {key} {text}"})
            await house.call("push_raw", data=frame, kind="push.chat")
        await house.answers()
        await house.settled()
        unknown = {call["code"] for call in await house.refusals()}
        assert unknown <= {"230011", "230001"}, "only that nobody wrote these messages"
    await quiet(house, known, {"alice", "bob", "carol", "dave", "mallory"})


async def test_form_fields_and_titles(house: House) -> None:
    known = await house.ids("hr")
    for text in hostile.TEXTS:
        await house.call("form", user="alice", fields={"emp_id": text, "role": text})
    await quiet(house, known, {"alice", "bob", "carol"}, "hr")


async def test_form_titles(house: House) -> None:
    known = await house.ids("hr")
    texts = itertools.cycle(hostile.TEXTS)

    def lie(met: between.Exchange) -> web.Response | None:
        body = json.loads(met.answered)
        if "processInstances" in met.path and met.method == "GET":
            body["result"]["title"] = next(texts)
        elif "/approval/v4/instances/" in met.path and met.method == "GET":
            body["data"]["approval_name"] = next(texts)
        else:
            return None
        return between.saying(json.dumps(body))

    house.middle.lie = lie
    try:
        for number in range(len(hostile.TEXTS)):
            fields = {"emp_id": f"E{number}", "role": "dev" if number % 2 else "nothing"}
            await house.call("form", user="alice", fields=fields)
        await quiet(house, known, {"alice", "bob", "carol"}, "hr")
    finally:
        house.middle.lie = None


async def test_instance_names_from_the_cloud(house: House) -> None:
    known = await house.ids()
    aliyun = house.middles["aliyun"]
    texts = itertools.cycle(hostile.TEXTS)

    def lie(met: between.Exchange) -> web.Response | None:
        body = json.loads(met.answered)
        for one in (body.get("Instances") or {}).get("Instance") or ():
            one["InstanceName"] = next(texts)
            one["Status"] = next(texts)
        return between.saying(json.dumps(body))

    aliyun.lie = lie
    try:
        for _ in batches(hostile.TEXTS):
            await house.say("alice", "instances")
        await house.say("alice", "restart i-sandbox0web01 reason=x")
        await quiet(house, known, {"alice", "bob", "carol"})
    finally:
        aliyun.lie = None


@pytest.mark.parametrize("status", [400, 404])
async def test_error_texts_of_the_cloud(house: House, status: int) -> None:
    known = await house.ids()
    aliyun = house.middles["aliyun"]
    texts = itertools.cycle(hostile.TEXTS)

    def lie(_: between.Exchange) -> web.Response | None:
        error = {"Code": "Odd.Code", "Message": next(texts), "RequestId": next(texts)}
        return between.saying(json.dumps(error), status)

    aliyun.lie = lie
    try:
        for _ in range(12):
            await house.say("alice", "restart web-01 reason=x")
        await quiet(house, known, {"alice", "bob", "carol"})
    finally:
        aliyun.lie = None


async def test_error_texts_of_the_chat_platform(house: House) -> None:
    """A refused card is told in words; the platform's own words are among them."""
    known = await house.ids()
    texts = itertools.cycle(hostile.TEXTS)

    def lie(met: between.Exchange) -> web.Response | None:
        asked: Any = met.asked.decode()
        if "createAndDeliver" in met.path:
            error = {"code": "odd.code", "message": next(texts)}
            return between.saying(json.dumps(error), 400)
        if "/im/v1/messages" in met.path and '"interactive"' in asked:
            return between.saying(json.dumps({"code": 230099, "msg": next(texts)}), 400)
        return None

    house.middle.lie = lie
    try:
        for _ in range(10):
            await house.say("alice", "restart web-01 reason=x")
        await quiet(house, known, {"alice", "bob", "carol"})
    finally:
        house.middle.lie = None
    await asyncio.sleep(0)
