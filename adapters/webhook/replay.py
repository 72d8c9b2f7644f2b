"""What was captured of robots, read as the adapter reads it live."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from adapters.common import http
from adapters.webhook import answers
from adapters.webhook.address import Target
from adapters.webhook.settings import Kind
from bot import model
from bot.model import traffic

KINDS: Mapping[str, Kind] = {"errcode": "dingtalk", "code": "lark", "StatusCode": "lark"}
"""The field of an answer that only robots of a kind have."""


class Interpreter:
    """Of what kind a robot is, its answer tells: its address is covered."""

    def frame(self, frame: traffic.Frame) -> traffic.Meaning:
        return traffic.Meaning("frame", problem="robots have no connection")

    def exchange(self, exchange: traffic.Exchange) -> traffic.Meaning:
        answer = exchange.answer
        text = answer if isinstance(answer, str) else json.dumps(answer)
        reply = answers.answer(http.Answer(exchange.status, text, {}), datetime.now(UTC))
        kinds: list[Kind] = [KINDS[key] for key in KINDS if key in reply.body]
        kind = kinds[0] if kinds else "plain"
        target = Target(kind, "", "a robot")
        outcome = answers.outcome(target, reply, True)
        if isinstance(outcome, model.NotSent) and outcome.uncertain:
            return traffic.Meaning(f"{kind} robot", problem=outcome.reason)
        reason = "" if isinstance(outcome, model.Done) else f": {outcome.reason}"
        return traffic.Meaning(f"answer of a robot ({kind}){reason}"[:160])
