"""What was captured of DingTalk, read as the adapter reads it live."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

from adapters.common import http
from adapters.dingtalk import api, events, forms
from adapters.dingtalk.settings import Settings
from bot import model
from bot.model import traffic

FORM = forms.PATH.partition("?")[0]


class Frames:
    """A frame is JSON text, and is kept as the object that it holds."""

    def opened(self, frame: traffic.Frame) -> Sequence[object]:
        text = frame.data if isinstance(frame.data, str) else str(frame.data, "utf-8", "replace")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return [text]
        return [value if isinstance(value, dict) else text]

    def closed(self, content: object) -> Sequence[str | bytes]:
        if isinstance(content, str):
            return [content]
        if not isinstance(content, dict):
            raise ValueError("a frame is an object or a text")
        return [json.dumps(content, ensure_ascii=False)]


class Interpreter:
    """``settings``: of the application whose traffic it is."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._forms: dict[str, str] = {}

    def frame(self, frame: traffic.Frame) -> traffic.Meaning:
        content = http.object_of(frame.data)
        if not content:
            return traffic.Meaning("frame", problem="the frame is no JSON object")
        if frame.way == "out":
            known = type(content.get("code")) is int and events.headers_of(content)
            problem = "" if known else "an acknowledgement without a code and headers"
            return traffic.Meaning("acknowledgement", problem=problem)
        kind, topic = content.get("type"), events.headers_of(content).get("topic")
        if kind == "SYSTEM":
            return traffic.Meaning(f"system {topic}"[:80])
        event = events.to_event(content, model.EPOCH, self._settings.robot_name)
        if isinstance(event, model.FormChanged):
            self._forms[event.instance] = event.form
        if not isinstance(event, events.Ignored):
            return traffic.Meaning(type(event).__name__, event)
        fault = event.warn or event.code != 200
        return traffic.Meaning(f"left aside: {event.reason}", problem=event.reason if fault else "")

    def exchange(self, exchange: traffic.Exchange) -> traffic.Meaning:
        if exchange.way == "in":
            return self.frame(traffic.Frame(exchange.party, "in", json.dumps(exchange.body)))
        try:
            address, kind = urlsplit(exchange.url), f"answer of {http.call_of(exchange.url)}"
        except ValueError:
            return traffic.Meaning("answer", problem="the address can't be read")
        path = address.path
        answer = _object(exchange.answer)
        if not answer:
            return traffic.Meaning(kind, problem="the answer is no JSON object")
        if "errcode" in answer:
            outcome = api.judge_webhook(exchange.status, answer)
        else:
            outcome = api.judge(exchange.status, answer, True)
        if not isinstance(outcome, model.Done):
            return traffic.Meaning(f"{kind}: {outcome.reason}"[:160])
        result = outcome.data.get("result")
        if exchange.method == "GET" and path == FORM:
            if not isinstance(result, dict):
                return traffic.Meaning(kind, problem="the form's details are missing")
            [instance] = parse_qs(address.query).get("processInstanceId", [""])[:1]
            form, code = forms.read(result, instance), self._forms.get(instance, "")
            return traffic.Meaning("form", form=form, form_code=code)
        return traffic.Meaning(kind)


def _object(answer: object) -> dict[str, object]:
    return answer if isinstance(answer, dict) else http.object_of(str(answer))
