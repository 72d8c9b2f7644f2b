"""The frames of the long connection: ``pbbp2.Frame``, a small proto2 message, read and written here
because the SDK's pure Python protobuf takes longer for it than everything else does for an event.

What is written is byte for byte what the SDK's own ``Frame`` would write; a test holds that.
"""

from __future__ import annotations

from dataclasses import dataclass, field

CONTROL = 0
DATA = 1

_SEQ_ID, _LOG_ID, _SERVICE, _METHOD = 0x08, 0x10, 0x18, 0x20
_HEADER, _ENCODING, _TYPE, _PAYLOAD, _LOG_ID_NEW = 0x2A, 0x32, 0x3A, 0x42, 0x4A
_KEY, _VALUE = 0x0A, 0x12


class Malformed(ValueError):
    """These bytes are no frame."""


@dataclass(slots=True)
class Frame:
    """One frame. ``method`` is CONTROL or DATA; None is a field that is not on the wire.
    ``unknown`` keeps fields that this version does not know, as they came."""

    seq_id: int = 0
    log_id: int = 0
    service: int = 0
    method: int = CONTROL
    headers: list[tuple[str, str]] = field(default_factory=list)
    payload_encoding: str | None = None
    payload_type: str | None = None
    payload: bytes | None = None
    log_id_new: str | None = None
    unknown: bytes = b""


def decode(data: bytes) -> Frame:
    """The frame in ``data``. Raises Malformed."""
    try:
        return _decode(data)
    except IndexError:
        raise Malformed("the frame is cut off") from None
    except UnicodeDecodeError:
        raise Malformed("a header is not UTF-8") from None


def _decode(data: bytes) -> Frame:
    frame = Frame()
    headers = frame.headers
    unknown: list[bytes] = []
    pos, end = 0, len(data)
    while pos < end:
        start = pos
        tag = data[pos]
        pos += 1
        if tag in _VARINTS:
            number, pos = _varint(data, pos)
            _set_number(frame, tag, number)
        elif tag in _BYTES:
            size = data[pos]
            pos += 1
            if size >= 0x80:
                size, pos = _varint(data, pos - 1)
            stop = pos + size
            if stop > end:
                raise Malformed("the frame is cut off")
            if tag == _HEADER:
                headers.append(_header(data[pos:stop]))
            else:
                _set_bytes(frame, tag, data[pos:stop])
            pos = stop
        else:
            pos = _skip(data, start)
            unknown.append(data[start:pos])
    frame.unknown = b"".join(unknown)
    return frame


_VARINTS = frozenset((_SEQ_ID, _LOG_ID, _SERVICE, _METHOD))
_BYTES = frozenset((_HEADER, _ENCODING, _TYPE, _PAYLOAD, _LOG_ID_NEW))


def _set_number(frame: Frame, tag: int, number: int) -> None:
    if tag == _SEQ_ID:
        frame.seq_id = number
    elif tag == _LOG_ID:
        frame.log_id = number
    elif tag == _SERVICE:
        frame.service = _signed(number)
    else:
        frame.method = _signed(number)


def _set_bytes(frame: Frame, tag: int, value: bytes) -> None:
    if tag == _PAYLOAD:
        frame.payload = value
    elif tag == _ENCODING:
        frame.payload_encoding = value.decode()
    elif tag == _TYPE:
        frame.payload_type = value.decode()
    else:
        frame.log_id_new = value.decode()


def _header(data: bytes) -> tuple[str, str]:
    """Key and value; the usual layout (key, value, both short) is read without a loop."""
    size = len(data)
    if size > 3 and data[0] == _KEY and data[1] < 0x80:
        middle = 2 + data[1]
        if (
            middle + 2 <= size
            and data[middle] == _VALUE
            and data[middle + 1] < 0x80
            and middle + 2 + data[middle + 1] == size
        ):
            return data[2:middle].decode(), data[middle + 2 :].decode()
    key = value = ""
    pos = 0
    while pos < size:
        tag, start = data[pos], pos
        if tag not in (_KEY, _VALUE):
            pos = _skip(data, start)
            continue
        length, pos = _varint(data, pos + 1)
        if pos + length > size:
            raise Malformed("a header is cut off")
        text = data[pos : pos + length].decode()
        pos += length
        if tag == _KEY:
            key = text
        else:
            value = text
    return key, value


def _varint(data: bytes, pos: int) -> tuple[int, int]:
    """The number at ``pos`` (64 bits) and the position after it."""
    number = data[pos]
    if number < 0x80:
        return number, pos + 1
    number &= 0x7F
    for shift in range(7, 70, 7):
        pos += 1
        byte = data[pos]
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number & 0xFFFF_FFFF_FFFF_FFFF, pos + 1
    raise Malformed("a number is longer than ten bytes")


def _signed(number: int) -> int:
    """The int32 that was written as this varint."""
    number &= 0xFFFF_FFFF
    return number - 0x1_0000_0000 if number & 0x8000_0000 else number


def _skip(data: bytes, pos: int) -> int:
    """The position after the field at ``pos``, whatever it is."""
    tag, pos = _varint(data, pos)
    kind = tag & 7
    if tag >> 3 == 0:
        raise Malformed("a field has number 0")
    if kind == 0:
        pos = _varint(data, pos)[1]
    elif kind == 1:
        pos += 8
    elif kind == 2:
        size, pos = _varint(data, pos)
        pos += size
    elif kind == 5:
        pos += 4
    else:
        raise Malformed(f"a field has wire type {kind}")
    if pos > len(data):
        raise Malformed("the frame is cut off")
    return pos


def _number(value: int) -> bytes:
    """``value`` as a varint; a negative one takes ten bytes, as protobuf writes int32."""
    if 0 <= value < 0x80:
        return _SMALL[value]
    value &= 0xFFFF_FFFF_FFFF_FFFF
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


_SMALL = [bytes((n,)) for n in range(0x80)]


def _field(tag: bytes, value: bytes) -> bytes:
    return tag + _number(len(value)) + value


def encode(frame: Frame) -> bytes:
    """The frame as bytes, fields in order of their numbers; required ones also when zero."""
    parts = [
        b"\x08",
        _number(frame.seq_id),
        b"\x10",
        _number(frame.log_id),
        b"\x18",
        _number(frame.service),
        b"\x20",
        _number(frame.method),
    ]
    for name, text in frame.headers:
        key, value = name.encode(), text.encode()
        inner = b"\x0a" + _number(len(key)) + key + b"\x12" + _number(len(value)) + value
        parts += (b"\x2a", _number(len(inner)), inner)
    if frame.payload_encoding is not None:
        parts.append(_field(b"\x32", frame.payload_encoding.encode()))
    if frame.payload_type is not None:
        parts.append(_field(b"\x3a", frame.payload_type.encode()))
    if frame.payload is not None:
        parts.append(_field(b"\x42", frame.payload))
    if frame.log_id_new is not None:
        parts.append(_field(b"\x4a", frame.log_id_new.encode()))
    parts.append(frame.unknown)
    return b"".join(parts)


def ping(service: int) -> bytes:
    """The ping of the connection with this service id."""
    return encode(Frame(service=service, headers=[("type", "ping")]))
