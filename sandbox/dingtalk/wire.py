"""What travels on the Stream socket: connections, deliveries with their attempts, frames."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

CHAT = "/v1.0/im/bot/messages/get"
CARD = "/v1.0/card/instances/callback"
WANTED = {"chat": ("CALLBACK", CHAT), "card": ("CALLBACK", CARD), "event": ("EVENT", "*")}
APP_ID = "5c6f8b52-0000-4000-8000-5a4db0c0ffee"


def parsed(text: str | bytes) -> Any:
    """JSON; what is none, or nested too deeply to read, raises ValueError."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def frame(type: str, connection: str, message: str, ms: int, data: str, **headers: str) -> str:
    """One frame of the server; ``data`` is a JSON string, the time a string of milliseconds."""
    whole = {
        "appId": APP_ID,
        "connectionId": connection,
        "contentType": "application/json",
        "messageId": message,
        "time": str(ms),
        **headers,
    }
    return json.dumps(
        {"specVersion": "1.0", "type": type, "headers": whole, "data": data}, ensure_ascii=False
    )


@dataclass(eq=False)
class Connection:
    """One web socket. ``draining`` gets no more pushes; a ``zombie`` loses every frame."""

    id: str
    socket: web.WebSocketResponse
    transport: asyncio.Transport
    wants: frozenset[tuple[str, str]]
    since: float
    open: bool = True
    draining: bool = False
    zombie: bool = False

    def abort(self) -> None:
        """Cut the wire without a close frame."""
        self.open = False
        self.transport.abort()


@dataclass(eq=False)
class Attempt:
    """One frame on its way. ``over`` holds the acknowledgement's body, or None: there was none;
    ``late``: it came after all; ``seconds``: how long it was waited for."""

    message: str
    connection: Connection | None
    kind: str
    sent: str
    at: float
    started: float
    over: asyncio.Future[Any]
    ignore: bool = False
    seconds: float | None = None
    late: bool = False


@dataclass(eq=False)
class Delivery:
    """One thing to push, with all its attempts."""

    id: str
    kind: str
    payload: dict[str, Any]
    headers: dict[str, str]
    data: str
    subject: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    acked: bool = False
    ack: Any = None
    seconds: float | None = None
    problems: list[str] = field(default_factory=list)

    def described(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": f"push.{self.kind}",
            "attempts": len(self.attempts),
            "messages": [a.message for a in self.attempts],
            "acked": self.acked,
            "ack": self.ack,
            "seconds": self.seconds,
            "payload": self.payload,
            "headers": self.headers,
            "problems": self.problems,
        }
