"""What was captured of Lark, read as the adapter reads it live."""

from __future__ import annotations

import gzip
import itertools
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from adapters.common import http
from adapters.lark import api, codec, events, forms, parts, values
from bot import model
from bot.model import traffic

GZIP = b"\x1f\x8b"
INFO = "/open-apis/bot/v3/info"
FORM = re.compile(r"/open-apis/approval/v4/instances/[^/]+")


class Frames:
    """A frame is kept as its fields, and its payload as JSON or text; of one that came in parts,
    the whole payload stands in the last of them, with the number of parts."""

    def __init__(self) -> None:
        self._joiner = parts.Joiner()
        self._turn = itertools.count()

    def opened(self, frame: traffic.Frame) -> Sequence[object]:
        data = frame.data if isinstance(frame.data, bytes) else frame.data.encode()
        try:
            whole = codec.decode(data)
        except codec.Malformed as problem:
            return [{"malformed": str(problem), "text": data.decode("utf-8", "replace")}]
        headers = dict(whole.headers)
        payload = whole.payload
        if payload is not None and headers.get("sum", "1") != "1" and frame.way == "in":
            try:
                payload = self._joined(headers, payload)
            except ValueError as problem:
                return [{"malformed": str(problem), "size": len(data)}]
            if payload is None:
                return []
        return [_fields(whole, payload)]

    def closed(self, content: object) -> Sequence[str | bytes]:
        if not isinstance(content, dict) or "malformed" in content:
            raise ValueError("no frame that could be read")
        frame = _frame(content)
        count = http.number_of(dict(frame.headers).get("sum", "1"))
        if frame.payload is None or not 1 < count <= parts.MOST_PARTS:
            return [codec.encode(frame)]
        payload, size = frame.payload, -(-len(frame.payload) // count)
        others = [header for header in frame.headers if header[0] != "seq"]
        frames = []
        for turn in range(count):
            frame.headers = [*others, ("seq", str(turn))]
            frame.payload = payload[turn * size : (turn + 1) * size]
            frames.append(codec.encode(frame))
        return frames

    def _joined(self, headers: Mapping[str, str], payload: bytes) -> bytes | None:
        total, index = int(headers.get("sum", "1")), int(headers.get("seq", "0"))
        name = headers.get("message_id", "")
        return self._joiner.add(name, total, index, payload, float(next(self._turn)) * 1e-3)


def _fields(frame: codec.Frame, payload: bytes | None) -> dict[str, object]:
    fields: dict[str, object] = {
        "seq_id": frame.seq_id,
        "log_id": frame.log_id,
        "service": frame.service,
        "method": frame.method,
        "headers": [list(header) for header in frame.headers],
        "payload_encoding": frame.payload_encoding,
        "payload_type": frame.payload_type,
        "payload": _opened(payload),
        "log_id_new": frame.log_id_new,
        "unknown_bytes": len(frame.unknown) or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _opened(payload: bytes | None) -> object:
    """JSON or a text; what gzip has packed, in an object that says so."""
    if payload is None:
        return None
    if payload[:2] == GZIP:
        packer = zlib.decompressobj(wbits=31)
        try:
            plain = packer.decompress(payload, parts.MOST_BYTES)
        except zlib.error:
            plain = b""
        return {"gzip": _opened(plain)} if packer.eof else f"gzip, damaged, {len(payload)} bytes"
    text = payload.decode("utf-8", "replace")
    return http.object_of(text) or text


def _frame(content: Mapping[str, Any]) -> codec.Frame:
    """Raises ValueError for what is none."""
    numbers = [content.get(name, 0) for name in ("seq_id", "log_id", "service", "method")]
    if not all(type(number) is int and 0 <= number < 1 << 63 for number in numbers):
        raise ValueError("a number of the frame is none")
    headers = content.get("headers", [])
    if not isinstance(headers, list) or not all(
        isinstance(header, list) and len(header) == 2 and all(isinstance(e, str) for e in header)
        for header in headers
    ):
        raise ValueError("the headers of the frame are no pairs of texts")
    texts = [content.get(name) for name in ("payload_encoding", "payload_type", "log_id_new")]
    if not all(text is None or isinstance(text, str) for text in texts):
        raise ValueError("a text of the frame is none")
    seq_id, log_id, service, method = numbers
    return codec.Frame(
        seq_id,
        log_id,
        service,
        method,
        headers=[(name, value) for name, value in headers],
        payload_encoding=texts[0],
        payload_type=texts[1],
        payload=_payload(content.get("payload")),
        log_id_new=texts[2],
    )


def _payload(value: object) -> bytes | None:
    if value is None:
        return None
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    if not isinstance(value, dict):
        raise ValueError("the payload of the frame is neither text nor an object")
    if list(value) == ["gzip"]:
        return gzip.compress(_payload(value["gzip"]) or b"", mtime=0)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _mentioned(raw: Mapping[str, object]) -> str:
    """The bot that a message mentions, where that is said; "" where not."""
    message = values.dict_(values.dict_(raw.get("event")).get("message"))
    for each in map(values.dict_, values.list_(message.get("mentions"))):
        if each.get("mentioned_type") == "bot":
            return values.text(values.dict_(each.get("id")).get("open_id"))
    return ""


class Interpreter:
    """Who the bot is, the capture tells where the bot asked for it, or was mentioned."""

    def __init__(self) -> None:
        self._joiner = parts.Joiner()
        self._open_id = self._name = ""

    def frame(self, frame: traffic.Frame) -> traffic.Meaning:
        if isinstance(frame.data, str):
            return traffic.Meaning("frame", problem="a text message where frames are binary")
        try:
            whole = codec.decode(frame.data)
        except codec.Malformed as problem:
            return traffic.Meaning("frame", problem=str(problem))
        headers = dict(whole.headers)
        kind = headers.get("type", "")
        if whole.method == codec.CONTROL:
            return traffic.Meaning(f"control {kind}"[:80])
        if whole.method != codec.DATA:
            return traffic.Meaning("frame", problem=f"of method {whole.method}")
        if whole.payload is None:
            return traffic.Meaning(f"data {kind}"[:80], problem="an event without its content")
        return self._data(frame.way, headers, whole.payload)

    def _data(self, way: str, headers: Mapping[str, str], payload: bytes) -> traffic.Meaning:
        if way == "out":
            known = type(http.object_of(payload).get("code")) is int
            problem = "" if known else "an acknowledgement without a code"
            return traffic.Meaning("acknowledgement", problem=problem)
        if headers.get("sum", "1") != "1":
            try:
                total, index = int(headers.get("sum", "1")), int(headers.get("seq", "0"))
                name = headers.get("message_id", "")
                whole = self._joiner.add(name, total, index, payload, 0.0)
            except ValueError as problem:
                return traffic.Meaning("part", problem=str(problem))
            if whole is None:
                return traffic.Meaning("part")
            payload = whole
        return self.payload(http.object_of(payload))

    def payload(self, raw: Mapping[str, object]) -> traffic.Meaning:
        """An event, as it also comes over HTTP."""
        if not raw:
            return traffic.Meaning("event", problem="the event is no JSON object")
        name = events.event_type(raw)
        if not self._open_id:
            self._open_id = _mentioned(raw)
        event = events.to_event(raw, self._open_id, model.EPOCH, self._name)
        if event is not None:
            return traffic.Meaning(type(event).__name__, event)
        problem = "" if name else "an event without a type"
        return traffic.Meaning(f"left aside: {name or '?'}"[:120], problem=problem)

    def exchange(self, exchange: traffic.Exchange) -> traffic.Meaning:
        if exchange.way == "in":
            return self.payload(values.dict_(exchange.body))
        try:
            path, kind = urlsplit(exchange.url).path, f"answer of {http.call_of(exchange.url)}"
        except ValueError:
            return traffic.Meaning("answer", problem="the address can't be read")
        text = exchange.answer
        text = text if isinstance(text, str) else json.dumps(text)
        try:
            answer = api.read(http.Answer(exchange.status, text, {}))
        except api.NoAnswer as fault:
            return traffic.Meaning(kind, problem=str(fault))
        if answer.code != 0:
            return traffic.Meaning(f"{kind}: {answer.outcome('').reason}"[:160])
        if path == INFO:
            self._know(answer.data.get("bot"))
        if exchange.method == "GET" and FORM.fullmatch(path):
            form, code = forms.form(answer.data), answer.data.get("approval_code")
            problem = "" if form["status"] else "the form's status is unknown"
            code = code if isinstance(code, str) else ""
            return traffic.Meaning("form", form=form, form_code=code, problem=problem)
        return traffic.Meaning(kind)

    def _know(self, bot: object) -> None:
        known = bot if isinstance(bot, dict) else {}
        open_id, name = known.get("open_id"), known.get("app_name")
        self._open_id = open_id if isinstance(open_id, str) else ""
        self._name = name if isinstance(name, str) else ""
