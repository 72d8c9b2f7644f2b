"""How a request ended reaches somebody, or is on record as not told, on both platforms."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sandbox import play
from tests.behaviour.conftest import Scene

ANSWERS = {"dingtalk": "/robot/sendBySession", "lark": "im/v1/messages/reply"}
REFUSALS: dict[str, list[dict[str, Any]]] = {
    "dingtalk": [{"code": 430101, "message": "unsafe content", "status": 200}],
    "lark": [
        {"code": 231003, "message": "message not found", "status": 400},
        {"code": 230011, "message": "recalled", "status": 400},
        {"code": 230001, "message": "invalid message_id", "status": 400},
        {"code": 230022, "message": "sensitive", "status": 400},
        {"code": 230028, "message": "data leak protection", "status": 400},
    ],
}
CASES = [(platform, each) for platform, found in REFUSALS.items() for each in found]


async def approved(scene: Scene, known: list[str]) -> play.Entry:
    card = await scene.new_card("restart", known)
    await scene.click("bob", card, "approve")
    return await scene.card_says(card, play.SUCCEEDED)


async def asked(scene: Scene) -> None:
    await scene.say("alice", 'restart web-01 reason="top secret"')


async def dead(scene: Scene, word: str = "dead") -> str:
    known = await scene.ids()
    await scene.say("bob", word)
    return str((await scene.told("", known, to="bob"))["text"])


@pytest.mark.parametrize(("platform", "fault"), CASES, ids=lambda value: str(value)[:30])
async def test_what_the_thread_refuses_is_told_in_the_chat_without_what_was_not_meant_for_it(
    scene: Scene, platform: str, fault: dict[str, Any]
) -> None:
    known = await scene.ids()
    await asked(scene)
    card = await scene.new_card("restart", known)
    await scene.settled()
    before = await scene.ids()
    await scene.call("fault", api=ANSWERS[platform], do="error", times=99, **fault)
    await scene.click("bob", card, "approve")
    told = await scene.told(play.AUDIT, before, to="alice")
    code = re.search(r"短码 ?([0-9a-f]{8})|[Cc]ode ([0-9a-f]{8})", card["text"])
    assert code is not None
    assert "#1" in told["text"]
    assert (code[1] or code[2]) in told["text"]
    assert play.has(told["text"], play.SUCCEEDED)
    assert "top secret" not in told["text"]
    assert "web-01" not in told["text"]
    await scene.settled()
    if platform == "lark":
        assert not told["reply_to"]
    with scene.reader() as reader:
        assert reader.letters() == ()
    await scene.call("clear_faults")
    answer = await dead(scene)
    assert not play.has(answer, ("全部已送达", "Everything was delivered"))


async def test_a_bot_that_was_put_out_of_the_group_tells_the_requester_directly(
    scene: Scene,
) -> None:
    known = await scene.ids()
    await asked(scene)
    card = await scene.new_card("restart", known)
    await scene.settled()
    await scene.call("move_bot", chat="ops", inside=False)
    await scene.click("bob", card, "approve")
    told = await scene.until(
        "a direct message to Alice",
        lambda seen: next((e for e in seen if play.AUDIT in e["text"]), None),
        "Alice" if scene.platform == "lark" else "alice",
    )
    assert "#1" in told["text"]
    assert play.has(told["text"], play.SUCCEEDED)
    assert "top secret" not in told["text"]
    await scene.settled()
    with scene.reader() as reader:
        assert reader.letters() == ()


async def test_what_nobody_could_be_told_is_a_dead_letter_that_is_sent_again(
    scene: Scene,
) -> None:
    known = await scene.ids()
    await asked(scene)
    card = await scene.new_card("restart", known)
    await scene.settled()
    await scene.call("move_bot", chat="ops", inside=False)
    sends = (
        ("im/v1/messages",) if scene.platform == "lark" else ("card/instances/createAndDeliver",)
    )
    for api in sends:
        fault = {"code": 230013, "message": "no", "status": 400}
        if scene.platform == "dingtalk":
            fault = {"code": "param.error", "message": "no", "status": 400}
        await scene.call("fault", api=api, do="error", times=99, **fault)
    await scene.click("bob", card, "approve")
    await scene.card_says(card, play.SUCCEEDED)
    await scene.settled()
    with scene.reader() as reader:
        [letter] = reader.letters()
    assert letter.request == 1
    await scene.call("clear_faults")
    await scene.call("move_bot", chat="ops", inside=True)
    listed = await dead(scene)
    assert str(letter.number) in listed
    assert "#1" in listed
    assert "top secret" not in await dead(scene, f"dead {letter.number}")
    before = await scene.ids()
    await scene.say("bob", f"redrive {letter.number}")
    told = await scene.told(play.AUDIT, before, to="alice")
    assert "top secret" in told["text"], "the whole of it, where it belongs"
    await scene.settled()
    with scene.reader() as reader:
        assert reader.letters() == ()
