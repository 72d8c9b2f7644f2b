"""What the bench sends is what the platforms send, and what it counts is what came back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.dingtalk import events as dingtalk_events
from adapters.lark import codec
from adapters.lark import events as lark_events
from bench import figures, frames, processes, wire
from bot import model, store
from bot.app import adapters
from bot.commands import loader
from bot.store import codec as store_codec

NOW = datetime(2026, 3, 1, tzinfo=UTC)
URL = "http://127.0.0.1:1"


def event(platform: str, kind: str, serial: int) -> model.Event:
    raw = frames.make(platform, kind, URL)(serial)
    found: object
    if platform == "dingtalk":
        found = dingtalk_events.to_event(json.loads(raw), NOW)
    else:
        payload = codec.decode(raw).payload
        assert payload is not None
        found = lark_events.to_event(json.loads(payload), frames.LARK_BOT, NOW)
    assert isinstance(found, model.MessageReceived | model.CardAction)
    return found


@pytest.mark.parametrize("platform", ["dingtalk", "lark"])
def test_no_two_questions_are_alike(platform: str) -> None:
    one, other = event(platform, "ask", 1), event(platform, "ask", 2)
    assert isinstance(one, model.MessageReceived)
    assert isinstance(other, model.MessageReceived)
    assert datetime.now(UTC) - one.at < timedelta(minutes=1), "an old message is refused"
    assert one.text == 'restart web-01 reason="leak 000000000001"'
    assert len({one.id, other.id}) == len({one.text, other.text}) == 2
    assert one.account.id == frames.person(platform, 1)
    assert event(platform, "ask", frames.PEOPLE + 1).account == one.account  # type: ignore[union-attr]


@pytest.mark.parametrize("platform", ["dingtalk", "lark"])
def test_clicks_are_on_a_card_of_no_request(platform: str) -> None:
    clicked = event(platform, "click", 7)
    assert isinstance(clicked, model.CardAction)
    assert (clicked.action, clicked.request) == ("approve", 999999999)


def test_masked_frames_are_read_and_half_ones_kept() -> None:
    mask, text = b"\x01\x02\x03\x04", b'{"code":200}' + b" " * 200
    masked = bytes(byte ^ mask[n % 4] for n, byte in enumerate(text))
    whole = b"\x81\xfe" + len(text).to_bytes(2, "big") + mask + masked
    buffer = bytearray(whole + whole[:9])
    ((opcode, found, payload),) = wire.frames(buffer)
    assert (opcode, wire.unmasked(found, payload)) == (wire.TEXT, text)
    assert bytes(buffer) == whole[:9]


def test_requests_are_taken_off_one_by_one() -> None:
    one = b"POST /a?b=c HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi"
    buffer = bytearray(one + one[:-1])
    request = wire.read_request(buffer)
    assert request is not None
    assert (request.path, request.query, request.body) == ("/a", "b=c", b"hi")
    assert wire.read_request(buffer) is None
    assert bytes(buffer) == one[:-1]


def test_its_configuration_is_a_valid_one(tmp_path: Path) -> None:
    path = processes.configuration(tmp_path / "bench", URL)
    settings = adapters.load(path, known_commands=loader.load)
    assert len(settings.book.people) == frames.PEOPLE + 1
    assert len(settings.book.patterns) > 3


def test_a_round_without_acknowledgements_is_said_in_a_sentence() -> None:
    assert figures.ratio([3.0, 4.0, 9.0], [1.0, 2.0, 3.0]) == 3.0
    with pytest.raises(RuntimeError, match="nothing was acknowledged in one of the rounds"):
        figures.ratio([0.0, 4.0], [1.0, 0.0])


def test_filled_stores_hold_pending_requests_with_their_timers(tmp_path: Path) -> None:
    from bench import pending

    pending.fill(tmp_path / "data.db", 30)
    with store.Store(tmp_path / "data.db") as opened, opened.reading() as reader:
        assert reader.status().requests == {"pending": 30}
        assert reader.next_timer() is not None
        assert reader.verify_audit() == []
        request = reader.request(30)
    assert request is not None
    assert request.digest == model.digest(request.plan)  # type: ignore[arg-type]
    assert store_codec.decode(store_codec.request, store_codec.encode(request)) == request


def test_aims_missed_are_told_in_words(tmp_path: Path) -> None:
    taken = figures.Figures()
    taken.keep("ack.p99_ms_at_200", 12.0)
    taken.keep("ready.seconds", 1.0)
    assert taken.missed() == ["ack.p99_ms_at_200 is 12.0, the aim is ≤ 10"]
    taken.write(tmp_path / "bench.json")
    assert json.loads((tmp_path / "bench.json").read_text()) == taken.numbers
    assert figures.ratio([2.0, 4.0, 9.0], [1.0, 2.0, 3.0]) == 2.0
