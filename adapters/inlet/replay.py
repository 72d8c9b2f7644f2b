"""What was captured of those who send events, read as the server reads it live."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

from adapters.inlet import refusal, shapes
from adapters.inlet.settings import Source
from bot.model import traffic


class Interpreter:
    """``source``: the table of the sender, whose secrets may be unread. Callbacks of a chat
    platform are for that platform's interpreter."""

    def __init__(self, source: Source) -> None:
        self._source = Source(
            name=source.name,
            path=source.path,
            kind=source.kind,
            unsigned=True,
            only=source.only,
            person=source.person or "",
            mapping=dict(source.mapping),
        )

    def frame(self, frame: traffic.Frame) -> traffic.Meaning:
        return traffic.Meaning("frame", problem="senders have no connection")

    def exchange(self, exchange: traffic.Exchange) -> traffic.Meaning:
        kind = f"delivery of {self._source.name}"
        if exchange.status in (401, 403, 405, 413, 415, 429, 503):
            return traffic.Meaning(f"{kind}, refused: HTTP status {exchange.status}")
        body = exchange.body if isinstance(exchange.body, str) else json.dumps(exchange.body)
        headers = {name.lower(): value for name, value in exchange.headers.items()}
        try:
            query = dict(parse_qsl(urlsplit(exchange.url).query))
            media = shapes.media_type(headers)
            shapes.check_type(self._source, media, headers)
            events = shapes.read(
                self._source, media, headers, query, body.encode(), datetime.now(UTC)
            )
        except (refusal.Refusal, ValueError) as fault:
            return traffic.Meaning(kind, problem=getattr(fault, "text", "") or str(fault))
        return traffic.Meaning(f"{kind}: {events[0][0].type}"[:160])
