"""Bent frames for both long connections, and what the bot's acknowledgements promise about them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any, Protocol

from aiohttp.http_websocket import WSMsgType

from adapters.dingtalk import events as dingtalk
from adapters.lark import codec
from adapters.lark import events as lark
from bot import model
from sandbox import world
from tests.fuzz import hostile
from tests.fuzz.house import House

Frame = str | bytes
BREAKING: tuple[tuple[bytes, WSMsgType | None], ...] = (
    (b"\xff\xfe\xc0\x80", WSMsgType.TEXT),
    (b"\xed\xa0\x80", WSMsgType.TEXT),
    (b"\x00", WSMsgType.CLOSE),
    (b"\x03\xe8\xff\xff", WSMsgType.CLOSE),
    (b"x" * 126, WSMsgType.PING),
    (b"\xff" * 40, None),
    (b"\x81\x7f" + b"\xff" * 8, None),
    (b"\x82\x7e\xff\xff", None),
    (b"HTTP/1.1 200 OK\r\n\r\n", None),
    (b"\x81\x85abcdhello", None),
    (b"\x83\x00", None),
)
"""Frames that no WebSocket may hold, and octets (None) that are not even a frame."""


class Wire(Protocol):
    """How one platform frames what it pushes."""

    def bent(self, chance: random.Random, number: int) -> Frame:
        """A frame, bent somewhere: its envelope, its payload, or both."""
        ...

    def promised(self, sent: list[Frame], said: list[Frame]) -> Iterator[str]:
        """Ids of events that were acknowledged as taken, to be looked for in the store."""
        ...


def samples(house: House) -> list[Any]:
    """Payloads of every kind, as the platform really sent them to this bot."""
    if house.platform == "dingtalk":
        return [json.loads(f) for f in house.middle.heard if '"SYSTEM"' not in str(f)]
    found = []
    for frame in house.middle.heard:
        assert isinstance(frame, bytes)
        payload = codec.decode(frame).payload
        if codec.decode(frame).method == codec.DATA and payload:
            found.append(json.loads(payload))
    return found


class DingTalk:
    """JSON in JSON: ``data`` is a string."""

    def __init__(self, samples: list[Any]) -> None:
        system = {"specVersion": "1.0", "type": "SYSTEM", "data": '{"opaque":"x"}'}
        self.samples = [*samples, system | {"headers": {"topic": "ping", "messageId": "x"}}]

    def bent(self, chance: random.Random, number: int) -> Frame:
        frame = json.loads(json.dumps(chance.choice(self.samples)))
        frame["headers"]["messageId"] = f"fuzz-{number}"
        way = chance.randrange(4)
        if way and isinstance(frame.get("data"), str) and frame["data"].startswith("{"):
            frame["data"] = hostile.bent_text(chance, json.loads(frame["data"]))
            if way == 3:
                frame["data"] = json.loads('{"x":1}') | {"y": frame["data"]}
        if way in (0, 2):
            text = hostile.bent_text(chance, frame)
        else:
            text = json.dumps(frame, ensure_ascii=chance.random() < 0.5)
        raw = text.encode("utf-8", "surrogatepass")
        if chance.random() < 0.15:
            raw = hostile.bent_bytes(chance, raw)
        try:
            return raw.decode() if chance.random() < 0.6 else raw
        except UnicodeDecodeError:
            return raw

    def promised(self, sent: list[Frame], said: list[Frame]) -> Iterator[str]:
        taken = [json.loads(one) for one in said]
        acked = {str(a["headers"]["messageId"]) for a in taken if _taken(a)}
        for frame in sent:
            try:
                parsed = json.loads(frame)
                ident = dingtalk.headers_of(parsed).get("messageId")
            except (ValueError, RecursionError, AttributeError):
                continue
            if not isinstance(ident, str) or ident not in acked:
                continue
            event = dingtalk.to_event(parsed, model.EPOCH)
            if not isinstance(event, dingtalk.Ignored):
                yield event.id


def _taken(ack: dict[str, Any]) -> bool:
    return ack["code"] == 200 and '"LATER"' not in ack["data"] and '"opaque"' not in ack["data"]


class Lark:
    """JSON in protobuf, possibly in parts."""

    def __init__(self, samples: list[Any]) -> None:
        self.samples = samples

    def bent(self, chance: random.Random, number: int) -> Frame:
        payload = chance.choice(self.samples)
        text = hostile.bent_text(chance, payload) if chance.randrange(5) else json.dumps(payload)
        headers = [
            ("type", chance.choice(("event", "card", "", "pong", "\x00"))),
            ("message_id", f"fuzz-{number}"),
            ("sum", "1"),
            ("seq", "0"),
        ]
        if chance.random() < 0.3:
            odd = ("0", "-1", "1", "2", "3", "x", "", "1e9", "9" * 40, "٣", " 1", "1024", "1025")
            headers[2:] = [("sum", chance.choice(odd)), ("seq", chance.choice(odd))]
        if chance.random() < 0.2:
            headers += chance.choices(headers, k=chance.randrange(1, 30))
        if chance.random() < 0.1:
            headers.append((chance.choice(hostile.TEXTS), chance.choice(hostile.TEXTS)))
        frame = codec.Frame(
            seq_id=chance.choice((0, 1, 2**63, 2**64 - 1)),
            log_id=number,
            service=chance.choice((1, -1, 2**31 - 1)),
            method=chance.choice((1, 1, 1, 1, 0, 2, -1)),
            headers=headers,
            payload=text.encode("utf-8", "surrogatepass"),
        )
        if chance.random() < 0.1:
            frame.payload_encoding = chance.choice(("gzip", "\x00", "utf-8"))
        if chance.random() < 0.1:
            frame.payload = hostile.bent_bytes(chance, frame.payload or b"")
        raw = codec.encode(frame)
        return hostile.bent_bytes(chance, raw) if chance.random() < 0.2 else raw

    def promised(self, sent: list[Frame], said: list[Frame]) -> Iterator[str]:
        acked: set[str] = set()
        for one in said:
            assert isinstance(one, bytes)
            back = codec.decode(one)
            if back.method == codec.DATA and json.loads(back.payload or b"{}")["code"] == 200:
                acked.add(dict(back.headers).get("message_id", ""))
        for frame in sent:
            try:
                assert isinstance(frame, bytes)
                read = codec.decode(frame)
                headers = dict(read.headers)
                parsed = json.loads(read.payload or b"")
            except (ValueError, RecursionError):
                continue
            if headers.get("message_id") in acked and headers.get("sum", "1") == "1":
                event = lark.to_event(parsed, world.LARK_BOT, model.EPOCH)
                if event is not None:
                    yield event.id


def wire_of(house: House) -> DingTalk | Lark:
    found = samples(house)
    return DingTalk(found) if house.platform == "dingtalk" else Lark(found)


async def record_samples(house: House) -> None:
    """Let the platform send one frame of every kind: a question, a click and a form, by people
    whose words change nothing."""
    card = await house.pending('restart web-01 reason="sample"')
    await house.click("mallory", card, "approve", reason="x")
    await house.say("alice", "cancel", quote=card["ref"])
    await house.card_says(card, ("已取消",))
    await house.call("form", user="mallory", fields={"emp_id": "E9", "role": "dev"})
    await house.settled()


async def attack(house: House, wire: Wire, chance: random.Random, count: int) -> None:
    """Send bent frames; afterwards all that was acknowledged is in the store, nothing ran, nothing
    was approved, and the next question is answered."""
    before, middle = await house.runs_of(), house.middle
    middle.said.clear()
    sent: list[Frame] = []
    for number in range(count):
        frame = wire.bent(chance, chance.randrange(10**12) * 1000 + number % 1000)
        sent.append(frame)
        await middle.inject(frame)
    await house.answers()
    promised = list(wire.promised(sent, middle.said))
    assert promised or count < 100, "nothing of it was ever taken: the attack misses"
    lost = [ident for ident in promised if not house.stored(ident)]
    assert not lost, lost[:3]
    await house.settled()
    assert await house.runs_of() == before, "something ran"
    await house.check_log()


async def broken(house: House, payload: bytes, opcode: WSMsgType | None) -> None:
    """Break the websocket; a new one follows, and the next question is answered."""
    if opcode is None:
        await house.middle.inject_octets(payload)
        house.middle.cut()
    else:
        await house.middle.inject_frame(payload, opcode)
    await house.answers()
    await house.check_log()
