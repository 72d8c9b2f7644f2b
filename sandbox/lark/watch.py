"""What tests and the demo look at, and how they disturb the long connection."""

from __future__ import annotations

import json
from typing import Any

from sandbox import base
from sandbox.lark import state
from sandbox.lark.platform import Platform
from sandbox.lark.pushes import Delivery


class Watch(Platform):
    # ---- the chats

    @base.control
    async def transcript(self, chat: str = "") -> list[dict[str, Any]]:
        """What people in the chat see now, oldest first. ``chat``: id, title, or a person's name
        for the private chat with the bot; "" is the "ops" group."""
        where = self.tenant.chat(chat)
        return [_as_seen(e) for e in self.tenant.entries.values() if e.chat == where.id]

    @base.control
    async def cards(self, chat: str = "") -> list[dict[str, Any]]:
        """The cards of the transcript; ``ref`` is what ``click`` takes."""
        return [one for one in await self.transcript(chat) if one["kind"] == "card"]

    # ---- the long connection

    @base.control
    async def deliveries(self, kind: str = "") -> list[dict[str, Any]]:
        """Every push so far, oldest first; of one ``kind`` ("push.chat" …) if it is given."""
        return [d.as_dict() for d in self.pushes.deliveries if kind in ("", d.kind)]

    @base.control
    async def configure(self, card_deadline: float) -> None:
        """Let a click wait so many seconds for its answer."""
        self.pushes.card_deadline = card_deadline

    @base.control
    async def connections(self) -> list[dict[str, Any]]:
        return [connection.as_dict() for connection in self.sockets.connections]

    @base.control
    async def ask_disconnect(self) -> int:
        """Close every connection with a close frame. The platform has no word of warning."""
        return await self.sockets.close_all()

    @base.control
    async def kill_sockets(self) -> int:
        """End every connection without a close frame."""
        killed = self.sockets.open()
        for connection in killed:
            self.sockets.cut(connection)
        return len(killed)

    @base.control
    async def zombie(self, on: bool = True) -> None:
        """Connections that answer pings, but over which nothing is pushed and acks are lost."""
        self.sockets.zombie = on

    @base.control
    async def ping(self) -> dict[str, int]:
        """{"asked", "answered"}: websocket pings to every client."""
        asked = len(self.sockets.open())
        return {"asked": asked, "answered": await self.sockets.ping()}

    @base.control
    async def client_config(
        self, config: dict[str, Any] | None, pong: dict[str, Any] | None = None
    ) -> None:
        """What the next endpoint answers carry as ClientConfig (None: nothing; partial ones are
        sent as they are), and what the next pong carries."""
        self.sockets.config = config
        self.sockets.next_pong = pong

    @base.control
    async def limit_connections(self, limit: int) -> None:
        """How many connections the app may hold (50 on the platform)."""
        self.sockets.limit = limit

    @base.control
    async def push_raw(self, data: Any, kind: str = "push.event", frame: str = "") -> str:
        """Push anything. ``data``: a payload as an object or text, valid or not, delivered like
        any other push of that ``kind``; "binary": ``data`` is the hex of a whole websocket message;
        "text": it is sent as a text message. Returns the delivery's id ("" for the latter two)."""
        if frame:
            for connection in self.sockets.open():
                if frame == "binary":
                    await connection.socket.send_bytes(bytes.fromhex(data))
                else:
                    await connection.socket.send_str(str(data))
            return ""
        return self.pushes.start(kind, self.tenant.new_id("raw_"), data).id

    @base.control
    async def push_again(self, delivery: str) -> None:
        """Deliver once more, at once: at least once is all that the platform promises."""
        self.pushes.repeat(self._delivery(delivery))

    def _delivery(self, name: str) -> Delivery:
        for delivery in self.pushes.deliveries:
            if delivery.id == name:
                return delivery
        raise KeyError(f"no delivery {name!r}")

    @base.control
    async def lift_rates(self, lifted: bool = True) -> None:
        """Take calls as often as they come, so that a test can hurry."""
        self.gate.rates.lifted = lifted

    @base.control
    async def expire_token(self) -> None:
        """Every tenant_access_token handed out so far is refused from now on."""
        self.gate.tokens.live.clear()

    @base.control
    async def expire_webhooks(self) -> None:
        """Nothing expires: Lark answers are sent by message id, which has no end date."""


def _as_seen(entry: state.Entry) -> dict[str, Any]:
    mentions = entry.revisions[0][1].mentions if entry.revisions else entry.shown.mentions
    sender = state.PEOPLE[entry.sender].id if entry.sender in state.PEOPLE else "bot"
    return {
        "at": entry.at,
        "chat": entry.chat,
        "kind": entry.kind,
        "from": sender,
        "id": entry.id,
        "ref": entry.id,
        "text": "" if entry.recalled else entry.shown.text,
        "reply_to": entry.parent,
        "thread": entry.thread,
        "mentions": [state.PEOPLE[one].id for one in mentions if one in state.PEOPLE],
        "links": [] if entry.recalled else entry.shown.links,
        "buttons": [] if entry.recalled else entry.shown.buttons,
        "revision": max(0, len(entry.revisions) - 1),
        "history": [shown.text for _, shown in entry.revisions[:-1]],
        "history_buttons": [shown.buttons for _, shown in entry.revisions[:-1]],
        "recalled": entry.recalled,
        "urgent": [state.PEOPLE[one].id for one in entry.urgent],
        "raw": json.loads(entry.source) if not entry.revisions else entry.card,
    }
