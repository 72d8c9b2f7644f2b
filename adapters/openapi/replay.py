"""What was captured of the cloud's APIs, read as the adapters read it live."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from bot.model import traffic

Reader = Callable[[Mapping[str, Any]], object]
"""Reads an answer whole; raises where a part that is needed is missing or of another kind."""


class Interpreter:
    """``readers`` read the answers of some APIs, by the API's name; of all others only whether the
    answer is one of the platform's is told."""

    def __init__(self, readers: Mapping[str, Reader]) -> None:
        self._readers = readers

    def frame(self, frame: traffic.Frame) -> traffic.Meaning:
        return traffic.Meaning("frame", problem="there is no connection of the cloud's")

    def exchange(self, exchange: traffic.Exchange) -> traffic.Meaning:
        kind = f"answer of {exchange.action}"
        if exchange.error:
            return traffic.Meaning(f"{kind}: {exchange.error}"[:160])
        answer = exchange.answer
        if isinstance(answer, str):
            try:
                answer = json.loads(answer) if answer else {}
            except (ValueError, RecursionError):
                answer = None
        if not isinstance(answer, dict):
            return traffic.Meaning(kind, problem="the answer is no JSON object")
        if reader := self._readers.get(exchange.action):
            try:
                reader(answer)
            except (LookupError, TypeError, ValueError, AttributeError) as fault:
                missing = f"{type(fault).__name__}: {fault}"
                return traffic.Meaning(kind, problem=f"the answer can't be read ({missing})")
        return traffic.Meaning(kind)
