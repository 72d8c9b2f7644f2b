"""Playing the network and the platform's operators: sockets, pushes, tokens, limits."""

from __future__ import annotations

import json
from typing import Any

from sandbox import base
from sandbox.dingtalk import openapi, party, people, stream, webhooks, wire

control = base.control


class Wires(party.Platform):
    """Control methods below the conversation."""

    @control
    async def fault(self, api: str, do: str, times: int = 1, after: int = 0, **args: Any) -> None:
        """Let the next call(s) of ``api`` misbehave; a misspelt name or kind is an error."""
        allowed = (
            stream.PUSH_FAULTS
            if api.startswith("push.")
            else (*openapi.HTTP_FAULTS, "deliver_error", "exists_undelivered")
        )
        if api != "*" and do not in allowed:
            raise ValueError(f"{api} can do {allowed}, not {do!r}")
        self.faults.add(base.Fault(self.api_name(api), do, times, after, args))

    @control
    async def calls(self, api: str = "", since: int = 0) -> list[dict[str, Any]]:
        """The journal, or one call's part of it."""
        entries: list[dict[str, Any]] = await super().calls(self.api_name(api), since)
        return entries

    @control
    async def configure(self, **values: Any) -> None:
        """Move the platform's numbers (see ``sandbox.dingtalk.limits.Limits``)."""
        self.limits.change(**values)

    @control
    async def add_robot(
        self,
        token: str,
        chat: str = "",
        secret: str = "",
        keywords: list[str] | tuple[str, ...] = (),
        addresses: list[str] | tuple[str, ...] = (),
    ) -> str:
        """A custom robot in a group; returns its webhook."""
        place = self.chat(chat)
        self.webhooks.robots[token] = webhooks.CustomRobot(
            token, place.id, secret, tuple(keywords), tuple(addresses)
        )
        return f"{self.base_url}{webhooks.CUSTOM}?access_token={token}"

    @control
    async def deliveries(self, kind: str = "") -> list[dict[str, Any]]:
        """Everything pushed so far (or of one kind, "push.chat" …), and what became of it."""
        kind = kind.removeprefix("push.")
        return [d.described() for d in self.gateway.deliveries if kind in ("", d.kind)]

    @control
    async def push_again(self, delivery: str) -> None:
        """The same thing once more, with its own schedule: same data, new messageId."""
        again = next((d for d in self.gateway.deliveries if d.id == delivery), None)
        if again is None:
            raise ValueError(f"no delivery {delivery!r}")
        again.acked = False
        self.gateway.background(self.gateway.deliver(again))

    @control
    async def push_raw(self, data: Any, kind: str = "text") -> int:
        """Any frame to every open socket: a "text" (what is no string is written as JSON) or
        "binary" one as it is, or ``data`` as the data of a "chat", "card" or "event" frame.
        Returns to how many."""
        if kind in wire.WANTED:
            data = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
            to = [c for c in self.gateway.connections if c.open]
            for connection in to:
                await self.gateway.write_raw(connection, self._framed(connection, kind, data))
            return len(to)
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        to = [c for c in self.gateway.connections if c.open]
        for connection in to:
            await self.gateway.write_raw(connection, text.encode() if kind == "binary" else text)
        return len(to)

    def _framed(self, connection: wire.Connection, kind: str, data: str) -> str:
        type, topic = wire.WANTED[kind]
        ms = self.clock.ms()
        return wire.frame(type, connection.id, f"raw-{ms:x}", ms, data, topic=topic)

    @control
    async def push_event(self, type: str, data: dict[str, Any]) -> str:
        """Push an event of any type (for instance one the bot does not know); its delivery's id."""
        return self._push_event(type, data)

    @control
    async def push_chat(self, data: dict[str, Any]) -> str:
        """Push a chat message of any form; its delivery's id."""
        return self.gateway.push("chat", data).id

    @control
    async def connections(self) -> list[dict[str, Any]]:
        return [
            {
                "id": c.id,
                "open": c.open,
                "since": c.since,
                "draining": c.draining,
                "zombie": c.zombie,
                "port": base.port_of(c.transport),
            }
            for c in self.gateway.connections
        ]

    @control
    async def ask_disconnect(self) -> int:
        """SYSTEM disconnect on every open socket; the server closes them ten seconds later."""
        to = [c for c in self.gateway.connections if c.open and not c.draining]
        for connection in to:
            self.gateway.background(self.gateway.disconnect(connection))
        return len(to)

    @control
    async def kill_sockets(self) -> int:
        """Cut every wire without a word."""
        to = [c for c in self.gateway.connections if c.open]
        for connection in to:
            connection.abort()
        return len(to)

    @control
    async def zombie(self, on: bool = True) -> int:
        """The sockets open now answer WebSocket pings and lose everything else; later ones live."""
        to = [c for c in self.gateway.connections if c.open]
        for connection in to:
            connection.zombie = on
        return len(to)

    @control
    async def ping(self) -> list[dict[str, Any]]:
        """SYSTEM ping on every open socket, and whether it was echoed in time."""
        return [await self.gateway.ping(c) for c in self.gateway.connections if c.open]

    @control
    async def expire_token(self) -> None:
        self.tokens.expire()

    @control
    async def expire_webhooks(self) -> None:
        self.webhooks.expire()

    @control
    async def people(self) -> dict[str, str]:
        """World ids and the platform's user ids."""
        return {id: p.dingtalk for id, p in people.PERSON.items()}
