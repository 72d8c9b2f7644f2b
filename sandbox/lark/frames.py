"""Frames of the long connection: building pushes and pongs, judging acks.

One binary websocket message is one ``pbbp2.Frame``; ``method`` 0 is control, 1 is data.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from sandbox.lark import sdk

CONTROL = 0
DATA = 1


def headers(frame: Any) -> dict[str, str]:
    return {header.key: header.value for header in frame.headers}


def _fill(frame: Any, values: dict[str, str]) -> None:
    for key, value in values.items():
        header = frame.headers.add()
        header.key, header.value = key, value


def pong(service: int, config: dict[str, Any] | None) -> bytes:
    """The answer to a ping; ``config`` replaces the client's settings while it runs."""
    frame = sdk.Frame()
    frame.SeqID, frame.LogID, frame.service, frame.method = 0, 0, service, CONTROL
    _fill(frame, {"type": "pong"})
    frame.payload = json.dumps(config).encode() if config else b""
    return bytes(frame.SerializeToString())


def data(
    payload: bytes, *, kind: str, message: str, trace: str, log_id: int, service: int, parts: int
) -> list[Any]:
    """The frames of one push, cut into ``parts`` pieces of the payload."""
    size = max(1, -(-len(payload) // parts))
    frames = []
    for seq in range(parts):
        frame = sdk.Frame()
        frame.SeqID, frame.LogID, frame.service, frame.method = seq, log_id, service, DATA
        values = {
            "type": kind,
            "message_id": message,
            "sum": str(parts),
            "seq": str(seq),
            "trace_id": trace,
        }
        _fill(frame, values)
        frame.payload = payload[seq * size : (seq + 1) * size]
        frames.append(frame)
    return frames


@dataclass(frozen=True)
class Ack:
    """A client's ack. ``problems`` says why the platform could not take it as one."""

    code: int
    data: Any
    has_data: bool
    body: Any
    problems: tuple[str, ...]

    @property
    def good(self) -> bool:
        return not self.problems and self.code == 200


def judge(sent: Any, got: Any) -> Ack:
    """Compare an ack with the frame it answers: the same frame must come back, with the payload
    replaced by {"code", "headers"?, "data"?} and, for a success, one header ``biz_rt`` added."""
    problems = [
        f"{name} is {getattr(got, name)}, not {getattr(sent, name)}"
        for name in ("SeqID", "LogID", "service", "method")
        if getattr(got, name) != getattr(sent, name)
    ]
    came = headers(got)
    problems += [
        f"header {key} changed" for key, value in headers(sent).items() if came.get(key) != value
    ]
    try:
        body = json.loads(got.payload.decode())
    except (ValueError, RecursionError) as error:
        return Ack(0, None, False, None, (*problems, f"payload is not JSON: {error}"))
    if not isinstance(body, dict) or not isinstance(body.get("code"), int):
        return Ack(0, None, False, body, (*problems, "payload has no integer code"))
    problems += [f"unknown field {key}" for key in body if key not in ("code", "headers", "data")]
    if body["code"] == 200 and not came.get("biz_rt", "").isdigit():
        problems.append("no biz_rt header")
    decoded, problem = _decoded(body.get("data"))
    if problem:
        problems.append(problem)
    has_data = body.get("data") is not None
    return Ack(body["code"], decoded, has_data, body, tuple(problems))


def _decoded(value: Any) -> tuple[Any, str]:
    """The JSON behind ``data`` and "", or None and what is wrong with it."""
    if value is None:
        return None, ""
    if not isinstance(value, str):
        return None, "data is not a string"
    try:
        return json.loads(base64.b64decode(value, validate=True).decode()), ""
    except (binascii.Error, ValueError, RecursionError) as error:
        return None, f"data is not base64 of JSON: {error}"
