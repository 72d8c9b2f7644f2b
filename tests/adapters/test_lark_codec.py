"""Our frames against the SDK's own protobuf, and the joining of parts."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.lark import codec, parts, sdk
from tests import properties

words = st.text(st.characters(exclude_categories=("Cs",)), max_size=200)
frames = st.builds(
    codec.Frame,
    seq_id=st.integers(0, 2**64 - 1),
    log_id=st.integers(0, 2**64 - 1),
    service=st.integers(-(2**31), 2**31 - 1),
    method=st.integers(-(2**31), 2**31 - 1),
    headers=st.lists(st.tuples(words, words), max_size=8),
    payload_encoding=st.none() | words,
    payload_type=st.none() | words,
    payload=st.none() | st.binary(max_size=400),
    log_id_new=st.none() | words,
)


def theirs(frame: codec.Frame) -> bytes:
    """The frame as the SDK writes it."""
    out = sdk.Frame()
    out.SeqID, out.LogID = frame.seq_id, frame.log_id
    out.service, out.method = frame.service, frame.method
    for key, value in frame.headers:
        header = out.headers.add()
        header.key, header.value = key, value
    for name, value in (
        ("payload_encoding", frame.payload_encoding),
        ("payload_type", frame.payload_type),
        ("payload", frame.payload),
        ("LogIDNew", frame.log_id_new),
    ):
        if value is not None:
            setattr(out, name, value)
    return bytes(out.SerializeToString())


@given(frames)
@settings(max_examples=properties.examples(300), deadline=None)
def test_frames_are_written_and_read_as_the_sdk_does(frame):
    raw = theirs(frame)
    assert codec.encode(frame) == raw
    assert codec.decode(raw) == frame


@given(st.binary(max_size=200))
@settings(max_examples=properties.examples(300), deadline=None)
def test_any_bytes_are_a_frame_or_malformed(data):
    with contextlib.suppress(codec.Malformed):
        codec.decode(data)


@given(frames, st.data())
@settings(max_examples=properties.examples(200), deadline=None)
def test_a_cut_frame_never_has_a_cut_payload(frame, data):
    raw = codec.encode(frame)
    size = data.draw(st.integers(0, len(raw) - 1))
    with contextlib.suppress(codec.Malformed):
        assert codec.decode(raw[:size]).payload in (None, frame.payload)


def test_fields_of_a_later_version_are_kept():
    raw = codec.encode(codec.Frame(headers=[("a", "b")], payload=b"x"))
    later = b"\x50\x05" + b"\x5a\x02hi" + b"\x61" + bytes(8) + b"\x6d" + bytes(4)
    out = sdk.Frame()
    out.ParseFromString(raw + later)
    assert codec.encode(codec.decode(raw + later)) == out.SerializeToString() == raw + later


def test_the_ping_is_the_one_of_the_sdk_byte_for_byte():
    assert codec.ping(33554678).hex() == "0800100018f681801020002a0c0a0474797065120470696e67"


# ------------------------------------------------------------------------- parts


def test_parts_come_in_any_order_and_an_empty_part_is_a_part():
    joiner = parts.Joiner()
    assert joiner.add("m", 3, 2, b"c", 0) is None
    assert joiner.add("m", 3, 0, b"a", 1) is None
    assert joiner.add("m", 3, 0, b"a", 1) is None
    assert joiner.add("m", 3, 1, b"", 2) == b"ac"
    assert (len(joiner), joiner.size) == (0, 0)


def test_parts_are_forgotten_five_seconds_after_the_last_one():
    joiner = parts.Joiner()
    joiner.add("m", 2, 0, b"a", 0.0)
    joiner.add("n", 2, 0, b"a", 4.0)
    joiner.sweep(5.1)
    assert len(joiner) == 1
    assert joiner.add("m", 2, 1, b"b", 5.2) is None
    assert joiner.add("n", 2, 1, b"b", 5.3) == b"ab"


def test_parts_take_bounded_memory():
    joiner = parts.Joiner(most_bytes=1000)
    for number in range(100):
        joiner.add(f"m{number}", 2, 0, b"x" * 100, 0.0)
        assert joiner.size <= 1000
    assert joiner.add("m99", 2, 1, b"y", 0.0) == b"x" * 100 + b"y"
    assert joiner.add("big", 2, 0, b"x" * 5000, 0.0) is None
    assert (len(joiner), joiner.size) == (0, 0)


@pytest.mark.parametrize(("total", "index"), [(0, 0), (2, 2), (2, -1), (10**9, 1)])
def test_impossible_parts_are_refused(total, index):
    with pytest.raises(parts.Unjoinable):
        parts.Joiner().add("m", total, index, b"", 0.0)


def test_megabytes_of_unknown_fields_are_read_in_linear_time() -> None:
    fields = b"x\x01" * (1 << 20)  # a million fields of number 15, which nobody knows
    began = time.perf_counter()
    assert codec.decode(fields).unknown == fields
    assert time.perf_counter() - began < 20
