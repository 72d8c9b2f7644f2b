"""A hostile platform, or somebody on the wire, against the two long connections."""

from __future__ import annotations

import json
import random

import pytest

from adapters.lark import codec
from tests.fuzz import frames, hostile
from tests.fuzz.house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
COUNT = 400


async def wire_of(house: House) -> frames.DingTalk | frames.Lark:
    if len(frames.samples(house)) < 4:
        await frames.record_samples(house)
    house.log.faults.clear()
    return frames.wire_of(house)


@pytest.mark.parametrize("seed", range(3))
async def test_bent_frames_harm_only_themselves(house: House, seed: int) -> None:
    await frames.attack(house, await wire_of(house), random.Random(seed), COUNT)


async def test_garbage_in_both_kinds_of_messages(house: House) -> None:
    chance = random.Random(7)
    for size in (0, 1, 2, 100, 5000):
        await house.middle.inject(chance.randbytes(size))
        await house.middle.inject("\x00" * size)
        await house.middle.inject("�{" * size)
    for text in ("null", "[]", "1", '""', "{", '{"headers":', "[" * 100_000, '{"a":' * 100_000):
        await house.middle.inject(text)
        await house.middle.inject(text.encode())
    await house.answers()
    await house.check_log()


async def test_messages_of_one_and_five_megabytes(house: House) -> None:
    wire = await wire_of(house)
    for size in (1 << 20, 5 << 20):
        if isinstance(wire, frames.DingTalk):
            frame = json.loads(json.dumps(wire.samples[0]))
            frame["data"] = json.dumps({"text": {"content": "x" * size}, "msgId": f"big{size}"})
            await house.middle.inject(json.dumps(frame))
            await house.middle.inject("x" * size)
        else:
            body = json.dumps({"header": {"event_type": "x" * size}}).encode()
            headers = [("type", "event"), ("message_id", f"big{size}")]
            frame = codec.Frame(method=codec.DATA, headers=headers, payload=body)
            await house.middle.inject(codec.encode(frame))
            await house.middle.inject(b"x" * (1 << 20))
    await house.answers()
    await house.check_log()


async def test_thousands_of_tiny_frames(house: House) -> None:
    for number in range(3000):
        tiny = ("{}", "[]", "0", "")[number % 4]
        await house.middle.inject(tiny if house.platform == "dingtalk" else tiny.encode())
    await house.answers()
    await house.check_log()


async def test_a_message_of_the_longest_text_is_answered(house: House) -> None:
    known = await house.ids()
    await house.say("carol", "restart web-01 " + "很长" * 50_000)
    await house.told("8000", known, to="carol")
    await house.check_log()


async def test_frames_that_break_the_websocket_are_followed_by_a_new_one(house: House) -> None:
    for payload, opcode in random.Random(house.platform).sample(frames.BREAKING, 2):
        await frames.broken(house, payload, opcode)


async def test_absurd_parts_do_not_fill_the_memory(whole: House) -> None:
    house = whole.on("lark")
    part = b"x" * 100_000
    for number in range(400):
        headers = [("type", "event"), ("message_id", f"m{number}"), ("sum", "1000"), ("seq", "3")]
        frame = codec.Frame(method=codec.DATA, headers=headers, payload=part)
        await house.middle.inject(codec.encode(frame))
    for total, index in (("2", "5"), ("0", "0"), ("-3", "-3"), ("x", "y"), ("9" * 5000, "1")):
        headers = [("type", "event"), ("message_id", "m"), ("sum", total), ("seq", index)]
        frame = codec.Frame(method=codec.DATA, headers=headers, payload=b"{}")
        await house.middle.inject(codec.encode(frame))
    await house.answers()
    await house.check_log()


async def test_values_nobody_meant_never_name_a_person() -> None:
    named = ("alice", "bob", "carol", "ops", "cid")
    assert not any(word in json.dumps(hostile.VALUES) for word in named)
