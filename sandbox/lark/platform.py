"""The parts of the stand-in put together: state, API, long connection."""

from __future__ import annotations

from typing import Any

from sandbox import base
from sandbox.lark.approvals import Approvals
from sandbox.lark.gate import Api, Gate
from sandbox.lark.hooks import Hooks
from sandbox.lark.messages import Messages
from sandbox.lark.pushes import Delivery, Pushes
from sandbox.lark.state import State


class Platform(base.Party):
    name = "lark"

    def __init__(self, clock: base.Clock) -> None:
        super().__init__(clock)
        self.tenant = State(clock)
        self.gate = Gate(self)
        self.pushes = Pushes(self)
        self.sockets = self.pushes.sockets
        self.messages = Messages(self.tenant, self.gate)
        self.hooks = Hooks(self.tenant, self.gate)
        self.approvals = Approvals(clock, self.gate, self.pushes.start)
        self.user_ids = True
        bootstrap = Api("callback/ws/endpoint", 10_000, 100_000, token=False)
        token = Api("auth/v3/tenant_access_token/internal", per_minute=500, token=False)
        self.gate.add("POST", "/callback/ws/endpoint", bootstrap, self.sockets.endpoint)
        path = "/open-apis/auth/v3/tenant_access_token/internal"
        self.gate.add("POST", path, token, self.gate.token)
        self.gate.add("GET", "/open-apis/bot/v3/info", Api("bot/v3/info"), self.gate.bot)
        self.app.router.add_route("*", "/{path:.*}", self.gate.unknown)

    async def close(self) -> None:
        await self.pushes.close()
        await self.sockets.close_all()

    def push(self, kind: str, event: tuple[str, dict[str, Any]], again: bool = True) -> Delivery:
        return self.pushes.start(kind, event[0], event[1], again=again)
