"""The far end's bytes: just enough HTTP and websocket to be quicker than whatever is measured."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.I)
_KEY = re.compile(rb"\r\nsec-websocket-key:\s*(\S+)", re.I)
_ACTION = re.compile(rb"\r\nx-acs-action:\s*(\S+)", re.I)


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request. ``action`` is the API that an Alibaba Cloud call names in its headers."""

    path: str
    query: str
    key: bytes
    action: str
    body: bytes


def read_request(buffer: bytearray) -> Request | None:
    """Take one whole request off the buffer; None: it has not all arrived."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(buffer[: end + 2])
    length = _LENGTH.search(head)
    size = int(length[1]) if length else 0
    if len(buffer) < end + 4 + size:
        return None
    body = bytes(buffer[end + 4 : end + 4 + size])
    del buffer[: end + 4 + size]
    target = head.split(b" ", 2)[1].decode()
    path, _, query = target.partition("?")
    key, action = _KEY.search(head), _ACTION.search(head)
    return Request(path, query, key[1] if key else b"", action[1].decode() if action else "", body)


def response(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


def upgrade(key: bytes) -> bytes:
    accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %s\r\n\r\n" % accept
    )


TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(opcode: int, payload: bytes) -> bytes:
    """A message to a client: one unmasked frame."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    return bytes((0x80 | opcode, 126)) + size.to_bytes(2, "big") + payload


def frames(buffer: bytearray) -> list[tuple[int, bytes, bytes]]:
    """Take every whole frame off the buffer: (opcode, mask, masked payload)."""
    found = []
    at, end = 0, len(buffer)
    while end - at >= 6:
        size, start = buffer[at + 1] & 0x7F, at + 2
        if size == 126:
            size, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
        elif size == 127:
            size, start = int.from_bytes(buffer[at + 2 : at + 10], "big"), at + 10
        if end < start + 4 + size:
            break
        mask = bytes(buffer[start : start + 4])
        found.append((buffer[at] & 0x0F, mask, bytes(buffer[start + 4 : start + 4 + size])))
        at = start + 4 + size
    del buffer[:at]
    return found


def unmasked(mask: bytes, payload: bytes) -> bytes:
    size = len(payload)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")
