"""The server's own part: slow, broken, huge, many; what a crash between accept and commit does."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.inlet import refusal, shapes
from bot import model
from bot.model import ports
from tests import properties
from tests.adapters.inlet_stage import EVENT, SECRET, Stage, dumped, source, staged
from tests.bot import rig

JSON = "application/cloudevents+json"
BODY = dumped(EVENT)
HALF = (
    b"POST /in/shop HTTP/1.1\r\nHost: x\r\nContent-Type: application/cloudevents+json\r\n"
    b"X-Countersign-Signature: 0\r\nContent-Length: 100\r\n\r\n{"
)


def head(stage: Stage, body: bytes = BODY, *more: str, length: int | None = None) -> bytes:
    """The head of a signed request."""
    fields = [f"{name}: {value}" for name, value in stage.signed(body).items()]
    fields += [
        f"Content-Type: {JSON}",
        f"Content-Length: {len(body) if length is None else length}",
    ]
    return "\r\n".join(["POST /in/shop HTTP/1.1", "Host: x", *fields, *more, "", ""]).encode()


# ----------------------------------------------------------------------------- size


@pytest.mark.parametrize("extra", [0, 1])
async def test_a_body_may_be_so_large_and_no_larger(tmp_path: Path, extra: int) -> None:
    async with staged(tmp_path, max_bytes=5000) as stage:
        body = dumped(EVENT | {"data": "x" * (5000 + extra - len(dumped(EVENT | {"data": ""})))})
        assert len(body) == 5000 + extra
        assert (await stage.signed_post("/in/shop", body)).status == (413 if extra else 202)


async def test_a_large_body_is_refused_before_it_is_read(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        answer = await stage.raw(head(stage, length=10**12, body=BODY))
        assert answer.startswith(b"HTTP/1.1 413 ")
        await stage.told("too large")


async def test_a_large_body_in_pieces_is_cut_off(tmp_path: Path) -> None:
    async with staged(tmp_path, max_bytes=1000) as stage:
        sent = head(stage).replace(b"Content-Length: %d" % len(BODY), b"Transfer-Encoding: chunked")
        pieces = [b"1f4\r\n" + b"x" * 500 + b"\r\n"] * 3
        answer = await stage.raw(sent, *pieces)
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert stage.events == []


async def test_an_event_in_pieces(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        sent = head(stage, BODY, "Connection: close")
        sent = sent.replace(b"Content-Length: %d" % len(BODY), b"Transfer-Encoding: chunked")
        half = len(BODY) // 2
        pieces = [b"%x\r\n" % len(part) + part + b"\r\n" for part in (BODY[:half], BODY[half:])]
        answer = await stage.raw(sent, *pieces, b"0\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 202 ")


async def test_who_asks_first_is_told_before_the_body(tmp_path: Path) -> None:
    """curl waits for this before it sends a larger body."""
    async with staged(tmp_path) as stage:
        reader, writer = await asyncio.open_connection("127.0.0.1", stage.inlet.port)
        writer.write(head(stage, BODY, "Expect: 100-continue", "Connection: close"))
        assert await reader.readline() == b"HTTP/1.1 100 Continue\r\n"
        writer.write(BODY)
        assert b"HTTP/1.1 202 " in await reader.read()
        writer.close()
        # and who is not let in is told so at once
        reader, writer = await asyncio.open_connection("127.0.0.1", stage.inlet.port)
        writer.write(head(stage, BODY, "Expect: 100-continue", length=10**9))
        assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
        writer.close()


# ----------------------------------------------------------------------------- slow and broken


async def test_who_does_not_speak_is_sent_away(tmp_path: Path) -> None:
    async with staged(tmp_path, head_timeout=0.2) as stage:
        assert await stage.raw() == b""
        assert await stage.raw(b"POST /in/shop HTTP/1.1\r\nHost:") == b""  # half a head
        answer = await stage.raw(head(stage) + BODY)  # and an idle connection ends, too
        assert answer.startswith(b"HTTP/1.1 202 ")


async def test_a_slow_body_is_given_up(tmp_path: Path) -> None:
    async with staged(tmp_path, body_timeout=0.2) as stage:
        answer = await stage.raw(head(stage), BODY[:10])
        assert answer.startswith(b"HTTP/1.1 408 ")
        await stage.told("slow")
        assert stage.events == []


async def test_a_client_that_goes_away_harms_nobody(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        for _ in range(20):
            _, writer = await asyncio.open_connection("127.0.0.1", stage.inlet.port)
            writer.write(head(stage) + BODY[:20])
            await writer.drain()
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            writer.transport.abort()
        assert (await stage.signed_post("/in/shop", EVENT)).status == 202
        assert len(stage.events) == 1


async def test_requests_in_a_row_are_answered_in_order(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        sent = b""
        for number in range(50):
            body = dumped(EVENT | {"id": str(number)})
            last = ("Connection: close",) if number == 49 else ()
            sent += head(stage, body, *last) + body
        answer = await stage.raw(sent)
        found = [line for line in answer.split(b"\n") if line.startswith(b'{"ids"')]
        assert found == [b'{"ids":["ce:shop:%d"]}' % number for number in range(50)]


@pytest.mark.parametrize(
    "sent",
    [
        b"GARBAGE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /in/shop HTTP/9.9\r\n\r\n",
        b"POST /in/shop HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /in/shop HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /in/shop HTTP/1.1\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
        b"POST /in/shop HTTP/1.1\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"POST /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"POST http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=lambda sent: repr(sent[:30]),
)
async def test_what_is_no_request(tmp_path: Path, sent: bytes) -> None:
    async with staged(tmp_path, head_timeout=0.5) as stage:
        answer = await stage.raw(sent)
        assert answer == b"" or answer.split(b" ")[1][:1] == b"4"
        assert b"Traceback" not in answer
        assert b"aiohttp" not in answer
        assert (await stage.signed_post("/in/shop", EVENT)).status == 202


# ----------------------------------------------------------------------------- many


async def silent(stage: Stage, count: int, sent: bytes = b"") -> list[asyncio.StreamWriter]:
    """Connections that say no more than that."""
    opened = []
    for _ in range(count):
        _, writer = await asyncio.open_connection("127.0.0.1", stage.inlet.port)
        writer.write(sent)
        opened.append(writer)
    return opened


@pytest.mark.parametrize(
    "sent",
    [b"", b"POST /in/shop HTTP/1.1\r\nHost:", HALF],
    ids=["nothing", "half a head", "half a body"],
)
async def test_honest_senders_get_through_a_flood_of_connections(
    tmp_path: Path, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with staged(tmp_path, max_connections=20, patience=0.1) as stage:
        flood = await silent(stage, 120, sent)
        bodies = [EVENT | {"id": str(number)} for number in range(30)]
        answers = await asyncio.gather(*(stage.signed_post("/in/shop", body) for body in bodies))
        assert [answer.status for answer in answers] == [202] * 30, "no reset, no refusal"
        assert stage.inlet.connections <= 20
        told = [one for one in caplog.records if "connections at once" in one.getMessage()]
        assert len(told) == 1, "a line for the flood, not one for each"
        assert [one for one in caplog.records if one.levelname == "ERROR"] == []
        for writer in flood:
            writer.close()


async def test_a_connection_is_kept_for_the_next_request_unless_others_wait_for_it(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path, max_connections=8) as stage:
        quiet = await stage.signed_post("/in/shop", EVENT)
        assert quiet.headers.get("Connection", "keep-alive") != "close"
        flood = await silent(stage, 7)
        await rig.until(lambda: stage.inlet.connections >= 7, 20)
        crowded = await stage.signed_post("/in/shop", EVENT)
        assert (crowded.status, crowded.headers.get("Connection")) == (200, "close")
        for writer in flood:
            writer.close()


async def test_no_more_connections_than_files_may_be_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.inlet.accepting.most_files", lambda: 64)
    async with staged(tmp_path) as stage:
        flood = await silent(stage, 60)
        assert (await stage.signed_post("/in/shop", EVENT)).status == 202
        assert stage.inlet.connections <= 32
        for writer in flood:
            writer.close()


async def test_only_so_many_requests_at_once(tmp_path: Path) -> None:
    async with staged(tmp_path, max_in_flight=2) as stage:
        gate = asyncio.Event()

        async def waiting(event: model.Event) -> model.Receipt:
            await gate.wait()
            return await stage.door.submit(event)

        stage.answerer = waiting
        first = [
            asyncio.create_task(stage.signed_post("/in/shop", EVENT | {"id": str(number)}))
            for number in range(2)
        ]
        await rig.until(lambda: len(stage.events) == 2)
        answer = await stage.signed_post("/in/shop", EVENT)
        assert answer.status == 503
        assert answer.headers["Retry-After"]
        gate.set()
        assert [(await task).status for task in first] == [202, 202]


# ----------------------------------------------------------------------------- the commit


async def test_nothing_is_confirmed_that_is_not_on_disk(tmp_path: Path) -> None:
    async with staged(tmp_path, answer_timeout=0.1) as stage:
        never: asyncio.Future[model.Receipt] = asyncio.get_running_loop().create_future()

        async def stuck(event: model.Event) -> model.Receipt:
            return await asyncio.shield(never)

        stage.answerer = stuck
        answer = await stage.signed_post("/in/shop", EVENT)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        stage.answerer = None
        assert (await stage.signed_post("/in/shop", EVENT)).status == 202
        never.set_exception(ports.Closed("too late"))


async def test_one_of_a_batch_that_is_not_taken_is_not_confirmed(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:

        async def half(event: model.Event) -> model.Receipt:
            if isinstance(event, model.EventReceived) and event.event.id.endswith("1"):
                raise ports.Closed("stopping")
            return await stage.door.submit(event)

        stage.answerer = half
        many = [EVENT | {"id": f"b-{number}"} for number in range(3)]
        assert (await stage.signed_post("/in/shop", many, shapes.BATCH)).status == 503
        stage.answerer = None
        answer = await stage.signed_post("/in/shop", many, shapes.BATCH)
        assert answer.status == 202
        ids = [event.formerly for event in stage.taken if isinstance(event, model.EventReceived)]
        assert sorted(set(ids)) == ["ce:shop:b-0", "ce:shop:b-1", "ce:shop:b-2"]


async def test_what_is_in_flight_when_it_stops_is_still_answered(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        gate = asyncio.Event()

        async def waiting(event: model.Event) -> model.Receipt:
            await gate.wait()
            return await stage.door.submit(event)

        stage.answerer = waiting
        request = asyncio.create_task(stage.signed_post("/in/shop", EVENT))
        await rig.until(lambda: len(stage.events) == 1)
        stopping = asyncio.create_task(stage.stop())
        await asyncio.sleep(0)
        gate.set()
        assert (await request).status == 202
        await stopping
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", stage.inlet.port)


async def test_a_fault_of_ours_is_not_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with staged(tmp_path) as stage:

        async def broken(event: model.Event) -> model.Receipt:
            raise RuntimeError("the secret path /etc/x")

        stage.answerer = broken
        answer = await stage.signed_post("/in/shop", EVENT)
        assert (answer.status, answer.body) == (
            500,
            {"error": "this went wrong here, send it again"},
        )
        assert "could not be handled" in caplog.text


# ----------------------------------------------------------------------------- fuzz

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["specversion", "id", "source", "type", "time", "subject", "data", "data_base64", "detail-type"]
)
EVENTS = st.dictionaries(NAMES | st.text(max_size=8), VALUES, max_size=8).map(
    lambda changed: EVENT | changed
)
BODIES = (
    st.binary(max_size=200)
    | VALUES.map(lambda value: json.dumps(value).encode())
    | EVENTS.map(lambda value: json.dumps(value).encode())
    | st.lists(EVENTS, max_size=3).map(lambda value: json.dumps(value).encode())
)


@settings(
    max_examples=properties.examples(150),
    deadline=2000,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    st.sampled_from(["cloudevents", "eventbridge", "webhook"]),
    st.sampled_from(["application/json", JSON, shapes.BATCH, "text/plain", ""]),
    st.dictionaries(
        st.sampled_from(["ce-id", "ce-type", "ce-source", "ce-specversion", "ce-time", "ce-x"])
        | st.text(max_size=5),
        st.text(max_size=12) | st.just("1.0"),
        max_size=6,
    ),
    BODIES,
)
def test_whatever_comes_is_an_event_or_a_refusal(
    kind: Any, media: str, headers: dict[str, str], body: bytes
) -> None:
    sender = source(kind, mapping={"person": "$.data.who"} if kind != "webhook" else {})
    found: list[Any] = []
    refused: refusal.Refusal | None = None
    try:
        found = shapes.read(sender, media, headers | {"content-type": media}, {}, body, rig.START)
    except refusal.Refusal as fault:
        refused = fault
    if refused is not None:
        assert refused.status in (400, 403)
        assert "\n" not in refused.text
    assert bool(found) != bool(refused)
    for event, person in found:
        written = json.dumps(event.plain(), allow_nan=False, ensure_ascii=False).encode()
        assert json.loads(written) == event.plain()
        assert event.id
        assert event.source
        assert event.type
        assert event.time.utcoffset() is not None
        assert event.plain()["id"] == event.id
        assert isinstance(person, str)


async def test_fuzzed_bytes_on_the_wire(tmp_path: Path) -> None:
    """Requests with some bytes changed: an answer of four hundred and something, or none."""
    chance = random.Random(20260301)
    async with staged(tmp_path, head_timeout=0.3, body_timeout=0.3) as stage:

        async def one(number: int) -> bytes:
            body = dumped(EVENT | {"id": str(number)})
            sent = bytearray(head(stage, body, "Connection: close") + body)
            for _ in range(chance.randint(1, 6)):
                sent[chance.randrange(len(sent))] = chance.randrange(256)
            with contextlib.suppress(ConnectionError):
                return await stage.raw(bytes(sent))
            return b""

        answers = await asyncio.gather(*(one(number) for number in range(150)))
        statuses = {answer.split(b" ")[1] for answer in answers if answer}
        assert statuses <= {b"202", b"400", b"401", b"404", b"405", b"408", b"413", b"415"}
        assert SECRET.encode() not in b"".join(answers)
        assert (await stage.signed_post("/in/shop", EVENT)).status == 202
