"""The parts of the stand-in put together: state, API, long connection."""

from __future__ import annotations

from typing import Any

from sandbox import base
from sandbox.lark import events
from sandbox.lark.application import Application
from sandbox.lark.approvals import Approvals
from sandbox.lark.gate import Api, Ask, Gate, Refusal
from sandbox.lark.hooks import Hooks
from sandbox.lark.messages import Messages
from sandbox.lark.pushes import Delivery, Pushes
from sandbox.lark.state import State


class Platform(base.Party):
    name = "lark"

    def __init__(self, clock: base.Clock) -> None:
        super().__init__(clock)
        self.tenant = State(clock, self.changes)
        self.gate = Gate(self)
        self.pushes = Pushes(self)
        self.sockets = self.pushes.sockets
        self.messages = Messages(self.tenant, self.gate)
        self.hooks = Hooks(self.tenant, self.gate)
        self.application = Application(self.tenant, self.gate)
        self.approvals = Approvals(clock, self.gate, self.pushes.start, self.changes)
        self.user_ids = True
        bootstrap = Api("callback/ws/endpoint", 10_000, 100_000, token=False)
        token = Api("auth/v3/tenant_access_token/internal", per_minute=500, token=False)
        self.gate.add("POST", "/callback/ws/endpoint", bootstrap, self.sockets.endpoint)
        path = "/open-apis/auth/v3/tenant_access_token/internal"
        self.gate.add("POST", path, token, self.gate.token)
        path = "/open-apis/im/v1/messages/{message_id}"
        self.gate.add("DELETE", path, Api("im/v1/messages/delete"), self.delete)
        self.app.router.add_route("*", "/{path:.*}", self.gate.unknown)

    async def close(self) -> None:
        await self.pushes.close()
        await self.sockets.close_all()

    async def delete(self, ask: Ask) -> dict[str, Any]:
        """Recall a message: the bot's own, or anybody's in a group that it manages."""
        entry = self.messages.message(ask.path["message_id"])
        if entry.recalled:
            raise Refusal(230011, "The message was recalled.")
        if entry.sender != "bot" and not self.tenant.chats[entry.chat].bot_manages:
            raise Refusal(230026, "No permission to recall this message.")
        entry.recalled = True
        self.tenant.changed(entry)
        event = events.recalled(entry, "group_manager", str(self.clock.ms()))
        self.push("push.event", event)
        return {"code": 0, "msg": "success", "data": {}}

    def push(self, kind: str, event: tuple[str, dict[str, Any]], again: bool = True) -> Delivery:
        return self.pushes.start(kind, event[0], event[1], again=again)
